"""The colors that grids are drawn in."""

from __future__ import annotations

STANDARD = (
    "#000000", "#0074d9", "#ff4136", "#2ecc40", "#ffdc00",
    "#aaaaaa", "#f012be", "#ff851b", "#7fdbff", "#870c25",
)  # fmt: skip
"""Those the public data sets are usually drawn in."""

SAFE = (
    "#000000", "#0060d3", "#bb3115", "#1ab469", "#fdff19",
    "#d9d9d9", "#b3559d", "#dd9a00", "#74bbff", "#6f4242",
)  # fmt: skip
"""Like them, and told apart also by those who see no red or no green: any two are 30 apart (CIE
1976), where in the standard ones blue and magenta are 8 and red and green 9."""


def is_dark(color: str) -> bool:
    """Whether white letters are read better on a color than black ones."""
    red, green, blue = (_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.18


def _linear(value: float) -> float:
    """Returns the light that an sRGB value stands for, from 0 to 1."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
