#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh - run a command in a throw-away Debian virtual machine with systemd, cgroup v2, AppArmor, Docker and runc.
#
#   run.sh [--suite bookworm|trixie] [--share DIR] [--out DIR] [--timeout S] [--mem MiB] [--cpus N] -- COMMAND [ARGS...]
#     --suite    Debian release of user land and kernel (default bookworm)
#     --share    a copy of this folder is the command's working directory, /vm/share
#     --out      what the command leaves in /vm/out comes back into this folder
#     --timeout  for the whole machine, in seconds (default 600)
#     --mem      (default 3072)     --cpus (default 2)
#   One COMMAND word is a bash script, several are a command and its arguments. Daemons are the command's to start.
#   Exit code: the command's; 124 = timed out; 125 = no machine or no result.
#
# Needs root, for mmdebstrap. The image is built once and kept in ${XDG_CACHE_HOME:-~/.cache}/runward/vm; the machine has no
# network and never writes to it. VM_ACCEL=tcg|kvm overrides the trial that decides; VM_CONSOLE=FILE keeps the kernel's log.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
suite=bookworm share='' out='' timeout=600 mem=3072 cpus=2
die() { echo "vm: $*" >&2; exit 125; }
call=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  --suite | --share | --out | --timeout | --mem | --cpus) [ $# -gt 1 ] || die "$1 needs a value"; declare "${1#--}=$2"; shift 2 ;;
  --) shift; break ;;
  -h | --help) sed -n '/^# run.sh/,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit ;;
  -*) die "unknown option '$1'" ;;
  *) break ;;
  esac
done
[ $# -gt 0 ] || die "no command (run.sh --help)"
[ "$(uname -m)" = x86_64 ] || die "x86_64 only"
case $suite in bookworm | trixie) ;; *) die "unknown suite '$suite'" ;; esac

# shellcheck source=../lib/packages.sh
source "$here/../lib/packages.sh"
need_packages qemu-system-x86 mmdebstrap debian-archive-keyring e2fsprogs busybox-static xz-utils util-linux || exit 125
cache=${XDG_CACHE_HOME:-$HOME/.cache}/runward/vm
mkdir -p "$cache"
image=$cache/$suite-$(cat "$here/image.sh" "$here"/guest/* | sha256sum | cut -c1-12)
(
  flock 9
  [ ! -e "$image" ] || exit 0
  echo "vm: building the $suite image (once, about a minute)" >&2
  rm -rf --one-file-system "$cache/$suite"-* # of older versions of these files, or unfinished
  started=$SECONDS
  "$here/image.sh" "$suite" "$image.new" >"$cache/build.log" 2>&1 || { tail -20 "$cache/build.log" >&2; exit 1; }
  mv "$image.new" "$image"
  echo "vm: built in $((SECONDS - started)) s" >&2
) 9>"$cache/lock" || die "cannot build the image"

work=$(mktemp -d "$cache/run.XXXXXX")
machine=
# shellcheck disable=SC2317  # called by the trap
cleanup() { [ -z "$machine" ] || kill "$machine" || true; rm -rf "$work"; }
trap cleanup EXIT
console=${VM_CONSOLE:-$work/console}

qemu() { # ACCEL SECONDS KERNEL-OPTION [qemu options]
  local accel=$1 seconds=$2 option=$3 cpu=max; shift 3
  [ "$accel" != kvm ] || cpu=host
  exec setpriv --pdeathsig TERM timeout -k 5 "$seconds" setpriv --pdeathsig KILL qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
    -nic none -machine q35 -accel "$accel" -cpu "$cpu" -smp "$cpus" -m "$mem" -kernel "$image/vmlinuz" -initrd "$image/initrd.gz" \
    -append "console=ttyS0 panic=-1 mitigations=off nokaslr random.trust_cpu=on tsc=reliable systemd.unified_cgroup_hierarchy=1 systemd.show_status=false $option" \
    -serial "file:$console" "$@" </dev/null
}

# /dev/kvm may exist and still not run a stock kernel (nested virtualisation): try it once per boot of this machine.
accel=tcg,thread=multi,tb-size=512
if [ -n "${VM_ACCEL:-}" ]; then
  [ "$VM_ACCEL" != kvm ] || accel=kvm
elif [ -w /dev/kvm ]; then
  trial=$cache/kvm-$(cat /proc/sys/kernel/random/boot_id)
  if [ ! -s "$trial" ]; then
    rm -f "$cache"/kvm-*
    (qemu kvm 15 vm.trial) >/dev/null 2>&1 || true
    if grep -aq VM-TRIAL-OK "$console"; then echo yes; else echo no; fi >"$trial"
  fi
  [ "$(cat "$trial")" = no ] || accel=kvm
fi

mkdir "$work/in" "$work/in/share"
if [ $# -eq 1 ]; then printf '%s\n' "$1"; else printf '%q ' "$@"; fi >"$work/in/command"
tar -c -f "$work/in.tar" -C "$work/in" .
[ -z "$share" ] || tar -c -f "$work/in.tar" -C "$work/in" command --transform 's,^\.,share,' -C "$(realpath "$share")" . || die "cannot copy '$share'"

# Output passes through cat: qemu opens its character devices by path, which would truncate a file behind stdout.
exec 3> >(exec cat); cats=($!)
exec 4> >(exec cat >&2); cats+=($!)
start() {
  : >"$console"
  (qemu "$accel" "$timeout" systemd.unit=vm-command.service \
    -drive "file=$image/root.ext4,format=raw,if=virtio,snapshot=on,cache=unsafe" -drive "file=$work/in.tar,format=raw,if=virtio,readonly=on" \
    -device virtio-rng-pci -device virtio-serial-pci,ioeventfd=off \
    -chardev file,id=o,path=/dev/fd/3 -device virtserialport,chardev=o,name=stdout \
    -chardev file,id=e,path=/dev/fd/4 -device virtserialport,chardev=e,name=stderr \
    -chardev "file,id=r,path=$work/result.tar" -device virtserialport,chardev=r,name=result >&2) &
  machine=$!
}
booted() { # systemd says so in the kernel's log
  local end=$((SECONDS + 120))
  until grep -aq 'Started vm-command' "$console"; do
    if ! kill -0 "$machine" 2>/dev/null; then return; fi # ended: seen below
    if [ $SECONDS -ge $end ]; then return 1; fi
    sleep .2
  done
}
# A boot takes 6 to 30 s. Seen once, on a machine with eight times the load it can bear: one that spun for ten minutes.
start
if ! booted; then
  echo "vm: does not boot, trying once more; its console ends:" >&2
  tail -5 "$console" | cat -v >&2
  kill "$machine" || true
  wait "$machine" || true
  start
fi
exec 3>&- 4>&-
code=0
wait "$machine" || code=$?
machine=
wait "${cats[@]}" || true

if [ $code -eq 124 ] || [ $code -eq 137 ]; then
  tail -20 "$console" | cat -v >&2
  echo "vm: timed out after $timeout s" >&2
  exit 124
fi
tar -x -C "$work" -f "$work/result.tar" 2>/dev/null || true
if [ ! -s "$work/exit-code" ]; then
  tail -30 "$console" | cat -v >&2
  # Emulation lets one processor run what another one is just patching (text_poke_bp()): seen once, on Linux 6.12.
  if [ -z "${VM_SECOND_TRY:-}" ] && grep -q 'Oops: int3' "$console"; then
    echo "vm: the kernel ran its own code half patched, trying once more" >&2
    code=0
    VM_SECOND_TRY=1 "$0" "${call[@]}" || code=$?
    exit $code
  fi
  die "no result (qemu exit $code)"
fi
[ -z "$out" ] || { mkdir -p "$out" && cp -a "$work/out/." "$out/"; }
exit "$(cat "$work/exit-code")"
