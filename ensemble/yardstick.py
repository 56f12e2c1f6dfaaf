"""Yardsticks: small pieces of real work, to reckon from how long much of it will take here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from arc.dataset import load_split, select_tasks
from arc.task import Task

N_TASKS = 400
"""Tasks of the split that `task_s` is the mean of."""

_TASK = "05f2a901"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """A piece of work, and what it and a whole split took on two cores of an AMD EPYC.

    Attributes:
        stage: What it is a sample of: the half of that name.
        work: Does it, at one task.
        sample_s: Processor seconds it took there (`benchmarks/yardstick.py` prints them).
        task_s: Mean seconds there of an ARC-1 evaluation task.
    """

    stage: str
    work: Callable[[Task], None]
    sample_s: float
    task_s: float

    def seconds(self) -> float:
        """Returns the processor seconds that the work takes here."""
        (task,) = select_tasks(load_split("arc1", "training"), [_TASK])
        self.work(task)  # whatever is compiled or loaded at first use
        started = time.process_time()
        self.work(task)
        return time.process_time() - started

    def ratio(self) -> float:
        """Returns how much longer the work takes here than on the reference machine."""
        return self.seconds() / self.sample_s


def _search(task: Task) -> None:
    from induction.config import InductionConfig
    from induction.search.synthesis import passes_for

    for _ in passes_for(task, InductionConfig().search, (20_000,), lambda: False):
        pass


def _adapt(task: Task) -> None:
    from lm.device import use_one_thread
    from lm.embedded.backend import EmbeddedLanguageModel
    from lm.embedded.config import EmbeddedConfig
    from lm.protocol import Example, Prompt

    use_one_thread()
    model = EmbeddedLanguageModel.load(EmbeddedConfig(tokens=3000, min_updates=6))
    examples = [Example(Prompt(pair.input), pair.output) for pair in task.pairs]
    model.adapt(examples, random.Random(0), 60.0, train=True)


YARDSTICKS = (
    Yardstick("induction", _search, 1.0, 8.6 + 5.7),  # the search, and the model of programs
    Yardstick("transduction", _adapt, 1.8, 2 * 14.5),  # a model, and one beside it
)
