#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Beside many other containers: their mounts are left out of what the low-level runtime sees, and of nothing else.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/userns.bash"

setup_file() {
  export OTHER_CONTAINERS=40
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  export MORE_RUNTIMES='runward-writes runward-sees runward-alone'
  export SEEN=$BATS_FILE_TMPDIR/seen
  mkdir -p "$ENGINE_POLICY/profiles"
  seeing_runtime >"$BATS_FILE_TMPDIR/seeing-runc"
  chmod 755 "$BATS_FILE_TMPDIR/seeing-runc"
  jq -n --arg runtime "$BATS_FILE_TMPDIR/seeing-runc" '{runtime: $runtime}' >"$ENGINE_POLICY/config.json"
  # Where only root can put something: bats' folder lies below /tmp.
  HOOKS=$(mktemp -d /run/runward-hooks.XXXXXX)
  export HOOKS
  printf '#!/bin/sh\ngrep -c /overlay2/other- /proc/self/mountinfo >%s/seen\n' "$HOOKS" >"$HOOKS/hook"
  chmod 755 "$HOOKS/hook"
  profile default "{\"hooks\": {\"allowed\": [\"$HOOKS/hook\"]}}"
  profile writes '{"rootfs": {"access": "writable"}}'
  profile sees '{"mounts": "off", "user-namespace": {"unmappable": "unmapped"}}'
  profile alone '{"user-namespace": "off", "mounts": "off"}'
  start_engine
  start_containers
}

teardown_file() {
  engine_stop
  rm -rf "$HOOKS"
}

# A low-level runtime that writes down where something is mounted when it makes a container.
seeing_runtime() {
  cat <<SCRIPT
#!/bin/sh
case " \$* " in *' create '* | *' run '*) awk '{print \$5}' /proc/self/mountinfo >$SEEN ;; esac
exec $(type -P runc) "\$@"
SCRIPT
}

# direct FILTER - a container of ours without an engine, as jq's filter makes its document.
direct() {
  local bundle=$BATS_TEST_TMPDIR/bundle layers=$ENGINE_DIR/data/overlay2/direct
  mkdir -p "$bundle" "$layers/diff" "$layers/work" "$layers/merged"
  busybox_rootfs "$layers/lower"
  (cd "$bundle" && rm -f config* && runc spec)
  jq -c --arg rootfs "$layers/merged" '.process.terminal = false | .process.args = ["true"] | .root.path = $rootfs
    | .linux.cgroupsPath = "/docker/direct" | '"$1" "$bundle/config.json" >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
  # shellcheck disable=SC2016  # for the inner shell
  engine_ns sh -ec 'mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/diff,workdir=$1/work" "$1/merged"
    "$2" --root "$3/root" run --bundle "$3" direct 3>&-
    umount "$1/merged"' sh "$layers" "$RUNTIMES/runward" "$bundle"
}

# Where something is mounted that is no other container's, without the folders whose names are new each time.
seen() { grep -Ev "$1" "$SEEN" | sed -E 's|/[0-9a-f]{64}(-init)?/|/ID/|' | sort; }

# The control of what follows.
@test "without user namespace and copies of mounts the runtime sees the other containers' mounts" {
  run_in runward-alone -- true
  assert_equal "$(grep -c /data/overlay2/other- "$SEEN") $(grep -c /netns/other- "$SEEN")" '40 40'
}

@test "the runtime sees none of the other containers' mounts, and all of the host's" {
  local host
  run_in runward-alone -- true
  host=$(seen '/netns/|/overlay2/')
  run_in runward -- true
  run ! grep -e /overlay2/other- -e /netns/ "$SEEN"
  assert_equal "$(seen '/netns/|/overlay2/|/run/runward/')" "$host"
}

@test "of the living containers' it sees its own root filesystem alone" {
  run_in runward -- true
  assert_equal "$(grep -c "/overlay2/.*/merged$" "$SEEN")" 1
}

@test "a source that has another container's mount in it has that in the container" {
  run -0 run_in runward-sees -v "$ENGINE_DIR/data/overlay2/other-7:/layers:ro" -- ls /layers/merged
  assert_equal "$output" mark
}

@test "another container's root filesystem as a source" {
  run -0 run_in runward-sees -v "$ENGINE_DIR/data/overlay2/other-7/merged:/other:ro" -- ls /other
  assert_equal "$output" mark
}

@test "without hooks of an administrator's they are left out, with one it sees them" {
  direct .
  run ! grep -e /overlay2/other- -e /netns/ "$SEEN"
  direct ".hooks.createRuntime = [{path: \"$HOOKS/hook\"}]"
  assert_equal "$(cat "$HOOKS/seen")" 40
}

@test "a FUSE filesystem of the host's whose server does not answer stays, and is not asked" {
  fuse silent
  run -0 timeout 60 docker run --rm --runtime=runward box true
  run ! grep -e /overlay2/other- "$SEEN"
  grep -qx "$HOST/silent" "$SEEN"
  end_fuse silent
}

@test "the host has its mounts as before, and nothing is left of the container" {
  local before after
  before=$(engine_ns awk '{print $5}' /proc/self/mountinfo | sort)
  run_in runward -- true
  after=$(engine_ns awk '{print $5}' /proc/self/mountinfo | sort)
  assert_equal "$after" "$before"
}

@test "cp, exec, restart and a volume" {
  start usual runward-writes -v kept:/kept
  echo content >"$BATS_TEST_TMPDIR/file"
  docker_ cp "$BATS_TEST_TMPDIR/file" usual:/home/user/file
  run -0 docker_ exec usual sh -c 'cat /home/user/file >/kept/file; cat /kept/file'
  assert_equal "$output" content
  docker_ restart -t 0 usual >/dev/null
  run -0 docker_ exec usual cat /kept/file /home/user/file
  assert_equal "$output" $'content\ncontent'
  docker_ rm -f usual >/dev/null
}

@test "with Docker's network namespace of another container, a shared /dev/shm, and --pid" {
  run -0 run_in runward --network container:one --ipc container:one --pid container:one -- sh -c 'df /dev/shm | tail -n 1; ps'
  assert_contains "$output" 'sleep 3600'
}

@test "nothing is left" { assert_nothing_is_left; }
