"""What test-time training is worth against its length, on held-out training tasks.

    python benchmarks/updates.py --every 6 --weights small medium --picture docs/updates.svg
    python benchmarks/updates.py --every 12 --weights small --updates 5120

One model at a time, an update of 500 tokens, as the default's have. Held-out tasks are those that
the shipped weights were not trained on. Besides the tasks solved it looks at the log-probability of
the right outputs, which tells two lengths apart with far fewer tasks, at how often these lead what
was predicted, and at the loss that training ended with. Every task done is kept under --runs, so an
interrupted benchmark goes on; the table and the picture are of all that is kept there. Each length
is compared with the one before it over the tasks that both have, by Wilcoxon's test. The picture
needs matplotlib.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

# Takes this folder, whose sandbox.py is not the package, off the path.
from likelihood import Arm, Asked, Outcome, held_out, outcome
from scipy.stats import wilcoxon

from arc.bootstrap import ratio_interval
from lm.embedded.config import EmbeddedConfig
from transduction.config import TransductionConfig

TOKENS_AN_UPDATE = 500
COLORS = ("#0b5fa5", "#c2570c", "#3d7a3a", "#7a4fa3")
SHIFT = 1.05
"""Points of several curves stand side by side, or their intervals would hide each other."""


@dataclass(frozen=True, slots=True)
class Point:
    """What came of the tasks, by id, after so many updates of some weights."""

    weights: str
    updates: int
    outcomes: dict[str, Outcome]

    @property
    def shares(self) -> list[float]:
        """Share of each task's outputs that were solved."""
        return [each.solved for each in self.outcomes.values()]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % bootstrap interval of the mean share."""
        return ratio_interval(self.shares, [1.0] * len(self.shares))

    @property
    def nats(self) -> float:
        """Median over tasks of the right output's log-probability."""
        return statistics.median(each.log_probability for each in self.outcomes.values())

    def against(self, before: Point) -> str:
        """Returns what became of the tasks that were run with fewer updates too."""
        both = [
            (before.outcomes[task_id], outcome)
            for task_id, outcome in self.outcomes.items()
            if task_id in before.outcomes
        ]
        solved = [sum(each.solved for each in found) for found in zip(*both, strict=True)]
        pairs = [(there.log_probability, here.log_probability) for there, here in both]
        ahead = sum(here > there for there, here in pairs)
        p = wilcoxon(*zip(*pairs, strict=True)).pvalue if pairs else 1.0
        of_both = "; solved {:.2f}, then {:.2f}".format(*solved) if both else ""
        return f"likelier in {ahead:2} of {len(pairs)}, p = {p:.3f}{of_both}"

    def line(self) -> str:
        """Returns the row of the table."""
        low, high = self.interval
        leads = sum(each.leads for each in self.outcomes.values())
        loss = statistics.median(each.loss for each in self.outcomes.values())
        seconds = statistics.median(each.seconds for each in self.outcomes.values())
        return (
            f"{self.weights:10}  {self.updates:7}  {sum(self.shares):5.2f} of {len(self.shares):3}"
            f"  {100 * low:4.1f}-{100 * high:4.1f} %  {leads:5.2f}"
            f"  {self.nats:7.2f}  {loss:7.4f}  {seconds:6.1f}"
        )


def arm_of(weights: str, updates: int) -> Arm:
    """Returns the settings for so many updates."""
    length = max(1, updates)
    config = EmbeddedConfig(weights, TOKENS_AN_UPDATE * length, min_updates=length)
    return config, TransductionConfig(rank_programs=True, train=updates > 0)


def stored(path: Path) -> dict[str, Outcome]:
    """Returns what is kept of a point, by task id."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {line.pop("task_id"): Outcome(**line) for line in map(json.loads, lines)}


def measure(weights: str, updates: int, asked: Sequence[Asked], workers: int, path: Path) -> None:
    """Adds the tasks that `path` does not have yet."""
    done = stored(path)
    left = [(task, answers) for task, answers in asked if task.task_id not in done]
    work = partial(outcome, arm_of(weights, updates))
    # Forked, for nothing has been computed here yet that threads would have been started for.
    with get_context("fork").Pool(workers) as pool, path.open("a") as file:
        for (task, _), found in zip(left, pool.imap(work, left), strict=True):
            print(json.dumps({"task_id": task.task_id, **asdict(found)}), file=file, flush=True)


def points_under(runs: Path, weights: Sequence[str]) -> list[Point]:
    """Returns what is kept of these weights, by weights and updates."""
    points = []
    for name in weights:
        paths = runs.glob(f"{Path(name).name}_*.jsonl")
        found = [Point(Path(name).name, int(p.stem.rsplit("_", 1)[1]), stored(p)) for p in paths]
        points += sorted((p for p in found if p.outcomes), key=lambda point: point.updates)
    return points


def draw(points: Sequence[Point], path: Path) -> None:
    """Draws tasks solved, with intervals, and log-probability, against updates."""
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(6, 5.4), layout="constrained", sharex=True
    )
    for i, (weights, of_weights) in enumerate(itertools.groupby(points, lambda p: p.weights)):
        drawn = list(of_weights)
        places = [point.updates * SHIFT**i for point in drawn]
        shares = [100 * statistics.mean(point.shares) for point in drawn]
        ends = [point.interval for point in drawn]
        errors = [
            [share - 100 * low for share, (low, _) in zip(shares, ends, strict=True)],
            [100 * high - share for share, (_, high) in zip(shares, ends, strict=True)],
        ]
        style = {"color": COLORS[i % len(COLORS)], "label": weights, "marker": "o"}
        above.errorbar(places, shares, errors, capsize=3, **style)
        below.plot(places, [point.nats for point in drawn], **style)
        for place, share, point in zip(places, shares, drawn, strict=True):
            above.annotate(
                f"of {len(point.shares)}", (place, share), (5, -11) if i % 2 else (-5, 5),
                textcoords="offset points", fontsize=8, color=style["color"],
                horizontalalignment="left" if i % 2 else "right",
            )  # fmt: skip
    above.set_ylabel("% of held-out tasks, pass@2")
    above.set_ylim(0, 100)
    above.legend(frameon=False, loc="upper left")
    below.set_ylabel("nats of the right output, median")
    below.set_xscale("symlog", linthresh=10)
    updates = sorted({point.updates for point in points})
    below.set_xlim(-2, 1.6 * updates[-1])
    below.set_xticks(updates, [str(n) for n in updates])
    below.minorticks_off()
    below.set_xlabel(f"updates of test-time training a task ({TOKENS_AN_UPDATE} tokens each)")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, draws."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, nargs="+", default=[0, 20, 80, 320])
    parser.add_argument("--every", type=int, default=1, help="take every so many-th task")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs/updates"))
    parser.add_argument(
        "--weights", nargs="+", default=["small"], help="that ship, by name, or folders"
    )
    parser.add_argument("--picture", type=Path, help="draw the curves; needs matplotlib")
    options = parser.parse_args(arguments)
    options.runs.mkdir(parents=True, exist_ok=True)
    asked = held_out(options.every)
    for weights, updates in itertools.product(options.weights, options.updates):
        path = options.runs / f"{Path(weights).name}_{updates}.jsonl"
        measure(weights, updates, asked, options.workers, path)
    print("weights     updates  solved (share)  interval     leads     nats     loss  s/task")
    points = points_under(options.runs, options.weights)
    for before, point in zip([None, *points], points, strict=False):
        is_first = before is None or before.weights != point.weights
        print(point.line(), "" if is_first else f"  {point.against(before)}")
    if options.picture:
        draw(points, options.picture)


if __name__ == "__main__":
    main()
