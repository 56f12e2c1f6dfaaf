"""Lessons: programs with signatures of some of their pairs, as tokens, in a fixed order.

The i-th batch is a function of the seed and of i. Each time a program comes, its signature is
that of other pairs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from lm.causal.template import Template, load_template
from lm.programs.config import ProgramTraining
from lm.programs.corpus import ProgramTask, drawn, kept_apart, some_places
from lm.programs.shipped import TEMPLATE
from lm.programs.words import make_tokenizer
from lm.protocol import Prompt
from lm.signature.signature import joined, properties_of

_POOL = 8
"""Batches whose examples are put in the order of length before they are dealt."""

_N_TEXTS = 2000
"""Programs whose signatures are read for the vocabulary; their own words are all read."""


class _Signatures:
    """Prompts for programs, what is said of a pair being worked out once."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._said: dict[tuple[str, int], Mapping[str, str]] = {}

    def prompt(self, task: ProgramTask, places: Sequence[int]) -> str:
        """Returns the text that asks for a program by some of its pairs."""
        for place in places:
            if (task.task_id, place) not in self._said:
                self._said[task.task_id, place] = properties_of(task.pairs[place])
        words = joined([self._said[task.task_id, place] for place in sorted(places)])
        pairs = tuple(task.pairs[place] for place in sorted(places))
        return self._template.write_prompt(Prompt(pairs[0].input, pairs), words)


@dataclass(frozen=True, slots=True)
class Example:
    """The tokens of a prompt with its program; only the program's are learned."""

    tokens: list[int]
    n_prompt: int


class Lessons:
    """All that a training reads, by position.

    Attributes:
        tokenizer: The vocabulary, made for the programs.
        tasks: Programs to learn.
        reserved: Programs to measure the loss on.
        n_left_out: How many programs are too long, or have words that no other has.
    """

    def __init__(
        self,
        tasks: Sequence[ProgramTask],
        config: ProgramTraining,
        names: Sequence[str],
        phrases: Sequence[str],
    ) -> None:
        """`names` and `phrases` are words of the vocabulary; see `make_tokenizer`."""
        self._config = config
        self._signatures = _Signatures(load_template(TEMPLATE))
        self.tokenizer = self._vocabulary(tasks, names, phrases)
        known = [task for task in tasks if self._is_known(task)]
        self.tasks, self.reserved = kept_apart(known, config.reserve)
        self.n_left_out = len(tasks) - len(known)

    def batches(self, start: int) -> Iterator[list[Example]]:
        """Yields batches from the one with a number on; each pool of them is dealt by length."""
        n = self._config.examples
        for pool in range(start // _POOL, 2**62):
            rng = random.Random(f"{self._config.seed}:{pool}")
            places = range(pool * _POOL * n, (pool + 1) * _POOL * n)
            examples = sorted(self._drawn(places, rng), key=lambda e: len(e.tokens))
            batches = [examples[i * n : (i + 1) * n] for i in range(_POOL)]
            rng.shuffle(batches)
            yield from batches[start - pool * _POOL if pool == start // _POOL else 0 :]

    def _drawn(self, places: range, rng: random.Random) -> Iterator[Example]:
        for place in places:
            task = drawn(self.tasks, place, self._config.seed)
            yield self.example(task, some_places(task, self._config.most_pairs, rng))

    def example(self, task: ProgramTask, places: Sequence[int]) -> Example:
        """Returns a program with the signature of some of its pairs."""
        prompt = self._tokens(self._signatures.prompt(task, places))
        program = [*self._tokens(task.source), int(self.tokenizer.eos_token_id)]
        room = self._config.most_tokens - len(program)
        return Example([*prompt[:room], *program], min(room, len(prompt)))

    def _vocabulary(
        self, tasks: Sequence[ProgramTask], names: Sequence[str], phrases: Sequence[str]
    ) -> PreTrainedTokenizerFast:
        def texts() -> Iterator[str]:
            for task in tasks:
                yield task.source
            for task in tasks[:: max(1, len(tasks) // _N_TEXTS)]:
                places = range(min(3, len(task.pairs)))
                yield self._signatures.prompt(task, places)
                yield self._signatures.prompt(task, places[:2])

        return make_tokenizer(texts(), names, phrases)

    def _is_known(self, task: ProgramTask) -> bool:
        tokens = self._tokens(task.source)
        if self.tokenizer.unk_token_id in tokens:
            return False
        return len(tokens) <= self._config.most_tokens - 64

    def _tokens(self, text: str) -> list[int]:
        return [int(token) for token in self.tokenizer.encode(text, add_special_tokens=False)]
