"""Proposals: programs as text, with the outputs that the search expects of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from induction.library.color import color_roles, denormalized

Array = NDArray[np.generic]

HEADER = "from induction.library import *\n\n\ndef transform(input_grid):\n"


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A program that reproduces the demonstrations as far as the search can tell.

    Attributes:
        body: The lines between `grid = image(input_grid)` and `return answer`.
        cost: Description length; less is simpler.
        outputs: What it gives for each test input.
        origin: The method that found it.
        opening: The lines before the body.
        closing: The last line.
    """

    body: tuple[str, ...]
    cost: float
    outputs: tuple[NDArray[np.int64], ...]
    origin: str
    opening: tuple[str, ...] = ("grid = image(input_grid)",)
    closing: str = "return answer"

    @property
    def text(self) -> str:
        """The lines of its own, which no other program need have."""
        return "\n".join(self.body)

    @property
    def source(self) -> str:
        """The program."""
        lines = (*self.opening, *self.body, self.closing)
        return HEADER + "".join(f"    {line}\n" for line in lines)

    def with_roles(self, inputs: Sequence[Array], fixed: tuple[int, ...]) -> Proposal:
        """Returns a program for the task itself from one for the task with colors normalized."""
        outputs = tuple(
            denormalized(output, color_roles(grid, fixed))
            for output, grid in zip(self.outputs, inputs, strict=True)
        )
        opening = (
            f"roles = color_roles(input_grid, {fixed})",
            "grid = image(normalized(input_grid, roles))",
        )
        closing = "return denormalized(answer, roles)"
        return replace(self, outputs=outputs, opening=opening, closing=closing, cost=self.cost + 2)


def can_answer(made: Sequence[Array], wanted: Sequence[Array]) -> bool:
    """Returns whether what was made begins with the outputs and has no side over 30."""
    right = all(np.array_equal(m, w) for m, w in zip(made, wanted, strict=False))
    return right and all(max(m.shape) <= 30 for m in made)


def distinct(proposals: Iterable[Proposal], per_output: int) -> list[Proposal]:
    """Returns different proposals in the order of cost, at most a few for the same outputs."""
    counts: dict[tuple[object, ...], int] = {}
    kept = []
    by_text = {proposal.source: proposal for proposal in proposals}
    for proposal in sorted(by_text.values(), key=lambda p: (p.cost, p.body)):
        key = tuple((o.shape, o.tobytes()) for o in proposal.outputs)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= per_output:
            kept.append(proposal)
    return kept
