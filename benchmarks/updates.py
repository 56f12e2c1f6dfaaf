"""Score of transduction against updates of test-time training, on held-out training tasks.

    python benchmarks/updates.py --weights small medium --picture docs/updates.svg

Runs one after the other, each a run folder under --runs, so an interrupted benchmark goes on. An
update has 500 tokens, as the default's have. Held-out tasks are those that the shipped weights were
not trained on. Prints the table; a picture needs matplotlib.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.pop(0)  # this folder, whose sandbox.py is not the package

from arc.scoring import Score, score_attempts
from ensemble.compare.entry import entry_of_run
from ensemble.folder.store import RunFolder
from ensemble.selection import selection_of

TOKENS_AN_UPDATE = 500
COLORS = ("#0b5fa5", "#c2570c", "#3d7a3a", "#7a4fa3")
SHIFT = 1.05
"""Points of several curves stand side by side, or their intervals would hide each other."""

_RUN = "from ensemble.cli import main; raise SystemExit(main())"


@dataclass(frozen=True, slots=True)
class Point:
    """One run: weights, updates a task, its score, and median seconds a task."""

    weights: str
    updates: int
    score: Score
    seconds: float


def measured(weights: str, updates: int, limit: int, workers: int, runs: Path) -> Point:
    """Returns the score after so many updates a task; none is the model as it was trained."""
    out = runs / f"{Path(weights).name}_{updates}_of_{limit}"
    command = [
        *(sys.executable, "-c", _RUN, "run", "--split", "train", "--subset", "held_out"),
        *("--mode", "transduction", "--limit", str(limit), "--workers", str(workers)),
        *("--out", str(out), "--set", "model.beside=[]"),
        *("--set", f"model.settings.weights={weights}"),
        *("--set", "effort.transduction_s=3600"),
    ]
    if updates:
        command += ["--set", f"model.settings.tokens={TOKENS_AN_UPDATE * updates}"]
        command += ["--set", f"model.settings.min_updates={updates}"]
    else:
        command += ["--config", "no_training"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    folder = RunFolder.open(out)
    selection = selection_of(folder.manifest)
    tasks, answers = selection.tasks(), selection.answers()
    assert answers is not None
    entry = entry_of_run(folder, tasks)
    asked = {task.task_id: answers[task.task_id] for task in tasks}
    return Point(
        weights,
        updates,
        score_attempts(entry.attempts, asked),
        statistics.median(folder.timings().values()),
    )


def draw(points: list[Point], path: Path) -> None:
    """Draws share of tasks against updates, with intervals, a curve for each of the weights."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    for i, weights in enumerate(dict.fromkeys(point.weights for point in points)):
        drawn = [point for point in points if point.weights == weights]
        shares = [100 * point.score.task_share / point.score.n_tasks for point in drawn]
        ends = [point.score.interval() for point in drawn]
        below = [share - 100 * low for share, (low, _) in zip(shares, ends, strict=True)]
        above = [100 * high - share for share, (_, high) in zip(shares, ends, strict=True)]
        places = [point.updates * SHIFT**i for point in drawn]
        style = {"color": COLORS[i % len(COLORS)], "label": Path(weights).name}
        axes.errorbar(places, shares, [below, above], marker="o", capsize=3, **style)
    axes.set_xscale("symlog", linthresh=10)
    updates = sorted({point.updates for point in points})
    axes.set_xticks(updates, [str(n) for n in updates])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("updates of test-time training a task (500 tokens each)")
    axes.set_ylabel(f"% of {points[0].score.n_tasks} held-out tasks, pass@2")
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> None:
    """Measures, prints, draws."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, nargs="+", default=[0, 20, 80, 320])
    parser.add_argument("--limit", type=int, default=156, help="tasks")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument(
        "--weights", nargs="+", default=["small"], help="that ship, by name, or folders"
    )
    parser.add_argument("--picture", type=Path, help="draw the curves; needs matplotlib")
    options = parser.parse_args()
    points = []
    print("weights  updates  solved (task share)   95 % interval   median s/task")
    for weights, updates in itertools.product(options.weights, options.updates):
        point = measured(weights, updates, options.limit, options.workers, options.runs)
        low, high = point.score.interval()
        print(
            f"{Path(weights).name:7}  {updates:7}  "
            f"{point.score.task_share:5.1f} of {point.score.n_tasks}"
            f"         {100 * low:4.1f}-{100 * high:4.1f} %   {point.seconds:7.1f}",
            flush=True,
        )
        points.append(point)
    if options.picture:
        draw(points, options.picture)


if __name__ == "__main__":
    main()
