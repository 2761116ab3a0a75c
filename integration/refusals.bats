#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every flag that loosens a container, one line each: refused by which rule, or stripped so that
# nothing of it can be seen inside. What only a user can have asked for is refused; what engines
# add by themselves, or what cannot be told apart from that, is stripped.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

setup_file() {
  export ENGINE_NETWORK=0 NEED_RUNWARD=1 HOST
  # The well-known address, unless the machine's own dockerd has it: then that one's is the prey.
  [[ -S /run/docker.sock ]] || export ENGINE_EXTRA_HOST=unix:///run/docker.sock
  start_engine
  HOST=$ENGINE_DIR/host
  mkdir -p "$HOST/dir" "$HOST/shared" "$HOST/deep/run" "$HOST/etc-copy"
  ln -s /run "$HOST/link-to-run"
  ln -s /run/docker.sock "$HOST/link-to-socket"
  mount --bind "$HOST/shared" "$HOST/shared"
  mount --make-rshared "$HOST/shared"
  mount --bind /run "$HOST/deep/run"
  mount --bind /etc "$HOST/etc-copy"
  docker_ volume create -o type=none -o o=bind -o device=/run run-volume >/dev/null
  docker_ volume create -o type=none -o o=bind -o device=/etc etc-volume >/dev/null
  docker_ volume create -o type=none -o o=bind -o device="$HOST/dir" fine-volume >/dev/null
  docker_ volume create plain-volume >/dev/null
  docker_ run -d --name peer --runtime=runward --ipc shareable box sleep 3600 >/dev/null
}

teardown_file() { engine_stop; }

# A bind without the engine making a missing source: nothing is created on the host.
bind() { printf -- '--mount=type=bind,src=%s,dst=/host%s' "$1" "${2:+,$2}"; }

need_path() { [[ -e $1 ]] || skip "no $1 on this machine"; }

# --- privileged, however it was asked for ---------------------------------------------------

@test "refused: --privileged" { refused privileged --privileged; }
@test "refused: --privileged --cap-drop ALL" { refused privileged --privileged --cap-drop ALL; }
@test "refused: --privileged with filters put back" { refused privileged --privileged --security-opt no-new-privileges --read-only; }
@test "refused: all capabilities and systempaths=unconfined" { refused 'privileged|capabilities' --cap-add ALL --security-opt systempaths=unconfined; }
@test "refused: everything of privileged without the flag" {
  refused 'privileged|capabilities' --cap-add ALL --security-opt systempaths=unconfined --security-opt seccomp=unconfined \
    --security-opt apparmor=unconfined --security-opt label=disable --device-cgroup-rule 'a *:* rwm'
}
@test "strict refuses: --privileged" { refused_by_strict privileged --user 1000 --privileged; }

# --- capabilities ---------------------------------------------------------------------------

@test "refused: --cap-add ALL" { refused 'privileged|capabilities' --cap-add ALL; }
@test "refused: --cap-add SYS_ADMIN" { refused capabilities --cap-add SYS_ADMIN; }
@test "refused: --cap-add NET_ADMIN" { refused capabilities --cap-add NET_ADMIN; }
@test "refused: --cap-add SYS_PTRACE" { refused capabilities --cap-add SYS_PTRACE; }
@test "refused: --cap-add SYS_MODULE to a user" { refused capabilities --user 1000 --cap-add SYS_MODULE; }
@test "refused: --cap-drop ALL --cap-add SYS_ADMIN" { refused capabilities --cap-drop ALL --cap-add SYS_ADMIN; }
@test "stripped: NET_RAW, which the engine adds by itself" { stripped '[ $((0x$(awk "/CapBnd/{print \$2}" /proc/self/status) >> 13 & 1)) = 0 ]' --cap-add NET_RAW; }
@test "stripped: MKNOD, which the engine adds by itself" { stripped '! mknod /tmp/null c 1 3 2>/dev/null' --cap-add MKNOD; }
@test "allowed: --cap-drop ALL" { stripped '[ "$(awk "/CapBnd/{print \$2}" /proc/self/status)" = 0000000000000000 ]' --cap-drop ALL; }
@test "strict refuses: --cap-add CHOWN" { refused_by_strict capabilities --user 1000 --cap-drop ALL --cap-add SYS_ADMIN; }

# --- security options -----------------------------------------------------------------------

@test "refused: systempaths=unconfined" { refused masked-paths --security-opt systempaths=unconfined; }
@test "not granted: seccomp=unconfined" { not_granted seccomp 'grep -q "^Seccomp:.2" /proc/self/status && ! unshare -U true 2>/dev/null' --security-opt seccomp=unconfined; }
@test "stripped: a seccomp filter of the user's that allows everything" {
  echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >"$BATS_TEST_TMPDIR/allow.json"
  not_granted seccomp '! unshare -U true 2>/dev/null' --security-opt "seccomp=$BATS_TEST_TMPDIR/allow.json"
}
@test "kept: a stricter seccomp filter of the user's" {
  jq '.linux.seccomp | .syscalls |= map(.names -= ["chmod", "fchmod", "fchmodat"])' \
    "$repository/tests/golden/docker-20.10/plain.json" >"$BATS_TEST_TMPDIR/strict.json"
  stripped 'touch /tmp/x && ! chmod 700 /tmp/x 2>/dev/null' --security-opt "seccomp=$BATS_TEST_TMPDIR/strict.json"
}
@test "kept or refused: a seccomp filter that denies a few calls and allows all others" {
  jq -n '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chmod", "fchmod", "fchmodat"], action: "SCMP_ACT_ERRNO"}]}' >"$BATS_TEST_TMPDIR/few.json"
  not_granted seccomp 'touch /tmp/x && ! chmod 700 /tmp/x 2>/dev/null && ! unshare -U true 2>/dev/null' --security-opt "seccomp=$BATS_TEST_TMPDIR/few.json"
}
# clone(2) with a new user namespace, socket(2) of AF_ALG, personality(2) of MMAP_PAGE_ZERO: what the baseline lets through
# for other arguments only.
need_probe() {
  probe=$BATS_FILE_TMPDIR/probe
  [[ ! -x $probe ]] || return 0
  command -v cc >/dev/null || skip 'no C compiler on this machine'
  cc -static -O1 -o "$probe" -x c - <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  if (child > 0) puts("user namespace");
  // A kernel without it says something else.
  if (socket(AF_ALG, SOCK_SEQPACKET, 0) >= 0 || errno != EPERM) puts("AF_ALG");
  if (syscall(SYS_personality, 0x0100000) >= 0) puts("personality");
  if (socket(AF_INET, SOCK_STREAM, 0) < 0) puts("no AF_INET");
  child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  if (child < 0) puts("no fork");
  while (wait(0) > 0) {}
  return 0;
}
C
}

# custom_filter CONDITION… - Docker's own filter, in which each condition lets clone, socket and personality through.
custom_filter() {
  jq --argjson conditions "$(printf '%s\n' "$@" | jq -s .)" '.linux.seccomp
    | .syscalls |= map(.names -= ["clone", "socket", "personality"] | select(.names != []))
    | .syscalls += [$conditions[] | {names: ["clone", "socket", "personality"], action: "SCMP_ACT_ALLOW", args: [.]}]' \
    "$repository/tests/golden/docker-20.10/plain.json" >"$BATS_TEST_TMPDIR/custom.json"
}

@test "stripped: conditions of a seccomp filter that always hold" {
  need_probe
  local condition
  for condition in '{"index": 0, "value": 0, "op": "SCMP_CMP_GE"}' '{"index": 5, "value": 0, "op": "SCMP_CMP_GE"}' \
    '{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}' '{"index": 0, "value": 0, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}'; do
    custom_filter "$condition"
    run run_in runward --security-opt "seccomp=$BATS_TEST_TMPDIR/custom.json" -v "$probe:/probe:ro" -- /probe
    assert_equal "$status: $output" '0: ' || fail "$condition" || return 1
  done
}
@test "stripped: AF_ALG, which Docker's own seccomp filter lets through" {
  need_probe
  run run_in runward -v "$probe:/probe:ro" -- /probe
  assert_equal "$status: $output" '0: '
}
@test "not granted: apparmor=unconfined" { not_granted apparmor '! grep -q unconfined /proc/self/attr/current 2>/dev/null' --security-opt apparmor=unconfined; }
@test "stripped: label=disable, which changes nothing without SELinux" { not_granted selinux true --security-opt label=disable; }
@test "stripped: no-new-privileges=false" { not_granted no-new-privileges 'grep -q "^NoNewPrivs:.1" /proc/self/status' --security-opt no-new-privileges=false; }
@test "refused: writable-cgroups=true" {
  need_server 28
  not_granted mounts '! awk "\$3 ~ /^cgroup/" /proc/self/mounts | grep -q "[ ,]rw[, ]"' --security-opt writable-cgroups=true
}

# --- namespaces -----------------------------------------------------------------------------

@test "refused: --pid host" { refused namespaces --pid host; }
@test "refused: --network host" { refused namespaces --network host; }
@test "refused: --ipc host" { refused namespaces --ipc host; }
@test "refused: --uts host" { refused namespaces --uts host; }
@test "refused: all of the host's namespaces at once" { refused namespaces --pid host --network host --ipc host --uts host; }
@test "not granted: --cgroupns host" { not_granted namespaces "[ \"\$(readlink /proc/self/ns/cgroup)\" != '$(readlink /proc/self/ns/cgroup)' ]" --cgroupns host; }
@test "stripped: --userns host, which asks for what is the case" { not_granted 'namespaces|user-namespace' true --userns host; }
@test "allowed: --pid container:peer" { stripped true --pid container:peer; }
@test "allowed: --ipc container:peer" { stripped true --ipc container:peer; }
@test "strict refuses: --pid container:peer" { refused_by_strict namespaces --user 1000 --pid container:peer; }
@test "strict refuses: --network host" { refused_by_strict namespaces --user 1000 --network host; }

# --- devices --------------------------------------------------------------------------------

@test "refused: --device /dev/kmsg" { refused devices --device /dev/kmsg; }
@test "refused: --device by another name" { refused devices --device /dev/kmsg:/dev/null2; }
@test "refused: --device /dev/fuse" {
  need_path /dev/fuse
  refused devices --device /dev/fuse
}
@test "refused: a folder of devices" {
  need_path /dev/net/tun
  refused devices --device /dev/net
}
@test "refused: a block device, read-only" {
  need_path /dev/loop0
  refused devices --device /dev/loop0:/dev/disk:r
}
@test "refused: --device-cgroup-rule" { refused devices --device-cgroup-rule 'c 10:229 rwm'; }
@test "refused: --device-cgroup-rule for every device" { refused 'devices|privileged' --device-cgroup-rule 'a *:* rwm'; }
@test "refused: a CDI device" {
  need_server 28
  skip "needs an engine with CDI specifications"
}
@test "refused: --gpus" { skip "needs an NVIDIA runtime: without one the engine itself refuses"; }

# --- other kernel settings ------------------------------------------------------------------

@test "refused: --cgroup-parent" { refused cgroup-path --cgroup-parent /elsewhere; }
@test "refused: --cgroup-parent of another engine" {
  local parent
  for parent in /kubepods /kubepods-evil /libpod_parent /moby /default /machine.slice /buildkit; do
    refused cgroup-path --cgroup-parent "$parent" || fail "$parent" || return 1
  done
}
@test "allowed: --cgroup-parent of Docker's own" { stripped true --cgroup-parent /docker; }
@test "not granted: --oom-score-adj below zero" { not_granted oom-score '[ "$(cat /proc/self/oom_score_adj)" -ge 0 ]' --oom-score-adj -500; }
@test "allowed: --oom-score-adj above zero" { stripped '[ "$(cat /proc/self/oom_score_adj)" = 500 ]' --oom-score-adj 500; }
@test "refused: --sysctl that opens the network" { refused sysctl --sysctl net.ipv4.conf.all.route_localnet=1; }
@test "allowed: a safe --sysctl" { stripped '[ "$(cat /proc/sys/net/ipv4/tcp_syncookies)" = 0 ]' --sysctl net.ipv4.tcp_syncookies=0; }
@test "stripped: --group-add 0 to a user" { not_granted user '! id -G | grep -qw 0' --user 1000:1000 --group-add 0; }
@test "allowed: --group-add audio" { stripped 'id -G | grep -qw 29' --user 1000:1000 --group-add audio; }
@test "allowed: gid 0 of a user without a group, which images for arbitrary users need" { stripped 'id -G | grep -qw 0' --user 65000; }
@test "not granted: --ulimit core" { not_granted rlimits '[ "$(ulimit -Hc)" = 0 ]' --ulimit core=-1; }
@test "not granted: --ulimit memlock unlimited" { not_granted rlimits '[ "$(ulimit -Hl)" != unlimited ]' --ulimit memlock=-1; }
@test "allowed: a lower --ulimit" { stripped '[ "$(ulimit -Hn)" = 256 ]' --ulimit nofile=256; }
@test "stripped: annotations that control a runtime" {
  need_server 25
  local id
  id=$(docker_ run -d --runtime=runward --annotation org.systemd.property.ExecStart=/bin/true \
    --annotation run.oci.keep_original_groups=1 --annotation org.criu.config=/tmp/x --annotation com.example=kept box sleep 60)
  local config
  config=$(find "$ENGINE_DIR/exec" -path "*moby/$id/config.json")
  assert_equal "$(jq -c '.annotations | keys' "$config")" '["com.example"]'
}

# --- mounts ---------------------------------------------------------------------------------

@test "not granted: --tmpfs with programs" { not_granted 'mounts|rootfs' 'grep " /scratch " /proc/self/mounts | grep -q noexec' --tmpfs /scratch:exec; }
@test "stripped: --tmpfs with suid and devices" { not_granted 'mounts|rootfs' 'grep " /scratch " /proc/self/mounts | grep nosuid | grep -q nodev' --tmpfs /scratch:suid,dev; }
@test "not granted: --tmpfs /tmp with programs" { not_granted 'mounts|rootfs' 'grep " /tmp " /proc/self/mounts | tail -n 1 | grep -q noexec' --tmpfs /tmp:exec; }
@test "not granted: shared propagation" { not_granted mounts '! grep " /host " /proc/self/mountinfo | grep -q shared:' "$(bind "$HOST/shared" bind-propagation=rshared)"; }
@test "stripped: suid programs and devices on a bind" { stripped 'grep " /host " /proc/self/mounts | grep nosuid | grep -q nodev' "$(bind "$HOST/dir")"; }
@test "stripped: suid programs and devices on a volume" { stripped 'grep " /host " /proc/self/mounts | grep nosuid | grep -q nodev' -v plain-volume:/host; }
@test "allowed: a volume that binds a harmless folder" { stripped 'touch /host/x' -v fine-volume:/host; }

@test "refused: the docker socket" { refused mounts "$(bind /run/docker.sock)"; }
@test "refused: the docker socket, read-only" { refused mounts "$(bind /run/docker.sock readonly)"; }
@test "refused: the docker socket by way of /var/run" {
  need_path /var/run/docker.sock
  refused mounts "$(bind /var/run/docker.sock)"
}
@test "refused: the docker socket through a symlink" { refused mounts "$(bind "$HOST/link-to-socket")"; }
@test "refused: the docker socket through a hard link" {
  ln -f /run/docker.sock /run/runward-test.sock
  run refused mounts "$(bind /run/runward-test.sock)"
  rm -f /run/runward-test.sock
  assert_equal "$status" 0 || fail "$output"
}
@test "refused: /run" { refused mounts "$(bind /run)"; }
@test "refused: /run, read-only" { refused mounts "$(bind /run readonly)"; }
@test "refused: /run through a symlink" { refused mounts "$(bind "$HOST/link-to-run")"; }
@test "refused: /run through a volume" { refused mounts -v run-volume:/host; }
@test "refused: a folder below which /run is mounted" { refused mounts "$(bind "$HOST/deep")"; }
@test "refused: /" { refused mounts "$(bind /)"; }
@test "refused: /, read-only" { refused mounts "$(bind / readonly)"; }
@test "refused: / with a path that climbs" { refused mounts "$(bind "$HOST/../../..")"; }
@test "refused: the folder of another engine's socket" { refused mounts "$(bind "$ENGINE_DIR")"; }
@test "refused: the socket of an engine that listens elsewhere" { refused mounts "$(bind "$ENGINE_DIR/docker.sock")"; }
@test "refused: containerd's socket" { refused mounts "$(bind "$ENGINE_DIR/exec/containerd/containerd.sock")"; }

@test "refused: the engine's data" { refused mounts "$(bind "$ENGINE_DIR/data")"; }
@test "refused: a folder of the engine's data" { refused mounts "$(bind "$ENGINE_DIR/data/overlay2")"; }
@test "refused: another container's files" { refused mounts "$(bind "$ENGINE_DIR/data/containers")"; }
@test "refused: /etc" { refused mounts "$(bind /etc)"; }
@test "refused: /etc, read-only" { refused mounts "$(bind /etc readonly)"; }
@test "refused: a file of /etc" { refused mounts "$(bind /etc/shadow)"; }
@test "refused: /etc through a bind mount of it" { refused mounts "$(bind "$HOST/etc-copy")"; }
@test "refused: /etc through a volume" { refused mounts -v etc-volume:/host; }
@test "refused: /proc" { refused mounts "$(bind /proc)"; }
@test "refused: a folder of /proc" { refused mounts "$(bind /proc/sys)"; }
@test "refused: another process's root" { refused mounts "$(bind "/proc/$ENGINE_PID/root")"; }
@test "refused: /sys" { refused mounts "$(bind /sys)"; }
@test "refused: cgroups" { refused mounts "$(bind /sys/fs/cgroup)"; }
@test "refused: /dev" { refused mounts "$(bind /dev)"; }
@test "refused: a device bound as a file" { refused 'mounts|devices' "$(bind /dev/kmsg)"; }
@test "refused: /boot" {
  need_path /boot
  refused mounts "$(bind /boot)"
}
@test "strict refuses: a bind that is not on the list" { refused_by_strict mounts --user 1000 "$(bind "$HOST/dir")"; }
@test "strict allows: a named volume" { run -0 run_in runward-strict --user 1000 -v plain-volume:/host -- ls /host; }

# --- the runtime's own flags ----------------------------------------------------------------

# A call as the engine makes it, with one flag more; runc is not reached.
refused_call() {
  local log=$BATS_TEST_TMPDIR/log bundle=$BATS_TEST_TMPDIR/bundle
  mkdir -p "$bundle/rootfs"
  (cd "$bundle" && runc spec)
  run -1 "$RUNTIMES/runward" --root "$BATS_TEST_TMPDIR/root" --log "$log" --log-format json "$@"
  assert_refusal "$(jq -r .msg "$log")" "$rule" default
}

@test "refused: --no-pivot" { rule=runtime-flags refused_call create --no-pivot --bundle "$BATS_TEST_TMPDIR/bundle" x; }
@test "refused: --no-new-keyring" { rule=runtime-flags refused_call create --no-new-keyring --bundle "$BATS_TEST_TMPDIR/bundle" x; }
@test "refused: restore" { rule=restore refused_call restore --image-path /tmp/x --bundle "$BATS_TEST_TMPDIR/bundle" x; }

# --- found by an attacker -------------------------------------------------------------------

# What dockerd mounts for a volume has another device number: nothing to compare, so the type is judged.
@test "refused: a volume of type overlay over /etc" {
  mkdir -p "$BATS_TEST_TMPDIR/empty"
  docker_ volume create -o type=overlay -o device=overlay -o "o=lowerdir=/etc:$BATS_TEST_TMPDIR/empty" over-etc
  refused mounts -v over-etc:/x
}
@test "refused: a volume of type proc" {
  docker_ volume create -o type=proc -o device=proc kernel
  refused mounts -v kernel:/x
}
@test "allowed: a volume of type tmpfs" {
  docker_ volume create -o type=tmpfs -o device=tmpfs -o o=size=1m memory-volume
  stripped 'echo a >/x/a && [ "$(cat /x/a)" = a ]' -v memory-volume:/x
}
@test "refused: the host's console as a device" { refused devices --device /dev/console:/dev/hc; }
@test "stripped: system calls that only a filter of the user's lets through" {
  jq -n '{defaultAction: "SCMP_ACT_ERRNO", syscalls: [{names: ["unshare", "mount", "bpf"], action: "SCMP_ACT_ALLOW"}]}' >"$BATS_TEST_TMPDIR/more.json"
  # Docker's own list besides, so that the container can run at all.
  jq --slurpfile more "$BATS_TEST_TMPDIR/more.json" '.linux.seccomp | .syscalls += $more[0].syscalls | {defaultAction, syscalls}' \
    "$BATS_TEST_DIRNAME/../tests/golden/docker-20.10/plain.json" >"$BATS_TEST_TMPDIR/filter.json"
  stripped '! unshare -U true' --security-opt "seccomp=$BATS_TEST_TMPDIR/filter.json"
}
