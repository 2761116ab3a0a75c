#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Podman, as root, with runward as its runtime: a storage of its own, no networks.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
source "$BATS_TEST_DIRNAME/lib/userns.bash"

setup_file() {
  need_packages podman conmon runc jq busybox-static
  export MORE_RUNTIMES=runward-compat
  link_runtimes
  PODMAN_DIR=$(mktemp -d /var/tmp/rw-podman.XXXXXX)
  export PODMAN_DIR
  busybox_rootfs "$PODMAN_DIR/rootfs"
  tar -C "$PODMAN_DIR/rootfs" -c . | podman_ import - box >/dev/null
  start_ one
}

teardown_file() {
  podman_ rm -af -t 0 >/dev/null
  # The storage's own bind mount goes with the last of its mounts.
  awk -v d="$PODMAN_DIR/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | tac | xargs -r -n 1 umount -l
  rm -rf --one-file-system "$PODMAN_DIR"
}

setup() { :; }

podman_() {
  podman --root "$PODMAN_DIR/storage" --runroot "$PODMAN_DIR/run" --tmpdir "$PODMAN_DIR/tmp" --events-backend file \
    --cgroup-manager cgroupfs --network-config-dir "$PODMAN_DIR/net" "$@"
}

# Podman raises limits that not every machine lets its root raise.
plain=(--network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

# in_podman RUNTIME FLAG… -- COMMAND…
in_podman() {
  local runtime=$1 more=()
  shift
  while [[ $1 != -- ]]; do more+=("$1"); shift; done
  shift
  podman_ --runtime "$RUNTIMES/$runtime" run --rm "${plain[@]}" "${more[@]}" box "$@"
}

start_() { podman_ --runtime "$RUNTIMES/${2:-runward}" run -d --name "$1" "${plain[@]}" "${@:3}" box sleep 3600 >/dev/null; }
pid_in_podman() { podman_ inspect --format '{{.State.Pid}}' "$1"; }

@test "podman: the container's ids are one range of the pool" {
  run -0 in_podman runward -- sh -c 'tr -s " " </proc/self/uid_map; grep NoNewPrivs /proc/self/status'
  assert_is_mapped "${lines[0]# }"
  assert_equal "${lines[1]}" $'NoNewPrivs:\t1'
}

@test "podman: exec is in the same user namespace, and has no more than the first process" {
  run -0 podman_ exec one sh -c 'tr -s " " </proc/self/uid_map; grep CapBnd /proc/self/status'
  assert_equal "${lines[0]# }" "$(map_of "$(pid_in_podman one)")"
  assert_equal "${lines[1]}" "$(grep CapBnd "/proc/$(pid_in_podman one)/status")"
  run ! podman_ exec --privileged one true
  assert_contains "$output" "a privileged exec is refused by profile 'default' (rule privileged)"
}

@test "podman: files on a volume have their owners inside and on the disk" {
  run -0 in_podman runward -v owners:/d -- sh -c 'for u in 0 1000 65534; do touch /d/$u && chown $u:$u /d/$u; done'
  assert_equal "$(owners_in "$(podman_ volume inspect --format '{{.Mountpoint}}' owners)")" $'0 0:0\n1000 1000:1000\n65534 65534:65534'
  run -0 in_podman runward -v owners:/d -- stat -c %u /d/1000
  assert_equal "$output" 1000
}

@test "podman: --privileged is refused in one sentence" {
  run in_podman runward --privileged -- true
  ((status == 125 || status == 126)) || fail "$status: $output"
  # Podman puts the runtime's path before it, which ends like our own prefix.
  assert_refusal "runward: ${output##*/runward: runward: }" privileged default
}

@test "podman: a writable root filesystem is committed with its owners" {
  start_ kept runward-compat
  podman_ exec kept sh -c 'touch /by-1000 && chown 1000:1000 /by-1000'
  podman_ commit -q kept committed >/dev/null
  podman_ rm -f -t 0 kept >/dev/null
  run -0 podman_ --runtime "$RUNTIMES/runward" run --rm "${plain[@]}" committed stat -c %u:%g /by-1000
  assert_equal "$output" 1000:1000
}

@test "podman: a range, its folder and its decision are gone with the container" {
  start_ passing
  local id
  id=$(podman_ inspect --format '{{.Id}}' passing)
  [[ -n $(find /run/runward -name "*$id*") ]]
  grep -qrsF "/$id" /run/runward/ranges
  podman_ rm -f -t 0 passing >/dev/null
  assert_equal "$(find /run/runward -name "*$id*"; grep -rlsF "/$id" /run/runward/ranges || true)" ""
}
