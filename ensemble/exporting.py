"""`ensemble export`: a run as ARC Prize's harness lays out results, and its programs as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from arc.benchmarking import Spent, write_results
from arc.errors import ConfigError
from ensemble.folder.standalone import write_programs
from ensemble.folder.store import RunFolder
from ensemble.merge.policy import attempts_for
from ensemble.selection import selection_of
from lm.meter import NO_TOKENS, Usage

_HOUR = 3600.0


def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The folder to write: a .json file for each task."),
    ] = None,
    cost_per_hour: Annotated[
        float, typer.Option(help="What an hour of this machine costs, in dollars.")
    ] = 0.0,
    answers: Annotated[
        bool, typer.Option(help="Say of each attempt whether it is right, where that is known.")
    ] = True,
    programs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A folder to write verified programs to, a .py file each."),
    ] = None,
) -> None:
    """Writes a run as arc-agi-benchmarking lays out results, or its programs as files to run.

    ensemble export runs/first --out results/first --cost-per-hour 0.1
    ensemble export runs/first --programs programs
    """
    for path, option in ((out, "--out"), (programs, "--programs")):
        if path is not None and path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigError(f"{path}: exists already; give {option} another name")
    if out is None and programs is None:
        raise ConfigError("give --out FOLDER for results, or --programs FOLDER for programs")
    folder = RunFolder.open(run)
    if programs is not None:
        written = write_programs(folder, programs)
        print(f"{len(written)} programs", file=sys.stderr)
        print(programs)
    if out is not None:
        _write_results(folder, run, out, cost_per_hour, answers)
        print(out)


def _write_results(
    folder: RunFolder, run: Path, out: Path, cost_per_hour: float, answers: bool
) -> None:
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
