"""The command line: one verb a function, errors a user can fix in one line."""

from __future__ import annotations

import math
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.console import Console

from arc.candidate import CANDIDATES
from arc.dataset import unknown_name
from arc.errors import ArcError, ConfigError
from ensemble import completion
from ensemble.calibrate.command import calibrate
from ensemble.compare.drawing import draw_sheet
from ensemble.doctor import doctor
from ensemble.duration import seconds_in
from ensemble.exporting import export
from ensemble.folder.candidate_file import read_candidates
from ensemble.folder.reuse import take_over
from ensemble.folder.store import RunFolder
from ensemble.judging import (
    DatasetOption,
    SplitOption,
    compare,
    print_run,
    score,
    show,
    validate,
)
from ensemble.plugin import origin_of
from ensemble.progress import Progress
from ensemble.prompts import app as prompts
from ensemble.run.assembly import check_settings, stages_of
from ensemble.run.budget import Budget
from ensemble.run.crew import crew_of
from ensemble.run.run import Run
from ensemble.selection import Selection
from ensemble.settings import DEFAULT, MODES, load_settings
from ensemble.terminal import console, n_cores, process_age_s
from ensemble.train.command import finetune, generate, pretrain, train_writer
from ensemble.train.contamination import contamination

app = typer.Typer(
    name="ensemble",
    help="Solves ARC tasks by program induction and test-time-trained transduction.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(prompts)

PathArgument = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads this at run time
    typer.Argument(help="A task's JSON, a Kaggle challenges file, or a folder of tasks."),
]

ConfigOption = Annotated[
    str,
    typer.Option(help="A shipped configuration or a .toml file.", autocompletion=completion.config),
]
SettingsOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--set",
        help="Override a setting, such as --set effort.seed=1.",
        autocompletion=completion.setting,
    ),
]


@app.command()
def run(
    tasks_path: PathArgument = None,
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    subset: Annotated[
        str,
        typer.Option(
            help="A part of a split: paper80, held_out.", autocompletion=completion.subset
        ),
    ] = "",
    ids: Annotated[str, typer.Option(help="Task ids, separated by commas.")] = "",
    limit: Annotated[Optional[int], typer.Option(help="At most so many tasks.")] = None,  # noqa: UP045
    mode: Annotated[
        str,
        typer.Option(help="ensemble, induction or transduction.", autocompletion=completion.mode),
    ] = "ensemble",
    config: ConfigOption = DEFAULT,
    settings: SettingsOption = None,
    seed: Annotated[Optional[int], typer.Option(help="Short for --set effort.seed=N.")] = None,  # noqa: UP045
    workers: Annotated[
        int, typer.Option(help="Worker processes; 0: as many as cores and memory allow.")
    ] = 0,
    engine: Annotated[
        str,
        typer.Option(help="Where workers are: local, or ray.", autocompletion=completion.engine),
    ] = "local",
    ray_address: Annotated[
        str, typer.Option(help="A Ray cluster; without it RAY_ADDRESS, or one is started here.")
    ] = "",
    budget_text: Annotated[
        str, typer.Option("--budget", help="Wall clock of the whole run: 90m, 2h, 600s.")
    ] = "",
    out: Annotated[Optional[Path], typer.Option(help="The run folder.")] = None,  # noqa: UP045
    reuse: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A run whose finished stages are taken over; may be repeated."),
    ] = None,
    solver: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="A solver that another package brings along; may be repeated.",
            autocompletion=completion.solver,
        ),
    ] = None,
    candidates: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Candidates made elsewhere, as JSON lines, to be merged."),
    ] = None,
) -> None:
    """Solves tasks and writes a run folder with a submission.

    ensemble run --split eval --limit 5 --out runs/first
    """
    started = time.monotonic() - process_age_s()
    if mode not in MODES:
        raise ConfigError(unknown_name("mode", mode, MODES))
    overrides = list(settings or []) + ([] if seed is None else [f"effort.seed={seed}"])
    chosen = load_settings(config, overrides)
    ends_at = started + seconds_in(budget_text, "--budget") if budget_text else math.inf
    selection = Selection(dataset, split, tasks_path, subset, _ids(ids), limit)
    tasks = selection.tasks()
    known = selection.answers()
    origins = {name: origin_of(name) for name in solver or []}
    given = None if candidates is None else read_candidates(candidates, tasks)
    if given is not None:
        origins[CANDIDATES] = given.origin
    check_settings(chosen, mode)
    stages = stages_of(chosen, mode, tuple(origins))
    crew = crew_of(engine, ray_address, workers, chosen, stages)
    path = out or Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    facts: dict[str, Any] = {"mode": mode, "stages": list(stages), "data": selection.describe()}
    if origins:
        facts["origins"] = origins
    folder = RunFolder.create_or_resume(path, tasks, chosen, facts)
    if given is not None:
        given.store(folder)
        if given.n_others:
            print(f"{candidates}: {given.n_others} lines are about other tasks", file=sys.stderr)
    for other in reuse or []:
        take_over(folder, RunFolder.open(other))
    answers = None if known is None else {t.task_id: known[t.task_id] for t in tasks}
    progress = Progress(Console(stderr=True))
    print(f"run folder {path}; stop at any time, --out {path} goes on", file=sys.stderr)
    if crew.reason:
        print(crew.reason, file=sys.stderr)
    run = Run(folder, tasks, answers, progress)
    budget = Budget(started, ends_at, len(tasks))
    outcome = run.execute(crew.n_workers, budget, crew.open_engine)
    for failure in outcome.failures:
        print(f"ensemble: no result for {failure}", file=sys.stderr)
    if outcome.n_left_out:
        print(
            f"transduction left out for {outcome.n_left_out} of {len(tasks)} tasks, whose attempts "
            "programs take",
            file=sys.stderr,
        )
    if outcome.n_done < len(tasks):
        print(
            f"{outcome.n_done} of {len(tasks)} tasks are done; --out {path} goes on with the rest",
            file=sys.stderr,
        )
    if answers is not None:
        print_run(folder, tasks, answers)
    print(path / "submission.json")


@app.command()
def ablate(
    tasks_path: PathArgument = None,
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    subset: Annotated[
        str,
        typer.Option(
            help="A named subset; the default is paper80.", autocompletion=completion.subset
        ),
    ] = "",
    ids: Annotated[str, typer.Option(help="Task ids, separated by commas.")] = "",
    limit: Annotated[Optional[int], typer.Option(help="At most so many tasks.")] = None,  # noqa: UP045
    config: ConfigOption = DEFAULT,
    settings: SettingsOption = None,
    rows: Annotated[str, typer.Option(help="Rows, separated by commas; the full one is in.")] = "",
    workers: Annotated[int, typer.Option(help="Worker processes; 0: one per core.")] = 0,
    out: Annotated[Path, typer.Option(help="Holds one run folder a row.")] = Path("runs/ablation"),
    reuse: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A run whose transduction is taken over by the row of its settings."),
    ] = None,
) -> None:
    """Takes test-time training apart: the paper's ablation table, beside ours.

    ensemble ablate --split train --limit 5 --rows no_training,shared --out runs/small
    """
    from ensemble.ablate.ablation import Ablation, default_selection
    from ensemble.ablate.table import ablation_sheet
    from ensemble.ablate.variants import variants_named

    asked = Selection(dataset, split, tasks_path, subset, _ids(ids), limit)
    selection = default_selection(asked)
    variants = variants_named(_ids(rows))
    ablation = Ablation(variants, selection, config, settings or [], out)
    for path in reuse or []:
        taken = ablation.take_over(RunFolder.open(path))
        print(f"{path}: taken over by {', '.join(taken)}", file=sys.stderr)
    print(f"folder {out}; stop at any time, --out {out} goes on", file=sys.stderr)
    lines = ablation.execute(
        workers or n_cores(),
        Progress(Console(stderr=True)),
        lambda text: print(text, file=sys.stderr),
    )
    n_tasks = len(selection.tasks())
    title = f"pass@2 on {selection.title()}, {n_tasks} tasks"
    console().print(draw_sheet(ablation_sheet(lines, title)))


JUDGING = (score, validate, compare, show, export, calibrate)
MAKING = (contamination, generate, pretrain, finetune, train_writer)

for command in (*JUDGING, *MAKING, doctor):
    app.command()(command)


class _Stopped(BaseException):
    """Ctrl-C, under a name that the command-line library does not catch for itself."""


def main() -> int:
    """Runs the command line; returns the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    try:
        app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except ArcError as error:
        print(f"ensemble: {error}", file=sys.stderr)
        return 2
    except _Stopped:
        print("ensemble: stopped; what is done is kept", file=sys.stderr)
        return 130
    return 0


def _stop(*_: object) -> None:
    raise _Stopped


def _ids(text: str) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] or None
