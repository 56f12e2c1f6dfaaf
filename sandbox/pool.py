"""The pool: several zygotes of one hash seed share requests, and any of them may die.

The parent keeps one request running and one waiting in each zygote, so that none is idle and
little is lost when one dies. A program that computes without end keeps one zygote busy until its
limit; one that merely waits keeps nobody busy.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from arc.errors import SandboxError
from arc.grid import Grid
from sandbox.level import Isolation, require_confinement
from sandbox.limits import Limits
from sandbox.process import ZygoteDied, ZygoteProcess
from sandbox.wire import Ending, Reply, Tier, encode_batch, encode_program, encode_request

Program = tuple[str, Sequence[Grid]]

_AHEAD = 2
_GRACE_S = 10.0
_MOST_DEATHS = 2
_MORE_STARTS = 2

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What one process is to run: a program, or a batch of them."""

    tier: Tier
    programs: Sequence[Program]

    def request(self, number: int) -> bytes:
        """Returns the bytes to send."""
        bodies = [encode_program(*program) for program in self.programs]
        body = bodies[0] if self.tier is Tier.FRESH else encode_batch(bodies)
        return encode_request(number, self.tier, body)


@dataclass(frozen=True, slots=True)
class Setup:
    """How zygotes are to be started."""

    limits: Limits
    preload: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    allow_unsafe: bool = False


@dataclass(slots=True)
class _Worker:
    zygote: ZygoteProcess
    jobs: list[int] = field(default_factory=list)  # posted and not answered
    waiting: set[int] = field(default_factory=set)  # of these, in the zygote's background
    is_reserved: bool = False  # for one job that may have killed a zygote
    heard_at: float = 0.0

    @property
    def has_room(self) -> bool:
        return not self.is_reserved and len(self.jobs) < _AHEAD + len(self.waiting)


class Pool:
    """Zygotes that share a hash seed; a forked copy of its owner starts zygotes of its own."""

    def __init__(self, setup: Setup, hash_seed: int, n_workers: int) -> None:
        self._setup = setup
        self._hash_seed = hash_seed
        self._workers: list[_Worker] = []
        self._n_workers = n_workers
        self._fill()

    @property
    def isolation(self) -> Isolation:
        """The weakest isolation of any zygote."""
        by_strength = sorted(self._workers, key=lambda w: w.zygote.isolation.level.value)
        return by_strength[-1].zygote.isolation

    def run(self, jobs: Sequence[Job]) -> list[Reply | None]:
        """Returns the reply to each job, in order; `None` if its zygote died whenever it ran."""
        self._fill()
        with self._discarding_the_interrupted():
            return _Dispatch(self, jobs).run()

    def close(self, *, gently: bool = True) -> None:
        """Ends the zygotes."""
        for worker in self._workers:
            zygote = worker.zygote
            if zygote.owner != os.getpid():
                zygote.abandon()
            elif gently:
                zygote.close()
            else:
                zygote.kill()
        self._workers.clear()

    @property
    def workers(self) -> list[_Worker]:
        """The workers at this moment."""
        return self._workers

    @property
    def wall_s(self) -> float:
        """How long a zygote that has something to do may be silent, in seconds."""
        return self._setup.limits.wall_s + _GRACE_S

    def replace(self, worker: _Worker, reason: ZygoteDied) -> None:
        """Starts another zygote in the place of one that is gone."""
        _logger.info("a zygote of hash seed %d is restarted: %s", self._hash_seed, reason)
        worker.zygote.kill()
        self._workers.remove(worker)
        for _ in range(_MORE_STARTS):
            with suppress(SandboxError):
                return self._fill()
        return self._fill()

    def _fill(self) -> None:
        if any(worker.zygote.owner != os.getpid() for worker in self._workers):
            self.close()
        started: list[ZygoteProcess] = []
        try:
            while len(self._workers) + len(started) < self._n_workers:
                setup = self._setup
                zygote = ZygoteProcess(setup.limits, setup.preload, setup.without, self._hash_seed)
                started.append(zygote)
            for zygote in started:
                zygote.await_ready()
                require_confinement(zygote.isolation, allow_unsafe=self._setup.allow_unsafe)
        except BaseException:
            for zygote in started:
                zygote.kill()
            raise
        self._workers += [_Worker(zygote) for zygote in started]

    @contextmanager
    def _discarding_the_interrupted(self) -> Iterator[None]:
        """A reply that nobody waited for would be taken for the next request's."""
        try:
            yield
        except BaseException:
            for worker in [worker for worker in self._workers if worker.jobs]:
                worker.zygote.kill()
                self._workers.remove(worker)
            raise


class _Dispatch:
    """One run of jobs over a pool."""

    def __init__(self, pool: Pool, jobs: Sequence[Job]) -> None:
        self._pool = pool
        self._jobs = jobs
        self._todo = deque(range(len(jobs)))
        self._suspects: deque[int] = deque()
        self._deaths = [0] * len(jobs)
        self._replies: list[Reply | None] = [None] * len(jobs)
        self._n_open = len(jobs)

    def run(self) -> list[Reply | None]:
        while self._n_open:
            for worker in list(self._pool.workers):
                try:
                    self._post_to(worker)
                except ZygoteDied as error:
                    self._mourn(worker, error)
            for worker, events in self._wait():
                try:
                    if events & select.POLLOUT:
                        worker.zygote.flush()
                    if events & ~select.POLLOUT:
                        self._collect_from(worker)
                    self._check_pulse(worker)
                except ZygoteDied as error:
                    self._mourn(worker, error)
        return self._replies

    def _post_to(self, worker: _Worker) -> None:
        while worker.has_room and (self._todo or self._suspects):
            if self._suspects and not worker.jobs:
                worker.is_reserved = True
                job = self._suspects.popleft()
            elif self._todo:
                job = self._todo.popleft()
            else:
                return
            if not worker.jobs:
                worker.heard_at = time.monotonic()
            worker.jobs.append(job)
            worker.zygote.post(self._jobs[job].request(job))

    def _wait(self) -> list[tuple[_Worker, int]]:
        """Waits until a pipe is ready; returns every worker with what happened to it."""
        poll = select.poll()
        by_fd = {}
        for worker in self._pool.workers:
            zygote = worker.zygote
            by_fd[zygote.replies] = worker
            poll.register(zygote.replies, select.POLLIN)
            if zygote.has_unsent:
                by_fd[zygote.requests] = worker
                poll.register(zygote.requests, select.POLLOUT)
        events = dict.fromkeys(range(len(self._pool.workers)), 0)
        places = {id(worker): place for place, worker in enumerate(self._pool.workers)}
        for fd, what in poll.poll(1000):
            worker = by_fd[fd]
            if fd == worker.zygote.requests:
                what = select.POLLOUT
            events[places[id(worker)]] |= what
        return [(self._pool.workers[place], what) for place, what in events.items()]

    def _collect_from(self, worker: _Worker) -> None:
        for reply in worker.zygote.collect():
            worker.heard_at = time.monotonic()
            if reply.job not in worker.jobs:
                raise ZygoteDied("a reply to no request")
            if reply.ending == Ending.NOT_STARTED:
                raise ZygoteDied("it could not fork")
            if reply.ending == Ending.WAITING:
                worker.waiting.add(reply.job)
                continue
            worker.jobs.remove(reply.job)
            worker.waiting.discard(reply.job)
            worker.is_reserved = False
            self._settle(reply.job, reply)

    def _check_pulse(self, worker: _Worker) -> None:
        if worker.jobs and time.monotonic() - worker.heard_at > self._pool.wall_s:
            raise ZygoteDied("no reply in time")

    def _mourn(self, worker: _Worker, reason: ZygoteDied) -> None:
        """Goes on without a worker; its jobs run again, each of them alone."""
        jobs, was_alone = worker.jobs, worker.is_reserved
        worker.jobs = []
        self._pool.replace(worker, reason)
        for job in jobs:
            self._deaths[job] += was_alone
            if self._deaths[job] >= _MOST_DEATHS:
                self._settle(job, None)
            else:
                self._suspects.append(job)

    def _settle(self, job: int, reply: Reply | None) -> None:
        self._replies[job] = reply
        self._n_open -= 1
