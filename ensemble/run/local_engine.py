"""The local engine: worker processes on this machine.

Workers do not see Ctrl-C: the parent decides what happens to them. They end with the parent,
however it ends.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from multiprocess import get_context, parent_process

from ensemble.run.engine import Worker, WorkerLost
from ensemble.run.unit import MakeBench, Order, Reply, reply_to
from ensemble.settings import Settings

log = logging.getLogger(__name__)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Read by libraries when a worker loads them: workers share cores by tasks, not by threads."""


class LocalEngine:
    """Starts workers as processes; `bench` is made in each, from the settings."""

    def __init__(self, n_workers: int, settings: Settings, bench: MakeBench) -> None:
        self.n_workers = n_workers
        self._made_of = settings, bench
        for name in THREADS:
            os.environ.setdefault(name, "1")

    def start(self) -> Worker:
        """Returns a new worker."""
        return _Process(*self._made_of)

    def wait(self, workers: Sequence[Worker], timeout_s: float) -> list[Worker]:
        """Returns the workers that have something to say."""
        by_connection = {w.connection: w for w in workers if isinstance(w, _Process)}
        return [by_connection[ready] for ready in wait(list(by_connection), timeout_s)]


class _Process:
    """A process that answers orders."""

    def __init__(self, settings: Settings, bench: MakeBench) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, settings, bench), daemon=False)
        self._process.start()
        theirs.close()

    def give(self, order: Order) -> None:
        """Sends an order."""
        try:
            self.connection.send(order)
        except OSError:
            log.debug("a worker died before it was given its order")

    def take(self) -> Reply:
        """Returns the reply that has come; raises `WorkerLost`."""
        try:
            reply: Any = self.connection.recv()
        except (EOFError, OSError):
            self._process.join(5)
            # What the kernel takes for its memory, it takes by this signal.
            raise WorkerLost(self._process.exitcode == -signal.SIGKILL) from None
        assert isinstance(reply, Reply)
        return reply

    def close(self) -> None:
        """Kills the process, which has nothing to tidy up."""
        self.connection.close()
        self._process.kill()
        self._process.join()


def _work(connection: Connection, settings: Settings, bench: MakeBench) -> None:
    """Runs in the worker until the parent closes the connection or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    with bench(settings) as workbench:
        reply = Reply()
        while True:
            try:
                connection.send(reply)
                order = connection.recv()
            except (EOFError, OSError):
                return
            reply = reply_to(order, workbench)


def _follow_parent() -> None:
    """Ends this process when the parent's does, in the midst of a task too."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
