"""The terminal and the machine that a command finds itself on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

_YOUNG_S = 60.0
"""A process older than this was not started for the command it is at."""


def console() -> Console:
    """Returns where answers go; wide enough for tables when it is not a terminal."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=160)


def n_cores() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def process_age_s() -> float:
    """Returns how long ago this process was started, as far as the system says; else 0.

    One that was started long ago, such as a notebook's, counts as started now.
    """
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        begun = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - begun
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
    return age_s if 0 <= age_s < _YOUNG_S else 0.0


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
