"""The training data of one task, made from its own demonstrations, and the views it is seen in.

For a model that reads demonstrations in context, each demonstration in turn plays the test input
and the others are its context (leave-one-out; then leave-two-out, if that gives too few). A
model with a task vector trains on the pairs themselves, and so does the other in the baseline
called end-to-end. All see every pair under the eight
symmetries and under permuted colors; in-context models also under the enlarging and repeating
changes of "The Surprising Effectiveness of Test-Time Training" (Akyurek et al., 2024), appendix.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from arc.errors import GridError
from arc.grid import N_COLORS, Cells, Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES, Compose, PermuteColors, Symmetry, Transform, transform_pair
from lm.protocol import Conditioning, Example, Prompt

_PAPER_SYMMETRIES = tuple(s for s in SYMMETRIES if s is not Symmetry.ANTI_TRANSPOSE)


@dataclass(frozen=True, slots=True)
class View:
    """A task seen through a symmetry and a permutation of colors.

    Attributes:
        symmetry: The symmetry.
        colors: The permutation, or `None` where colors stay.
    """

    symmetry: Symmetry = Symmetry.IDENTITY
    colors: PermuteColors | None = None

    @property
    def transform(self) -> Transform:
        """Symmetry and colors as one transform."""
        return Compose(self.symmetry, self.colors) if self.colors else self.symmetry

    @property
    def name(self) -> str:
        """The name of the transform."""
        return self.transform.name

    def prompt(
        self, grid: Grid, context: Sequence[Pair] = (), shape: tuple[int, int] | None = None
    ) -> Prompt:
        """Returns the question for a grid of the task's own frame, asked in this view.

        `shape` is that of the output in the task's own frame, where it is known.
        """
        return Prompt(
            self.transform.apply(grid),
            tuple(transform_pair(pair, self.transform) for pair in context),
            self.symmetry,
            self.colors is not None,
            None if shape is None else self.shape_of(shape),
        )

    def shape_of(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Returns the shape in this view of what has a shape in the task's own frame."""
        height, width = self.symmetry(np.empty(shape, dtype=np.uint8)).shape
        return height, width


def make_views(
    task: Task, n_colorings: int, rng: random.Random, *, symmetries: Sequence[Symmetry] = SYMMETRIES
) -> list[View]:
    """Returns each symmetry with the task's own colors, then with permuted ones.

    `n_colorings` counts all colorings, so 1 gives the symmetries alone.
    """
    views = [View(symmetry) for symmetry in symmetries]
    for _ in range(n_colorings - 1):
        views += [View(symmetry, permute_colors(task, rng)) for symmetry in symmetries]
    return views


def permute_colors(task: Task, rng: random.Random) -> PermuteColors:
    """Returns a random permutation of the colors that carry no meaning of their own.

    Black stays, and so does a color that only outputs have: nothing in the input says which.
    """
    in_inputs = set().union(*(grid.cells for grid in task.inputs))
    in_outputs = set().union(*(grid.cells for grid in task.outputs))
    free = [c for c in range(1, N_COLORS) if c in in_inputs or c not in in_outputs]
    shuffled = rng.sample(free, len(free))
    image = list(range(N_COLORS))
    for color, target in zip(free, shuffled, strict=True):
        image[color] = target
    return PermuteColors(tuple(image))


def training_examples(
    task: Task,
    conditioning: Conditioning,
    max_examples: int,
    rng: random.Random,
    *,
    with_transforms: bool = True,
    with_context: bool = True,
) -> list[Example]:
    """Returns at most `max_examples` distinct examples, shuffled.

    Args:
        task: The task; its test inputs are used for nothing but the choice of colors.
        conditioning: Whether the model needs demonstrations in its prompt.
        max_examples: Where to stop.
        rng: Chooses colors, orders and which examples are kept.
        with_transforms: Whether to use symmetries and other changes of geometry.
        with_context: Whether an in-context model is shown the other demonstrations.
    """
    if conditioning is Conditioning.TASK_VECTOR:
        made = _pair_examples(task, rng, with_transforms=with_transforms)
    else:
        made = _context_examples(
            task, max_examples, rng, with_transforms=with_transforms, with_context=with_context
        )
    distinct = list(dict.fromkeys(made))
    rng.shuffle(distinct)
    return distinct[:max_examples]


def _pair_examples(task: Task, rng: random.Random, *, with_transforms: bool) -> Iterator[Example]:
    symmetries = SYMMETRIES if with_transforms else (Symmetry.IDENTITY,)
    views = make_views(task, 2, rng, symmetries=symmetries)
    for view in views:
        for pair in task.pairs:
            yield Example(view.prompt(pair.input), view.transform.apply(pair.output))


def _context_examples(
    task: Task,
    max_examples: int,
    rng: random.Random,
    *,
    with_transforms: bool,
    with_context: bool,
) -> Iterator[Example]:
    changes = list(_changes()) if with_transforms else []
    if not with_context:
        sources = [[[pair] for pair in task.pairs]]
    else:
        n_left_out = (1, 2) if len(task.pairs) > 2 else (1,)
        sources = [list(_pseudo_tasks(task.pairs, n)) for n in n_left_out]
    made = 0
    for pseudo_tasks in sources:
        if made >= max_examples:
            return
        for pairs in pseudo_tasks:
            for variant in _variants(pairs, changes):
                for example in _with_colors_and_order(task, variant, rng):
                    made += 1
                    yield example


def _pseudo_tasks(pairs: Sequence[Pair], n_left_out: int) -> Iterator[list[Pair]]:
    """Yields the pairs with each in turn as the last, the question; without `n - 1` others."""
    for i, question in enumerate(pairs):
        others = [pair for j, pair in enumerate(pairs) if j != i]
        if n_left_out == 1:
            yield [*others, question]
        else:
            for dropped in range(len(others)):
                yield [*others[:dropped], *others[dropped + 1 :], question]


def _variants(
    pairs: Sequence[Pair], changes: Iterable[_Change]
) -> Iterator[tuple[Symmetry, list[Pair]]]:
    yield Symmetry.IDENTITY, list(pairs)
    for change in changes:
        try:
            changed = [Pair(change.apply(p.input), change.apply(p.output)) for p in pairs]
        except GridError:
            continue  # larger than a grid can be
        yield change.symmetry, changed


def _with_colors_and_order(
    task: Task, variant: tuple[Symmetry, list[Pair]], rng: random.Random
) -> Iterator[Example]:
    symmetry, pairs = variant
    *context, question = pairs
    yield Example(Prompt(question.input, tuple(context), symmetry), question.output)
    permutation = permute_colors(task, rng)
    shuffled = rng.sample(context, len(context))
    recolored = [transform_pair(pair, permutation) for pair in [*shuffled, question]]
    yield Example(
        Prompt(recolored[-1].input, tuple(recolored[:-1]), symmetry, recolored=True),
        recolored[-1].output,
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """A symmetry, then a change that loses nothing but cannot be asked back: enlarge or repeat.

    Attributes:
        symmetry: Applied first.
        upscale: Factors by which rows and columns are repeated in place.
        tile: How often the grid is repeated downwards and to the right.
        reflect: The axis along which the mirror image is appended, if any.
        shift: Cells to roll along both axes.
    """

    symmetry: Symmetry = Symmetry.IDENTITY
    upscale: tuple[int, int] = (1, 1)
    tile: tuple[int, int] = (1, 1)
    reflect: int | None = None
    shift: int = 0

    def apply(self, grid: Grid) -> Grid:
        """Returns the changed grid; raises `GridError` where it would be too large."""
        cells: Cells = self.symmetry(grid.array)
        cells = np.repeat(np.repeat(cells, self.upscale[0], axis=0), self.upscale[1], axis=1)
        cells = np.tile(cells, self.tile)
        if self.reflect is not None:
            cells = np.concatenate([cells, np.flip(cells, self.reflect)], axis=self.reflect)
        if self.shift:
            cells = np.roll(cells, (self.shift, self.shift), axis=(0, 1))
        return Grid.from_array(cells)


def _changes() -> Iterator[_Change]:
    moving = [s for s in _PAPER_SYMMETRIES if s is not Symmetry.IDENTITY]
    for symmetry in moving:
        yield _Change(symmetry)
    for upscale in ((2, 2), (2, 1), (1, 2)):
        yield _Change(upscale=upscale)
    for symmetry in moving:
        yield _Change(symmetry, upscale=(2, 2))
    for tile in ((2, 1), (1, 2), (2, 2)):
        yield _Change(tile=tile)
    for axis in (0, 1):
        yield _Change(reflect=axis)
    yield _Change(shift=1)
