"""The zygote: a warmed, confined interpreter that forks one process per program.

It imports what programs use, locks itself up, and then reads requests from one pipe and writes
replies to another. It never looks at what a program sends; it counts the bytes, watches the clocks
and notes how the process ended. It dies when its parent does.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import select
import signal
import sys
import time
import warnings
from contextlib import suppress
from typing import Any

from sandbox.confinement import Confinement
from sandbox.level import Isolation
from sandbox.limits import Limits
from sandbox.program import answer_request, silence
from sandbox.seccomp import RESULT_FD
from sandbox.wire import REQUEST, Ending, encode_reply

USUAL_MODULES = (
    "abc array bisect cmath collections collections.abc copy dataclasses datetime decimal enum "
    "fractions functools heapq itertools json math numbers operator queue random re statistics "
    "string textwrap time traceback typing encodings.ascii encodings.latin_1 "
    "numpy numpy.fft numpy.lib.stride_tricks numpy.linalg numpy.ma numpy.polynomial numpy.random "
    "numpy.typing scipy scipy.ndimage"
)

_CHUNK = 1 << 16
_SHORTEST_WAIT_MS = 2


def main(request_fd: int, reply_fd: int, setup: dict[str, Any]) -> None:
    """Serves requests until the pipe closes or the parent is gone."""
    limits = Limits(**setup["limits"])
    try:
        confinement = Confinement(limits)
        parent = _watch_parent(setup["parent"])
        confinement.separate()
        _warm_up([*USUAL_MODULES.split(), *setup["preload"]])
        isolation = confinement.enclose()
    except Exception as error:  # noqa: BLE001 (whatever a preloaded module raises is reported)
        text = f"{type(error).__name__}: {error}"
        _write(reply_fd, encode_reply(Ending.BROKEN, 0, 0.0, text.encode("utf-8", "replace")))
        return
    _settle()
    _Server(request_fd, reply_fd, parent, limits, confinement).serve(isolation)


def _watch_parent(parent: int) -> int:
    """Returns a descriptor that becomes readable when the parent dies, or -1.

    The kernel's parent-death signal would fire when the parent's *thread* ends.
    """
    fd = -1
    if sys.platform == "linux":
        with suppress(OSError):
            fd = os.pidfd_open(parent)
    if os.getppid() != parent:
        os._exit(1)
    return fd


def _warm_up(modules: list[str]) -> None:
    warnings.simplefilter("ignore")
    for name in modules:
        importlib.import_module(name)
    import numpy as np
    from scipy import ndimage

    # scipy and numpy import parts of themselves at first use, which is too late for a program.
    cells = np.array([[0, 1, 1], [0, 0, 1], [2, 2, 0]])
    labels, count = ndimage.label(cells)
    ndimage.find_objects(labels)
    ndimage.sum_labels(cells, labels, range(1, count + 1))
    ndimage.center_of_mass(cells, labels, [1])
    ndimage.binary_dilation(cells > 0)
    ndimage.binary_fill_holes(cells > 0)
    ndimage.distance_transform_edt(cells > 0)
    ndimage.convolve(cells, np.ones((3, 3), int), mode="constant")
    ndimage.generic_filter(cells, np.max, size=3)
    ndimage.rotate(cells, 90)
    ndimage.zoom(cells, 2, order=0)
    np.unique(cells, axis=0, return_counts=True)
    np.pad(np.kron(cells, cells), 1)
    np.linalg.matrix_rank(cells)
    np.random.default_rng().permutation(3)
    str(cells)


def _settle() -> None:
    """Leaves the process as every program should find it."""
    silence()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    sys.argv[:] = [""]
    sys.path.clear()  # nothing can be opened, so looking only costs time
    sys.path_importer_cache.clear()
    os.environ.clear()
    gc.collect()
    gc.disable()  # a collection here would copy pages that children share
    gc.freeze()


class _Server:
    """The loop over requests."""

    def __init__(
        self, request_fd: int, reply_fd: int, parent: int, limits: Limits, confinement: Confinement
    ) -> None:
        self._request_fd = request_fd
        self._reply_fd = reply_fd
        self._parent = parent
        self._limits = limits
        self._confinement = confinement
        self._pid = os.getpid()
        self._inbox = select.poll()
        self._inbox.register(request_fd, select.POLLIN)
        if parent >= 0:
            self._inbox.register(parent, select.POLLIN)

    def serve(self, isolation: Isolation) -> None:
        """Announces itself and answers until there is nobody to answer."""
        _write(self._reply_fd, encode_reply(Ending.READY, 0, 0.0, isolation.encode()))
        with suppress(EOFError, BrokenPipeError):
            while True:
                (length,) = REQUEST.unpack(self._read(REQUEST.size))
                _write(self._reply_fd, self._reply_to(self._read(length)))

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            if any(fd == self._parent for fd, _ in self._inbox.poll()):
                raise EOFError
            part = os.read(self._request_fd, min(size, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _reply_to(self, body: bytes) -> bytes:
        source, sink = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(source)
            os.close(sink)
            return encode_reply(Ending.NOT_STARTED, 0, 0.0, b"")
        if pid == 0:
            self._become_program(body, sink)
        os.close(sink)
        try:
            ending, records = self._watch(pid, source)
        finally:
            # An ended process keeps its status; one that closed its pipe to go on is stopped.
            os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            os.close(source)
        return encode_reply(ending, status, usage.ru_utime + usage.ru_stime, records)

    def _become_program(self, body: bytes, sink: int) -> None:
        """Turns a forked process into one that runs the program, and never returns."""
        leave = os._exit
        try:
            if sink != RESULT_FD:
                os.dup2(sink, RESULT_FD)
            os.closerange(0, RESULT_FD)
            os.closerange(RESULT_FD + 1, 64)
            self._confinement.confine_program(self._pid)
            answer_request(body, _send)
            leave(0)
        finally:
            leave(1)

    def _watch(self, pid: int, source: int) -> tuple[Ending, bytes]:
        limits = self._limits
        poll = select.poll()
        poll.register(source, select.POLLIN)
        if self._parent >= 0:
            poll.register(self._parent, select.POLLIN)
        deadline = time.monotonic() + limits.wall_s
        parts: list[bytes] = []
        size = 0
        while True:
            cpu_left = limits.cpu_s - _cpu_of(pid)
            if cpu_left <= 0:
                return Ending.CPU_LIMIT, b"".join(parts)
            wall_left = deadline - time.monotonic()
            if wall_left <= 0:
                return Ending.WALL_LIMIT, b"".join(parts)
            wait_ms = max(_SHORTEST_WAIT_MS, math.ceil(1000 * min(cpu_left, wall_left)))
            for fd, _ in poll.poll(wait_ms):
                if fd == self._parent:
                    raise EOFError
                part = os.read(source, _CHUNK)
                if not part:
                    return Ending.BY_ITSELF, b"".join(parts)
                parts.append(part)
                size += len(part)
                if size > limits.output_bytes:
                    return Ending.OUTPUT_LIMIT, b"".join(parts)[: limits.output_bytes]


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
