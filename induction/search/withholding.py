"""Withholding: the search without some of its primitives, others for each task.

Primitives come from looking at tasks. On these tasks the search is right more often than on tasks
that nobody has looked at, and hardly ever has only programs that fit by chance. Without a share of
the primitives it fails on known tasks as it does on unknown ones, and whatever is to hold for
unknown ones can be fitted on known ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

FRAME = frozenset(
    (
        "image", "render", "color_roles", "normalized", "denormalized", "blank", "blank_like",
        "blank_scaled", "color_of", "color_value",
    )
)  # fmt: skip
"""What is never withheld: programs are written around it, whatever they do."""

_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[A-Za-z_]\w*")
_MOST = 2**64


class Written(Protocol):
    """Anything that becomes a part of a program, or is one."""

    @property
    def text(self) -> str:
        """It as Python."""


Part = TypeVar("Part", bound=Written)


@dataclass(frozen=True, slots=True)
class Withheld:
    """Primitives that must not be used, by name."""

    names: frozenset[str] = frozenset()

    @classmethod
    def of_task(cls, task_id: str, share: float) -> Withheld:
        """Returns about this share of the primitives, the same each time for a task.

        A greater share withholds all that a smaller one does.
        """
        if share <= 0:
            return NOTHING_WITHHELD
        from induction import library

        return cls(
            frozenset(
                name
                for name in library.__all__
                if name not in FRAME and _place(task_id, name) < share * _MOST
            )
        )

    def allows(self, text: str) -> bool:
        """Whether none of the primitives is named in an expression or a program."""
        return not self.names or self.names.isdisjoint(_WORD.findall(_STRING.sub("", text)))

    def without(self, parts: Iterable[Part]) -> list[Part]:
        """Returns the parts that use none of the primitives."""
        return [part for part in parts if self.allows(part.text)]


NOTHING_WITHHELD = Withheld()
"""All primitives may be used."""


def _place(task_id: str, name: str) -> int:
    """Returns a number that depends on nothing else, evenly spread below `_MOST`."""
    return int.from_bytes(hashlib.sha256(f"{task_id} {name}".encode()).digest()[:8])
