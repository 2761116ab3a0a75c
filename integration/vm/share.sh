# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What a virtual machine gets to run. Source this file: it sets `runward` and `runwardctl` (RUNWARD and RUNWARDCTL, or what
# the preset `release` has built).

_vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib/packages.sh
source "$_vm/../lib/packages.sh"

runward=$(readlink -f "${RUNWARD:-$_vm/../../build/release/runward}")
runwardctl=$(readlink -f "${RUNWARDCTL:-$(dirname "$runward")/runwardctl}")

# share_programs FOLDER PROGRAM… - ours by their names, others by their paths, with the libraries of those that are linked
# dynamically; the C library is always the machine's own. install-libraries.sh puts them where the machine lacks them.
share_programs() {
  local share=$1 program path library
  shift
  mkdir -p "$share/lib"
  cp "$_vm/install-libraries.sh" "$share/"
  for program; do
    case $program in
      runward) path=$runward ;;
      runwardctl) path=$runwardctl ;;
      /*) path=$program ;;
      *) path=$(dirname "$runward")/$program ;;
    esac
    [[ -x $path ]] || { echo "no ${program##*/} at '$path': build it, or set RUNWARD and RUNWARDCTL" >&2; return 2; }
    cp "$path" "$share/${program##*/}"
    { ldd "$path" 2>/dev/null || true; } | awk '$2 == "=>" && $3 ~ /^\// && $1 !~ /^lib(c|m|dl|rt|pthread)\.so/ {print $3}' |
      while read -r library; do cp -L "$library" "$share/lib/"; done
  done
}
