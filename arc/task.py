"""Tasks, and apart from them their answers.

A task has no field for the answer to a test input, so no solver can read one. Answers are a
second type, loaded by a second function, seen by scoring and reports alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from arc.errors import DataError
from arc.grid import Grid


@dataclass(frozen=True, slots=True)
class Pair:
    """One demonstration: an input grid and its output grid."""

    input: Grid
    output: Grid


@dataclass(frozen=True, slots=True)
class Task:
    """The demonstrations of one hidden rule and the test inputs to apply it to."""

    task_id: str
    pairs: tuple[Pair, ...]
    test_inputs: tuple[Grid, ...]

    def __post_init__(self) -> None:
        if not self.pairs:
            raise DataError(f"task {self.task_id}: no demonstrations, at least one expected")
        if not self.test_inputs:
            raise DataError(f"task {self.task_id}: no test inputs, at least one expected")

    @property
    def inputs(self) -> tuple[Grid, ...]:
        """The demonstrations' inputs followed by the test inputs."""
        return tuple(pair.input for pair in self.pairs) + self.test_inputs

    @property
    def outputs(self) -> tuple[Grid, ...]:
        """The demonstrations' outputs."""
        return tuple(pair.output for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class Answers:
    """The true outputs of a task's test inputs, in their order."""

    task_id: str
    outputs: tuple[Grid, ...]
