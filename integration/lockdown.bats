#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A host that is locked down: whichever way a container starts, it is hardened.
#
# `runwardctl lockdown` is called for real, with the machine's own dpkg, in a mount namespace in
# which /usr, /etc and /var are overlays; the private dockerd runs in it too. So the machine's
# runc, which other engines use at the same time, is not touched.

source "$BATS_TEST_DIRNAME/lib/helpers.bash"
# shellcheck source=servers/rootfs.sh
source "$BATS_TEST_DIRNAME/servers/rootfs.sh"

setup_file() {
  need_packages jq busybox-static util-linux dpkg
  RUNWARD=$(find_runward)
  export RUNWARD RUNC_BEFORE
  RUNC_BEFORE=$(stat -c '%d %i %Y %s' /usr/sbin/runc)
  make_host
  in_host install -m 755 "$RUNWARD" "${RUNWARDCTL:-$(dirname "$RUNWARD")/runwardctl}" /usr/local/bin/
  in_host runwardctl lockdown
  export ENGINE_MOUNT_NS=/proc/$HOST_PID/ns/mnt
  rootfs_make memcached
  # No runtime of ours is registered: only lockdown is there.
  RUNTIME=runc start_engine
}

teardown_file() {
  engine_stop
  kill "$HOST_PID" || true
  rm -rf --one-file-system "$HOST_DIR"
  assert_equal "$(stat -c '%d %i %Y %s' /usr/sbin/runc)" "$RUNC_BEFORE"
}

# run, and show what was printed when it failed.
succeeds() {
  run "$@"
  [[ $status -eq 0 ]] || fail "exit code $status of: $*" "$output"
}

# --- a host of our own ------------------------------------------------------------------------

# A mount namespace that a process keeps, which does nothing else.
make_host() {
  HOST_DIR=$(mktemp -d /tmp/rwhost.XXXXXX)
  # shellcheck disable=SC2016  # $1 belongs to the inner shell
  setsid unshare --mount --propagation private sh -euc '
    for folder in usr etc var; do
      mkdir -p "$1/$folder/upper" "$1/$folder/work"
      mount -t overlay -o "lowerdir=/$folder,upperdir=$1/$folder/upper,workdir=$1/$folder/work" overlay "/$folder"
    done
    rm -rf /etc/runward /var/log/runward /etc/docker
    mkdir -p /etc/systemd/system
    # Where dockerd has its plugins, whatever its --exec-root.
    mkdir -p /run/docker && mount -t tmpfs tmpfs /run/docker
    touch "$1/ready"
    exec sleep infinity' sh "$HOST_DIR" </dev/null >"$HOST_DIR/log" 2>&1 3>&- &
  HOST_PID=$!
  export HOST_DIR HOST_PID
  wait_until 20 test -e "$HOST_DIR/ready" || fail "$(cat "$HOST_DIR/log")"
}

in_host() { nsenter --mount="/proc/$HOST_PID/ns/mnt" -- "$@"; }

# --- what hardened looks like -----------------------------------------------------------------

show_status='/bin/grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status'

# status_of TEXT NAME - out of what the container printed, or its /proc/<pid>/status.
status_of() { sed -nE "s/^.*\b$2:[[:space:]]*([0-9a-f]+).*\$/\1/p" <<<"$1" | tail -n 1; }

# MKNOD (27), NET_RAW (13), SYS_CHROOT (18), SYS_ADMIN (21): engines give the first three to all.
stripped_everywhere=$((1 << 27 | 1 << 13 | 1 << 18 | 1 << 21))

assert_hardened() {
  local set
  assert_equal "$(status_of "$1" NoNewPrivs)" 1 || fail "$1" || return 1
  assert_equal "$(status_of "$1" Seccomp)" 2 || fail "$1" || return 1
  for set in CapEff CapBnd; do
    assert_equal "$((0x$(status_of "$1" "$set") & stripped_everywhere))" 0 || fail "$1" || return 1
  done
}

# The event of the last container says which profile it was, and why.
last_event() { in_host tail -n 1 /var/log/runward/events.jsonl | jq -r "$1"; }

assert_profile() {
  assert_equal "$(last_event .decision)" allowed || return 1
  assert_equal "$(last_event .profile)" "$1"
}

# docker_hardened FLAG… - looked at from inside and from the host.
docker_hardened() {
  local id pid
  succeeds docker_ run --rm "$@" box sh -c "$show_status"
  assert_hardened "$output"
  assert_profile default
  id=$(docker_ run -d "$@" box sleep 60)
  pid=$(docker_ inspect --format '{{.State.Pid}}' "$id")
  assert_hardened "$(cat "/proc/$pid/status")"
  docker_ rm -f "$id" >/dev/null
}

# --- every way to start a container -----------------------------------------------------------

@test "docker run without a runtime is hardened" { docker_hardened; }
@test "docker run --runtime=runc is hardened" { docker_hardened --runtime=runc; }
@test "docker run --runtime=io.containerd.runc.v2 is hardened" { docker_hardened --runtime=io.containerd.runc.v2; }

@test "--privileged is refused by every name of the runtime" {
  local runtime
  for runtime in runc io.containerd.runc.v2; do
    run docker_ run --rm --privileged --runtime="$runtime" box true
    assert_equal "$status" 125
    assert_refusal "$output" privileged default
  done
}

@test "ctr run is hardened" {
  local rootfs=$BATS_TEST_TMPDIR/rootfs
  busybox_rootfs "$rootfs"
  succeeds ctr_ run --rm --rootfs "$rootfs" looked-at /bin/sh -c "$show_status"
  assert_hardened "$output"
  assert_profile default
}

@test "ctr run --privileged is refused" {
  local rootfs=$BATS_TEST_TMPDIR/rootfs
  busybox_rootfs "$rootfs"
  run ctr_ run --rm --privileged --rootfs "$rootfs" refused /bin/true
  [[ $status -ne 0 ]]
  assert_contains "$output" "rule privileged"
}

ctr_() {
  local socket=$ENGINE_DIR/exec/containerd/containerd.sock
  (PATH=$(_engine_path) && ctr --address "$socket" --namespace by-hand "$@")
}

# --- builds -----------------------------------------------------------------------------------

# A Debian package with what makes packages hard to install: owners, a setuid program, a user.
make_package() {
  local dir=$1/package
  mkdir -p "$dir/DEBIAN" "$dir/usr/bin" "$dir/var/lib/hard"
  printf '%s\n' 'Package: hard' 'Version: 1' 'Architecture: all' 'Maintainer: test <test@example.org>' \
    'Description: hard to install' >"$dir/DEBIAN/control"
  printf '%s\n' '#!/bin/sh' 'set -e' 'useradd --system --home-dir /var/lib/hard hard' 'chown -R hard:hard /var/lib/hard' \
    'su -s /bin/sh -c "touch /var/lib/hard/made-by-hard" hard' >"$dir/DEBIAN/postinst"
  printf '#!/bin/sh\nid -un\n' >"$dir/usr/bin/hard"
  echo state >"$dir/var/lib/hard/state"
  chmod 755 "$dir/DEBIAN/postinst"
  chmod 4755 "$dir/usr/bin/hard"
  dpkg-deb --root-owner-group --build "$dir" "$1/hard.deb" >/dev/null
  rm -rf "$dir"
}

# A context with a Dockerfile that installs the package; lines for RUN steps come after.
make_context() {
  context=$BATS_TEST_TMPDIR/context
  mkdir -p "$context/packages"
  docker_ image inspect rw-memcached >/dev/null 2>&1 || rootfs_import memcached rw-memcached
  make_package "$context/packages"
  {
    printf '%s\n' 'FROM rw-memcached' 'COPY packages /packages' \
      'RUN dpkg -i /packages/hard.deb && chown daemon:daemon /packages && echo left >/tmp/left' \
      "RUN $show_status"
    printf '%s\n' "$@"
  } >"$context/Dockerfile"
}

# Whatever the builder, the image holds what was installed.
assert_built() {
  succeeds docker_ run --rm --entrypoint sh "$1" -c \
    'stat -c "%U %a %n" /usr/bin/hard /var/lib/hard/state /var/lib/hard/made-by-hard /packages; cat /tmp/left || true'
  assert_contains "$output" 'root 4755 /usr/bin/hard'
  assert_contains "$output" 'hard 644 /var/lib/hard/state'
  assert_contains "$output" 'hard 644 /var/lib/hard/made-by-hard'
  assert_contains "$output" 'daemon 755 /packages'
}

@test "the classic builder's steps are hardened, and install a package" {
  make_context
  succeeds env DOCKER_BUILDKIT=0 PATH="$(_engine_path)" docker build --no-cache --tag classic "$context"
  assert_hardened "$output"
  assert_profile build
  assert_equal "$(last_event .selected)" "a step of Docker's classic builder"
  assert_built classic
}

@test "a container is no build step for its log and its image" {
  local image
  image=$(docker_ image inspect --format '{{.Id}}' box)
  docker_ run --rm --log-driver none -v /srv:/data "$image" true
  assert_profile default
}

# The client of BuildKit: Docker 20.10's own, or buildx.
need_buildkit() {
  local plugin
  for plugin in "${ENGINE_PATH_PREFIX##*:}/../libexec/docker/cli-plugins/docker-buildx" \
    /usr/libexec/docker/cli-plugins/docker-buildx /usr/lib/docker/cli-plugins/docker-buildx; do
    [[ -x $plugin ]] || continue
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    ln -sf "$(realpath "$plugin")" "$DOCKER_CONFIG/cli-plugins/docker-buildx"
    buildkit=(env DOCKER_BUILDKIT=1 docker build --progress=plain)
    return
  done
  if [[ -z ${SUITE:-} && $(/usr/bin/docker --version 2>/dev/null) == *" 20."* ]]; then
    buildkit=(env DOCKER_BUILDKIT=1 /usr/bin/docker build --progress=plain)
    return
  fi
  skip 'no client of BuildKit on this machine'
}

@test "BuildKit's steps are hardened, and install a package with a cache, a secret and a bind mount" {
  need_buildkit
  # shellcheck disable=SC2016  # for the shell of the step
  make_context \
    'RUN --mount=type=cache,target=/var/cache/own touch /var/cache/own/first && cp /bin/true /var/cache/own/ && /var/cache/own/true' \
    'RUN --mount=type=cache,target=/var/cache/own --mount=type=secret,id=key --mount=type=bind,source=packages,target=/mnt test -e /var/cache/own/first && grep -q s3cret /run/secrets/key && dpkg --info /mnt/hard.deb' \
    'RUN --mount=type=tmpfs,target=/scratch cp /bin/true /scratch/ && /scratch/true'
  echo s3cret >"$BATS_TEST_TMPDIR/key"
  succeeds "${buildkit[@]}" --no-cache --secret "id=key,src=$BATS_TEST_TMPDIR/key" --tag kit "$context"
  assert_hardened "$output"
  assert_profile build
  assert_equal "$(last_event .selected)" "a step of an image build"
  assert_equal "$(last_event .command)" run
  assert_built kit
}

@test "BuildKit's step with the host's network is refused" {
  need_buildkit
  printf 'FROM box\nRUN true\n' >"$BATS_TEST_TMPDIR/Dockerfile"
  run "${buildkit[@]}" --no-cache --network host --tag host-network "$BATS_TEST_TMPDIR"
  [[ $status -ne 0 ]] || fail "$output"
  assert_equal "$(last_event .decision)" refused
  assert_equal "$(last_event .profile)" build
}

# --- managed plugins --------------------------------------------------------------------------

# make_plugin NAME FILTER - of busybox; it listens on its socket and answers nothing.
make_plugin() {
  local dir=$BATS_TEST_TMPDIR/plugin
  rm -rf "$dir"
  busybox_rootfs "$dir/rootfs"
  mkdir -p "$dir/rootfs/run/docker/plugins"
  # nc of busybox listens on no unix socket; dockerd waits for the socket only.
  cp "$PLUGIN_PROGRAM" "$dir/rootfs/bin/listen"
  printf '#!/bin/sh\n%s >/run/docker/plugins/status\nexec listen /run/docker/plugins/own.sock\n' "$show_status" \
    >"$dir/rootfs/entry"
  chmod 755 "$dir/rootfs/entry"
  jq -n '{description: "a test", documentation: "none", entrypoint: ["/entry"], network: {type: "none"},
    interface: {types: ["docker.dummy/1.0"], socket: "own.sock"}, linux: {capabilities: []},
    propagatedMount: "/data", env: [], mounts: []}' | jq "$2" >"$dir/config.json"
  docker_ plugin create "$1" "$dir" >/dev/null
}

# A static program that accepts connections and closes them.
need_plugin_program() {
  export PLUGIN_PROGRAM=$BATS_FILE_TMPDIR/listen
  [[ ! -x $PLUGIN_PROGRAM ]] || return 0
  command -v cc >/dev/null || skip 'no C compiler on this machine'
  cc -static -O1 -o "$PLUGIN_PROGRAM" -x c - <<'C'
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc < 2) return 2;
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  unlink(argv[1]);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0 || listen(fd, 8) != 0) return 1;
  for (;;) close(accept(fd, 0, 0));
}
C
}

@test "a managed plugin starts, hardened" {
  need_plugin_program
  local id
  make_plugin small .
  succeeds docker_ plugin enable small
  id=$(docker_ plugin inspect --format '{{.Id}}' small)
  assert_hardened "$(in_host cat "/run/docker/plugins/$id/status")"
  assert_profile plugin
  assert_equal "$(last_event .selected)" "engine namespace 'plugins.moby'"
  docker_ plugin disable small
  docker_ plugin rm small
}

@test "a managed plugin that asks for the host is refused" {
  need_plugin_program
  make_plugin greedy '.linux.capabilities = ["CAP_SYS_ADMIN"]'
  run docker_ plugin enable --timeout 2 greedy
  [[ $status -ne 0 ]] || fail "$output"
  assert_contains "$output" "profile 'plugin'"
  assert_equal "$(last_event .decision)" refused
  docker_ plugin rm greedy
}

# --- lockdown itself --------------------------------------------------------------------------

@test "runwardctl says that nothing is left to do, and what it found" {
  succeeds in_host runwardctl lockdown
  assert_contains "$output" "nothing to do"
  assert_contains "$output" "runward starts them with /usr/sbin/runc.runward-real"
}

@test "lockdown survives a new version of the package, and engines run on meanwhile" {
  local deb
  (cd "$BATS_TEST_TMPDIR" && apt-get -qq download runc) || skip 'no package runc to be had from a mirror'
  deb=$(echo "$BATS_TEST_TMPDIR"/runc_*.deb)
  # Another version, so that every file is unpacked again.
  in_host dpkg-deb --raw-extract "$deb" "$BATS_TEST_TMPDIR/tree"
  sed -i 's/^Version: .*/&.1/' "$BATS_TEST_TMPDIR/tree/DEBIAN/control"
  printf 'new' >>"$BATS_TEST_TMPDIR/tree/usr/sbin/runc"
  (cd "$BATS_TEST_TMPDIR/tree" && find usr -type f -exec md5sum {} + >DEBIAN/md5sums)
  dpkg-deb --root-owner-group --build "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/new.deb" >/dev/null
  succeeds in_host dpkg --install "$BATS_TEST_TMPDIR/new.deb"
  assert_equal "$(in_host readlink /usr/sbin/runc)" /usr/local/bin/runward
  assert_equal "$(in_host tail -c 3 /usr/sbin/runc.runward-real)" new
  succeeds in_host dpkg --verify runc
  docker_hardened --runtime=runc
  succeeds in_host runwardctl lockdown
  assert_contains "$output" "nothing to do"
}

# The last test: afterwards the host is open again.
@test "--undo puts runc back, and containers of before can be stopped" {
  local id
  id=$(docker_ run -d box sleep 600)
  succeeds in_host runwardctl lockdown --undo
  succeeds in_host dpkg --verify runc
  assert_equal "$(in_host dpkg-divert --list '*runc*')" ''
  in_host test ! -L /usr/sbin/runc
  in_host test ! -e /usr/sbin/runc.runward-real
  in_host test ! -e /etc/systemd/system/docker.service.d/zz-runward-lockdown.conf
  succeeds docker_ rm -f "$id"
  succeeds docker_ run --rm box sh -c "$show_status"
  assert_equal "$(status_of "$output" NoNewPrivs)" 0
}
