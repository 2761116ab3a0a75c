# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# need_packages PACKAGE… - install by apt what is missing; do nothing, and touch no
# network, when all of them are there. Source this file, then for example:
#
#   need_packages jq bats busybox-static
#
# A package written "a|b" is satisfied by either; the first that apt knows is installed
# (Debian 13 moved the docker CLI out of docker.io, for one).

_installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

_known_to_apt() { apt-cache show --no-all-versions "$1" >/dev/null 2>&1; }

# The package lists of a fresh image are empty, those of an old one stale: refresh at most once.
_refresh_apt_lists() {
  [[ -z ${_APT_REFRESHED:-} ]] || return 0
  apt-get -o DPkg::Lock::Timeout=300 -qq update >&2
  _APT_REFRESHED=1
}

_pick_alternative() {
  local candidate
  for candidate in ${1//|/ }; do
    if _known_to_apt "$candidate"; then printf '%s\n' "$candidate"; return; fi
  done
  printf '%s\n' "${1%%|*}"
}

_any_installed() {
  local candidate
  for candidate in ${1//|/ }; do
    if _installed "$candidate"; then return 0; fi
  done
  return 1
}

_apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y \
    --no-install-recommends "$@" >&2
}

need_packages() {
  local wanted missing=() chosen=()
  for wanted in "$@"; do
    _any_installed "$wanted" || missing+=("$wanted")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    printf 'missing packages: %s\nrun as root, or: apt-get install %s\n' \
      "${missing[*]}" "${missing[*]%%|*}" >&2
    return 1
  fi
  for wanted in "${missing[@]}"; do
    if ! _known_to_apt "${wanted%%|*}"; then _refresh_apt_lists; fi
    chosen+=("$(_pick_alternative "$wanted")")
  done
  # Installing may start daemons (docker.io does): the tests only ever use their own.
  if _apt_install "${chosen[@]}"; then return 0; fi
  _refresh_apt_lists
  _apt_install "${chosen[@]}"
}
