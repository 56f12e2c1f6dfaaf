"""`ensemble contamination`: what two sets of tasks share, and what no model is trained on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from arc.archive import read_archive
from arc.contamination import evaluation_pairs_among, overlap_of, solved_pairs, solved_split
from arc.dataset import DATASETS, SPLITS, load_answers, load_tasks, unknown_name
from arc.errors import DataError
from arc.grid import Cells, Grid
from arc.task import Pair
from ensemble.terminal import console

if TYPE_CHECKING:
    from lm.embedded.corpus import Corpus
    from lm.programs.corpus import ProgramTask

_ARCHIVE = ".npz.xz"


def contamination(
    first: Annotated[
        str, typer.Argument(help="arc1/eval, arc2/train and the like, a path of tasks, or .npz.xz.")
    ],
    second: Annotated[str, typer.Argument(help="The set that may hold tasks of the first.")],
    ids: Annotated[bool, typer.Option(help="Name the tasks.")] = False,
) -> None:
    """Counts the tasks of one set that are in another, whatever their order, colors and symmetry.

    ensemble contamination arc1/eval arc2/train
    """
    overlap = overlap_of(_pairs_of(first), _pairs_of(second))
    table = Table(title=f"tasks of {first} in {second}", title_justify="left")
    for name in ("", "tasks", "of"):
        table.add_column(name, justify="left" if not name else "right")
    for name, found in (
        ("the same id", overlap.by_id),
        ("share a pair", overlap.by_pair),
        ("every pair is in one task", overlap.whole),
    ):
        table.add_row(name, str(len(found)), str(overlap.n_tasks))
    console().print(table)
    if ids:
        for task_id, names in overlap.by_pair.items():
            print(task_id, *names)


def refuse_contaminated(corpus: Corpus, source: str) -> None:
    """Raises `DataError` if anything that would be trained on is an evaluation task's pair.

    Says on standard error how many pairs were compared.
    """
    members = [int(i) for of_task in corpus.members for i in of_task]
    names = [corpus.task_ids[corpus.task[i]] for i in members]
    _refuse((corpus.pair(i) for i in members), names, source)


def refuse_contaminated_programs(tasks: Sequence[ProgramTask], source: str) -> None:
    """Does likewise for programs with pairs."""
    pairs = [(pair.input.array, pair.output.array) for task in tasks for pair in task.pairs]
    _refuse(pairs, [task.task_id for task in tasks for _ in task.pairs], source)


def _refuse(pairs: Iterable[tuple[Cells, Cells]], names: Sequence[str], source: str) -> None:
    found = list(evaluation_pairs_among(pairs))
    if found:
        raise DataError(
            f"{source}: {len(found)} of {len(names)} pairs are of an evaluation task, the first "
            f"in task {names[found[0]]}; train on data without them"
        )
    print(f"contamination: none of {len(names)} pairs is an evaluation task's", file=sys.stderr)


def _pairs_of(name: str) -> Mapping[str, Sequence[Pair]]:
    """Returns the pairs of each task of a set given by its name or path."""
    dataset, _, split = name.partition("/")
    for known in DATASETS:
        if dataset == known:
            if split not in SPLITS:
                raise DataError(f"{name}: {unknown_name('split', split, list(SPLITS))}")
            return solved_split(known, SPLITS[split])
    path = Path(name)
    if not path.exists():
        raise DataError(f"{name}: neither a set such as arc1/eval nor a file or folder")
    if path.name.endswith(_ARCHIVE):
        return _pairs_of_archive(path)
    try:
        answers = load_answers(path)
    except DataError:
        answers = {}  # tasks to be solved carry none
    return {
        task.task_id: solved_pairs(task, answers[task.task_id])
        if task.task_id in answers
        else task.pairs
        for task in load_tasks(path)
    }


def _pairs_of_archive(path: Path) -> dict[str, list[Pair]]:
    archive = read_archive(path)
    pairs: dict[str, list[Pair]] = {task_id: [] for task_id in archive.ids}
    for i, start in enumerate(archive.starts):
        source, target = archive.pair(i, int(start))
        pair = Pair(Grid.from_array(source), Grid.from_array(target))
        pairs[archive.ids[archive.task[i]]].append(pair)
    return pairs
