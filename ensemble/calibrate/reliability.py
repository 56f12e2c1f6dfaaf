"""Reliability: whether what was predicted with a probability came out right that often."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arc.errors import DataError, MissingExtraError
from ensemble.compare.pairing import exact_interval
from ensemble.compare.sheets import Cell, Line, Sheet

N_BINS = 10
_LEAST = 1e-6
"""No prediction is taken to be surer than this, or a single one could cost any number of nats."""

Predictions = Sequence[tuple[float, bool]]
"""Probabilities, each with whether what it is of was right."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The predictions between two probabilities.

    Attributes:
        low: Least probability in it.
        high: Least probability of the next one; of the last one the greatest in it.
        count: How many there are.
        n_right: How many of them were right.
        mean: Mean probability predicted, 0 where there are none.
    """

    low: float
    high: float
    count: int
    n_right: int
    mean: float

    @property
    def share(self) -> float:
        """The share that was right; 0 where there are none."""
        return self.n_right / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Reliability:
    """How honest probabilities are.

    Attributes:
        bins: Equal steps of probability, from 0 to 1.
        brier: Mean squared difference from what was: 0 is perfect.
        log_loss: Mean surprise, in nats.
        calibration_error: Mean over predictions of how far their bin's mean is from its share.
        base_brier: The Brier score of saying the mean share every time.
        base_log_loss: The log loss of that.
    """

    bins: tuple[Bin, ...]
    brier: float
    log_loss: float
    calibration_error: float
    base_brier: float
    base_log_loss: float

    @property
    def count(self) -> int:
        """How many predictions there are."""
        return sum(each.count for each in self.bins)


def reliability_of(predictions: Predictions) -> Reliability:
    """Returns how honest predictions are; of none, zeros."""
    n = max(1, len(predictions))
    base = sum(right for _, right in predictions) / n
    parts: list[list[tuple[float, bool]]] = [[] for _ in range(N_BINS)]
    for probability, right in predictions:
        parts[min(N_BINS - 1, int(probability * N_BINS))].append((probability, right))
    bins = tuple(
        Bin(
            i / N_BINS,
            (i + 1) / N_BINS,
            len(part),
            sum(right for _, right in part),
            math.fsum(p for p, _ in part) / max(1, len(part)),
        )
        for i, part in enumerate(parts)
    )
    constant = [(base, right) for _, right in predictions]
    return Reliability(
        bins,
        _brier(predictions),
        _log_loss(predictions),
        math.fsum(each.count * abs(each.mean - each.share) for each in bins) / n,
        _brier(constant),
        _log_loss(constant),
    )


def reliability_sheet(reliability: Reliability, title: str) -> Sheet:
    """Returns the bins that have any prediction, as a table."""
    lines = []
    for each in reliability.bins:
        if each.count:
            low, high = exact_interval(each.n_right, each.count)
            cells = (
                Cell(f"{each.low:.1f} - {each.high:.1f}"),
                Cell(str(each.count)),
                Cell(f"{each.mean:.3f}"),
                Cell(f"{each.share:.3f}", f"[{low:.2f}, {high:.2f}]", each.share, low, high),
            )
            lines.append(Line(cells))
    return Sheet(
        "reliability",
        title,
        ("predicted probability", "predictions", "mean", "share that was right"),
        tuple(lines),
        "Brackets: 95 % Clopper-Pearson interval of the share.",
    )


def draw_reliability(reliability: Reliability, path: Path, title: str) -> None:
    """Draws the share that was right against the probability, as an SVG or whatever the name says.

    Raises:
        MissingExtraError: matplotlib is not installed.
        DataError: The file cannot be written, or has a name that stands for no kind of picture.
    """
    try:
        from matplotlib import pyplot, rc_context
    except ImportError:
        raise MissingExtraError(
            "--figure needs matplotlib: pip install 'arc-ensemble[benchmarks]'"
        ) from None
    shown = [each for each in reliability.bins if each.count]
    ends = [exact_interval(each.n_right, each.count) for each in shown]
    shares = [each.share for each in shown]
    below = [share - low for share, (low, _) in zip(shares, ends, strict=True)]
    above = [high - share for share, (_, high) in zip(shares, ends, strict=True)]
    # The same numbers make the same file.
    with rc_context({"svg.hashsalt": "reliability", "svg.fonttype": "path"}):
        figure, (top, bottom) = pyplot.subplots(
            2, 1, figsize=(5, 5.6), height_ratios=(4, 1), sharex=True, layout="constrained"
        )
        top.plot([0, 1], [0, 1], color="#999999", linestyle="--", linewidth=1)
        means = [each.mean for each in shown]
        top.errorbar(means, shares, [below, above], fmt="o", capsize=3, color="#0b5fa5")
        top.set(ylabel="share that was right", title=title, ylim=(-0.02, 1.02))
        middles = [(each.low + each.high) / 2 for each in shown]
        counts = [each.count for each in shown]
        bars = bottom.bar(middles, counts, width=0.9 / N_BINS, color="#0b5fa5")
        bottom.bar_label(bars, fontsize=8)
        bottom.set(xlabel="predicted probability", ylabel="predictions", xlim=(-0.02, 1.02))
        bottom.margins(y=0.25)
        for axes in (top, bottom):
            axes.spines[["top", "right"]].set_visible(False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be drawn: {error}; try a name in .svg") from None
        finally:
            pyplot.close(figure)


def _brier(predictions: Predictions) -> float:
    squares = [(probability - right) ** 2 for probability, right in predictions]
    return math.fsum(squares) / max(1, len(squares))


def _log_loss(predictions: Predictions) -> float:
    certain = [min(1 - _LEAST, max(_LEAST, p if right else 1 - p)) for p, right in predictions]
    return -math.fsum(map(math.log, certain)) / max(1, len(certain))
