"""Operations: library primitives with all arguments but one fixed, as the search applies them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from induction import library
from induction.library.image import Image, Images

Kind = Literal["image", "images"]
Value = Image | Images


@dataclass(frozen=True, slots=True)
class Scene:
    """What an operation may use besides its argument.

    Attributes:
        grid: The input.
        canvas: A blank image of the output's size, if that is known.
    """

    grid: Image
    canvas: Image | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A function of one value.

    Attributes:
        text: The expression as Python, `{0}` for the argument; `grid` is the input and `canvas`
            the canvas.
        function: The same as a callable.
        takes: The kind of the argument.
        gives: The kind of the result.
        cost: Its share of a program's description length.
        needs_canvas: Whether it uses the canvas.
    """

    text: str
    function: Callable[[Value, Scene], Value]
    takes: Kind
    gives: Kind
    cost: int
    needs_canvas: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """An argument that is a primitive itself, such as a measure."""

    name: str

    def __repr__(self) -> str:
        return self.name


def call(
    name: str, *arguments: Any, cost: int, takes: Kind = "image", gives: Kind = "image"
) -> Operation:
    """Returns the call of a primitive with a value and these further arguments."""
    primitive = getattr(library, name)
    values = [getattr(library, a.name) if isinstance(a, Name) else a for a in arguments]
    text = f"{name}({', '.join(['{0}', *map(repr, arguments)])})"
    return Operation(text, lambda v, _: primitive(v, *values), takes, gives, cost)


def with_grid(text: str, function: Callable[[Any, Image], Image], cost: int) -> Operation:
    """Returns an operation from image to image that also uses the input."""
    return Operation(text, lambda v, scene: function(v, scene.grid), "image", "image", cost)


def with_canvas(name: str, cost: int, gives: Kind = "image") -> Operation:
    """Returns the call of a primitive with an image and the canvas."""
    primitive: Callable[[Value, Image], Value] = getattr(library, name)

    def apply(value: Value, scene: Scene) -> Value:
        assert scene.canvas is not None
        return primitive(value, scene.canvas)

    return Operation(f"{name}({{0}}, canvas)", apply, "image", gives, cost, needs_canvas=True)


def mapped(name: str, cost: int) -> Operation:
    """Returns the call of a primitive with each image of a list."""
    primitive: Callable[[Any], Image] = getattr(library, name)
    return Operation(
        f"tuple({name}(p) for p in {{0}})",
        lambda v, _: tuple(primitive(p) for p in v),  # type: ignore[union-attr]
        "images",
        "images",
        cost,
    )
