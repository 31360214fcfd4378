"""A process that dies when it opens a socket of any kind but a local (AF_UNIX) one, and so do its children: a seccomp
filter (Linux, seccomp(2)), which needs no privilege."""

import ctypes
import platform
import signal
import struct
import subprocess
import sys

# Machine: (AUDIT_ARCH_*, number of the system call socket).
MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
SUPPORTED = platform.machine() in MACHINES

LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
AF_UNIX = 1
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def go_offline():
    """For subprocess's preexec_fn."""
    architecture, socket = MACHINES[platform.machine()]
    instructions = [  # (code, jump where true, jump where false, operand)
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_EQUAL, 0, 3, socket),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_EQUAL, 1, 0, AF_UNIX),
        (RETURN, 0, 0, KILL_PROCESS),
        (RETURN, 0, 0, ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in instructions))

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    filter_ = Filter(len(instructions), ctypes.addressof(code))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_)):
        raise OSError(ctypes.get_errno(), "no seccomp filter")


def works():
    """Whether a program that opens an internet socket is killed here, and one that does not lives."""
    if not SUPPORTED:
        return False

    def ends(code):
        try:
            return subprocess.run([sys.executable, "-c", code], preexec_fn=go_offline, timeout=60).returncode
        except (OSError, subprocess.SubprocessError):
            return None

    return ends("import socket; socket.socket()") == -signal.SIGSYS and ends("import socket; socket.socketpair()") == 0
