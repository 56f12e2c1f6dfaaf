"""The sandbox itself: what a caller sees, in front of pools of zygotes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from types import TracebackType

from arc.errors import ConfigError, SandboxError
from arc.grid import Grid
from sandbox.level import Isolation, Level
from sandbox.limits import Limits
from sandbox.outcome import Failure, FailureKind, Outcome
from sandbox.pool import Job, Pool, Program, Setup
from sandbox.protocol import Passes
from sandbox.seccomp import LAYERS
from sandbox.tiers import Screen
from sandbox.wire import Reply, Tier, read_outcomes

MAX_INPUTS = 65535
MAX_WORKERS = 256
_LOST = Failure(FailureKind.PROTOCOL, "the sandbox's interpreter died whenever this program ran")

_logger = logging.getLogger(__name__)


class ZygoteSandbox:
    """Runs programs in forks of warmed interpreters; a `Sandbox`.

    Threads may share one, and take turns. A process forked from the owner starts zygotes of its
    own when it first uses its copy.
    """

    def __init__(self, setup: Setup, n_workers: int) -> None:
        self._setup = setup
        self._n_workers = n_workers
        self._lock = threading.RLock()
        self._is_closed = False
        self._pools: dict[int, Pool] = {}
        self._isolation = self._pool(0).isolation
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
        _check_inputs(programs)
        replies = self._replies([Job(Tier.FRESH, [program]) for program in programs], hash_seed)
        return [
            [_LOST] * len(inputs) if reply is None else read_outcomes(reply, len(inputs))
            for reply, (_, inputs) in zip(replies, programs, strict=True)
        ]

    def screen(
        self,
        programs: Sequence[Program],
        passes: Passes,
        *,
        hash_seed: int = 0,
        confirming_seed: int = 1,
    ) -> list[list[Outcome]]:
        """Returns the outcomes of many programs of which few pass, much sooner than `run_batch`.

        They are what `run_batch` gives, except that a program that passes, in the judgement of
        `passes(index, outcomes)`, runs again under the confirming seed; where the two runs differ
        its outcome is `NONDETERMINISTIC`. `passes` is called here, not in the sandbox.
        """
        _check_inputs(programs)
        if hash_seed == confirming_seed:
            raise ValueError(f"the two hash seeds must differ, got {hash_seed} twice")
        screen = Screen(programs, passes)
        while jobs := screen.jobs():
            screen.read(self._replies(jobs, hash_seed))
        return screen.settled(self.run_batch, hash_seed, confirming_seed)

    def close(self) -> None:
        """Ends the zygotes; may be called again."""
        with self._lock:
            self._is_closed = True
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

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

    def _replies(self, jobs: Sequence[Job], hash_seed: int) -> list[Reply | None]:
        with self._lock:
            if self._is_closed:
                raise SandboxError("the sandbox is closed; open another one")
            return self._pool(hash_seed).run(jobs)

    def _pool(self, hash_seed: int) -> Pool:
        if hash_seed not in self._pools:
            if not 0 <= hash_seed < 2**32:
                raise ValueError(f"hash_seed must be 0..{2**32 - 1}, got {hash_seed}")
            self._pools[hash_seed] = Pool(self._setup, hash_seed, self._n_workers)
        return self._pools[hash_seed]


def _check_inputs(programs: Sequence[Program]) -> None:
    for _, inputs in programs:
        if len(inputs) > MAX_INPUTS:
            raise ValueError(f"at most {MAX_INPUTS} inputs, got {len(inputs)}")


def open_sandbox(
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    *,
    preload: Sequence[str] = (),
    workers: int = 1,
    allow_unsafe: bool = False,
    without: Sequence[str] = (),
) -> ZygoteSandbox:
    """Returns a running sandbox, to be used in a `with` statement.

    `preload` names modules that programs may import besides the usual ones. `workers` is how many
    programs run at once; the outcomes do not depend on it. `without` names layers to do without
    (`namespaces`, `landlock`, `seccomp`), as on a machine that lacks them: for tests, since it
    can only lower the level. Raises `SandboxError` where programs cannot be confined, unless
    `allow_unsafe` accepts to run them all the same.
    """
    if not 1 <= workers <= MAX_WORKERS:
        raise ConfigError(f"workers must be 1..{MAX_WORKERS}, got {workers}")
    if unknown := [layer for layer in without if layer not in LAYERS]:
        raise ConfigError(f"no layer {unknown[0]!r} to do without, only {', '.join(LAYERS)}")
    setup = Setup(limits, tuple(preload), tuple(without), allow_unsafe)
    return ZygoteSandbox(setup, workers)
