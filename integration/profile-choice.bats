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
