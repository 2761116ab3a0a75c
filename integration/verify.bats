#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A profile tried out on a real container: what it would refuse is told, to the one call, and nobody but root can make
# use of the weaker filter that this takes. And what an enforced profile refuses is told too.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
# shellcheck source=servers/rootfs.sh
source "$BATS_TEST_DIRNAME/servers/rootfs.sh"

recordings=/var/lib/runward/recordings
verifications=/run/runward/verifications

setup_file() {
  need_packages busybox-static curl jq patch runc util-linux
  rootfs_make nginx
  export MORE_RUNTIMES='runward-record runward-verify runward-rwvkill runward-rwvlog' NEED_RUNWARD=1
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  mkdir -p "$ENGINE_POLICY/profiles"
  start_engine
  RUNWARDCTL=${RUNWARDCTL:-$(dirname "$RUNWARD")/runwardctl}
  export RUNWARDCTL PROFILE=$BATS_FILE_TMPDIR/shell
  docker_ run --name made --runtime=runward-record box sh -c "$work"
  docker_ rm made
  engine_ns "$RUNWARDCTL" profile generate "$recordings/made.json" --output "$PROFILE" --headroom strict
  rm -f "$recordings/made.json"
}

teardown_file() { engine_stop; }

setup() {
  name=rwv-$BATS_TEST_NUMBER-$$
  mine=$BATS_TEST_TMPDIR/mine
  cp -r "$PROFILE" "$mine"
}

teardown() { docker_ rm --force "$name" srv >/dev/null 2>&1 || true; }

work='echo text >/tmp/x; cat /tmp/x | wc -l; ln -s a /tmp/b; mkdir /tmp/d; rm -r /tmp/d; trap : INT; sleep 0.1'

# Where the engine and its runtimes see the test's configuration as /etc/runward, but in the host's network namespace:
# no other hears the audit.
ctl() { nsenter --mount="/proc/$ENGINE_PID/ns/mnt" -- "$RUNWARDCTL" "$@"; }
# verify PROFILE FLAG… IMAGE COMMAND… - its verdict goes into `output`; what it says is shown where a test fails.
verify() {
  local profile=$1
  shift
  ctl profile verify "$profile" -- docker run --name "$name" "$@"
}

# verified CODE PROFILE …
verified() {
  local code=$1
  shift
  run verify "$@"
  assert_equal "$status" "$code" || fail "$output"
}

# without CALL… - taken out of every entry of `mine`.
without() {
  jq --args '.syscalls |= (map(.names -= $ARGS.positional) | map(select(.names != [])))' "$@" <"$mine/seccomp.json" >"$mine/new"
  mv "$mine/new" "$mine/seccomp.json"
}

# The calls that verify's output names, sorted.
named() { sed -nE 's/^  system call ([a-z0-9_]+)  .*/\1/p' <<<"$1" | sort -u | paste -sd ' '; }

nothing_is_left() { ! compgen -G "$verifications/*"; }

@test "the profile of a recorded container passes, and nothing of it is left" {
  verified 0 "$mine" box sh -c "$work"
  assert_contains "$output" "pass: profile 'mine' refused nothing"
  nothing_is_left
}

@test "two calls taken out: these two are named, and the patch makes it pass" {
  without mkdir symlink
  verified 1 "$mine" box sh -c "$work"
  assert_equal "$(named "$output")" 'mkdir symlink'
  assert_contains "$output" '/bin/busybox (mkdir)'
  assert_contains "$output" '2 denials'
  # The work was done all the same: that is how what comes behind a refusal is found too.
  assert_equal "$(docker_ logs "$name")" 1
  docker_ rm "$name"
  (cd "$mine" && patch -s -p1 <<<"$output")
  verified 0 "$mine" box sh -c "$work"
  nothing_is_left
}

@test "an entry that refuses by name is a refusal, clone3 is not" {
  jq '.syscalls = [{names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 1}] + (.syscalls | map(.names -= ["mkdir"]))' \
    "$mine/seccomp.json" >"$mine/new"
  mv "$mine/new" "$mine/seccomp.json"
  assert_equal "$(jq '[.syscalls[] | select(.names | index("clone3")) | .errnoRet] == [38]' "$mine/seccomp.json")" true
  ctl profile verify "$mine" --output "$mine/patch" -- docker run --name "$name" box sh -c "$work" >"$mine/out" && return 1
  assert_equal "$(named "$(cat "$mine/out")")" mkdir
  docker_ rm "$name"
  (cd "$mine" && patch -s -p1 <patch)
  verified 0 "$mine" box sh -c "$work"
}

@test "what is entered is a part of the trial, by an exec that ends at once" {
  ctl profile verify "$mine" --for 20 -- docker run --detach --name "$name" --init=false box sleep 60 >"$mine/out" 2>&1 &
  local verification=$!
  wait_until 20 docker_ exec "$name" true
  docker_ exec "$name" sync
  docker_ kill "$name"
  local code=0
  wait $verification || code=$?
  assert_equal "$code" 1 || fail "$(cat "$mine/out")"
  assert_contains "$(cat "$mine/out")" 'system call sync  /bin/busybox (sync)'
}

@test "a run that somebody else cuts short is no pass" {
  worked() { [[ $(docker_ logs "$name" 2>/dev/null) == 1 ]]; }
  ctl profile verify "$mine" -- docker run --name "$name" box sh -c "$work; sleep 60" >"$mine/out" 2>&1 &
  local verification=$! code=0
  wait_until 20 worked
  docker_ kill "$name"
  wait $verification || code=$?
  assert_equal "$code" 1 || fail "$(cat "$mine/out")"
  assert_contains "$(cat "$mine/out")" 'cut short'
  nothing_is_left
}

@test "the trial lets nothing through that the profile 'record' does not" {
  # Docker's default, and ours, refuse these; the trial's container is root with all that Docker gives.
  run verify "$mine" box sh -c 'unshare -U true; mount -t tmpfs x /mnt; echo end'
  assert_contains "$output" 'unshare: '
  assert_contains "$output" 'Operation not permitted'
  assert_contains "$output" 'permission denied'
  assert_lacks "$(named "$output")" mount
}

@test "only root's verify can have the weaker filter" {
  local refusal='is for containers that a running `runwardctl profile verify` has started'
  run docker_ run --rm --runtime=runward-verify box true
  assert_equal "$status" 125
  assert_contains "$output" "$refusal"
  # Not by a container of its own either, once verify has ended, nor while another one's runs.
  verified 0 "$mine" box sh -c "$work"
  run -1 docker_ start "$name"
  assert_contains "$output" "$refusal"
  ctl profile verify "$mine" -- docker run --name "$name-2" box sleep 5 >"$mine/out" 2>&1 &
  wait_until 20 docker_ exec "$name-2" true
  run docker_ run --rm --runtime=runward-verify box true
  assert_equal "$status" 125
  assert_contains "$output" "$refusal"
  docker_ rm --force "$name-2"
  wait $! || true
}

@test "killed: its container is stopped, nothing of it is left, and the profile is what it was" {
  local before
  before=$(sha256sum "$mine"/*)
  ctl profile verify "$mine" -- docker run --name "$name" box sh -c 'trap "exit 0" TERM; while :; do sleep 1; done' \
    >"$mine.out" 2>&1 &
  wait_until 20 docker_ exec "$name" true
  local own
  own=$(pgrep -f "^$RUNWARDCTL profile verify $mine ")
  # The guard has the same command line, and a session of its own.
  for pid in $own; do [[ $(ps -o sid= -p "$pid" | tr -d ' ') == "$pid" ]] || kill -KILL "$pid"; done
  wait_until 30 nothing_is_left
  assert_equal "$(docker_ inspect --format '{{.State.Running}}' "$name")" false
  run -1 docker_ start "$name"
  assert_equal "$(sha256sum "$mine"/*)" "$before"
}

@test "interrupted: the container ends by the signal, and the verdict is given" {
  without mkdir
  timeout --signal=INT 4 nsenter --mount="/proc/$ENGINE_PID/ns/mnt" -- \
    "$RUNWARDCTL" profile verify "$mine" -- docker run --name "$name" box sh -c \
    'mkdir /tmp/e; trap "exit 0" INT; while :; do sleep 1; done' >"$mine/out" 2>&1 || true
  wait_until 30 nothing_is_left
  assert_equal "$(named "$(cat "$mine/out")")" mkdir || fail "$(cat "$mine/out")"
  assert_equal "$(docker_ inspect --format '{{.State.Running}}' "$name")" false
}

@test "a container that does not start is no pass" {
  verified 1 "$mine" box /no/such/program
  assert_lacks "$output" pass
  verified 1 "$mine" no-such-image-at-all true
  assert_lacks "$output" pass
  run -2 ctl profile verify "$mine" -- docker run --cidfile=/root/x box true
  nothing_is_left
}

@test "nginx: a verdict under load, with no record lost" {
  rootfs_import nginx rw-nginx
  docker_ run --detach --name srv --runtime=runward-record --publish 127.0.0.1::80 rw-nginx
  wait_until 60 fetch
  docker_ stop srv
  docker_ rm srv
  run -0 ctl profile generate "$recordings/srv.json" --output "$mine" --headroom strict
  rm -f "$recordings/srv.json"
  nginx_verified 0
  assert_contains "$(cat "$BATS_TEST_TMPDIR/out")" 'pass:'
  # One that every request needs, and one that the start needs.
  without sendfile setgroups
  nginx_verified 1
  assert_equal "$(named "$(cat "$BATS_TEST_TMPDIR/out")")" 'sendfile setgroups'
}

# nginx_verified CODE
nginx_verified() {
  local code=0 i
  ctl profile verify "$mine" --for 60 -- docker run --rm --detach --name srv --publish 127.0.0.1::80 rw-nginx \
    >"$BATS_TEST_TMPDIR/out" 2>&1 &
  wait_until 60 fetch
  for ((i = 0; i < 300; i++)); do fetch >/dev/null; done
  docker_ stop srv
  wait $! || code=$?
  assert_equal "$code" "$1" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

fetch() {
  engine_net curl -sS --fail --noproxy '*' --max-time 5 "http://$(docker_ port srv 80/tcp | head -n 1)/"
}

# --- denials --------------------------------------------------------------------------------

# put NAME ACTION - a profile under which chroot meets that action.
put() {
  local folder=$ENGINE_POLICY/profiles/$1
  mkdir -p "$folder"
  jq -n '{extends: "default", rules: {seccomp: {baseline: "seccomp.json"}}}' >"$folder/profile.json"
  jq -n --arg action "$2" '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chroot"], action: $action}]}' \
    >"$folder/seccomp.json"
}

@test "denials --follow: container, executable, call and the line to add" {
  put rwvkill SCMP_ACT_KILL_PROCESS
  ctl denials --follow >"$mine/out" 2>&1 &
  local follower=$!
  wait_until 20 grep -q listening "$mine/out"
  docker_ run --name "$name" --runtime=runward-rwvkill --cap-add SYS_CHROOT box sh -c 'chroot / true; sleep 1' || true
  wait_until 10 grep -q 'system call chroot' "$mine/out"
  kill -TERM "$(pgrep -f "^$RUNWARDCTL denials --follow")" # SIGINT is ignored where the suite runs in the background
  wait $follower || true
  local told
  told=$(cat "$mine/out")
  assert_contains "$told" 'system call chroot  /bin/busybox (chroot)'
  assert_contains "$told" 'which ended it'
  assert_contains "$told" 'profiles/rwvkill/seccomp.json: { "names": ["chroot"], "action": "SCMP_ACT_ALLOW" }'
}

@test "denials of one container, from the kernel's log" {
  put rwvkill SCMP_ACT_KILL_PROCESS
  # The log is limited to some in five seconds.
  sleep 6
  docker_ run --detach --name "$name" --runtime=runward-rwvkill --cap-add SYS_CHROOT box sh -c 'sleep 1; exec chroot / sleep 60'
  docker_ wait "$name"
  ctl denials --json >"$mine/out" 2>"$mine/err"
  jq -se 'any(.[]; .denied == "system call chroot" and .executable == "/bin/busybox" and .command == "chroot")' \
    "$mine/out" || fail "$(cat "$mine/out")"
  assert_contains "$(cat "$mine/err")" "the kernel's log keeps ten of a burst"
  run -1 ctl denials no-such-container
}
