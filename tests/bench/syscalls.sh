#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a system call costs in a container: with no filter, with Docker's own, with the baseline of profile `default` in its
# place (three containers of runc's that differ in nothing else), and in containers of runward's, which have a user
# namespace and other mounts too. Real containers of a private dockerd, one of each kind in turn; medians over the
# rounds of each program's fastest loops, and ratios to Docker's filter. Usage: sudo tests/bench/syscalls.sh [ROUNDS]
# RUNWARD names the program to measure with (else build/release/runward).
set -euo pipefail
cd "$(dirname "$0")/../.."
source integration/lib/engine.sh
need_packages gcc libc6-dev

rounds=${1:-9}
runward=$(realpath "${RUNWARD:-build/release/runward}")
work=$(mktemp -d /var/tmp/runward-bench.XXXXXX)
trap 'engine_stop; rm -rf "$work"' EXIT
gcc -O2 -static -o "$work/syscalls" tests/bench/syscalls.c
for name in runward runward-strict; do ln -s "$runward" "$work/$name"; done

export ENGINE_NETWORK=0
engine_start "runward=$work/runward" "runward-strict=$work/runward-strict"
mkdir "$work/root"
busybox_rootfs "$work/root"
cp "$work/syscalls" "$work/root/bin/"
tar -C "$work/root" -c . | docker_ import - bench >/dev/null

# The profile's filter in the form that Docker reads: without comments.
sed 's|^ *//.*||' profiles/default/seccomp.json >"$work/baseline.json"

kinds=(none docker baseline default strict)
run_kind() {
  case $1 in
    none) set -- --runtime=runc --security-opt seccomp=unconfined ;;
    docker) set -- --runtime=runc ;;
    baseline) set -- --runtime=runc --security-opt seccomp="$work/baseline.json" ;;
    default) set -- --runtime=runward ;;
    strict) set -- --runtime=runward-strict --user 1000:1000 ;;
  esac
  docker_ run --rm --network=none "$@" bench syscalls
}
for ((round = 0; round < rounds; round++)); do
  for kind in "${kinds[@]}"; do run_kind "$kind" | sed "s/^/$kind /" >>"$work/times"; done
done

awk '
  {value[$1, $2, ++n[$1, $2]] = $3; if (!($2 in seen)) {seen[$2]; order[++calls] = $2}}
  function median(kind, call,   i, j, t, a, m) {
    m = n[kind, call]
    for (i = 1; i <= m; i++) a[i] = value[kind, call, i]
    for (i = 2; i <= m; i++) for (j = i; j > 1 && a[j] < a[j - 1]; j--) {t = a[j]; a[j] = a[j - 1]; a[j - 1] = t}
    return a[int((m + 1) / 2)]
  }
  END {
    split("none docker baseline default strict", kinds)
    printf "%-14s %9s %9s %9s %9s %9s   %s\n", "ns per call", "no filter", "Docker", "baseline", "default", "strict", "baseline/Docker"
    for (c = 1; c <= calls; c++) {
      printf "%-14s", order[c]
      for (k = 1; k <= 5; k++) printf " %9.0f", median(kinds[k], order[c])
      printf "   x %.3f\n", median("baseline", order[c]) / median("docker", order[c])
    }
  }' "$work/times"
