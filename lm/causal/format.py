"""Prompts, examples and replies as tokens: a template with a tokenizer's vocabulary."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from functools import cache

from arc.errors import ConfigError
from arc.grid import N_COLORS, Grid
from arc.task import Pair
from lm.causal.grammar import Grammar, PartialReply
from lm.causal.template import EOS, Template, messages_of
from lm.causal.vocabulary import Vocabulary
from lm.protocol import Example, Prompt

log = logging.getLogger(__name__)

_HOLE = "\ue000"
"""Stands for a grid while a chat template writes what is around it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of tokens.

    Attributes:
        tokens: The tokens.
        is_target: Whether training should make them likely, given what stands before them.
    """

    tokens: tuple[int, ...]
    is_target: bool = False


class Format:
    """How one model is spoken to."""

    def __init__(self, template: Template, vocabulary: Vocabulary) -> None:
        if template.reply != "grid":
            raise ConfigError(f"template {template.name}: replies are programs, not grids")
        self.template = template
        self._vocabulary = vocabulary
        self._texts = cache(self._written_texts)
        self._gap_tokens = cache(self._tokens_of_gap)
        self._openings = cache(self._tokens_of_openings)
        notation = template.notation
        cell = notation.open + notation.cells[0]
        self._next = [self._unit(notation.between_cells + c, cell) for c in notation.cells]
        self._rows = [self._unit(notation.between_rows + c, cell) for c in notation.cells]
        texts, self._reply_end = self._texts(0)
        if not notation.close + self._reply_end:
            raise ConfigError(f"{vocabulary.name}: nothing ends a reply in this chat template")
        self._lead = _lead(texts[-1])
        self._end = tuple(vocabulary.tokens(notation.close + self._reply_end, cell))
        self._grammar = Grammar(self._openings(self._lead), self._next, self._rows, self._end)
        self._check_cells()

    @property
    def reply_ids(self) -> list[int]:
        """The tokens that replies are made of, in order."""
        return self._grammar.tokens

    def start(self) -> PartialReply:
        """Returns a reply of which nothing is written yet."""
        return PartialReply(self._grammar)

    def tokens_of_prompt(self, prompt: Prompt) -> list[int]:
        """Returns the tokens to which the output is the reply."""
        return [t for s in self._prompt_segments(prompt, False) for t in s.tokens]

    def reply_tokens(self, grid: Grid) -> list[int]:
        """Returns the tokens of a reply, with its end."""
        return [*self._grid_tokens(grid, self._lead), *self._end]

    def segments(self, example: Example, demonstration_loss: bool) -> list[Segment]:
        """Returns the prompt, then the reply, which is a target.

        With `demonstration_loss` the demonstrations' outputs are targets too, but for the first: no
        model can know the rule before it has seen one. An output counts with the end of the
        notation, and with the reply's end where the demonstrations have that too.
        """
        before = self._prompt_segments(example.prompt, demonstration_loss)
        return [*before, Segment(tuple(self.reply_tokens(example.output)), is_target=True)]

    def every_token(self, n: int) -> list[int]:
        """Returns all tokens that prompts of at most n demonstrations, and replies, are made of."""
        found = {*self._vocabulary.start, *self._grammar.tokens}
        for k in range(n + 1):
            texts, _ = self._texts(k)
            for i, text in enumerate(texts):
                found.update(self._gap_tokens(text, i == 0)[0])
                found.update(token for unit in self._openings(_lead(text)) for token in unit)
        return sorted(found)

    def report(self) -> None:
        """Logs in what the tokens are not those a reader may expect."""
        longest = max(map(len, self._next))
        if longest > 1:
            log.warning(
                "%s: a cell takes up to %d tokens in template %s, so prompts are long",
                self._vocabulary.name,
                longest,
                self.template.name,
            )
        example = self.unnatural()
        if example is not None:
            log.info(
                "%s: the tokenizer itself would write %r otherwise; its tokens are put together "
                "cell by cell, in training and decoding alike",
                self._vocabulary.name,
                example,
            )

    def unnatural(self) -> str | None:
        """Returns a text that the tokenizer, left to itself, would turn into other tokens.

        None is found for most pairs of a template and a tokenizer; then a published checkpoint is
        spoken to in the very tokens it was trained with.
        """
        rng = random.Random(0)
        grids = [_random_grid(rng) for _ in range(10)]
        shown = tuple(Pair(*grids[i : i + 2]) for i in (0, 2, 4))
        for context, test, reply in ((shown, grids[6], grids[7]), ((), grids[8], grids[9])):
            prompt = Prompt(test, context)
            written = [*(g for p in context for g in (p.input, p.output)), test, reply]
            texts, end = self._texts(len(context))
            notation = self.template.notation
            pairs = zip([*texts, end], [*map(notation.write, written), ""], strict=True)
            text = "".join(a + b for a, b in pairs)
            ours = [*self.tokens_of_prompt(prompt), *self.reply_tokens(reply)]
            natural = [*self._start(texts[0]), *self._vocabulary.text_tokens(text)]
            if ours != natural:
                return notation.write(test)
        return None

    def _prompt_segments(self, prompt: Prompt, demonstration_loss: bool) -> list[Segment]:
        texts, _ = self._texts(len(prompt.context))
        tokens, _ = self._gap_tokens(texts[0], True)
        segments = [Segment((*self._start(texts[0]), *tokens))]
        grids = [grid for pair in prompt.context for grid in (pair.input, pair.output)]
        for i, grid in enumerate([*grids, prompt.input]):
            is_target = demonstration_loss and i % 2 == 1 and i > 1
            cells = self._grid_tokens(grid, _lead(texts[i]))
            gap, n_of_output = self._gap_tokens(texts[i + 1], False)
            end = n_of_output if i % 2 else 0
            segments += [
                Segment((*cells, *gap[:end]), is_target),
                Segment(tuple(gap[end:])),
            ]
        return segments

    def _written_texts(self, n: int) -> tuple[list[str], str]:
        """Returns what stands around the grids of a prompt, and what follows the reply."""
        template, vocabulary = self.template, self._vocabulary
        if not template.is_chat:
            texts = [text.replace(EOS, vocabulary.eos) for text in template.texts(n)]
            return texts, template.reply_end.replace(EOS, vocabulary.eos)
        asked = _HOLE.join(template.texts(n)) + _HOLE + template.reply_end
        *texts, end = vocabulary.chat(messages_of(asked), template.chat_options).split(_HOLE)
        if len(texts) != 2 * n + 2:
            raise ConfigError(f"{vocabulary.name}: the chat template leaves out part of a message")
        return texts, vocabulary.up_to_special(end)

    def _start(self, text: str) -> tuple[int, ...]:
        written_out = self.template.is_chat or self._vocabulary.has_start(text)
        return () if written_out else self._vocabulary.start

    def _tokens_of_gap(self, text: str, is_first: bool) -> tuple[list[int], int]:
        """Returns the tokens from one grid's last cell to the next one's opening.

        Also returns how many of them belong to the grid before, if that is an output. A last space
        is left to the next grid's opening, as tokenizers join it with what follows.
        """
        notation, vocabulary = self.template.notation, self._vocabulary
        body = text.removesuffix(_lead(text))
        cell = notation.open + notation.cells[0]
        after = _lead(text) + cell
        if is_first:
            return vocabulary.tokens(body, "", after), 0
        text = notation.close + body
        tokens = vocabulary.tokens(text, cell, after)
        own_text = notation.close
        if body.startswith(self._reply_end):
            own_text += self._reply_end
        own = vocabulary.tokens(own_text, cell, text.removeprefix(own_text))
        n = next((k for k, (a, b) in enumerate(zip(own, tokens, strict=False)) if a != b), len(own))
        # A token that joins the output's end with what follows belongs to the output.
        return tokens, n + (n < len(own))

    def _tokens_of_openings(self, lead: str) -> list[tuple[int, ...]]:
        notation = self.template.notation
        before = next((t for t in reversed(self._texts(0)[0]) if _lead(t) == lead), "")
        before = before.removesuffix(lead) or "\n"
        return [self._unit(lead + notation.open + cell, before) for cell in notation.cells]

    def _unit(self, text: str, before: str) -> tuple[int, ...]:
        return tuple(self._vocabulary.tokens(text, before))

    def _grid_tokens(self, grid: Grid, lead: str) -> list[int]:
        openings = self._openings(lead)
        tokens: list[int] = []
        for i, color in enumerate(grid.cells):
            units = openings if i == 0 else self._next if i % grid.width else self._rows
            tokens += units[color]
        return tokens

    def _check_cells(self) -> None:
        if not self.template.notation.between_cells and max(map(len, self._next)) > 1:
            raise ConfigError(
                f"{self._vocabulary.name}: the tokenizer has no token of its own for each cell, "
                f"and template {self.template.name} needs that; choose another template or model"
            )


def _lead(text: str) -> str:
    """Returns the last space of a text, which the grid after it takes over."""
    return " " if text.endswith(" ") else ""


def _random_grid(rng: random.Random) -> Grid:
    height, width = rng.randint(1, 9), rng.randint(1, 9)
    return Grid(height, width, bytes(rng.randrange(N_COLORS) for _ in range(height * width)))
