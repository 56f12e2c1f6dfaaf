"""Landlock: takes all files, TCP ports, outside signals and abstract sockets from this process."""

from __future__ import annotations

import ctypes
import struct

from sandbox import kernel
from sandbox.syscalls import Architecture

_VERSION_FLAG = 1

# Access rights to files that each version of the interface knows, as a count of low bits.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FILE_RIGHTS = 16
_NET_RIGHTS = 0b11  # bind and connect, from version 4
_SCOPES = 0b11  # abstract sockets and signals, from version 6


def ruleset(version: int) -> bytes:
    """Returns struct landlock_ruleset_attr with every right that a version can take away."""
    files = (1 << _FILE_RIGHTS.get(version, _NEWEST_FILE_RIGHTS)) - 1
    if version < 4:
        return struct.pack("<Q", files)
    if version < 6:
        return struct.pack("<QQ", files, _NET_RIGHTS)
    return struct.pack("<QQQ", files, _NET_RIGHTS, _SCOPES)


def restrict(architecture: Architecture) -> int:
    """Allows nothing from here on and returns the interface's version; needs no_new_privs."""
    numbers = architecture.numbers
    version = kernel.syscall(numbers["landlock_create_ruleset"], 0, 0, _VERSION_FLAG)
    attributes = ruleset(version)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    fd = kernel.syscall(
        numbers["landlock_create_ruleset"], ctypes.byref(buffer), len(attributes), 0
    )
    kernel.syscall(numbers["landlock_restrict_self"], fd, 0)
    return version
