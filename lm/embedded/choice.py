"""What to write next: the greedy choice, a choice by chance, or every choice that is likely enough.

The decoder asks at every slot, for all outputs under way at once. An answer may drop outputs,
keep them, or let one go on as several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lm.embedded.encoding import Indices
from lm.protocol import DepthFirst, Sampling

LogProbabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Branches:
    """The outputs under way.

    Attributes:
        prompts: Which prompt each replies to, (n,).
        log_probabilities: Of what is written so far, in nats, (n,).
        is_greedy: Whether every choice so far was the likeliest, (n,).
    """

    prompts: Indices
    log_probabilities: LogProbabilities
    is_greedy: NDArray[np.bool_]

    @classmethod
    def starting(cls, n_prompts: int) -> Branches:
        """Returns one branch a prompt, with nothing written."""
        everyone = np.arange(n_prompts)
        return cls(everyone, np.zeros(n_prompts), np.ones(n_prompts, dtype=bool))

    def __len__(self) -> int:
        return len(self.prompts)

    def take(self, rows: Indices) -> Branches:
        """Returns the branches with these indices, which may repeat."""
        return Branches(self.prompts[rows], self.log_probabilities[rows], self.is_greedy[rows])

    def extend(self, rows: Indices, choices: Indices, options: LogProbabilities) -> Branches:
        """Returns the branches that go on from `rows` with `choices`."""
        taken = self.take(rows)
        is_best = choices == options.argmax(axis=1)[rows]
        total = taken.log_probabilities + options[rows, choices]
        return Branches(taken.prompts, total, taken.is_greedy & is_best)


class Chooser(Protocol):
    """Decides how branches go on."""

    def choose(self, branches: Branches, options: LogProbabilities) -> tuple[Indices, Indices]:
        """Returns which branches go on, (m,), and with which choice each, (m,).

        `options` has the log-probability of every choice, (n, choices).
        """
        ...


class Greedy:
    """Takes the likeliest choice."""

    def choose(self, branches: Branches, options: LogProbabilities) -> tuple[Indices, Indices]:
        """Returns every branch once."""
        return np.arange(len(branches)), options.argmax(axis=1)


class Sampler:
    """Draws from the choices, several outputs a prompt."""

    def __init__(self, sampling: Sampling) -> None:
        self._copies = sampling.n
        self._temperature = sampling.temperature
        self._rng = np.random.default_rng(sampling.seed)

    def choose(self, branches: Branches, options: LogProbabilities) -> tuple[Indices, Indices]:
        """Returns every branch once; the first time as often as there are replies to draw."""
        rows = np.repeat(np.arange(len(branches)), self._copies)
        self._copies = 1
        weights = options[rows] / self._temperature
        return rows, (weights + self._rng.gumbel(size=weights.shape)).argmax(axis=1)


class Searcher:
    """Keeps every prefix that is likely enough, and the greedy one."""

    def __init__(self, search: DepthFirst, n_prompts: int) -> None:
        self._search = search
        self._floor = float(np.log(search.threshold))
        self._spent = np.zeros(n_prompts, dtype=np.int64)

    def choose(self, branches: Branches, options: LogProbabilities) -> tuple[Indices, Indices]:
        """Returns the choices kept, for each prompt the greedy one first, then the likeliest."""
        self._spent += np.bincount(branches.prompts, minlength=len(self._spent))
        total = branches.log_probabilities[:, None] + options
        is_greedy = np.zeros(total.shape, dtype=bool)
        greedy_rows = np.flatnonzero(branches.is_greedy)
        is_greedy[greedy_rows, options[greedy_rows].argmax(axis=1)] = True
        is_spent = self._spent[branches.prompts] >= self._search.max_tokens
        is_likely = (total >= self._floor) & ~is_spent[:, None]
        rows, choices = np.nonzero(is_likely | is_greedy)
        keys = (-total[rows, choices], ~is_greedy[rows, choices], branches.prompts[rows])
        order = np.lexsort(keys)
        rows, choices = rows[order], choices[order]
        prompts = branches.prompts[rows]
        first_of_prompt = np.searchsorted(prompts, prompts)
        is_kept = np.arange(len(rows)) - first_of_prompt < self._search.max_completions
        return rows[is_kept], choices[is_kept]
