"""Privileges: what the zygote gives up before it runs anything, in the order that works.

Namespaces come first because they may need capabilities; files must have been read before the
user changes; the parent-death signal and the dump flag are reset by a change of user, so they
follow it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct

from sandbox import kernel
from sandbox.limits import Limits
from sandbox.syscalls import Architecture

NOBODY = 65534
_CAPABILITY_VERSION = 0x20080522
_LAST_CAPABILITY = 63


def leave_namespaces() -> None:
    """Enters namespaces with no network and no shared IPC; raises `OSError` if not permitted."""
    own = kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    try:
        kernel.unshare(own)
    except OSError:
        kernel.unshare(own | kernel.CLONE_NEWUSER)


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


def limit_resources(limits: Limits) -> None:
    """Sets the limits that hold for the zygote and all its children."""
    growth = limits.memory_mb << 20
    _lower(resource.RLIMIT_AS, address_space() + growth)
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


def is_unprivileged() -> bool:
    """Whether neither root nor any capability is left, as the kernel tells it."""
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        return False
    held = int(fields.get("CapEff", "1"), 16) | int(fields.get("CapPrm", "1"), 16)
    return os.geteuid() != 0 and os.getuid() != 0 and held == 0


def namespaces() -> tuple[int, ...]:
    """Returns what identifies this process's network and IPC namespaces; empty if unknown."""
    try:
        return tuple(os.stat(f"/proc/self/ns/{name}").st_ino for name in ("net", "ipc"))
    except OSError:
        return ()
