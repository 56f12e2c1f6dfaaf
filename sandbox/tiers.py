"""The two tiers, as the parent sees them: screen in company, confirm alone, doubt whatever is odd.

What is reported of a program is what a process of its own would give. A pass is always taken from
one. A failure is taken from a shared process only if that process did exactly what was due: it
ended well, sent no byte too many or too few, found its surroundings as they were, and solved
the parent's own riddle after all programs had run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence

from arc.grid import Grid
from sandbox.outcome import Failure, FailureKind, Outcome
from sandbox.pool import Job, Program
from sandbox.protocol import Passes
from sandbox.wire import Held, Reply, Tier, read_batch

BATCH_SIZE = 48
"""Programs that share a process; more save little and are lost together."""

_RunAlone = Callable[..., list[list[Outcome]]]

_RIDDLE = """
import math, random
import numpy as np
from scipy import ndimage
from collections import Counter

def transform(grid):
    labels, count = ndimage.label(np.eye(3, dtype=int))
    assert count == 3 and labels.max() == 3
    first = [random.randrange(1000) for _ in range(3)]
    random.seed(0)
    assert first == [random.randrange(1000) for _ in range(3)]
    cells = [int(cell) for row in grid.tolist() for cell in row]
    assert sum(Counter(cells).values()) == len(cells) == math.prod(grid.shape)
    assert sorted(cells) == np.sort(grid, axis=None).tolist()
    turned = np.where(np.rot90(grid) >= 0, np.rot90(grid), 0)
    return np.array([list(reversed(row)) for row in turned.tolist()])
"""


def _riddle() -> tuple[Program, list[Outcome]]:
    """Returns a program whose outcome cannot be guessed, and the outcome."""
    cells = bytes(byte % 10 for byte in os.urandom(12))
    transposed = Grid(4, 3, cells).array.T
    return (_RIDDLE, [Grid(4, 3, cells)]), [Grid.from_array(transposed[::-1, ::-1])]


class Screen:
    """One call's programs on their way through the tiers."""

    def __init__(self, programs: Sequence[Program], passes: Passes) -> None:
        self._programs = programs
        self._passes = passes
        self._in_company: dict[int, list[Outcome]] = {}
        self._companions: dict[int, Sequence[int]] = {}
        self._todo = list(range(len(programs)))
        self._batches: list[tuple[Sequence[int], list[Outcome]]] = []

    def jobs(self) -> list[Job]:
        """Returns what shared processes are to run next; nothing if there is nothing left."""
        jobs = []
        self._batches = []
        n_batches = math.ceil(len(self._todo) / BATCH_SIZE)
        size = math.ceil(len(self._todo) / max(1, n_batches))  # alike, so that they end together
        for at in range(0, len(self._todo), max(1, size)):
            batch = self._todo[at : at + size]
            riddle, answer = _riddle()
            self._batches.append((batch, answer))
            jobs.append(Job(Tier.SCREENING, [*(self._programs[i] for i in batch), riddle]))
        return jobs

    def read(self, replies: Sequence[Reply | None]) -> None:
        """Takes what the shared processes said, as far as it is to be believed."""
        self._todo = []
        for (batch, answer), reply in zip(self._batches, replies, strict=True):
            n_inputs = [len(self._programs[i][1]) for i in batch]
            believed = None if reply is None else read_batch(reply, [*n_inputs, len(answer)])
            if believed is None or believed.pop() != answer:
                continue
            for i, outcomes in zip(batch, believed, strict=True):
                if not isinstance(outcomes, Held):
                    self._in_company[i] = outcomes
                    self._companions[i] = batch
                elif outcomes is Held.LATER and i != batch[0]:  # the first is never put off
                    self._todo.append(i)

    def settled(
        self, run_alone: _RunAlone, hash_seed: int, confirming_seed: int
    ) -> list[list[Outcome]]:
        """Returns the final outcomes, having run alone whatever needs it."""

        def alone(indices: Sequence[int], seed: int) -> dict[int, list[Outcome]]:
            if not indices:
                return {}  # spares starting zygotes for a seed that nothing needs
            programs = [self._programs[i] for i in indices]
            return dict(zip(indices, run_alone(programs, hash_seed=seed), strict=True))

        in_company = self._in_company
        first = alone([i for i in range(len(self._programs)) if i not in in_company], hash_seed)
        passing = [
            i for i in range(len(self._programs)) if self._passes(i, (first | in_company)[i])
        ]
        second = alone(passing, confirming_seed)
        odd = [i for i in passing if i in in_company and second[i] != in_company[i]]
        first |= alone(odd, hash_seed)
        wrong = [i for i in odd if first[i] != in_company[i]]
        if wrong:
            # Their batches passed every check and are wrong: believe nothing of them.
            doubted = {companion for i in wrong for companion in self._companions[i]}
            rest = [i for i in sorted(doubted & in_company.keys()) if i not in first]
            first |= alone(rest, hash_seed)
            more = [i for i in rest if i not in second and self._passes(i, first[i])]
            second |= alone(more, confirming_seed)
        final = in_company | first
        for i in second:
            if self._passes(i, final[i]):
                final[i] = _agreed(final[i], second[i])
        return [final[i] for i in range(len(self._programs))]


def _agreed(first: Sequence[Outcome], second: Sequence[Outcome]) -> list[Outcome]:
    differing = Failure(FailureKind.NONDETERMINISTIC, "gave something else in a second run")
    return [one if one == other else differing for one, other in zip(first, second, strict=True)]
