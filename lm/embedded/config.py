"""Settings of the embedded model, and of its pre-training."""

from __future__ import annotations

from dataclasses import dataclass

from arc.errors import ConfigError


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """Settings of the embedded model.

    Attributes:
        weights: `small`, `small_long` or `medium`, which ship, or a folder with
            `model.safetensors` and `model.json`.
        tokens: Tokens trained on per task; more where its pairs are so long that these would be
            fewer than `min_updates` updates of one pair.
        batch_tokens: Padded tokens an update; less when `min_updates` would not be reached.
        min_updates: Updates a task gets at least, however few or many tokens each then has.
        matrix_rate: Learning rate of the matrices.
        other_rate: Learning rate of everything else but the task vector.
        vector_rate: Learning rate of the task vector.
        hold: Share of the training at the full rate; then it falls to zero.
        max_length: Longest pair, in tokens, that is trained on, decoded or scored. An input that
            with an output of its own size would be longer gets no reply. The default is that
            of the largest grids there are.
        device: As `torch.device` takes it, or `auto`, which is a GPU if there is one.
    """

    weights: str = "small"
    tokens: int = 40_000
    batch_tokens: int = 1536
    min_updates: int = 80
    matrix_rate: float = 0.015
    other_rate: float = 3e-3
    vector_rate: float = 2e-2
    hold: float = 0.5
    max_length: int = 1802
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class PretrainConfig:
    """Settings of a pre-training.

    Attributes:
        tokens: Length of the whole training, in tokens.
        decay_tokens: Over how many of the last tokens the learning rate falls to zero.
        warmup_tokens: Over how many of the first tokens it rises.
        batch_tokens: Padded tokens an update, over all members of the team.
        recolor: Share of samples with permuted colors.
        varied: Share of samples from variations of tasks, of those not from generated tasks.
        generated: Share of samples from generated tasks, where there are any.
        variations: How many variations each task has.
        max_length: Longest sample, in tokens; longer pairs are left out.
        reset_vectors: Share of the task vectors started anew every `reset_updates`, so that the
            weights stay good at learning a new vector.
        reset_updates: Updates between two such resets.
        log_updates: Updates between two points of the curve.
        checkpoint_s: Seconds between checkpoints.
        drawers: Processes that draw samples ahead; with none they are drawn between updates, which
            a processor that computes seconds an update does not notice and a GPU does.
        seed: Seed of weights, data order and augmentation.
        device: As `torch.device` takes it. Products are computed in bfloat16, from float32 weights,
            on a GPU and on processors with instructions for it.
    """

    tokens: int = 10_000_000
    decay_tokens: int = 1_500_000
    warmup_tokens: int = 50_000
    batch_tokens: int = 4096
    recolor: float = 0.3
    varied: float = 0.5
    generated: float = 0.3
    variations: int = 7
    max_length: int = 512
    reset_vectors: float = 0.02
    reset_updates: int = 400
    log_updates: int = 200
    checkpoint_s: float = 120.0
    drawers: int = 0
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("batch_tokens", "max_length", "reset_updates", "log_updates"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")
        for name in ("tokens", "variations", "drawers"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: a number from 0 expected, got {getattr(self, name)}")
        for name in ("recolor", "varied", "generated", "reset_vectors"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f"{name}: a share from 0 to 1 expected, got {getattr(self, name)}"
                )
