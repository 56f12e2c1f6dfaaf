"""Crews: attempts in order, made by one process or by several."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process

from induction.generation.inputs import Source
from induction.generation.making import Attempt, GenerationConfig, attempt

_AHEAD = 8
"""Attempts that are under way or waiting, for each worker."""

_Given = tuple[GenerationConfig, Sequence[Source], frozenset[bytes]]

_given: list[_Given] = []
"""What a worker process was started with."""


@contextlib.contextmanager
def attempts(
    config: GenerationConfig,
    sources: Sequence[Source],
    forbidden: frozenset[bytes],
    n_workers: int = 1,
) -> Iterator[Iterator[Attempt]]:
    """Yields the endless sequence of attempts; it does not depend on the number of workers."""
    if n_workers <= 1:
        yield (attempt(index, config, sources, forbidden) for index in itertools.count())
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    given = (config, sources, forbidden)
    with ProcessPoolExecutor(n_workers, get_context("spawn"), _start, (given,)) as pool:
        try:
            yield _in_order(pool, n_workers * _AHEAD)
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, n_ahead: int) -> Iterator[Attempt]:
    waiting: deque[Future[Attempt]] = deque()
    for index in itertools.count():
        waiting.append(pool.submit(_work, index))
        if len(waiting) >= n_ahead:
            yield waiting.popleft().result()


def _start(given: _Given) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _given.append(given)


def _end_with_parent() -> None:
    """A pool whose owner was killed would wait for work forever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(index: int) -> Attempt:
    return attempt(index, *_given[-1])
