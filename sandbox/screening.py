"""Screening inside the sandbox: many programs in one process, and a look at what they left.

First all programs of a batch are compiled and the harmless ones picked out; only then the first
of them runs. In the end the process compares its surroundings with what they were and seals its
records. The seal is a second line of defence: what keeps programs from spoiling each other is that
only harmless ones are run in company.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from sandbox.harmless import Harmless
from sandbox.program import Prepared, prepare
from sandbox.wire import Held

_WATCHED = (
    "builtins random math itertools functools collections copy operator heapq "
    "numpy numpy.linalg numpy.random scipy.ndimage"
)
_HELD_BACK = bytes((Held.ALONE,))


class Screening:
    """What the zygote knows of a clean process, for its children to compare with."""

    def __init__(self, preload: Sequence[str]) -> None:
        self._harmless = Harmless(preload)
        names = [*_WATCHED.split(), *preload]
        self._before = [(vars(sys.modules[name]), dict(vars(sys.modules[name]))) for name in names]
        self._settings = _settings()

    def prepare(self, bodies: Sequence[bytes]) -> list[Prepared]:
        """Compiles programs and holds back those that may not share a process."""
        return [self._admitted(prepare(body)) for body in bodies]

    def _admitted(self, program: Prepared) -> Prepared:
        if program.code is None:
            return program if program.is_certain else program.replaced_by(_HELD_BACK)
        return program if self._harmless.includes(program.code) else program.replaced_by(_HELD_BACK)

    def is_intact(self) -> bool:
        """Whether the modules that programs use hold what they held before."""
        return self._settings == _settings() and all(
            now.keys() == before.keys() and all(now[name] is before[name] for name in before)
            for now, before in self._before
        )


def _settings() -> tuple[object, ...]:
    return sys.getrecursionlimit(), np.geterr(), np.get_printoptions()
