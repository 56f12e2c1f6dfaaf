"""Greedy replies to a batch of prompts, and log-probabilities of given replies.

Both walk through a key-value cache and both count a reply's log-probability under the softmax
over the whole vocabulary, as training does: when the grammar of grids leaves a single token,
it still costs what the model thinks of it, and a reply that the model had to be forced into
ranks low.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lm.causal.batch import PADDING
from lm.causal.format import Format
from lm.causal.grammar import PartialReply
from lm.protocol import Completion

Tokens = Sequence[int]


@torch.inference_mode()
def generate_batch(
    model: nn.Module, form: Format, prompts: Sequence[Tokens], max_tokens: int
) -> list[Completion]:
    """Returns the reply to each prompt, chosen greedily among the tokens a grid allows.

    A prompt and reply that would take more than `max_tokens` give no grid. Replies leave the
    batch, and the cache, when they are complete.
    """
    device = next(model.parameters()).device
    reply_ids = torch.tensor(form.reply_ids, device=device)
    replies = [form.start() for _ in prompts]
    totals = [0.0] * len(prompts)
    tokens, mask = _padded_left(prompts, device)
    active = list(range(len(prompts)))
    cache = None
    for step in range(max_tokens - min(map(len, prompts))):
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        reply = model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = reply.past_key_values
        log_probabilities = reply.logits[:, -1].float().log_softmax(dim=-1)[:, reply_ids]
        is_allowed = torch.tensor([_allowed(form, replies[i]) for i in active], device=device)
        best, chosen = log_probabilities.masked_fill(~is_allowed, -torch.inf).max(dim=-1)
        kept = []
        for row, (i, symbol, gain) in enumerate(
            zip(active, chosen.tolist(), best.tolist(), strict=True)
        ):
            totals[i] += gain
            replies[i].append(form.reply_ids[symbol])
            if not replies[i].is_complete and len(prompts[i]) + step + 1 < max_tokens:
                kept.append(row)
        if not kept:
            break
        rows = torch.tensor(kept, device=device)
        if len(kept) < len(active):
            cache.batch_select_indices(rows)
        active = [active[row] for row in kept]
        tokens = reply_ids[chosen[rows]][:, None]
        mask = torch.cat([mask[rows], torch.ones_like(tokens)], dim=1)
    return [Completion(r.grid(), total) for r, total in zip(replies, totals, strict=True)]


@torch.inference_mode()
def score_replies(model: nn.Module, prompt: Tokens, replies: Sequence[Tokens]) -> list[float]:
    """Returns the log-probability of each reply to one prompt, which is read only once."""
    device = next(model.parameters()).device
    *start, last = prompt
    cache = None
    if start:
        cache = model(
            input_ids=torch.tensor([start], device=device), use_cache=True, logits_to_keep=1
        ).past_key_values
        cache.batch_repeat_interleave(len(replies))
    length = max(map(len, replies))
    targets = torch.full((len(replies), length), PADDING)
    is_target = torch.zeros((len(replies), length), dtype=torch.bool)
    for i, reply in enumerate(replies):
        targets[i, : len(reply)] = torch.tensor(reply)
        is_target[i, : len(reply)] = True
    targets, is_target = targets.to(device), is_target.to(device)
    firsts = torch.full_like(targets[:, :1], last)
    # No mask: what follows a reply is padding, and no token looks ahead.
    logits = model(
        input_ids=torch.cat([firsts, targets[:, :-1]], dim=1), past_key_values=cache, use_cache=True
    ).logits.float()
    log_probabilities = logits.gather(-1, targets[..., None])[..., 0] - logits.logsumexp(dim=-1)
    totals = log_probabilities.double().masked_fill(~is_target, 0.0).sum(dim=1)
    return [float(total) for total in totals]


def _padded_left(prompts: Sequence[Tokens], device: torch.device) -> tuple[Tensor, Tensor]:
    length = max(map(len, prompts))
    tokens = torch.full((len(prompts), length), PADDING)
    mask = torch.zeros_like(tokens)
    for i, prompt in enumerate(prompts):
        tokens[i, length - len(prompt) :] = torch.tensor(prompt)
        mask[i, length - len(prompt) :] = 1
    return tokens.to(device), mask.to(device)


def _allowed(form: Format, reply: PartialReply) -> list[bool]:
    allowed = set(reply.allowed())
    return [token in allowed for token in form.reply_ids]
