"""Writers of programs that say what a test wants, and where such programs run."""

from itertools import cycle

import numpy as np

from arc.grid import Grid
from sandbox.outcome import Failure, FailureKind


def function_of(source):
    """The entry point of a program, run right here: a test's own programs are harmless."""
    names = {}
    exec(source, names)
    return names["transform"]


class HonestSandbox:
    """Runs programs in this process."""

    def run(self, source, inputs, *, hash_seed=0):
        outcomes = []
        for grid in inputs:
            try:
                outcomes.append(Grid.from_array(np.asarray(function_of(source)(grid.array))))
            except Exception as error:  # noqa: BLE001
                outcomes.append(Failure.of(FailureKind.RAISED, repr(error)))
        return outcomes

    def run_batch(self, programs, *, hash_seed=0):
        return [self.run(source, inputs) for source, inputs in programs]

    def screen(self, programs, passes):
        return self.run_batch(programs)


class Parrot:
    """Replies with given texts in turn, and keeps what it was asked."""

    def __init__(self, *replies):
        self._replies = cycle(replies)
        self.asked = []

    def write(self, drafts, writing):
        self.asked += drafts
        return [next(self._replies) for _ in drafts]


def fenced(program, mark="python"):
    return f"Let me think.\n```{mark}\n{program}```\nThat is it."
