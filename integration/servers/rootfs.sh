# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Root filesystems of real servers, made from Debian packages. Source this file, then:
#
#   rootfs_make nginx redis          # what is cached costs nothing
#   rootfs_import nginx rw-nginx     # docker import, with the server's own files and settings
#
# A server is a folder beside this file:
#   build     run as root inside a minimal Debian, like a Dockerfile's RUN; installs the packages
#   changes   Dockerfile lines for `docker import --change`, one a line
#   files/    laid over the root filesystem at import: the entry point and what is served
#   workload  two different works for it (../workloads.bats)
# (docker import knows no STOPSIGNAL: who runs the image passes --stop-signal.)
# To add one: make the folder, put its name into SERVERS, write its test in ../servers.bats.
#
# `build` decides the cached file's name, `files/` and `changes` do not: only a change of packages
# costs a new installation. All servers of one run grow out of one minimal Debian (about a minute);
# each gets a copy of its own, so that no server lives on what another one's package brought.

# shellcheck disable=SC2034  # for who sources this
SERVERS=(nginx redis postgresql apache2 memcached haproxy python node go)

_rootfs_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
_rootfs_cache=${XDG_CACHE_HOME:-$HOME/.cache}/runward/rootfs

# Documentation is what official slim images leave out too. The apt lists stay until `build` has run.
_rootfs_suite=bookworm
_rootfs_base_options=(
  --quiet --variant=minbase --format=directory --skip=cleanup/apt/lists
  --aptopt='Acquire::Languages "none"'
  --dpkgopt=force-unsafe-io
  --dpkgopt='path-exclude=/usr/share/doc/*'
  --dpkgopt='path-exclude=/usr/share/man/*'
  --dpkgopt='path-exclude=/usr/share/locale/*'
)

_rootfs_file() {
  local recipe
  recipe=$(printf '%s\n' "$_rootfs_suite" "${_rootfs_base_options[@]}" | cat - "$_rootfs_here/$1/build" | sha256sum)
  printf '%s/%s-%s.tar.gz\n' "$_rootfs_cache" "$1" "${recipe:0:16}"
}

# In mount and pid namespaces of its own: /proc, and a daemon that a package starts after all,
# are gone with the last line.
_rootfs_build_inside() {
  # shellcheck disable=SC2016  # $1 belongs to the inner shell
  DEBIAN_FRONTEND=noninteractive unshare --mount --pid --fork --kill-child sh -euc '
    mount -t proc proc "$1/proc"
    exec chroot "$1" sh -eu /build' sh "$1"
}

_rootfs_make_one() {
  local name=$1 base=$2 root=$3 file
  file=$(_rootfs_file "$name")
  cp -a --reflink=auto "$base" "$root"
  cp "$_rootfs_here/$name/build" "$root/build"
  # Packages' scripts ask this file whether they may start what they installed.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  _rootfs_build_inside "$root" </dev/null >"$root.log" 2>&1 || {
    printf 'the root filesystem of %s was not made; the end of its log:\n' "$name" >&2
    tail -n 20 "$root.log" >&2
    return 1
  }
  rm -rf "$root"/{build,usr/sbin/policy-rc.d} "$root"/var/lib/apt/lists/* \
    "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old
  tar -C "$root" --numeric-owner --one-file-system --exclude='./dev/*' -c . | gzip -1 >"$root.tar.gz"
  rm -rf "$root"
  # Into the cache in one step: what lies there under a name is whole. Older recipes make room.
  rm -f "$_rootfs_cache/$name"-*.tar.gz
  mv "$root.tar.gz" "$file"
}

_rootfs_make_missing() (
  set -euo pipefail
  work=$(mktemp -d "$_rootfs_cache/.work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mmdebstrap "${_rootfs_base_options[@]}" "$_rootfs_suite" "$work/base" >"$work/base.log" 2>&1 || {
    tail -n 20 "$work/base.log" >&2
    return 1
  }
  # As many at a time as there are processors: half of an installation waits for the network.
  status=0 jobs=()
  for name in "$@"; do
    ((${#jobs[@]} < $(nproc))) || { wait "${jobs[0]}" || status=1; jobs=("${jobs[@]:1}"); }
    _rootfs_make_one "$name" "$work/base" "$work/$name" &
    jobs+=("$!")
  done
  for job in "${jobs[@]}"; do wait "$job" || status=1; done
  exit "$status"
)

# rootfs_make NAME… - make those that are not in the cache.
rootfs_make() {
  local name missing=()
  mkdir -p "$_rootfs_cache"
  # Two test runs on one machine: the second waits and finds what the first has made.
  exec {_rootfs_lock}>"$_rootfs_cache/.lock"
  flock "$_rootfs_lock"
  for name in "$@"; do
    [[ -s $(_rootfs_file "$name") ]] || missing+=("$name")
  done
  if ((${#missing[@]})); then
    need_packages mmdebstrap debian-archive-keyring
    _rootfs_make_missing "${missing[@]}"
  fi
  exec {_rootfs_lock}>&-
}

# rootfs_import NAME IMAGE
rootfs_import() {
  local name=$1 image=$2 tar line changes=()
  tar=$(mktemp "${TMPDIR:-/tmp}/rootfs.XXXXXX")
  gzip -dc "$(_rootfs_file "$name")" >"$tar"
  [[ ! -d $_rootfs_here/$name/files ]] ||
    tar -C "$_rootfs_here/$name/files" --owner=0 --group=0 --no-recursion -rf "$tar" \
      --files-from=<(cd "$_rootfs_here/$name/files" && find . -mindepth 1 ! -type d)
  while IFS= read -r line; do
    [[ -z $line || $line == '#'* ]] || changes+=(--change "$line")
  done <"$_rootfs_here/$name/changes"
  docker_ import "${changes[@]}" "$tar" "$image" >/dev/null
  rm -f "$tar"
}
