"""Score of transduction against the views it is asked in, all from the same adaptations.

    python benchmarks/views.py --every 4 --colorings 1 4

Every coloring means eight views, the eight symmetries. Each held-out training task is adapted to
once, by the models of the default, and then decoded and ranked in all the numbers of views, so
that nothing but the views differs. Prints for each the tasks solved with two attempts and with
one, for how many any candidate is right, and the seconds that came after the training.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

sys.path.pop(0)  # this folder, whose sandbox.py and induction.py are not the packages

from arc.grid import Grid
from arc.task import Task
from ensemble.selection import Selection
from lm.device import use_one_thread
from lm.embedded.backend import EmbeddedLanguageModel
from lm.embedded.config import EmbeddedConfig
from lm.protocol import Adaptation, Example
from transduction.config import TransductionConfig
from transduction.solver import TransductionSolver


class AdaptedOnce(EmbeddedLanguageModel):
    """An embedded model that trains when first asked to, and answers with that until reset."""

    kept: Adaptation | None = None

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Returns what the first call since `kept` was cleared has trained."""
        if self.kept is None:
            self.kept = super().adapt(examples, rng, timeout_s, train=train)
        return self.kept


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one number of views makes of a task: shares of its outputs, and seconds."""

    two: float
    one: float
    any: float
    seconds: float


@cache
def models(names: tuple[str, ...]) -> list[AdaptedOnce]:
    """Returns the models that ship under these names, one of each a process."""
    use_one_thread()
    return [AdaptedOnce.load(EmbeddedConfig(weights=name)) for name in names]


def outcomes(
    asked: tuple[Task, tuple[Grid, ...], tuple[str, ...], tuple[int, ...]],
) -> list[Outcome]:
    """Returns what each number of colorings makes of a task."""
    task, answers, names, colorings = asked
    first, *beside = models(names)
    for model in (first, *beside):
        model.kept = None
        TransductionSolver(model, TransductionConfig()).experts(task, 3600.0, random.Random(0))
    found = []
    for n in colorings:
        started = time.monotonic()
        solver = TransductionSolver(first, TransductionConfig(colorings=n), beside)
        candidates = list(solver.solve(task, 3600.0, random.Random(0)))
        seconds = time.monotonic() - started
        shares = []
        for most in (2, 1, None):
            grids = [
                [c.grid for c in candidates if c.test_index == i][:most]
                for i in range(len(answers))
            ]
            right = [answer in mine for answer, mine in zip(answers, grids, strict=True)]
            shares.append(statistics.mean(right))
        found.append(Outcome(*shares, seconds))
    return found


def main() -> None:
    """Prints a line for each number of colorings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--colorings", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--weights", nargs="+", default=["small", "small_long"])
    parser.add_argument("--every", type=int, default=1, help="take every so many-th task")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    selection = Selection(split="train", subset="held_out")
    answers = selection.answers()
    assert answers is not None
    settings = (tuple(options.weights), tuple(options.colorings))
    asked = [
        (task, answers[task.task_id].outputs, *settings)
        for task in selection.tasks()[:: options.every]
    ]
    # Forked, for nothing has been computed here yet that threads would have been started for.
    with get_context("fork").Pool(options.workers) as pool:
        found = pool.map(outcomes, asked, chunksize=1)
    for n, of_tasks in zip(options.colorings, zip(*found, strict=True), strict=True):
        sums = [sum(getattr(each, name) for each in of_tasks) for name in ("two", "one", "any")]
        print(
            f"{8 * n:3} views: {sums[0]:5.2f} of {len(of_tasks)} with two attempts, {sums[1]:5.2f} "
            f"with one, any candidate {sums[2]:5.2f}; "
            f"{statistics.median(each.seconds for each in of_tasks):.1f} s after the training"
        )


if __name__ == "__main__":
    main()
