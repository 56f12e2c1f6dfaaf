"""The local engine: worker processes that keep their models loaded and take tasks from a queue.

A worker that dies loses only its task, which another worker tries once more. Workers do not see
Ctrl-C: the parent decides what happens to them.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from multiprocess import get_context

from arc.candidate import Candidate
from arc.errors import ArcError
from arc.task import Task
from ensemble.assembly import Workbench
from ensemble.settings import Settings

log = logging.getLogger(__name__)
_TRIES = 2
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Read by libraries when a worker loads them: workers share cores by tasks, not by threads."""


class Bench(Protocol):
    """What a worker works at; see `ensemble.assembly.Workbench`."""

    def __enter__(self) -> Bench: ...

    def __exit__(self, *error: object) -> None: ...

    def solve(
        self, stage: str, task: Task, budget_s: float, earlier: Sequence[Candidate]
    ) -> list[Candidate]:
        """Returns a stage's candidates for a task; `earlier` are those of the stages before."""
        ...


MakeBench = Callable[[Settings], Bench]


@dataclass(frozen=True, slots=True)
class Unit:
    """A task at one stage.

    Attributes:
        stage: The stage.
        task: The task.
        budget_s: The wall-clock backstop, in seconds.
        earlier: What the stages before found.
    """

    stage: str
    task: Task
    budget_s: float
    earlier: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a unit.

    Attributes:
        unit: The unit.
        candidates: What the solver proposed.
        seconds: Wall-clock time it took.
        failure: Why there are no candidates, or empty.
    """

    unit: Unit
    candidates: tuple[Candidate, ...]
    seconds: float
    failure: str = ""


def run_units(
    units: Sequence[Unit],
    settings: Settings,
    n_workers: int,
    deadline: float | None = None,
    bench: MakeBench = Workbench,
) -> Iterator[Result]:
    """Yields results as they come; stops handing out units at `deadline` (`time.monotonic`).

    With a deadline no unit may take more than its fair share of the time left; what it does not use
    is left to the ones after it. `bench` is made in each worker, from the settings.

    Raises:
        ArcError: A worker met something the user can fix, such as a missing model.
    """
    pool = _Pool(settings, max(1, min(n_workers, len(units))), bench)
    try:
        yield from pool.run(deque(units), deadline)
    finally:
        pool.close()


class _Pool:
    """Workers, and which unit each is at."""

    def __init__(self, settings: Settings, n_workers: int, bench: MakeBench) -> None:
        self._made_of = settings, bench
        for name in _THREADS:
            os.environ.setdefault(name, "1")
        self._workers = [_Worker(*self._made_of) for _ in range(n_workers)]

    def run(self, waiting: deque[Unit], deadline: float | None) -> Iterator[Result]:
        tries: dict[tuple[str, str], int] = {}
        while True:
            is_over = deadline is not None and time.monotonic() > deadline
            for worker in self._workers:
                if worker.unit is None and waiting and not is_over:
                    share_s = self._share_s(len(waiting), deadline)
                    given = waiting.popleft()
                    worker.give(replace(given, budget_s=min(given.budget_s, share_s)))
            busy = {w.connection: w for w in self._workers if w.unit is not None}
            if not busy or is_over:
                return
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
            for connection in wait(list(busy), timeout):
                worker = busy[connection]
                unit = worker.unit
                assert unit is not None
                result = worker.take()
                if result is not None:
                    yield result
                    continue
                self._workers[self._workers.index(worker)] = _Worker(*self._made_of)
                worker.close()
                key = (unit.stage, unit.task.task_id)
                tries[key] = tries.get(key, 0) + 1
                if tries[key] < _TRIES:
                    waiting.append(unit)
                else:
                    log.warning("%s: %s killed its worker twice", unit.task.task_id, unit.stage)
                    yield Result(unit, (), 0.0, "worker died")

    def _share_s(self, n_waiting: int, deadline: float | None) -> float:
        """Returns the wall-clock time that each waiting unit can have."""
        if deadline is None:
            return math.inf
        rounds = math.ceil(n_waiting / len(self._workers))
        return max(0.0, deadline - time.monotonic()) / rounds

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


class _Worker:
    """A process that solves the units it is sent."""

    def __init__(self, settings: Settings, bench: MakeBench) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, settings, bench), daemon=False)
        self._process.start()
        theirs.close()
        self.unit: Unit | None = None

    def give(self, unit: Unit) -> None:
        self.unit = unit
        try:
            self.connection.send(unit)
        except OSError:
            log.debug("a worker died before it was given %s", unit.task.task_id)

    def take(self) -> Result | None:
        """Returns the result of its unit, or `None` when the worker has died."""
        try:
            answer: Any = self.connection.recv()
        except (EOFError, OSError):
            return None
        self.unit = None
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Result)
        return answer

    def close(self) -> None:
        self.connection.close()
        self._process.terminate()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(connection: Connection, settings: Settings, bench: MakeBench) -> None:
    """Runs in the worker until the parent closes the connection or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    with bench(settings) as workbench:
        while True:
            try:
                unit = connection.recv()
            except (EOFError, OSError):
                return
            started = time.monotonic()
            answer: Result | BaseException
            try:
                found = tuple(workbench.solve(unit.stage, unit.task, unit.budget_s, unit.earlier))
                answer = Result(unit, found, time.monotonic() - started)
            except ArcError as error:
                answer = error
            except MemoryError:
                os._exit(1)
            except Exception as error:  # noqa: BLE001 - a bug of a solver is shown by the parent
                text = f"{unit.stage} of task {unit.task.task_id}:\n{traceback.format_exc()}"
                error.add_note(text)
                answer = RuntimeError(text)
            try:
                connection.send(answer)
            except OSError:
                return
