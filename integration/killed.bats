#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL at every system call of runward's, and of the low-level runtime's in create: no container is left that is not
# hardened, no decision that could serve another container, and nothing that the next delete does not clear.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  need_packages runc jq busybox-static python3 strace
  link_runtimes
  export ROOTFS=$BATS_FILE_TMPDIR/rootfs
  busybox_rootfs "$ROOTFS"
}

setup() {
  bundle=$BATS_TEST_TMPDIR/bundle root=$BATS_TEST_TMPDIR/runtime/plain id=killed-$$
  mkdir -p "$bundle"
  write_config
}

teardown() { runward delete --force "$id" 2>/dev/null || true; }

write_config() {
  rm -f "$bundle"/config*.json
  (cd "$bundle" && runc spec)
  jq -c ".process.terminal = false | .process.args = [\"sleep\", \"600\"] | .root.path = \"$ROOTFS\"
    | .process.capabilities |= with_entries(.value = ([\"CHOWN\", \"DAC_OVERRIDE\", \"FSETID\", \"FOWNER\", \"MKNOD\",
        \"NET_RAW\", \"SETGID\", \"SETUID\", \"SETFCAP\", \"SETPCAP\", \"NET_BIND_SERVICE\", \"SYS_CHROOT\", \"KILL\",
        \"AUDIT_WRITE\"] | map(\"CAP_\" + .)))
    | .linux.cgroupsPath = \"/docker/$id\"" "$bundle/config.json" >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
}

runward() { "$RUNTIMES/runward" --root "$root" "$@"; }

# Without a terminal, what runc starts has our stdout and stderr for its own: bats would wait for it.
start() { runward create --bundle "$bundle" --pid-file "$bundle/pid" "$id" </dev/null >/dev/null 2>&1 && runward start "$id"; }

decision() { find /run/runward/decisions -name "$id.json" 2>/dev/null; }

# What stands for the container beside its decision: its range of host ids, a range that was being made, the folder of
# its root filesystem, and a runward, or one's user namespace, that goes on.
leftovers() {
  local new pid
  grep -rlsF "$root/$id" /run/runward/ranges || true
  for new in /run/runward/ranges/*/.new-*; do
    pid=${new##*/.new-} pid=${pid%%.*}
    [[ ! -e $new || -e /proc/$pid ]] || printf '%s\n' "$new"
  done
  find /run/runward/rootfs -mindepth 2 -name "$id" 2>/dev/null || true
  for pid in $(pgrep -x runward); do
    if grep -qsaF "$root" "/proc/$pid/cmdline"; then printf 'process %s\n' "$pid"; fi
  done
}

no_leftovers() {
  local left
  left=$(leftovers)
  [[ -z $left ]] || fail "at $1: $left"
}

no_process_in_its_cgroup() {
  local left
  left=$(grep -ls "/docker/$id" /proc/[0-9]*/cgroup || true)
  [[ -z $left ]] || fail "$left"
}

# runc without runward leaves the empty cgroups too, of which it has not written down yet that they are there.
remove_empty_cgroups() { find /sys/fs/cgroup -depth -type d -path "*/docker/$id" -exec rmdir {} + 2>/dev/null || true; }

# strace leaves the runtime alone once it is runc, and does not wait for it.
no_runtime_runs() { ! pgrep -f -- "--root $root " >/dev/null; }
settled() { wait_until 20 no_runtime_runs; }

# Calls that leave the world as it was, for whoever has no O_CREAT: a kill behind one is the same as a kill before it.
looking='^(access|arch_prctl|brk|close|execve|f?stat(fs)?|newfstatat|fcntl|getdents64|getpid|getrandom|get[eu]?[ug]id|ioctl|lseek|madvise|m(un)?map|mprotect|openat2?|prctl|pread64|prlimit64|read|readlink(at)?|rseq|rt_sig[a-z]*|set_robust_list|set_tid_address|sysinfo|uname)[(]'

# steps CALL… - "NAME N" for the Nth call of each system call until runward becomes runc: the first, the last, and each
# behind one that may have changed something; with EVERY_CALL=1 all. Its stdin is ours.
steps() {
  strace -qq -b execve -o "$BATS_TEST_TMPDIR/trace" "$@" >/dev/null 2>&1 || true
  settled
  sed -nE 's/^(([a-z0-9_]+)\(.*)/\2 \1/p' "$BATS_TEST_TMPDIR/trace" | awk -v looking="$looking" -v every="${EVERY_CALL:-0}" '
    $1 == "exit_group" {next}
    {
      step = $1 " " ++n[$1]; printed = 0
      if (NR == 2 || every || changed) {print step; printed = 1}
      $1 = ""; changed = substr($0, 2) !~ looking || /O_CREAT/
    }
    END {if (!printed) print step}' | grep -v '^execve 1$'
}

# killed_at NAME N CALL… - the call, until there.
killed_at() {
  local name=$1 number=$2
  shift 2
  strace -qq -b execve -o /dev/null -e "inject=$name:signal=KILL:when=$number" "$@" >/dev/null 2>&1 || true
  settled
}

processes_in_container() { wc -l <"$(cgroup_folder "$(cat "$bundle/pid")" pids)/cgroup.procs"; }

first_is_hardened() {
  local status
  status=$(cat "/proc/$(cat "$bundle/pid")/status")
  [[ $status == *$'NoNewPrivs:\t1'* && $status == *$'Seccomp:\t2'* && $status == *$'CapBnd:\t00000000000005fb'* ]] || fail "$status"
}

@test "create" {
  local call name number count=0
  call=("$RUNTIMES/runward" --root "$root" create --bundle "$bundle" --pid-file "$bundle/pid" "$id")
  steps "${call[@]}" </dev/null >"$BATS_TEST_TMPDIR/steps"
  runward delete --force "$id"
  while read -r name number; do
    write_config
    killed_at "$name" "$number" "${call[@]}" </dev/null
    jq -e .process "$bundle/config.json" >/dev/null || fail "at $name $number: half a config.json" || return 1
    if [[ -e $root/$id/state.json ]]; then first_is_hardened || fail "at $name $number" || return 1; fi
    runward delete --force "$id" || true
    [[ ! -e $root/$id && -z $(decision) ]] || fail "at $name $number: delete left something" || return 1
    no_leftovers "$name $number" || return 1
    count=$((count + 1))
  done <"$BATS_TEST_TMPDIR/steps"
  ((count > 3)) || fail "only $count system calls"
  write_config
  start
  first_is_hardened
  # Else nothing was looked for above.
  [[ $(leftovers) == *ranges/*rootfs/* ]] || fail "what is looked for: $(leftovers)"
}

# Whoever of runc's makes the call: the program itself, what it forks, or what becomes the container. A fortieth of the calls,
# and all of them with RUNWARD_TEST_ALL=1, which takes a quarter of an hour.
@test "create, where it is the low-level runtime that is killed" {
  [[ $(uname -m) == x86_64 ]] || skip 'numbers of system calls of x86-64'
  local folder=$BATS_TEST_TMPDIR/killed i count=0 total step=40
  mkdir "$folder"
  # shellcheck disable=SC2016  # expands in the script
  printf '#!/bin/sh\nexec python3 %s "$(cat %s)" %s "$@"\n' "$BATS_TEST_DIRNAME/lib/kill-at-call.py" "$folder/at" "$(type -P runc)" >"$folder/runc"
  chmod 755 "$folder/runc"
  echo 0 >"$folder/at"
  PATH=$folder:$PATH runward create --bundle "$bundle" --pid-file "$bundle/pid" "$id" </dev/null >"$folder/total" 2>&1
  total=$(cat "$folder/total")
  runward delete --force "$id"
  ((total > 200)) || fail "runc makes only $total calls"
  [[ -z ${RUNWARD_TEST_ALL:-} ]] || step=$total
  for ((i = 1; i <= step; i++)); do
    write_config
    echo $((total * i / step)) >"$folder/at"
    PATH=$folder:$PATH runward create --bundle "$bundle" --pid-file "$bundle/pid" "$id" </dev/null >/dev/null 2>&1 || count=$((count + 1))
    settled
    runward delete --force "$id" || true
    [[ ! -e $root/$id && -z $(decision) ]] || fail "at $(cat "$folder/at"): delete left something" || return 1
    no_leftovers "$(cat "$folder/at")" || return 1
    assert_equal "$(grep -E "$BATS_TEST_TMPDIR| /run/runward" /proc/self/mounts || true)" "" || return 1
    wait_until 10 no_process_in_its_cgroup || fail "at $(cat "$folder/at")" || return 1
    remove_empty_cgroups
  done
  echo "# $count of $step creates failed by a kill at one of $total calls" >&3
  ((count * 2 > step)) || fail "only $count were killed"
}

@test "exec" {
  start
  local call name number count=0
  call=("$RUNTIMES/runward" --root "$root" exec "$id" true)
  steps "${call[@]}" </dev/null >"$BATS_TEST_TMPDIR/steps"
  while read -r name number; do
    killed_at "$name" "$number" "${call[@]}" </dev/null
    wait_until 10 test "$(processes_in_container)" = 1 || fail "at $name $number: a process was left" || return 1
    count=$((count + 1))
  done <"$BATS_TEST_TMPDIR/steps"
  ((count > 3)) || fail "only $count system calls"
  run -0 runward exec "$id" grep CapBnd /proc/self/status
  assert_contains "$output" 00000000000005fb
}

@test "update" {
  start
  local call name number count=0 before
  before=$(md5sum <"$(decision)")
  call=("$RUNTIMES/runward" --root "$root" update --memory -1 --cpu-quota 1000000000 --pids-limit -1 "$id")
  steps "${call[@]}" </dev/null >"$BATS_TEST_TMPDIR/steps"
  while read -r name number; do
    killed_at "$name" "$number" "${call[@]}" </dev/null
    (($(cat "$(cgroup_folder "$(cat "$bundle/pid")" pids)/pids.max") <= 4096)) || fail "at $name $number" || return 1
    count=$((count + 1))
  done <"$BATS_TEST_TMPDIR/steps"
  ((count > 3)) || fail "only $count system calls"
  assert_equal "$(md5sum <"$(decision)")" "$before"
}

@test "delete" {
  start
  local call name number count=0
  call=("$RUNTIMES/runward" --root "$root" delete --force "$id")
  steps "${call[@]}" </dev/null >"$BATS_TEST_TMPDIR/steps"
  while read -r name number; do
    write_config
    start
    killed_at "$name" "$number" "${call[@]}" </dev/null
    if [[ -e $root/$id ]]; then first_is_hardened || fail "at $name $number" || return 1; fi
    runward delete --force "$id"
    [[ ! -e $root/$id && -z $(decision) ]] || fail "at $name $number: the next delete left something" || return 1
    no_leftovers "$name $number" || return 1
    count=$((count + 1))
  done <"$BATS_TEST_TMPDIR/steps"
  ((count > 3)) || fail "only $count system calls"
}

@test "two hundred containers at once keep two hundred decisions, and their deletes none" {
  local i made
  for ((i = 0; i < 200; i++)); do
    mkdir "$BATS_TEST_TMPDIR/b$i"
    jq -c ".linux.cgroupsPath = \"/docker/$id-$i\"" "$bundle/config.json" >"$BATS_TEST_TMPDIR/b$i/config.json"
  done
  # A runtime that only makes its folder: what is looked at is ours, and the machine has two cores.
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\nexit 0\n' >"$BATS_TEST_TMPDIR/bin/runc"
  chmod +x "$BATS_TEST_TMPDIR/bin/runc"
  export root id
  seq 0 199 | PATH=$BATS_TEST_TMPDIR/bin:$PATH xargs -P 50 -I{} sh -c \
    'mkdir -p "$root/$id-{}"; "$RUNTIMES/runward" --root "$root" create --bundle "$BATS_TEST_TMPDIR/b{}" "$id-{}"'
  made=$(find /run/runward/decisions -name "$id-*.json")
  assert_equal "$(wc -l <<<"$made")" 200
  # shellcheck disable=SC2086  # a list of files
  assert_equal "$(jq -r '.container' $made | sort -u | wc -l)" 200
  seq 0 199 | PATH=$BATS_TEST_TMPDIR/bin:$PATH xargs -P 50 -I{} sh -c \
    '"$RUNTIMES/runward" --root "$root" delete "$id-{}"; rmdir "$root/$id-{}"'
  assert_equal "$(find /run/runward/decisions -name "$id-*.json" | wc -l)" 0
}
