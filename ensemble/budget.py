"""The wall clock of a run: a promise, and what must be kept back to keep it."""

from __future__ import annotations

import math

_SURPRISES_S = 1.0
"""For the interpreter's start, the workers' end, and what else nobody has measured."""


class Budget:
    """When a run must be over, and when its workers must be.

    What is kept back for the end grows with what this run itself has measured: the last
    submission is written once, and for the report every task is read once more.
    """

    def __init__(self, ends_at: float = math.inf, n_tasks: int = 0) -> None:
        """`ends_at` is a time of `time.monotonic`; without one there is no limit."""
        self.ends_at = ends_at
        self._n_tasks = n_tasks
        self._slowest_write_s = 0.0
        self._read_s = 0.0
        self._n_read = 0

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.ends_at < math.inf

    def deadline(self) -> float:
        """Returns when the last worker must have stopped."""
        return self.ends_at - self.reserve_s

    @property
    def reserve_s(self) -> float:
        """Seconds kept back."""
        reading_s = self._n_tasks * self._read_s / max(1, self._n_read)
        return _SURPRISES_S + 2 * self._slowest_write_s + 1.5 * reading_s

    def note_write(self, seconds: float) -> None:
        """Takes in how long writing the submission took."""
        self._slowest_write_s = max(self._slowest_write_s, seconds)

    def note_read(self, seconds: float) -> None:
        """Takes in how long reading and merging one task took."""
        self._n_read += 1
        self._read_s += seconds
