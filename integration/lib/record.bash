# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the files about recording share: an engine with the runtime runward-record, and a name for each test. Source it
# after helpers.bash.

recordings=/var/lib/runward/recordings

setup_file() {
  need_packages busybox-static jq perl-base runc strace
  export MORE_RUNTIMES=runward-record ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  mkdir -p "$ENGINE_POLICY/profiles"
  start_engine
  RUNWARDCTL=${RUNWARDCTL:-$(dirname "$RUNWARD")/runwardctl}
  export RUNWARDCTL ROOTFS=$BATS_FILE_TMPDIR/rootfs
  busybox_rootfs "$ROOTFS"
}

teardown_file() { engine_stop; }

setup() {
  openers=()
  name=rwtest-$BATS_TEST_NUMBER-$$
  recording=$recordings/$name.json
}

teardown() {
  ((${#openers[@]} == 0)) || kill -KILL "${openers[@]}" # unshare ignores others
  openers=()
  docker_ rm -f "$name" "$name-2" >/dev/null 2>&1 || true
  [[ -z ${has_audit_rate:-} ]] || audit_rate 0
  rm -f "$recordings/$name.json" "$recordings/$name"[-~]*.json
}

# record FLAG… -- COMMAND… - in the foreground; its recording is there when it returns.
record() {
  local flags=()
  while [[ $1 != -- ]]; do flags+=("$1"); shift; done
  shift
  docker_ run --name "$name" --runtime=runward-record "${flags[@]}" box "$@"
}

# make_bundle FOLDER [FILTER] - to be called without an engine, with what the jq filter changes in it.
make_bundle() {
  mkdir -p "$1"
  (cd "$1" && runc spec && jq -c --arg root "$ROOTFS" --arg id "$name" --arg test "$BATS_TEST_TMPDIR" '.process.terminal = false
    | .root.path = $root | .root.readonly = false | .process.args = ["true"]
    | .process.capabilities |= with_entries(.value = []) | .linux.cgroupsPath = "/docker/\($id)" | '"${2:-.}" \
    config.json >new && mv new config.json)
}

value() { jq -r "$1" "${2:-$recording}"; }

# calls PHASE… - the names of one or more phases, sorted.
calls() {
  local phases
  phases=$(printf '.calls.%s,' "$@")
  value "[${phases%,} | select(. != null) | .x86_64 // {} | keys[]] | unique[]"
}

assert_complete() {
  assert_equal "$(value .complete)" true || fail "$(value '.gaps[]')"
}

# recorder_of ID - the process that records the container.
recorder_of() { jq -r '.pid // empty' "/run/runward/recorders/$1"; }

# audit_rate RECORDS - that the host's audit makes in a second, 0: any number. AUDIT_SET, AUDIT_STATUS_RATE_LIMIT.
audit_rate() {
  perl -e 'socket my $audit, 16, 3, 9 or die; my $status = pack "L11", 8, 0, 0, 0, shift;
    send $audit, pack("L S S L L", 16 + length $status, 1001, 5, 1, 0) . $status, 0 or die; recv $audit, my $answer, 8192, 0' "$1"
}

ctl_record() { "$RUNWARDCTL" profile record "$@"; }
