"""What a further pass over a task costs and brings, learned while a run goes on.

Both start from what was measured on the training split, and move to what this run sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Kind = tuple[str, int]
"""A stage, and how many passes over the task were made before; `WHOLE` for the whole stage."""

WHOLE = -1


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a unit of work is expected to be.

    Attributes:
        seconds: How long it takes a worker.
        gain: Which share of what is not trusted yet will be trusted after it.
    """

    seconds: float
    gain: float


PRIORS: Mapping[Kind, Expectation] = {
    ("induction", 0): Expectation(0.6, 0.40),
    ("induction", 1): Expectation(4.5, 0.37),
    ("induction", 2): Expectation(6.5, 0.003),
    ("induction", WHOLE): Expectation(7.5, 0.65),
    ("sampling", 0): Expectation(6.0, 0.02),
    ("sampling", WHOLE): Expectation(6.0, 0.02),
    ("transduction", 0): Expectation(28.0, 0.015),
    ("transduction", WHOLE): Expectation(28.0, 0.015),
}
"""What ships, one core: what the passes took and brought (`LOG.md`)."""

_UNKNOWN = Expectation(10.0, 0.05)
_SECONDS_WEIGHT = 3.0
"""Of how many units a prior of seconds counts as."""
_GAIN_WEIGHT = 20.0
"""How many untrusted tasks a prior of gains counts as."""
_PACE_WEIGHT_S = 5.0
"""How many seconds of work the guess counts as that this machine is like the one measured."""


class Estimates:
    """Expectations by kind of work, with what has been seen taken into account."""

    def __init__(self, priors: Mapping[Kind, Expectation] = PRIORS) -> None:
        self._priors = priors
        self._seconds: dict[Kind, list[float]] = {}
        self._gained: dict[Kind, list[float]] = {}

    def note(self, kind: Kind, seconds: float, before: float, after: float) -> None:
        """Takes in a unit that is done, with the trust in the task before and after it."""
        total = self._seconds.setdefault(kind, [0.0, 0.0])
        total[0] += 1
        total[1] += seconds
        gained = self._gained.setdefault(kind, [0.0, 0.0])
        gained[0] += 1.0 - before
        gained[1] += max(0.0, after - before)

    def seconds(self, kind: Kind) -> float:
        """Returns how long a unit of a kind takes on average."""
        n, spent = self._seconds.get(kind, (0.0, 0.0))
        prior = self._prior(kind).seconds * self.pace
        return (_SECONDS_WEIGHT * prior + spent) / (_SECONDS_WEIGHT + n)

    def gain(self, kind: Kind) -> float:
        """Returns which share of what is untrusted a unit of a kind turns into trusted."""
        chances, gained = self._gained.get(kind, (0.0, 0.0))
        prior = self._prior(kind).gain
        return (_GAIN_WEIGHT * prior + gained) / (_GAIN_WEIGHT + chances)

    @property
    def pace(self) -> float:
        """How many times longer work takes here than the priors say."""
        spent = sum(s for _, s in self._seconds.values())
        expected = sum(n * self._prior(kind).seconds for kind, (n, _) in self._seconds.items())
        return (_PACE_WEIGHT_S + spent) / (_PACE_WEIGHT_S + expected)

    def _prior(self, kind: Kind) -> Expectation:
        return self._priors.get(kind) or self._priors.get((kind[0], WHOLE), _UNKNOWN)
