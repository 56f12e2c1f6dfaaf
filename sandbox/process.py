"""One zygote as its parent sees it: start it, send requests, receive replies, end it.

The zygote is an executed interpreter, not a fork of this process: it inherits no threads, no locks
and no open files, whatever the parent does with torch.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

from arc.errors import SandboxError
from sandbox.level import Isolation
from sandbox.limits import Limits
from sandbox.wire import MAGIC, REPLY, Ending, Reply

START_S = 120.0
_PIPE_SIZE = 1 << 20

# What must happen before numpy is imported. The package's own `__init__` imports it, so a bare one
# stands in for it until the process has its namespaces: leaving them takes a fork, and what is
# shared with a parent is dearer to fork again. Then what lives long is made to lie together, so
# that large pages can hold it; libraries nobody needs are not mapped into every process; hooks
# at fork, which would cost page faults, are off; and generators without a seed do not differ from
# run to run.
_BOOTSTRAP = """
import importlib.util, json, os, sys
setup = json.loads(sys.argv[3])
sys.path[:] = setup["path"]
sys.modules["sandbox"] = importlib.util.module_from_spec(importlib.util.find_spec("sandbox"))
from sandbox.confinement import Confinement
confinement = Confinement.separated(setup)
del sys.modules["sandbox"]
cells = [bytes(470) for _ in range(40_000)]
kept = cells[::1000]
del cells
sys.modules.update(dict.fromkeys(["_hashlib", "bz2", "charset_normalizer", "lzma"]))
import random, secrets
os.register_at_fork = lambda **hooks: None
secrets.randbits = lambda k: random.getrandbits(k)
from sandbox.zygote import main
main(int(sys.argv[1]), int(sys.argv[2]), setup, confinement)
"""


class ZygoteDied(Exception):  # noqa: N818 (an event, told to the sandbox alone)
    """The zygote is gone or does not answer."""


class ZygoteProcess:
    """A running zygote for one hash seed.

    Nothing here waits but `await_ready`, `kill` and `close`: requests are posted, and whoever
    polls `replies` and `requests` says when there is something to do.

    Attributes:
        owner: The process that started it; forked copies of that process must not use it.
        isolation: The layers its probe found to hold, once it is ready.
    """

    def __init__(
        self, limits: Limits, preload: Sequence[str], without: Sequence[str], hash_seed: int
    ) -> None:
        if not hasattr(os, "fork"):
            raise SandboxError("programs can be run on Linux alone, use a container or WSL")
        self.owner = os.getpid()
        self.isolation = Isolation()
        self._limits = limits
        self._outbox = bytearray()
        self._inbox = bytearray()
        request_end, self.requests = os.pipe()
        self.replies, reply_end = os.pipe()
        os.set_blocking(self.requests, False)
        _enlarge(reply_end)
        try:
            self._process = subprocess.Popen(
                _command(request_end, reply_end, limits, preload, without),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(hash_seed),
                cwd="/",
                pass_fds=(request_end, reply_end),
                start_new_session=True,
            )
        except OSError as error:
            os.close(self.requests)
            os.close(self.replies)
            raise SandboxError(f"cannot start {sys.executable}: {error}") from error
        finally:
            os.close(request_end)
            os.close(reply_end)

    def await_ready(self) -> None:
        """Waits for the zygote's first words; raises `SandboxError` if they are not good."""
        try:
            (reply,) = self._first_replies(time.monotonic() + START_S)
        except ZygoteDied as error:
            self.kill()
            status = self._process.returncode
            raise SandboxError(
                f"the sandbox's interpreter did not start ({error}; exit status {status})"
            ) from error
        if reply.ending == Ending.BROKEN:
            text = reply.records.decode("utf-8", "replace")
            raise SandboxError(f"the sandbox could not prepare its interpreter: {text}")
        self.isolation = Isolation.decode(reply.records)

    def post(self, request: bytes) -> None:
        """Sends a request as far as there is room, and keeps the rest for `flush`."""
        self._outbox += request
        self.flush()

    def flush(self) -> None:
        """Sends what is kept, as far as there is room; raises `ZygoteDied`."""
        try:
            while self._outbox:
                del self._outbox[: os.write(self.requests, self._outbox)]
        except BlockingIOError:
            return
        except OSError as error:
            raise ZygoteDied(str(error)) from error

    @property
    def has_unsent(self) -> bool:
        """Whether `flush` has something to do once there is room."""
        return bool(self._outbox)

    def collect(self) -> list[Reply]:
        """Returns the replies that have come whole, waiting for the first byte of one."""
        part = os.read(self.replies, 1 << 20)
        if not part:
            raise ZygoteDied("it ended")
        self._inbox += part
        replies = []
        while len(self._inbox) >= REPLY.size:
            magic, job, ending, status, cpu_us, length = REPLY.unpack_from(self._inbox)
            if magic != MAGIC or length > max(self._limits.output_bytes, 1 << 16):
                raise ZygoteDied("an unreadable reply")
            end = REPLY.size + length
            if len(self._inbox) < end:
                break
            records = bytes(self._inbox[REPLY.size : end])
            replies.append(Reply(job, Ending(ending), status, cpu_us / 1e6, records))
            del self._inbox[:end]
        return replies

    def kill(self) -> None:
        """Ends the zygote and with it the programs it runs."""
        self._process.kill()
        self._process.wait()
        self._close()

    def close(self) -> None:
        """Lets the zygote finish by itself; kills it if it takes more than a second."""
        with suppress(OSError):
            os.close(self.requests)
        self.requests = -1
        try:
            self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def abandon(self) -> None:
        """Forgets a zygote that a forked copy of its owner inherited, leaving it running."""
        self._process.returncode = 0
        self._close()

    @property
    def pid(self) -> int:
        """The process id of the zygote, or of the process that waits for it."""
        return self._process.pid

    def _close(self) -> None:
        for fd in (self.requests, self.replies):
            if fd >= 0:
                os.close(fd)
        self.requests = self.replies = -1

    def _first_replies(self, deadline: float) -> list[Reply]:
        poll = select.poll()
        poll.register(self.replies, select.POLLIN)
        while True:
            wait_s = deadline - time.monotonic()
            if wait_s <= 0 or not poll.poll(1000 * wait_s):
                raise ZygoteDied("no reply in time")
            if replies := self.collect():
                return replies


def _command(
    request_end: int,
    reply_end: int,
    limits: Limits,
    preload: Sequence[str],
    without: Sequence[str],
) -> list[str]:
    setup = {
        "parent": os.getpid(),
        "without": list(without),
        "limits": asdict(limits),
        "preload": list(preload),
        "path": [os.path.abspath(entry) for entry in sys.path],
    }
    # -I would also ignore PYTHONHASHSEED.
    flags = ["-s", "-P", "-B"]
    return [
        sys.executable, *flags, "-c", _BOOTSTRAP, str(request_end), str(reply_end),
        json.dumps(setup),
    ]  # fmt: skip


def _environment(hash_seed: int) -> dict[str, str]:
    environment = {
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    # Some installations find libpython or libopenblas only by this.
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return environment


def _enlarge(pipe: int) -> None:
    """Makes room in a pipe for whole replies, so that the zygote need not wait for a reader."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
