"""Units of work: a task at one stage, what a worker makes of it, and what comes back.

Everything here travels between processes, and between machines.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from arc.candidate import Candidate
from arc.errors import ArcError
from arc.task import Task
from ensemble.settings import Settings
from lm.meter import NO_TOKENS, Usage, metered


@dataclass(frozen=True, slots=True)
class Unit:
    """A task at one stage.

    Attributes:
        stage: The stage.
        task: The task.
        budget_s: The wall-clock time after which to come back with what there is, in seconds.
        earlier: What other stages found.
        n_passes: How many further passes to make at most; `None` makes all.
        memory: What the last result of this stage said to go on from.
        patience_s: The wall-clock time after which the worker is killed.
        is_small: Whether to do with less memory than the settings ask for.
    """

    stage: str
    task: Task
    budget_s: float
    earlier: tuple[Candidate, ...] = ()
    n_passes: int | None = None
    memory: Any = None
    patience_s: float = math.inf
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a solver found.

    Attributes:
        candidates: What it proposes.
        is_complete: Whether nothing is left to do: neither time nor `n_passes` cut it short.
        memory: What it can go on from, where something is left to do.
        n_passes: How many passes over the task were made to their end, in all.
    """

    candidates: tuple[Candidate, ...]
    is_complete: bool = True
    memory: Any = None
    n_passes: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a unit.

    Attributes:
        unit: The unit.
        found: What the solver found; nothing where it failed.
        seconds: Wall-clock time it took.
        failure: What went wrong, or empty. A unit that ran out of memory, and was done with less,
            has something found as well.
        usage: What models read and wrote for it.
    """

    unit: Unit
    found: Found
    seconds: float
    failure: str = ""
    usage: Usage = NO_TOKENS


class Bench(Protocol):
    """What a worker works at; see `ensemble.run.assembly.Workbench`."""

    def __enter__(self) -> Bench: ...

    def __exit__(self, *error: object) -> None: ...

    def prepare(self, stage: str) -> None:
        """Loads what a stage needs, so that the time it takes is no task's."""
        ...

    def solve(self, unit: Unit) -> Found:
        """Returns what a stage finds for a task."""
        ...


MakeBench = Callable[[Settings], Bench]

Order = Unit | str
"""What a worker is told: to solve a unit, or to prepare the stage of a name."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker answers an order.

    Attributes:
        found: What was found, after a unit.
        seconds: Wall-clock time it took.
        usage: What models read and wrote for it.
        error: What must stop the run: something the user can fix, or a bug.
        is_out_of_memory: Whether memory was short; the worker is of no more use.
    """

    found: Found | None = None
    seconds: float = 0.0
    usage: Usage = NO_TOKENS
    error: Exception | None = None
    is_out_of_memory: bool = False


def reply_to(order: Order, bench: Bench) -> Reply:
    """Does what a worker is told, and never raises."""
    started = time.monotonic()
    try:
        if isinstance(order, str):
            bench.prepare(order)
            return Reply(seconds=time.monotonic() - started)
        with metered() as meter:
            found = bench.solve(order)
        return Reply(found, time.monotonic() - started, meter.usage)
    except ArcError as error:
        return Reply(error=error)
    except Exception as error:  # noqa: BLE001 - a bug of a solver is shown by the parent
        if _is_out_of_memory(error):
            return Reply(is_out_of_memory=True)
        what = order if isinstance(order, str) else f"{order.stage} of task {order.task.task_id}"
        return Reply(error=RuntimeError(f"{what}:\n{traceback.format_exc()}"))


def _is_out_of_memory(error: Exception) -> bool:
    # torch has its own errors: of one class on a GPU, of a text on a CPU.
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or "can't allocate memory" in str(
        error
    )
