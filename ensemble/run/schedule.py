"""The schedule: which task gets a worker next, at which stage, and for how long.

Without a budget every stage of every task is done in full, the cheap stage first, and nothing
depends on the clock. With one:

1. Every task gets a first look: one pass of its first stage, for at most a fair share of the time.
   What one does not use is left to those after it.
2. Then one pass at a time, where most is expected for a second of work: what is not trusted yet,
   times the share of it that a pass of this kind turns into trusted, by the seconds it takes. Both
   are learned while the run goes on (`ensemble.run.estimate`). A pass that would not end in time
   counts as much less as it is cut.
3. A pass that takes several times as long as expected, and longer than a fair share, is cut. It may
   be tried again with twice the time, which ranks it lower: so no task stops the others.

The schedule does nothing itself and has no clock of its own: the same calls give the same answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arc.task import Task
from ensemble.folder.store import Effort
from ensemble.run.budget import Budget
from ensemble.run.estimate import WHOLE, Estimates
from ensemble.run.unit import Result, Unit

_PATIENCE = 3.0
"""A pass is cut when it takes so many times as long as expected, if others need the time."""
_TOO_LATE_S = 0.5
"""With less time than this left nothing is begun."""
_GRACE_S = 10.0
"""How much longer than its time a unit may take to come back, where others can wait: a worker
costs more."""
_BACKSTOPS = 5.0
"""Without a budget a worker is killed after so many times the limit of its stage, and a minute."""


@dataclass(slots=True)
class _Standing:
    """How far a stage of a task is.

    Attributes:
        n_passes: Passes made to their end.
        cap_s: The longest time that cut a further one.
        memory: What to go on from.
        n_units: Units of this run.
        is_over: Whether nothing is to be done any more, be it complete or given up.
    """

    n_passes: int = 0
    cap_s: float = 0.0
    memory: Any = None
    n_units: int = 0
    is_over: bool = False

    @property
    def is_begun(self) -> bool:
        return self.is_over or bool(self.n_passes or self.cap_s)


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long what is left will take, in seconds of wall clock; guesses at first.

    Attributes:
        first_s: The first look at every task, with a budget.
        all_s: Everything that is left.
    """

    first_s: float
    all_s: float


class Schedule:
    """Hands out units, and learns from what comes of them."""

    def __init__(
        self,
        tasks: Sequence[Task],
        stages: Sequence[str],
        limits_s: Mapping[str, float],
        n_workers: int,
        budget: Budget,
        clock: Callable[[], float],
        needs_earlier: bool = False,
    ) -> None:
        """Begins with nothing done.

        Args:
            tasks: The tasks, in the order of first looks.
            stages: The stages of each, the cheapest first.
            limits_s: The longest time that a stage may take for a task, in seconds.
            n_workers: How many units are under way at a time.
            budget: When the run has to be over.
            clock: Tells the time that the budget is in.
            needs_earlier: Whether a stage uses what those before it have found, and so waits, with
                a budget too, until each of them has begun.
        """
        self._tasks = {task.task_id: task for task in tasks}
        self._stages = tuple(stages)
        self._limits_s = limits_s
        self._n_workers = n_workers
        self._budget = budget
        self._clock = clock
        self._needs_earlier = needs_earlier
        self._standing = {(i, stage): _Standing() for i in self._tasks for stage in stages}
        self._trust = dict.fromkeys(self._tasks, 0.0)
        self._busy: set[str] = set()
        self._estimates = Estimates()

    def restore(
        self, task_id: str, trust: float, done: Sequence[str], begun: Mapping[str, Effort]
    ) -> None:
        """Takes in what an earlier run of the folder left of a task."""
        self._trust[task_id] = trust
        for stage in done:
            self._standing[task_id, stage].is_over = True
        for stage, effort in begun.items():
            standing = self._standing[task_id, stage]
            standing.n_passes, standing.cap_s = effort.n_passes, effort.cap_s

    def leave_out(self, task_id: str, stage: str) -> None:
        """Takes a stage of a task as over, since nothing can come of it."""
        self._standing[task_id, stage].is_over = True

    def next_unit(self) -> Unit | None:
        """Returns what a free worker is to do, without what other stages found; or nothing."""
        if not self._budget.is_limited:
            return self._next_whole()
        left_s = self._budget.deadline() - self._clock()
        if left_s < _TOO_LATE_S:
            return None
        return self._first_look(left_s) or self._next_pass(left_s)

    def note(self, result: Result, trust: float) -> Effort | None:
        """Takes in a result, and the trust in its task now.

        Returns:
            What has been spent on the stage, or `None` where it is complete.
        """
        unit, found = result.unit, result.found
        task_id = unit.task.task_id
        standing = self._standing[task_id, unit.stage]
        kind = (unit.stage, WHOLE if unit.n_passes is None else standing.n_passes)
        self._busy.discard(task_id)
        if not result.failure:
            self._estimates.note(kind, result.seconds, self._trust[task_id], trust)
        self._trust[task_id] = trust
        standing.n_units += 1
        standing.memory = found.memory
        if found.n_passes > standing.n_passes:
            standing.n_passes, standing.cap_s = found.n_passes, 0.0
        elif not found.is_complete:
            standing.cap_s = max(standing.cap_s, unit.budget_s)
        is_spent = standing.cap_s >= self._limits_s[unit.stage]
        standing.is_over = found.is_complete or bool(result.failure) or is_spent
        return None if found.is_complete else Effort(standing.n_passes, standing.cap_s)

    @property
    def n_open(self) -> int:
        """For how many tasks something is left to do."""
        return len({i for (i, _), standing in self._standing.items() if not standing.is_over})

    def phase(self) -> tuple[str, int]:
        """Returns what is mainly being done, and for how many tasks that is done already."""
        if not self._budget.is_limited:
            for stage in self._stages:
                n_done = sum(self._standing[i, stage].is_over for i in self._tasks)
                if n_done < len(self._tasks) or stage == self._stages[-1]:
                    return stage, n_done
        n_seen = len(self._tasks) - len(self._unseen())
        if n_seen < len(self._tasks):
            return "first look", n_seen
        n_deeper = sum(self._n_units(i) > 1 or self._is_over(i) for i in self._tasks)
        return "second look", n_deeper

    def forecast(self) -> Forecast:
        """Returns how long what is left will take, as far as it can be told."""
        first_s = len(self._unseen()) * self._estimates.seconds((self._stages[0], 0))
        all_s = sum(
            self._estimates.seconds((stage, WHOLE))
            for (_, stage), standing in self._standing.items()
            if not standing.is_over
        )
        return Forecast(first_s / self._n_workers, all_s / self._n_workers)

    def _next_whole(self) -> Unit | None:
        waiting = [
            (self._stages.index(stage), self._trust[i] > 0, place, i, stage)
            for place, i in enumerate(self._tasks)
            for stage in self._open_stages(i)
        ]
        if not waiting:
            return None
        *_, task_id, stage = min(waiting)
        limit_s = self._limits_s[stage]
        return self._hand_out(task_id, stage, limit_s, None, _BACKSTOPS * limit_s + 60.0)

    def _first_look(self, left_s: float) -> Unit | None:
        unseen = self._unseen()
        waiting = [i for i in unseen if i not in self._busy]
        if not waiting:
            return None
        stage = self._stages[0]
        share_s = left_s / math.ceil(len(waiting) / self._n_workers)
        cap_s = min(share_s, self._limits_s[stage])
        return self._hand_out_pass(waiting[0], stage, cap_s, left_s)

    def _next_pass(self, left_s: float) -> Unit | None:
        moves = [(i, stage) for i in self._tasks for stage in self._open_stages(i)]
        if not moves:
            return None
        task_id, stage = max(moves, key=lambda move: self._value(move[0], move[1], left_s))
        share_s = left_s * self._n_workers / len({i for i, _ in moves})
        cap_s = max(share_s, _PATIENCE * self._seconds(task_id, stage))
        cap_s = min(cap_s, left_s, self._limits_s[stage])
        return self._hand_out_pass(task_id, stage, cap_s, left_s)

    def _hand_out_pass(self, task_id: str, stage: str, cap_s: float, left_s: float) -> Unit:
        """Returns one pass; even if it never comes back, others have half of what is left then."""
        standing = self._standing[task_id, stage]
        n_passes = standing.n_passes + 1 if standing.memory is None else 1
        grace_s = min(max(_GRACE_S, cap_s), (left_s - cap_s) / 2)
        return self._hand_out(task_id, stage, cap_s, n_passes, cap_s + grace_s)

    def _hand_out(
        self, task_id: str, stage: str, cap_s: float, n_passes: int | None, patience_s: float
    ) -> Unit:
        self._busy.add(task_id)
        return Unit(
            stage,
            self._tasks[task_id],
            cap_s,
            n_passes=n_passes,
            memory=self._standing[task_id, stage].memory,
            patience_s=patience_s,
        )

    def _open_stages(self, task_id: str) -> list[str]:
        """Returns the stages that a task could be given to a worker for."""
        if task_id in self._busy:
            return []
        waiting = [stage for stage in self._stages if not self._standing[task_id, stage].is_over]
        if not self._budget.is_limited:
            return waiting[:1]
        if not self._needs_earlier:
            return waiting
        n_begun = sum(self._standing[task_id, stage].is_begun for stage in waiting)
        return waiting[: n_begun + 1]

    def _value(self, task_id: str, stage: str, left_s: float) -> float:
        """Returns the trust that a second of work on the next pass is expected to bring."""
        standing = self._standing[task_id, stage]
        seconds = self._seconds(task_id, stage)
        gain = self._estimates.gain((stage, standing.n_passes)) * min(1.0, left_s / seconds)
        return (1.0 - self._trust[task_id]) * gain / seconds

    def _seconds(self, task_id: str, stage: str) -> float:
        """Returns how long the next pass over a task will take.

        How long its passes took before says nothing: on the training split, the logarithms of the
        first two passes correlate by 0.08.
        """
        standing = self._standing[task_id, stage]
        is_anew = standing.memory is None
        passes = range(0 if is_anew else standing.n_passes, standing.n_passes + 1)
        expected_s = sum(self._estimates.seconds((stage, n)) for n in passes)
        return max(expected_s, 2 * standing.cap_s)

    def _unseen(self) -> list[str]:
        return [i for i in self._tasks if not self._is_begun(i)]

    def _is_begun(self, task_id: str) -> bool:
        return any(self._standing[task_id, stage].is_begun for stage in self._stages)

    def _is_over(self, task_id: str) -> bool:
        return all(self._standing[task_id, stage].is_over for stage in self._stages)

    def _n_units(self, task_id: str) -> int:
        return sum(self._standing[task_id, stage].n_units for stage in self._stages)
