"""What may come next in a reply that is to be a grid, over tokens.

A step adds a further cell, a cell in a new row, or the end, each with all the tokens that lead
there (a separator belongs to what follows it). Steps are walked through a trie, token by token.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

from arc.errors import ConfigError
from arc.grid import MAX_SIDE, Grid

Kind = Literal["first", "next", "row", "end"]


class Unit(NamedTuple):
    """What a step through a grid adds: a cell of some color in a row, or the end."""

    kind: Kind
    color: int = 0


Trie = dict[int, "Trie | Unit"]


class Grammar:
    """All replies that are grids, as steps over tokens."""

    def __init__(
        self,
        openings: Sequence[tuple[int, ...]],
        further: Sequence[tuple[int, ...]],
        rows: Sequence[tuple[int, ...]],
        end: tuple[int, ...],
    ) -> None:
        self._units: dict[Unit, tuple[int, ...]] = {Unit("end"): end}
        kinds: tuple[Kind, ...] = ("first", "next", "row")
        for kind, units in zip(kinds, (openings, further, rows), strict=True):
            self._units |= {Unit(kind, color): tokens for color, tokens in enumerate(units)}
        self.tokens = sorted({token for tokens in self._units.values() for token in tokens})
        self.steps = cache(self._steps)
        self.steps("first")  # both raise an error now rather than while decoding
        self.steps("next", "row", "end")

    def _steps(self, *kinds: str) -> Trie:
        """Returns the trie of the units of some kinds."""
        trie: Trie = {}
        for unit, tokens in self._units.items():
            if unit.kind not in kinds:
                continue
            node = trie
            for token in tokens[:-1]:
                below = node.setdefault(token, {})
                if isinstance(below, Unit):
                    raise self._ambiguous(below, unit)
                node = below
            if tokens[-1] in node:
                raise self._ambiguous(unit, unit)
            node[tokens[-1]] = unit
        return trie

    def _ambiguous(self, one: Unit, other: Unit) -> ConfigError:
        return ConfigError(
            f"template: the tokenizer writes {one.kind} cell {one.color} as the beginning of "
            f"{other.kind} cell {other.color}; choose another template or model"
        )


class PartialReply:
    """A reply on its way, and which tokens may come next in it.

    Any sequence of allowed tokens is the start of the reply tokens of some grid, and those of every
    grid can be built.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._node: Trie = grammar.steps("first")
        self._cells = bytearray()
        self._width = 0  # of the first row, once it is whole
        self.is_complete = False

    def copy(self) -> PartialReply:
        """Returns a reply that is as far and goes on apart."""
        other = PartialReply(self._grammar)
        other._node, other._width = self._node, self._width
        other._cells, other.is_complete = self._cells[:], self.is_complete
        return other

    def allowed(self) -> Sequence[int]:
        """Returns the tokens that may come next; none after the end."""
        return () if self.is_complete else list(self._node)

    def append(self, token: int) -> None:
        """Adds one token, which must be allowed."""
        below = self._node[token]
        if not isinstance(below, Unit):
            self._node = below
            return
        if below.kind == "end":
            self.is_complete = True
            self._width = self._width or len(self._cells)
            return
        if below.kind == "row":
            self._width = self._width or len(self._cells)
        self._cells.append(below.color)
        self._node = self._grammar.steps(*self._possible())

    def grid(self) -> Grid | None:
        """Returns the grid of a complete reply, `None` before that."""
        if not self.is_complete:
            return None
        return Grid(len(self._cells) // self._width, self._width, bytes(self._cells))

    def _possible(self) -> list[str]:
        n, width = len(self._cells), self._width
        if width and n % width:
            return ["next"]
        n_rows = n // width if width else 1
        kinds = ["row", "end"] if n_rows < MAX_SIDE else ["end"]
        return kinds if width or n == MAX_SIDE else ["next", *kinds]
