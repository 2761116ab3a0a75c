#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# runwardctl doctor on this machine, beside a private dockerd with runward registered and not the default.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  local program
  program=$(find_runward)
  # Below /tmp others than root could replace it, and doctor would say so.
  PROGRAMS=$(mktemp -d /root/runward-doctor.XXXXXX)
  export PROGRAMS
  cp "$program" "$PROGRAMS/runward"
  cp "${RUNWARDCTL:-$(dirname "$program")/runwardctl}" "$PROGRAMS/runwardctl"
  export ENGINE_NETWORK=0
  engine_need
  engine_start runward="$PROGRAMS/runward" gone=/nonexistent/runward
  make_busybox_image box
  # One run each is looked at by many tests.
  ctl doctor --json >"$BATS_FILE_TMPDIR/doctor.json" || true
  things >"$BATS_FILE_TMPDIR/before"
  ctl doctor --try --json >"$BATS_FILE_TMPDIR/try.json" || true
  things >"$BATS_FILE_TMPDIR/after"
}

teardown_file() {
  engine_stop
  rm -rf "$PROGRAMS"
}

ctl() { "$PROGRAMS/runwardctl" "$@"; }

# All that a trial could leave behind.
things() {
  docker_ ps --all --quiet --no-trunc
  docker_ images --all --quiet --no-trunc
  docker_ volume ls --quiet
  ctr --address "$ENGINE_DIR/exec/containerd/containerd.sock" namespaces ls --quiet | grep -vx moby || true
  ls -d /var/lib/runward-doctor.* /sys/fs/cgroup/runward-doctor /sys/fs/cgroup/*/runward-doctor 2>/dev/null || true
}

# levels FILE CHECK [SUBJECT] - the levels of its lines, and their reasons.
lines_of() {
  jq -r --arg check "$2" --arg subject "${3:-}" \
    '.lines[] | select(.check == $check and (.subject | contains($subject))) | .level + ": " + .reason' "$BATS_FILE_TMPDIR/$1.json"
}

@test "doctor: names the low-level runtime, its version, and what is known about it" {
  local version
  version=$(runc --version | sed -n 's/^runc version //p')
  assert_contains "$(lines_of doctor runtime "$(command -v runc)")" "ok: runc $version"
  [[ -n $(lines_of doctor runtime-advisories) ]]
}

@test "doctor: Debian 12's runc has the fix of CVE-2024-21626, and not those of November 2025" {
  [[ $(runc --version) == 'runc version 1.1.5+ds1'* ]] || skip "another runc"
  [[ -e /usr/share/doc/runc/changelog.Debian.gz ]] || skip "no changelog of runc"
  zgrep -q CVE-2025-31133 /usr/share/doc/runc/changelog.Debian.gz && skip "another runc"
  assert_contains "$(lines_of doctor runtime-advisories CVE-2024-21626)" "ok: "
  assert_contains "$(lines_of doctor runtime-advisories CVE-2025-31133)" "fail: "
}

@test "doctor: cgroups, AppArmor, seccomp and user namespaces as they are" {
  if [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; then
    assert_contains "$(lines_of doctor cgroups)" "ok: version 2"
  else
    assert_contains "$(lines_of doctor cgroups)" "warning: version 1"
  fi
  if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]]; then
    assert_contains "$(lines_of doctor apparmor)" "ok: enabled"
  else
    assert_contains "$(lines_of doctor apparmor)" "warning: the kernel has none"
  fi
  assert_contains "$(lines_of doctor seccomp)" "ok: actions: "
  if unshare --user true; then assert_contains "$(lines_of doctor user-namespaces)" "ok: root can make them"; fi
  [[ -n $(lines_of doctor idmapped-mounts "$ENGINE_DIR/data") && -n $(lines_of doctor idmapped-mounts tmpfs) ]]
}

@test "doctor: the engine, runward registered and not the default, a runtime that is gone" {
  assert_contains "$(lines_of doctor docker)" "ok: found: $DOCKER_HOST, version "
  assert_contains "$(lines_of doctor docker)" "pid $ENGINE_PID"
  assert_equal "$(lines_of doctor docker "runward, $PROGRAMS/runward")" "ok: registered, the same build"
  assert_contains "$(lines_of doctor docker "gone, ")" "fail: "
  assert_contains "$(lines_of doctor docker 'default runtime')" "warning: is runc: "
}

@test "doctor: without --try nothing is tried, and the exit code is that of the worst line" {
  assert_contains "$(lines_of doctor ways-around)" "info: not tried"
  run -2 ctl doctor
  assert_contains "$output" "→ runwardctl install --default"
  run -2 ctl doctor --image box
  assert_contains "$output" "--image goes with --try"
}

@test "doctor: a configuration that others can write, or that does not parse, fails" {
  local folder
  folder=$(mktemp -d "$PROGRAMS/config.XXXXXX")
  mkdir "$folder/profiles"
  echo '{"mode": "loose"}' >"$folder/config.json"
  chmod 0777 "$folder/profiles"
  run -2 ctl doctor --json --config-dir "$folder"
  echo "$output" >"$BATS_FILE_TMPDIR/config.json"
  assert_contains "$(lines_of config configuration config.json)" "fail: "
  assert_contains "$(lines_of config configuration-files "$folder/profiles")" "fail: can be written by others"
}

@test "doctor: no dockerd at that address is a warning" {
  run ctl doctor --json --host "unix://$ENGINE_DIR/nobody.sock" --try
  echo "$output" >"$BATS_FILE_TMPDIR/nobody.json"
  assert_contains "$(lines_of nobody docker)" "warning: could not be asked: "
  assert_contains "$(lines_of nobody ways-around)" "warning: could not be tried: "
}

@test "doctor --try: --runtime=runc, the shim and the default runtime are open" {
  assert_contains "$(lines_of try way-control)" "ok: gives a hardened container"
  local way
  for way in way-runtime-runc way-runtime-shim way-default-runtime; do
    assert_contains "$(lines_of try $way)" "fail: gives a container that is not hardened: no_new_privs is not set"
  done
  assert_contains "$(lines_of try ways-around)" "fail: "
}

@test "doctor --try: through runward, --privileged, host namespaces and the engine's socket are refused" {
  assert_equal "$(lines_of try way-privileged)" "ok: refused by runward (rule privileged)"
  assert_equal "$(lines_of try way-host-namespaces | sort -u)" "ok: refused by runward (rule namespaces)"
  assert_equal "$(lines_of try way-host-namespaces | wc -l)" 4
  assert_equal "$(lines_of try way-engine-socket)" "ok: refused by runward (rule mounts)"
}

@test "doctor --try: exec, update and ctr are tried" {
  local way
  for way in way-exec way-exec-privileged way-update way-ctr; do
    [[ -n $(lines_of try $way) ]]
    assert_lacks "$(lines_of try $way)" "could not be tried"
  done
}

@test "doctor --try: nothing is left behind" {
  diff "$BATS_FILE_TMPDIR/before" "$BATS_FILE_TMPDIR/after"
}

@test "doctor --try: nothing is left behind after ^C either" {
  # A shell has its background processes ignore SIGINT.
  env --default-signal=INT "$PROGRAMS/runwardctl" doctor --try >"$BATS_TEST_TMPDIR/interrupted" 2>&1 3>&- &
  local doctor=$! code=0
  trials_begun() { [[ -n $(docker_ ps --all --quiet --filter label=io.runward.doctor) ]]; }
  wait_until 30 trials_begun
  kill -INT "$doctor"
  wait "$doctor" || code=$?
  assert_equal "$code" 130
  assert_contains "$(cat "$BATS_TEST_TMPDIR/interrupted")" "interrupted"
  things >"$BATS_TEST_TMPDIR/after"
  diff "$BATS_FILE_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "doctor --try --image: an image of one's own is used, and stays" {
  run ctl doctor --try --json --image box
  echo "$output" >"$BATS_FILE_TMPDIR/image.json"
  assert_contains "$(lines_of image way-control)" "ok: gives a hardened container"
  docker_ image inspect box >/dev/null
}
