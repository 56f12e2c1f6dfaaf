"""The terminal and the machine that a command finds itself on."""

from __future__ import annotations

import os

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
