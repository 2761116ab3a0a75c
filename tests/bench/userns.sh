#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a user namespace and the copies of mounts add to `runward create`, by layers of the image and mounts of the
# document: before a runtime that does nothing, with the rule user-namespace and without, interleaved (hyperfine).
# Usage: sudo tests/bench/userns.sh [ROUNDS]      (builds the preset `bench` first)
#        sudo tests/bench/userns.sh live [ROUNDS] [CONTAINERS]
#            a create by runc itself, and by runward before it, beside so many containers that live (1,000)
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=own-host.sh
source tests/bench/own-host.sh
source integration/lib/packages.sh
need_packages hyperfine jq libbenchmark-dev
cmake --preset bench >/dev/null
cmake --build --preset bench >/dev/null

mode=layers
[[ ${1:-} != live ]] || { mode=live; shift; }
rounds=${1:-3} containers=${2:-1000}
bin=$PWD/build/bench
work=$(mktemp -d /var/tmp/runward-bench.XXXXXX)
cleanup() {
  awk -v d="$work/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | tac | xargs -r -n 200 umount
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

# The policy is read from /etc/runward, here a folder of our own: the profile comes from the runtime's name.
own_policy
mkdir -p "$work/etc/profiles/off" "$work/bin" "$work/nothing" "$work/bundle" "$work/sources"
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
  jq -r '.results[0] | .user + .system' "$work/run.json" >>"$work/cpu.$1"
}

measure() { # RUNTIME… - interleaved; their times are in $work/times.RUNTIME
  local round name
  rm -f "$work"/times.* "$work"/cpu.*
  for ((round = 0; round < rounds; round++)); do for name; do create "$name"; done; done
}

by_layers_and_mounts() {
  local layers mounts
  printf '%7s %7s %12s %12s %10s\n' layers mounts without with added
  for layers in 1 10 60 127; do
    overlay "$layers"
    for mounts in 0 5 10 50; do
      document "$mounts"
      measure runward-off runward
      awk -v l="$layers" -v m="$mounts" -v o="$(median "$work/times.runward-off")" -v u="$(median "$work/times.runward")" \
        'BEGIN {printf "%7d %7d %9.3f ms %9.3f ms %+7.3f ms\n", l, m, o, u, u - o}'
    done
    umount "$work/data/overlay2/top/merged"
  done
}

# live_containers FIRST LAST - what each of Docker's has on the host: an overlay, a network namespace, a range of ids as
# the allocator keeps it, held by a process that lives, this one.
live_containers() {
  local i folder pool=/run/runward/ranges/1879048192-65536 holder
  holder=$$.$(sed 's/.*) //' "/proc/$$/stat" | cut -d ' ' -f 20)
  mkdir -p "$work/netns"
  for ((i = $1; i <= $2; i++)); do
    folder=$work/data/overlay2/$i
    mkdir -p "$folder/"{diff,work,merged} "$pool/$i"
    : >"$work/netns/$i"
    printf '%s' "$folder" >"$pool/$i/$holder"
    (cd "$work/data/overlay2" && mount -t overlay overlay -o "lowerdir=l/0,upperdir=$i/diff,workdir=$i/work" "$i/merged")
    mount --bind /proc/self/ns/net "$work/netns/$i"
  done
}

# create_for_real NAME PROGRAM - with runc itself, which has its own part in this.
create_for_real() {
  local call="--root $work/root/moby" path=$work/real:$PATH
  hyperfine --shell=none --style=none --warmup 2 --runs 15 --export-json "$work/run.json" \
    --prepare "sh -c 'cp $work/document.json $work/bundle/config.json; env PATH=$path $2 $call delete --force bench'" \
    "env PATH=$path $2 $call create --bundle $work/bundle --pid-file $work/pid bench" >"$work/out" 2>&1 </dev/null
  env PATH="$path" "$2" --root "$work/root/moby" delete --force bench
  jq -r '.results[0].times[]' "$work/run.json" >>"$work/times.$1"
}

# A state folder of our own: the host's containers have their ranges in the other one.
by_live_containers() {
  local round live=0 beside runc
  runc=$(type -P runc)
  mkdir -p "$work/run" "$work/real" /run/runward
  mount --bind "$work/run" /run/runward
  ln -s "$runc" "$work/real/runc"
  overlay 10
  mkdir "$work/data/overlay2/l/0/bin"
  cp /bin/busybox "$work/data/overlay2/l/0/bin/"
  document 5
  jq -c '.process.args = ["/bin/busybox", "true"] | .linux.cgroupsPath = "/docker/runward-bench"' "$work/document.json" >"$work/new"
  mv "$work/new" "$work/document.json"
  printf '%16s %12s %21s %24s\n' 'live containers' runc runward 'runward : runc'
  for beside in 0 $((containers / 10)) "$containers"; do
    live_containers $((live + 1)) "$beside"
    live=$beside
    rm -f "$work"/times.*
    for ((round = 0; round < rounds; round++)); do
      create_for_real runc "$runc"
      create_for_real runward "$work/bin/runward"
    done
    awk -v n="$beside" -v c="$(median "$work/times.runc")" -v w="$(median "$work/times.runward")" -v c0="${first[0]:-}" -v w0="${first[1]:-}" \
      'BEGIN {if (c0 == "") {c0 = c; w0 = w}
        printf "%16d %9.3f ms x %.2f %9.3f ms x %.2f        x %.3f\n", n, c, c / c0, w, w / w0, w / c}'
    [[ -n ${first[0]:-} ]] || first=("$(median "$work/times.runc")" "$(median "$work/times.runward")")
  done
}

first=()
if [[ $mode == live ]]; then by_live_containers; else by_layers_and_mounts; fi
