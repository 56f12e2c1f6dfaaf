"""One process on a folder at a time, by a lock that the system drops with the process.

So there is no stale lock, whatever ended its holder; the file itself stays and means nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from arc.errors import RunError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a folder for as long as the context lasts.

    Raises:
        RunError: Another process holds it, or nothing can be written there.
    """
    try:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be written: {error.strerror}; choose another --out"
        ) from None
    try:
        _acquire(handle, folder)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        raise RunError(
            f"{folder}: another process is at work on it{f' ({holder})' if holder else ''}; "
            "wait for it, or choose another --out"
        ) from None
    except OSError as error:
        log.warning("%s: not locked, its file system cannot: %s", folder, error.strerror)
        return
    with contextlib.suppress(OSError):  # who holds it is for the message alone
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"pid {os.getpid()}".encode(), 0)
