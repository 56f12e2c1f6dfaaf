"""The grids in a text, in whatever notation they are written.

Bracketed notations are found wherever they stand. Notations without brackets are looked for in
whole lines, then from the middle of a line to its end, then anywhere, since a number in the text
reads like a grid of one cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from arc.errors import GridError
from arc.grid import Grid
from lm.causal.notation import COLOR_WORDS, DIGITS, NOTATIONS, Notation


@dataclass(frozen=True, slots=True)
class Spot:
    """A grid in a text.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        grid: The grid, or `None` for what begins as one and is none.
        fault: What is wrong with it then.
    """

    start: int
    end: int
    grid: Grid | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """A way to find grids.

    Attributes:
        notation: How they are written.
        place: Where they stand: `lines`, `ends` (of lines) or `anywhere`.
        what: The notation in words.
    """

    notation: Notation
    place: str
    what: str

    def spots(self, text: str, start: int) -> list[Spot]:
        """Returns what looks like a grid from a place of a text on, in order."""
        pattern = _pattern(self.notation, self.place)
        return [self._spot(found) for found in pattern.finditer(text, start)]

    def _spot(self, found: re.Match[str]) -> Spot:
        start, end = found.span()
        try:
            return Spot(start, end, self.notation.read(found[0]))
        except GridError as error:
            return Spot(start, end, None, str(error))


def searches() -> list[Search]:
    """Returns all ways to find grids, the least ambiguous first."""
    words = {
        "color words": COLOR_WORDS,
        "color words in capitals": tuple(word.upper() for word in COLOR_WORDS),
        "color words in small letters": tuple(word.lower() for word in COLOR_WORDS),
    }
    bracketed = {
        "arrays as numpy prints them": NOTATIONS["numpy"],
        "nested lists": NOTATIONS["nested"],
        "nested lists without spaces": Notation(DIGITS, ",", "],[", "[[", "]]"),
        "nested lists, a row a line": Notation(DIGITS, ", ", "],\n [", "[[", "]]"),
        "nested lists without spaces, a row a line": Notation(DIGITS, ",", "],\n[", "[[", "]]"),
        "rows in brackets, a row a line": Notation(DIGITS, ", ", "]\n[", "[", "]"),
    }
    bare = {what: Notation(cells, " ") for what, cells in words.items()}
    bare |= {
        "digits with spaces": Notation(DIGITS, " "),
        "digits with commas": Notation(DIGITS, ","),
        "digits with commas and spaces": Notation(DIGITS, ", "),
        "digits with bars": Notation(DIGITS, "|"),
        "digits without spaces": NOTATIONS["cells"],
    }
    found = [Search(notation, "anywhere", what) for what, notation in bracketed.items()]
    for place in ("lines", "ends", "anywhere"):
        found += [Search(notation, place, what) for what, notation in bare.items()]
    return found


@lru_cache(maxsize=64)
def _pattern(notation: Notation, place: str) -> re.Pattern[str]:
    row = notation.row_pattern
    text = f"{row}(?:{re.escape(notation.between_rows)}{row})*"
    if notation.open:
        return re.compile(re.escape(notation.open) + text + re.escape(notation.close))
    before, after = {
        "lines": (r"(?:(?<=\n)|(?<=\})|(?<![\s\S]))", r"(?=\n|\{|\Z)"),
        "ends": (r"(?<!\d)" if notation.cells == DIGITS else r"\b", r"(?=\n|\{|\Z)"),
        "anywhere": (r"(?<!\d)", r"(?!\d)") if notation.cells == DIGITS else (r"\b", r"\b"),
    }[place]
    return re.compile(before + text + after)
