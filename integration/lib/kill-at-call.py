#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill-at-call.py N COMMAND… - run it, and SIGKILL whoever of it, its threads and its children makes the Nth call.

Only system calls that may change something are counted, in all of them together; a kill at another one is the same as a
kill at the next that counts. All others go on, untraced. N = 0: kill none, and print how many there are. The exit code is the
command's; 137 where it was killed itself. For x86-64.
"""
import ctypes
import os
import signal
import struct
import sys

# ptrace(2)
TRACEME, SYSCALL, SETOPTIONS, GETEVENTMSG, GET_SYSCALL_INFO = 0, 24, 0x4200, 0x4201, 0x420E
OPTIONS = 0x01 | 0x02 | 0x04 | 0x08 | 0x10  # system calls are marked; forks, vforks, clones and execs are followed
ENTRY = 1

OPENAT, OPEN_FLAGS = 257, os.O_CREAT | os.O_TRUNC
# By which nothing changes, but in the caller itself.
LOOKING = {
    0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 21, 23, 24, 25, 28, 32, 33, 35, 39, 63, 72, 79, 89, 96, 97, 98, 99, 100,
    102, 104, 107, 108, 110, 111, 115, 118, 120, 121, 125, 127, 131, 137, 138, 158, 186, 201, 202, 204, 213, 217, 218, 219, 228,
    229, 230, 231, 232, 233, 234, 247, 257, 262, 267, 269, 270, 271, 273, 281, 288, 291, 292, 302, 309, 318, 332, 334, 436, 437,
    439, 441, 449,
}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def changes_something(pid):
    """Of a tracee that stands at a system call: whether it is about to make one that counts."""
    info = ctypes.create_string_buffer(88)
    if libc.ptrace(GET_SYSCALL_INFO, pid, len(info), ctypes.cast(info, ctypes.c_void_p)) <= 0 or info.raw[0] != ENTRY:
        return False
    number, _, _, flags = struct.unpack_from("<4Q", info.raw, 24)
    return number not in LOOKING or (number == OPENAT and flags & OPEN_FLAGS != 0)


def wait_for(pid):
    try:
        return os.waitpid(pid, 0x40000000)  # __WALL
    except ChildProcessError:
        return None, 0


target, command = int(sys.argv[1]), sys.argv[2:]
first = os.fork()
if first == 0:
    libc.ptrace(TRACEME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
    os.execvp(command[0], command)
os.waitpid(first, 0)
libc.ptrace(SETOPTIONS, first, None, OPTIONS)
libc.ptrace(SYSCALL, first, None, None)
count, code, known = 0, 0, {first}
while True:
    pid, status = wait_for(-1)
    if pid is None:
        break
    if not os.WIFSTOPPED(status):
        if pid == first:
            code = os.waitstatus_to_exitcode(status)
            break
        continue
    delivered = 0
    stop = os.WSTOPSIG(status)
    if stop == signal.SIGTRAP | 0x80:
        if changes_something(pid):
            count += 1
            if count == target:
                os.kill(pid, signal.SIGKILL)
    elif status >> 16 == 0 and not (stop == signal.SIGSTOP and pid not in known):
        delivered = stop
    known.add(pid)
    libc.ptrace(SYSCALL, pid, None, delivered)
if target == 0:
    print(count)
sys.exit(code if code >= 0 else 128 - code)
