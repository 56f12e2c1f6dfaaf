"""Calibration: how far a grid can be trusted to be right, by what speaks for it.

Of the grids proposed for a test input one is right, or none. Each has odds against "none of them":
the exponential of the weighed sum of its features (`ensemble.merge.evidence`). Its probability is
its share of all odds, those of "none" being 1. The coefficients are fitted by `ensemble calibrate`
(`ensemble.calibrate.fitting`) and kept in a file.

What a source of unknown meaning proposes has the odds that transduction's grids at the same place
had where no verified program gave them. A kind of evidence that was not in the data has none.

That nothing speaks for a grid means something only where it was looked for. So probabilities are
those of runs with all the stages that the data had; the order is of use without them too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from arc.candidate import Candidate
from arc.document import check_document, parse_json, read_json
from arc.errors import ConfigError, DataError
from arc.grid import Grid
from ensemble.merge.evidence import BASES, Features, features_of, unknown_places

SHIPPED = "calibration.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted coefficients, with what they were fitted on.

    Attributes:
        coefficients: By feature, in nats of log-odds. A base that is missing was not in the data.
        places: Log-odds of a direct prediction against none, by its place; the last holds for all
            behind it. Empty where there were none.
        stages: The stages of the runs that the data are from.
        facts: What else the file says of how it came about, for people.
    """

    coefficients: Mapping[str, float]
    places: tuple[float, ...] = ()
    stages: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def log_odds(self, candidates: Sequence[Candidate]) -> dict[Grid, float]:
        """Returns the log-odds of the grids proposed for a test input, as far as there are any."""
        known = {
            grid: self.weighed(features)
            for grid, features in features_of(candidates).items()
            if any(base in self.coefficients for base in BASES if base in features)
        }
        if self.places:
            for grid, places in unknown_places(candidates).items():
                terms = [self.places[min(place, len(self.places) - 1)] for place in places]
                known[grid] = _log_sum([*terms, *([known[grid]] if grid in known else [])])
        return known

    def probabilities(self, candidates: Sequence[Candidate]) -> dict[Grid, float]:
        """Returns how likely each of these grids is right; with "none of them" they sum to 1."""
        log_odds = self.log_odds(candidates)
        total = _log_sum([0.0, *log_odds.values()])
        return {grid: math.exp(value - total) for grid, value in log_odds.items()}

    def weighed(self, features: Features) -> float:
        """Returns the weighed sum of features."""
        return math.fsum(self.coefficients.get(n, 0.0) * value for n, value in features.items())

    def document(self) -> dict[str, Any]:
        """Returns the calibration as its file has it."""
        return {
            "format": _FORMAT,
            "coefficients": dict(self.coefficients),
            "places": list(self.places),
            "stages": list(self.stages),
            **self.facts,
        }


def calibration_from(document: Any, where: str) -> Calibration:
    """Returns the calibration in a document that came from `where`.

    Raises:
        DataError: It is none; names the JSON path.
    """
    check_document(document, "calibration", where, "configs")
    numbers = {**document["coefficients"], **dict(enumerate(document["places"]))}
    if any(math.isnan(number) for number in numbers.values()):
        raise DataError(f"{where}: $: finite numbers expected, found NaN")
    facts = dict(document)
    keys = ("format", "coefficients", "places", "stages")
    _, coefficients, places, stages = (facts.pop(key) for key in keys)
    return Calibration(coefficients, tuple(places), tuple(stages), facts)


@cache
def load_calibration(path: str = "") -> Calibration:
    """Returns the calibration in a file, or the one that ships.

    Raises:
        ConfigError: The file is missing or is none.
    """
    try:
        if path:
            return calibration_from(read_json(Path(path)), path)
        text = resources.files("configs").joinpath(SHIPPED).read_text(encoding="utf-8")
        return calibration_from(parse_json(text, f"configs/{SHIPPED}"), f"configs/{SHIPPED}")
    except DataError as error:
        raise ConfigError(
            f"merge.calibration: {error}; `ensemble calibrate RUN --out FILE` makes one"
        ) from None


def _log_sum(terms: Sequence[float]) -> float:
    """Returns the logarithm of the sum of what the terms are the logarithms of."""
    most = max(terms)
    return most + math.log(math.fsum(math.exp(term - most) for term in terms))
