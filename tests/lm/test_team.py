"""Contracts of a team of processes."""

import atexit
import importlib
from functools import partial
from pathlib import Path

import pytest
import torch

from lm.embedded.team import Team, run_team


def _work(folder: Path, team: Team) -> None:
    # What the first optimizer of a process does, here without one.
    importlib.import_module("torch._dynamo")
    values = torch.full((3,), float(team.rank + 1))
    team.add_up(values)
    assert values.tolist() == [3.0, 3.0, 3.0]
    assert team.gather(team.rank) == [0, 1]
    atexit.register(_write_threads, folder / str(team.rank))


def _write_threads(path: Path) -> None:
    path.write_text(" ".join(p.read_text() for p in Path("/proc/self/task").glob("*/comm")))


@pytest.mark.slow
def test_no_thread_of_the_team_outlives_it(tmp_path):
    """One that still ran while the interpreter ends would abort the process, seldom."""
    run_team(partial(_work, tmp_path), 2, 1)
    for rank in ("0", "1"):
        threads = (tmp_path / rank).read_text()
        assert threads
        assert "gloo" not in threads
