"""Draws the curves of pre-trainings from what their weights or their folders say of them.

    python benchmarks/pretraining_curve.py lm/embedded/weights/*/model.json docs/pretraining.svg

Needs matplotlib. Also takes a folder's training.json. Curves have the name of their folder.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

from matplotlib import pyplot

COLORS = (("#f0b48a", "#c2570c"), ("#9bb8d3", "#0b5fa5"), ("#a9cf9f", "#2f7d1f"))
"""Of what is trained on, and of what is kept apart."""


def main() -> None:
    """Reads the curves, draws them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, nargs="+", help="model.json or training.json")
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    for source, (pale, dark) in zip(options.sources, itertools.cycle(COLORS), strict=False):
        curve = json.loads(source.read_text())["curve"]
        tokens = [point["tokens"] / 1e6 for point in curve]
        name = source.parent.name
        trained = [point["loss"] for point in curve]
        reserved = [point["reserved_loss"] for point in curve]
        axes.plot(tokens, trained, color=pale, label=f"{name}, trained on, augmented")
        axes.plot(tokens, reserved, color=dark, label=f"{name}, pairs kept apart, as they are")
    axes.set_xlabel("million tokens")
    axes.set_ylabel("nats per output token")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(options.picture)


if __name__ == "__main__":
    main()
