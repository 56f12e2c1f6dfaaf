"""The contract of a sandbox: all that solvers know of it, and what a test's fake implements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from arc.grid import Grid
from sandbox.outcome import Outcome

Passes = Callable[[int, Sequence[Outcome]], bool]
"""Says of a program, by its place in a list and its outcomes, whether it is worth a second run."""


class Sandbox(Protocol):
    """Runs programs nobody has read. It is given inputs only, never an expected output."""

    def run(self, source: str, inputs: Sequence[Grid], *, hash_seed: int = 0) -> list[Outcome]:
        """Returns one outcome per input, in order.

        Raises `SandboxError` only if the sandbox itself broke. A program that agrees with itself
        under two values of `hash_seed` does not depend on the order of sets.
        """
        ...

    def run_batch(
        self, programs: Sequence[tuple[str, Sequence[Grid]]], *, hash_seed: int = 0
    ) -> list[list[Outcome]]:
        """Returns what `run` would return for each program, in order."""
        ...

    def screen(
        self, programs: Sequence[tuple[str, Sequence[Grid]]], passes: Passes
    ) -> list[list[Outcome]]:
        """Returns what `run_batch` would, sooner where few pass; those run again, differently."""
        ...
