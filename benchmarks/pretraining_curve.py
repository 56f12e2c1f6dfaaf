"""Draws the curve of a pre-training from what its weights or its folder say of it.

    python benchmarks/pretraining_curve.py lm/embedded/weights/small/model.json docs/pretraining.svg

Needs matplotlib. Also takes a folder's training.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from matplotlib import pyplot


def main() -> None:
    """Reads the curve, draws it."""
    source, picture = map(Path, sys.argv[1:])
    curve = json.loads(source.read_text())["curve"]
    tokens = [point["tokens"] / 1e6 for point in curve]
    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    axes.plot(tokens, [p["loss"] for p in curve], color="#9bb8d3", label="trained on, augmented")
    reserved = [point["reserved_loss"] for point in curve]
    axes.plot(tokens, reserved, color="#0b5fa5", label="pairs kept apart, as they are")
    axes.set_xlabel("million tokens")
    axes.set_ylabel("nats per output token")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture)


if __name__ == "__main__":
    main()
