"""The zygote's loop: a process for every request, and a reply that says how it ended.

One process runs in the foreground. If it waits instead of computing it moves to the background,
where it keeps its deadline but no longer keeps others waiting. The loop never looks at what a
program sends; it counts the bytes, watches the clocks and notes how the process ended.
"""

from __future__ import annotations

import gc
import math
import os
import select
import signal
import time
from collections import deque
from contextlib import suppress

from sandbox.confinement import Confinement
from sandbox.level import Isolation
from sandbox.limits import Limits
from sandbox.program import prepare, run_programs
from sandbox.screening import Screening
from sandbox.seccomp import RESULT_FD
from sandbox.wire import REQUEST, SEAL, Ending, Tier, decode_batch, encode_reply

MAX_WAITING = 3
"""Most processes in the background; each may hold as much memory as one program is allowed."""

_PATIENCE_S = 0.1
_BUSY_SHARE = 0.05  # of the wall clock; even on a crowded machine a computing process gets more
_CHUNK = 1 << 16
_SHORTEST_WAIT_MS = 2

Request = tuple[int, Tier, bytes]


class Server:
    """Serves one parent through two pipes until it is gone."""

    def __init__(
        self,
        request_fd: int,
        reply_fd: int,
        limits: Limits,
        confinement: Confinement,
        screening: Screening,
    ) -> None:
        self._request_fd = request_fd
        self._reply_fd = reply_fd
        self._parent = confinement.parent
        self._limits = limits
        self._confinement = confinement
        self._screening = screening
        self._pid = os.getpid()
        self._inbox = bytearray()
        self._requests: deque[Request] = deque()
        self._foreground: _Run | None = None
        self._runs: dict[int, _Run] = {}
        self._poll = select.poll()
        self._poll.register(request_fd, select.POLLIN)
        if self._parent >= 0:
            self._poll.register(self._parent, select.POLLIN)

    def serve(self, isolation: Isolation) -> None:
        """Announces itself and answers until there is nobody to answer."""
        self._reply(encode_reply(0, Ending.READY, 0, 0.0, isolation.encode()))
        try:
            with suppress(EOFError, BrokenPipeError):
                while True:
                    self._step()
        finally:
            for run in self._runs.values():
                run.end()

    def _step(self) -> None:
        if self._foreground is None and self._requests:
            self._start(*self._requests.popleft())
        for fd, _ in self._poll.poll(self._wait_ms()):
            if fd == self._parent:
                raise EOFError
            if fd == self._request_fd:
                self._receive()
            elif (run := self._runs[fd]).read():
                self._finish(run)
        now = time.monotonic()
        for run in [run for run in self._runs.values() if run.check_at <= now]:
            if run.is_over(now):
                self._finish(run)
            elif run.is_waiting and run is self._foreground and len(self._runs) <= MAX_WAITING:
                self._foreground = None
                self._reply(encode_reply(run.job, Ending.WAITING, 0, 0.0, b""))

    def _wait_ms(self) -> int | None:
        if not self._runs:
            return None
        soonest = min(run.check_at for run in self._runs.values())
        return max(_SHORTEST_WAIT_MS, math.ceil(1000 * (soonest - time.monotonic())))

    def _receive(self) -> None:
        part = os.read(self._request_fd, 1 << 20)
        if not part:
            raise EOFError
        self._inbox += part
        while len(self._inbox) >= REQUEST.size:
            length, tier, job = REQUEST.unpack_from(self._inbox)
            end = REQUEST.size + length
            if len(self._inbox) < end:
                break
            self._requests.append((job, Tier(tier), bytes(self._inbox[REQUEST.size : end])))
            del self._inbox[:end]

    def _start(self, job: int, tier: Tier, body: bytes) -> None:
        source, sink = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(source)
            os.close(sink)
            self._reply(encode_reply(job, Ending.NOT_STARTED, 0, 0.0, b""))
            return
        if pid == 0:
            self._become_program(tier, body, sink)
        os.close(sink)
        cpu_s = self._limits.cpu_s if tier is Tier.FRESH else self._limits.screening_cpu_s
        run = _Run(job, pid, source, self._limits, cpu_s)
        self._foreground = self._runs[source] = run
        self._poll.register(source, select.POLLIN)

    def _become_program(self, tier: Tier, body: bytes, sink: int) -> None:
        """Turns a forked process into one that runs the request, and never returns."""
        leave = os._exit
        try:
            if sink != RESULT_FD:
                os.dup2(sink, RESULT_FD)
            os.closerange(0, RESULT_FD)
            os.closerange(RESULT_FD + 1, 64)
            self._confinement.confine_program(self._pid)
            gc.enable()
            # Both tiers call a program from the same depth, so that it may recurse as far.
            if tier is Tier.FRESH:
                run_programs([prepare(body)], _send)
            else:
                programs = self._screening.prepare(decode_batch(body))
                run_programs(programs, _send, self._limits.screening_cpu_s / 2)
                if self._screening.is_intact():
                    _send(SEAL)
            leave(0)
        finally:
            leave(1)

    def _finish(self, run: _Run) -> None:
        self._poll.unregister(run.source)
        del self._runs[run.source]
        if run is self._foreground:
            self._foreground = None
        self._reply(run.end())

    def _reply(self, reply: bytes) -> None:
        _write(self._reply_fd, reply)


class _Run:
    """A process at work, as far as the zygote watches it.

    Attributes:
        job: The number of its request.
        source: The pipe it answers through.
        check_at: When its clocks are to be looked at next.
        is_waiting: Whether it hardly computed between the last two looks.
    """

    def __init__(self, job: int, pid: int, source: int, limits: Limits, cpu_s: float) -> None:
        self.source = source
        self.job = job
        self._pid = pid
        self._cpu_s = cpu_s
        self._output_bytes = limits.output_bytes
        self._started = time.monotonic()
        self._deadline = self._started + limits.wall_s
        self._looked = self._started
        self._cpu_then = 0.0
        self.check_at = self._started + min(cpu_s, _PATIENCE_S)
        self.is_waiting = False
        self._ending = Ending.BY_ITSELF
        self._parts: list[bytes] = []
        self._size = 0

    def read(self) -> bool:
        """Takes what the process sent; whether that was the last of it."""
        part = os.read(self.source, _CHUNK)
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._output_bytes:
            self._ending = Ending.OUTPUT_LIMIT
            return True
        return not part

    def is_over(self, now: float) -> bool:
        """Whether a limit is used up; if not, says when to look again."""
        cpu = _cpu_of(self._pid)
        if cpu >= self._cpu_s:
            self._ending = Ending.CPU_LIMIT
            return True
        if now >= self._deadline:
            self._ending = Ending.WALL_LIMIT
            return True
        self.is_waiting = cpu - self._cpu_then < _BUSY_SHARE * (now - self._looked)
        self._looked, self._cpu_then = now, cpu
        # CPU time cannot pass faster than the wall clock.
        self.check_at = min(now + min(self._cpu_s - cpu, _PATIENCE_S), self._deadline)
        return False

    def end(self) -> bytes:
        """Ends the process and returns the reply."""
        # An ended process keeps its status; one that closed its pipe to go on is stopped.
        os.kill(self._pid, signal.SIGKILL)
        _, status, usage = os.wait4(self._pid, 0)
        os.close(self.source)
        records = b"".join(self._parts)[: self._output_bytes]
        return encode_reply(
            self.job, self._ending, status, usage.ru_utime + usage.ru_stime, records
        )


def _cpu_of(pid: int) -> float:
    """Returns the CPU time of another process, from the clock the kernel keeps of it."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _send(record: bytes) -> None:
    _write(RESULT_FD, record)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
