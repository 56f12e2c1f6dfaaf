"""The probe: tries what is forbidden, from where a program would stand.

A kernel may accept a filter and a container may still have turned it off, so only attempts count.
"""

from __future__ import annotations

import errno
import mmap
import os
import signal
import socket
from collections.abc import Callable

from sandbox import kernel
from sandbox.syscalls import Architecture

REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS)


def _open_directory() -> None:
    os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))


def _open_socket() -> None:
    socket.socket().close()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _map_executable() -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)


def _read_nothing() -> None:
    os.stat("/")


ATTEMPTS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("open", _open_directory),
    ("stat", _read_nothing),
    ("socket", _open_socket),
    ("fork", _fork),
    ("executable memory", _map_executable),
    ("kill", _signal_parent),
)


def not_refused() -> list[str]:
    """Returns the names of the forbidden actions that this process got away with."""
    return [name for name, attempt in ATTEMPTS if not _is_refused(attempt)]


def _is_refused(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno in REFUSALS
    return False


def is_opening_refused() -> bool:
    """Whether a directory cannot be opened."""
    return _is_refused(_open_directory)


def survive_forbidden_call(architecture: Architecture) -> None:
    """Makes a call whose verdict is death; returns only if the filter is not there."""
    try:
        kernel.syscall(architecture.numbers["ptrace"], 0, 0, 0, 0)
    except OSError:
        return


def is_killed_by_policy(status: int) -> bool:
    """Whether a wait status tells of a filter's kill."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS
