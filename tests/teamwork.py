"""What members of a team do in tests; spawned processes find it by its name."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import time
from pathlib import Path

import torch

from lm.embedded.team import Team


def sum_up(folder: Path, team: Team) -> None:
    """Sums, gathers, and leaves the names of the process's last threads in the folder."""
    # As the first optimizer of a process does.
    importlib.import_module("torch._dynamo")
    values = torch.full((3,), float(team.rank + 1))
    team.add_up(values)
    assert values.tolist() == [3.0, 3.0, 3.0]
    assert team.gather(team.rank) == [0, 1]
    atexit.register(_write_threads, folder / str(team.rank))


def _write_threads(path: Path) -> None:
    # The system lists a thread a moment longer than until it has been joined.
    deadline = time.monotonic() + 5
    while len(names := _thread_names()) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    path.write_text(" ".join(names))


def _thread_names() -> list[str]:
    found = []
    for listed in Path("/proc/self/task").glob("*/comm"):
        # It may end between being listed and being read.
        with contextlib.suppress(OSError):
            found.append(listed.read_text())
    return found
