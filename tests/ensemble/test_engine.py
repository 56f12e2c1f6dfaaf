import time
from dataclasses import replace

import pytest
from benches import (
    BrokenBench,
    BudgetBench,
    DyingBench,
    EchoBench,
    OnceDyingBench,
    RefusingBench,
    SleepyBench,
)

from arc.errors import DataError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.engine import Unit, run_units
from ensemble.settings import Settings

RED = Grid.of([[2]])


def units(*task_ids):
    return [Unit("echo", Task(i, (Pair(RED, RED),), (RED,)), 1.0) for i in task_ids]


def ids(results):
    return sorted(result.unit.task.task_id for result in results)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_every_unit_comes_back_once(n_workers):
    results = list(run_units(units("a", "b", "c"), Settings(), n_workers, bench=EchoBench))
    assert ids(results) == ["a", "b", "c"]
    assert all(result.candidates[0].grid == RED for result in results)


def test_a_task_that_kills_its_worker_is_reported_and_costs_no_other():
    results = list(run_units(units("a", "killer", "b"), Settings(), 1, bench=DyingBench))
    assert ids(results) == ["a", "b", "killer"]
    assert [r.unit.task.task_id for r in results if r.failure] == ["killer"]


def test_a_task_whose_worker_died_is_tried_once_more(tmp_path):
    task_id = str(tmp_path / "mark")
    results = list(run_units(units(task_id), Settings(), 1, bench=OnceDyingBench))
    assert [result.failure for result in results] == [""]


def test_what_the_user_can_fix_arrives_as_it_was_raised():
    with pytest.raises(DataError, match="no model there"):
        list(run_units(units("a"), Settings(), 1, bench=RefusingBench))


def test_a_bug_shows_where_it_happened():
    with pytest.raises(RuntimeError, match=r"(?s)task a.*ZeroDivisionError: a bug"):
        list(run_units(units("a"), Settings(), 1, bench=BrokenBench))


def test_the_deadline_ends_even_a_task_that_never_returns():
    deadline = time.monotonic() + 5
    results = list(run_units(units("a", "sleeper", "b"), Settings(), 1, deadline, SleepyBench))
    assert ids(results) == ["a"]


def test_a_deadline_is_shared_by_the_tasks_that_wait_for_it():
    four = [replace(unit, budget_s=3600.0) for unit in units("a", "b", "c", "d")]
    deadline = time.monotonic() + 600
    results = list(run_units(four, Settings(), 1, deadline, BudgetBench))
    budgets = [result.candidates[0].log_weight for result in results]
    assert all(b <= 600 / n for b, n in zip(budgets, (4, 3, 2, 1), strict=True))
    assert budgets == sorted(budgets), "time that is left goes to later tasks"


def test_no_task_is_given_more_than_its_own_limit():
    results = list(run_units(units("a"), Settings(), 1, time.monotonic() + 600, BudgetBench))
    assert results[0].candidates[0].log_weight == 1.0
