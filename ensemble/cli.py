"""The command line: one verb a function, errors a user can fix in one line."""

from __future__ import annotations

import math
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console

from arc.dataset import load_answers, select_tasks, unknown_name
from arc.errors import ArcError, ConfigError, DataError
from arc.scoring import score_attempts
from arc.submission import read_submission, validate_submission
from arc.task import Answers, Task
from ensemble.assembly import STAGES, check_settings
from ensemble.budget import Budget
from ensemble.crew import crew_of
from ensemble.duration import seconds_in
from ensemble.making import finetune, generate, pretrain
from ensemble.merge import attempts_for
from ensemble.picture import draw_attempts, draw_task
from ensemble.progress import Progress
from ensemble.prompts import app as prompts
from ensemble.report import Row, difference_table, halves_line, score_run, score_table
from ensemble.run import Run
from ensemble.selection import Selection, selection_of
from ensemble.settings import DEFAULT, MODES, load_settings
from ensemble.store import RunFolder
from ensemble.terminal import console, n_cores, process_age_s

app = typer.Typer(
    name="ensemble",
    help="Solves ARC tasks by program induction and test-time-trained transduction.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(prompts)

SplitOption = Annotated[str, typer.Option("--split", help="eval or train, of --dataset.")]
DatasetOption = Annotated[str, typer.Option("--dataset", help="arc1 or arc2.")]
PathArgument = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads this at run time
    typer.Argument(help="A task's JSON, a Kaggle challenges file, or a folder of tasks."),
]


@app.command()
def run(
    tasks_path: PathArgument = None,
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    subset: Annotated[str, typer.Option(help="A part of a split: paper80, held_out.")] = "",
    ids: Annotated[str, typer.Option(help="Task ids, separated by commas.")] = "",
    limit: Annotated[Optional[int], typer.Option(help="At most so many tasks.")] = None,  # noqa: UP045
    mode: Annotated[str, typer.Option(help="ensemble, induction or transduction.")] = "ensemble",
    config: Annotated[str, typer.Option(help="A shipped configuration or a .toml file.")] = DEFAULT,
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", help="Override a setting, such as --set effort.seed=1."),
    ] = None,
    seed: Annotated[Optional[int], typer.Option(help="Short for --set effort.seed=N.")] = None,  # noqa: UP045
    workers: Annotated[
        int, typer.Option(help="Worker processes; 0: as many as cores and memory allow.")
    ] = 0,
    engine: Annotated[str, typer.Option(help="Where workers are: local, or ray.")] = "local",
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
    check_settings(chosen, mode)
    crew = crew_of(engine, ray_address, workers, chosen, STAGES[mode])
    path = out or Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    facts = {"mode": mode, "stages": list(STAGES[mode]), "data": selection.describe()}
    folder = RunFolder.create_or_resume(path, tasks, chosen, facts)
    for other in reuse or []:
        folder.take_over(RunFolder.open(other))
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
    if outcome.n_done < len(tasks):
        print(
            f"{outcome.n_done} of {len(tasks)} tasks are done; --out {path} goes on with the rest",
            file=sys.stderr,
        )
    if answers is not None:
        _print_run(folder, tasks, answers, selection.title())
    print(path / "submission.json")


@app.command()
def score(
    what: Annotated[Path, typer.Argument(help="A run folder or a submission file.")],
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    answers_path: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--answers", help="A solutions file, or tasks that carry outputs."),
    ] = None,
) -> None:
    """Scores a run or a submission under every convention.

    ensemble score submission.json --split eval
    """
    if what.is_dir():
        folder = RunFolder.open(what)
        selection = selection_of(folder.manifest)
        tasks = selection.tasks()
        known = load_answers(answers_path) if answers_path else selection.answers()
        if known is None:
            raise DataError(f"{what}: the tasks of this run carry no answers; give --answers FILE")
        _print_run(folder, tasks, known, selection.title())
        return
    attempts = read_submission(what)
    if answers_path:
        known, title = load_answers(answers_path), str(answers_path)
    else:
        selection = Selection(dataset, split)
        selection.tasks()
        known, title = selection.answers(), selection.title()
    assert known is not None
    for task_id in attempts:
        if task_id not in known:
            raise DataError(f"{what}: {unknown_name('task', task_id, list(known))}")
    for task_id, found in attempts.items():
        expected = len(known[task_id].outputs)
        if len(found) != expected:
            raise DataError(f"{what}: $.{task_id}: {len(found)} entries, {expected} test inputs")
    console().print(
        score_table([Row(what.name, score_attempts(attempts, known))], f"pass@2 on {title}")
    )


@app.command()
def validate(
    submission: Annotated[Path, typer.Argument(help="The submission file.")],
    tasks_path: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--tasks", help="The challenges file it answers."),
    ] = None,
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    ids: Annotated[str, typer.Option(help="Task ids, separated by commas.")] = "",
    limit: Annotated[Optional[int], typer.Option(help="The first so many tasks.")] = None,  # noqa: UP045
) -> None:
    """Checks that a submission is what the competition takes.

    ensemble validate runs/first/submission.json --split eval --limit 5
    """
    if tasks_path is None and not split and (submission.parent / "manifest.json").exists():
        tasks = selection_of(RunFolder.open(submission.parent).manifest).tasks()
    else:
        tasks = Selection(dataset, split, tasks_path, "", _ids(ids), limit).tasks()
    validate_submission(submission, tasks)
    n_outputs = sum(len(task.test_inputs) for task in tasks)
    print(f"{submission}: valid, {len(tasks)} tasks, {n_outputs} test inputs, two attempts each")


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders over the same tasks.")],
) -> None:
    """Compares runs: scores under every convention, and who solves what alone.

    ensemble compare runs/a runs/b
    """
    folders = [RunFolder.open(path) for path in runs]
    asked = [folder.task_ids for folder in folders]
    for folder, ids in zip(folders, asked, strict=True):
        if ids != asked[0]:
            raise DataError(
                f"{folder.path}: {len(ids)} tasks, but {folders[0].path} has {len(asked[0])} "
                "or others; runs are compared over the same tasks"
            )
    selection = selection_of(folders[0].manifest)
    tasks = selection.tasks()
    known = selection.answers()
    if known is None:
        raise DataError(f"{runs[0]}: the tasks of these runs carry no answers")
    rows = [score_run(folder, tasks, known).rows[0] for folder in folders]
    console().print(score_table(rows, f"pass@2 on {selection.title()}"))
    if len(rows) > 1:
        console().print(difference_table(rows))


@app.command()
def show(
    task_id: Annotated[str, typer.Argument(metavar="TASK", help="A task id or a task's file.")],
    run_path: Annotated[Optional[Path], typer.Option("--run", help="A run folder.")] = None,  # noqa: UP045
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    with_answers: Annotated[
        bool, typer.Option("--answers", help="Mark attempts right or wrong.")
    ] = False,
) -> None:
    """Draws a task, and what a run made of it, in the terminal.

    ensemble show 007bbfb7 --run runs/first
    """
    folder = RunFolder.open(run_path) if run_path else None
    if folder is not None:
        selection = selection_of(folder.manifest)
    elif task_id.endswith(".json"):
        selection = Selection(path=Path(task_id))
        task_id = Path(task_id).stem
    else:
        selection = Selection(dataset, split or _split_with(task_id, dataset))
    task = select_tasks(selection.tasks(), [task_id])[0]
    terminal = console()
    terminal.print(draw_task(task))
    if folder is not None:
        candidates = folder.read_task(task_id)
        attempts = attempts_for(task, candidates, folder.settings.merge)
        known = selection.answers() if with_answers else None
        answers = known[task_id] if known else None
        terminal.print(draw_attempts(task, attempts, candidates, answers))


@app.command()
def ablate(
    tasks_path: PathArgument = None,
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    subset: Annotated[str, typer.Option(help="A named subset; the default is paper80.")] = "",
    ids: Annotated[str, typer.Option(help="Task ids, separated by commas.")] = "",
    limit: Annotated[Optional[int], typer.Option(help="At most so many tasks.")] = None,  # noqa: UP045
    config: Annotated[str, typer.Option(help="The full method's configuration.")] = DEFAULT,
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", help="Override a setting in all rows, such as --set effort.seed=1."),
    ] = None,
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
    from ensemble.ablation import Ablation, default_selection
    from ensemble.ablation_report import ablation_table, notes_on
    from ensemble.variants import variants_named

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
    terminal = console()
    terminal.print(ablation_table(lines, f"pass@2 on {selection.title()}, {n_tasks} tasks"))
    for note in notes_on(lines):
        terminal.print(note, highlight=False)


for command in (pretrain, generate, finetune):
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


def _print_run(
    folder: RunFolder, tasks: list[Task], answers: dict[str, Answers], title: str
) -> None:
    halves = score_run(folder, tasks, answers)
    terminal = console()
    terminal.print(score_table(halves.rows, f"pass@2 on {title}, {len(tasks)} tasks"))
    line = halves_line(halves)
    if line:
        terminal.print(line)


def _ids(text: str) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] or None


def _split_with(task_id: str, dataset: str) -> str:
    for split in ("train", "eval"):
        if any(task.task_id == task_id for task in Selection(dataset, split).tasks()):
            return split
    return "train"
