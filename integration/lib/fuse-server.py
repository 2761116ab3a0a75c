#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fuse-server.py empty|enosys|silent FOLDER - mount a FUSE filesystem on FOLDER and serve it until killed.

empty: an empty folder, and no idmapped mounts (the server never says FUSE_ALLOW_IDMAP).
enosys: after the start every question is answered by ENOSYS, as a hostile server may.
silent: after the start none is answered; who asked can't even be killed until this server is.
The protocol: include/uapi/linux/fuse.h. Prints "mounted by PID" when it is.
"""
import ctypes
import errno
import os
import struct
import sys

INIT, FORGET, GETATTR, STATFS, OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, BATCH_FORGET = (
    26, 2, 3, 17, 27, 28, 29, 34, 36, 42)


def answer_to(opcode):
    """The body of the answer; None: ENOSYS."""
    if opcode == INIT:  # version 7.31, and no feature of all that the kernel offers
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0)
    if mode == "enosys":
        return None
    if opcode == GETATTR:  # of a folder, 0755, root's
        attributes = struct.pack("<6Q10I", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
        return struct.pack("<QII", 1, 0, 0) + attributes
    return {STATFS: bytes(80), OPENDIR: bytes(16), READDIR: b"", RELEASEDIR: b"", ACCESS: b""}.get(opcode)


mode, folder = sys.argv[1:]
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"runward-test", folder.encode(), b"fuse", 0, options) != 0:
    sys.exit("mount: " + os.strerror(ctypes.get_errno()))
print("mounted by", os.getpid(), flush=True)
while True:
    try:
        request = os.read(device, 1 << 17)
    except OSError as error:
        if error.errno in (errno.EINTR, errno.ENOENT):
            continue
        break  # unmounted
    opcode, unique = struct.unpack_from("<4xIQ", request)
    if opcode in (FORGET, BATCH_FORGET, INTERRUPT) or (mode == "silent" and opcode != INIT):
        continue
    body = answer_to(opcode)
    failed = body is None
    body = b"" if failed else body
    os.write(device, struct.pack("<IiQ", 16 + len(body), -errno.ENOSYS if failed else 0, unique) + body)
