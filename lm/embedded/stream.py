"""The batches of a pre-training, as a stream that can be taken up where it was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import numpy as np

from arc.ahead import worked_ahead
from lm.embedded.batch import Sample, bucketed
from lm.embedded.config import PretrainConfig
from lm.embedded.corpus import Corpus
from lm.embedded.team import Team

_REFILL = 4096
"""Samples drawn at a time, to be grouped by length."""

_AHEAD = 2
"""Refills that are under way or waiting, for each process that draws them."""

Refill = list[list[Sample]]
"""Samples drawn together, in groups of similar shape."""

Refills = Callable[[int], Iterator[Refill]]
"""The refills of one member of a team, from the one with a given number on."""


def refills_of(
    corpus: Corpus, config: PretrainConfig, team: Team
) -> AbstractContextManager[Refills]:
    """Gives the refills of a member, drawn by `config.drawers` other processes, or here."""
    work = partial(_refill, corpus=corpus, config=config, team=team)
    return worked_ahead(work, config.drawers, _AHEAD)


class Stream:
    """The batches of one member of a team: where it is, it can be put again."""

    def __init__(self, refills: Refills) -> None:
        self._refills = refills
        self.position = (0, 0)

    def __iter__(self) -> Iterator[list[Sample]]:
        """Yields batches from `position` on; `position` is that of the next one."""
        number, start = self.position
        for refill in self._refills(number):
            for at in range(start, len(refill)):
                self.position = (number, at + 1)
                yield refill[at]
            number, start = number + 1, 0
            self.position = (number, start)


def _refill(number: int, corpus: Corpus, config: PretrainConfig, team: Team) -> Refill:
    rng = np.random.default_rng((config.seed, team.rank, number))
    samples = [
        corpus.draw(rng, config.max_length, config.recolor, config.varied, config.generated)
        for _ in range(_REFILL)
    ]
    groups = list(bucketed(samples, config.batch_tokens // team.size))
    return [groups[i] for i in rng.permutation(len(groups))]
