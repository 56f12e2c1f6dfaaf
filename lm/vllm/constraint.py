"""Replies of vLLM kept to grids: a logits processor that walks the grammar of `lm.causal`.

vLLM's own structured outputs are not used. They mask the logits before log-probabilities are taken,
which then are relative to the grammar and no longer those that `score` gives; and they choose the
tokens of a text freely, while models here are trained on one way to write each cell. What a logits
processor masks is masked after log-probabilities are taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lm.causal.format import Format
from lm.causal.grammar import PartialReply


def stop_token(form: Format) -> int:
    """Returns the token that ends the generation of a whole reply: the first that none has."""
    reserved = set(form.reply_ids)
    return next(token for token in itertools.count() if token not in reserved)


class GrowingReply:
    """A reply that is as far as a list of tokens to which an engine appends."""

    def __init__(self, start: PartialReply, tokens: Sequence[int], stop: int) -> None:
        self._reply = start
        self._tokens = tokens
        self._stop = stop
        self._n_read = 0

    def allowed(self) -> Sequence[int]:
        """Returns the tokens that may come next; the stop token alone after the end."""
        while self._n_read < len(self._tokens) and not self._reply.is_complete:
            self._reply.append(self._tokens[self._n_read])
            self._n_read += 1
        return self._reply.allowed() or (self._stop,)


def leave_only(logits: Tensor, allowed: Mapping[int, Sequence[int]]) -> Tensor:
    """Makes all tokens impossible, in place, but those allowed in a row; other rows stay.

    Args:
        logits: Of shape (rows, tokens).
        allowed: Tokens by row.
    """
    if not allowed:
        return logits
    rows = [row for row, tokens in allowed.items() for _ in tokens]
    columns = [token for tokens in allowed.values() for token in tokens]
    places = torch.tensor([rows, columns], device=logits.device)
    kept = logits[places[0], places[1]]
    logits[torch.tensor(list(allowed), device=logits.device)] = -torch.inf
    logits[places[0], places[1]] = kept
    return logits


def grid_constraint(form: Format) -> type:
    """Returns the class of vLLM's logits processor that keeps every request's reply to a grid.

    It is a class because the engine makes the object. It works where the engine is in this process.
    """
    from vllm.v1.sample.logits_processor import LogitsProcessor, process_dict_updates

    stop = stop_token(form)

    class GridConstraint(LogitsProcessor):  # type: ignore[misc]
        def __init__(self, *engine: object) -> None:
            self._replies: dict[int, GrowingReply] = {}

        def is_argmax_invariant(self) -> bool:
            return False

        def update_state(self, batch_update: Any) -> None:
            process_dict_updates(
                self._replies,
                batch_update,
                lambda params, prompt, tokens: GrowingReply(form.start(), tokens, stop),
            )

        def apply(self, logits: Tensor) -> Tensor:
            allowed = {row: reply.allowed() for row, reply in self._replies.items()}
            return leave_only(logits, allowed)

    return GridConstraint
