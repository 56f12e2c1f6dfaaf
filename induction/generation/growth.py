"""Growth: random programs, step by step, each step tried on the inputs before the next is drawn."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from induction.generation.program import GRID, Program, Step, UndefinedError
from induction.generation.steps import Scope, Values, colors_of, joining_step, next_steps
from induction.library.image import Image
from induction.search.operation import Kind, Value

TRIES = 14
"""How many steps are drawn before a program that none fits is given up."""

LEAST_DEFINED = 0.7
"""Share of the inputs that every step must be defined on."""

MOST_ALIKE = 0.4
"""Share of the inputs on which a step may give what an earlier one does, or something blank."""

LENGTHS = (0.1, 0.42, 0.34, 0.14)
"""How often programs have one, two, three and four operations."""

ON, BACK, JOIN = "on", "back", "join"

_PLANS: Mapping[int, Sequence[tuple[str, ...]]] = {
    1: ((ON,),),
    2: ((ON, ON),),
    3: ((ON, ON, ON), (ON, ON, ON), (ON, BACK, JOIN)),
    4: ((ON, ON, ON, ON), (ON, ON, BACK, JOIN), (ON, BACK, JOIN, ON), (ON, BACK, ON, JOIN)),
}
"""Shapes of programs: a step goes on from the last one, back to the input, or joins the two."""


def grown_program(
    rng: random.Random, inputs: Sequence[Image], lengths: Sequence[float] = LENGTHS
) -> Program | None:
    """Returns a random program that most of the inputs have an output under, or `None`.

    `lengths` are weights of programs with one operation, two, and so on.
    """
    length = rng.choices(range(1, len(lengths) + 1), lengths)[0]
    plan = rng.choice(_PLANS[length])
    colors = colors_of(inputs)
    steps: list[Step] = []
    values: Values = [{GRID: grid} for grid in inputs]
    argument, other = GRID, ""
    kind: Kind = "image"
    for at, way in enumerate(plan):
        must_be_image = at == len(plan) - 1 or plan[at + 1] in (BACK, JOIN)
        if way == BACK:
            argument, kind, other = GRID, "image", argument
        for _ in range(TRIES):
            scope = Scope(rng, values, colors, argument, kind, len(steps))
            lines = (
                [joining_step(scope, other)] if way == JOIN else next_steps(scope, must_be_image)
            )
            tried = _tried(values, lines, int(LEAST_DEFINED * len(inputs)))
            if tried is not None:
                break
        else:
            return None
        steps += lines
        values, argument, kind = tried, lines[-1].name, lines[-1].kind
    return Program(tuple(steps))


def _tried(values: Values, lines: Sequence[Step], least: int) -> Values | None:
    """Returns the values with those of new steps where defined, or `None` if that is too seldom."""
    found = []
    allowed = len(values) - least
    for known in values:
        new = dict(known)
        try:
            for line in lines:
                new[line.name] = line.value(new)
        except UndefinedError:
            allowed -= 1
            if allowed < 0:
                return None
            continue
        found.append(new)
    return found if found and _is_new(found, lines[-1].name) else None


def _is_new(values: Sequence[Mapping[str, Value]], name: str) -> bool:
    """Whether a value mostly differs from earlier ones and shows something."""
    limit = MOST_ALIKE * len(values)
    if sum(_is_poor(of_input[name]) for of_input in values) > limit:
        return False
    return all(
        sum(_looks(of_input[other]) == _looks(of_input[name]) for of_input in values) <= limit
        for other in values[0]
        if other != name
    )


def _is_poor(value: Value) -> bool:
    return not value.cells.any() if isinstance(value, Image) else len(value) < 2


def _looks(value: Value) -> object:
    """Returns what can be seen of a value: places do not matter for an image."""
    if isinstance(value, Image):
        return value.cells.shape, value.cells.tobytes()
    return tuple(part.key for part in value)
