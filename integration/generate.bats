#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# From a container to its profile and back: recorded, generated, checked, installed, and run under what came of it.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
# shellcheck source=servers/rootfs.sh
source "$BATS_TEST_DIRNAME/servers/rootfs.sh"

recordings=/var/lib/runward/recordings

setup_file() {
  need_packages busybox-static curl jq runc
  rootfs_make nginx
  export MORE_RUNTIMES='runward-record runward-rwgbox runward-rwgnginx' NEED_RUNWARD=1
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  mkdir -p "$ENGINE_POLICY/profiles"
  start_engine
  RUNWARDCTL=${RUNWARDCTL:-$(dirname "$RUNWARD")/runwardctl}
  export RUNWARDCTL
}

teardown_file() { engine_stop; }

setup() { made=$BATS_TEST_TMPDIR; }

teardown() {
  docker_ rm --force --volumes srv >/dev/null 2>&1 || true
  rm -f "$recordings"/rwg*.json
}

# Where the engine and its runtimes see the test's configuration as /etc/runward.
profile() { engine_ns "$RUNWARDCTL" profile "$@"; }

# make_profile_of WORK - the profile rwgbox, of a shell that does it; what `generate` says is in `output`.
make_profile_of() {
  docker_ run --name srv --runtime=runward-record box sh -c "$1"
  docker_ rm srv
  local recording=("$recordings"/srv*.json)
  mv "${recording[0]}" "$made/shell.json"
  run -0 profile generate "$made/shell.json" --output "$made/rwgbox" --headroom strict
}

ctl_calibrate() { "$RUNWARDCTL" profile calibrate "$@"; }

assert_at_most() {
  local count
  count=$(sed -n 's/^| this profile | \([0-9]*\) |$/\1/p' "$2/REPORT.md")
  ((count > 20 && count <= $1)) || fail "$count calls"
}

@test "a shell: its profile lets it do what was recorded, and nothing else" {
  local work='echo text >/tmp/x; cat /tmp/x | wc -l; mkdir /tmp/d; rm -r /tmp/d'
  make_profile_of "$work"
  assert_at_most 75 "$made/rwgbox"
  run -0 profile check "$made/rwgbox"
  run -0 profile install "$made/rwgbox"
  run -0 run_in runward-rwgbox -- sh -c "$work"
  assert_equal "$output" 1
  # Without the profile it works.
  run -0 run_in runward -- sh -c 'ln -s a /tmp/b && echo linked'
  assert_equal "$output" linked
  run run_in runward-rwgbox -- sh -c 'ln -s a /tmp/b && echo linked'
  assert_lacks "$output" linked
  assert_contains "$output" 'Operation not permitted'
}

@test "calibrate measures the installed runtime, and strict profiles have its calls only" {
  run -0 ctl_calibrate --runtime runc --output "$made/calibration.json"
  run -0 jq -r '.runtimes[0] | .runtime, .filter_last.calls.execve, (.filter_last.calls | length), (.filter_early.calls.setuid)' "$made/calibration.json"
  assert_equal "${lines[0]} ${lines[1]} ${lines[3]}" 'runc true true'
  # execve alone, as crun's, up to what the design measured with runc's next version.
  ((lines[2] >= 5 && lines[2] <= 20))
  run -1 compgen -G '/var/lib/runward/calibrate.*'
  # Of a runtime that has the calls of another the profile has one call more.
  docker_ run --name srv --runtime=runward-record box true
  docker_ rm srv
  local recording=("$recordings"/srv*.json)
  mv "${recording[0]}" "$made/true.json"
  jq '.runtimes[0].filter_last.calls.swapoff = false | .runtimes[0].filter_last.calls.flock = false' "$made/calibration.json" >"$made/more.json"
  run -0 profile generate "$made/true.json" --output "$made/a" --headroom strict --calibration "$made/calibration.json"
  run -0 profile generate "$made/true.json" --output "$made/b" --headroom strict --calibration "$made/more.json"
  # swapoff is what `default` lets nobody call.
  run diff <(jq -r '.syscalls[] | .names[]' "$made/a/seccomp.json" | sort) <(jq -r '.syscalls[] | .names[]' "$made/b/seccomp.json" | sort)
  assert_equal "$(grep '^[<>]' <<<"$output")" '> flock'
}

@test "docker exec gets into a container under a strict profile, by the runtime's own calls too" {
  local work='while [ ! -e /tmp/end ]; do sleep 0.1; done'
  docker_ run --detach --name srv --runtime=runward-record box sh -c "$work"
  docker_ exec srv touch /tmp/end
  assert_equal "$(docker_ wait srv)" 0
  docker_ rm srv
  wait_until 20 compgen -G "$recordings/srv*.json"
  local recording=("$recordings"/srv*.json)
  mv "${recording[0]}" "$made/shell.json"
  run -0 profile generate "$made/shell.json" --output "$made/rwgbox" --headroom strict
  run -0 profile install "$made/rwgbox"
  docker_ run --detach --name srv --runtime=runward-rwgbox box sh -c "$work"
  local i
  for i in 1 2 3 4 5; do docker_ exec srv touch "/tmp/$i"; done
  run docker_ exec srv ln -s a /tmp/b
  assert_contains "$output" 'Operation not permitted'
  docker_ exec srv touch /tmp/end
  assert_equal "$(docker_ wait srv)" 0
}

# What was not recorded is refused, each by its own layer; what AppArmor refuses is tried in vm/checks.sh.
@test "under its own profile: no new binary, no write elsewhere, no raw socket, no other capability" {
  local work='echo text >/tmp/x; chown 0:0 /tmp/x; cp /bin/busybox /tmp/new; chmod 755 /tmp/new; nc -w 1 127.0.0.1 1; true'
  make_profile_of "$work"
  run -0 profile install "$made/rwgbox"
  run -0 run_in runward-rwgbox -- sh -c "$work; echo worked"
  assert_contains "$output" worked
  # rootfs: scratch space is noexec, the rest is read-only.
  run run_in runward-rwgbox -- sh -c 'cp /bin/busybox /tmp/new; chmod 755 /tmp/new; /tmp/new echo executed'
  assert_lacks "$output" executed
  assert_contains "$output" 'Permission denied'
  run run_in runward-rwgbox -- sh -c 'echo x >/etc/new && echo written'
  assert_contains "$output" 'Read-only file system'
  # capabilities: chown itself was recorded, and is let through.
  run run_in runward-rwgbox -- sh -c 'echo x >/tmp/x; chown 1000 /tmp/x && echo changed'
  assert_lacks "$output" changed
  assert_contains "$output" 'Operation not permitted'
  run -0 run_in runward -- sh -c 'echo x >/tmp/x; chown 1000 /tmp/x && echo changed'
  assert_equal "$output" changed
  # seccomp: with the capability for it, a raw socket is refused all the same, and by plain runc it is not.
  run -0 profile generate "$made/shell.json" --output "$made/rwgnginx" --headroom strict
  jq '.rules.capabilities.on_request = ["NET_RAW"]' "$made/rwgnginx/profile.json" >"$made/new"
  mv "$made/new" "$made/rwgnginx/profile.json"
  run -0 profile install "$made/rwgnginx"
  run run_in runward-rwgnginx --cap-add NET_RAW --sysctl net.ipv4.ping_group_range='1 0' -- ping -c 1 -W 1 127.0.0.1
  assert_contains "$output" 'ping: permission denied'
  run -0 run_in runc --cap-add NET_RAW --sysctl net.ipv4.ping_group_range='1 0' -- ping -c 1 -W 1 127.0.0.1
}

@test "nginx: serves under its own profiles, made by two recordings" {
  rootfs_import nginx rw-nginx
  local round
  for round in 1 2; do
    docker_ run --detach --name srv --runtime=runward-record --publish 127.0.0.1::80 rw-nginx
    wait_until 60 fetch
    docker_ stop srv
    docker_ rm srv
    local recording=("$recordings"/srv*.json)
    mv "${recording[0]}" "$made/nginx-$round.json"
  done
  run -0 profile merge "$made"/nginx-?.json --output "$made/nginx.json"
  assert_contains "$output" '2 recordings'
  # Of Docker's 352; the image's entry point, which is a shell, has its part in them.
  serves_under strict 80
  serves_under portable 170
  kills 'Operation not permitted'
  # Which dash can do, and did not while it was recorded.
  mkdir "$made/root"
  gzip -dc "$(_rootfs_file nginx)" | tar -C "$made/root" -x
  serves_under static 250 --rootfs "$made/root"
  assert_contains "$(cat "$made/rwgnginx/REPORT.md")" '/usr/bin/dash imports kill'
  kills killed
}

# kills WHAT_IS_SAID - by a shell in the image, under the profile that is installed.
kills() {
  # shellcheck disable=SC2016  # expands in the container
  assert_contains "$(docker_ run --rm --runtime=runward-rwgnginx --entrypoint sh rw-nginx -c 'kill -CONT $$ && echo killed' 2>&1)" "$1"
}

# serves_under HEADROOM MOST_CALLS FLAG…
serves_under() {
  run -0 profile generate "$made/nginx.json" --output "$made/rwgnginx" --headroom "$1" "${@:3}"
  assert_at_most "$2" "$made/rwgnginx"
  run -0 profile check "$made/rwgnginx"
  run -0 profile install "$made/rwgnginx"
  run -0 profile lint rwgnginx
  docker_ run --detach --name srv --runtime=runward-rwgnginx --publish 127.0.0.1::80 rw-nginx
  wait_until 60 fetch || { docker_ logs srv >&2; return 1; }
  docker_ stop srv
  assert_equal "$(docker_ inspect --format '{{.State.ExitCode}}' srv)" 0
  docker_ rm srv
}

fetch() {
  engine_net curl -sS --fail --noproxy '*' --max-time 5 "http://$(docker_ port srv 80/tcp | head -n 1)/"
}

@test "a profile that is in use is not removed, and the one before is kept" {
  mkdir "$made/rwgfirst" "$made/rwgsecond"
  jq -n '{extends: "default", description: "one"}' >"$made/rwgfirst/profile.json"
  jq -n '{extends: "rwgfirst"}' >"$made/rwgsecond/profile.json"
  run -1 profile install "$made/rwgsecond"
  assert_contains "$output" "unknown profile 'rwgfirst'"
  run -0 profile install "$made/rwgfirst"
  run -0 profile install "$made/rwgsecond"
  run -1 profile remove rwgfirst
  assert_contains "$output" "'rwgfirst' is in use"
  jq -n '{extends: "default", description: "two"}' >"$made/rwgfirst/profile.json"
  run -0 profile install "$made/rwgfirst"
  assert_equal "$(jq -r .description "$ENGINE_POLICY/profiles/rwgfirst/profile.json")" two
  assert_equal "$(jq -r .description "$ENGINE_POLICY/profiles/.rwgfirst.previous/profile.json")" one
  # What is wrong comes into force at no time.
  echo '{"extends": "default", "rules": {"no-such": "off"}}' >"$made/rwgfirst/profile.json"
  run -1 profile install "$made/rwgfirst"
  assert_equal "$(jq -r .description "$ENGINE_POLICY/profiles/rwgfirst/profile.json")" two
  run -0 profile remove rwgsecond
  run -0 profile remove rwgfirst
  run -0 profile list
  assert_lacks "$output" rwgfirst
  run -1 compgen -G "$ENGINE_POLICY/.staging*"
}
