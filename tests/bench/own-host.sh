# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced at the head of a benchmark, at the top of the tree: runs it again in a mount namespace of its own, with a tmpfs
# at /run, as hosts have, where this machine has none.

if [[ -z ${RUNWARD_BENCH_NS:-} ]]; then
  RUNWARD_BENCH_NS=1 exec unshare --mount --propagation private "tests/bench/${0##*/}" "$@"
fi
[[ $(stat --file-system --format %T /run) == tmpfs ]] || mount -t tmpfs -o mode=0755 runward-bench /run

# own_policy - $work/etc is what runward reads as /etc/runward; the machine's own /etc stays as it is.
own_policy() {
  mkdir -p "$work/etc" "$work/etc-upper" "$work/etc-work"
  mount -t overlay -o "lowerdir=/etc,upperdir=$work/etc-upper,workdir=$work/etc-work" overlay /etc
  mkdir -p /etc/runward
  mount --bind "$work/etc" /etc/runward
}
