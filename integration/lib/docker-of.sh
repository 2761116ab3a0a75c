#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# docker-of.sh SUITE DIR - unpack the Docker of another Debian release (trixie, sid) into DIR.
#
# Nothing is installed and the machine's apt state stays as it is: the mirror is read from its
# sources, everything else apt needs is below DIR. Prints the folders for ENGINE_PATH_PREFIX.
# dockerd, containerd and its shim run on Debian 12 as they are; the newer runc needs a newer
# libc, so DIR/bin puts the machine's own in front.
set -euo pipefail

main() {
  local suite=${1:?suite} dir
  mkdir -p "${2:?folder}"
  dir=$(cd "$2" && pwd)
  if [[ ! -e $dir/complete ]]; then
    fetch "$suite" "$dir" docker.io containerd docker-cli
    link_machine_runc "$dir"
    touch "$dir/complete"
  fi
  # Newer than some caches. The CLI does not find its plugin below DIR by itself: who needs BuildKit links it.
  if [[ ! -e $dir/complete-buildx ]]; then
    fetch "$suite" "$dir" docker-buildx || echo "no docker-buildx in $suite" >&2
    touch "$dir/complete-buildx"
  fi
  printf '%s\n' "$dir/bin:$dir/root/usr/sbin:$dir/root/usr/bin"
}

machine_mirror() {
  local mirror
  mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk '$1 == "URIs:" && $2 !~ /security/ {print $2; exit}')
  [[ -n $mirror ]] || mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' | grep -v security | head -n 1)
  [[ -n $mirror ]] || { echo 'no Debian mirror in the apt sources of this machine' >&2; return 1; }
  printf '%s\n' "$mirror"
}

fetch() {
  local suite=$1 dir=$2 apt=$2/apt key=/usr/share/keyrings/debian-archive-keyring.gpg mirror options deb
  shift 2
  mirror=$(machine_mirror)
  mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
  printf 'deb [signed-by=%s] %s %s main\n' "$key" "$mirror" "$suite" >"$apt/sources.list"
  options=(-qq
    -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
    -o Dir::State::Lists="$apt/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$apt/cache"
    # apt drops to the user _apt, who may not read the caller's cache folder.
    -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update >&2
  (cd "$apt" && apt-get "${options[@]}" download "$@" >&2)
  for deb in "$apt"/*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
  rm -rf "$apt"
}

link_machine_runc() {
  mkdir -p "$1/bin"
  ln -sf "$(command -v runc || echo /usr/sbin/runc)" "$1/bin/runc"
  if command -v docker-init >/dev/null; then ln -sf "$(command -v docker-init)" "$1/bin/docker-init"; fi
}

main "$@"
