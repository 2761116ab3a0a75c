#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What runward adds to the start of a container, as ratios within one run (hyperfine, interleaved by rounds):
#   1. `create` before a runtime that does nothing: runward, runward with the rules user-namespace and seccomp off, which
#      have most of it, a C program that only execs, and nothing between
#   2. `state` (a call that passes through), likewise
#   3. `exec` into a container that was created so, likewise
#   4. the cycle create+start+delete of a busybox bundle: bare runc, the C program, runward
# Usage: sudo tests/bench/startup.sh [ROUNDS]      (builds the preset `bench` first)
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=own-host.sh
source tests/bench/own-host.sh
source integration/lib/packages.sh
need_packages hyperfine jq busybox-static runc libbenchmark-dev

rounds=${1:-5}
cmake --preset bench >/dev/null
cmake --build --preset bench >/dev/null
bin=$PWD/build/bench
# Bundles lie on tmpfs, as containerd's below /run.
work=$(mktemp -d /dev/shm/runward-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
runc=$(PATH=/usr/sbin:/usr/bin:$PATH command -v runc)

# runward finds its low-level runtime in PATH: a folder for each that it shall find.
own_policy
mkdir -p "$work/etc/profiles/plain"
echo '{"extends": "default", "rules": {"user-namespace": "off", "seccomp": "off"}}' >"$work/etc/profiles/plain/profile.json"
mkdir "$work/bin"
ln -s "$bin/runward" "$work/bin/runward-plain"
# And the root file system lies where Docker's do, below a data root that knows the container.
rootfs=$work/data/overlay2/layer/merged
mkdir -p "$work/nothing" "$work/real" "$work/bundle" "$rootfs/bin" "$work/data/containers/bench"
ln -s "$bin/do_nothing" "$work/nothing/runc"
ln -s "$runc" "$work/real/runc"
cp /bin/busybox "$rootfs/bin/"
# A document of Docker's own size, in its form without spaces: the golden one, with this bundle's root file system and no terminal, network or cgroup of Docker's.
jq -c --arg root "$rootfs" '.root.path = $root | .process.args = ["/bin/busybox", "true"] | del(.hooks)
   | .mounts |= map(select(.type != "bind")) | .linux.cgroupsPath = "/docker/runward-bench"' \
  tests/golden/docker-20.10/plain.json >"$work/document.json"

# Medians of interleaved rounds: hyperfine measures each command in turn, and the rounds alternate them.
measure() {
  local title=$1 round name
  shift
  rm -f "$work"/times.*
  for ((round = 0; round < rounds; round++)); do
    local pairs=("$@")
    while ((${#pairs[@]})); do
      name=${pairs[0]}
      hyperfine --shell=none --style=none --warmup 2 --runs 20 --prepare "${prepare:-true}" \
        --export-json "$work/run.json" "${pairs[1]}" >/dev/null 2>&1
      jq -r '.results[0].times[]' "$work/run.json" >>"$work/times.$name"
      pairs=("${pairs[@]:2}")
    done
  done
  echo "$title"
  local base=
  while (($#)); do
    local median
    median=$(sort -g "$work/times.$1" | awk '{t[NR] = $1} END {print t[int((NR + 1) / 2)] * 1000}')
    base=${base:-$median}
    awk -v n="$1" -v m="$median" -v b="$base" 'BEGIN {printf "  %-10s %8.3f ms   %+7.3f ms   x %.3f\n", n, m, m - b, m / b}'
    shift 2
  done
}

call="--root $work/root/moby --log $work/log.json --log-format json"
create="$call create --bundle $work/bundle --pid-file $work/pid bench"
prepare="cp $work/document.json $work/bundle/config.json"
measure "create, before a runtime that does nothing" \
  nothing "env PATH=$PATH $bin/do_nothing $create" \
  exec-only "env EXEC_ONLY_RUNTIME=$bin/do_nothing $bin/exec_only $create" \
  plain "env PATH=$work/nothing $work/bin/runward-plain $create" \
  runward "env PATH=$work/nothing $bin/runward $create"
measure "state (passes through), before a runtime that does nothing" \
  nothing "env PATH=$PATH $bin/do_nothing $call state bench" \
  exec-only "env EXEC_ONLY_RUNTIME=$bin/do_nothing $bin/exec_only $call state bench" \
  runward "env PATH=$work/nothing $bin/runward $call state bench"

cp "$work/document.json" "$work/bundle/config.json"
# shellcheck disable=SC2086  # words of a command line
PATH=$work/nothing "$bin/runward" $create
prepare=
exec="$call exec bench true"
measure "exec, before a runtime that does nothing" \
  nothing "env PATH=$PATH $bin/do_nothing $exec" \
  exec-only "env EXEC_ONLY_RUNTIME=$bin/do_nothing $bin/exec_only $exec" \
  runward "env PATH=$work/nothing $bin/runward $exec"
# shellcheck disable=SC2086  # words of a command line
PATH=$work/nothing "$bin/runward" $call delete --force bench
prepare="cp $work/document.json $work/bundle/config.json"

cat >"$work/cycle" <<'CYCLE'
#!/bin/sh
# create, start, delete by runtime $1
"$1" $CALL create --bundle "$BUNDLE" --pid-file "$BUNDLE/pid" bench </dev/null >/dev/null &&
  "$1" $CALL start bench && "$1" $CALL delete --force bench
CYCLE
chmod +x "$work/cycle"
export CALL=$call BUNDLE=$work/bundle EXEC_ONLY_RUNTIME=$runc
measure "create + start + delete" \
  runc "$work/cycle $runc" \
  exec-only "$work/cycle $bin/exec_only" \
  runward "env PATH=$work/real:$PATH $work/cycle $bin/runward"
"$bin/harden_bench" --benchmark_min_time=0.2 2>/dev/null
