"""How likely the right output is after test-time training, on held-out training tasks.

    python benchmarks/likelihood.py --arm weights=small --arm weights=medium
    python benchmarks/likelihood.py --every 3 --arm "" --arm matrix_rate=0.02
    python benchmarks/likelihood.py --arm transduction.deduce_shapes=false --arm ""

An arm is settings of the embedded model, `EmbeddedConfig`, and of `TransductionConfig`. Whether a
task is solved says little of two arms that are close: it is yes or no, and mostly no. The
log-probability of the right output is a number for every task, so far fewer tasks tell two arms
apart. Prints the shares of tasks solved with two attempts, the mean log-probability (of a view of
an output), the mean probability, and Wilcoxon's test of each arm against the first, over the same
tasks.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

sys.path.pop(0)  # this folder, whose sandbox.py and induction.py are not the packages

from arc.candidate import RANKING, Candidate
from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Task
from ensemble.selection import Selection
from ensemble.settings import made, put
from lm.device import use_one_thread
from lm.embedded.backend import EmbeddedLanguageModel
from lm.embedded.config import EmbeddedConfig
from lm.protocol import Adaptation, Example
from transduction.config import TransductionConfig
from transduction.solver import TransductionSolver

Asked = tuple[Task, tuple[Grid, ...]]
"""A task, and the right outputs of its test inputs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one task.

    Attributes:
        solved: Share of its test outputs met with two attempts.
        leads: Share of its right outputs that are likelier than all others that were predicted.
            Where one leads and is not met, decoding has missed it; else the model prefers another.
        log_probability: Of the right outputs, in nats, the mean over outputs and views.
        loss: Of the last updates of its training, in nats per token; NaN of none.
        seconds: Training, decoding and scoring.
    """

    solved: float
    leads: float
    log_probability: float
    loss: float
    seconds: float


class Observed(EmbeddedLanguageModel):
    """An embedded model that keeps what its last training came to."""

    loss = math.nan

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Returns the adaptation, and remembers its loss."""
        adaptation = super().adapt(examples, rng, timeout_s, train=train)
        self.loss = adaptation.loss
        return adaptation


Arm = tuple[EmbeddedConfig, TransductionConfig]


def settings_of(arm: str) -> Arm:
    """Returns what `key=value,...` makes of the settings of model and solver."""
    table: dict[str, Any] = {}
    for item in filter(None, arm.split(",")):
        put(table, item, "--arm")
    of_solver = {"rank_programs": True, **table.pop("transduction", {})}
    where = f"--arm {arm}"
    return made(EmbeddedConfig, table, where), made(TransductionConfig, of_solver, where)


def held_out(every: int) -> list[Asked]:
    """Returns every so many-th held-out training task."""
    selection = Selection(split="train", subset="held_out")
    answers = selection.answers()
    assert answers is not None
    return [(task, answers[task.task_id].outputs) for task in selection.tasks()[::every]]


@cache
def solver_of(arm: Arm) -> tuple[Observed, TransductionSolver]:
    """Returns a model and the solver that asks it, one a process."""
    use_one_thread()
    model = Observed.load(arm[0])
    return model, TransductionSolver(model, arm[1])


def outcome(arm: Arm, asked: Asked) -> Outcome:
    """Returns what a model makes of a task, given the right outputs to score besides."""
    task, answers = asked
    model, solver = solver_of(arm)
    started = time.monotonic()
    right = [Candidate(task.task_id, i, grid, "answer", 0.0) for i, grid in enumerate(answers)]
    found = list(solver.solve(task, 3600.0, random.Random(0), right))
    solved, leads, nats = [], [], []
    for i, answer in enumerate(answers):
        mine = [c for c in found if c.test_index == i]
        predicted = {c.grid: c.log_weight for c in mine if c.source != RANKING}
        solved.append(answer in list(predicted)[:2])
        nats.append(next(c.log_weight for c in mine if c.source == RANKING and c.grid == answer))
        leads.append(all(nats[-1] > w for grid, w in predicted.items() if grid != answer))
    seconds = time.monotonic() - started
    return Outcome(*map(statistics.mean, (solved, leads, nats)), model.loss, seconds)


def main() -> None:
    """Prints a line for each arm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arm", action="append", required=True, help="key=value,...; may repeat")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th task")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    try:
        arms = {arm: settings_of(arm) for arm in options.arm}
    except ConfigError as error:
        parser.error(str(error))
    asked = held_out(options.every)
    first: list[float] = []
    # Forked, for nothing has been computed here yet that threads would have been started for.
    with get_context("fork").Pool(options.workers) as pool:
        for arm, settings in arms.items():
            outcomes = pool.map(partial(outcome, settings), asked, chunksize=1)
            nats = [each.log_probability for each in outcomes]
            first = first or nats
            is_same = all(a == b for a, b in zip(first, nats, strict=True))
            p = 1.0 if is_same else float(wilcoxon(first, nats).pvalue)
            ahead = sum(b > a for a, b in zip(first, nats, strict=True))
            print(
                f"{arm or 'as it is':32} solved {sum(each.solved for each in outcomes):5.2f} of "
                f"{len(asked)}, right likeliest {sum(each.leads for each in outcomes):5.2f}; "
                f"mean {np.mean(nats):8.2f} nats, median {np.median(nats):7.2f}; "
                f"mean probability {np.mean(np.exp(nats)):.4f}; likelier than the first in "
                f"{ahead}, p = {p:.3f}; {statistics.median(e.seconds for e in outcomes):.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
