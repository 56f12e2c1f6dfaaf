"""Limits of one program, over all of its inputs together."""

from __future__ import annotations

from dataclasses import dataclass

from arc.errors import ConfigError

_SCREENING_SHARE = 1 / 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    CPU time is the limit that counts: it does not depend on what else the machine does. The wall
    clock is only the backstop for programs that wait.

    Attributes:
        cpu_s: CPU time for all inputs together, in seconds.
        wall_factor: The wall-clock backstop, as a multiple of `cpu_s`.
        memory_mb: Address space a program may add to that of the warmed interpreter, in MiB.
        output_bytes: Most bytes a program's process may send back.
    """

    cpu_s: float = 2.0
    wall_factor: float = 5.0
    memory_mb: int = 1024
    output_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        if not 0 < self.cpu_s <= 3600:
            raise ConfigError(f"cpu_s must be above 0 and at most 3600, got {self.cpu_s}")
        if not 1 <= self.wall_factor <= 1000:
            raise ConfigError(f"wall_factor must be 1..1000, got {self.wall_factor}")
        if not 16 <= self.memory_mb <= 1 << 20:
            raise ConfigError(f"memory_mb must be 16..{1 << 20}, got {self.memory_mb}")
        if not 1024 <= self.output_bytes <= 1 << 28:
            raise ConfigError(f"output_bytes must be 1024..{1 << 28}, got {self.output_bytes}")

    @property
    def wall_s(self) -> float:
        """The wall-clock backstop, in seconds."""
        return self.cpu_s * self.wall_factor

    @property
    def screening_cpu_s(self) -> float:
        """CPU time a batch gets before its programs are run one at a time, in seconds.

        Little enough that programs without end waste little of it, and never more than a batch
        that uses it up would have cost anyway.
        """
        return self.cpu_s * _SCREENING_SHARE
