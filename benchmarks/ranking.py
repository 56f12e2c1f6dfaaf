"""What decides between the grids that adapted models predict, on held-out training tasks.

    python benchmarks/ranking.py --every 2 --updates 320

Each task is adapted to once by each model. Whatever grid one of them predicts in some view, each
scores in all of its views; that is kept under --runs, so an interrupted benchmark goes on, and
every model alone, all together and every rule are then compared over the same adaptations. A rule
is the exponent of a power mean over the views' probabilities: 0 is their product (its root of as
many as there are views), 1 their average; in between a view that holds a grid impossible counts
for less than in the product. `votes` counts the views that predict a grid, likelier ones first.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

# Takes this folder, whose sandbox.py is not the package, off the path, and so comes first.
from updates import arm_of

# isort: split
import numpy as np
from likelihood import Asked, held_out
from numpy.typing import NDArray

from lm.device import use_one_thread
from lm.embedded.backend import EmbeddedLanguageModel
from transduction.config import TransductionConfig
from transduction.solver import TransductionSolver

EXPONENTS = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Output:
    """What the models hold of the grids that were predicted for one test input.

    Attributes:
        right: The number of the right grid among them, or -1.
        nats: Log-probability of each grid in each view of each model: by model, grid, view.
        replies: The numbers of the grids that each model predicts, one for each view.
    """

    right: int
    nats: list[list[list[float]]]
    replies: list[list[int]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task, by test input, and the seconds it took."""

    task_id: str
    outputs: list[Output]
    seconds: float


@cache
def models(names: tuple[str, ...], updates: int) -> list[EmbeddedLanguageModel]:
    """Returns the models of these weights, one of each a process."""
    use_one_thread()
    return [EmbeddedLanguageModel.load(arm_of(name, updates)[0]) for name in names]


def outcome(names: tuple[str, ...], updates: int, asked: Asked) -> Outcome:
    """Returns what the models make of a task, adapted by as many updates."""
    task, answers = asked
    started = time.monotonic()
    first, *beside = models(names, updates)
    rng = random.Random(0)
    solver = TransductionSolver(first, TransductionConfig(), beside)
    experts = solver.experts(task, 3600.0, rng)
    outputs = []
    for i, answer in enumerate(answers):
        replies = [[p.grid for p in expert.predict(i, rng)] for expert in experts]
        grids = list(dict.fromkeys(grid for of_model in replies for grid in of_model))
        nats = [expert.log_probabilities(i, grids).tolist() for expert in experts]
        right = grids.index(answer) if answer in grids else -1
        numbers = [[grids.index(grid) for grid in of_model] for of_model in replies]
        outputs.append(Output(right, nats, numbers))
    return Outcome(task.task_id, outputs, time.monotonic() - started)


def stored(path: Path) -> dict[str, Outcome]:
    """Returns what is kept, by task id."""
    lines = map(json.loads, path.read_text().splitlines() if path.exists() else ())
    return {
        line["task_id"]: Outcome(**line | {"outputs": [Output(**o) for o in line["outputs"]]})
        for line in lines
    }


Rule = Callable[[Output, Sequence[int], Sequence[int]], Sequence[float]]
"""The scores of grids by their numbers, given an output, the models' numbers and the grids'."""


def by_power_mean(
    exponent: float, output: Output, chosen: Sequence[int], grids: Sequence[int]
) -> Sequence[float]:
    """Returns the logarithm of the power mean of each grid's probabilities."""
    nats = np.concatenate([np.array(output.nats[m])[grids] for m in chosen], axis=1)
    means: list[float] = power_means(nats, exponent).tolist()
    return means


def power_means(nats: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Returns the logarithms of the power means of what each row has the logarithms of."""
    means: NDArray[np.float64] = nats.mean(axis=1)
    if exponent:
        most = nats.max(axis=1)
        shares = np.exp(exponent * (nats - most[:, None])).mean(axis=1)
        means = most + np.log(shares) / exponent
    return means


def by_votes(output: Output, chosen: Sequence[int], grids: Sequence[int]) -> Sequence[float]:
    """Returns the number of views that predict each grid, and the mean of its probabilities."""
    votes = [sum(output.replies[m].count(grid) for m in chosen) for grid in grids]
    likely = np.exp(by_power_mean(1.0, output, chosen, grids)) / 2
    return [float(n + p) for n, p in zip(votes, likely, strict=True)]


RULES: dict[str, Rule] = {f"{e:g}": partial(by_power_mean, e) for e in EXPONENTS}
RULES["votes"] = by_votes


def attempts(output: Output, chosen: Sequence[int], rule: Rule) -> list[int]:
    """Returns the numbers of the grids that these models predict, the best first."""
    grids = sorted({grid for m in chosen for grid in output.replies[m]})
    if not grids:
        return []
    scores = rule(output, chosen, grids)
    return [g for _, g in sorted(zip(scores, grids, strict=True), key=lambda i: (-i[0], i[1]))]


def share(outcome: Outcome, chosen: Sequence[int], rule: Rule, most: int | None) -> float:
    """Returns the share of a task's outputs that are among the first so many grids."""
    found = [o.right in attempts(o, chosen, rule)[:most] for o in outcome.outputs]
    return sum(found) / len(found)


def main() -> None:
    """Measures, and prints a line for each choice of models and rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", nargs="+", default=["small", "small_long"])
    parser.add_argument("--updates", type=int, default=320)
    parser.add_argument("--every", type=int, default=1, help="take every so many-th task")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs/ranking"))
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    names = tuple(options.weights)
    path = options.runs / f"{'+'.join(Path(n).name for n in names)}_{options.updates}.jsonl"
    done = stored(path)
    left = [asked for asked in held_out(options.every) if asked[0].task_id not in done]
    work = partial(outcome, names, options.updates)
    # Forked, for nothing has been computed here yet that threads would have been started for.
    with get_context("fork").Pool(options.workers) as pool, path.open("a") as file:
        for found in pool.imap_unordered(work, left):
            print(json.dumps(asdict(found)), file=file, flush=True)
    kept = list(stored(path).values())
    together = [tuple(range(len(names)))] if names[1:] else []
    print(f"{len(kept)} tasks, {statistics.mean(o.seconds for o in kept):.1f} s each")
    print("weights                   rule  2 attempts   1 attempt   any candidate")
    for chosen in (*((m,) for m in range(len(names))), *together):
        title = " + ".join(names[m] for m in chosen)
        for name, rule in RULES.items():
            two, one, whole = (sum(share(o, chosen, rule, n) for o in kept) for n in (2, 1, None))
            print(f"{title:22}  {name:>6}  {two:10.2f}  {one:10.2f}  {whole:14.2f}")


if __name__ == "__main__":
    main()
