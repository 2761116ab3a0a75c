#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a container does is recorded: all of it, of it alone, and without its noticing.
#
# Each test is a subshell of its own, and may set `recording` for itself.
# shellcheck disable=SC2030,SC2031

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/record.bash"
# shellcheck source=lib/strace.bash
source "$BATS_TEST_DIRNAME/lib/strace.bash"

# The ids of the kernel's BPF programs: bpf(2), BPF_PROG_GET_NEXT_ID.
bpf_programs() {
  perl -e 'for (my $id = 0;;) { my $a = pack("L2 x120", $id, 0); last if syscall(321, 11, $a, length $a) != 0;
    $id = (unpack("L2", $a))[1]; print "$id\n" }'
}

fanotify_groups() { grep -ls '^fanotify ' /proc/[0-9]*/fdinfo/* 2>/dev/null | wc -l; }

recorders() { pgrep -cx runward-recorde || true; }

nothing_is_left() {
  [[ $(recorders) == 0 ]] && [[ $(fanotify_groups) == "$1" ]] && [[ -z $(comm -13 <(sort <<<"$2") <(bpf_programs | sort)) ]]
}

# --- what is recorded -----------------------------------------------------------------------

@test "a loop of 300 pipelines: each works, and each is counted" {
  run -0 record -- sh -c 'i=0; while [ $i -lt 300 ]; do echo $i | cat | grep -c . || echo broken; i=$((i + 1)); done'
  assert_equal "$(grep -cx 1 <<<"$output")" 300
  assert_lacks "$output" broken
  assert_complete
  assert_equal "$(value '.calls.application.x86_64.execve.executables["/bin/busybox"] >= 600')" true ||
    fail "$(value .calls.application.x86_64.execve)"
  assert_equal "$(value '.calls.application.x86_64 | (.pipe // .pipe2).count')" 600
}

# Both watch the same run: what one sees and the other does not is printed, and is an error.
@test "the same calls as strace -f sees in the same run" {
  local bundle=$BATS_TEST_TMPDIR/bundle root=$BATS_TEST_TMPDIR/root runtime=$RUNTIMES/runward-record init tracer
  make_bundle "$bundle" '.process.args = ["sh", "-c", "i=0; while [ $i -lt 300 ]; do echo $i | cat | wc -l; i=$((i + 1)); done
        id; ls -l /etc; date >/tmp/x; cp /tmp/x /tmp/y; mv /tmp/y /tmp/z; rm /tmp/z; ln -s x /tmp/l; readlink /tmp/l
        nc -l -p 1234 & sleep 1; kill $!; head -c 10000 /dev/zero | md5sum; mkfifo /tmp/f; chmod 600 /tmp/x"]
    | .process.capabilities |= with_entries(.value = ["CAP_CHOWN"])'
  "$runtime" --root "$root" create --bundle "$bundle" --pid-file "$bundle/pid" "$name" </dev/null >"$bundle/out" 2>&1
  init=$(cat "$bundle/pid")
  strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -p "$init" 3>&- &
  tracer=$!
  ls "/proc/$init/task" >"$BATS_TEST_TMPDIR/threads"
  wait_until 20 grep -qs "^TracerPid:.*[1-9]" "/proc/$init/status"
  "$runtime" --root "$root" start "$name"
  wait "$tracer" || true
  "$runtime" --root "$root" delete "$name"
  recording=$recordings/$name.json
  assert_complete
  strace_calls "$BATS_TEST_TMPDIR/trace" "$BATS_TEST_TMPDIR/threads" >"$BATS_TEST_TMPDIR/strace"
  recorded_calls "$recording" runtime_start application >"$BATS_TEST_TMPDIR/recorded"
  [[ $(wc -l <"$BATS_TEST_TMPDIR/strace") -gt 40 ]] || fail "strace saw nothing" "$(head "$BATS_TEST_TMPDIR/trace")"
  diff "$BATS_TEST_TMPDIR/strace" "$BATS_TEST_TMPDIR/recorded"
}

@test "a container that ends at once" {
  run -0 record -- true
  assert_complete
  assert_contains "$(calls application)" exit_group
  assert_contains "$(calls runtime_start)" execve
  assert_equal "$(value '.calls.application.x86_64.exit_group.count')" 1
}

@test "10,000 forks" {
  run -0 record --pids-limit 100 -- sh -c 'i=0; while [ $i -lt 10000 ]; do (:); i=$((i + 1)); done'
  assert_complete
  assert_equal "$(value '.calls.application.x86_64.exit_group.count')" 10001
  assert_equal "$(value '[.calls.application.x86_64 | (.clone, .fork, .vfork) | select(. != null).count] | add')" 10000
}

@test "a container that is killed; and one that is told to end has a phase for that" {
  docker_ run -d --name "$name" --runtime=runward-record box sleep 600
  docker_ kill "$name"
  wait_until 20 test -e "$recording"
  assert_complete
  docker_ run -d --name "$name-2" --runtime=runward-record box sh -c 'trap "sync; exit 0" TERM; while :; do sleep 0.1; done'
  sleep 1
  docker_ stop -t 10 "$name-2"
  recording=$recordings/$name-2.json
  wait_until 20 test -e "$recording"
  assert_complete
  assert_contains "$(calls shutdown)" sync
  assert_lacks "$(calls application)" sync
}

@test "docker exec is a phase of its own, and so are its children" {
  docker_ run -d --name "$name" --runtime=runward-record box sleep 600
  run -0 docker_ exec "$name" sh -c 'sync; true | uptime'
  docker_ kill "$name"
  wait_until 20 test -e "$recording"
  assert_complete
  assert_contains "$(calls exec)" sync
  assert_contains "$(calls exec)" sysinfo
  assert_lacks "$(calls application)" sync
  assert_lacks "$(calls application)" sysinfo
}

@test "two containers at once don't mix" {
  docker_ run -d --name "$name" --runtime=runward-record box sh -c 'i=0; while [ $i -lt 500 ]; do sync; i=$((i + 1)); done; : >/of-a'
  docker_ run -d --name "$name-2" --runtime=runward-record box sh -c 'i=0; while [ $i -lt 500 ]; do uptime >/dev/null; i=$((i + 1)); done; : >/of-b'
  docker_ wait "$name" "$name-2"
  wait_until 20 test -e "$recording"
  wait_until 20 test -e "$recordings/$name-2.json"
  assert_complete
  assert_contains "$(calls application)" sync
  assert_lacks "$(calls application)" sysinfo
  assert_equal "$(value '.upper.created | index("/of-a") != null and index("/of-b") == null')" true
  recording=$recordings/$name-2.json
  assert_complete
  assert_lacks "$(calls application)" sync
  assert_contains "$(calls application)" sysinfo
}

@test "files: read, written, executed, by whom; and what the writable layer has" {
  run -0 record -v /data -- sh -c 'cat /etc/passwd >/dev/null; echo x >/new; echo x >>/etc/group; rm /etc/passwd
    mkdir -p /a/b; echo x >/data/v; ls /var >/dev/null; printf x >"$(printf "/odd\nname")"; cat /proc/self/stat >/dev/null'
  assert_complete
  assert_equal "$(value '.files["/etc/passwd"] | .read, .write // false, .executables | tojson')" \
    $'true\nfalse\n{"/bin/busybox":1}'
  assert_equal "$(value '.files["/new"].write, .files["/data/v"].write, .files["/bin/busybox"].execute, .files["/var"].directory')" \
    $'true\ntrue\ntrue\ntrue'
  assert_equal "$(value '.files["/odd\\x0aname"].write')" true
  assert_equal "$(value '.files["/proc/@{pid}/stat"].read')" true
  assert_equal "$(value '.upper.written | index("/etc/group") != null')" true
  assert_equal "$(value '.upper.deleted | tojson')" '["/etc/passwd"]'
  assert_equal "$(value '.upper.created | [index("/new", "/a", "/a/b")] | all')" true
  # What Docker itself says of the layer, but for the folders that are only there for what is below them.
  assert_equal "$(value '.upper | (.created[] | "A " + .), (.deleted[] | "D " + .)' | sort)" \
    "$(docker_ diff "$name" | grep -v '^C ' | sed 's/\n/\\x0a/' | sort | sed 's/^A \/odd$/A \/odd\\x0aname/; /^name$/d')"
}

@test "ports, peaks, users, arguments, image and command" {
  docker_ run -d --name "$name" --runtime=runward-record --user 1000:1000 -e SECRET=hush-hush box \
    sh -c 'nc -l -p 8080 & x=$(head -c 3000000 /dev/zero | tr "\\0" x); sleep 3; kill %1'
  docker_ wait "$name"
  wait_until 20 test -e "$recording"
  assert_equal "$(value '.ports | map(.protocol + "/" + (.port | tostring)) | join(" ")')" 'tcp/8080'
  assert_equal "$(value '.users | tojson')" '[{"gid":1000,"uid":1000}]'
  assert_equal "$(value '.peaks | .memory > 1000000 and .pids >= 2 and .cpu_time > 0')" true || fail "$(value .peaks)"
  assert_equal "$(value .image)" box
  assert_equal "$(value '.command[0:2] | join(" ")')" 'sh -c'
  assert_equal "$(value '[.calls.application.x86_64.socket.arguments[].values[0:2]] | unique | map(.[1] % 2048) | sort | tojson')" '[1]'
  assert_equal "$(value .host.kernel)" "$(uname -r)"
  assert_lacks "$(cat "$recording")" hush-hush
  assert_equal "$(stat -c '%a %u' "$recording")" '600 0'
}

@test "capabilities, where the kernel tells of them" {
  run -0 record -- sh -c 'chown 1000 /etc/group'
  if [[ $(value .mechanisms.capabilities) != ebpf ]]; then
    assert_contains "$(value '.gaps[]')" 'does not tell of capabilities'
    skip 'the kernel has no tracepoint cap_capable'
  fi
  assert_contains "$(value '.capabilities.application | keys[]')" CAP_CHOWN
}

@test "calls of the 32-bit ABI are not taken for native ones" {
  command -v gcc >/dev/null || skip 'no C compiler on this machine'
  # getpid is 20 for i386, which is writev for x86_64.
  gcc -static -o "$ROOTFS/bin/int80" -x c - <<<'int main(void) { long r; asm volatile("int $0x80" : "=a"(r) : "a"(20)); return r < 0; }'
  tar -C "$ROOTFS" -c . | docker_ import - with-int80 >/dev/null
  rm "$ROOTFS/bin/int80"
  # The profile's own filter closes that ABI.
  mkdir "$ENGINE_POLICY/profiles/record"
  echo '{"extends": "record", "rules": {"seccomp": {"baseline": "builtin:compat"}}}' >"$ENGINE_POLICY/profiles/record/profile.json"
  docker_ run --name "$name" --runtime=runward-record with-int80 int80 || true
  rm -r "$ENGINE_POLICY/profiles/record"
  assert_equal "$(value '.calls.application.x86 | keys | tojson')" '["getpid"]'
}

@test "what has no room makes the recording incomplete" {
  command -v gcc >/dev/null || skip 'no C compiler on this machine'
  gcc -static -o "$ROOTFS/bin/many" -x c - <<<'#include <sys/ioctl.h>
    int main(void) { for (unsigned i = 0; i < 20000; i++) ioctl(0, i << 8); return 0; }'
  tar -C "$ROOTFS" -c . | docker_ import - with-many >/dev/null
  rm "$ROOTFS/bin/many"
  run -0 docker_ run --name "$name" --runtime=runward-record with-many many
  assert_equal "$(value .complete)" false
  assert_equal "$(value '.lost.arguments > 10000 and .lost.calls == 0')" true
  assert_equal "$(value '.calls.application.x86_64.ioctl.count >= 20000')" true
}

# A path has 4,096 bytes at most: five thousand of nearly that are more than the recorder keeps.
long_paths='long=$(head -c 240 /dev/zero | tr "\\0" d); i=0
  while [ $i -lt 15 ]; do mkdir $long && cd $long || exit 9; i=$((i + 1)); done
  i=0; while [ $i -lt 5000 ]; do : >$i$long; i=$((i + 1)); done'

@test "names of files without end do not fill the host's memory, and make the recording incomplete" {
  local largest
  docker_ run -d --name "$name" --runtime=runward-record box sh -c "$long_paths; echo made; sleep 3600" >/dev/null
  wait_until 60 eval 'docker_ logs "$name" | grep -qx made'
  largest=$(awk '/^VmHWM:/ {print $2}' "/proc/$(recorder_of "$(docker_ inspect -f '{{.Id}}' "$name")")/status")
  docker_ kill "$name" >/dev/null
  wait_until 60 test -e "$recording"
  # 16 MiB of names of files.
  ((largest < 65536)) || fail "the recorder has taken $largest KiB"
  assert_equal "$(value .complete)" false
  assert_equal "$(value '.lost.files > 500')" true || fail "$(value .lost)"
  assert_equal "$(value '[.files | keys[] | length] | add | . > 15000000 and . < 17500000')" true || fail "$(value '[.files | keys[] | length] | add')"
  assert_contains "$(value '.gaps[]')" 'the writable layer has more files than a recording takes'
  assert_equal "$(value '[.upper.created[] | length] | add | . < 17500000')" true
}

@test "nor do those of executables" {
  # It is still there when its files are looked at, so that it is known by its path.
  run -0 record -- sh -c 'long=$(head -c 240 /dev/zero | tr "\0" d); i=0
    while [ $i -lt 15 ]; do mkdir $long && cd $long || exit 9; i=$((i + 1)); done
    cp /bin/busybox busybox && ./busybox sh -c "i=0; while [ \$i -lt 6000 ]; do : >/\$i; i=\$((i + 1)); done; sleep 5"'
  assert_equal "$(value .complete)" false
  assert_equal "$(value '.lost.files > 500')" true || fail "$(value .lost)"
  assert_equal "$(value '[.files[].executables // {} | keys[] | length] | add | . > 15000000 and . < 17500000')" true ||
    fail "$(value '[.files[].executables // {} | keys[] | length] | add')"
}

# Who can write to a volume can put a link where another one is mounted in it, between the recorder's look at the mounts
# and its watching them: strace makes room for that. A link to / would lead it to the host's.
@test "a mount point that becomes a link does not lead the recorder out of the container" {
  local runtime=("$RUNTIMES/runward-record" --root "$BATS_TEST_TMPDIR/root") volume=$BATS_TEST_TMPDIR/volume tracer recorder host
  mkdir -p "$volume/in" "$BATS_TEST_TMPDIR/other"
  make_bundle "$BATS_TEST_TMPDIR/bundle" '.process.args = ["sleep", "600"]
    | .mounts += [{destination: "/v", type: "bind", source: ($test + "/volume"), options: ["rbind"]},
                  {destination: "/v/in", type: "bind", source: ($test + "/other"), options: ["rbind"]}]'
  "${runtime[@]}" create --bundle "$BATS_TEST_TMPDIR/bundle" "$name" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
  strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=fanotify_init,fanotify_mark \
    -e inject=fanotify_init:delay_enter=$((3000000 * ${PATIENCE:-1})) "${runtime[@]}" start "$name" 3>&- &
  tracer=$!
  wait_until 20 grep -q fanotify_init "$BATS_TEST_TMPDIR/trace"
  mv "$volume/in" "$volume/away"
  ln -s / "$volume/in"
  is_running() { [[ $("${runtime[@]}" state "$name" | jq -r .status) == running && -n $(recorder_of "$name") ]]; }
  wait_until 20 is_running
  recorder=$(recorder_of "$name")
  host=$(awk '$5 == "/" {printf "%x", $1; exit}' /proc/self/mountinfo)
  run grep -h '^fanotify' "/proc/$recorder/fdinfo" -r
  "${runtime[@]}" delete --force "$name"
  wait "$tracer" || true
  assert_contains "$output" 'fanotify mnt_id:'
  assert_lacks "$output" "mnt_id:$host "
  recording=$recordings/$name.json
  wait_until 20 test -e "$recording"
  assert_contains "$(value '.gaps[]')" '/v/in'
  assert_equal "$(value .complete)" false
}

# The container's filesystem is reached by others too, through its first process or an open folder. From a pid namespace of
# their own they are looked at as the container's are; strace makes the recorder slower than they are.
@test "who opens files in what was the container's does not keep its recorder, and its end, for long" {
  docker_ run -d --name "$name" --runtime=runward-record box \
    sh -c 'mkdir /many; i=0; while [ $i -lt 2000 ]; do : >/many/$i; i=$((i + 1)); done; echo made; sleep 3600' >/dev/null
  wait_until 60 eval 'docker_ logs "$name" | grep -qx made'
  strace -qq -o /dev/null -e 'trace=?readlink,?readlinkat' -e 'inject=?readlink,?readlinkat:delay_enter=1000' \
    -p "$(recorder_of "$(docker_ inspect -f '{{.Id}}' "$name")")" 3>&- &
  for _ in 1 2; do
    # shellcheck disable=SC2016  # perl's
    unshare --pid --fork --kill-child perl -e 'chdir shift or die; my @files = glob "many/*";
      for (;;) { for my $f (@files) { sysopen my $file, $f, 0 } }' "/proc/$(pid_of "$name")/root" 3>&- &
    openers+=($!)
  done
  sleep 2
  docker_ kill "$name" >/dev/null
  wait_until 28 test -e "$recording"
  assert_equal "$(value .complete)" false
  assert_equal "$(value '.gaps | map(select(startswith("files were"))) | length')" 1 || fail "$(value '.gaps[]')"
}

# --- the recorder ---------------------------------------------------------------------------

@test "killing the recorder does not harm the container, and leaves nothing" {
  local before groups
  before=$(bpf_programs) groups=$(fanotify_groups)
  docker_ run -d --name "$name" --runtime=runward-record box sh -c 'while [ ! -e /go ]; do sleep 0.1; done; sync; echo went on'
  assert_equal "$(recorders)" 1
  kill -KILL "$(pgrep -x runward-recorde)"
  wait_until 20 nothing_is_left "$groups" "$before"
  run -0 docker_ exec "$name" touch /go
  assert_equal "$(docker_ wait "$name")" 0
  assert_contains "$(docker_ logs "$name")" 'went on'
  [[ ! -e $recording ]]
}

@test "no process, BPF program or fanotify group is left; logs hold the container's words only" {
  local before groups
  before=$(bpf_programs) groups=$(fanotify_groups)
  run -0 record -- echo only this
  assert_equal "$output" 'only this'
  assert_equal "$(docker_ logs "$name" 2>&1)" 'only this'
  wait_until 20 nothing_is_left "$groups" "$before"
}

@test "no recorder: the container does not start, and the message says why" {
  local programs=$BATS_TEST_TMPDIR/programs
  mkdir "$programs"
  cp "$RUNWARD" "$programs/runward"
  ln -s runward "$programs/runward-record"
  make_bundle "$BATS_TEST_TMPDIR/bundle"
  local runtime=("$programs/runward-record" --root "$BATS_TEST_TMPDIR/root")
  run -1 "${runtime[@]}" create --bundle "$BATS_TEST_TMPDIR/bundle" "$name"
  assert_contains "$output" "was to be recorded, and can't be"
  # One that is gone only then.
  cp "$(dirname "$RUNWARD")/runward-recorder" "$programs/"
  "${runtime[@]}" create --bundle "$BATS_TEST_TMPDIR/bundle" "$name" </dev/null >/dev/null 2>&1
  rm "$programs/runward-recorder"
  run -1 "${runtime[@]}" start "$name"
  assert_contains "$output" "was to be recorded, and can't be"
  assert_equal "$(grep -Eic "$engine_words" <<<"$output")" 0
  assert_equal "$("${runtime[@]}" state "$name" | jq -r .status)" created
  "${runtime[@]}" delete --force "$name"
}

@test "a container in another one's pid namespace can't be told from that, and is refused" {
  docker_ run -d --name "$name" --runtime=runward box sleep 600
  run -125 docker_ run --name "$name-2" --runtime=runward-record --pid "container:$name" box true
  assert_contains "$output" "another one's pid namespace"
}

@test "a container that is started again is recorded anew" {
  run -0 record -- sh -c '[ -e /first ] && sync; : >/first'
  assert_lacks "$(calls application)" sync
  docker_ start -a "$name"
  assert_complete
  assert_contains "$(calls application)" sync
}

@test "an earlier recording of that name is kept beside it" {
  local word
  for word in first second third; do
    docker_ rm -f "$name" >/dev/null 2>&1 || true
    run -0 record -- true "$word"
  done
  assert_equal "$(value '.command[1]')" third
  assert_equal "$(value '.command[1]' "$recordings/$name~1.json") $(value '.command[1]' "$recordings/$name~2.json")" 'first second'
  run -0 ctl_record --name "$name" -- docker run --rm box true fourth
  assert_equal "$(value '.command[1]') $(value '.command[1]' "$recordings/$name~3.json")" 'fourth third'
}

# --- runwardctl profile record --------------------------------------------------------------

@test "runwardctl profile record: the container's output and exit code, and the recording under its name" {
  run --separate-stderr -7 ctl_record --name "$name-named" -- docker run --rm box sh -c 'echo out; exit 7'
  assert_equal "$output" out
  assert_contains "$stderr" "$recordings/$name-named.json"
  assert_equal "$(value .name "$recordings/$name-named.json")" "$name-named"
  assert_equal "$(value .complete "$recordings/$name-named.json")" true
  run -0 ctl_record --output "$BATS_TEST_TMPDIR/here.json" -- docker run --name "$name" box true
  assert_equal "$(value .name "$BATS_TEST_TMPDIR/here.json")" "$name"
  [[ ! -e $recording ]]
}

@test "runwardctl profile record --for: the recording ends, the container does not" {
  run -0 ctl_record --for 1s -- docker run -d --name "$name" box sleep 600
  assert_contains "$output" 'recording was ended before the container'
  assert_equal "$(value .complete)" false
  assert_equal "$(docker_ inspect -f '{{.State.Running}}' "$name")" true
  assert_equal "$(recorders)" 0
}

@test "runwardctl profile record: ^C ends the container, and the recording is kept" {
  setsid bash -c 'trap - INT; exec "$@"' - "$RUNWARDCTL" profile record -- docker run --name "$name" box \
    sh -c 'trap "exit 0" INT; while :; do sleep 0.1; done' >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  wait_until 20 docker_ exec "$name" true
  # To the process group, as a terminal does.
  kill -INT -- "-$(pgrep -f "profile record -- docker run --name $name" | head -n 1)"
  wait_until 30 test -e "$recording"
  assert_complete
  wait_until 30 grep -q "$recording" "$BATS_TEST_TMPDIR/out"
}

@test "runwardctl profile record: what makes no sense is a usage error, and starts nothing" {
  run -2 ctl_record
  run -2 ctl_record -- docker ps
  run -2 ctl_record -- docker run --runtime=runc box true
  assert_contains "$output" 'names a runtime'
  run -2 ctl_record --for soon -- docker run box true
  run -2 ctl_record --name ../x -- docker run box true
  assert_equal "$(docker_ ps -aq)" ''
}
