"""Examples to fine-tune on before any task is seen: tasks made anew from the pairs of known ones.

A task is a few pairs of one known task, in a random order, under a random symmetry and, mostly,
permuted colors. With RE-ARC there are a thousand pairs a task, without it those of the
training split alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from arc.errors import DataError
from arc.grid import Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES
from lm.embedded.corpus import Corpus
from lm.protocol import Example
from transduction.augment import View, permute_colors


@dataclass(frozen=True, slots=True)
class Curriculum:
    """An endless sequence of examples; the i-th depends on the seed and on i alone.

    Attributes:
        corpus: The pairs.
        seed: Seed of all chance.
        demonstrations: The fewest and the most that stand in a prompt.
        recolor: Share of examples with permuted colors.
        max_cells: Cells of an example, its row ends counted too; demonstrations that would exceed
            it are left out, but for one.
    """

    corpus: Corpus
    seed: int = 0
    demonstrations: tuple[int, int] = (2, 5)
    recolor: float = 0.7
    max_cells: int = 8000

    def __post_init__(self) -> None:
        if not any(len(members) > 1 for members in self.corpus.members):
            raise DataError("no task to train on has two pairs")

    def example(self, index: int) -> Example:
        """Returns the example of this index, from 0."""
        rng = random.Random(f"{self.seed}:{index}")
        members: Sequence[int] = ()
        while len(members) < 2:
            members = self.corpus.members[rng.randrange(len(self.corpus.members))].tolist()
        n = min(len(members), rng.randint(*self.demonstrations) + 1)
        *context, question = [self._pair(k) for k in rng.sample(members, n)]
        while len(context) > 1 and sum(map(_size, [*context, question])) > self.max_cells:
            context.pop()
        task = Task("", tuple(context), (question.input,))
        colors = permute_colors(task, rng) if rng.random() < self.recolor else None
        view = View(rng.choice(SYMMETRIES), colors)
        return Example(view.prompt(question.input, context), view.transform.apply(question.output))

    def _pair(self, index: int) -> Pair:
        source, target = self.corpus.pair(index)
        return Pair(Grid.from_array(source), Grid.from_array(target))


def held_out_examples(tasks: Sequence[Task], limit: int) -> list[Example]:
    """Returns an example of each of the first tasks: their last pair after the others, as it is."""
    examples = []
    for task in tasks:
        *context, question = task.pairs
        if context:
            examples.append(Example(View().prompt(question.input, context), question.output))
    return examples[:limit]


def _size(pair: Pair) -> int:
    return sum(grid.height * (grid.width + 1) for grid in (pair.input, pair.output))
