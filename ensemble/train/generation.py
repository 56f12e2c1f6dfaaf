"""What `ensemble generate` does: from sources of inputs to an archive of new tasks.

Inputs come from training tasks that are not held out, and from RE-ARC's examples of them. No task
has a pair of an evaluation task or of a held-out one, under any symmetry and recoloring.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from arc.archive import archive_of, read_archive, write_archive
from arc.contamination import evaluation_hashes, hashes_of, solved_pairs
from arc.dataset import TWINS, is_held_out, load_split, load_split_answers
from arc.errors import ConfigError, DataError
from arc.grid import Cells, Grid
from arc.task import Pair, Task
from ensemble.picture import draw_task
from ensemble.progress import Progress
from induction.generation.inputs import Source
from induction.generation.making import Attempt, GenerationConfig, attempts
from lm.programs.corpus import ProgramTask

N_EXAMPLES = 60
"""Pairs of RE-ARC taken for each task."""

MAX_FRUITLESS = 2000
"""Attempts in a row without a task after which there is no hope for more."""


@dataclass(slots=True)
class Generated:
    """The tasks made so far, and what became of all attempts.

    Attributes:
        seed: Seed of all chance.
        tasks: Attempts that gave a task.
        tally: How many attempts ended how.
    """

    seed: int
    tasks: list[Attempt] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    _behaviors: set[bytes] = field(default_factory=set)

    def take(self, made: Attempt) -> bool:
        """Enters an attempt; whether it gave a new task."""
        fault = made.fault
        if not fault and made.behavior in self._behaviors:
            fault = "same as another"
        self.tally[fault or "kept"] += 1
        if fault:
            return False
        if made.behavior:
            self._behaviors.add(made.behavior)
        self.tasks.append(made)
        return True

    def latest(self) -> ProgramTask:
        """Returns the last task with its program."""
        made = self.tasks[-1]
        pairs = tuple(
            Pair(Grid.from_array(_unsigned(s)), Grid.from_array(_unsigned(t)))
            for s, t in made.pairs
        )
        return ProgramTask(self._name(len(self.tasks) - 1), made.source, made.n_operations, pairs)

    @property
    def ids(self) -> list[str]:
        """The tasks' names."""
        return [self._name(number) for number in range(len(self.tasks))]

    def _name(self, number: int) -> str:
        return f"gen-{self.seed}-{number:05}"

    def write(self, path: Path) -> None:
        """Writes the tasks as an archive."""
        pairs = [[(_unsigned(s), _unsigned(t)) for s, t in task.pairs] for task in self.tasks]
        write_archive(path, archive_of(self.ids, pairs, [task.source for task in self.tasks]))

    def report(self) -> str:
        """Returns what became of attempts, and what the tasks are like, in two lines."""
        total = sum(self.tally.values())
        shares = ", ".join(f"{name} {n / total:.1%}" for name, n in self.tally.most_common())
        lengths = Counter(task.n_operations for task in self.tasks)
        sizes = [s.size + t.size for task in self.tasks for s, t in task.pairs]
        like = ", ".join(f"{n} of {length}" for length, n in sorted(lengths.items()))
        cells = f"{statistics.median(sizes):g} cells in the median pair" if sizes else "none"
        return f"{total} attempts: {shares}\ntasks by number of operations: {like}; {cells}"

    def drawn(self, n: int) -> Iterator[RenderableType]:
        """Yields pictures of tasks, evenly taken, with three pairs and their programs."""
        step = max(1, len(self.tasks) // max(n, 1))
        for name, task in list(zip(self.ids, self.tasks, strict=True))[::step][:n]:
            *shown, last = (
                Pair(Grid.from_array(_unsigned(s)), Grid.from_array(_unsigned(t)))
                for s, t in task.pairs[:4]
            )
            known = tuple(shown) or (last,)
            yield Group(draw_task(Task(name, known, (last.input,))), Text(task.source, style="dim"))


def _unsigned(cells: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> Cells:
    return cells.astype(np.uint8)


def generate(
    n_tasks: int,
    config: GenerationConfig,
    *,
    re_arc: Path | None,
    n_workers: int,
    out: Path | None,
    programs: Path | None = None,
) -> Generated:
    """Returns new tasks, written to `out` and `programs` if given; Ctrl-C ends it early.

    The same tasks for the same settings and sources, however many workers there are.

    Raises:
        ConfigError: A number is out of range, or the file exists.
        DataError: RE-ARC's file or the new one is no good.
    """
    _check(n_tasks, config)
    for path, option in ((out, "--out"), (programs, "--programs")):
        _check_new(path, option)
    generated = Generated(config.seed)
    sources, forbidden = sources_of_training(re_arc), forbidden_hashes()
    progress = Progress(Console(stderr=True))
    fruitless = 0
    with (
        _interruptible() as interrupts,
        attempts(config, sources, forbidden, n_workers) as made,
        progress.stage("tasks", n_tasks, 0) as say,
        open(programs or os.devnull, "w", encoding="utf-8") as lines,
    ):
        say(None)
        while len(generated.tasks) < n_tasks and not interrupts and fruitless < MAX_FRUITLESS:
            fruitless += 1
            if generated.take(next(made)):
                fruitless = 0
                say(None)
                if programs is not None:
                    lines.write(generated.latest().line())
    if out is not None and generated.tasks:
        generated.write(out)
    return generated


def _check(n_tasks: int, config: GenerationConfig) -> None:
    for option, value, least in (
        ("--tasks", n_tasks, 1),
        ("--pairs", config.pairs, 4),
        ("--max-cells", config.max_cells, 20),
        ("--seed", config.seed, 0),
    ):
        if value < least:
            raise ConfigError(f"{option} {value}: a number from {least} expected")


def _check_new(path: Path | None, option: str) -> None:
    if path is None:
        return
    if path.exists():
        raise ConfigError(f"{path}: exists already; give {option} another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None


@contextlib.contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Yields a list that is empty until Ctrl-C."""
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


def sources_of_training(re_arc: Path | None) -> list[Source]:
    """Returns grids of the training tasks that are not held out: per task inputs, and outputs."""
    tasks = [task for task in load_split("arc1", "training") if not _is_kept_apart(task.task_id)]
    pairs = {
        task.task_id: [(pair.input.array, pair.output.array) for pair in task.pairs]
        for task in tasks
    }
    if re_arc is not None:
        archive = read_archive(re_arc)
        starts = archive.starts
        for number, task_id in enumerate(archive.ids):
            if task_id in pairs:
                of_task = np.flatnonzero(archive.task == number)
                chosen = of_task[:: max(1, len(of_task) // N_EXAMPLES)][:N_EXAMPLES]
                pairs[task_id] += [archive.pair(int(i), int(starts[i])) for i in chosen]
    return [
        [pair[side].astype(np.int8) for pair in of_task]
        for of_task in pairs.values()
        for side in (0, 1)
    ]


@cache
def forbidden_hashes() -> frozenset[bytes]:
    """Returns the hashes of the pairs that no generated task may have."""
    answers = load_split_answers("arc1", "training")
    kept = [task for task in load_split("arc1", "training") if _is_kept_apart(task.task_id)]
    pairs: Sequence[Pair] = [
        pair for task in kept for pair in solved_pairs(task, answers[task.task_id])
    ]
    return evaluation_hashes() | hashes_of(pairs)


def _is_kept_apart(task_id: str) -> bool:
    return is_held_out(task_id) or task_id in TWINS
