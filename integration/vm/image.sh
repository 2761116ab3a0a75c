#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# image.sh SUITE DIR - build a bootable Debian into the new folder DIR: root.ext4, vmlinuz, initrd.gz, packages.
# Called by run.sh. Works without a loop device: the file system is filled by mke2fs -d.
set -euo pipefail
((EUID == 0)) || { echo "building the image needs root" >&2; exit 1; }
suite=$1 dir=$2 here=$(dirname "$(readlink -f "$0")")
root=$dir/root initrd=$dir/initrd
mkdir -p "$dir"

packages=systemd,kmod,apparmor,docker.io,containerd,runc,busybox-static,jq,iproute2,iptables,procps
packages+=,bats,curl,python3,strace # of the integration tests
[ "$suite" = bookworm ] || packages+=,docker-cli

# The mirror is this machine's own, if it is a Debian, so that local mirrors and proxies keep working.
# shellcheck disable=SC2016  # apt's format, not the shell's
targets=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null) || targets=
main=$(awk '$2 !~ /-security$/ {print $1; exit}' <<<"$targets")
security=$(awk '$2 ~ /-security$/ {print $1; exit}' <<<"$targets")
main=${main:-http://deb.debian.org/debian} security=${security:-http://deb.debian.org/debian-security}
proxy=''
eval "$(apt-config shell proxy Acquire::http::Proxy)"
[ -z "$proxy" ] || export http_proxy=$proxy

mmdebstrap --quiet --variant=minbase --mode=root --format=directory --skip=cleanup/apt --include="$packages" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  "$suite" "$root" - <<EOF
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $main $suite main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $main $suite-updates main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $security $suite-security main
EOF

# The kernel is unpacked, not installed: that would bring initramfs-tools and build a large initrd.
kernel=$(chroot "$root" apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
(cd "$root/tmp" && chroot "$root" sh -c "cd /tmp && apt-get -qq -o APT::Sandbox::User=root download '$kernel'")
dpkg-deb --fsys-tarfile "$root"/tmp/linux-image-*.deb | tar -x --keep-directory-symlink -C "$root" --exclude='./usr/share/*'
rm -rf "$root"/tmp/* "$root"/etc/apt/sources.list* "$root"/var/lib/apt/lists "$root"/var/cache/apt/* "$root"/var/log/*
version=$(basename "$root"/usr/lib/modules/*)
chroot "$root" depmod "$version"
mv "$root/boot/vmlinuz-$version" "$dir/vmlinuz"
rm -rf "${root:?}"/boot/*

# initrd: busybox and the modules, in their order, between the kernel and an ext4 on virtio
mkdir -p "$initrd"/{bin,dev,proc,sys,root,modules}
cp "$root/bin/busybox" "$initrd/bin/"
install -m 755 "$here/guest/initrd-init" "$initrd/init"
for module in virtio_pci virtio_blk ext4; do
  chroot "$root" modprobe -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r file; do
  name=$(basename "$file" | sed 's/\.ko.*/.ko/')
  case $file in *.xz) xz -dc "$root$file" ;; *.zst) zstd -dcq "$root$file" ;; *) cat "$root$file" ;; esac >"$initrd/modules/$name"
  echo "$name" >>"$initrd/modules/order"
done
(cd "$initrd" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$dir/initrd.gz"

install -m 755 "$here/guest/vm-command" "$root/usr/local/sbin/"
install -m 644 "$here/guest/vm-command.service" "$root/etc/systemd/system/"
echo vm >"$root/etc/hostname"
echo '127.0.0.1 localhost vm' >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
: >"$root/etc/fstab"
# shellcheck disable=SC2016  # dpkg-query's format
chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' >"$dir/packages"

truncate -s 4G "$dir/root.ext4"
mke2fs -q -F -t ext4 -O ^has_journal -E lazy_itable_init=1,root_owner=0:0 -d "$root" "$dir/root.ext4"
rm -rf --one-file-system "$root" "$initrd"
