# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the files about user namespaces share. Source it after helpers.bash; its setup() looks before each test whether
# the two containers that are always there, `one` and `writer` (runward-writes), have ids of the pool.

pool_first=1879048192 pool_ranges=4094 range_size=65536

# Most of what follows is what works without a user namespace too: it says something only with one.
setup() {
  assert_is_mapped "$(map_of "$(pid_of one)")"
  assert_is_mapped "$(map_of "$(pid_of writer)")"
}

profile() {
  mkdir -p "$ENGINE_POLICY/profiles/$1"
  jq -n --argjson rules "$2" '{extends: "default", rules: $rules}' >"$ENGINE_POLICY/profiles/$1/profile.json"
}

# An engine with a runtime for each way in which a root filesystem may be had, and the two containers.
start_with_each_access() {
  export ENGINE_POLICY=$BATS_FILE_TMPDIR/policy
  export MORE_RUNTIMES='runward-writes runward-ephemeral'
  profile writes '{"rootfs": {"access": "writable"}}'
  profile ephemeral '{"rootfs": {"access": "ephemeral", "ephemeral_size": "16MiB"}}'
  start_engine
  start_containers
}

# start NAME [RUNTIME] [FLAG…] - a container that stays. Named by its test, so that it is there when the next one begins.
start() {
  local name=$1 runtime=${2:-runward}
  shift $(($# < 2 ? $# : 2))
  docker_ run -d --init --name "$name" --ipc shareable --runtime="$runtime" "$@" box sleep 3600 >/dev/null
}

id_of() { docker_ inspect --format '{{.Id}}' "$1"; }
runtime_root() { printf '%s/exec/runtime-runc/moby' "$ENGINE_DIR"; }

map_of() { tr -s ' ' <"/proc/$1/uid_map" | sed 's/^ //'; }
base_of() { map_of "$(pid_of "$1")" | cut -d' ' -f2; }

# Folders and files of the pool that name a container of this engine's, or that no living process is making.
held_ranges() {
  local new pid
  grep -rlsF "$(runtime_root)/" /run/runward/ranges || true
  for new in /run/runward/ranges/*/.new-*; do
    pid=${new##*/.new-} pid=${pid%%.*}
    [[ ! -e $new || -e /proc/$pid ]] || printf '%s\n' "$new"
  done
}

staging_folder() { dirname "$(find /run/runward/rootfs -mindepth 2 -maxdepth 2 -name "$(id_of one)")"; }

runwards_that_run() {
  local pid
  for pid in $(pgrep -x "runward.*"); do
    if grep -qsaF "$ENGINE_DIR/" "/proc/$pid/cmdline"; then printf '%s\n' "$pid"; fi
  done
}

# assert_is_mapped MAP - "0 BASE SIZE" of a range of the pool
assert_is_mapped() {
  local zero base size
  read -r zero base size <<<"$1"
  assert_equal "$zero $size" "0 $range_size" || return 1
  ((base >= pool_first && base < pool_first + pool_ranges * range_size && (base - pool_first) % range_size == 0)) ||
    fail "$base is not the first id of a range of the pool"
}

owners_in() { (cd "$1" && stat -c '%n %u:%g' -- * | sort); }

# kernel_at_least 6.3
kernel_at_least() { [[ $(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1) == "$1" ]]; }

nothing_runs() { [[ -z $(runwards_that_run) ]]; }

# start_containers - those that every test may use. What is bound from $HOST is below a folder that no container may
# pass: bats' own folders are 0700.
start_containers() {
  export HOST=$BATS_FILE_TMPDIR/host
  mkdir -p "$HOST"
  start one
  start other
  start writer runward-writes
  docker_ run -d --name bare --ipc shareable box sleep 3600 >/dev/null
}

# For the last test of a file: of all before it nothing is left but what still runs.
assert_nothing_is_left() {
  local live held
  wait_until 10 nothing_runs
  live=$(docker_ ps -q --no-trunc --filter status=running | sort)
  held=$(for f in $(held_ranges); do tr '\0' '\n' <"$f" | head -n 1 | sed 's|.*/||'; echo; done | grep . | sort)
  assert_equal "$held" "$(comm -23 <(echo "$live") <(id_of bare))"
  assert_equal "$(ls "$(staging_folder)")" "$(comm -23 <(echo "$live") <(id_of bare))"
}

# fuse MODE [FOLDER] - a FUSE filesystem on $HOST/FOLDER, else $HOST/MODE, whose server answers as lib/fuse-server.py says.
fuse() {
  [[ -c /dev/fuse ]] || skip 'no /dev/fuse on this machine'
  need_packages python3
  mkdir -p "$HOST/${2:-$1}"
  engine_ns python3 "$BATS_TEST_DIRNAME/lib/fuse-server.py" "$1" "$HOST/${2:-$1}" >"$BATS_TEST_TMPDIR/fuse" 2>&1 3>&- &
  wait_until 20 grep -q mounted "$BATS_TEST_TMPDIR/fuse"
  fuse_server=$(sed -n 's/^mounted by //p' "$BATS_TEST_TMPDIR/fuse")
}

end_fuse() {
  engine_ns umount -l "$HOST/$1"
  kill "$fuse_server" 2>/dev/null || true
}
