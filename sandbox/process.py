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

# Before numpy and the standard library are imported: hooks at fork would cost page faults for
# every program, and generators without a seed would differ from run to run.
_BOOTSTRAP = """
import json, os, random, secrets, sys
os.register_at_fork = lambda **hooks: None
secrets.randbits = lambda k: random.getrandbits(k)
setup = json.loads(sys.argv[3])
sys.path[:] = setup["path"]
from sandbox.zygote import main
main(int(sys.argv[1]), int(sys.argv[2]), setup)
"""


class ZygoteDied(Exception):  # noqa: N818 (an event, told to the sandbox alone)
    """The zygote is gone or does not answer."""


class ZygoteProcess:
    """A running zygote for one hash seed.

    Attributes:
        isolation: The layers its probe found to hold.
        owner: The process that started it; forked copies of that process must not use it.
    """

    def __init__(self, limits: Limits, preload: Sequence[str], hash_seed: int) -> None:
        if not hasattr(os, "fork"):
            raise SandboxError("programs can be run on Linux alone, use a container or WSL")
        self.owner = os.getpid()
        self._limits = limits
        request_end, self._requests = os.pipe()
        self._replies, reply_end = os.pipe()
        _enlarge(reply_end)
        try:
            self._process = subprocess.Popen(
                _command(request_end, reply_end, limits, preload),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(hash_seed),
                cwd="/",
                pass_fds=(request_end, reply_end),
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._requests)
            os.close(self._replies)
            raise SandboxError(f"cannot start {sys.executable}: {error}") from error
        finally:
            os.close(request_end)
            os.close(reply_end)
        try:
            self.isolation = self._await_ready()
        except BaseException:
            self.kill()
            raise

    def send(self, request: bytes) -> None:
        """Sends one request; raises `ZygoteDied`."""
        view = memoryview(request)
        try:
            while view:
                view = view[os.write(self._requests, view) :]
        except OSError as error:
            raise ZygoteDied(str(error)) from error

    def receive(self) -> Reply:
        """Returns the next reply; raises `ZygoteDied` if none comes."""
        return self._receive(time.monotonic() + self._limits.wall_s + 10.0)

    def kill(self) -> None:
        """Ends the zygote and with it the program it runs."""
        self._process.kill()
        self._process.wait()
        self._close()

    def close(self) -> None:
        """Lets the zygote finish by itself; kills it if it takes more than a second."""
        with suppress(OSError):
            os.close(self._requests)
        self._requests = -1
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
        """The zygote's process id."""
        return self._process.pid

    def _close(self) -> None:
        for fd in (self._requests, self._replies):
            with suppress(OSError):
                os.close(fd)
        self._requests = self._replies = -1

    def _await_ready(self) -> Isolation:
        try:
            reply = self._receive(time.monotonic() + START_S)
        except ZygoteDied as error:
            status = self._process.poll()
            raise SandboxError(
                f"the sandbox's interpreter did not start ({error}; exit status {status})"
            ) from error
        if reply.ending == Ending.BROKEN:
            text = reply.records.decode("utf-8", "replace")
            raise SandboxError(f"the sandbox could not prepare its interpreter: {text}")
        return Isolation.decode(reply.records)

    def _receive(self, deadline: float) -> Reply:
        header = self._read(REPLY.size, deadline)
        magic, ending, status, cpu_us, length = REPLY.unpack(header)
        if magic != MAGIC or length > max(self._limits.output_bytes, 1 << 16):
            raise ZygoteDied("an unreadable reply")
        return Reply(Ending(ending), status, cpu_us / 1e6, self._read(length, deadline))

    def _read(self, size: int, deadline: float) -> bytes:
        poll = select.poll()
        poll.register(self._replies, select.POLLIN)
        parts = []
        while size:
            wait_s = deadline - time.monotonic()
            if wait_s <= 0 or not poll.poll(1000 * wait_s):
                raise ZygoteDied("no reply in time")
            part = os.read(self._replies, min(size, 1 << 20))
            if not part:
                raise ZygoteDied("it ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _command(request_end: int, reply_end: int, limits: Limits, preload: Sequence[str]) -> list[str]:
    setup = {
        "parent": os.getpid(),
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
