"""Verification: which programs reproduce the demonstrations, judged outside the sandbox.

A program that passes is run once more under another hash seed; one whose outputs then differ
depends on chance and is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arc.grid import Grid
from arc.task import Task
from sandbox.outcome import Outcome
from sandbox.protocol import Sandbox

HASH_SEEDS = (0, 1)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a program did on a task.

    Attributes:
        source: The program.
        cost: Its description length; less is simpler.
        reproduced: How many demonstrations it reproduces.
        demonstrations: How many there are.
        outputs: What it gave for each test input, `None` where it failed.
    """

    source: str
    cost: float
    reproduced: int
    demonstrations: int
    outputs: tuple[Grid | None, ...]

    @property
    def is_verified(self) -> bool:
        """Whether the program reproduces every demonstration."""
        return self.reproduced == self.demonstrations


def verifications(
    programs: Sequence[tuple[str, float]], task: Task, sandbox: Sandbox
) -> list[Verification]:
    """Returns what each program, given as its text and cost, did; those left to chance dropped."""
    inputs = task.inputs
    first = sandbox.run_batch([(text, inputs) for text, _ in programs], hash_seed=HASH_SEEDS[0])
    found = [
        (judged(text, cost, task, outcomes), outcomes)
        for (text, cost), outcomes in zip(programs, first, strict=True)
    ]
    passed = [(text.source, inputs) for text, _ in found if text.is_verified]
    again = iter(sandbox.run_batch(passed, hash_seed=HASH_SEEDS[1]) if passed else [])
    return [
        verification
        for verification, outcomes in found
        if not verification.is_verified or next(again) == outcomes
    ]


def judged(source: str, cost: float, task: Task, outcomes: Sequence[Outcome]) -> Verification:
    """Returns what a program did, from its outcomes for the inputs of a task, tests last."""
    n = len(task.pairs)
    reproduced = sum(
        outcome == pair.output for outcome, pair in zip(outcomes, task.pairs, strict=False)
    )
    outputs = tuple(o if isinstance(o, Grid) else None for o in outcomes[n:])
    return Verification(source, cost, reproduced, n, outputs)


def error_of(task: Task, outcomes: Sequence[Outcome]) -> float:
    """Returns how far outcomes for the inputs of a task are from right.

    That is the mean over the demonstrations of the share of wrong cells, all of them where the size
    is another or there is no grid.
    """
    shares = [
        float((outcome.array != pair.output.array).mean())
        if isinstance(outcome, Grid) and outcome.shape == pair.output.shape
        else 1.0
        for outcome, pair in zip(outcomes, task.pairs, strict=False)
    ]
    return sum(shares) / len(shares)
