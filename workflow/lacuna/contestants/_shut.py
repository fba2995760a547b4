"""What a process gives up before it opens somebody's file: the network, writing files, endless memory. Linux alone.

Sockets are refused by the kernel's filter for system calls (seccomp), which needs no rights; files cannot grow
(RLIMIT_FSIZE). Reading stays possible: a hostile file that breaks PyTorch may read what its user may read.
"""

import ctypes
import platform
import struct
import sys
import tempfile

_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _ERRNO, _EPERM = 0x7FFF0000, 0x00050000, 1
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_LOCAL = 1  # AF_UNIX: between processes of one machine
# The kernel's numbers: architecture, socket, io_uring_setup (which can open sockets, too).
_NUMBERS = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}


def without_network() -> bool:
    """From now on this process and its children open no socket but local ones; whether the system could be told."""
    numbers = _NUMBERS.get(platform.machine())
    if sys.platform != "linux" or numbers is None:
        return False
    architecture, socket, ring = numbers
    program = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_LOAD, 0, 0, 0),  # the call's number
        (_EQUAL, 3, 0, ring),
        (_EQUAL, 0, 3, socket),
        (_LOAD, 0, 0, 16),  # its first argument: the family
        (_EQUAL, 1, 0, _LOCAL),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code)
    pointer = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(held)))
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return system.prctl(_SET_SECCOMP, _FILTER, pointer, 0, 0) == 0


def with_limits(memory: int | None) -> None:
    """From now on this process writes into no file, leaves no core, and takes at most so many bytes of addresses."""
    try:
        import resource
    except ImportError:  # Windows
        return
    tempfile.gettempdir()  # libraries ask where it is, and are told by a file that is written there
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
