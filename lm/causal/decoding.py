"""Replies to prompts: greedy, drawn by chance, or given and scored.

All count a reply's log-probability under the softmax over the whole vocabulary, as training does:
when the grammar of grids leaves a single token, it still costs what the model thinks of it, and a
reply that the model had to be forced into ranks low.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lm.causal.cache import Reader, Tokens, open_texts
from lm.causal.format import Format
from lm.causal.grammar import PartialReply
from lm.meter import count
from lm.protocol import Completion, Sampling


class Choices:
    """What may come next in a reply, as columns: places in the list of all tokens of replies."""

    def __init__(self, form: Format) -> None:
        self.tokens: list[int] = form.reply_ids
        self._columns = {token: column for column, token in enumerate(self.tokens)}
        self._form = form

    def start(self) -> PartialReply:
        """Returns an empty reply."""
        return self._form.start()

    def allowed(self, reply: PartialReply) -> list[int]:
        """Returns the columns that may come next."""
        return [self._columns[token] for token in reply.allowed()]

    def append(self, reply: PartialReply, column: int) -> None:
        """Adds what a column stands for, which must be allowed."""
        reply.append(self.tokens[column])

    def mask(self, replies: Sequence[PartialReply], device: torch.device) -> Tensor:
        """Returns which columns may come next in each reply, (replies, columns)."""
        mask = torch.zeros(len(replies), len(self.tokens), dtype=torch.bool)
        for i, reply in enumerate(replies):
            mask[i, self.allowed(reply)] = True
        return mask.to(device)

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Returns those of the columns, (..., columns), among the whole vocabulary."""
        logits = logits.float()
        return logits[..., self.tokens] - logits.logsumexp(dim=-1, keepdim=True)


@dataclass(frozen=True, slots=True)
class Trace:
    """A reply with what else there was to choose at each of its tokens.

    Attributes:
        state: The reply.
        columns: The tokens.
        choices: The log-probabilities of all columns before each of them.
    """

    state: PartialReply
    columns: list[int] = field(default_factory=list)
    choices: list[list[float]] = field(default_factory=list)

    @property
    def completion(self) -> Completion:
        """The reply as a grid, with its log-probability."""
        total = sum(row[column] for row, column in zip(self.choices, self.columns, strict=True))
        return Completion(self.state.grid(), total)


Choose = Callable[[Tensor, Sequence[int]], Tensor]
"""Takes masked log-probabilities (rows, columns) and the indices of the rows; returns columns."""


@torch.inference_mode()
def generate_batch(
    model: nn.Module, form: Format, prompts: Sequence[Tokens], max_tokens: int
) -> list[Completion]:
    """Returns the reply to each prompt, chosen greedily among the tokens a grid allows.

    A prompt and reply that would take more than `max_tokens` give no grid.
    """
    reader, logits = open_texts(model, prompts)
    traces = follow(reader, logits, Choices(form), likeliest, max_tokens)
    return [trace.completion for trace in traces]


@torch.inference_mode()
def sample_batch(
    model: nn.Module,
    form: Format,
    prompts: Sequence[Tokens],
    max_tokens: int,
    sampling: Sampling,
    names: Sequence[str],
) -> list[Completion]:
    """Returns a reply to each prompt, drawn among the tokens a grid allows.

    `names` tell replies to one prompt apart; with the seed they are all that chance depends on, so
    that what else is in the batch has no part in it.
    """
    streams = [random.Random(f"{sampling.seed}:{name}") for name in names]

    def draw(log_probabilities: Tensor, rows: Sequence[int]) -> Tensor:
        levels = (log_probabilities / sampling.temperature).softmax(dim=-1).cumsum(dim=-1)
        points = torch.tensor([[streams[row].random()] for row in rows], device=levels.device)
        above = levels > points * levels[:, -1:]
        return above.int().argmax(dim=-1)

    reader, logits = open_texts(model, prompts)
    traces = follow(reader, logits, Choices(form), draw, max_tokens)
    return [trace.completion for trace in traces]


def follow(
    reader: Reader,
    logits: Tensor,
    among: Choices,
    choose: Choose,
    max_tokens: int,
    *,
    keep_rows: bool = False,
) -> list[Trace]:
    """Returns a reply to each text that was read, token by token.

    Complete replies leave the reader unless `keep_rows`; then those who wait read padding.
    """
    traces = [Trace(among.start()) for _ in reader.lengths]
    room = [max_tokens - length for length in reader.lengths]
    active = list(range(len(traces)))
    while active:
        count(written=len(active))
        states = [traces[i].state for i in active]
        found = among.log_probabilities(logits)
        masked = found.masked_fill(~among.mask(states, logits.device), -torch.inf)
        chosen = choose(masked, active).tolist()
        for i, column, row in zip(active, chosen, found.tolist(), strict=True):
            among.append(traces[i].state, column)
            traces[i].columns.append(column)
            traces[i].choices.append(row)
        kept = [
            place
            for place, i in enumerate(active)
            if not traces[i].state.is_complete and len(traces[i].columns) < room[i]
        ]
        active = [active[place] for place in kept]
        if not active:
            break
        texts: list[list[int]] = [[] for _ in (traces if keep_rows else active)]
        for place, i in enumerate(active):
            texts[i if keep_rows else place] = [among.tokens[traces[i].columns[-1]]]
        if keep_rows:
            logits = reader.read(texts)[active]
        else:
            reader.select(kept)
            logits = reader.read(texts)
    return traces


@torch.inference_mode()
def score_batch(
    model: nn.Module, prompts: Sequence[Tokens], replies: Sequence[Tokens]
) -> list[float]:
    """Returns the log-probability of each reply to its prompt.

    A prompt that stands there several times is read once.
    """
    distinct = list(dict.fromkeys(tuple(prompt) for prompt in prompts))
    count(read=sum(map(len, replies)))
    place = {prompt: i for i, prompt in enumerate(distinct)}
    reader, logits = open_texts(model, distinct)
    rows = [place[tuple(prompt)] for prompt in prompts]
    reader.select(rows)
    first = logits[rows][:, None]
    if max(map(len, replies)) > 1:
        # The last token of a reply is not read: nothing is asked about what follows it.
        later = reader.read([reply[:-1] for reply in replies], every=True)
    else:
        later = first[:, :0]
    totals = []
    for i, reply in enumerate(replies):
        n = len(reply) - 1
        own = torch.cat([first[i], later[i, later.shape[1] - n :]]).float()
        targets = torch.tensor(reply, device=own.device)
        of_tokens = own.gather(1, targets[:, None])[:, 0] - own.logsumexp(dim=1)
        totals.append(float(of_tokens.double().sum()))
    return totals


def likeliest(log_probabilities: Tensor, rows: Sequence[int]) -> Tensor:
    """Returns the column that greedy decoding takes in each row."""
    return log_probabilities.argmax(dim=-1)
