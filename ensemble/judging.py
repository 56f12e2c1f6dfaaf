"""The commands that judge what was made: score, validate, compare, show. None loads a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from arc.dataset import select_tasks
from arc.document import write_text
from arc.submission import validate_submission
from arc.task import Answers, Task
from ensemble import completion
from ensemble.compare.comparison import Comparison, compare_entries
from ensemble.compare.contest import Contest, gather
from ensemble.compare.drawing import draw_sheet
from ensemble.compare.entry import entry_of_run
from ensemble.compare.sheets import Sheet, choice_sheet, failure_sheet, score_sheet, sheets_of
from ensemble.folder.store import RunFolder
from ensemble.picture import Pen, draw_attempts, draw_task
from ensemble.selection import Selection, selection_of
from ensemble.terminal import console

SplitOption = Annotated[
    str,
    typer.Option("--split", help="eval or train, of --dataset.", autocompletion=completion.split),
]
DatasetOption = Annotated[
    str, typer.Option("--dataset", help="arc1 or arc2.", autocompletion=completion.dataset)
]
AnswersOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads this at run time
    typer.Option("--answers", help="A solutions file, or tasks that carry outputs."),
]
TasksOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--tasks", help="A challenges file, a task or a folder, in place of a split."),
]


def score(
    what: Annotated[Path, typer.Argument(help="A run folder or a submission file.")],
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    answers_path: AnswersOption = None,
) -> None:
    """Scores a run or a submission under every convention.

    ensemble score submission.json --split eval
    """
    comparison = _comparison(gather([what], _selected(dataset, split), answers_path))
    sheets = [score_sheet(comparison), choice_sheet(comparison), failure_sheet(comparison)]
    _print([sheet for sheet in sheets if sheet.lines])


def validate(
    submission: Annotated[Path, typer.Argument(help="The submission file.")],
    tasks_path: TasksOption = None,
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
        chosen = [part.strip() for part in ids.split(",") if part.strip()] or None
        tasks = Selection(dataset, split, tasks_path, "", chosen, limit).tasks()
    validate_submission(submission, tasks)
    n_outputs = sum(len(task.test_inputs) for task in tasks)
    print(f"{submission}: valid, {len(tasks)} tasks, {n_outputs} test inputs, two attempts each")


def compare(
    what: Annotated[list[Path], typer.Argument(help="Run folders and submission files.")],
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--html", help="Write the report as one page, with a gallery of the tasks."),
    ] = None,
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    tasks_path: TasksOption = None,
    answers_path: AnswersOption = None,
    usd_per_hour: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="What an hour of one worker costs, for dollars a task."),
    ] = None,
    gallery: Annotated[
        bool, typer.Option(help="Whether the page shows the tasks, with their answers.")
    ] = True,
) -> None:
    """Compares runs and anybody's submissions over the same tasks: scores, tests, overlap, reasons.

    ensemble compare runs/a runs/b other/submission.json --html report.html
    """
    contest = gather(what, _selected(dataset, split, tasks_path), answers_path)
    comparison = _comparison(contest, usd_per_hour)
    sheets = _all_sheets(comparison)
    _print(sheets)
    if html is not None:
        from ensemble.page.page import page_of

        write_text(html, page_of(comparison, sheets, with_tasks=gallery))
        print(html)


def show(
    task_id: Annotated[str, typer.Argument(metavar="TASK", help="A task id or a task's file.")],
    run_path: Annotated[Optional[Path], typer.Option("--run", help="A run folder.")] = None,  # noqa: UP045
    split: SplitOption = "",
    dataset: DatasetOption = "arc1",
    with_answers: Annotated[
        bool, typer.Option("--answers", help="Draw the answers too, and what attempts get wrong.")
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
    known = selection.answers() if with_answers else None
    answers = known[task_id] if known else None
    terminal = console()
    pen = Pen.on(terminal)
    terminal.print(draw_task(task, pen, answers))
    if folder is not None:
        terminal.print(draw_attempts(entry_of_run(folder, [task]), task, pen, answers))


def print_run(folder: RunFolder, tasks: Sequence[Task], answers: Mapping[str, Answers]) -> None:
    """Prints the scores of a run at its end."""
    asked = {task.task_id: answers[task.task_id] for task in tasks}
    title = selection_of(folder.manifest).title()
    comparison = compare_entries([entry_of_run(folder, tasks)], asked, title)
    _print([score_sheet(comparison), choice_sheet(comparison)])


def _selected(dataset: str, split: str, tasks_path: Path | None = None) -> Selection | None:
    if tasks_path is not None:
        return Selection(path=tasks_path)
    return Selection(dataset, split) if split else None


def _comparison(contest: Contest, usd_per_hour: float | None = None) -> Comparison:
    return compare_entries(
        contest.entries,
        contest.answers,
        contest.title,
        tasks=contest.tasks,
        levels=contest.levels,
        published=contest.published,
        usd_per_hour=usd_per_hour,
    )


def _all_sheets(comparison: Comparison) -> list[Sheet]:
    from ensemble.ablate.table import ablation_among

    sheets = list(sheets_of(comparison))
    ablation = ablation_among(comparison)
    return sheets if ablation is None else [*sheets, ablation]


def _print(sheets: Iterable[Sheet]) -> None:
    terminal = console()
    for place, sheet in enumerate(sheets):
        if place:
            terminal.print()
        terminal.print(draw_sheet(sheet))


def _split_with(task_id: str, dataset: str) -> str:
    for split in ("train", "eval"):
        if any(task.task_id == task_id for task in Selection(dataset, split).tasks()):
            return split
    return "train"
