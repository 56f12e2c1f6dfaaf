"""A base cut down to the tokens that prompts and grids need.

Of 128,000 rows of a Llama's embedding and head, a template needs some dozens. Without the others
there is less to keep, to multiply and to normalize. The logits of the kept tokens stay what they
were; but probabilities are then shares among the kept tokens alone, so a grid's log-probability is
higher than under the whole vocabulary and the two are not to be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from arc.errors import ConfigError

MOST_DEMONSTRATIONS = 20
"""Prompts of a cut vocabulary have at most so many; no task of ARC has more than ten."""


def cut_base(base: PreTrainedModel, tokens: Sequence[int]) -> dict[int, int]:
    """Cuts a base, in place; returns the new number of each kept token.

    Args:
        base: A model whose head is one linear layer, tied to the embedding or not.
        tokens: The tokens to keep, ascending.
    """
    model: Any = base
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    if not isinstance(embedding, nn.Embedding) or type(head) is not nn.Linear:
        raise ConfigError(
            f"cut_vocabulary: {type(base).__name__} has no plain embedding and head; "
            "set cut_vocabulary = false"
        )
    is_tied = head.weight is embedding.weight
    with torch.no_grad():
        kept = torch.tensor(tokens, device=embedding.weight.device)
        smaller = nn.Embedding(len(tokens), embedding.embedding_dim)
        smaller.weight = _parameter(embedding.weight, kept)
        new_head = nn.Linear(head.in_features, len(tokens), bias=head.bias is not None)
        new_head.weight = smaller.weight if is_tied else _parameter(head.weight, kept)
        if head.bias is not None:
            new_head.bias = _parameter(head.bias, kept)
    model.set_input_embeddings(smaller)
    model.set_output_embeddings(new_head)
    numbers = {token: i for i, token in enumerate(tokens)}
    base.config.get_text_config().vocab_size = len(tokens)
    for config in (base.config, base.generation_config):
        _renumber_special(config, numbers)
    return numbers


def _parameter(weight: Tensor, kept: Tensor) -> nn.Parameter:
    return nn.Parameter(weight[kept.to(weight.device)].clone(), requires_grad=False)


def _renumber_special(config: object, numbers: Mapping[int, int]) -> None:
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        old = getattr(config, name, None)
        if isinstance(old, list):
            setattr(config, name, [numbers[t] for t in old if t in numbers] or None)
        elif old is not None:
            setattr(config, name, numbers.get(old))
