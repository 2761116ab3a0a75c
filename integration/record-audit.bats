#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A container's calls are recorded by the kernel's audit, where no eBPF program can be loaded or it was asked for.
#
# Each test is a subshell of its own, and may set `recording` for itself.
# shellcheck disable=SC2030,SC2031

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/record.bash"

# begin_by WAY COMMAND… - recorded into $recording, in the background; it can be entered when this returns.
begin_by() {
  local way=$1
  shift
  ctl_record --calls "$way" --output "$recording" -- docker run -d --name "$name" box "$@" >"$BATS_TEST_TMPDIR/told" 2>&1 3>&- &
  wait_until 20 docker_ exec "$name" true || fail "$(cat "$BATS_TEST_TMPDIR/told")"
}

# What both ways can tell: PHASE CALL COUNT, without the calls that a program makes more often when it is slower. A fork that
# a signal comes between is made anew.
told_by_both() {
  jq -r '.calls | to_entries[] | (if .key == "shutdown" then "application" else .key end) as $phase
    | .value.x86_64 | to_entries[] | [$phase, .key, .value.count] | join(" ")' "$recording" |
    grep -Ev ' (restart_syscall|futex|rt_sigreturn|wait4|nanosleep|clock_nanosleep|epoll_pwait|tgkill|getpid|sched_yield|madvise|mmap|munmap) |^runtime_start ' | sed 's/ clone .*/ clone/' | sort
}

# without_bpf PROGRAMS - a folder of programs in which the recorder may not call bpf(2).
without_bpf() {
  mkdir "$1"
  cp "$RUNWARD" "$1/runward"
  ln -s runward "$1/runward-record"
  cat >"$1/runward-recorder" <<END
#!/usr/bin/perl
my \$filter = join "", map { pack "S C C L", @\$_ } [0x20, 0, 0, 0], [0x15, 0, 1, 321], [0x06, 0, 0, 0x00050001], [0x06, 0, 0, 0x7fff0000];
syscall(157, 22, 2, pack("S x6 P", 4, \$filter)) == 0 or die;
exec "$(dirname "$RUNWARD")/runward-recorder", @ARGV;
END
  chmod 755 "$1/runward-recorder"
}

@test "by the audit: the same calls, as often, by the same executables as eBPF sees" {
  local script='i=0; while [ $i -lt 100 ]; do echo $i | cat | grep -c . >/dev/null; i=$((i + 1)); done
    id; ls -l /etc; date >/tmp/x; cp /tmp/x /tmp/y; mv /tmp/y /tmp/z; rm /tmp/z; ln -s x /tmp/l; readlink /tmp/l
    head -c 10000 /dev/zero | md5sum; mkfifo /tmp/f; chmod 600 /tmp/x; sync; uptime' way
  for way in ebpf audit; do
    recording=$BATS_TEST_TMPDIR/$way.json
    run ctl_record --calls "$way" --output "$recording" -- docker run --rm --name "$name" box sh -c "$script"
    ((status == 0)) || fail "$output"
    assert_complete
    assert_equal "$(value .mechanisms.calls)" "$way"
    told_by_both >"$BATS_TEST_TMPDIR/$way"
    value '[.calls.application.x86_64[].executables | keys[]] | unique[]' >>"$BATS_TEST_TMPDIR/$way"
    value '.users | tojson' >>"$BATS_TEST_TMPDIR/$way"
  done
  [[ $(wc -l <"$BATS_TEST_TMPDIR/ebpf") -gt 30 ]] || fail "$(cat "$BATS_TEST_TMPDIR/ebpf")"
  diff "$BATS_TEST_TMPDIR/ebpf" "$BATS_TEST_TMPDIR/audit"
  # What the runtime does until then is seen from the same moment on.
  assert_contains "$(calls runtime_start)" execve
  assert_contains "$(value '.gaps[]')" 'the audit tells no arguments of system calls'
  assert_equal "$(value '[.calls[][][].arguments // [] | length] | add')" 0
}

@test "by the audit: docker exec is a phase of its own, short-lived children too; two containers don't mix" {
  recording=$BATS_TEST_TMPDIR/first.json
  begin_by audit sleep 600
  docker_ run -d --name "$name-2" --runtime=runward-record box sh -c 'sync; sleep 1' >/dev/null
  run -0 docker_ exec "$name" sh -c 'true | uptime; i=0; while [ $i -lt 50 ]; do (:); i=$((i + 1)); done'
  docker_ wait "$name-2"
  docker_ kill "$name"
  wait_until 20 test -e "$recording"
  assert_complete
  assert_contains "$(calls exec)" sysinfo
  assert_lacks "$(calls application)" sysinfo
  assert_lacks "$(calls application)$(calls exec)" sync
  assert_equal "$(value '.calls.exec.x86_64.exit_group.count')" 54 # with the first `true`
}

@test "by the audit: what its profile refuses stays refused, and nothing else is let through" {
  local way bundle
  for way in ebpf audit; do
    docker_ rm -f "$name" >/dev/null 2>&1 || true
    recording=$BATS_TEST_TMPDIR/$way.json
    begin_by "$way" sh -c 'unshare -m true && echo unshared; mount -t tmpfs x /tmp && echo mounted; reboot -f; sleep 600'
    bundle=$(jq -r .bundle /run/runward/decisions/*/"$(docker_ inspect -f '{{.Id}}' "$name").json")
    jq -S .linux.seccomp "$bundle/config.json" >"$BATS_TEST_TMPDIR/$way.filter"
    sleep 1
    assert_equal "$(docker_ logs "$name" 2>/dev/null)" ''
    assert_contains "$(docker_ logs "$name" 2>&1)" 'Operation not permitted'
    docker_ kill "$name" >/dev/null
    wait_until 20 test -e "$recording"
  done
  grep -q SCMP_ACT_LOG "$BATS_TEST_TMPDIR/audit.filter"
  ! grep -q SCMP_ACT_LOG "$BATS_TEST_TMPDIR/ebpf.filter" || fail 'eBPF needs no log'
  diff "$BATS_TEST_TMPDIR/ebpf.filter" <(sed s/SCMP_ACT_LOG/SCMP_ACT_ALLOW/ "$BATS_TEST_TMPDIR/audit.filter")
  assert_complete
  assert_lacks "$(calls application)" unshare
  assert_lacks "$(calls application)" reboot
}

@test "where no eBPF program can be loaded, the calls are recorded by the audit; nobody has to ask" {
  local programs=$BATS_TEST_TMPDIR/programs
  without_bpf "$programs"
  make_bundle "$BATS_TEST_TMPDIR/bundle" '.process.args = ["sh", "-c", "sync; true | uptime"]'
  local runtime=("$programs/runward-record" --root "$BATS_TEST_TMPDIR/root")
  "${runtime[@]}" create --bundle "$BATS_TEST_TMPDIR/bundle" "$name" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
    fail "$(cat "$BATS_TEST_TMPDIR/out")"
  "${runtime[@]}" start "$name"
  wait_until 20 test -e "$recording"
  "${runtime[@]}" delete "$name"
  assert_complete
  assert_equal "$(value .mechanisms.calls)" audit
  assert_contains "$(value '.gaps[]')" "as eBPF can't be used here"
  assert_contains "$(calls application)" sync
  assert_contains "$(calls application)" sysinfo
  [[ ! -e /run/runward/audited/$name ]]
}

@test "by the audit: records that are lost make the recording incomplete" {
  recording=$BATS_TEST_TMPDIR/lost.json
  begin_by audit sh -c 'while [ ! -e /go ]; do sleep 0.1; done; dd if=/dev/zero of=/dev/null bs=1 count=300000'
  # A recorder that does not come to read for as long as that takes.
  local recorder
  recorder=$(recorder_of "$(docker_ inspect -f '{{.Id}}' "$name")")
  kill -STOP "$recorder"
  docker_ exec "$name" touch /go
  docker_ wait "$name"
  kill -CONT "$recorder"
  wait_until 60 test -e "$recording"
  assert_equal "$(value .complete)" false || fail "$(value .calls.application.x86_64.write)"
  assert_equal "$(value '.lost.calls > 0')" true
  assert_contains "$(value '.gaps[]')" 'some were lost'
  # What came behind was heard again.
  assert_lacks "$(value '.gaps[]')" 'the last records were not heard'
}

@test "by the audit: records that the kernel drops make the recording incomplete too, and it is said why" {
  has_audit_rate=1
  recording=$BATS_TEST_TMPDIR/dropped.json
  audit_rate 100000
  begin_by audit sh -c 'while [ ! -e /go ]; do sleep 0.1; done; dd if=/dev/zero of=/dev/null bs=1 count=20000; sleep 2'
  audit_rate 1000
  docker_ exec "$name" touch /go
  docker_ wait "$name"
  wait_until 60 test -e "$recording"
  assert_equal "$(value .complete)" false
  assert_equal "$(value '.lost.calls > 10000')" true || fail "$(value .lost)"
  assert_contains "$(value '.gaps[]')" 'its rate limit (auditctl -r 0)'
  # Who takes the limit away ends the counting.
  recording=$BATS_TEST_TMPDIR/untold.json
  docker_ rm "$name"
  begin_by audit sleep 600
  audit_rate 0
  docker_ kill "$name"
  wait_until 60 test -e "$recording"
  assert_equal "$(value .complete)" false
  assert_contains "$(value '.gaps[]')" "can't be told"
}

@test "by the audit: a host that does not log is told what to change, and no container is left" {
  local programs=$BATS_TEST_TMPDIR/programs runtime
  without_bpf "$programs"
  make_bundle "$BATS_TEST_TMPDIR/bundle"
  runtime=("$programs/runward-record" --root "$BATS_TEST_TMPDIR/root")
  echo 'kill_process errno' >"$BATS_TEST_TMPDIR/logged"
  # shellcheck disable=SC2016  # the inner shell's
  run -1 unshare -m sh -c 'mount --bind "$0" /proc/sys/kernel/seccomp/actions_logged; exec "$@"' "$BATS_TEST_TMPDIR/logged" \
    "${runtime[@]}" create --bundle "$BATS_TEST_TMPDIR/bundle" "$name"
  assert_contains "$output" "was to be recorded, and can't be"
  assert_contains "$output" "eBPF can't be used here"
  assert_contains "$output" 'sysctl kernel.seccomp.actions_logged'
  # The audit speaks to the host's network namespace only, and that can't be found.
  # shellcheck disable=SC2016
  run -1 unshare -mn sh -c 'mount -t tmpfs none /proc/2/ns; exec "$@"' - "${runtime[@]}" create --bundle "$BATS_TEST_TMPDIR/bundle" "$name"
  assert_contains "$output" "must be the host's network namespace"
  assert_equal "$(ls "$BATS_TEST_TMPDIR/root" 2>/dev/null)" ''
}

@test "by the audit: who reads a file is its executable, whatever it calls itself" {
  recording=$BATS_TEST_TMPDIR/comm.json
  # So often that some have ended before they can be looked at.
  # shellcheck disable=SC2016  # the container's shell
  run -0 ctl_record --calls audit --output "$recording" -- docker run --rm --name "$name" box \
    sh -c 'i=0; while [ $i -lt 100 ]; do sh -c "echo evil >/proc/self/comm; read x </etc/passwd"; i=$((i + 1)); done'
  assert_complete
  assert_equal "$(value '.files["/etc/passwd"].executables | keys | join(" ")')" /bin/busybox
}

@test "by the audit: an exec by another name of runward is in it too, and leaves nothing once the recording has ended" {
  local id marks runtime=("$BATS_TEST_TMPDIR/runward" --root)
  recording=$BATS_TEST_TMPDIR/exec.json
  begin_by audit sleep 600
  id=$(docker_ inspect -f '{{.Id}}' "$name")
  marks=/run/runward/audited/$id
  runtime+=("$(jq -r .runtime_root "/run/runward/decisions/"*"/$id.json")")
  ln -s "$RUNWARD" "${runtime[0]}"
  "${runtime[@]}" exec "$id" sync
  kill -TERM "$(recorder_of "$id")"
  wait_until 20 test -e "$recording"
  assert_contains "$(calls exec)" sync
  local before
  before=$(ls "$marks")
  "${runtime[@]}" exec "$id" sync
  assert_equal "$(ls "$marks")" "$before"
}

@test "by the audit: only who runs runwardctl as root may ask for it where eBPF works" {
  local wish=/run/runward/recording-wishes/$name
  # Without a wish, and with one that nobody holds.
  mkdir -p "$wish"
  run -0 record --cidfile "$wish/id" --label calls=audit --annotation io.runward.calls=audit -e RUNWARD_CALLS=audit -- true ||
    run -0 record --cidfile "$wish/id" --label calls=audit -e RUNWARD_CALLS=audit -- true
  assert_equal "$(value .mechanisms.calls)" ebpf
  docker_ rm -f "$name" >/dev/null
  rm "$wish/id"
  echo "{\"calls\": \"audit\", \"id_file\": \"$wish/id\"}" >"$wish/wish"
  run -0 record --cidfile "$wish/id" -- true
  assert_equal "$(value .mechanisms.calls)" ebpf
  rm -r "$wish"
  run -2 ctl_record --calls strace -- docker run box true
  run -2 ctl_record --calls audit -- docker run --cidfile "$BATS_TEST_TMPDIR/id" box true
  # Who asks, with whatever umask, gets it.
  recording=$BATS_TEST_TMPDIR/asked.json
  (umask 0 && ctl_record --calls audit --output "$recording" -- docker run --rm box true)
  assert_equal "$(value .mechanisms.calls)" audit
}
