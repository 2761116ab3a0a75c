#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a user namespace and the copies of mounts add to `runward create`, by layers of the image and mounts of the
# document: before a runtime that does nothing, with the rule user-namespace and without, interleaved (hyperfine).
# Usage: sudo tests/bench/userns.sh [ROUNDS]      (builds the preset `bench` first)
set -euo pipefail
cd "$(dirname "$0")/../.."
if [[ -z ${RUNWARD_BENCH_NS:-} ]]; then
  source integration/lib/packages.sh
  need_packages hyperfine jq libbenchmark-dev
  cmake --preset bench >/dev/null
  cmake --build --preset bench >/dev/null
  RUNWARD_BENCH_NS=1 exec unshare --mount --propagation private "$0" "$@"
fi

rounds=${1:-3}
bin=$PWD/build/bench
work=$(mktemp -d /var/tmp/runward-bench.XXXXXX)
trap 'umount -R "$work" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

# The policy is read from /etc/runward, here a folder of our own: the profile comes from the runtime's name.
mkdir -p "$work/etc/profiles/off" "$work/bin" "$work/nothing" "$work/bundle" "$work/sources" /etc/runward
mount --bind "$work/etc" /etc/runward
# Nothing of it: neither the rule's work nor the copies that the rule mounts has made.
echo '{"extends": "default", "rules": {"user-namespace": "off", "mounts": "off"}}' >"$work/etc/profiles/off/profile.json"
# What /tmp's and /run's owners are is not the question: the sources lie below a folder that only root can write.
ln -s "$bin/runward" "$work/bin/runward"
ln -s "$bin/runward" "$work/bin/runward-off"
ln -s "$bin/do_nothing" "$work/nothing/runc"

# overlay LAYERS - mounted where Docker would.
overlay() {
  local i lower=
  mkdir -p "$work/data/containers/bench" "$work/data/overlay2/top/"{diff,work,merged}
  for ((i = 0; i < $1; i++)); do
    mkdir -p "$work/data/overlay2/l/$i"
    lower+=${lower:+:}l/$i
  done
  (cd "$work/data/overlay2" && mount -t overlay overlay -o "lowerdir=$lower,upperdir=top/diff,workdir=top/work" top/merged)
}

document() { # MOUNTS
  local i sources=()
  for ((i = 0; i < $1; i++)); do
    mkdir -p "$work/sources/$i"
    sources+=("$work/sources/$i")
  done
  jq --arg root "$work/data/overlay2/top/merged" '.root.path = $root | del(.hooks)
     | .mounts |= map(select(.type != "bind")) + [$ARGS.positional[] | {destination: ("/m/" + (. | split("/") | last)),
         type: "bind", source: ., options: ["rbind", "rprivate"]}]' \
    tests/golden/docker-20.10/plain.json --args "${sources[@]}" >"$work/document.json"
}

median() { sort -g "$1" | awk '{t[NR] = $1} END {print t[int((NR + 1) / 2)] * 1000}'; }

create() { # NAME-OF-THE-RUNTIME
  local call="--root $work/root/moby"
  hyperfine --shell=none --style=none --warmup 2 --runs 15 --export-json "$work/run.json" \
    --prepare "sh -c 'cp $work/document.json $work/bundle/config.json; env PATH=$work/nothing $work/bin/$1 $call delete --force bench'" \
    "env PATH=$work/nothing $work/bin/$1 $call create --bundle $work/bundle --pid-file $work/pid bench" >/dev/null 2>&1
  jq -r '.results[0].times[]' "$work/run.json" >>"$work/times.$1"
}

printf '%7s %7s %12s %12s %10s\n' layers mounts without with added
for layers in 1 10 60 127; do
  overlay "$layers"
  for mounts in 0 5 10 50; do
    document "$mounts"
    rm -f "$work"/times.*
    for ((round = 0; round < rounds; round++)); do create runward-off; create runward; done
    awk -v l="$layers" -v m="$mounts" -v o="$(median "$work/times.runward-off")" -v u="$(median "$work/times.runward")" \
      'BEGIN {printf "%7d %7d %9.3f ms %9.3f ms %+7.3f ms\n", l, m, o, u, u - o}'
  done
  umount "$work/data/overlay2/top/merged"
done
