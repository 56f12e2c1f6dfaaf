"""Privileges: what the zygote gives up before it runs anything, in the order that works.

Namespaces come first because they may need capabilities; files must have been read before the
user changes; the parent-death signal and the dump flag are reset by a change of user, so they
follow it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import struct
from contextlib import suppress

from sandbox import kernel
from sandbox.level import NAMESPACES
from sandbox.limits import Limits
from sandbox.syscalls import Architecture

NOBODY = 65534
_CAPABILITY_VERSION = 0x20080522
_LAST_CAPABILITY = 63


def leave_namespaces() -> int:
    """Enters empty namespaces of every kind and goes on in their first process.

    Returns a descriptor of the process that stays outside, which only waits: whichever of the two
    is killed, the other is to follow. Raises `OSError` if namespaces are not permitted. A user
    namespace is used only where it gives the right to have the others: it takes nothing away
    from a process that is about to become nobody.
    """
    own = (
        kernel.CLONE_NEWNET
        | kernel.CLONE_NEWIPC
        | kernel.CLONE_NEWUTS
        | kernel.CLONE_NEWPID
        | kernel.CLONE_NEWNS
    )
    try:
        kernel.unshare(own)
    except OSError:
        kernel.unshare(own | kernel.CLONE_NEWUSER)
    outside = os.pidfd_open(os.getpid())
    pid = os.fork()  # whoever leaves its process namespace stays outside itself
    if pid == 0:
        return outside
    code = 1
    try:
        # It stays root: a kernel that tells the child of its death asks if it may send the signal.
        os.closerange(0, 256)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os._exit(code & 0xFF)


def follow(outside: int) -> None:
    """Makes this process die with its parent, which is this one; undone by a change of user."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if select.select([outside], [], [], 0)[0]:
        os._exit(1)  # it died before the signal was asked for


def hide_files(architecture: Architecture) -> None:
    """Replaces the root of the file system by an empty one; needs an own mount namespace."""
    numbers = architecture.numbers
    mount, nothing = numbers["mount"], ctypes.c_char_p(None)
    target, here = ctypes.c_char_p(b"/proc"), ctypes.c_char_p(b".")
    root, kind = ctypes.c_char_p(b"/"), ctypes.c_char_p(b"tmpfs")
    kernel.syscall(mount, nothing, root, nothing, kernel.MS_REC_PRIVATE, nothing)
    kernel.syscall(mount, kind, target, kind, kernel.MS_RDONLY_NOSUID_NODEV_NOEXEC, nothing)
    os.chdir("/proc")
    kernel.syscall(numbers["pivot_root"], here, here)
    kernel.syscall(numbers["umount2"], here, kernel.MNT_DETACH)
    os.chdir("/")


def bound_capabilities() -> None:
    """Makes capabilities impossible to get back, as far as this process has a say."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
        except OSError:
            break  # no right to, or no such capability: then there is nothing to give up
    kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_CLEAR_ALL)


def drop_capabilities(architecture: Architecture) -> None:
    """Gives up every capability; a change of user needs one, so it comes before."""
    header = ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION, 0), 8)
    nothing = ctypes.create_string_buffer(bytes(24), 24)
    kernel.syscall(architecture.numbers["capset"], ctypes.byref(header), ctypes.byref(nothing))


def drop_user() -> None:
    """Becomes nobody, without supplementary groups, if this is root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def address_space() -> int:
    """Returns the size of this process's address space in bytes; 4 GiB if it cannot be read."""
    try:
        with open("/proc/self/statm", encoding="utf-8") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 4 << 30


def limit_resources(limits: Limits, used: int) -> None:
    """Sets the limits that hold for the zygote, which uses so much memory, and its children."""
    _lower(resource.RLIMIT_AS, used + (limits.memory_mb << 20))
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, 64)


def limit_process(cpu_s: float) -> None:
    """Sets the limits of one program's process: no children, and a backstop for CPU time."""
    _lower(resource.RLIMIT_NPROC, 0)
    whole = int(cpu_s) + 2
    _lower(resource.RLIMIT_CPU, whole, whole + 1)


def _lower(which: int, soft: int, hard: int | None = None) -> None:
    wanted = soft if hard is None else hard
    _, ceiling = resource.getrlimit(which)
    if ceiling != resource.RLIM_INFINITY:
        wanted = min(wanted, ceiling)
    resource.setrlimit(which, (min(soft, wanted), wanted))


class Credentials:
    """What the kernel says of this process; opened while /proc can be opened, read later."""

    def __init__(self) -> None:
        self._fd = -1
        with suppress(OSError):
            self._fd = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)

    def are_unprivileged(self) -> bool:
        """Whether neither root nor any capability is left."""
        if self._fd < 0:
            return False
        text = os.pread(self._fd, 1 << 14, 0).decode("utf-8", "replace")
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        held = int(fields.get("CapEff", "1"), 16) | int(fields.get("CapPrm", "1"), 16)
        return os.geteuid() != 0 and os.getuid() != 0 and held == 0

    def close(self) -> None:
        """Gives the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def namespaces() -> dict[str, int]:
    """Returns what identifies this process's namespaces, as far as that can be seen."""
    found = {}
    for name in NAMESPACES:
        with suppress(OSError):
            found[name] = os.stat(f"/proc/self/ns/{name}").st_ino
    return found
