"""Programs as the generator writes them: one step a line, each of values named before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Image, image, render
from induction.search.enumeration import FAILURES, MAX_CELLS
from induction.search.node import size_of
from induction.search.operation import Kind, Value
from induction.search.proposal import HEADER

GRID = "grid"
"""The name of the input."""

MAX_PARTS = 40
"""No list of images is longer."""

Grid = NDArray[np.int64]

_LIBRARY: dict[str, Any] = {name: getattr(library, name) for name in library.__all__}


class UndefinedError(Exception):
    """A program is not defined for an input."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a program.

    Attributes:
        name: What its value is called.
        text: The expression, of the library's primitives and of earlier names.
        kind: Whether the value is an image or a list of images.
        uses: The earlier names it uses; the first is its argument.
        is_operation: Whether it counts as an operation, and not as a part of the next one.
        simpler: The same with a question less, or with one of its answers alone.
    """

    name: str
    text: str
    kind: Kind
    uses: tuple[str, ...]
    is_operation: bool = True
    simpler: tuple[str, ...] = ()

    def value(self, values: Mapping[str, Value]) -> Value:
        """Returns the step's value, given those of earlier names.

        Raises:
            UndefinedError: It has none.
        """
        found: Value = self.plain_value(values)
        parts = found if isinstance(found, tuple) else (found,)
        if not 0 < len(parts) <= MAX_PARTS or size_of(found) > MAX_CELLS:
            raise UndefinedError(f"{self.text}: nothing, or too much")
        if not all(map(_is_image, parts)):
            raise UndefinedError(f"{self.text}: no colors")
        return found

    def plain_value(self, values: Mapping[str, Value]) -> Any:
        """Returns what the text stands for, be it an image or not.

        Raises:
            UndefinedError: Nothing.
        """
        try:
            # The text is the generator's own: primitives of the library, names and constants.
            return eval(_compiled(self.text), {**_LIBRARY, **values})
        except FAILURES as error:
            raise UndefinedError(f"{self.text}: {error}") from None


def _is_image(part: Image) -> bool:
    # Properties of cells, such as a neighbor's color beyond the edge, may be no color.
    cells = part.cells
    return bool(cells.size) and int(cells.min()) >= 0 and int(cells.max()) <= 9


@lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    return compile(text, "<step>", "eval")


@dataclass(frozen=True, slots=True)
class Program:
    """A program; the last step's value is the answer.

    Attributes:
        steps: Its lines.
    """

    steps: tuple[Step, ...]

    @property
    def n_operations(self) -> int:
        """How many operations it is made of."""
        return sum(step.is_operation for step in self.steps)

    @property
    def source(self) -> str:
        """The program as Python, as the search and language models write theirs."""
        lines = ["grid = image(input_grid)"]
        lines += [f"{step.name} = {step.text}" for step in self.steps]
        lines.append(f"return render({self.steps[-1].name})")
        return HEADER + "".join(f"    {line}\n" for line in lines)

    def values(self, grid: Image) -> dict[str, Value]:
        """Returns the values of all names for an input.

        Raises:
            UndefinedError: A step has none.
        """
        found: dict[str, Value] = {GRID: grid}
        for step in self.steps:
            found[step.name] = step.value(found)
        return found

    def run(self, grid: Grid) -> Grid:
        """Returns the output for an input.

        Raises:
            UndefinedError: There is none.
        """
        answer = self.values(image(grid))[self.steps[-1].name]
        if not isinstance(answer, Image):
            raise UndefinedError("the answer is a list")
        return render(answer)

    def simpler(self) -> Iterator[Program]:
        """Yields the programs that lack one operation or one question.

        In place of an operation stands its argument, if kinds allow.
        """
        kinds: dict[str, Kind] = {GRID: "image"}
        for index, step in enumerate(self.steps):
            kinds[step.name] = step.kind
            texts = list(step.simpler)
            if step.is_operation and kinds[step.uses[0]] == step.kind:
                texts.append(step.uses[0])
            for text in texts:
                changed = replace(step, text=text, simpler=())
                yield Program((*self.steps[:index], changed, *self.steps[index + 1 :]))
