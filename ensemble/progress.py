"""Progress of a run on stderr: a bar in a terminal, a line now and then in a pipe."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from arc.scoring import Score

_LINE_EVERY_S = 30.0


class Show(Protocol):
    """Shows the score, how many tasks are done, and how long the rest will take."""

    def __call__(
        self, score: Score | None, n_done: int | None = None, left_s: float | None = None
    ) -> None:
        """Without numbers, one task more is done, and what is left goes by the rate so far."""
        ...


class Progress:
    """Shows how far a run is, what it has solved, and how long it will take."""

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
        started = time.monotonic()
        n_before = done
        finished = done - 1
        forecast_s: float | None = None

        def note(n_done: int | None, left_s: float | None) -> None:
            nonlocal finished, forecast_s
            finished = finished + 1 if n_done is None else n_done
            forecast_s = left_s

        def remaining() -> str:
            if forecast_s is not None:
                return _clock(forecast_s)
            rate = (time.monotonic() - started) / max(1, finished - n_before)
            known = finished > n_before
            return _clock(rate * (total - finished)) if known else "-:--:--"

        if self._console.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TextColumn("{task.fields[solved]}"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]} left"),
            )
            with RichProgress(*columns, console=self._console) as bars:
                bar = bars.add_task(name, total=total, completed=done, solved="", left="-:--:--")

                def redraw(
                    score: Score | None, n_done: int | None = None, left_s: float | None = None
                ) -> None:
                    note(n_done, left_s)
                    solved = "" if score is None else f"solved {score.task_share:g}"
                    bars.update(bar, completed=finished, solved=solved, left=remaining())

                yield redraw
            return

        said = 0.0

        def say(
            score: Score | None, n_done: int | None = None, left_s: float | None = None
        ) -> None:
            nonlocal said
            note(n_done, left_s)
            now = time.monotonic()
            if finished in (done, total) or now - said > _LINE_EVERY_S:
                said = now
                solved = "" if score is None else f", solved {score.task_share:g}"
                self._console.print(
                    f"{name} {finished}/{total}{solved}, "
                    f"elapsed {_clock(now - started)}, remaining {remaining()}"
                )

        yield say


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
