"""The benchmarks of the schedule and of the engines."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def test_the_schedule_solves_more_than_an_equal_share_and_ends_in_time(capsys) -> None:
    importlib.import_module("budget").main(["--tasks", "60", "--workers", "1"])
    lines = re.findall(r"(\d+) min +(\S+) % +(\S+) % +(\S+) of", capsys.readouterr().out)
    assert len(lines) == 7
    for minutes, ours, theirs, end in lines:
        assert float(ours) >= float(theirs)
        assert float(end) <= float(minutes)
    assert sum(float(ours) > float(theirs) + 5 for _, ours, theirs, _ in lines) >= 2


@pytest.mark.slow
def test_scaling_is_measured_here_and_simulated_beyond(capsys) -> None:
    scaling = importlib.import_module("scaling")
    scaling.main(["--units", "10", "--unit-s", "0.02", "--workers", "1,2"])
    out = capsys.readouterr().out
    efficiencies = re.findall(r"^ +(\d+) +\S+ +([01]\.\d{3})$", out, re.MULTILINE)
    assert [int(n) for n, _ in efficiencies] == list(scaling.SIMULATED)
    assert all(0.7 < float(share) <= 1 for _, share in efficiencies)
