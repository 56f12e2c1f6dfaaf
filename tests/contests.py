"""Made-up tasks and entries for the tests of reports: no run, no real task."""

from __future__ import annotations

import random

from arc.candidate import Candidate, ProgramEvidence, ViewEvidence
from arc.grid import Grid
from arc.task import Answers, Pair, Task
from ensemble.compare.comparison import Comparison, compare_entries
from ensemble.compare.entry import Entry

SOURCE = '''import numpy as np


def transform(grid):
    """Mirrors <the> "grid" & nothing else."""
    return np.fliplr(grid)
'''


def random_grid(rng: random.Random, most: int = 12) -> Grid:
    """Returns a grid of a few blocks of color."""
    height, width = rng.randint(2, most), rng.randint(2, most)
    rows = [[0] * width for _ in range(height)]
    for _ in range(4):
        top, left, color = rng.randrange(height), rng.randrange(width), rng.randrange(10)
        for r in range(top, min(height, top + 4)):
            for c in range(left, min(width, left + 4)):
                rows[r][c] = color
    return Grid.of(rows)


def spoiled(grid: Grid) -> Grid:
    """Returns a grid with another color in its last cell."""
    return Grid(grid.height, grid.width, grid.cells[:-1] + bytes([(grid.cells[-1] + 1) % 10]))


def random_tasks(n: int, most: int = 12, seed: int = 0) -> list[tuple[Task, Answers]]:
    """Returns tasks with answers; every fourth has two test inputs."""
    rng = random.Random(seed)
    made = []
    for i in range(n):
        pairs = [Pair(random_grid(rng, most), random_grid(rng, most)) for _ in range(3)]
        tests = [random_grid(rng, most) for _ in range(2 if i % 4 == 3 else 1)]
        outputs = tuple(random_grid(rng, most) for _ in tests)
        task_id = f"{i:08x}"
        made.append((Task(task_id, tuple(pairs), tuple(tests)), Answers(task_id, outputs)))
    return made


def by_programs(grids: dict[str, tuple[Grid, ...]], fits: int = 3) -> Entry:
    """Returns an entry of one program a task that reproduces `fits` of 3 demonstrations."""
    found = {
        task_id: [
            Candidate(
                task_id, i, grid, "induction", 0.0,
                ProgramEvidence(f"# {task_id}\n{SOURCE}", 3.0, fits, 3, 2),
            )
            for i, grid in enumerate(outputs)
        ]
        for task_id, outputs in grids.items()
    }  # fmt: skip
    ranked = {task_id: tuple((c.grid,) for c in cs) for task_id, cs in found.items()}
    seconds = {(task_id, "induction"): 2.0 + i for i, task_id in enumerate(grids)}
    return Entry("programs", ranked, found, ("induction",), seconds, {"induction": 1e6})


def by_views(lists: dict[str, tuple[tuple[Grid, ...], ...]]) -> Entry:
    """Returns an entry of direct predictions, the best first, each with fewer votes."""
    found = {
        task_id: [
            Candidate(
                task_id, i, grid, "transduction", -float(place),
                ViewEvidence(2, 8, -3.0, ("identity", "rotate_90"), (-1.0, -2.0)),
            )
            for i, grids in enumerate(tests)
            for place, grid in enumerate(grids)
        ]
        for task_id, tests in lists.items()
    }  # fmt: skip
    seconds = {(task_id, "transduction"): 30.0 for task_id in lists}
    limits = {"transduction": 1e6}
    return Entry("views", dict(lists), found, ("transduction",), seconds, limits)


def contest(n: int = 12, most: int = 12, seed: int = 0, **others: object) -> Comparison:
    """Returns a comparison of programs, views and a submission on made-up tasks.

    Of every ten tasks programs solve four and get one cell wrong in four; views solve two and have
    the answer in the fourth place elsewhere; the submission solves six.
    """
    made = random_tasks(n, most, seed)
    rng = random.Random(seed)
    answers = {task.task_id: answer for task, answer in made}
    programs, views, submission = {}, {}, {}
    for i, (task, answer) in enumerate(made):
        outputs = answer.outputs
        if i % 10 < 8:
            programs[task.task_id] = outputs if i % 10 < 4 else tuple(map(spoiled, outputs))
        views[task.task_id] = tuple(
            (output,) if i % 10 > 7 else (*(random_grid(rng, most) for _ in range(3)), output)
            for output in outputs
        )
        if i % 10 > 3:
            submission[task.task_id] = tuple((output,) for output in outputs)
    entries = [by_programs(programs), by_views(views), Entry("other.json", submission)]
    tasks = [task for task, _ in made]
    levels = {t.task_id: ("easy", "hard")[i % 2] for i, t in enumerate(tasks)}
    return compare_entries(entries, answers, "made-up tasks", tasks=tasks, levels=levels, **others)
