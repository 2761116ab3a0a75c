#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Nine real servers, each with two works of its own (servers/NAME/workload): the first is recorded, beside strace -f, and
# both saw the same; it runs again under the strict profile that came of it, and the second one, which was never recorded,
# under the portable one, and neither is denied a call. `profile verify` says so too, and names a call that is taken out.
#
#   RUNWARD_TEST_ALL=1   all nine; else those of DEFAULT, which take a minute
#   WORKLOAD_TABLE=FILE  a line for each server, for profiles/table.sh
#
# Not compared: `docker exec`, which strace does not follow.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
# shellcheck source=servers/rootfs.sh
source "$BATS_TEST_DIRNAME/servers/rootfs.sh"
# shellcheck source=lib/clients.bash
source "$BATS_TEST_DIRNAME/lib/clients.bash"
# shellcheck source=lib/strace.bash
source "$BATS_TEST_DIRNAME/lib/strace.bash"

DEFAULT='nginx redis go'
recordings=/var/lib/runward/recordings

setup_file() {
  need_packages curl jq libmemcached-tools runc strace
  rootfs_make "${SERVERS[@]}"
  export MORE_RUNTIMES='runward-record runward-verify runward-work traced-runward-record traced-runward-work' NEED_RUNWARD=1
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  mkdir -p "$ENGINE_POLICY/profiles"
  start_engine
  ln -sf "$BATS_TEST_DIRNAME/lib/traced-runtime.sh" "$RUNTIMES/traced-runward-record"
  ln -sf "$BATS_TEST_DIRNAME/lib/traced-runtime.sh" "$RUNTIMES/traced-runward-work"
  RUNWARDCTL=${RUNWARDCTL:-$(dirname "$RUNWARD")/runwardctl}
  export RUNWARDCTL
}

teardown_file() { engine_stop; }

setup() { made=$BATS_TEST_TMPDIR; if [[ -n ${KEEP:-} ]]; then made=$KEEP/${BATS_TEST_DESCRIPTION// /-}; mkdir -p "$made"; fi; }

teardown() {
  [[ -n ${BATS_TEST_COMPLETED:-} ]] || docker_ logs --tail 20 srv >&2 || true
  docker_ rm --force --volumes srv web >/dev/null 2>&1 || true
  docker_ network rm backend >/dev/null 2>&1 || true
  rm -f "$recordings"/srv*.json
}

profile() { engine_ns "$RUNWARDCTL" profile "$@"; }

need_image() { docker_ image inspect "rw-$1" >/dev/null 2>&1 || rootfs_import "$1" "rw-$1"; }

running() { [[ $(docker_ inspect --format '{{.State.Running}}' srv) == true ]]; }

# start RUNTIME
start() {
  docker_ run --detach --name srv --runtime="$1" "${flags[@]}" "rw-$server" "${arguments[@]}" >/dev/null
  until_it_answers
}

until_it_answers() {
  local deadline=$((SECONDS + 90))
  until answers >/dev/null 2>&1; do
    running || fail 'the server has ended' || return 1
    ((SECONDS < deadline)) || fail 'no answer' || return 1
    sleep 0.3
  done
}

# In an orderly way, and its code is that of one. The id of what is gone is in $id.
stop() {
  id=$(docker_ inspect --format '{{.Id}}' srv)
  docker_ stop --time 20 srv >/dev/null
  assert_lacks ' 137 139 ' " $(docker_ inspect --format '{{.State.ExitCode}}' srv) "
  docker_ rm srv >/dev/null
}

# What recording and strace are known to see differently, and why: SERVER CALL WHY, * for all servers.
differences() {
  cat <<'END'
* clone3 the filter answers it (ENOSYS) before the recorder's tracepoint, and after strace's stop
node pkey_alloc likewise: Docker's own filter refuses it (EPERM)
END
}

# Each line of diff's that is not among them.
assert_same_calls() {
  local line call
  while read -r line; do
    call=${line#[<>] }
    differences | grep -Eq "^(\*|$server) $call " || fail "$server, < strace, > recording: $line"
  done < <(diff "$made/strace" "$made/recorded" | grep '^[<>]')
}

# record RUNTIME FILE - the first work from start to end.
record() {
  local recording
  start "$1"
  work >"$made/work.log"
  stop
  wait_until 30 compgen -G "$recordings/srv*.json"
  recording=("$recordings"/srv*.json)
  mv "${recording[0]}" "$2"
  assert_equal "$(jq -c '[.complete, ([.lost[]] | add)]' "$2")" '[true,0]' || fail "$(jq -r '.gaps[]' "$2")"
}

assert_as_strace() {
  strace_calls "$RUNTIMES/$id.trace" "$RUNTIMES/$id.threads" >"$made/strace"
  recorded_calls "$1" runtime_start application shutdown >"$made/recorded"
  [[ $(wc -l <"$made/strace") -gt 30 ]] || fail 'strace saw nothing'
  assert_same_calls
}

# record_by WAY FILE - likewise, by runwardctl, which can say by what.
record_by() {
  local recording
  "$RUNWARDCTL" profile record --calls "$1" --output "$2" -- \
    docker run --detach --name srv "${flags[@]}" "rw-$server" "${arguments[@]}" >"$made/record.log" 2>&1 3>&- &
  recording=$!
  wait_until 60 running
  until_it_answers
  work >"$made/work-$1.log"
  stop
  wait "$recording" || fail "$(cat "$made/record.log")"
  assert_equal "$(jq -c '[.mechanisms.calls, .complete, ([.lost[]] | add)]' "$2")" "[\"$1\",true,0]" || fail "$(jq -r '.gaps[]' "$2")"
}

# generate HEADROOM FLAG… - and its numbers: calls, capabilities, scratch folders, AppArmor rules.
generate() {
  run -0 profile generate "$made/recording.json" --output "$made/$1" --name work --headroom "$@"
  sizes=$(grep -o '[0-9]* system calls.*AppArmor rules' <<<"$output" | grep -o '[0-9]*' | paste -sd ' ')
}

# under HEADROOM - install the profile that it makes.
under() {
  generate "$1"
  run -0 profile check "$made/$1"
  run -0 profile install "$made/$1" --name work
}

# No call was denied: strace sees a call before the filter does, and what the filter refuses hears EPERM. Other threads of
# the runtime's are not under the filter; theirs went well.
assert_no_denials() {
  local folder=$1
  strace_calls "$RUNTIMES/$id.trace" "$RUNTIMES/$id.threads" >"$made/seen"
  [[ $(wc -l <"$made/seen") -gt 30 ]] || fail 'strace saw nothing'
  jq -r '.syscalls[] | .names[]' "$folder/seccomp.json" | sort -u >"$made/named"
  # By its name, or for its arguments.
  { comm -23 "$made/seen" "$made/named"; printf '%s\n' socket ioctl prctl personality clone; } >"$made/suspects"
  grep -E ' = -1 EPERM' "$RUNTIMES/$id.trace" | grep -E "^[0-9]+ +(<\.\.\. )?($(paste -sd '|' "$made/suspects"))[( ]" >"$made/denied" || true
  [[ ! -s $made/denied ]] || fail "denied:" "$(sort -k 2 -u "$made/denied" | head -n 20)"
}

# try_out FOLDER WORK - on trial, what the profile would refuse is told by the kernel itself, AppArmor's part too. The verdict
# is in verify.log, its code is that of verify.
try_out() {
  local verification
  # In the host's network namespace: no other hears the audit.
  nsenter --mount="/proc/$ENGINE_PID/ns/mnt" -- "$RUNWARDCTL" profile verify "$1" -- \
    docker run --detach --name srv "${flags[@]}" "rw-$server" "${arguments[@]}" >"$made/verify.log" 2>&1 3>&- &
  verification=$!
  wait_until 60 running
  until_it_answers
  "$2" >"$made/verified-work.log"
  stop
  wait "$verification"
}

verify() { try_out "$@" || fail "$(cat "$made/verify.log")"; }

# The call that the work makes most often is taken out: each time it is let through and told, and no other is.
assert_missing_call_is_told() {
  local call code=0
  call=$(jq -r '[.recordings[].calls.application.x86_64 | to_entries[] | {key, count: .value.count}] | max_by(.count).key' "$made/recording.json")
  rm -rf "$made/without"
  cp -r "$made/strict" "$made/without"
  jq --arg call "$call" '.syscalls |= (map(.names -= [$call]) | map(select(.names != [])))' "$made/strict/seccomp.json" >"$made/without/seccomp.json"
  try_out "$made/without" work || code=$?
  assert_equal "$code" 1
  assert_equal "$(sed -nE 's/^  system call ([^ ]+) .*/\1/p' "$made/verify.log" | sort -u)" "$call" || fail "$(cat "$made/verify.log")"
  assert_lacks "$(cat "$made/verify.log")" 'records were lost'
}

# holds SERVER [MOST_STRICT_CALLS]
holds() {
  server=$1 arguments=()
  [[ -n ${RUNWARD_TEST_ALL:-} || " $DEFAULT " == *" $server "* ]] || skip 'only with RUNWARD_TEST_ALL=1'
  # shellcheck disable=SC1090
  source "$BATS_TEST_DIRNAME/servers/$server/workload"
  need_image "$server"
  need_image apache2
  ! declare -F prepare >/dev/null || prepare
  if [[ -n ${started_before:-} ]]; then start runc; stop; fi
  record traced-runward-record "$made/traced.json"
  assert_as_strace "$made/traced.json"
  # At its own pace too: what a program does when it is late differs from what it does when it waits.
  record runward-record "$made/plain.json"
  run -0 profile merge "$made/traced.json" "$made/plain.json" --output "$made/recording.json"
  under strict
  local strict portable capabilities scratch rules
  read -r strict capabilities scratch rules <<<"$sizes"
  ((strict > 20 && strict <= ${2:-352})) || fail "$strict calls"
  start traced-runward-work
  work >"$made/work.log"
  stop
  assert_no_denials "$made/strict"
  verify "$made/strict" work
  assert_missing_call_is_told
  under portable
  start traced-runward-work
  other_work >"$made/other-work.log"
  stop
  assert_no_denials "$made/portable"
  verify "$made/portable" other_work
  read -r portable _ <<<"$sizes"
  [[ -z ${WORKLOAD_TABLE:-} ]] || add_to_table "$strict" "$portable" "$capabilities | $scratch | $rules"
}

# add_to_table STRICT PORTABLE REST
add_to_table() {
  local recorded
  mkdir "$BATS_TEST_TMPDIR/root"
  gzip -dc "$(_rootfs_file "$server")" | tar -C "$BATS_TEST_TMPDIR/root" -x
  [[ ! -d $BATS_TEST_DIRNAME/servers/$server/files ]] || cp -r "$BATS_TEST_DIRNAME/servers/$server/files/." "$BATS_TEST_TMPDIR/root"
  generate static --rootfs "$BATS_TEST_TMPDIR/root"
  recorded=$(jq '[.recordings[] | .calls | to_entries[] | select(.key != "runtime_start") | .value.x86_64 | keys[]] | unique | length' \
    "$made/recording.json")
  printf '| %s | %s | %s | %s | %s | 352 | %s |\n' "$server" "$recorded" "$1" "$2" "${sizes%% *}" "$3" >>"$WORKLOAD_TABLE"
}

# Where no eBPF program can be loaded: SERVER.
holds_by_audit() {
  server=$1 arguments=()
  # shellcheck disable=SC1090
  source "$BATS_TEST_DIRNAME/servers/$server/workload"
  need_image "$server"
  need_image apache2
  record_by ebpf "$made/ebpf.json"
  record_by audit "$made/recording.json"
  recorded_calls "$made/ebpf.json" application shutdown exec >"$made/by-ebpf"
  recorded_calls "$made/recording.json" application shutdown exec >"$made/by-audit"
  diff "$made/by-ebpf" "$made/by-audit" >&2 || fail 'eBPF (<) and the audit (>) saw different calls'
  under strict
  start traced-runward-work
  work >"$made/work.log"
  stop
  assert_no_denials "$made/strict"
}

@test "nginx" { holds nginx 75; }
@test "redis" { holds redis 70; }
@test "postgresql" { holds postgresql; }
@test "apache2" { holds apache2; }
@test "memcached" { holds memcached; }
@test "haproxy" { holds haproxy; }
@test "a Python web server" { holds python; }
@test "a Node web server" { holds node; }
@test "a static Go program" { holds go; }
@test "a server recorded by the kernel's audit: the calls that eBPF sees, and a profile that it runs under" { holds_by_audit nginx; }
