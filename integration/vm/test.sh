#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# test.sh [--suite bookworm|trixie] [run.sh's other options] - checks.sh in a virtual machine.
#
# RUNWARD names the binary under test (default build/release/runward), RUNWARDCTL the other one (default
# beside it). Prints TAP and a closing `N passed, N failed`. Exit code 0 only if all the checks ran and passed.
# shellcheck disable=SC2031  # rootfs.sh, which is sourced below, has a `work` of its own in a subshell
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=share.sh
source "$here/share.sh"
need_packages busybox-static crun

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
share=$work/share rootfs=$work/rootfs
mkdir -p "$share" "$rootfs"/{bin,etc,proc,sys,dev,run,tmp,var/tmp}
cp "$here/checks.sh" "$share/"
# Another low-level runtime: Debian 12's needs cgroup v2, which the machine that the tests run on may not have.
share_programs "$share" runward runwardctl runward-recorder "$(command -v crun)"
cp /bin/busybox "$rootfs/bin/"
for applet in $(busybox --list); do [ -e "$rootfs/bin/$applet" ] || ln -s busybox "$rootfs/bin/$applet"; done
tar -C "$rootfs" -cf "$share/box.tar" .

# Root filesystems of two servers, from the cache that the integration tests fill.
# shellcheck source=../servers/rootfs.sh
source "$here/../servers/rootfs.sh"
rootfs_make nginx redis
mkdir -p "$share/cache/runward/rootfs"
cp -r "$here/../servers" "$share/"
for server in nginx redis; do cp "$(_rootfs_file "$server")" "$share/cache/runward/rootfs/"; done

code=0
"$here/run.sh" --share "$share" "$@" -- bash checks.sh | tee "$work/tap" || code=$?
passed=$(grep -c '^ok ' "$work/tap" || true) failed=$(grep -c '^not ok ' "$work/tap" || true)
plan=$(sed -n 's/^1\.\.//p' "$work/tap")
echo "$passed passed, $failed failed"
if [ "$code" -ne 0 ]; then exit "$code"; fi
if [ "${plan:-0}" -eq 0 ] || [ "$plan" -ne "$passed" ]; then echo "not all of the checks ran" >&2; exit 1; fi
