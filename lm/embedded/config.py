"""Settings of the embedded model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """Settings of the embedded model.

    Attributes:
        weights: A folder with `model.safetensors` and `model.json`; empty for the shipped ones.
        tokens: Tokens trained on per task.
        batch_tokens: Padded tokens an update; less when `min_updates` would not be reached.
        min_updates: Updates a task gets at least, however few tokens each then has.
        matrix_rate: Learning rate of the matrices.
        other_rate: Learning rate of everything else but the task vector.
        vector_rate: Learning rate of the task vector.
        hold: Share of the training at the full rate; then it falls to zero.
        max_length: Longest pair, in tokens, that is trained on, decoded or scored. An input that
            with an output of its own size would be longer gets no reply.
    """

    weights: str = ""
    tokens: int = 24_000
    batch_tokens: int = 1536
    min_updates: int = 48
    matrix_rate: float = 0.015
    other_rate: float = 3e-3
    vector_rate: float = 2e-2
    hold: float = 0.5
    max_length: int = 1000
