"""Training examples as padded batches of tokens, and their loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from lm.causal.format import Segment

PADDING = 0
"""The token at places that the attention mask hides; any would do."""


@dataclass(frozen=True, slots=True)
class TokenizedExample:
    """A prompt with its reply.

    Attributes:
        tokens: The tokens of the whole text.
        is_target: For each token, whether the loss counts it.
    """

    tokens: tuple[int, ...]
    is_target: tuple[bool, ...]

    @classmethod
    def of(cls, segments: Sequence[Segment]) -> TokenizedExample:
        """Returns the segments joined."""
        tokens: list[int] = []
        is_target: list[bool] = []
        for segment in segments:
            tokens += segment.tokens
            is_target += [segment.is_target] * len(segment.tokens)
        return cls(tuple(tokens), tuple(is_target))


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """Examples padded on the right.

    Attributes:
        tokens: Shape (batch, length).
        mask: 1 at tokens, 0 at padding; same shape.
        is_target: Whether the loss counts a token; same shape.
    """

    tokens: Tensor
    mask: Tensor
    is_target: Tensor

    @classmethod
    def of(cls, examples: Sequence[TokenizedExample], device: torch.device) -> TrainingBatch:
        """Returns the examples as one batch."""
        length = max(len(example.tokens) for example in examples)
        tokens = torch.full((len(examples), length), PADDING)
        mask = torch.zeros_like(tokens)
        is_target = torch.zeros_like(tokens, dtype=torch.bool)
        for i, example in enumerate(examples):
            n = len(example.tokens)
            tokens[i, :n] = torch.tensor(example.tokens)
            mask[i, :n] = 1
            is_target[i, :n] = torch.tensor(example.is_target)
        return cls(tokens.to(device), mask.to(device), is_target.to(device))


def mean_loss(model: nn.Module, batch: TrainingBatch) -> Tensor:
    """Returns the negative log-probability per target token, in nats.

    Logits are made only at places where some example of the batch has a target: over a large
    vocabulary they would fill the memory.
    """
    predicts = batch.is_target[:, 1:]
    places = predicts.any(dim=0).nonzero()[:, 0]
    logits = model(
        input_ids=batch.tokens,
        attention_mask=batch.mask,
        use_cache=False,
        logits_to_keep=places,
    ).logits
    chosen = predicts[:, places]
    targets = batch.tokens[:, 1:][:, places]
    return functional.cross_entropy(logits[chosen].float(), targets[chosen])
