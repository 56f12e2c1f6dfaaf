"""Runs over tasks of a few cells, whole and in a process of their own that a test may kill."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from benches import DrawingBench
from rich.console import Console

from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.folder.store import RunFolder
from ensemble.progress import Progress
from ensemble.run.run import Run
from ensemble.run.unit import Reply, reply_to
from ensemble.settings import load_settings

RED = Grid.of([[2]])
MANY_TASKS = [Task(f"t{i}", (Pair(RED, RED),), (RED, RED)) for i in range(60)]
TASKS = MANY_TASKS[:8]
FACTS = {"mode": "ensemble", "stages": ["induction", "transduction"], "data": {}}


class InlineEngine:
    """Workers that do what they are told at once, in this process."""

    def __init__(self, n_workers, settings, bench):
        self.n_workers = n_workers
        self._bench = bench(settings)

    def start(self):
        return InlineWorker(self._bench)

    def wait(self, workers, timeout_s):
        return workers[-1:]


class InlineWorker:
    def __init__(self, bench):
        self._bench = bench
        self._reply = Reply()

    def give(self, order):
        self._reply = reply_to(order, self._bench)

    def take(self):
        return self._reply

    def close(self):
        pass


def small_run(path, bench=DrawingBench, tasks=TASKS, overrides=()):
    settings = load_settings("default", overrides)
    folder = RunFolder.create_or_resume(path, tasks, settings, FACTS)
    return Run(folder, tasks, None, Progress(Console(quiet=True)), bench)


def bytes_of(path):
    """Returns a digest of all that a run has found: its candidates and its submission."""
    digest = hashlib.sha256()
    for file in sorted([path / "submission.json", *(path / "candidates").iterdir()]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def main(path, n_workers):
    print("ready", flush=True)  # noqa: T201
    small_run(Path(path), tasks=MANY_TASKS).execute(int(n_workers))


if __name__ == "__main__":
    main(*sys.argv[1:])
