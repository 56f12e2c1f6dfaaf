"""Engines: where workers are, and how work gets done whatever happens to them.

An engine starts workers and tells which of them have answered; `work_off` does everything else, so
that one process on this machine and a cluster behave alike. A worker keeps what it has loaded from
unit to unit. One that dies loses only its unit, which is tried once more elsewhere. One that runs
out of memory is replaced, and its unit tried once more with less effort, while no other is under
way. One that does not come back in time is killed.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from arc.errors import RunError
from ensemble.run.unit import Found, Order, Reply, Result, Unit

log = logging.getLogger(__name__)
_TRIES = 2
_FAILED_STARTS = 3
"""So many workers in a row that die before they have solved anything end the run."""
_START_S = 300.0
"""How long to wait for a worker where none has come up."""
_LOOK_UP_S = 5.0
_NOTHING = Found((), is_complete=False)


class WorkerLost(Exception):  # noqa: N818 - an event to handle, not an error of ours
    """A worker is gone. `is_memory`: whether the system most likely took it for its memory."""

    def __init__(self, is_memory: bool = False) -> None:
        super().__init__("out of memory" if is_memory else "worker died")
        self.is_memory = is_memory


class Worker(Protocol):
    """A process that does what it is told, one order at a time; the first reply is a greeting."""

    def give(self, order: Order) -> None:
        """Sends an order; what goes wrong shows when the reply is taken."""
        ...

    def take(self) -> Reply:
        """Returns the reply that has come; raises `WorkerLost`."""
        ...

    def close(self) -> None:
        """Ends the process at once."""
        ...


class Engine(Protocol):
    """Where workers are."""

    n_workers: int

    def start(self) -> Worker:
        """Returns a new worker, which will greet when it is up."""
        ...

    def wait(self, workers: Sequence[Worker], timeout_s: float) -> list[Worker]:
        """Returns those that have replied or are lost; waits for one until the time is up."""
        ...


class _Seat:
    """A worker, and what it is at."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.unit: Unit | None = None
        self.is_up = False
        self.prepared: set[str] = set()
        self.is_solving = False
        self.since = time.monotonic()

    @property
    def is_free(self) -> bool:
        return self.is_up and self.unit is None

    @property
    def gives_up_at(self) -> float:
        """When to lose patience."""
        if self.unit is None or not self.is_solving:
            return math.inf
        return self.since + self.unit.patience_s

    def begin(self, unit: Unit, deadline: float) -> None:
        """Takes up a unit, or first what its stage needs."""
        self.unit = unit
        self.since = time.monotonic()
        self.is_solving = unit.is_small or unit.stage in self.prepared
        if self.is_solving:
            left_s = max(0.0, deadline - self.since)
            self.worker.give(replace(unit, budget_s=min(unit.budget_s, left_s)))
        else:
            self.worker.give(unit.stage)


def _never() -> float:
    return math.inf


def work_off(
    engine: Engine,
    next_unit: Callable[[], Unit | None],
    deadline: Callable[[], float] = _never,
    n_most: int | None = None,
) -> Iterator[Result]:
    """Yields results as they come, until nothing is left to do or the deadline.

    Args:
        engine: Where the workers are.
        next_unit: Is asked whenever a worker is free; what it answers may depend on the results
            that were yielded before.
        deadline: Says when everything under way is to be dropped, by `time.monotonic`.
        n_most: How many workers there is work for; `None` for as many as the engine has.

    Raises:
        ArcError: A worker met something the user can fix, such as a missing model.
    """
    n_workers = engine.n_workers if n_most is None else min(engine.n_workers, n_most)
    crew = _Crew(engine, n_workers, next_unit, deadline)
    try:
        yield from crew.run()
    finally:
        crew.close()


class _Crew:
    """The workers of an engine at work."""

    def __init__(
        self,
        engine: Engine,
        n_workers: int,
        next_unit: Callable[[], Unit | None],
        deadline: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._n_workers = n_workers
        self._next_unit = next_unit
        self._deadline = deadline
        self._seats: list[_Seat] = []
        self._again: deque[Unit] = deque()
        self._small: deque[Unit] = deque()
        self._deaths: dict[tuple[str, str], int] = {}
        self._failed_starts = 0

    def run(self) -> Iterator[Result]:
        first = self._next_unit()
        if first is None:
            return
        self._again.append(first)
        self._seats = [_Seat(self._engine.start()) for _ in range(self._n_workers)]
        while time.monotonic() < self._deadline():
            self._hand_out()
            if self._is_done():
                return
            seats = {id(seat.worker): seat for seat in self._seats if not seat.is_free}
            workers = [seat.worker for seat in seats.values()]
            for worker in self._engine.wait(workers, self._timeout_s()):
                yield from self._hear(seats[id(worker)])
            yield from self._lose_patience()

    def close(self) -> None:
        for seat in self._seats:
            seat.worker.close()

    def _is_done(self) -> bool:
        """Whether a free worker has been told that there is nothing to do, and all are."""
        is_any_free = any(seat.is_free for seat in self._seats)
        return is_any_free and not (self._under_way or self._again or self._small)

    @property
    def _under_way(self) -> list[Unit]:
        return [seat.unit for seat in self._seats if seat.unit is not None]

    def _hand_out(self) -> None:
        """Gives units to free workers; one that needs much memory waits until it is alone."""
        for seat in self._seats:
            under_way = self._under_way
            is_alone = any(unit.is_small for unit in under_way)
            if not seat.is_free or is_alone or (self._small and under_way):
                continue
            if self._small:
                unit: Unit | None = self._small.popleft()
            else:
                unit = self._again.popleft() if self._again else self._next_unit()
            if unit is None:
                return
            seat.begin(unit, self._deadline())

    def _hear(self, seat: _Seat) -> Iterator[Result]:
        try:
            reply = seat.worker.take()
        except WorkerLost as lost:
            yield from self._mourn(seat, lost)
            return
        if reply.error is not None:
            raise reply.error
        if reply.is_out_of_memory:
            yield from self._mourn(seat, WorkerLost(is_memory=True))
        elif not seat.is_up:
            seat.is_up = True
        elif seat.unit is not None and not seat.is_solving:
            seat.prepared.add(seat.unit.stage)
            seat.begin(seat.unit, self._deadline())
        elif seat.unit is not None and reply.found is not None:
            unit, seat.unit = seat.unit, None
            self._failed_starts = 0
            failure = ""
            if unit.is_small:
                failure = "out of memory; done with less effort"
                self._replace(seat)  # it has loaded what only this unit needed
            yield Result(unit, reply.found, reply.seconds, failure, reply.usage)

    def _mourn(self, seat: _Seat, lost: WorkerLost) -> Iterator[Result]:
        """Replaces a worker that is gone, and sees to its unit."""
        self._replace(seat)
        unit = seat.unit
        if unit is None or not seat.is_solving:
            self._failed_starts += 1
            if self._failed_starts == _FAILED_STARTS:
                doing = f"load what {unit.stage} needs" if unit else "start"
                raise RunError(
                    f"{lost}: {_FAILED_STARTS} workers in a row died while they tried to {doing}; "
                    "try fewer --workers"
                )
            self._again.extendleft([unit] if unit else [])
            return
        key = (unit.stage, unit.task.task_id)
        self._deaths[key] = self._deaths.get(key, 0) + 1
        if lost.is_memory and not unit.is_small:
            patience_s = unit.patience_s + _START_S  # it loads what it needs as well
            self._small.append(replace(unit, is_small=True, patience_s=patience_s))
        elif unit.is_small or self._deaths[key] == _TRIES:
            log.warning("%s: %s: %s, twice", unit.task.task_id, unit.stage, lost)
            yield Result(unit, _NOTHING, 0.0, str(lost))
        else:
            self._again.append(unit)

    def _lose_patience(self) -> Iterator[Result]:
        now = time.monotonic()
        if not any(seat.is_up for seat in self._seats):
            since = min(seat.since for seat in self._seats)
            if now > since + _START_S:
                raise RunError(
                    f"no worker came up within {_START_S:g} s; is there a free processor for one?"
                )
        for seat in self._seats:
            if seat.unit is not None and seat.is_solving and now > seat.gives_up_at:
                taken_s = now - seat.since
                self._replace(seat)
                failure = f"did not come back within {seat.unit.patience_s:.3g} s"
                yield Result(seat.unit, _NOTHING, taken_s, failure)

    def _replace(self, seat: _Seat) -> None:
        seat.worker.close()
        self._seats[self._seats.index(seat)] = _Seat(self._engine.start())

    def _timeout_s(self) -> float:
        ends = [seat.gives_up_at for seat in self._seats]
        if not any(seat.is_up for seat in self._seats):
            ends += [seat.since + _START_S for seat in self._seats]
        end = min([self._deadline(), *ends])
        # No longer than what every system can wait, and than a deadline takes to move up.
        return min(_LOOK_UP_S, max(0.0, end - time.monotonic()) + 0.01)
