#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What the seccomp filters of real containers let through: every call of seccomp/data/risks.cc is made in containers of
# runward's profiles and, for comparison, of plain runc with Docker's own filter and with none. How the probe tells the
# filter's refusal from the kernel's: probes/escape_calls.cc. And the other way round: what ordinary programs need.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"

# shellcheck source=servers/rootfs.sh
source "$BATS_TEST_DIRNAME/servers/rootfs.sh"

export MORE_RUNTIMES='runward-compat runward-build'

# The probe lies where runward was built.
find_probe() {
  local candidate
  for candidate in "${RUNWARD_PROBES:-}/escape_calls" "$(dirname "$RUNWARD")/escape_calls" "$repository/build/release/escape_calls"; do
    if [[ -x $candidate ]]; then realpath "$candidate"; return; fi
  done
  echo 'no escape_calls: build it first, or set RUNWARD_PROBES' >&2
  return 1
}

setup_file() {
  start_engine
  local found
  found=$(find_probe) || return 1
  # Where the rule mounts lets it be bound from, and any user can run it.
  mkdir -p "$BATS_FILE_TMPDIR/probes" "$BATS_FILE_TMPDIR/answers"
  cp "$found" "$BATS_FILE_TMPDIR/probes/"
  # strict takes images and named volumes only.
  local root=$BATS_FILE_TMPDIR/root
  busybox_rootfs "$root"
  cp "$found" "$root/bin/escape_calls"
  tar -C "$root" -c . | docker_ import - probe >/dev/null
}
teardown_file() { engine_stop; }

# answers NAME RUNTIME FLAG… - the probe's answers, kept so that each container is asked once.
answers() {
  local file=$BATS_FILE_TMPDIR/answers/$1 runtime=$2
  shift 2
  if [[ ! -e $file ]]; then
    docker_ run --rm --runtime="$runtime" "$@" probe escape_calls >"$file.new" || return 1
    mv "$file.new" "$file"
  fi
  cat "$file"
}
of_default() { answers default runward; }
of_strict() { answers strict runward-strict --user 1000:1000; }
of_docker() { answers docker runc; }
of_none() { answers none runc --security-opt seccomp=unconfined; }

count() { awk -F '\t' -v verdict="$1" '$2 == verdict {n++} END {print n + 0}'; }
ids() { awk -F '\t' -v verdict="$1" '$2 == verdict {print $1}'; }
tell() { printf '# %s\n' "$*" >&3; }

# --- what gets through ------------------------------------------------------------------------

@test "without a filter the probe gets every call through: it can see one that does" {
  local all
  all=$(of_none)
  assert_equal "$(ids refused <<<"$all")" ''
  (($(count through <<<"$all") >= 100)) || fail "$all"
}

@test "default lets none of the known attacks through" {
  local all
  all=$(of_default)
  assert_equal "$(ids through <<<"$all")" ''
  assert_equal "$(ids unknown <<<"$all")" ''
  (($(count refused <<<"$all") >= 60)) || fail "$all"
}

@test "strict lets none of the known attacks through" {
  local all
  all=$(of_strict)
  assert_equal "$(ids through <<<"$all")" ''
  assert_equal "$(ids unknown <<<"$all")" ''
}

@test "of the known attacks Docker's own filter lets many through" {
  local default strict docker
  default=$(of_default) strict=$(of_strict) docker=$(of_docker)
  local total
  total=$(wc -l <<<"$docker")
  tell "runward default: $(count through <<<"$default") of $total, strict: $(count through <<<"$strict") of $total," \
    "Docker default: $(count through <<<"$docker") of $total"
  # The sockets of Docker's list alone: it forbids AF_ALG and AF_VSOCK at most.
  (($(count through <<<"$docker") >= 30)) || fail "$docker"
}

@test "compat lets nothing through that Docker's own filter does not" {
  local compat
  compat=$(answers compat runward-compat)
  assert_equal "$(comm -23 <(ids through <<<"$compat" | sort) <(ids through <<<"$(of_docker)" | sort))" ''
  tell "runward compat: $(count through <<<"$compat") of $(wc -l <<<"$compat")"
  local id
  for id in tiocsti tiocsti-beyond-32 socket-vsock socket-alg bpf-prog-load keyctl io_uring-setup; do
    assert_contains "$(ids refused <<<"$compat")" "$id" || return 1
  done
}

@test "a filter of the user's that allows everything gets no attack through either" {
  "$BATS_FILE_TMPDIR/probes/escape_calls" --names | sort -u | jq -R . | jq -s . >"$BATS_TEST_TMPDIR/names.json"
  jq --slurpfile names "$BATS_TEST_TMPDIR/names.json" '.linux.seccomp | .syscalls += [{names: $names[0], action: "SCMP_ACT_ALLOW"}]
    | {defaultAction, architectures, syscalls}' "$repository/tests/golden/docker-20.10/plain.json" >"$BATS_TEST_TMPDIR/custom.json"
  local all
  all=$(docker_ run --rm --runtime=runward --security-opt "seccomp=$BATS_TEST_TMPDIR/custom.json" probe escape_calls)
  assert_equal "$(ids through <<<"$all")" ''
  (($(count refused <<<"$all") >= 60)) || fail "$all"
}

# Without no_new_privs runc loads the filter first and gives up capabilities and root afterwards: a filter that answers
# these calls with "done", or with an errno that runc overlooks, would leave the container with all of root's.
@test "a filter of the user's that keeps the runtime from giving up privileges is refused where no_new_privs is off" {
  local rule
  for rule in '{names: ["capset", "setuid", "setgroups"], action: "SCMP_ACT_ERRNO", errnoRet: 0}' \
    '{names: ["prctl"], action: "SCMP_ACT_ERRNO", errnoRet: 22, args: [{index: 0, value: 24, op: "SCMP_CMP_EQ"}]}'; do
    jq ".linux.seccomp | .syscalls += [$rule] | {defaultAction, architectures, syscalls}" \
      "$repository/tests/golden/docker-20.10/plain.json" >"$BATS_TEST_TMPDIR/keeps.json"
    run docker_ run --rm --runtime=runward-compat --user 1000 --security-opt "seccomp=$BATS_TEST_TMPDIR/keeps.json" probe true
    assert_equal "$status" 125 || return 1
    assert_refusal "$output" seccomp compat || return 1
  done
}

@test "what the C library probes is answered with ENOSYS, and audit as by a kernel without it" {
  local all
  all=$(of_default)
  assert_contains "$all" $'clone3\trefused\tENOSYS'
  assert_contains "$all" $'io_uring-setup\trefused\tENOSYS'
  assert_contains "$all" $'socket-netlink-audit\trefused\tEPROTONOSUPPORT'
  assert_contains "$all" $'unshare-newuser\trefused\tEPERM'
}

# --- what has to work -------------------------------------------------------------------------

@test "a program of another C library (musl), with threads, pipes and sockets, runs" {
  need_packages musl-tools
  musl-gcc -static -O1 -o "$BATS_FILE_TMPDIR/probes/ordinary" "$BATS_TEST_DIRNAME/probes/ordinary.c" -lpthread
  local runtime
  for runtime in runward runward-compat; do
    run run_in "$runtime" -v "$BATS_FILE_TMPDIR/probes:/probes:ro" -- /probes/ordinary
    assert_equal "$status: $output" '0: all of it works' || return 1
  done
}

@test "the same program of Debian's C library runs" {
  need_packages gcc libc6-dev
  gcc -static -O1 -o "$BATS_FILE_TMPDIR/probes/ordinary-glibc" "$BATS_TEST_DIRNAME/probes/ordinary.c" -lpthread
  run run_in runward -v "$BATS_FILE_TMPDIR/probes:/probes:ro" -- /probes/ordinary-glibc
  assert_equal "$status: $output" '0: all of it works'
}

@test "a Debian's shell, su and dpkg work: PAM takes audit for absent" {
  rootfs_make nginx
  rootfs_import nginx rw-nginx
  run docker_ run --rm --runtime=runward --entrypoint /bin/bash rw-nginx -c 'su nobody -s /bin/sh -c id && dpkg -l dpkg >/dev/null && mktemp'
  assert_equal "$status" 0 || fail "$output"
  assert_contains "$output" 'uid=65534(nobody)'
}

@test "a terminal works: its size, its modes and job control" {
  run script -qec "docker run --rm --tty --interactive --runtime=runward box sh -c 'stty size && stty -echo && stty echo && echo fine'" /dev/null
  assert_equal "$status" 0 || fail "$output"
  assert_contains "$output" fine
}

@test "a busybox does what a shell script asks of it" {
  run run_in runward --tmpfs /w -- sh -c 'cd /w && mkfifo f && (echo a >f &) && cat f && ls -l f >l && cp l k && mv k m &&
    tar -c m | tar -t && ip addr | grep -q "127.0.0.1" && ping -c 1 -W 2 127.0.0.1 >/dev/null; echo "$?"; nice true; time true 2>/dev/null; su user -c id'
  assert_equal "$status" 0 || fail "$output"
  assert_contains "$output" 'uid=1000(user)'
}
