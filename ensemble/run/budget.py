"""The wall clock of a run: a promise, and what must be kept back to keep it."""

from __future__ import annotations

import math

_SURPRISES_S = 2.0
"""For the workers' end, and what else nobody has measured."""
_START_SHARE = 0.5
"""How long the report's own work takes, as a share of what it took to begin."""


class Budget:
    """When a run must be over, and when its workers must be.

    What is kept back for the end grows with what this run itself has measured: how long it took to
    begin says how fast the machine is now, the last submission is written once more, and for the
    report every task is read again.
    """

    def __init__(self, began_at: float = 0.0, ends_at: float = math.inf, n_tasks: int = 0) -> None:
        """Both are times of `time.monotonic`; without an end there is no limit."""
        self.ends_at = ends_at
        self._began_at = began_at
        self._n_tasks = n_tasks
        self._start_s = 0.0
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
        measured_s = _START_SHARE * self._start_s + 2 * self._slowest_write_s + 1.5 * reading_s
        return _SURPRISES_S + measured_s

    def note_start(self, now: float) -> None:
        """Takes in that everything is loaded and the first worker can start."""
        self._start_s = now - self._began_at

    def note_write(self, seconds: float) -> None:
        """Takes in how long writing the submission took."""
        self._slowest_write_s = max(self._slowest_write_s, seconds)

    def note_read(self, seconds: float) -> None:
        """Takes in how long reading and merging one task took."""
        self._n_read += 1
        self._read_s += seconds
