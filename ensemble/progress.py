"""Progress of a run on stderr: a bar in a terminal, a line now and then in a pipe."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
from rich.progress import Progress as RichProgress

from arc.grid import Grid
from arc.scoring import Score

_LINE_EVERY_S = 30.0
_NARROW = 72
"""Columns below which a bar leaves no room for what else there is to say."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands.

    Attributes:
        score: Of the submission as it is, where answers are known.
        halves: Of each half alone, where answers are known and there are two.
        agreed: Tasks on which the halves' first attempts are the same.
        compared: Tasks for which both halves have a first attempt for each test input.
    """

    score: Score | None = None
    halves: Mapping[str, Score] = field(default_factory=dict)
    agreed: int = 0
    compared: int = 0

    def words(self) -> list[str]:
        """Returns what there is to say, the most important first."""
        said = []
        if self.score is not None:
            said.append(f"solved {self.score.task_share:g}")
        said += [f"{name} {score.task_share:g}" for name, score in self.halves.items()]
        if self.compared:
            said.append(f"agree {self.agreed}/{self.compared}")
        return said


PerTask = Mapping[str, Sequence[Sequence[Grid]]]
"""For each task id, for each test input, grids, the best first."""


def agreement(first: PerTask, second: PerTask) -> tuple[int, int]:
    """Returns on how many tasks the first attempts of two halves are the same, and of how many.

    Only tasks count for which both have an attempt for every test input.
    """
    agreed = compared = 0
    for task_id, grids in first.items():
        others = second.get(task_id, ())
        if grids and len(grids) == len(others) and all(grids) and all(others):
            compared += 1
            agreed += all(a[0] == b[0] for a, b in zip(grids, others, strict=True))
    return agreed, compared


class Show(Protocol):
    """Shows how a run stands, how many tasks are done, and how long the rest will take."""

    def __call__(
        self,
        standing: Score | Standing | None,
        n_done: int | None = None,
        left_s: float | None = None,
    ) -> None:
        """Without numbers, one task more is done, and what is left goes by the rate so far."""
        ...


class Progress:
    """Shows how far a run is, what it has solved, how fast it goes and how long it will take."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def forecast(
        self,
        n_workers: int,
        all_s: float,
        first_s: float | None = None,
        budget_s: float | None = None,
    ) -> None:
        """Says how long everything will take, and what of it a budget is for."""
        text = f"forecast (a guess until tasks are done): everything takes {_clock(all_s)}"
        text += f" with {n_workers} worker{'s' if n_workers > 1 else ''}"
        if first_s is not None and budget_s is not None:
            text += f", a first look at every task {_clock(first_s)}; it ends in {_clock(budget_s)}"
            text += " at the latest"
        self._console.print(text, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def stage(self, name: str, total: int, done: int) -> Iterator[Show]:
        """Yields a function to call at the start and after each further task."""
        pace = _Pace(total, done, time.monotonic())
        if self._console.is_terminal:
            with RichProgress(*_columns(self._console.width), console=self._console) as bars:
                bar = bars.add_task(name, total=total, completed=done, said="", pace="")

                def redraw(
                    standing: Score | Standing | None,
                    n_done: int | None = None,
                    left_s: float | None = None,
                ) -> None:
                    pace.note(n_done, left_s)
                    said = "  ".join(_words(standing))
                    bars.update(bar, completed=pace.finished, said=said, pace=pace.words())

                yield redraw
            return

        said_at = 0.0

        def say(
            standing: Score | Standing | None,
            n_done: int | None = None,
            left_s: float | None = None,
        ) -> None:
            nonlocal said_at
            pace.note(n_done, left_s)
            now = time.monotonic()
            if pace.finished in (done, total) or now - said_at > _LINE_EVERY_S:
                said_at = now
                words = [f"{name} {pace.finished}/{total}", *_words(standing)]
                line = ", ".join([*words, f"elapsed {_clock(now - pace.started)}", pace.words()])
                self._console.print(line, highlight=False, soft_wrap=True)

        yield say


@dataclass(slots=True)
class _Pace:
    """How fast tasks are finished, in this session alone."""

    total: int
    done_before: int
    started: float
    finished: int = -1
    left_s: float | None = None

    def __post_init__(self) -> None:
        self.finished = self.done_before - 1

    def note(self, n_done: int | None, left_s: float | None) -> None:
        """Takes how many are done, one more if that is not said, and the time left if it is."""
        self.finished = self.finished + 1 if n_done is None else n_done
        self.left_s = left_s

    def words(self) -> str:
        """Returns tasks a minute and the time left at that rate, as far as they can be known."""
        n = self.finished - self.done_before
        if n < 1:
            left = "-:--:--" if self.left_s is None else _clock(self.left_s)
            return f"remaining {left}"
        each_s = max(1e-9, time.monotonic() - self.started) / n
        left_s = each_s * (self.total - self.finished) if self.left_s is None else self.left_s
        return f"{60 / each_s:.1f} tasks/min, remaining {_clock(left_s)}"


def _words(standing: Score | Standing | None) -> list[str]:
    return (Standing(standing) if not isinstance(standing, Standing) else standing).words()


def _columns(width: int) -> list[ProgressColumn]:
    """Returns what fits on one line: in a narrow terminal the bar gives way to the numbers."""
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), MofNCompleteColumn()]
    if width >= _NARROW:
        columns.insert(1, BarColumn(bar_width=None))
    columns += [TextColumn("{task.fields[said]}"), TextColumn("{task.fields[pace]}")]
    return columns


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
