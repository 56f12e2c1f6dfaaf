"""What models read and write while something is done, counted in their own tokens.

Models call `count`; who wants to know works inside `metered`. Training, contexts and replies that
are scored are read; replies that are generated are written, every branch of a search among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Numbers of tokens, padding not counted.

    Attributes:
        read: Trained on, given as context, or scored.
        written: Generated.
    """

    read: int = 0
    written: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.read + other.read, self.written + other.written)


NO_TOKENS = Usage()


class Meter:
    """Adds up what is counted while it runs."""

    def __init__(self) -> None:
        self.usage = NO_TOKENS


_RUNNING: ContextVar[Meter | None] = ContextVar("running", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Counts what is done inside; of two meters one in the other, the inner counts alone."""
    meter = Meter()
    before = _RUNNING.set(meter)
    try:
        yield meter
    finally:
        _RUNNING.reset(before)


def count(*, read: int = 0, written: int = 0) -> None:
    """Counts tokens, if anybody wants to know."""
    meter = _RUNNING.get()
    if meter is not None:
        meter.usage += Usage(read, written)
