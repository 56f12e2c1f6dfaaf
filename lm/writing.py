"""What a language model that writes programs is to the rest of the project: text in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from arc.errors import ConfigError
from lm.protocol import Prompt


@dataclass(frozen=True, slots=True)
class Revision:
    """An earlier reply, and what was wrong with it."""

    reply: str
    complaint: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A question for a program.

    Attributes:
        prompt: The demonstrations, and a test input.
        revisions: What was tried before, the first attempt first.
    """

    prompt: Prompt
    revisions: tuple[Revision, ...] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """How replies are drawn by chance.

    Attributes:
        temperature: What logits are divided by; 0 takes the likeliest token each time.
        top_p: Only the likeliest tokens that together have this probability are drawn from.
        max_tokens: Longest reply.
        seed: The same drafts with the same seed get the same replies.
    """

    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 1024
    seed: int = 0

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ConfigError(f"temperature: 0 or more expected, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p: a probability above 0 expected, got {self.top_p}")
        if self.max_tokens < 1:
            raise ConfigError(f"max_tokens: at least 1 expected, got {self.max_tokens}")


class Writer(Protocol):
    """Writes replies for a whole batch at once."""

    def write(self, drafts: Sequence[Draft], writing: Writing) -> list[str]:
        """Returns one reply to each draft; equal drafts in a batch may get different ones.

        A draft that is longer than the model's context gets an empty reply.
        """
        ...
