"""`ensemble export`: a run in the layout of ARC Prize's harness, for its scorer and its viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from arc.benchmarking import Spent, write_results
from arc.errors import ConfigError
from ensemble.merge import attempts_for
from ensemble.selection import selection_of
from ensemble.store import RunFolder
from lm.meter import NO_TOKENS, Usage

_HOUR = 3600.0


def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    out: Annotated[Path, typer.Option(help="The folder to write: a .json file for each task.")],
    cost_per_hour: Annotated[
        float, typer.Option(help="What an hour of this machine costs, in dollars.")
    ] = 0.0,
    answers: Annotated[
        bool, typer.Option(help="Say of each attempt whether it is right, where that is known.")
    ] = True,
) -> None:
    """Writes a run as arc-agi-benchmarking lays out results: attempts, seconds and cost a task.

    ensemble export runs/first --out results/first --cost-per-hour 0.1
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out}: exists already; give --out another name")
    folder = RunFolder.open(run)
    selection = selection_of(folder.manifest)
    tasks = selection.tasks()
    merge = folder.settings.merge
    attempts = {t.task_id: attempts_for(t, folder.read_task(t.task_id), merge) for t in tasks}
    seconds: dict[str, float] = {}
    for (task_id, _), taken in folder.timings().items():
        seconds[task_id] = seconds.get(task_id, 0.0) + taken
    ended = (run / "submission.json").stat().st_mtime
    usage: dict[str, Usage] = {}
    for (task_id, _), used in folder.usages().items():
        usage[task_id] = usage.get(task_id, NO_TOKENS) + used
    spent = {
        task_id: Spent(
            taken,
            ended,
            taken / _HOUR * cost_per_hour,
            usage[task_id].read,
            usage[task_id].written,
        )
        for task_id, taken in seconds.items()
    }
    known = selection.answers() if answers else None
    write_results(out, tasks, attempts, spent, known, f"arc-ensemble-{folder.manifest['mode']}")
    print(out)
