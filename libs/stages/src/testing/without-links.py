"""Runs a program for which the kernel refuses hard links, as a file system without them does.

A seccomp filter: link(2) and linkat(2) give EPERM, all else passes. Inherited by what it starts.
"""
import ctypes
import errno
import os
import platform
import struct
import sys

LINKS = {"x86_64": (86, 265), "aarch64": (37,)}[platform.machine()]
LOAD_NUMBER, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM

steps = [(LOAD_NUMBER, 0, 0, 0)]
for at, number in enumerate(LINKS):
    steps.append((IF_EQUAL, len(LINKS) - at, 0, number))
steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
filter_bytes = b"".join(struct.pack("HBBI", *step) for step in steps)


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
NO_NEW_PRIVILEGES, SECCOMP, FILTER_MODE = 38, 22, 2
program = Program(len(steps), filter_bytes)
if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(
    SECCOMP, FILTER_MODE, ctypes.byref(program), 0, 0
):
    sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
