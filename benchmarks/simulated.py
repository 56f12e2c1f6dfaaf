"""Runs in simulated time, over costs that real runs have recorded.

`costs.json` has, for 100 training tasks in no order, the CPU-seconds of each pass of the search,
the share of the task's test inputs solved after it, and the trust in its best program; and how long
transduction took, for as many other tasks. It names no task.
"""

from __future__ import annotations

import heapq
import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.run.budget import Budget
from ensemble.run.schedule import Schedule
from ensemble.run.unit import Found, Result, Unit

STAGES = ("induction", "transduction")
LIMITS_S = {"induction": 120.0, "transduction": 240.0}
TRANSDUCTION_SOLVES = 0.036
"""Share of tasks, by chance here: what it solved of the evaluation split (`LOG.md`)."""
CUT_SHARE = 0.75
"""A transduction whose time is shorter than it needs still solves so many as often."""


class Policy(Protocol):
    """What hands out units."""

    def next_unit(self) -> Unit | None:
        """Returns what a free worker is to do."""
        ...

    def note(self, result: Result, trust: float) -> object:
        """Takes in a result."""
        ...


@dataclass(frozen=True, slots=True)
class Costs:
    """What a task costs and brings.

    Attributes:
        seconds: By stage, of each pass.
        solved: Share of the task solved after each pass of induction.
        trust: Trust in it then.
        is_learned: Whether transduction solves it.
    """

    seconds: dict[str, list[float]]
    solved: list[float]
    trust: list[float]
    is_learned: bool


def recorded(n_tasks: int, pace: float = 1.0, seed: int = 0) -> dict[str, Costs]:
    """Returns the costs of tasks drawn from those recorded, in seconds times `pace`."""
    file = json.loads((Path(__file__).parent / "costs.json").read_text())
    rng = random.Random(seed)
    drawn = {}
    for i in range(n_tasks):
        entry = file["induction"][i % len(file["induction"])]
        passes = [s * pace for s in entry["seconds"]]
        training = [rng.choice(file["transduction"]) * pace]
        seconds = {"induction": passes, "transduction": training}
        is_learned = rng.random() < TRANSDUCTION_SOLVES
        drawn[f"t{i}"] = Costs(seconds, entry["solved"], entry["trust"], is_learned)
    return drawn


class Simulation:
    """Workers, a clock and tasks."""

    def __init__(
        self,
        costs: dict[str, Costs],
        n_workers: int,
        budget_s: float = math.inf,
        start_s: float = 0,
    ) -> None:
        """`start_s` is how long a worker takes to come up."""
        grid = Grid.of([[0]])
        self.tasks = [Task(task_id, (Pair(grid, grid),), (grid,)) for task_id in costs]
        self.n_workers = n_workers
        self.start_s = start_s
        self.budget = Budget(0.0, budget_s, len(costs))
        self.now = 0.0
        self.worked_s = 0.0
        self._costs = costs
        self._share = dict.fromkeys(costs, 0.0)
        self._trust = dict.fromkeys(costs, 0.0)

    def schedule(self) -> Schedule:
        """Returns the schedule that runs have."""
        return Schedule(self.tasks, STAGES, LIMITS_S, self.n_workers, self.budget, lambda: self.now)

    def run(self, policy: Policy) -> float:
        """Returns the mean share of a task solved, in percent; `now` is when the run has ended."""
        idle = [self.start_s] * self.n_workers
        busy: list[tuple[float, int, Result]] = []
        number = 0
        while True:
            while idle and (unit := policy.next_unit()):
                begun = max(self.now, idle.pop())
                seconds, found = self._solve(unit)
                number += 1
                self.worked_s += seconds
                heapq.heappush(busy, (begun + seconds, number, Result(unit, found, seconds)))
            if not busy:
                break
            at, _, result = heapq.heappop(busy)
            if at > self.budget.deadline():
                break
            self.now = at
            idle.append(at)
            self._take(result)
            policy.note(result, self._trust[result.unit.task.task_id])
        return 100 * sum(self._share.values()) / len(self._share)

    def _solve(self, unit: Unit) -> tuple[float, Found]:
        passes = self._costs[unit.task.task_id].seconds[unit.stage]
        done, spent = unit.memory or 0, 0.0
        last = len(passes) if unit.n_passes is None else min(len(passes), done + unit.n_passes)
        while done < last and spent + passes[done] <= unit.budget_s:
            spent += passes[done]
            done += 1
        if done == len(passes):
            return spent, Found((), True, None, done)
        return (spent if done == last else unit.budget_s), Found((), False, done, done)

    def _take(self, result: Result) -> None:
        task_id, n_passes = result.unit.task.task_id, result.found.n_passes
        costs = self._costs[task_id]
        if result.unit.stage == "transduction":
            chance = 1.0 if n_passes else CUT_SHARE
            is_solved = costs.is_learned and random.Random(task_id).random() < chance
            if is_solved and not self._trust[task_id]:
                self._share[task_id] = 1.0
        elif n_passes:
            self._share[task_id] = max(self._share[task_id], costs.solved[n_passes - 1])
            self._trust[task_id] = costs.trust[n_passes - 1]


class EqualShare:
    """The baseline: stages share the time that is left, and so do the tasks of a stage."""

    def __init__(self, simulation: Simulation, ends_at: Callable[[], float]) -> None:
        self._simulation = simulation
        self._ends_at = ends_at
        self._stages = list(STAGES)
        self._stage = ""
        self._until = 0.0
        self._waiting: list[Task] = []
        self._n_busy = 0
        self._trust: dict[str, float] = {}

    def next_unit(self) -> Unit | None:
        """Returns the next task of the stage, with its share of the stage's time."""
        now = self._simulation.now
        if (not self._waiting or now >= self._until) and not self._n_busy and self._stages:
            self._stage = self._stages.pop(0)
            self._until = now + (self._ends_at() - now) / (len(self._stages) + 1)
            self._waiting = sorted(
                self._simulation.tasks, key=lambda task: self._trust.get(task.task_id, 0.0) > 0
            )
        if not self._waiting or now >= self._until:
            return None
        rounds = math.ceil(len(self._waiting) / self._simulation.n_workers)
        share_s = min(LIMITS_S[self._stage], (self._until - now) / rounds)
        self._n_busy += 1
        return Unit(self._stage, self._waiting.pop(0), share_s)

    def note(self, result: Result, trust: float) -> None:
        """Takes in a result."""
        self._n_busy -= 1
        self._trust[result.unit.task.task_id] = trust
