"""Depth-first search for every reply above a probability, through one key-value cache.

The greedy reply is followed first, for all prompts in one batch. Whatever else was likely enough
at one of its tokens starts a branch: the cache is cut back to that token, and the branch is read
together with what followed in the last complete reply, since a reply that differs in one cell
mostly goes on as the other did. So a branch takes one pass, not one a token. The search is that of
the "product of experts" paper (arXiv 2505.07859).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from arc.grid import Grid
from lm.causal.cache import Reader, Tokens, open_texts
from lm.causal.decoding import Choices, Trace, follow, likeliest
from lm.causal.format import Format
from lm.causal.grammar import PartialReply
from lm.meter import count
from lm.protocol import Completion, DepthFirst


@torch.inference_mode()
def search_batch(
    model: nn.Module,
    form: Format,
    prompts: Sequence[Tokens],
    max_tokens: int,
    search: DepthFirst,
) -> list[list[Completion]]:
    """Returns the grids likely enough as replies to each prompt, likeliest first.

    A prompt and reply that would take more than `max_tokens` give no grid.
    """
    among = Choices(form)
    reader, logits = open_texts(model, prompts)
    traces = follow(reader, logits, among, likeliest, max_tokens, keep_rows=True)
    found = []
    for row, (prompt, trace) in enumerate(zip(prompts, traces, strict=True)):
        room = max_tokens - len(prompt)
        found.append(_Search(reader.row(row), among, trace, search, room).run())
    return found


class _Search:
    """The search for replies to one prompt."""

    def __init__(
        self, reader: Reader, among: Choices, greedy: Trace, search: DepthFirst, room: int
    ) -> None:
        """The reader holds the prompt and the greedy reply but for its last token."""
        self._reader = reader
        self._among = among
        self._search = search
        self._room = room
        self._floor = math.log(search.threshold)
        self._n_left = search.max_tokens
        self._greedy = greedy
        self._guide = greedy.columns
        self._held = greedy.columns[:-1]
        self._stack: list[tuple[list[int], float]] = []
        self._found: list[Completion] = []
        self._first = [greedy.completion] if greedy.state.is_complete else []
        self._n_others = search.max_completions - len(self._first)

    def run(self) -> list[Completion]:
        """Returns the replies, likeliest first."""
        if self._n_others:
            self._walk([], 0.0, self._greedy.columns, self._greedy.choices, is_greedy=True)
        while self._stack and self._n_left > 0:
            prefix, total = self._stack.pop()
            if total >= self._floor:
                self._branch(prefix, total)
        return sorted(self._first + self._found, key=_rank)

    def _branch(self, prefix: list[int], total: float) -> None:
        """Reads a prefix whose last token is new, with a guess at what follows it."""
        *shared, new = prefix
        assert self._held[: len(shared)] == shared, "a branch of something else"
        self._reader.crop(len(self._held) - len(shared))
        guess = self._guess(prefix)
        read = [new, *guess]
        count(written=len(read))
        logits = self._reader.read([[self._among.tokens[c] for c in read]], every=True)[0]
        self._n_left -= len(read)
        self._held = [*shared, *read]
        self._walk(prefix, total, guess, self._among.log_probabilities(logits).tolist())

    def _guess(self, prefix: list[int]) -> list[int]:
        """Returns how the last complete reply goes on from here, as far as this one can."""
        reply = self._reply(prefix)
        guess: list[int] = []
        for column in self._guide[len(prefix) : self._room - 1]:
            if column not in self._among.allowed(reply):
                break
            self._among.append(reply, column)
            if reply.is_complete:
                break
            guess.append(column)
        return guess

    def _walk(
        self,
        prefix: list[int],
        total: float,
        path: Sequence[int],
        choices: Sequence[Sequence[float]],
        *,
        is_greedy: bool = False,
    ) -> None:
        """Goes along a path, noting what else was likely enough before each of its tokens.

        `choices` are the log-probabilities before each token of the path, and, where there is one
        more, after it.
        """
        reply = self._reply(prefix)
        columns = list(prefix)
        for step, gains in enumerate(choices):
            followed = path[step] if step < len(path) else None
            # The likeliest last, so that it is the first to be taken up.
            for column in sorted(self._among.allowed(reply), key=lambda column: gains[column]):
                if column != followed and total + gains[column] >= self._floor:
                    self._note([*columns, column], total + gains[column])
            if followed is None:
                return
            total += gains[followed]
            if total < self._floor and not is_greedy:
                return
            self._among.append(reply, followed)
            columns.append(followed)

    def _note(self, columns: list[int], total: float) -> None:
        """Keeps a complete reply, or a prefix to go on from."""
        reply = self._reply(columns)
        if not reply.is_complete:
            if len(columns) < self._room:
                self._stack.append((columns, total))
            return
        self._guide = columns
        self._found.append(Completion(reply.grid(), total))
        if len(self._found) >= self._n_others:
            self._found.sort(key=_rank)
            del self._found[self._n_others :]
            # From now on a reply must be likelier than the least of those kept.
            self._floor = max(self._floor, self._found[-1].log_probability)

    def _reply(self, columns: Sequence[int]) -> PartialReply:
        reply = self._among.start()
        for column in columns:
            self._among.append(reply, column)
        return reply


def _rank(completion: Completion) -> tuple[float, Grid]:
    assert completion.grid is not None
    return -completion.log_probability, completion.grid
