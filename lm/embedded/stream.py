"""The batches of a pre-training, as a stream that can be taken up where it was left."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lm.embedded.batch import Sample, bucketed
from lm.embedded.config import PretrainConfig
from lm.embedded.corpus import Corpus
from lm.embedded.team import Team

_REFILL = 4096
"""Samples drawn at a time, to be grouped by length."""


class Stream:
    """The batches of one member of a team: where it is, it can be put again."""

    def __init__(self, corpus: Corpus, config: PretrainConfig, team: Team) -> None:
        self._corpus = corpus
        self._config = config
        self._team = team
        self.position = (0, 0)

    def __iter__(self) -> Iterator[list[Sample]]:
        """Yields batches from `position` on; `position` is that of the next one."""
        while True:
            refill, start = self.position
            groups = self._groups(refill)
            for at in range(start, len(groups)):
                self.position = (refill, at + 1)
                yield groups[at]
            self.position = (refill + 1, 0)

    def _groups(self, refill: int) -> list[list[Sample]]:
        config = self._config
        rng = np.random.default_rng((config.seed, self._team.rank, refill))
        samples = [
            self._corpus.draw(
                rng, config.max_length, config.recolor, config.varied, config.generated
            )
            for _ in range(_REFILL)
        ]
        groups = list(bucketed(samples, config.batch_tokens // self._team.size))
        return [groups[i] for i in rng.permutation(len(groups))]
