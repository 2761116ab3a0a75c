#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a container of runward's looks like, from inside and from the host.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

# As bits of the kernel's mask: CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10.
allowed_mask=$((1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10))

setup_file() {
  export ENGINE_NETWORK=0
  start_engine
  # Most of the tests look at these two, started once: engines are slow to start containers.
  docker_ run -d --name plain --runtime=runward box sleep 3600
  docker_ run -d --name strict --runtime=runward-strict --user 1000 box sleep 3600
  run_in runward -- cat /proc/self/status >"$BATS_FILE_TMPDIR/status"
  run_in runward -- cat /proc/self/mounts >"$BATS_FILE_TMPDIR/mounts"
  run_in runward-strict --user 1000 -- cat /proc/self/status >"$BATS_FILE_TMPDIR/status-strict"
  run_in runward-strict --user 1000 -- cat /proc/self/mounts >"$BATS_FILE_TMPDIR/mounts-strict"
}

teardown_file() { engine_stop; }

# status FIELD [PROFILE]
status() { awk -v f="$1:" '$1 == f {print $2}' "$BATS_FILE_TMPDIR/status${2:+-$2}"; }

# options PATH [PROFILE] - of the last mount there, the one that counts.
options() { awk -v p="$1" '$2 == p {o = $3 "," $4} END {print o}' "$BATS_FILE_TMPDIR/mounts${2:+-$2}"; }

assert_within_mask() { (((0x$1 & ~$2) == 0)) || fail "capabilities $1 beyond $(printf %x "$2")"; }

assert_options() {
  local got word
  got=",$(options "$1" "${3:-}"),"
  for word in $2; do assert_contains "$got" ",$word,"; done
}

# --- privileges -----------------------------------------------------------------------------

@test "effective, permitted and bounding capabilities are within the profile's nine" {
  local set
  for set in CapEff CapPrm CapBnd; do assert_within_mask "$(status $set)" "$allowed_mask"; done
}

@test "root keeps the capabilities that entrypoints need" {
  assert_equal "$((0x$(status CapEff)))" "$allowed_mask"
}

@test "no capability is ambient or inheritable" {
  assert_equal "$(status CapAmb)$(status CapInh)" "$(printf '0%.0s' {1..32})"
}

@test "no_new_privs is set" { assert_equal "$(status NoNewPrivs)" 1; }

@test "a seccomp filter is in force" { assert_equal "$(status Seccomp)" 2; }

@test "the host sees the same of the container's first process" {
  local pid
  pid=$(pid_of plain)
  assert_equal "$(awk '/^NoNewPrivs:/ {print $2}' "/proc/$pid/status")" 1
  assert_within_mask "$(awk '/^CapBnd:/ {print $2}' "/proc/$pid/status")" "$allowed_mask"
}

@test "strict: no capability in any set" {
  local set
  for set in CapEff CapPrm CapBnd CapAmb CapInh; do assert_equal "$((0x$(status $set strict)))" 0; done
}

@test "strict: no_new_privs and a seccomp filter" {
  assert_equal "$(status NoNewPrivs strict)$(status Seccomp strict)" 12
}

# By itself --cap-add NET_BIND_SERVICE changes nothing: it is one of the engine's own fourteen.
@test "strict: NET_BIND_SERVICE on request" {
  run -0 run_in runward-strict --user 1000 --cap-drop ALL --cap-add NET_BIND_SERVICE -- sh -c "grep CapBnd /proc/self/status"
  assert_contains "$output" 0000000000000400
}

@test "strict: uid 0 is refused" { refused_by_strict user; }

@test "strict: uid 0 asked for by name is refused" { refused_by_strict user --user 0:0; }

@test "the default seccomp filter denies what the container's capabilities no longer cover" {
  run run_in runward -- unshare --mount true
  ((status != 0))
  run run_in runward -- mount -t tmpfs none /tmp
  ((status != 0))
}

# --- files ----------------------------------------------------------------------------------

@test "the root filesystem is read-only" {
  assert_options / ro
  run -0 run_in runward -- sh -c 'for d in / /etc /root /usr/bin /var/lib /home/user; do touch $d/x 2>/dev/null && echo "$d"; done; true'
  assert_equal "$output" ""
}

@test "/tmp, /run and /var/tmp are tmpfs without suid, devices and programs" {
  local folder
  for folder in /tmp /run /var/tmp; do assert_options "$folder" "tmpfs rw nosuid nodev noexec"; done
}

@test "/tmp, /run and /var/tmp can be written, and nothing there be run" {
  local folder
  for folder in /tmp /run /var/tmp; do
    # busybox does what its name says.
    run -0 run_in runward -- sh -c "cp /bin/busybox $folder/true && ! $folder/true 2>/dev/null"
  done
}

@test "/tmp and /var/tmp can be written by every user, and are sticky" {
  run -0 run_in runward --user 1000 -- sh -c 'touch /tmp/x /var/tmp/x && stat -c %a /tmp /var/tmp'
  assert_equal "$output" $'1777\n1777'
}

@test "strict: only /tmp can be written" {
  assert_options / ro strict
  assert_options /tmp "tmpfs rw nosuid nodev noexec" strict
  run -0 run_in runward-strict --user 1000 -- sh -c 'touch /tmp/x; for d in / /run /var/tmp /home/user; do touch $d/x 2>/dev/null && echo "$d"; done; true'
  assert_equal "$output" ""
}

@test "a writable folder of the image keeps its content under the tmpfs" {
  local root=$BATS_TEST_TMPDIR/root
  mkdir -p "$root/run/app"
  echo content >"$root/run/app/file"
  busybox_rootfs "$root"
  tar -C "$root" -c . | docker_ import - with-run >/dev/null
  run -0 docker_ run --rm --runtime=runward with-run sh -c 'cat /run/app/file && touch /run/app/other'
  assert_equal "$output" content
}

@test "what leaks from the kernel is empty or cannot be read" {
  local path
  for path in /proc/kallsyms /proc/interrupts /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do
    run -0 run_in runward -- sh -c "[ ! -e $path ] || [ -z \"\$(head -c 1 $path 2>/dev/null | tr -d '\\0')\" ]"
  done
}

@test "firmware, power and thermal folders are empty" {
  local path
  for path in /sys/firmware /sys/devices/virtual/powercap /proc/acpi /proc/scsi /proc/asound; do
    run -0 run_in runward -- sh -c "[ ! -d $path ] || [ -z \"\$(ls -A $path)\" ]"
  done
}

@test "kernel settings are read-only" {
  run run_in runward -- sh -c 'echo 1 >/proc/sys/kernel/panic'
  ((status != 0))
  run run_in runward -- sh -c 'echo b >/proc/sysrq-trigger'
  ((status != 0))
}

@test "cgroups are read-only" {
  run -0 run_in runward -- sh -c 'awk "\$3 ~ /^cgroup/" /proc/self/mounts | grep -v "[ ,]ro[, ]" || true'
  assert_equal "$output" ""
}

@test "only the standard device nodes" {
  run -0 run_in runward -- sh -c 'find /dev -type c -o -type b | grep -v ^/dev/pts | sort | tr "\n" " "'
  local node
  for node in $output; do
    [[ $node =~ ^/dev/(null|zero|full|random|urandom|tty|console|ptmx)$ ]] || fail "$node"
  done
}

@test "a node made by hand cannot be opened" {
  run run_in runward -- sh -c 'mknod /tmp/sda b 254 0 && cat /tmp/sda'
  ((status != 0))
}

# --- namespaces -----------------------------------------------------------------------------

@test "own pid, mount, ipc, uts, network and cgroup namespaces" {
  local pid kind
  pid=$(pid_of plain)
  for kind in pid mnt ipc uts net cgroup; do
    [[ $(readlink "/proc/$pid/ns/$kind") != $(readlink "/proc/$ENGINE_PID/ns/$kind") ]] || fail "$kind is the host's"
  done
}

# --- limits ---------------------------------------------------------------------------------

@test "memory: a quarter of the host, at most 4 GiB, when no flag asked" {
  assert_about "$(limit_of plain memory)" "$(min $(($(host_memory) / 4)) $((4 << 30)))"
}

@test "memory: no swap beyond it" { assert_equal "$(limit_of plain swap)" 0; }

@test "cpu: half the host's, at least one, when no flag asked" {
  assert_equal "$(limit_of plain cpu)" "$(max $(($(host_cpus) * 100 / 2)) 100)"
}

@test "pids: 1024 when no flag asked" { assert_equal "$(limit_of plain pids)" 1024; }

@test "strict: 256 MiB without swap, one CPU, 128 processes" {
  assert_equal "$(limit_of strict memory)" $((256 << 20))
  assert_equal "$(limit_of strict swap)" 0
  assert_equal "$(limit_of strict cpu)" 100
  assert_equal "$(limit_of strict pids)" 128
}

# limits RUNTIME FLAG… - memory, swap, cpu, pids of a container with these flags.
limits() {
  local runtime=$1 id kind
  shift
  id=$(docker_ run -d --runtime="$runtime" "$@" box sleep 3600)
  for kind in memory swap cpu pids; do printf '%s ' "$(limit_of "$id" $kind)"; done
  echo
  docker_ rm -f "$id" >/dev/null
}

@test "limits below the ceilings are the ones that were asked for" {
  local memory swap cpu pids
  read -r memory swap cpu pids < <(limits runward --memory 64m --cpus 0.5 --pids-limit 50)
  assert_equal "$memory $swap $cpu $pids" "$((64 << 20)) 0 50 50"
}

@test "limits above the ceilings are clamped" {
  local memory swap cpu pids
  read -r memory swap cpu pids < <(limits runward --memory 1000g --cpu-period 100000 --cpu-quota 100000000 --pids-limit 100000)
  assert_about "$memory" $(($(host_memory) * 80 / 100))
  assert_equal "$swap $cpu $pids" "0 $(($(host_cpus) * 100)) 4096"
}

@test "more swap than memory is clamped" {
  local memory swap cpu pids
  read -r memory swap cpu pids < <(limits runward --memory 64m --memory-swap 128m)
  assert_equal "$memory $swap" "$((64 << 20)) 0"
}

@test "unlimited is clamped" {
  local memory swap cpu pids
  read -r memory swap cpu pids < <(limits runward --memory 64m --memory-swap -1 --pids-limit -1)
  assert_equal "$memory $swap" "$((64 << 20)) 0"
  [[ $pids =~ ^[0-9]+$ ]] && ((pids <= 4096))
}

@test "strict: limits above the ceilings are clamped" {
  local memory swap cpu pids
  read -r memory swap cpu pids < <(limits runward-strict --user 1000 --memory 1000g --cpus 2 --pids-limit 100000)
  assert_equal "$memory $swap" "$((1 << 30)) 0"
  assert_equal "$cpu" 100
  ((pids <= 4096))
}

@test "cpu shares stay as asked" {
  run -0 docker_ run -d --name shares --runtime=runward --cpu-shares 2048 box sleep 3600
  local folder
  folder=$(cgroup_folder "$(pid_of shares)" cpu)
  if [[ -e $folder/cpu.shares ]]; then
    assert_equal "$(cat "$folder/cpu.shares")" 2048
  else
    assert_equal "$(cat "$folder/cpu.weight")" 79
  fi
}

@test "no core dumps, and nobody can raise that" {
  run -0 run_in runward -- sh -c 'ulimit -Hc; ulimit -Sc'
  assert_equal "$output" $'0\n0'
}

@test "a process that takes more memory than allowed is killed" {
  run -137 run_in runward --memory 16m -- tail /dev/zero
}

@test "a fork bomb stays within the limit" {
  run run_in runward --pids-limit 20 -- sh -c 'for i in $(seq 50); do sleep 2 & done; wait'
  ((status != 0))
}

# --- the document ---------------------------------------------------------------------------

@test "the bundle holds the hardened document and the original" {
  local bundle
  bundle=$(dirname "$(find "$ENGINE_DIR/exec" -path "*moby/$(docker_ inspect -f '{{.Id}}' plain)/config.json" | head -n 1)")
  assert_equal "$(jq -r .process.noNewPrivileges "$bundle/config.json")" true
  assert_equal "$(jq -r .root.readonly "$bundle/config.json")" true
  # The original lies beside it, for `runwardctl explain`.
  local file originals=0
  for file in "$bundle"/*.json; do
    [[ $file != */config.json && $(jq -r '.process.capabilities.bounding | length' "$file" 2>/dev/null) == 14 ]] && originals=$((originals + 1))
  done
  assert_equal "$originals" 1
}
