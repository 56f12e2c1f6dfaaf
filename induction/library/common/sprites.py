"""Random sprites, for the generators of inputs that come with programs."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import numpy as np
from numpy import ndarray

from induction.library.common.color import Color
from induction.library.common.objects import crop, is_contiguous

Cell = tuple[int, int]
Sizes = int | list[int] | range

_SQUARE = ("diagonal", "radial")
_SYMMETRIES = ("horizontal", "vertical", *_SQUARE, "mirror", "not_symmetric")
_TRIES = 200


def random_sprite(
    n: Sizes,
    m: Sizes,
    density: float = 0.5,
    symmetry: str | None = None,
    color_palette: Sequence[int] | None = None,
    connectivity: int = 4,
    background: int = Color.BLACK,
) -> ndarray:
    """Returns a random sprite, connected, and with content at each of its four sides.

    Args:
        n: Its size along axis 0, or sizes to choose from.
        m: Its size along axis 1, likewise.
        density: Share of its cells to fill, roughly; exactly if it is 1.
        symmetry: `horizontal` mirrors axis 0, `vertical` axis 1, `mirror` both, `diagonal` either
            diagonal; `radial` allows quarter turns; `not_symmetric`; or any of these.
        color_palette: A list of colors; one or, seldom, several if it is missing.
        connectivity: 4 or 8.
        background: The color of what is not filled.

    Raises:
        AssertionError: No such sprite was found.
    """
    sides = _choices(n), _choices(m)
    squares = [side for side in sides[0] if side in sides[1]]
    if symmetry is None:
        symmetry = random.choice([s for s in _SYMMETRIES if squares or s not in _SQUARE])
    if symmetry in _SQUARE:
        width = height = random.choice(squares)
    else:
        width, height = random.choice(sides[0]), random.choice(sides[1])
    if color_palette is None:
        color_palette = _random_palette(background)
    elif not isinstance(color_palette, list):
        raise TypeError(f"color_palette is a list, got {type(color_palette).__name__}")
    for _ in range(_TRIES):
        fill = _fill(density, width, height)
        sprite = _walked(width, height, symmetry, fill, color_palette, connectivity, background)
        if crop(sprite, background).shape == sprite.shape and is_contiguous(
            sprite, background, connectivity
        ):
            return sprite
    raise AssertionError(f"no connected sprite of {width} by {height} cells was found")


def generate_sprite(
    n: int,
    m: int,
    symmetry_type: str,
    fill_percentage: float = 0.5,
    max_colors: int = 9,
    color_palate: Sequence[int] | None = None,
    connectivity: int = 4,
    background: int = Color.BLACK,
) -> ndarray:
    """Returns a random sprite like `random_sprite`, which may leave sides empty."""
    palette = color_palate or _random_palette(background)[:max_colors]
    return _walked(n, m, symmetry_type, fill_percentage, palette, connectivity, background)


def _choices(sizes: Sizes) -> Sequence[int]:
    return sizes if isinstance(sizes, (list, range)) else [sizes]


def _random_palette(background: int) -> list[int]:
    """Returns colors, seldom more than one."""
    colors = [color for color in range(10) if color != background]
    random.shuffle(colors)
    count = 1
    while count < len(colors) and random.random() < 0.3:
        count += 1
    return colors[:count]


def _fill(density: float, n: int, m: int) -> float:
    """Returns the share to fill: small sprites need more of it to be in one piece."""
    if density == 1 or 1 in (n, m):
        return 1.0
    least = 0.6 if 2 in (n, m) else 0.5 if 3 in (n, m) else 0.0
    return min(0.95, max(0.4, random.gauss(max(density, least), 0.1)))


def _walked(
    n: int,
    m: int,
    symmetry: str,
    fill: float,
    palette: Sequence[int],
    connectivity: int,
    background: int,
) -> ndarray:
    """Returns what a random walk paints, seen in the mirrors of the symmetry."""
    if symmetry == "diagonal":
        symmetry = random.choice(("main diagonal", "other diagonal"))
    sprite = np.full((n, m), background)
    steps = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if abs(dx) + abs(dy) == 1]
    if connectivity == 8:
        steps += [(dx, dy) for dx in (-1, 1) for dy in (-1, 1)]
    x, y = random.randrange(n), random.randrange(m)
    color = random.choice(palette)
    while np.count_nonzero(sprite != background) < fill * n * m:
        if random.random() < 1 / 3:
            color = random.choice(palette)
        for cell in _mirrored(x, y, n, m, symmetry):
            if sprite[cell] == background:
                sprite[cell] = color
        nearby = [(x + dx, y + dy) for dx, dy in steps if 0 <= x + dx < n and 0 <= y + dy < m]
        x, y = random.choice(nearby or [(x, y)])
    return sprite


def _mirrored(x: int, y: int, n: int, m: int, symmetry: str) -> Iterable[Cell]:
    """Returns a cell and those that look the same as it."""
    across, down = n - 1 - x, m - 1 - y
    return {
        "horizontal": ((x, y), (across, y)),
        "vertical": ((x, y), (x, down)),
        "mirror": ((x, y), (across, y), (x, down), (across, down)),
        "main diagonal": ((x, y), (y, x)),
        "other diagonal": ((x, y), (down, across)),
        "radial": ((x, y), (down, x), (across, down), (y, across)),
        "not_symmetric": ((x, y),),
    }.get(symmetry) or _unknown(symmetry)


def _unknown(symmetry: str) -> Iterable[Cell]:
    raise ValueError(f"no symmetry {symmetry!r}, only {', '.join(_SYMMETRIES)}")


def apply_symmetry(sprite: ndarray, symmetry_type: str, background: int = Color.BLACK) -> ndarray:
    """Makes a sprite symmetric in place, and returns it.

    `horizontal` mirrors axis 0, `vertical` axis 1. The first half wins where it is not background.
    """
    if symmetry_type not in ("horizontal", "vertical"):
        raise ValueError(f"symmetry is horizontal or vertical, got {symmetry_type!r}")
    seen = sprite if symmetry_type == "horizontal" else sprite.T
    for i in range(len(seen) // 2):
        _make_alike(seen[i], seen[-1 - i], background)
    return sprite


def apply_diagonal_symmetry(sprite: ndarray, background: int = Color.BLACK) -> ndarray:
    """Makes a square sprite symmetric to its main diagonal in place, and returns it."""
    if sprite.shape[0] != sprite.shape[1]:
        raise ValueError(f"a square sprite is needed, got {sprite.shape}")
    for i in range(len(sprite)):
        _make_alike(sprite[i, i + 1 :], sprite[i + 1 :, i], background)
    return sprite


def _make_alike(first: ndarray, second: ndarray, background: int) -> None:
    merged = np.where(first != background, first, second)
    first[...] = merged
    second[...] = merged
