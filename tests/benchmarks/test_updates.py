"""The benchmark of test-time training against its length."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # The script takes the first entry off the path, which is its own folder when it is called.
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("updates")


def point(module: ModuleType, n: int, nats: dict[str, float], solved: float = 0.0):
    outcome = importlib.import_module("likelihood").Outcome
    found = {task_id: outcome(solved, 1.0, each, 0.1, 2.0) for task_id, each in nats.items()}
    return module.Point("small", n, found)


def test_a_length_is_compared_over_the_tasks_that_both_have(updates) -> None:
    before = point(updates, 20, {"a": -5.0, "b": -3.0, "c": -9.0})
    after = point(updates, 80, {"b": -4.0, "c": -1.0, "d": 0.0}, solved=0.5)
    assert after.against(before).startswith("likelier in  1 of 2,")
    assert after.against(before).endswith("; solved 0.00, then 1.00")


def test_a_point_says_how_many_of_how_many(updates) -> None:
    row = point(updates, 80, {"a": -5.0, "b": -3.0}, solved=0.5).line()
    assert re.search(r"small +80 +1\.00 of +2 +50\.0-50\.0 % +2\.00 +-4\.00", row)


def test_the_picture_has_every_length(updates, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = [point(updates, n, {"a": -9.0 / n, "b": -3.0}, solved=0.5) for n in (20, 5120)]
    updates.draw(points, tmp_path / "curve.svg")
    assert "<!-- 5120 -->" in (tmp_path / "curve.svg").read_text()


@pytest.mark.slow
def test_what_is_kept_is_not_measured_again(updates, tmp_path: Path, capsys) -> None:
    arguments = ["--every", "156", "--updates", "0", "2", "--workers", "1", "--runs", str(tmp_path)]
    updates.main(arguments)
    first = capsys.readouterr().out
    assert re.search(r"small +0 .* of   1 .*\nsmall +2 .* of   1 .*likelier in", first)
    updates.main(arguments)
    assert capsys.readouterr().out == first
