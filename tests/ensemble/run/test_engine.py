import time
from collections import deque
from dataclasses import replace

import pytest
from benches import (
    BrokenBench,
    BudgetBench,
    CollapsingBench,
    DyingBench,
    EchoBench,
    HungryBench,
    OnceDyingBench,
    RefusingBench,
    SleepyBench,
)

from arc.errors import DataError, RunError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.run.engine import work_off
from ensemble.run.local_engine import LocalEngine
from ensemble.run.unit import Unit
from ensemble.settings import Settings

RED = Grid.of([[2]])


def units(*task_ids):
    return [Unit("echo", Task(i, (Pair(RED, RED),), (RED,)), 1.0) for i in task_ids]


def worked_off(waiting, bench=EchoBench, n_workers=1, within_s=None):
    queue = deque(waiting)
    engine = LocalEngine(n_workers, Settings(), bench)
    deadline = time.monotonic() + (within_s or 1e9)
    return list(work_off(engine, lambda: queue.popleft() if queue else None, lambda: deadline))


def ids(results):
    return sorted(result.unit.task.task_id for result in results)


def test_every_unit_comes_back_once():
    results = worked_off(units("a", "b", "c"), n_workers=2)
    assert ids(results) == ["a", "b", "c"]
    assert all(result.found.candidates[0].grid == RED for result in results)


def test_nothing_is_started_for_nothing():
    class Untouchable:
        n_workers = 2

    assert list(work_off(Untouchable(), lambda: None)) == []


def test_a_task_that_kills_its_worker_is_reported_and_costs_no_other():
    results = worked_off(units("a", "killer", "b"), DyingBench)
    assert ids(results) == ["a", "b", "killer"]
    assert {r.unit.task.task_id: r.failure for r in results if r.failure} == {
        "killer": "worker died"
    }


def test_a_task_whose_worker_died_is_tried_once_more(tmp_path):
    task_id = str(tmp_path / "mark")
    results = worked_off(units(task_id), OnceDyingBench)
    assert [result.failure for result in results] == [""]


@pytest.mark.slow
def test_a_task_that_is_out_of_memory_is_tried_once_more_with_less():
    results = worked_off(units("a", "hungry", "huge", "b"), HungryBench)
    assert ids(results) == ["a", "b", "huge", "hungry"]
    found = {r.unit.task.task_id: (r.failure, len(r.found.candidates)) for r in results}
    assert found["hungry"] == ("out of memory; done with less effort", 1)
    assert found["huge"] == ("out of memory", 0)
    assert found["a"] == found["b"] == ("", 1)


def test_what_the_user_can_fix_arrives_as_it_was_raised():
    with pytest.raises(DataError, match="no model there"):
        worked_off(units("a"), RefusingBench)


def test_workers_that_die_while_they_load_end_the_run_with_one_line():
    with pytest.raises(RunError, match="load what echo needs; try fewer --workers"):
        worked_off(units("a", "b"), CollapsingBench)


def test_a_bug_shows_where_it_happened():
    with pytest.raises(RuntimeError, match=r"(?s)task a.*ZeroDivisionError: a bug"):
        worked_off(units("a"), BrokenBench)


def test_the_deadline_ends_even_a_task_that_never_returns():
    queue, results = deque(units("a", "sleeper", "b")), []
    engine = LocalEngine(1, Settings(), SleepyBench)
    ends = lambda: time.monotonic() + 0.2 if not results else begun + 0.2  # noqa: E731
    begun = time.monotonic()
    for result in work_off(engine, queue.popleft, ends):
        results.append(result)
        begun = time.monotonic()
    assert ids(results) == ["a"]
    assert [unit.task.task_id for unit in queue] == ["b"]


def test_a_unit_that_outlasts_all_patience_is_killed_and_costs_no_other():
    waiting = [replace(unit, patience_s=0.5) for unit in units("a", "sleeper", "b")]
    results = worked_off(waiting, SleepyBench)
    assert ids(results) == ["a", "b", "sleeper"]
    assert [r.failure for r in results if r.failure] == ["did not come back within 0.5 s"]


def test_no_unit_may_outlive_the_deadline():
    waiting = [replace(unit, budget_s=3600.0) for unit in units("a")]
    (result,) = worked_off(waiting, BudgetBench, within_s=600)
    assert result.found.candidates[0].log_weight <= 600
