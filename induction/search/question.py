"""Questions: what a learned rule may ask about a cell, as text and as columns of truth values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.cellwise import Property
from induction.library.image import Image

MAX_VALUES = 12
"""A property with more different values than this is asked about by order alone."""

OBJECT_KINDS = ("four", "eight", "mixed")
DIRECTIONS = ("up", "down", "left", "right", "up_left", "up_right", "down_left", "down_right")


@dataclass(frozen=True, slots=True, eq=False)
class Trait:
    """A property of cells, as the learner knows it.

    Attributes:
        text: The expression as Python; `base` is the image.
        function: The same as a callable.
        cost: Description length.
        group: Which properties it is tried together with.
        is_color: Whether its values are colors, so that it may also be copied.
    """

    text: str
    function: Callable[[Image], Property]
    cost: float
    group: str
    is_color: bool = False


def _trait(group: str, cost: float, name: str, *arguments: Any, is_color: bool = False) -> Trait:
    primitive: Callable[..., Property] = getattr(library, name)
    text = f"{name}({', '.join(['base', *map(repr, arguments)])})"
    return Trait(text, lambda picture: primitive(picture, *arguments), cost, group, is_color)


def traits(colors: Sequence[int]) -> list[Trait]:
    """Returns the properties for a task in whose inputs these colors occur."""
    found = [_trait("color", 0, "color_of", is_color=True)]
    for rows, columns in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)):
        cost = 0.5 if 0 in (rows, columns) else 1
        found.append(_trait("local", cost, "neighbor", rows, columns, is_color=True))
    for diagonal in (False, True):
        found.append(_trait("local", 0.5, "count_alike", diagonal))
        found.append(_trait("local", 0.5, "count_colored", diagonal))
        for color in colors:
            found.append(_trait("local", 0.5, "count_near", color, diagonal))
    for side in (2, 3):
        found += [_trait("local", 1.5, "square_here", color, side) for color in colors]
    found += _object_traits()
    found += _ray_traits(colors)
    found += _place_traits()
    found += _line_traits(colors)
    return found


def _object_traits() -> list[Trait]:
    found = []
    for kind in OBJECT_KINDS:
        for name in ("object_size", "object_rank", "object_rank_ascending", "object_touches_edge"):
            found.append(_trait("object", 0.5, name, kind))
        for name in (
            "object_height", "object_width", "object_elongation", "object_is_rectangle",
            "object_holes", "object_is_symmetric", "object_twins", "depth_in_object",
        ):  # fmt: skip
            found.append(_trait("object", 1, name, kind))
        for by_row in (True, False):
            found.append(_trait("object", 1, "object_order", kind, by_row))
        for name in ("row_in_object", "column_in_object"):
            found.append(_trait("object", 1.5, name, kind))
        found.append(_trait("object", 1, "touching_color", kind, is_color=True))
        found.append(_trait("object", 1, "object_color_twins", kind))
        found.append(_trait("object", 1.5, "object_row_in_image", kind))
    for direction in ("up", "down", "left", "right"):
        found.append(_trait("object", 1.5, "object_sees", "eight", direction, is_color=True))
    found.append(_trait("object", 1, "object_colors", "mixed"))
    found.append(_trait("object", 1, "object_major_color", "mixed", is_color=True))
    found.append(_trait("object", 1, "object_minor_color", "mixed", is_color=True))
    return found


def _ray_traits(colors: Sequence[int]) -> list[Trait]:
    found = []
    for direction in DIRECTIONS:
        cost = 0.5 if "_" not in direction else 1
        found.append(_trait("ray", cost, "ray", direction, is_color=True))
        found.append(_trait("ray", cost + 0.5, "past_edge", direction, is_color=True))
    for direction in ("left", "up", "up_left", "up_right"):
        found.append(_trait("ray", 0.5, "ray_pair", direction, is_color=True))
    found.append(_trait("ray", 0.5, "nearest_other", is_color=True))
    found += [_trait("ray", 0.5, "is_enclosed", diagonal) for diagonal in (False, True)]
    found += [_trait("ray", 1, "is_enclosed_by", color) for color in colors if color]
    return found


def _place_traits() -> list[Trait]:
    found = []
    for name in ("from_top", "from_bottom", "from_left", "from_right", "from_edge"):
        found.append(_trait("place", 1, name))
    found += [_trait("place", 0.5, name) for name in ("row_side", "column_side")]
    for period in (2, 3):
        for name in ("row_phase", "column_phase", "diagonal_phase"):
            found.append(_trait("place", 0.5 if period == 2 else 1, name, period))
    found.append(_trait("place", 1, "diagonal_offset"))
    found.append(_trait("place", 1, "other_diagonal_offset"))
    for axis in ("rows", "columns", "both"):
        found.append(_trait("place", 0.5, "mirrored_color", axis, is_color=True))
    return found


def _line_traits(colors: Sequence[int]) -> list[Trait]:
    found = []
    for name in ("row_count", "column_count", "row_is_uniform", "column_is_uniform", "color_rank"):
        found.append(_trait("line", 0.5, name))
    for last in (False, True):
        found.append(_trait("line", 0.5, "row_end", last, is_color=True))
        found.append(_trait("line", 0.5, "column_end", last, is_color=True))
    for color in colors:
        found.append(_trait("line", 0.5, "row_has", color))
        found.append(_trait("line", 0.5, "column_has", color))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A property with its values on all cells of the task, demonstrations first."""

    text: str
    cost: float
    group: str
    is_color: bool
    values: NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Whether a property of the cell has a value, or at most that value."""

    subject: Measured
    sign: str
    value: int
    truths: NDArray[np.bool_]

    @property
    def text(self) -> str:
        """The question as Python."""
        return f"{self.subject.text} {self.sign} {self.value}"

    @property
    def cost(self) -> float:
        """Description length."""
        return self.subject.cost


def questions(subjects: Sequence[Measured], n_shown: int) -> list[Question]:
    """Returns the questions that divide the cells of the demonstrations, the first `n_shown`."""
    found: list[Question] = []
    known: set[bytes] = set()
    for subject in sorted(subjects, key=lambda s: s.cost):
        shown = np.unique(subject.values[:n_shown]).tolist()
        options = []
        if len(shown) <= MAX_VALUES or subject.is_color:
            options += [("==", v) for v in shown]
        if not subject.is_color and len(shown) > 2:
            cuts = shown[:-1]
            step = max(1, len(cuts) // MAX_VALUES)
            options += [("<=", v) for v in cuts[::step]]
        for sign, value in options:
            truths = subject.values == value if sign == "==" else subject.values <= value
            n_true = int(truths[:n_shown].sum())
            key = np.packbits(truths).tobytes()
            if 0 < n_true < n_shown and key not in known:
                known.add(key)
                known.add(np.packbits(~truths).tobytes())
                found.append(Question(subject, sign, value, truths))
    return found
