"""Exercises: programs as the replies of a causal model of any size, in its own tokens.

What a language model that was trained elsewhere is fine-tuned on, so that it writes programs over
this library when it is asked by a template. `lm.programs.lesson` is for a model from nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from lm.causal.batch import TokenizedExample
from lm.causal.writer import Asking
from lm.programs.corpus import ProgramTask, drawn, kept_apart, some_places
from lm.protocol import Prompt
from lm.writing import Draft

MOST_PAIRS = 4
"""Of how many of a program's pairs prompts are made."""

ONE_OF = 50
"""Of the programs that come once, one of so many is kept to measure the loss on."""


class Exercises:
    """Programs with prompts for them; the i-th depends on the seed and on i alone.

    Attributes:
        tasks: Programs to learn.
        reserved: Programs to measure the loss on.
    """

    def __init__(self, tasks: Sequence[ProgramTask], asking: Asking, seed: int) -> None:
        self._asking = asking
        self._seed = seed
        self.tasks, self.reserved = kept_apart(tasks, ONE_OF)

    def example(self, index: int) -> TokenizedExample:
        """Returns the exercise of this index, from 0: every program once, then all in new order."""
        task = drawn(self.tasks, index, self._seed)
        rng = random.Random(f"{self._seed}:{index}")
        return self._tokenized(task, some_places(task, MOST_PAIRS, rng))

    def held_out(self, limit: int) -> list[TokenizedExample]:
        """Returns the first of the programs kept apart, asked for by three pairs."""
        return [
            self._tokenized(task, range(min(3, len(task.pairs)))) for task in self.reserved[:limit]
        ]

    def _tokenized(self, task: ProgramTask, places: Sequence[int]) -> TokenizedExample:
        pairs = tuple(task.pairs[place] for place in sorted(places))
        prompt = self._asking.tokens(Draft(Prompt(pairs[0].input, pairs)))
        reply = self._asking.reply_tokens(task.source)
        is_target = (False,) * len(prompt) + (True,) * len(reply)
        return TokenizedExample((*prompt, *reply), is_target)
