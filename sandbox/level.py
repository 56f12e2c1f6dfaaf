"""Levels: how well programs are confined on this machine, found by trying and not by asking."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum

from arc.errors import SandboxError

NAMESPACES = ("net", "ipc", "uts", "pid", "mnt")


class Level(Enum):
    """How much of the confinement this machine grants."""

    A = "A"
    B = "B"
    C = "C"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Isolation:
    """The layers that held when a confined process tried to get past them.

    Attributes:
        seccomp: Every forbidden system call was refused.
        landlock: Opening a directory was refused by Landlock alone.
        namespaces: Kinds of namespaces that are the program's own, and empty.
        unprivileged: Neither root nor any capability is left.
        missing: What was let through or could not be set up, for the reader of a report.
    """

    seccomp: bool = False
    landlock: bool = False
    namespaces: tuple[str, ...] = ()
    unprivileged: bool = False
    missing: str = ""

    @property
    def level(self) -> Level:
        """The level these layers amount to; nothing counts without seccomp."""
        if not self.seccomp:
            return Level.NONE
        if not self.landlock:
            return Level.C
        has_all = set(self.namespaces) >= set(NAMESPACES)
        return Level.A if has_all and self.unprivileged else Level.B

    def encode(self) -> bytes:
        """Returns the record as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, text: bytes) -> Isolation:
        """Returns the record from JSON; raises `SandboxError` if it is not one."""
        try:
            fields = json.loads(text)
            missing = str(fields.pop("missing"))
            own = tuple(str(name) for name in fields.pop("namespaces"))
            layers = {name: value is True for name, value in fields.items()}
            return cls(**layers, namespaces=own, missing=missing)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SandboxError(f"the sandbox's start message is not readable: {error}") from error


def require_confinement(isolation: Isolation, *, allow_unsafe: bool) -> None:
    """Raises `SandboxError` if programs would run unconfined and nobody accepted that."""
    if isolation.level is Level.NONE and not allow_unsafe:
        raise SandboxError(
            f"programs cannot be confined on this machine ({isolation.missing or 'no seccomp'}); "
            "use Linux with seccomp, or accept the risk with allow_unsafe=True"
        )
