"""Settings of the training of a small model of programs."""

from __future__ import annotations

from dataclasses import dataclass

from arc.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ProgramTraining:
    """Settings of a training.

    Attributes:
        updates: Length of the whole training, in optimizer steps.
        examples: Programs an update.
        most_pairs: Of how many of a program's pairs signatures are made, 2 or more at a time.
        most_tokens: Longest example; programs that are longer are left out.
        hidden: Width of the model.
        inner: Width inside its feed-forward layers.
        layers: Its depth.
        heads: Attention heads of a layer.
        matrix_rate: Learning rate of the matrices in the layers, by Muon.
        other_rate: Learning rate of all else, by AdamW.
        warmup: Updates over which the rates rise.
        decay: Share of the updates, the last ones, over which they fall to nothing.
        reserve: Of programs that come once, one of so many is kept to measure the loss on.
        report: Updates between two measurements.
        checkpoint_s: Seconds between checkpoints.
        seed: Of all chance.
    """

    updates: int = 1000
    examples: int = 64
    most_pairs: int = 4
    most_tokens: int = 192
    hidden: int = 128
    inner: int = 384
    layers: int = 4
    heads: int = 4
    matrix_rate: float = 0.02
    other_rate: float = 3e-3
    warmup: int = 30
    decay: float = 0.4
    reserve: int = 50
    report: int = 50
    checkpoint_s: float = 120.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("updates", "examples", "report", "layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")
        if self.most_pairs < 2:
            raise ConfigError(f"most_pairs: at least 2 expected, got {self.most_pairs}")

    def schedule(self, update: int) -> float:
        """Returns what the rates of an update are multiplied by, the first being 0."""
        rising = (update + 1) / max(1, self.warmup)
        falling = (self.updates - update) / max(1.0, self.decay * self.updates)
        return min(1.0, rising, falling)
