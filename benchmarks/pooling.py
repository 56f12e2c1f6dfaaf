"""Score of transduction with several adaptations a task, from runs that each made one.

    ensemble run --split train --subset held_out --mode transduction --seed 1 --out runs/seed1
    python benchmarks/pooling.py runs/seed0 runs/seed1

The runs are over the same tasks, with answers. Their candidates are pooled as
`transduction.adaptations` would pool them; adaptations of one run would draw other numbers, and
share its time. Prints every combination of the runs: the score, the whole tasks that it gains and
loses against the first run, and for how much some candidate is right.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

sys.path.pop(0)  # this folder, whose sandbox.py is not the package

from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Task
from ensemble.compare.coverage import score_first
from ensemble.folder.store import RunFolder
from ensemble.selection import selection_of
from transduction.pooling import pooled
from transduction.solver import TransductionSolver

_ALL = 1000


def ranked(task: Task, runs: Sequence[RunFolder]) -> list[tuple[Grid, ...]]:
    """Returns for each test input the grids of all runs as one ranking."""
    found = [run.read(task.task_id, TransductionSolver.name) for run in runs]
    rankings = []
    for i in range(len(task.test_inputs)):
        of_input = [[c for c in candidates if c.test_index == i] for candidates in found]
        rankings.append(tuple(candidate.grid for candidate in pooled(of_input, _ALL)))
    return rankings


def main() -> None:
    """Pools and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="run folders, over the same tasks")
    options = parser.parse_args()
    runs = [RunFolder.open(path) for path in options.runs]
    selection = selection_of(runs[0].manifest)
    tasks, answers = selection.tasks(), selection.answers()
    if answers is None or any(run.task_ids != runs[0].task_ids for run in runs):
        parser.error("runs over the same tasks, with answers, expected")
    asked = {task.task_id: answers[task.task_id] for task in tasks}
    first: frozenset[str] | None = None
    print("runs  solved (task share)  95 % interval  whole  gained  lost  some candidate")
    for n in range(1, len(runs) + 1):
        for chosen in combinations(range(len(runs)), n):
            grids = {task.task_id: ranked(task, [runs[i] for i in chosen]) for task in tasks}
            score = score_first(grids, asked, N_ATTEMPTS)
            first = score.solved if first is None else first
            low, high = score.interval()
            print(
                f"{'+'.join(str(i + 1) for i in chosen):5} {score.task_share:6.2f} of "
                f"{score.n_tasks:<9} {100 * low:5.1f}-{100 * high:4.1f} % {score.tasks_right:7}"
                f"{len(score.solved - first):8}{len(first - score.solved):6}"
                f"{score_first(grids, asked).task_share:16.2f}"
            )


if __name__ == "__main__":
    main()
