#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# runwardctl against a real dockerd: install, explain, events, uninstall.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  local program
  program=$(find_runward)
  export PROGRAMS=$BATS_FILE_TMPDIR/bin
  mkdir "$PROGRAMS"
  # The link that install makes lies beside the program; let it be beside copies.
  cp "$program" "$PROGRAMS/runward"
  cp "${RUNWARDCTL:-$(dirname "$program")/runwardctl}" "$PROGRAMS/runwardctl"
  export ENGINE_NETWORK=0
  RUNTIME=runc start_engine
  export RUNWARD=$PROGRAMS/runward DAEMON_JSON=$ENGINE_DIR/daemon.json BEFORE=$BATS_FILE_TMPDIR/before.json
  cp "$DAEMON_JSON" "$BEFORE"
}

teardown_file() { engine_stop; }

ctl() { "$PROGRAMS/runwardctl" "$@"; }

install_() { ctl install --daemon-json "$DAEMON_JSON" --pid-file "$ENGINE_DIR/pid" "$@"; }
uninstall_() { ctl uninstall --daemon-json "$DAEMON_JSON" --pid-file "$ENGINE_DIR/pid"; }

runtimes() { docker_ info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}'; }
has_runtime() { [[ " $(runtimes)" == *" $1 "* ]]; }
lacks_runtime() { ! has_runtime "$1"; }
default_runtime_is() { [[ $(docker_ info --format '{{.DefaultRuntime}}') == "$1" ]]; }

install_and_wait() {
  install_ "$@"
  wait_until 10 has_runtime runward-strict
}

teardown() {
  uninstall_ >/dev/null 2>&1 || true
  cp "$BEFORE" "$DAEMON_JSON"
  rm -f "$DAEMON_JSON.runward-backup"
}

@test "install: dockerd offers the runtimes at once, and containers are hardened" {
  run -0 install_
  assert_contains "$output" "has read it again"
  wait_until 10 has_runtime runward-strict
  run -0 run_in runward -- grep NoNewPrivs /proc/self/status
  assert_contains "$output" 1
  run -125 run_in runward-strict -- true
  assert_contains "$output" "profile 'strict'"
}

@test "install: only our members are added, and the earlier file is kept" {
  install_and_wait
  assert_equal "$(jq -S 'del(.runtimes.runward, .runtimes["runward-strict"], .runtimes["runward-record"], .runtimes["runward-verify"])' "$DAEMON_JSON")" \
    "$(jq -S '.runtimes //= {}' "$BEFORE")"
  assert_equal "$(jq -r .runtimes.runward.path "$DAEMON_JSON")" "$PROGRAMS/runward"
  cmp "$BEFORE" "$DAEMON_JSON.runward-backup"
}

@test "install twice: nothing changes" {
  install_and_wait
  cp "$DAEMON_JSON" "$BATS_TEST_TMPDIR/once"
  run -0 install_
  assert_contains "$output" "nothing to do"
  cmp "$BATS_TEST_TMPDIR/once" "$DAEMON_JSON"
}

@test "install --default: docker run without --runtime is hardened; uninstall puts the earlier default back" {
  install_and_wait --default
  wait_until 10 default_runtime_is runward
  run -0 docker_ run --rm box grep NoNewPrivs /proc/self/status
  assert_contains "$output" 1
  run -0 uninstall_
  wait_until 10 default_runtime_is runc
}

@test "install --dry-run: a diff, and nothing is written" {
  run -0 install_ --dry-run
  assert_contains "$output" '+'
  assert_contains "$output" "\"path\": \"$PROGRAMS/runward\""
  assert_contains "$output" "would link $PROGRAMS/runward-strict"
  cmp "$BEFORE" "$DAEMON_JSON"
  [[ ! -e $DAEMON_JSON.runward-backup && ! -e $PROGRAMS/runward-strict ]]
}

@test "uninstall: the file has every byte again, dockerd forgets the runtimes, the link and the backup are gone" {
  install_and_wait
  run -0 uninstall_
  cmp "$BEFORE" "$DAEMON_JSON"
  wait_until 10 lacks_runtime runward
  [[ ! -e $PROGRAMS/runward-strict && ! -e $DAEMON_JSON.runward-backup ]]
  run -0 uninstall_
  assert_contains "$output" "nothing to do"
}

@test "uninstall: the link stays while containers run that were started through it" {
  install_and_wait
  docker_ run -d --name through-link --runtime=runward-strict --user 1000 box sleep 600
  run -0 uninstall_
  assert_contains "$output" "left $PROGRAMS/runward-strict"
  run -0 docker_ rm -f through-link
  rm "$PROGRAMS/runward-strict"
}

@test "mode and owner of daemon.json stay" {
  chmod 0600 "$DAEMON_JSON"
  chown 1:2 "$DAEMON_JSON"
  install_and_wait
  assert_equal "$(stat -c '%a %u %g' "$DAEMON_JSON")" "600 1 2"
  uninstall_
  assert_equal "$(stat -c '%a %u %g' "$DAEMON_JSON")" "600 1 2"
}

@test "a daemon.json that is a link: its target is edited" {
  local target=$BATS_TEST_TMPDIR/target.json link=$BATS_TEST_TMPDIR/daemon.json
  echo '{}' >"$target"
  ln -s target.json "$link"
  run -0 ctl install --daemon-json "$link" --no-reload
  [[ -L $link ]]
  assert_equal "$(jq -r '.runtimes | keys | join(" ")' "$target")" "runward runward-record runward-strict runward-verify"
  run -0 ctl uninstall --daemon-json "$link" --no-reload
  assert_equal "$(cat "$target")" '{}'
}

@test "a daemon.json that is missing is made, and goes again" {
  local file=$BATS_TEST_TMPDIR/docker/daemon.json
  run -0 ctl install --daemon-json "$file" --no-reload
  assert_equal "$(jq -r .runtimes.runward.path "$file")" "$PROGRAMS/runward"
  run -0 ctl uninstall --daemon-json "$file" --no-reload
  [[ ! -e $file ]]
}

@test "a daemon.json that is no JSON is refused with its position, and stays" {
  local file=$BATS_TEST_TMPDIR/daemon.json
  printf '{\n  "debug": true, // why\n}\n' >"$file"
  run -1 ctl install --daemon-json "$file" --no-reload
  assert_contains "$output" "$file:2:"
  assert_equal "$(cat "$file")" $'{\n  "debug": true, // why\n}'
}

@test "explain: a running container by name, id and the beginning of its id" {
  install_and_wait
  local id word
  id=$(docker_ run -d --name explained --runtime=runward -e SECRET_THING=do-not-print-me box sleep 600)
  for word in explained "$id" "${id:0:12}"; do
    run ctl explain "$word"
    assert_equal "$status" 0 || fail "$output"
    assert_contains "$output" "$id (explained)"
    assert_contains "$output" "profile    default, selected by the default"
    assert_contains "$output" "/process/noNewPrivileges"
    assert_lacks "$output" do-not-print-me
    assert_lacks "$output" "changed since"
  done
  run -0 ctl explain --json explained
  assert_equal "$(jq -r '.decision + " " + .name' <<<"$output")" "allowed explained"
  run -1 ctl explain --profile strict explained
  assert_contains "$output" "profile 'strict' (rule user)"
  docker_ rm -f explained
}

@test "explain: a refused container, whose bundle is gone, by its event" {
  install_and_wait
  run -125 docker_ run --name refused --runtime=runward --privileged box true
  local id
  id=$(docker_ inspect -f '{{.Id}}' refused)
  run -1 ctl explain "$id"
  assert_contains "$output" "the bundle is gone"
  assert_contains "$output" "rule privileged"
  docker_ rm refused
}

@test "events: of one container, refused ones, as text and as JSON, and those to come" {
  install_and_wait
  local id
  run -125 docker_ run --name refused --runtime=runward --privileged box true
  id=$(docker_ inspect -f '{{.Id}}' refused)
  docker_ rm refused
  run -0 ctl events --container "${id:0:12}" --decision refused
  assert_equal "${#lines[@]}" 1
  assert_contains "$output" "refused  ${id:0:12}  create  default  "
  run -0 ctl events --container "$id" --json
  assert_equal "$(jq -r .container <<<"$output")" "$id"
  timeout 20 "$PROGRAMS/runwardctl" events --follow --decision refused >"$BATS_TEST_TMPDIR/followed" 3>&- &
  run -125 docker_ run --rm --runtime=runward --pid host box true
  wait_until 10 grep -q 'rule namespaces' "$BATS_TEST_TMPDIR/followed"
  kill $!
}

@test "rules and check-config: the program's own tables" {
  run -0 ctl rules --profile strict
  assert_contains "$output" no-new-privileges
  run -0 ctl check-config
  assert_contains "$output" "profile 'default'"
  run -1 ctl check-config --profile nope
  assert_contains "$output" "unknown profile 'nope'"
}

@test "check-config: names file, line and column" {
  local folder
  # Only what root alone can write is read, and /tmp is not that.
  folder=$(mktemp -d /root/runward-config.XXXXXX)
  printf '{\n  "mode": "loose"\n}\n' >"$folder/config.json"
  run -1 ctl check-config --config-dir "$folder"
  rm -r "$folder"
  assert_contains "$output" "config.json:2:"
}

@test "what makes no sense ends with 2" {
  run -2 ctl
  run -2 ctl nonsense
  run -2 ctl explain
  run -2 ctl rules --nonsense
  run -0 ctl --version
  run -0 ctl install --help
  assert_contains "$output" --dry-run
}
