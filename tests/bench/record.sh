#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What recording costs a container, beside strace -f: the same work with neither, recorded, and under strace, in turn.
# Two works: system calls without end (dd, one byte at a time), and processes without end (a shell loop of pipelines).
# Prints the median of each, and the share of strace's slow-down that recording costs.
# Usage: sudo tests/bench/record.sh [ROUNDS]      (RUNWARD: the program; else build/release/runward)
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
runward=$(realpath "${RUNWARD:-build/release/runward}")
source integration/lib/engine.sh
need_packages jq busybox-static runc strace
work=$(mktemp -d /dev/shm/runward-bench.XXXXXX)
trap 'rm -rf "$work"; rm -f /var/lib/runward/recordings/runward-bench-*.json' EXIT
ln -s "$runward" "$work/runward-record"
ln -s "$runward" "$work/runward-compat"
busybox_rootfs "$work/rootfs"

# The container is told what to do by its arguments; without capabilities, a terminal or a network.
make_bundle() {
  mkdir -p "$work/bundle"
  (cd "$work/bundle" && rm -f config*.json && runc spec)
  jq -c --arg root "$work/rootfs" --arg id "$1" --arg work "$2" '.process.terminal = false | .root.path = $root
    | .root.readonly = false | .process.args = ["sh", "-c", $work] | .linux.cgroupsPath = "/docker/\($id)"
    | .process.capabilities |= with_entries(.value = [])' "$work/bundle/config.json" >"$work/bundle/new"
  mv "$work/bundle/new" "$work/bundle/config.json"
}

# run_once WAY WORK - seconds from the start of the container's program to its end.
run_once() {
  local way=$1 id=runward-bench-$RANDOM$RANDOM runtime=runward-compat init begin
  [[ $way != recorded ]] || runtime=runward-record
  make_bundle "$id" "$2"
  local call=("$work/$runtime" --root "$work/root")
  "${call[@]}" create --bundle "$work/bundle" --pid-file "$work/pid" "$id" </dev/null >/dev/null 2>&1
  init=$(cat "$work/pid")
  if [[ $way == strace ]]; then
    strace -f -qq -o "$work/trace" -p "$init" &
    until grep -qs '^TracerPid:.*[1-9]' "/proc/$init/status"; do sleep 0.1; done
  fi
  "${call[@]}" start "$id"
  begin=$(date +%s.%N)
  tail --pid="$init" -s 0.01 -f /dev/null
  date +%s.%N | awk -v b="$begin" '{printf "%.3f\n", $1 - b}'
  "${call[@]}" delete --force "$id"
}

median() { sort -g "$1" | awk '{t[NR] = $1} END {print t[int((NR + 1) / 2)]}'; }

measure() {
  local title=$1 task=$2 round way
  rm -f "$work"/times.*
  for ((round = 0; round < rounds; round++)); do
    for way in bare recorded strace; do run_once "$way" "$task" >>"$work/times.$way"; done
  done
  awk -v t="$title" -v b="$(median "$work/times.bare")" -v r="$(median "$work/times.recorded")" \
    -v s="$(median "$work/times.strace")" 'BEGIN {
      printf "%s\n  bare %8.3f s\n  recorded %8.3f s  x %.2f\n  strace   %8.3f s  x %.2f\n", t, b, r, r / b, s, s / b
      printf "  recording costs %.3f of what strace costs\n", (r - b) / (s - b) }'
}

measure 'system calls: dd, 100,000 of them' 'dd if=/dev/zero of=/dev/null bs=1 count=50000 2>/dev/null'
measure 'processes: 300 pipelines' 'i=0; while [ $i -lt 300 ]; do echo $i | cat | wc -l >/dev/null; i=$((i + 1)); done'
