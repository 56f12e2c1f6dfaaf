"""The sandbox itself: zygotes by hash seed, and what to do when one of them dies."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from types import TracebackType

from arc.errors import SandboxError
from arc.grid import Grid
from sandbox.level import Isolation, Level, require_confinement
from sandbox.limits import Limits
from sandbox.outcome import Failure, FailureKind, Outcome
from sandbox.process import ZygoteDied, ZygoteProcess
from sandbox.wire import Ending, Reply, encode_request, read_outcomes

MAX_INPUTS = 65535
_SENT_AHEAD = 1 << 15  # well below a pipe's capacity, so that sending never waits
_LOST = Failure(FailureKind.PROTOCOL, "the sandbox's interpreter died with this program, twice")

Program = tuple[str, Sequence[Grid]]

_logger = logging.getLogger(__name__)


class ZygoteSandbox:
    """Runs each program in a fresh fork of a warmed interpreter; a `Sandbox`.

    Threads may share one, and take turns. A process forked from the owner starts zygotes of its
    own when it first uses its copy.
    """

    def __init__(
        self, limits: Limits, *, preload: Sequence[str] = (), allow_unsafe: bool = False
    ) -> None:
        self._limits = limits
        self._preload = tuple(preload)
        self._allow_unsafe = allow_unsafe
        self._zygotes: dict[int, ZygoteProcess] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        self._isolation = self._zygote(0).isolation
        if self.level is Level.C:
            _logger.warning("programs run without Landlock: %s", self._isolation.missing)

    @property
    def level(self) -> Level:
        """How well programs are confined."""
        return self._isolation.level

    @property
    def isolation(self) -> Isolation:
        """The layers behind the level, to be stored with a run."""
        return self._isolation

    def run(self, source: str, inputs: Sequence[Grid], *, hash_seed: int = 0) -> list[Outcome]:
        """Returns one outcome per input, in order; raises only if the sandbox itself broke."""
        return self.run_batch([(source, inputs)], hash_seed=hash_seed)[0]

    def run_batch(self, programs: Sequence[Program], *, hash_seed: int = 0) -> list[list[Outcome]]:
        """Returns what `run` would return for each program, in order, and sooner."""
        for _, inputs in programs:
            if len(inputs) > MAX_INPUTS:
                raise ValueError(f"at most {MAX_INPUTS} inputs, got {len(inputs)}")
        with self._lock:
            if self._is_closed:
                raise SandboxError("the sandbox is closed; open another one")
            outcomes: list[list[Outcome]] = []
            died_at = -1
            while self._has_died(programs, outcomes, hash_seed):
                # Once may be bad luck; a second time the program is to blame.
                if died_at == len(outcomes):
                    outcomes.append([_LOST] * len(programs[died_at][1]))
                else:
                    died_at = len(outcomes)
            return outcomes

    def close(self) -> None:
        """Ends the zygotes; may be called again."""
        with self._lock:
            self._is_closed = True
            for zygote in self._zygotes.values():
                if zygote.owner == os.getpid():
                    zygote.close()
                else:
                    zygote.abandon()
            self._zygotes.clear()

    def __enter__(self) -> ZygoteSandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_is_closed", True):
            self.close()

    def _has_died(
        self, programs: Sequence[Program], outcomes: list[list[Outcome]], hash_seed: int
    ) -> bool:
        """Appends outcomes until all programs have theirs; whether the zygote died before that.

        The next request is sent before the reply is read, so that the zygote never waits.
        """
        sent = len(outcomes)
        if sent == len(programs):
            return False
        zygote = self._zygote(hash_seed)
        ahead = b""
        try:
            while len(outcomes) < len(programs):
                at = len(outcomes)
                if sent == at:
                    zygote.send(ahead or encode_request(*programs[at]))
                    sent, ahead = at + 1, b""
                if sent < len(programs) and not ahead:
                    ahead = encode_request(*programs[sent])
                    if len(ahead) <= _SENT_AHEAD:
                        zygote.send(ahead)
                        sent, ahead = sent + 1, b""
                outcomes.append(_outcomes(zygote.receive(), len(programs[at][1])))
        except ZygoteDied as error:
            _logger.info("zygote %d is restarted: %s", hash_seed, error)
            self._discard(hash_seed)
            return True
        except BaseException:
            # A reply may be left in the pipe, and would be taken for the next program's.
            self._discard(hash_seed)
            raise
        return False

    def _zygote(self, hash_seed: int) -> ZygoteProcess:
        zygote = self._zygotes.get(hash_seed)
        if zygote is not None and zygote.owner != os.getpid():
            for inherited in self._zygotes.values():
                inherited.abandon()
            self._zygotes.clear()
            zygote = None
        if zygote is None:
            if not 0 <= hash_seed < 2**32:
                raise ValueError(f"hash_seed must be 0..{2**32 - 1}, got {hash_seed}")
            zygote = ZygoteProcess(self._limits, self._preload, hash_seed)
            self._zygotes[hash_seed] = zygote
            try:
                require_confinement(zygote.isolation, allow_unsafe=self._allow_unsafe)
            except SandboxError:
                self._discard(hash_seed)
                raise
        return zygote

    def _discard(self, hash_seed: int) -> None:
        zygote = self._zygotes.pop(hash_seed, None)
        if zygote is not None:
            zygote.kill()


def _outcomes(reply: Reply, n_inputs: int) -> list[Outcome]:
    if reply.ending == Ending.NOT_STARTED:
        raise ZygoteDied("it could not fork")
    return read_outcomes(reply, n_inputs)


def open_sandbox(
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    *,
    preload: Sequence[str] = (),
    allow_unsafe: bool = False,
) -> ZygoteSandbox:
    """Returns a running sandbox, to be used in a `with` statement.

    `preload` names modules that programs may import besides the usual ones. Raises `SandboxError`
    where programs cannot be confined, unless `allow_unsafe` accepts to run them all the same.
    """
    return ZygoteSandbox(limits, preload=preload, allow_unsafe=allow_unsafe)
