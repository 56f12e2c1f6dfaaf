"""Items of an endless sequence, worked out by other processes ahead of their use."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

Item = TypeVar("Item")

_given: list[Callable[[int], Any]] = []
"""What a worker process was started with."""


@contextlib.contextmanager
def worked_ahead(
    work: Callable[[int], Item], n_workers: int, per_worker: int
) -> Iterator[Callable[[int], Iterator[Item]]]:
    """Yields a function that gives `work(n)`, `work(n + 1)` and so on from any `n` on.

    The items do not depend on the number of workers.

    Args:
        work: What to do; it must be picklable where there are workers.
        n_workers: Processes; with none an item is worked out here, when it is asked for.
        per_worker: Items that are under way or waiting, for each of them.
    """
    if n_workers == 0:
        yield lambda first: map(work, itertools.count(first))
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(n_workers, get_context("spawn"), _start, (work,)) as pool:

        def items(first: int) -> Iterator[Item]:
            waiting: deque[Future[Item]] = deque()
            for index in itertools.count(first):
                waiting.append(pool.submit(_work, index))
                if len(waiting) > n_workers * per_worker:
                    yield waiting.popleft().result()

        try:
            yield items
        finally:
            pool.shutdown(cancel_futures=True)


def _start(work: Callable[[int], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _given.append(work)


def _end_with_parent() -> None:
    """A pool whose owner was killed would wait for work forever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(index: int) -> Any:
    return _given[-1](index)
