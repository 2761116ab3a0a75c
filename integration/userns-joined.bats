#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Namespaces that a container with a user namespace joins, and what its network does.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/userns.bash"

setup_file() {
  export ENGINE_NETWORK=1
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  export MORE_RUNTIMES='runward-writes'
  profile writes '{"rootfs": {"access": "writable"}}'
  start_engine
  start_containers
}

teardown_file() { engine_stop; }

# --- namespaces that are joined ---------------------------------------------------------------

@test "--network, --pid and --ipc of a container with a user namespace: the same range" {
  local flag
  for flag in network pid ipc; do
    run -0 run_in runward "--$flag" container:one -- sh -c 'tr -s " " </proc/self/uid_map'
    assert_is_mapped "${output# }"
    assert_equal "${output# }" "$(map_of "$(pid_of one)")"
  done
  run -0 run_in runward --network container:one --pid container:one --ipc container:one -- sh -c 'ps | grep -c "sleep 3600"'
  ((output >= 1))
}

@test "a range lives on with the container that joined it" {
  start leader
  start follower runward --network container:leader
  local base
  base=$(base_of leader)
  docker_ rm -f leader >/dev/null
  assert_equal "$(base_of follower)" "$base"
  [[ -n $(grep -rlsF "/$(id_of follower)" "/run/runward/ranges/$pool_first-$range_size/$(((base - pool_first) / range_size))") ]]
  docker_ rm -f follower >/dev/null
  [[ ! -e /run/runward/ranges/$pool_first-$range_size/$(((base - pool_first) / range_size)) ]]
}

@test "--network of a container without one works, and /sys can be read but not written" {
  run -0 run_in runward --network container:bare -- sh -c \
    'tr -s " " </proc/self/uid_map; ip -o -4 addr show eth0 | grep -c inet; test -d /sys/class/net/lo && echo sys; echo 1 2>/dev/null >/sys/kernel/profiling && echo written; true'
  assert_is_mapped "${lines[0]# }"
  assert_equal "${lines[1]} ${lines[2]} ${lines[3]:-}" '1 sys '
}

@test "--network of a container without one does not show the host's network devices" {
  run -0 run_in runward --network container:bare -- ls /sys/class/net
  local shown=$output
  run -0 docker_ exec bare ls /sys/class/net
  assert_equal "$shown" "$output"
}

@test "--pid and --ipc of a container without one are refused" {
  refused user-namespace --pid container:bare
  refused user-namespace --ipc container:bare
}

@test "namespaces of two containers at once are refused" {
  refused user-namespace --network container:one --ipc container:other
}

@test "a container of runc's joins the network of a hardened one" {
  run -0 docker_ run --rm --network container:one box cat /proc/self/uid_map
  assert_contains "$output" 4294967295
}

# joining_bundle PID - with the network namespace of that process, and its own of the rest.
joining_bundle() {
  bundle=$BATS_TEST_TMPDIR/bundle state=$BATS_TEST_TMPDIR/runtime/joining
  mkdir -p "$bundle"
  [[ -d $HOST/rootfs ]] || busybox_rootfs "$HOST/rootfs"
  (cd "$bundle" && rm -f config* && runc spec)
  jq -c --arg rootfs "$HOST/rootfs" --arg net "/proc/$1/ns/net" '.process.terminal = false | .process.args = ["sleep", "600"]
    | .root.path = $rootfs | .linux.cgroupsPath = "/docker/joining"
    | (.linux.namespaces[] | select(.type == "network")).path = $net' "$bundle/config.json" >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
}

# A low-level runtime before which that process ends, so that its number may be another one's.
runtime_that_ends() {
  local folder=$BATS_TEST_TMPDIR/ends
  mkdir -p "$folder"
  printf '#!/bin/sh\nkill -KILL %s\nwhile test -d /proc/%s; do sleep 0.1; done\nexec %s "$@"\n' "$1" "$1" \
    "$(type -P runc)" >"$folder/runc"
  chmod 755 "$folder/runc"
  printf '%s' "$folder"
}

@test "what was looked at is joined, also where its process ends before the low-level runtime opens it" {
  local victim network map
  start victim
  victim=$(pid_of victim) network=$(readlink "/proc/$(pid_of victim)/ns/net") map=$(map_of "$(pid_of victim)")
  joining_bundle "$victim"
  PATH=$(runtime_that_ends "$victim"):$PATH "$RUNTIMES/runward" --root "$state" create --bundle "$bundle" \
    --pid-file "$bundle/pid" joining </dev/null >"$bundle/out" 2>&1 3>&- || fail "$(cat "$bundle/out")"
  run readlink "/proc/$(cat "$bundle/pid")/ns/net"
  local joined=$output mapped
  mapped=$(map_of "$(cat "$bundle/pid")")
  "$RUNTIMES/runward" --root "$state" delete --force joining
  assert_equal "$joined $mapped" "$network $map"
  docker_ rm -f victim >/dev/null
}

@test "… where it ends for runc without runward, that fails (the control)" {
  start victim
  joining_bundle "$(pid_of victim)"
  run ! env PATH="$(runtime_that_ends "$(pid_of victim)"):$PATH" runc --root "$state" create --bundle "$bundle" joining
  assert_contains "$output" /ns/net
  docker_ rm -f victim >/dev/null
}

# --- network ----------------------------------------------------------------------------------

httpd=(sh -c 'mkdir -p /tmp/www && hostname >/tmp/www/index.html && exec httpd -f -p 80 -h /tmp/www')
answers() { [[ $("${@:2}" 2>/dev/null) == "$1" ]]; }

@test "a published port answers" {
  docker_ run -d --name published -p 127.0.0.1:18081:80 --hostname published --runtime=runward box "${httpd[@]}" >/dev/null
  wait_until 10 answers published engine_net curl -sf http://127.0.0.1:18081/
  docker_ rm -f published >/dev/null
}

@test "containers of a user's network find each other by name, as ordinary users too" {
  docker_ network create inner >/dev/null
  docker_ run -d --name web --network inner --hostname web --user 1000 --runtime=runward box "${httpd[@]}" >/dev/null
  wait_until 20 answers web run_in runward --network inner -u 1000 -- wget -q -O - http://web/
  docker_ rm -f web >/dev/null
}

@test "connect and disconnect while it runs" {
  docker_ network create outer >/dev/null
  docker_ network connect outer one
  run -0 docker_ exec one sh -c 'ip -o -4 addr show | grep -c "eth[01]"'
  assert_equal "$output" 2
  docker_ network disconnect outer one
}

# busybox' ping wants raw sockets: perl's socket, as uid 1000 of the container's namespaces.
@test "an ordinary user may ping, and so may root" {
  local user
  for user in 0 1000; do
    run -0 nsenter --target "$(pid_of one)" --user --net --setuid "$user" --setgid "$user" perl -e '
      socket(my $s, 2, 2, 1) or die "socket: $!";
      my $to = pack("S n C4 x8", 2, 0, 127, 0, 0, 1);
      send($s, pack("C C n n n a8", 8, 0, 0, 0, 1, "runward."), 0, $to) or die "send: $!";
      $SIG{ALRM} = sub { die "no answer" }; alarm 5;
      recv($s, my $answer, 64, 0) // die "recv: $!";
      print "type ", ord($answer), "\n"'
    assert_equal "$output" 'type 0'
  done
  assert_equal "$(docker_ exec one cat /proc/sys/net/ipv4/ping_group_range | tr -s '\t' ' ')" "0 $((range_size - 1))"
}

# --- at the end -------------------------------------------------------------------------------

@test "nothing is left of all of these but what still runs" { assert_nothing_is_left; }
