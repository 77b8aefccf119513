"""Give up, for good, what a labelling program does not need: time, memory, files, processes, network.

Used by the child process alone. Each step is asked of the operating system, so that it holds even for a program that
escapes from everything Python does to keep it in.
"""

import ctypes
import mmap
import os
import platform
import resource
from contextlib import suppress

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
NOBODY = 65534
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000  # refuse with "operation not permitted"
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06

# Reading and writing what is open, memory, clocks, signals to handle, leaving. By machine: its number, system calls.
CALLS = {
    "x86_64": (0xC000003E, (0, 1, 3, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 39, 60, 96, 186, 202, 219, 228, 231, 318)),
    "aarch64": (
        0xC00000B7,
        (63, 64, 57, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 172, 93, 169, 178, 98, 128, 113, 94, 278),
    ),
}  # fmt: skip


class _Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort),
        ("yes", ctypes.c_ubyte),
        ("no", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    ]


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step))]


def lock(seconds, memory_mb):
    """Lock this process; return the names of the guards that hold. Raises OSError or ValueError where limits fail.

    Limits of memory and files are tried out: some systems take them and do not keep them.
    """
    guards = []
    libc = ctypes.CDLL(None, use_errno=True)
    for what, limit in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory_mb * 2**20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit + 1 if what == resource.RLIMIT_CPU else limit))
    _fails("memory", lambda: mmap.mmap(-1, memory_mb * 2**20))
    guards += ["time", "memory"]
    if _own_network(libc):
        guards.append("no network")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        with suppress(OSError):  # in some containers there is nobody else to be
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            guards.append("no privileges")
    superuser = hasattr(os, "geteuid") and os.geteuid() == 0
    if not superuser:  # who is not bound by this limit
        with suppress(OSError, ValueError, AttributeError):
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            guards.append("no processes")
    # A limit of 0 lets what is open stay open, and nothing else be opened: no file, no socket, no pipe.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    _fails("files", lambda: os.dup(0))
    guards.append("no files")
    if _filtered(libc):
        guards.append("system calls")
    elif superuser:
        raise OSError("the superuser could lift every limit again, and cannot become anybody else here")
    return guards


def _fails(what, beyond):
    """See that the system refuses what is beyond a limit."""
    try:
        beyond()
    except (OSError, MemoryError):
        return
    raise OSError(f"it takes a limit of {what} and does not keep it")


def _own_network(libc):
    """A network of its own with nobody in it, where the system lets us."""
    unshare = getattr(libc, "unshare", None)
    return unshare is not None and (unshare(CLONE_NEWNET) == 0 or unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _filtered(libc):
    """Let the kernel refuse every system call but a few, where it is a Linux on a machine that we know."""
    if platform.system() != "Linux" or platform.machine() not in CALLS or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    machine, calls = CALLS[platform.machine()]
    steps = [(LOAD, 0, 0, 4), (JUMP_IF_EQUAL, 1, 0, machine), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    steps += [(JUMP_IF_EQUAL, len(calls) - i, 0, call) for i, call in enumerate(calls)]
    steps += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    table = (_Step * len(steps))(*[_Step(*step) for step in steps])
    told = _Filter(len(steps), table)
    zero = ctypes.c_ulong(0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero):
        return False
    return libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(MODE_FILTER), ctypes.byref(told), zero, zero) == 0
