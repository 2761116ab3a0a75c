#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Which hardening profile a container gets: what the administrator allows whoever starts it to choose, and nothing that
# an image or a container could say besides.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  export ENGINE_NETWORK=0 NEED_RUNWARD=1 ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  mkdir -p "$ENGINE_POLICY"
  echo '{"profiles": {"choices": ["compat"]}}' >"$ENGINE_POLICY/config.json"
  export ENGINE_DAEMON_JSON_EXTRA='{"default-runtime": "runward"}'
  start_engine
}

teardown() { docker_ rm -f it >/dev/null 2>&1 || true; }
teardown_file() { engine_stop; }

id_of() { docker_ inspect --format '{{.Id}}' "$1"; }

# What was decided for a container: its profile and why.
decided() { jq -r '.policy.profile + " by " + .selected' /run/runward/decisions/*/"$(id_of "$1")".json; }

# assert_decided EXPECTED FLAG… - for a container that is started in the background.
assert_decided() {
  local expected=$1
  shift
  docker_ run -d --name it "$@" >/dev/null
  assert_equal "$(decided it)" "$expected" || return 1
  docker_ rm -f it >/dev/null
}

# --- labels -------------------------------------------------------------------------------------

# make_image NAME FILTER - the image `box` with its configuration changed, as somebody makes it who writes the file by hand.
make_image() {
  local dir=$BATS_TEST_TMPDIR/$1 config digest
  mkdir -p "$dir"
  docker_ save box | tar -C "$dir" -x
  config=$(jq -r '.[0].Config' "$dir/manifest.json")
  jq -c "$2" "$dir/$config" >"$dir/new.json"
  digest=$(sha256sum "$dir/new.json" | cut -d ' ' -f 1)
  mv "$dir/new.json" "$dir/$digest.json"
  jq -c --arg config "$digest.json" --arg tag "$1:latest" '.[0].Config = $config | .[0].RepoTags = [$tag]' \
    "$dir/manifest.json" >"$dir/manifest.new"
  mv "$dir/manifest.new" "$dir/manifest.json"
  rm -f "$dir/repositories"
  tar -C "$dir" -c . | docker_ load >/dev/null
}

@test "whoever starts a container may choose by a label what the administrator lists" {
  assert_decided "compat by label 'io.runward.profile'" --runtime=runward --label io.runward.profile=compat box sleep 600
}

@test "an image chooses nothing by its label, however it is written" {
  local label='{"io.runward.profile": "compat"}'
  make_image honest ".config.Labels = $label"
  make_image lower ".config.labels = $label | del(.config.Labels)"
  make_image both ".config.Labels = {\"a\": \"b\"} | .config.LABELS = $label"
  make_image long-s ".config[\"label\u017f\"] = $label | del(.config.Labels)"
  make_image upper ".Config = (.config + {Labels: $label}) | del(.config)"
  local image seen=0
  for image in honest lower both long-s upper; do
    assert_decided 'default by the default' --runtime=runward "$image" sleep 600 || fail "image $image" || return 1
    # Docker did take it for a label of the image: else nothing was tried.
    [[ $(docker_ inspect --format '{{index .Config.Labels "io.runward.profile"}}' "$image") != compat ]] || ((++seen))
  done
  assert_equal "$seen" 5
}

# --- steps of image builds ------------------------------------------------------------------------

image_id() { docker_ image inspect --format '{{.Id}}' box; }

@test "a container that looks like a step of the classic builder is one only where the runtime's name says nothing" {
  assert_decided "build by a step of Docker's classic builder" --runtime=runward --log-driver none "$(image_id)" sleep 600
  assert_decided "strict by runtime name 'runward-strict'" \
    --runtime=runward-strict --log-driver none --user 1000 "$(image_id)" sleep 600
}

@test "its profile by a label is none for a container that looks like a step" {
  assert_decided "build by a step of Docker's classic builder" \
    --runtime=runward --log-driver none --label io.runward.profile=compat "$(image_id)" sleep 600
}

@test "nobody enters, updates or checkpoints what was taken for a step of the classic builder" {
  local look='cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null' id command
  docker_ run -d --name it --runtime=runward --log-driver none "$(image_id)" sleep 600
  id=$(id_of it)
  for command in 'exec it true' 'exec -u 1000 it true' 'update --pids-limit 2000 it'; do
    # shellcheck disable=SC2086  # words
    run docker_ $command
    ((status != 0)) || fail "$command: $output" || return 1
    assert_contains "$output" "which was taken for a step of Docker's classic builder" || return 1
    ! grep -Eiq "$engine_words" <<<"$(sentence_of "$output")" || fail "$output" || return 1
  done
  for command in 'exec %s true' 'update --pids-limit 2000 %s' "checkpoint --image-path $BATS_TEST_TMPDIR/images %s"; do
    # shellcheck disable=SC2046,SC2059  # words, and a format of our own
    run -1 engine_ns "$RUNTIMES/runward" --root "$ENGINE_DIR/exec/runtime-runc/moby" $(printf "$command" "$id")
    assert_contains "$output" "which was taken for a step of Docker's classic builder" || return 1
  done
  docker_ top it
  docker_ pause it
  docker_ unpause it
  docker_ kill it
  assert_equal "$(wait_exit it)" 137
}

wait_exit() { docker_ wait "$1"; }

@test "the classic builder's own steps still work, with a health check and files of their own" {
  mkdir -p "$BATS_TEST_TMPDIR/context"
  printf '%s\n' 'FROM box' 'HEALTHCHECK --interval=1s CMD true' 'LABEL io.runward.profile=compat' \
    'RUN sleep 3; echo made >/made && chown 1000 /made' >"$BATS_TEST_TMPDIR/context/Dockerfile"
  run -0 env DOCKER_BUILDKIT=0 docker build --no-cache --tag built "$BATS_TEST_TMPDIR/context"
  run -0 docker_ run --rm --runtime=runward built cat /made
  assert_equal "$output" made
}
