"""The terminal and the machine that a command finds itself on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console


def console() -> Console:
    """Returns where answers go; wide enough for tables when it is not a terminal."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=160)


def n_cores() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int | None:
    """Returns how many bytes of memory this process may still fill, or `None` if nobody says.

    What a container is allowed counts as well as what the machine has.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        free = int(fields["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return None
    return min([free, *_container_room()])


def _container_room() -> Iterator[int]:
    """Yields the bytes left under each limit that a control group sets."""
    root = Path("/sys/fs/cgroup")
    names = {"memory.max": "memory.current"}
    names |= {"memory/memory.limit_in_bytes": "memory/memory.usage_in_bytes"}
    for limit, usage in names.items():
        try:
            room = int((root / limit).read_text()) - int((root / usage).read_text())
        except (OSError, ValueError):
            continue  # no such version of control groups, or no limit
        yield max(0, room)
