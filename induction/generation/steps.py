"""Steps: what may come next in a program, drawn at random with its constants.

A family is drawn first, then one of its members, so that what comes in many variants (directions,
colors) is not drawn more often for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from induction.generation.program import GRID, Step, UndefinedError
from induction.library.image import Image
from induction.search.covering.items import CUTS, item_features
from induction.search.covering.shapes import COPIES, shapes
from induction.search.operation import Kind, Operation, Value
from induction.search.question import traits
from induction.search.vocabulary import operations

Values = Sequence[Mapping[str, Value]]
"""The values of all names so far, one mapping an input."""

KEPT, ERASED = 11, 10
"""What the color of a drawing may be besides a color: its own colors, blank."""

OPERATION, RECOLORED, DRAWN, RULED = "operation", "recolored", "drawn", "ruled"

_FAMILIES = {OPERATION: 0.5, RECOLORED: 0.08, DRAWN: 0.27, RULED: 0.15}

_SELDOM = {
    "cell_count_bar": 0.2, "component_count_bar": 0.2, "component_count_diagonal": 0.2,
    "color_count_square": 0.2, "color_histogram": 0.3, "color_by_frequency": 0.3,
    "repaired": 0.3, "repaired_part": 0.3, "smoothed": 0.3, "majority": 0.3, "windows": 0.2,
    "shift": 0.5, "move": 0.5, "centered": 0.5, "first_square": 0.3, "last_square": 0.3,
    "separator_lines": 0.3, "outer_color": 0.3, "largest_blank_rectangle": 0.5,
    "paint_measure": 0.5, "reverse": 0.3,
    "pick_most": 4, "pick_least": 4, "pick_unique": 3, "overlay_all": 2, "components": 3,
    "mono_components": 3, "panels": 2, "crop": 2, "tile": 2, "upscale": 2, "extend": 2,
    "halves": 2, "common_cells": 2, "exclusive_cells": 2,
}  # fmt: skip
"""How often an operation is drawn, where not as often as others."""

_MIRRORS = ("flip_rows", "flip_columns", "transpose", "anti_transpose", "rotate_90", "rotate_180")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the next step is drawn from.

    Attributes:
        rng: The chance.
        values: What names stand for.
        colors: The colors of most inputs, 0 aside.
        argument: The name to go on from.
        kind: What it stands for.
        index: How many steps there are.
    """

    rng: random.Random
    values: Values
    colors: tuple[int, ...]
    argument: str
    kind: Kind
    index: int

    @property
    def name(self) -> str:
        """The next step's name."""
        return f"v{self.index + 1}"

    @property
    def is_at_origin(self) -> bool:
        """Whether the argument's upper left cell is that of the input, for all inputs."""
        images = (values[self.argument] for values in self.values)
        return all(isinstance(i, Image) and (i.row, i.column) == (0, 0) for i in images)

    @property
    def any_color(self) -> int:
        """A color, not 0, more often than not one of the inputs'."""
        if self.colors and self.rng.random() < 0.4:
            return self.rng.choice(self.colors)
        return self.rng.randrange(1, 10)


def next_steps(scope: Scope, is_last: bool) -> list[Step]:
    """Returns the lines of a random next operation, the last of which is its value.

    Args:
        scope: What there is.
        is_last: Whether the value must be an image.
    """
    if scope.kind == "images":
        return [_operation(scope, is_last)]
    family = scope.rng.choices(list(_FAMILIES), list(_FAMILIES.values()))[0]
    if family == DRAWN and not scope.is_at_origin:
        family = OPERATION  # drawings are placed in the frame of the input
    made: Mapping[str, Callable[[Scope], list[Step]]] = {
        RECOLORED: _recolored,
        DRAWN: _drawn,
        RULED: _ruled,
    }
    return [_operation(scope, is_last)] if family == OPERATION else made[family](scope)


def joining_step(scope: Scope, other: str) -> Step:
    """Returns a step that joins two images."""
    one = scope.argument
    texts = {
        f"overlay({one}, {other})": 4,
        f"overlay({other}, {one})": 4,
        f"masked({one}, {other})": 2,
        f"unmasked({one}, {other})": 2,
        f"common_cells(({one}, {other}))": 1,
        f"exclusive_cells(({one}, {other}))": 2,
        f"beside({one}, {other})": 0.3,
        f"below({one}, {other})": 0.3,
        f"place({one}, {other})": 1,
    }
    text = scope.rng.choices(list(texts), list(texts.values()))[0]
    return Step(scope.name, text, "image", (one, other))


@lru_cache(maxsize=64)
def _by_name(colors: tuple[int, ...], takes: Kind, is_last: bool) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for operation in operations((0, *colors), has_canvas=True):
        if operation.takes == takes and not (is_last and operation.gives == "images"):
            name = operation.text.split("(")[0]
            found.setdefault("mirror" if name in _MIRRORS else name, []).append(operation)
    return found


def _operation(scope: Scope, is_last: bool) -> Step:
    by_name = _by_name(scope.colors, scope.kind, is_last)
    weights = [_SELDOM.get(name, 1.0) for name in by_name]
    name = scope.rng.choices(list(by_name), weights)[0]
    chosen = scope.rng.choice(by_name[name])
    text = chosen.text.replace("canvas", f"blank_like({GRID})").replace("{0}", scope.argument)
    uses = (scope.argument, GRID) if f"{GRID})" in text or f"({GRID}" in text else (scope.argument,)
    return Step(scope.name, text, chosen.gives, uses)


def _recolored(scope: Scope) -> list[Step]:
    rng, argument = scope.rng, scope.argument
    present = scope.colors or (scope.any_color,)
    mapping = {rng.choice(present): rng.randrange(10)}
    if len(present) > 1 and rng.random() < 0.4:
        mapping |= dict.fromkeys(rng.sample(present, 2), scope.any_color)
    text = rng.choice((
        f"map_colors({argument}, {mapping})",
        f"paint({argument}, {scope.any_color})",
        f"fill_blank({argument}, {scope.any_color})",
        f"overlay({GRID}, paint({argument}, {scope.any_color}))",
    ))  # fmt: skip
    return [Step(scope.name, text, "image", (argument, GRID) if GRID in text else (argument,))]


def _drawn(scope: Scope) -> list[Step]:
    """Draws around some of the items of an image, in a color that depends on the item."""
    rng, base = scope.rng, scope.argument
    weights = [5, 4, 4, 2, 1, 2, 1, 1, 1, 1]
    cut = rng.choices([text for text, _, _ in CUTS], weights)[0]
    items = Step("items" + scope.name[1:], _of(cut, base), "images", (base,), is_operation=False)
    by_name: dict[str, list[str]] = {}
    for text, suits in _drawings(scope.colors, cut):
        if suits:
            by_name.setdefault(text.split("(")[0], []).append(text)
    name = rng.choice(list(by_name))
    drawing = _of(rng.choice(by_name[name]), base, items.name)
    is_copy = name in COPIES
    is_over = name in ("own_cells", "dotted", "half") or rng.random() < 0.25
    opening = f"draw({base}, {base}, {items.name}, lambda item: {drawing}"
    line, *simpler = (
        f"{opening}, lambda item: {color}, {is_over})"
        for color in _color_of_item(scope, items, is_copy, is_over)
    )
    return [items, Step(scope.name, line, "image", (base, items.name), simpler=tuple(simpler))]


@lru_cache(maxsize=64)
def _drawings(colors: tuple[int, ...], cut: str) -> list[tuple[str, bool]]:
    are_cells = cut.startswith("cells")
    are_colored = not cut.startswith(("blank", "panels"))
    return [(shape.text, shape.suits(are_cells, are_colored)) for shape in shapes(colors)]


def _color_of_item(scope: Scope, items: Step, is_copy: bool, is_over: bool) -> list[str]:
    """Returns an expression for an item's color, then its parts, if it asks a question."""
    rng = scope.rng

    def leaf() -> str:
        if is_over and rng.random() < 0.15:
            return str(ERASED)
        if rng.random() < (0.75 if is_copy else 0.35):
            return str(KEPT)
        return str(scope.any_color)

    if rng.random() < 0.45:
        return [leaf()]
    features = [(_of(f[0], scope.argument, items.name), f[3]) for f in item_features()]
    text, is_color = rng.choice(features)
    if is_color and rng.random() < 0.5:
        return [text]
    seen = _seen_in_items(scope, items, text)
    if len(seen) < 2:
        return [leaf()]
    question = _question(rng, text, seen, is_color)
    one, other = leaf(), rng.choice(("0", "0", "0", leaf()))
    return [one] if one == other else [f"where({question}, {one}, {other})", one, other]


def _seen_in_items(scope: Scope, items: Step, text: str) -> list[int]:
    """Returns what a feature is of items of the first inputs."""
    found: list[int] = []
    probe = Step("", f"[{text} for item in {items.name}]", "images", ())
    for values in scope.values[:4]:
        try:
            listed = items.value(values)
            found += map(int, probe.plain_value({**values, items.name: listed}))
        except UndefinedError:
            continue
    return sorted(found)


def _question(rng: random.Random, text: str, seen: Sequence[int], is_color: bool) -> str:
    """Returns a question about a feature that some of the values seen answer differently."""
    values = sorted(set(seen))
    if text.startswith("rank"):
        return f"{text} == 0"
    if len(values) > 2 and not is_color and rng.random() < 0.5:
        return f"{text} <= {rng.choice(values[:-1])}"
    return f"{text} == {rng.choice(values)}"


def _ruled(scope: Scope) -> list[Step]:
    """Gives the cells of an image that a question is true of another color."""
    rng, base = scope.rng, scope.argument
    by_group: dict[str, list[str]] = {}
    of_colors = []
    for trait in traits(scope.colors):
        text = re.sub(r"\bbase\b", base, trait.text)
        by_group.setdefault(trait.group, []).append(text)
        if trait.is_color:
            of_colors.append(text)
    groups = {"color": 0, "local": 3, "object": 4, "ray": 3, "place": 2, "line": 2}
    group = rng.choices(list(by_group), [groups[g] for g in by_group])[0]
    text = rng.choice(by_group[group])
    seen = _seen_in_cells(scope, text)
    asked = [f"({_question(rng, text, seen, text in of_colors)})"] if len(set(seen)) > 1 else []
    if rng.random() < 0.7 or not asked:
        own = rng.choice([0, 0, 0, *scope.colors])
        sign = "!=" if own == 0 and rng.random() < 0.4 else "=="
        asked.insert(0, f"(color_of({base}) {sign} {own})")
    color = rng.choice(of_colors) if rng.random() < 0.3 else str(rng.choice((scope.any_color, 0)))
    line, *simpler = (
        f"{base}.with_cells(where({question}, {color}, color_of({base})))"
        for question in (" & ".join(asked), *(asked if len(asked) > 1 else ()))
    )
    return [Step(scope.name, line, "image", (base,), simpler=tuple(simpler))]


def _seen_in_cells(scope: Scope, text: str) -> list[int]:
    found: list[int] = []
    probe = Step("", text, "image", ())
    for values in scope.values[:4]:
        try:
            found += np.unique(np.asarray(probe.plain_value(values))).tolist()
        except UndefinedError:
            continue
    return found


def _of(text: str, base: str, items: str = "") -> str:
    """Returns an expression about `grid` and `items` as one about other names."""
    about = re.sub(rf"\b{GRID}\b", base, text)
    return re.sub(r"\bitems\b", items, about) if items else about


def colors_of(grids: Sequence[Image]) -> tuple[int, ...]:
    """Returns the colors, 0 aside, that most of the grids have."""
    n_with = sum((np.bincount(np.unique(g.cells), minlength=10) for g in grids), np.zeros(10, int))
    return tuple(c for c in range(1, 10) if n_with[c] > len(grids) / 2)
