"""Contests: run folders and submissions brought together over the same tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arc.dataset import load_answers, load_levels
from arc.errors import DataError
from arc.task import Answers, Task
from ensemble.compare.entry import Entry, entry_of_run, entry_of_submission, unique_names
from ensemble.compare.published import Published, published_on
from ensemble.folder.store import RunFolder
from ensemble.selection import Selection, selection_of


@dataclass(frozen=True, slots=True)
class Contest:
    """What is compared, over what.

    Attributes:
        entries: The runs and submissions, in the order given.
        answers: The answers of the tasks asked for.
        title: Which tasks these are.
        tasks: The tasks, where they are known.
        levels: The levels of the tasks, where they have any.
        published: What others have reported on the same tasks.
    """

    entries: tuple[Entry, ...]
    answers: Mapping[str, Answers]
    title: str
    tasks: tuple[Task, ...]
    levels: Mapping[str, str]
    published: tuple[Published, ...]


def gather(
    paths: Sequence[Path], selection: Selection | None = None, answers_path: Path | None = None
) -> Contest:
    """Returns the contest of what is at these paths.

    Args:
        paths: Run folders, folders of run folders such as an ablation's, submission files, and
            folders of results as arc-agi-benchmarking writes them.
        selection: Which tasks, where no run says so.
        answers_path: Answers, where the tasks carry none.

    Raises:
        ArcError: Something is no run and no submission, is over other tasks, or has no answers.
    """
    opened = [(path, _opened(path)) for path in _expanded(paths)]
    folders = [folder for _, folder in opened if folder is not None]
    _check_same_tasks(folders)
    if folders:
        selection = selection_of(folders[0].manifest)
    known = _known_answers(paths[0], selection, answers_path)
    tasks = selection.tasks() if selection else []
    asked = {task.task_id: known[task.task_id] for task in tasks} if tasks else known
    names = unique_names([path for path, _ in opened])
    entries = [
        entry_of_submission(path, known, name)
        if folder is None
        else entry_of_run(folder, tasks, name)
        for name, (path, folder) in zip(names, opened, strict=True)
    ]
    facts = selection.describe() if selection else {}
    levels = load_levels() if facts.get("dataset", "arc1") == "arc1" else {}
    return Contest(
        entries=tuple(entries),
        answers=asked,
        title=selection.title() if selection else str(answers_path),
        tasks=tuple(tasks),
        levels=levels if all(task_id in levels for task_id in asked) else {},
        published=published_on(facts.get("dataset", ""), facts.get("split", ""), len(asked)),
    )


def _expanded(paths: Sequence[Path]) -> list[Path]:
    """Returns the paths, folders of runs replaced by the runs in them."""
    expanded: list[Path] = []
    for path in paths:
        runs = sorted(manifest.parent for manifest in path.glob("*/manifest.json"))
        expanded += runs if runs and not (path / "manifest.json").exists() else [path]
    return expanded


def _opened(path: Path) -> RunFolder | None:
    """Returns the run in a folder, or nothing for a submission or another harness's results."""
    if not path.exists():
        raise DataError(f"{path}: neither a run folder nor a file")
    is_run = path.is_dir() and ((path / "manifest.json").exists() or not any(path.glob("*.json")))
    return RunFolder.open(path) if is_run else None


def _check_same_tasks(folders: Sequence[RunFolder]) -> None:
    for folder in folders:
        if folder.manifest["tasks_sha256"] != folders[0].manifest["tasks_sha256"]:
            raise DataError(
                f"{folder.path}: {len(folder.task_ids)} tasks, but {folders[0].path} has "
                f"{len(folders[0].task_ids)} or others; runs are compared over the same tasks"
            )


def _known_answers(
    what: Path, selection: Selection | None, answers_path: Path | None
) -> dict[str, Answers]:
    if answers_path is not None:
        known = load_answers(answers_path)
    elif selection is None:
        raise DataError(f"{what}: which tasks? give --split eval, --split train, or --answers FILE")
    else:
        selection.tasks()
        found = selection.answers()
        if found is None:
            raise DataError(f"{what}: the tasks of this run carry no answers; give --answers FILE")
        known = found
    asked = selection.tasks() if selection else []
    missing = [task.task_id for task in asked if task.task_id not in known]
    if missing:
        raise DataError(
            f"{answers_path}: no answers for {len(missing)} tasks, such as {missing[0]}"
        )
    return known
