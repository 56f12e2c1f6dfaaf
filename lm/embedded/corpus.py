"""What the embedded model is pre-trained on: many pairs a task, drawn under augmentation.

Every task comes in a few variations besides, tasks of their own (`variation.py`). Reads RE-ARC's
verified examples of the ARC-1 training tasks (`re_arc.npz.xz`, see CONTRIBUTING.md), the
training split itself, and what `ensemble generate` made. Nothing else: evaluation tasks never
enter, and the one training task that is byte-identical to an evaluation task is left out.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arc.archive import read_archive
from arc.dataset import TWINS, is_held_out
from arc.errors import DataError, GridError
from arc.grid import MAX_SIDE, N_COLORS, Cells, Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES
from lm.embedded.batch import Sample
from lm.embedded.encoding import N_HEADER
from lm.embedded.variation import Variation, variation_of

_RESERVED = 100
"""One in so many of RE-ARC's pairs is not trained on."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A task, or a variation of one.

    Attributes:
        name: The task's id; of a variation, with its number.
        task: Index of the task.
        variation: What is done to one side of its pairs, or `None`.
        fixed: The colors that augmentation must not permute, (10,).
    """

    name: str
    task: int
    variation: Variation | None
    fixed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pairs of many tasks, in one flat array.

    Attributes:
        task_ids: The tasks, in the order of the vector table.
        task: Index into `task_ids` of each pair, (n,).
        shapes: Input height and width, output height and width, (n, 4).
        starts: Where each pair's cells begin in `cells`, (n,).
        cells: All input and output cells, one byte each.
        members: Per task the indices of its pairs, shortest first.
        reserved: Indices of pairs that no task has among its members: learning is checked on them.
        rules: What has a vector of its own, in the order of the vector table: the tasks as they
            are, then their variations.
        n_generated: How many of the tasks, the last ones, are generated.
    """

    task_ids: tuple[str, ...]
    task: NDArray[np.int64]
    shapes: NDArray[np.int64]
    starts: NDArray[np.int64]
    cells: NDArray[np.uint8]
    members: tuple[NDArray[np.int64], ...]
    reserved: NDArray[np.int64]
    rules: tuple[Rule, ...]
    n_generated: int = 0

    def pair(self, index: int) -> tuple[Cells, Cells]:
        """Returns the input and output cells of one pair, as views."""
        height, width, out_height, out_width = self.shapes[index]
        start = self.starts[index]
        middle = start + height * width
        end = middle + out_height * out_width
        return (
            self.cells[start:middle].reshape(height, width),
            self.cells[middle:end].reshape(out_height, out_width),
        )

    def check(self, max_length: int, n: int = 256) -> list[Sample]:
        """Returns some of the reserved pairs as they are, evenly taken from those short enough."""
        fitting = [i for i in self.reserved.tolist() if self._length(i) <= max_length]
        chosen = fitting[:: max(1, len(fitting) // n)][:n]
        return [Sample(*self.pair(i), vector=int(self.task[i])) for i in chosen]

    def draw(
        self,
        rng: np.random.Generator,
        max_length: int,
        recolor: float,
        varied: float = 0.5,
        generated: float = 0.3,
    ) -> Sample:
        """Returns a random pair of a random rule under a random symmetry and recoloring.

        Args:
            rng: The chance.
            max_length: Longest sample, in tokens.
            recolor: Share of samples with permuted colors.
            varied: Share of samples from variations among the others, where there are any.
            generated: Share of samples from generated tasks, where there are any.
        """
        n_tasks = len(self.task_ids)
        n_known = n_tasks - self.n_generated
        while True:
            if self.n_generated and rng.random() < generated:
                low, high = n_known, n_tasks
            elif len(self.rules) > n_tasks and rng.random() < varied:
                low, high = n_tasks, len(self.rules)
            else:
                low, high = 0, n_known
            vector = int(rng.integers(low, high))
            pair = self._draw_pair(rng, self.rules[vector], max_length)
            if pair is not None:
                break
        source, target = pair
        symmetry = int(rng.integers(len(SYMMETRIES)))
        source, target = SYMMETRIES[symmetry](source), SYMMETRIES[symmetry](target)
        recolored = bool(rng.random() < recolor)
        if recolored:
            image = color_permutation(rng, self.rules[vector].fixed)
            source, target = image[source], image[target]
        return Sample(source, target, symmetry, recolored, vector)

    def _draw_pair(
        self, rng: np.random.Generator, rule: Rule, max_length: int
    ) -> tuple[Cells, Cells] | None:
        """Returns a pair of the rule, or `None` where the one drawn is too long."""
        members = self.members[rule.task]
        n_fit = bisect_right(members, max_length, key=self._length)
        if not n_fit:
            return None
        pair = self.pair(int(members[rng.integers(n_fit)]))
        if rule.variation is None:
            return pair
        changed = rule.variation.apply(*pair)
        if changed is None or changed[0].size + N_HEADER + changed[1].size > max_length:
            return None
        return changed

    def _length(self, index: int) -> int:
        height, width, out_height, out_width = self.shapes[index].tolist()
        return int(height * width + N_HEADER + out_height * out_width)


def color_permutation(rng: np.random.Generator, fixed: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Returns the image of colors 0-9 under a random permutation of those not fixed."""
    image = np.arange(N_COLORS, dtype=np.uint8)
    free = np.flatnonzero(~fixed)
    image[free] = rng.permutation(free)
    return image


def fixed_colors(pairs: Sequence[Pair]) -> NDArray[np.bool_]:
    """Returns which colors carry meaning of their own: 0, and those in outputs only."""
    in_inputs = np.zeros(N_COLORS, dtype=bool)
    in_outputs = np.zeros(N_COLORS, dtype=bool)
    for pair in pairs:
        in_inputs[pair.input.array] = True
        in_outputs[pair.output.array] = True
    fixed = in_outputs & ~in_inputs
    fixed[0] = True
    return np.asarray(fixed)


def load_corpus(
    re_arc: Path | None,
    tasks: Sequence[Task],
    *,
    hold_out: bool,
    n_variations: int = 0,
    generated: Sequence[Path] = (),
) -> Corpus:
    """Returns the corpus of the given training tasks with, where given, RE-ARC's pairs.

    Every task comes in `n_variations` variations besides. The tasks of archives that
    `ensemble generate` wrote follow, as they are.

    Raises:
        DataError: A file is missing or not RE-ARC's arrays, or generated tasks share a name.
    """
    kept = [
        task
        for task in tasks
        if task.task_id not in TWINS and not (hold_out and is_held_out(task.task_id))
    ]
    index = {task.task_id: i for i, task in enumerate(kept)}
    parts = [_from_tasks(kept)]
    if re_arc is not None:
        read = _from_folder if re_arc.is_dir() else _from_re_arc
        parts.append(read(re_arc, index))
    reserved = np.arange(len(parts[0][0]), sum(len(part[0]) for part in parts))[::_RESERVED]
    rules = [Rule(task.task_id, i, None, fixed_colors(task.pairs)) for i, task in enumerate(kept)]
    for path in generated:
        part, more = _from_generated(path, len(rules))
        parts.append(part)
        rules += more
    n_tasks = len(rules)
    task_ids = tuple(rule.name for rule in rules)
    if len(set(task_ids)) < n_tasks:
        raise DataError("two archives have tasks of one name; generate each with a seed of its own")
    task, shapes, cells = (np.concatenate([part[i] for part in parts]) for i in range(3))
    sizes = shapes[:, 0] * shapes[:, 1] + shapes[:, 2] * shapes[:, 3]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    order = np.argsort(sizes, kind="stable")
    order = order[~np.isin(order, reserved)]
    by_task = order[np.argsort(task[order], kind="stable")]
    members = tuple(np.split(by_task, np.searchsorted(task[by_task], np.arange(1, n_tasks))))
    for number in range(n_variations):
        rules += [_varied(i, task, number) for i, task in enumerate(kept)]
    n_generated = n_tasks - len(kept)
    return Corpus(
        task_ids, task, shapes, starts, cells, members, reserved, tuple(rules), n_generated
    )


def _varied(index: int, task: Task, number: int) -> Rule:
    variation = variation_of(task.task_id, number)
    changed = [variation.apply(pair.input.array, pair.output.array) for pair in task.pairs]
    pairs = [Pair(*map(Grid.from_array, pair)) for pair in changed if pair is not None]
    return Rule(f"{task.task_id}/{number}", index, variation, fixed_colors(pairs or task.pairs))


_Part = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]


def _from_tasks(tasks: Sequence[Task]) -> _Part:
    owners, shapes, cells = [], [], []
    for i, task in enumerate(tasks):
        for pair in task.pairs:
            owners.append(i)
            shapes.append((*pair.input.shape, *pair.output.shape))
            cells.append(pair.input.cells + pair.output.cells)
    return (
        np.array(owners),
        np.array(shapes),
        np.frombuffer(b"".join(cells), dtype=np.uint8),
    )


def _from_folder(path: Path, index: dict[str, int]) -> _Part:
    """Reads RE-ARC as it is published: a JSON a task, a list of pairs in each.

    Pairs with a side over 30 are left out.
    """
    files = [path / f"{task_id}.json" for task_id in index]
    if not any(file.is_file() for file in files):
        raise DataError(f"{path}: RE-ARC's folder of tasks expected, such as 007bbfb7.json in it")
    owners, shapes, cells = [], [], []
    for owner, file in enumerate(files):
        if not file.is_file():
            continue
        try:
            made = json.loads(file.read_text(encoding="utf-8"))
            sides = [(pair["input"], pair["output"]) for pair in made]
            grids = [
                (Grid.of(source), Grid.of(target))
                for source, target in sides
                if max(len(source), len(source[0]), len(target), len(target[0])) <= MAX_SIDE
            ]
        except (OSError, LookupError, TypeError, ValueError, GridError) as error:
            raise DataError(f"{file}: a list of pairs expected ({error})") from None
        for source, target in grids:
            owners.append(owner)
            shapes.append((*source.shape, *target.shape))
            cells.append(source.cells + target.cells)
    return (
        np.array(owners, dtype=np.int64),
        np.array(shapes, dtype=np.int64).reshape(-1, 4),
        np.frombuffer(b"".join(cells), dtype=np.uint8),
    )


def _from_re_arc(path: Path, index: dict[str, int]) -> _Part:
    archive = read_archive(path)
    sizes = archive.sizes
    owner_of = np.array([index.get(task_id, -1) for task_id in archive.ids])
    owners = owner_of[archive.task]
    keep = owners >= 0
    cells = archive.cells[: int(sizes.sum())][np.repeat(keep, sizes)]
    return owners[keep], archive.shapes[keep], cells


def _from_generated(path: Path, n_before: int) -> tuple[_Part, list[Rule]]:
    """Reads generated tasks; their colors are judged by all of their pairs."""
    archive = read_archive(path)
    if not archive.programs:
        raise DataError(f"{path}: no generated tasks; write some with `ensemble generate`")
    of_task: list[list[Pair]] = [[] for _ in archive.ids]
    for index, start in enumerate(archive.starts):
        pair = Pair(*map(Grid.from_array, archive.pair(index, start)))
        of_task[archive.task[index]].append(pair)
    rules = [
        Rule(task_id, n_before + i, None, fixed_colors(pairs))
        for i, (task_id, pairs) in enumerate(zip(archive.ids, of_task, strict=True))
    ]
    cells = archive.cells[: int(archive.sizes.sum())]
    return (archive.task + n_before, archive.shapes, cells), rules
