"""Progress of a run on stderr: a bar in a terminal, a line now and then in a pipe."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from arc.scoring import Score

_LINE_EVERY_S = 30.0


class Progress:
    """Shows how far a run is, what it has solved, and how long it will take."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def stage(self, name: str, total: int, done: int) -> Iterator[Callable[[Score | None], None]]:
        """Yields a function to call at the start and after each further task."""
        started = time.monotonic()
        n_before = done
        finished = done - 1

        def remaining() -> str:
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

                def redraw(score: Score | None) -> None:
                    nonlocal finished
                    finished += 1
                    solved = "" if score is None else f"solved {score.task_share:g}"
                    bars.update(bar, completed=finished, solved=solved, left=remaining())

                yield redraw
            return

        said = 0.0

        def say(score: Score | None) -> None:
            nonlocal finished, said
            finished += 1
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
