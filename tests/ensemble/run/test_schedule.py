"""The schedule, in simulated time: no test here waits."""

import heapq
import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.run.budget import Budget
from ensemble.run.schedule import Schedule
from ensemble.run.unit import Found, Result

RED = Grid.of([[2]])
STAGES = ("induction", "transduction")
LIMITS = {"induction": 120.0, "sampling": 60.0, "transduction": 240.0}


def tasks(n):
    return [Task(f"t{i}", (Pair(RED, RED),), (RED,)) for i in range(n)]


class World:
    """Workers in simulated time, over tasks whose costs are drawn from what runs recorded.

    First passes, second passes and transduction take log-normal times with heavy tails; `hangs`
    names tasks that return only when they are killed.
    """

    def __init__(self, n, n_workers, budget_s, seed=0, hangs=(), slow=1.0, stages=STAGES):
        self.now = 1000.0
        self.n_workers = n_workers
        self.hangs = hangs
        self.tasks = tasks(n)
        rng = random.Random(seed)
        self.costs, self.solved_in = {}, {}
        for task in self.tasks:
            size = rng.lognormvariate(0, 0.7)
            means = (0.6, 4.5, 6.5)
            passes = [slow * size * m * rng.lognormvariate(-0.2, 0.6) for m in means]
            self.costs[task.task_id, "induction"] = passes
            self.costs[task.task_id, "transduction"] = [
                slow * 13 * size**0.3 * rng.lognormvariate(-0.05, 0.3)
            ]
            self.costs[task.task_id, "sampling"] = [6.0 * slow * size]
            chance = rng.random()
            self.solved_in[task.task_id] = 0 if chance < 0.4 else 1 if chance < 0.62 else 9
        self.end = self.now + budget_s
        self.budget = Budget(self.now, self.end, n)
        self.schedule = Schedule(
            self.tasks,
            stages,
            LIMITS,
            n_workers,
            self.budget,
            lambda: self.now,
            needs_earlier="sampling" in stages,
        )
        self.trust = dict.fromkeys((t.task_id for t in self.tasks), 0.0)
        self.given, self.results = [], []

    def solve(self, unit):
        """Returns the seconds a unit takes, and what comes of it."""
        task_id, stage = unit.task.task_id, unit.stage
        if task_id in self.hangs:
            return unit.patience_s, Found((), False), "did not come back"
        costs = self.costs[task_id, stage]
        done, spent = unit.memory or 0, 0.0
        last = len(costs) if unit.n_passes is None else min(len(costs), done + unit.n_passes)
        while done < last and spent + costs[done] <= unit.budget_s:
            spent += costs[done]
            done += 1
            if self.solved_in[task_id] < done and stage == "induction":
                self.trust[task_id] = 0.9
                return spent, Found((), True, None, done), ""
        if done == len(costs):
            return spent, Found((), True, None, done), ""
        return (spent if done == last else unit.budget_s), Found((), False, done, done), ""

    def run(self):
        busy, number = [], 0
        while True:
            while len(busy) < self.n_workers and (unit := self.schedule.next_unit()):
                seconds, found, failure = self.solve(unit)
                number += 1
                self.given.append((self.now, unit))
                heapq.heappush(
                    busy, (self.now + seconds, number, Result(unit, found, seconds, failure))
                )
            if not busy:
                break
            at, _, result = heapq.heappop(busy)
            if at > self.budget.deadline():
                self.now = self.budget.deadline()
                break
            self.now = at
            self.results.append(result)
            self.schedule.note(result, self.trust[result.unit.task.task_id])
        return self

    @property
    def seen(self):
        return {result.unit.task.task_id for result in self.results}

    @property
    def n_solved(self):
        return sum(trust > 0 for trust in self.trust.values())


@given(
    st.integers(1, 40),
    st.integers(1, 8),
    st.floats(20, 2000),
    st.integers(0, 5),
    st.sets(st.integers(0, 39).map(lambda i: f"t{i}"), max_size=3),
)
@settings(max_examples=40)
def test_the_run_ends_within_its_budget_whatever_tasks_do(n, n_workers, budget_s, seed, hangs):
    world = World(n, n_workers, budget_s, seed, hangs).run()
    assert world.now <= world.end
    for at, unit in world.given:
        assert 0 < unit.budget_s <= unit.patience_s
        assert at + unit.budget_s <= world.budget.deadline() + 1e-6


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 5), st.booleans())
@settings(max_examples=30)
def test_every_task_is_looked_at_before_any_is_looked_at_again(n, n_workers, seed, hangs):
    world = World(n, n_workers, 4.0 * n, seed, {"t0"} if hangs else set()).run()
    first = [unit.task.task_id for _, unit in world.given[:n]]
    assert sorted(first) == sorted(task.task_id for task in world.tasks)


def test_a_task_that_never_returns_costs_one_share_of_the_time():
    alone, haunted = World(40, 2, 300).run(), World(40, 2, 300, hangs={"t3"}).run()
    tried = [unit.stage for _, unit in haunted.given if unit.task.task_id == "t3"]
    assert len(tried) == len(set(tried)), "once at each stage"
    assert haunted.seen >= alone.seen
    assert haunted.n_solved >= alone.n_solved - 2


def test_with_plenty_of_time_everything_is_done():
    world = World(30, 2, 1e5).run()
    assert world.schedule.n_open == 0
    assert world.n_solved == sum(number < 9 for number in world.solved_in.values())


@pytest.mark.parametrize("slow", [1.0, 4.0])
def test_time_goes_to_what_is_not_trusted_first(slow):
    world = World(100, 2, 400, slow=slow).run()
    late = [unit for _, unit in world.given[100:]]
    solved_at_once = {t for t, number in world.solved_in.items() if number == 0}
    trusted = [i for i, unit in enumerate(late) if unit.task.task_id in solved_at_once]
    others = [i for i, unit in enumerate(late) if unit.task.task_id not in solved_at_once]
    assert others
    assert not trusted or min(trusted) > max(i for i in others if late[i].stage == "induction")


def test_a_pass_that_was_cut_is_given_more_time_when_it_is_tried_again():
    world = World(1, 1, 300)
    world.costs["t0", "induction"] = [1.0, 100.0, 1.0]
    world.solved_in["t0"] = 1
    world.run()
    caps = [u.budget_s for _, u in world.given if u.stage == "induction"][1:]
    assert all(b >= min(2 * a, LIMITS["induction"]) for a, b in itertools.pairwise(caps))


def test_the_same_calls_give_the_same_answers():
    first, second = World(50, 3, 200).run(), World(50, 3, 200).run()
    assert first.given == second.given


def test_without_a_budget_stages_are_done_in_full_and_a_task_waits_for_its_earlier_ones():
    world = World(6, 2, math.inf).run()
    assert all(unit.n_passes is None for _, unit in world.given)
    assert len(world.given) == 12
    done = set()
    assert [unit.stage for _, unit in world.given[:6]] == ["induction"] * 6
    for _, unit in world.given:
        assert unit.stage == "induction" or (unit.task.task_id, "induction") in done
        done.add((unit.task.task_id, unit.stage))
    assert world.schedule.phase() == ("transduction", 6)


@given(st.integers(1, 30), st.integers(1, 3), st.floats(50, 2000), st.integers(0, 5))
@settings(max_examples=30)
def test_a_stage_that_needs_the_others_waits_until_they_have_begun(n, n_workers, budget_s, seed):
    stages = ("induction", "sampling", "transduction")
    world = World(n, n_workers, budget_s, seed, stages=stages).run()
    begun = set()
    for _, unit in world.given:
        place = stages.index(unit.stage)
        assert all((unit.task.task_id, stage) in begun for stage in stages[:place])
        begun.add((unit.task.task_id, unit.stage))


def test_with_a_budget_it_does_not_wait_for_a_pass_that_brings_less():
    world = World(40, 2, 1000, stages=("induction", "sampling", "transduction")).run()
    n_searches, earliest = Counter(), math.inf
    for _, unit in world.given:
        if unit.stage == "sampling" and world.solved_in[unit.task.task_id] == 9:
            earliest = min(earliest, n_searches[unit.task.task_id])
        n_searches[unit.task.task_id] += unit.stage == "induction"
    assert earliest < 3


def test_what_an_earlier_run_did_is_not_done_again():
    world = World(2, 1, 1e5)
    world.schedule.restore("t0", 0.9, STAGES, {})
    world.schedule.restore("t1", 0.0, ("induction",), {})
    world.run()
    assert [(u.task.task_id, u.stage) for _, u in world.given] == [("t1", "transduction")]


def test_a_forecast_follows_what_is_seen():
    fast, slow = World(100, 2, 1e6), World(100, 2, 1e6, slow=5.0)
    assert fast.schedule.forecast() == slow.schedule.forecast()
    assert fast.schedule.forecast().first_s < fast.schedule.forecast().all_s
    for world in (fast, slow):
        for _ in range(30):
            unit = world.schedule.next_unit()
            seconds, found, failure = world.solve(unit)
            world.schedule.note(Result(unit, found, seconds, failure), 0.0)
    assert slow.schedule.forecast().all_s > 2 * fast.schedule.forecast().all_s


def test_the_reserve_grows_with_what_is_measured():
    budget = Budget(0.0, 100.0, n_tasks=400)
    before = budget.reserve_s
    budget.note_start(10.0)
    budget.note_write(0.5)
    budget.note_read(0.01)
    assert budget.reserve_s >= before + 5.0 + 1.0 + 6.0
    assert budget.deadline() == 100.0 - budget.reserve_s
