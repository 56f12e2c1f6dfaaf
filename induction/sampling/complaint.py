"""What is wrong with a program, said to the model that wrote it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arc.grid import Grid
from arc.task import Task
from sandbox.outcome import Failure, Outcome

_MOST_CELLS = 8


def complaint(task: Task, outcomes: Sequence[Outcome]) -> str:
    """Returns the first thing wrong with what a program gave for the demonstrations.

    Args:
        task: As the model saw it.
        outcomes: Of the program, in the same view; those of test inputs are not looked at.
    """
    for i, (pair, outcome) in enumerate(zip(task.pairs, outcomes, strict=False), start=1):
        if outcome != pair.output:
            return (
                f"On pair {i} the program {_fault(outcome, pair.output)}. "
                "Correct it; reply with the whole program in a fenced block of Python."
            )
    return ""


def _fault(outcome: Outcome, expected: Grid) -> str:
    if isinstance(outcome, Failure):
        return f"failed: {outcome.detail or outcome.kind.value}"
    if outcome.shape != expected.shape:
        (height, width), (found_height, found_width) = expected.shape, outcome.shape
        return (
            f"gave {found_height} rows and {found_width} columns, "
            f"not {height} rows and {width} columns"
        )
    wrong = np.argwhere(outcome.array != expected.array)
    cells = [
        f"[{r}, {c}] is {outcome.array[r, c]}, not {expected.array[r, c]}"
        for r, c in wrong[:_MOST_CELLS]
    ]
    more = f", and {len(wrong) - len(cells)} more" if len(wrong) > len(cells) else ""
    return f"gave {len(wrong)} of {expected.array.size} cells wrong: {'; '.join(cells)}{more}"
