"""Training examples as batches of tokens, and their losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

    @property
    def n_targets(self) -> int:
        """How many tokens the loss counts; the first of a text never."""
        return sum(self.is_target[1:])


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """Examples side by side, and where their targets are.

    Attributes:
        inputs: Arguments of the model's forward pass.
        n_tokens: Tokens of each example in the batch, with its padding.
        rows: Row of each place before a target; examples in order, then places.
        columns: Which of the kept columns that place is.
        labels: The targets.
        n_targets: How many of them each example has.
    """

    inputs: dict[str, Any]
    n_tokens: tuple[int, ...]
    rows: Tensor
    columns: Tensor
    labels: Tensor
    n_targets: tuple[int, ...]

    @classmethod
    def packed(cls, examples: Sequence[TokenizedExample], device: torch.device) -> TrainingBatch:
        """Returns the examples one after the other in one row, for `lm.causal.attention`."""
        lengths = tuple(len(example.tokens) for example in examples)
        tokens = torch.tensor([token for example in examples for token in example.tokens])
        positions = torch.cat([torch.arange(length) for length in lengths])
        is_target = torch.tensor(
            [is_target for example in examples for is_target in (False, *example.is_target[1:])]
        )
        places = is_target.nonzero()[:, 0]
        inputs = {
            "input_ids": tokens[None].to(device),
            "position_ids": positions[None].to(device),
            "text_lengths": lengths,
            "logits_to_keep": (places - 1).to(device),
        }
        return cls(
            inputs,
            lengths,
            torch.zeros_like(places).to(device),
            torch.arange(len(places), device=device),
            tokens[places].to(device),
            tuple(example.n_targets for example in examples),
        )

    @classmethod
    def padded(cls, examples: Sequence[TokenizedExample], device: torch.device) -> TrainingBatch:
        """Returns an example a row, padded on the right: for models that cannot be packed.

        Logits are made only at places where some example has a target: over a large vocabulary
        they would fill the memory.
        """
        length = max(len(example.tokens) for example in examples)
        tokens = torch.full((len(examples), length), PADDING)
        mask = torch.zeros_like(tokens)
        is_target = torch.zeros_like(tokens, dtype=torch.bool)
        for i, example in enumerate(examples):
            n = len(example.tokens)
            tokens[i, :n] = torch.tensor(example.tokens)
            mask[i, :n] = 1
            is_target[i, 1:n] = torch.tensor(example.is_target[1:])
        kept = is_target.any(dim=0).nonzero()[:, 0]
        rows, columns = is_target[:, kept].nonzero(as_tuple=True)
        inputs = {
            "input_ids": tokens.to(device),
            "attention_mask": mask.to(device),
            "logits_to_keep": (kept - 1).to(device),
        }
        return cls(
            inputs,
            (length,) * len(examples),
            rows.to(device),
            columns.to(device),
            tokens[:, kept][rows, columns].to(device),
            tuple(example.n_targets for example in examples),
        )


def example_losses(model: nn.Module, batch: TrainingBatch) -> Tensor:
    """Returns each example's negative log-probability in nats, (n_examples,)."""
    logits = model(**batch.inputs, use_cache=False).logits
    chosen = logits[batch.rows, batch.columns].float()
    losses = functional.cross_entropy(chosen, batch.labels, reduction="none")
    return torch.stack([part.sum() for part in torch.split_with_sizes(losses, batch.n_targets)])
