# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the bats files share. At the head of each: source "$BATS_TEST_DIRNAME/lib/helpers.bash"
#
#   RUNWARD   the program under test (else build/release/runward, else build/dev/runward)
#   RUNTIME   the runtime that as-with-runc.bats uses: runward (default), runc as a control
#   MORE_RUNTIMES  names of further runtimes, "runward-PROFILE" for one that ENGINE_POLICY has
#   SUITE     trixie or sid: test with that Debian release's Docker instead of the machine's
#   OTHER_CONTAINERS=40  mounts as so many containers more would have them (needs ENGINE_POLICY)
#   PATIENCE=10    a machine that is so many times slower: for all that waits for something

bats_require_minimum_version 1.5.0
# shellcheck source=engine.sh
source "$BATS_TEST_DIRNAME/lib/engine.sh"
# shellcheck source=limits.sh
source "$BATS_TEST_DIRNAME/lib/limits.sh"

repository=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
export RUNTIME=${RUNTIME:-runward}

find_runward() {
  local candidate
  for candidate in "${RUNWARD:-}" "$repository/build/release/runward" "$repository/build/dev/runward"; do
    if [[ -n $candidate && -x $candidate ]]; then realpath "$candidate"; return; fi
  done
  echo 'no runward: build it first, or set RUNWARD' >&2
  return 1
}

# The profile comes from the name that the engine calls, so a link each.
link_runtimes() {
  local program
  program=$(find_runward) || return 1
  export RUNTIMES=$BATS_FILE_TMPDIR/runtimes RUNWARD=$program
  mkdir -p "$RUNTIMES"
  local name
  for name in runward runward-strict ${MORE_RUNTIMES:-}; do ln -s "$program" "$RUNTIMES/$name"; done
}

# other_containers COUNT - in the engine's own mount namespace: a root filesystem with the file `mark`, and a network
# namespace, each.
other_containers() {
  # shellcheck disable=SC2016  # for the inner shell
  engine_ns sh -ec 'mkdir -p "$1/exec/netns"
    for i in $(seq "$2"); do
      other=$1/data/overlay2/other-$i netns=$1/exec/netns/other-$i
      mkdir -p "$other/lower" "$other/diff" "$other/work" "$other/merged"
      : >"$other/lower/mark"
      : >"$netns"
      mount -t overlay overlay -o "lowerdir=$other/lower,upperdir=$other/diff,workdir=$other/work" "$other/merged"
      mount --bind /proc/self/ns/net "$netns"
    done' sh "$ENGINE_DIR" "$1"
}

# start_engine - the private dockerd with our runtimes and the image `box`.
start_engine() {
  if [[ -n ${SUITE:-} ]]; then
    ENGINE_PATH_PREFIX=$("$BATS_TEST_DIRNAME/lib/docker-of.sh" "$SUITE" \
      "${RUNWARD_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/runward/engines}/$SUITE")
    export ENGINE_PATH_PREFIX
  fi
  if [[ $RUNTIME == runc && -z ${NEED_RUNWARD:-} ]]; then
    engine_start
  else
    link_runtimes
    local runtimes=() name
    for name in runward runward-strict ${MORE_RUNTIMES:-}; do runtimes+=("$name=$RUNTIMES/$name"); done
    engine_start "${runtimes[@]}"
  fi
  [[ -z ${OTHER_CONTAINERS:-} || -z ${ENGINE_POLICY:-} ]] || other_containers "$OTHER_CONTAINERS"
  # For programs of the tests that call docker by themselves (script, docker-compose).
  DOCKER_CONFIG=$ENGINE_DIR/cli PATH=$(_engine_path)
  export DOCKER_CONFIG PATH
  make_busybox_image box
}

server_at_least() {
  local version
  version=$(docker_ version --format '{{.Server.Version}}')
  [[ $(printf '%s\n' "$1" "$version" | sort -V | head -n 1) == "$1" ]]
}

# Say why, so that run.sh can compare it with expected-skips.txt.
need_server() { server_at_least "$1" || skip "needs Docker $1 or newer"; }

# run_in RUNTIME FLAG… -- COMMAND… - one container, removed afterwards.
run_in() {
  local runtime=$1 flags=()
  shift
  while [[ $1 != -- ]]; do flags+=("$1"); shift; done
  shift
  docker_ run --rm --runtime="$runtime" "${flags[@]}" box "$@"
}

# --- assertions: each prints what it saw ----------------------------------------------------

fail() {
  printf '%s\n' "$@" >&2
  return 1
}

assert_equal() { [[ $1 == "$2" ]] || fail "got      '$1'" "expected '$2'"; }

assert_contains() { [[ $1 == *"$2"* ]] || fail "'$2' is not in:" "$1"; }

assert_lacks() { [[ $1 != *"$2"* ]] || fail "'$2' is in:" "$1"; }

# Page size and per cents round: two values within a hundredth of each other are the same.
assert_about() {
  (($1 * 100 >= $2 * 99 && $1 * 100 <= $2 * 101)) || fail "got about $1, expected $2"
}

# wait_until SECONDS COMMAND… - what the last try printed is shown when time is up.
wait_until() {
  local deadline=$((SECONDS + $1 * ${PATIENCE:-1}))
  shift
  until "$@" >"$BATS_TEST_TMPDIR/last-try" 2>&1; do
    ((SECONDS < deadline)) || fail "still not true: $*" "$(cat "$BATS_TEST_TMPDIR/last-try")" || return 1
    sleep 0.2
  done
}

# --- refusals -------------------------------------------------------------------------------

# Words in a runtime's message that make an engine behave differently (exit code 126 or 127, a
# container taken for gone, a retry).
engine_words='permission denied|is a directory|no such file or directory|executable file not found|not a directory|operation not permitted|does not exist|container not running|no such process'

# The one sentence of runward's in an engine's output.
sentence_of() { grep -o 'runward: .*' <<<"$1"; }

# assert_refusal OUTPUT RULES PROFILE - RULES as a pattern: privileged|capabilities
assert_refusal() {
  local output=$1 rules=$2 profile=$3 sentence
  assert_equal "$(grep -o 'runward: ' <<<"$output" | wc -l)" 1 || fail "$output" || return 1
  sentence=$(sentence_of "$output")
  grep -Eq "rule '?($rules)'?" <<<"$sentence" || fail "no rule $rules in: $sentence" || return 1
  assert_contains "$sentence" "profile '$profile'" || return 1
  ! grep -Eiq "$engine_words" <<<"$sentence" || fail "a word that engines act upon in: $sentence" || return 1
}

# refused RULES FLAG… - by the default profile; refused_by_strict likewise.
refused() {
  local rules=$1
  shift
  run run_in runward "$@" -- true
  assert_equal "$status" 125 || fail "$output" || return 1
  assert_refusal "$output" "$rules" default
}

refused_by_strict() {
  local rules=$1
  shift
  run run_in runward-strict "$@" -- true
  assert_equal "$status" 125 || fail "$output" || return 1
  assert_refusal "$output" "$rules" strict
}

# stripped CHECK FLAG… - it starts, and the check (a shell command inside) sees none of what was asked.
stripped() {
  local check=$1
  shift
  run run_in runward "$@" -- sh -c "$check"
  assert_equal "$status" 0 || fail "$output"
}

# not_granted RULES CHECK FLAG… - refused, or started without it: rules.md leaves either to the profile.
not_granted() {
  local rules=$1 check=$2
  shift 2
  run run_in runward "$@" -- sh -c "$check"
  if ((status == 125)); then assert_refusal "$output" "$rules" default; return; fi
  assert_equal "$status" 0 || fail "$output"
}
