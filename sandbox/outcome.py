"""Outcomes: what one program gave for one input, a grid or the reason why there is none.

A failure is data, not an exception: bad programs are the common case of a search. Its kind comes
from a closed set and is decided outside the process that ran the program; its text was written by
the program and is therefore cleaned before anyone prints it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from arc.grid import Grid

MAX_DETAIL = 200
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")


class FailureKind(Enum):
    """Why there is no grid."""

    RAISED = "raised"
    BAD_OUTPUT = "bad output"
    CPU_TIMEOUT = "cpu timeout"
    WALL_TIMEOUT = "wall timeout"
    OUT_OF_MEMORY = "out of memory"
    SIGNAL = "signal"
    POLICY = "policy"
    PROTOCOL = "protocol"
    NONDETERMINISTIC = "nondeterministic"


@dataclass(frozen=True, slots=True)
class Failure:
    """A kind and one printable line, at most `MAX_DETAIL` characters."""

    kind: FailureKind
    detail: str

    @classmethod
    def of(cls, kind: FailureKind, text: str) -> Failure:
        """Returns the failure with untrusted text made safe to print.

        Control characters go, and memory addresses too: they alone would differ between reruns.
        """
        printable = "".join(c if c.isprintable() else " " for c in text[: 4 * MAX_DETAIL])
        line = " ".join(_ADDRESS.sub("0x...", printable).split())
        return cls(kind, line if len(line) <= MAX_DETAIL else line[: MAX_DETAIL - 3] + "...")


Outcome = Grid | Failure
