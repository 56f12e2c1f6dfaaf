"""Properties of colors: which there are, which come and go, which becomes which."""

from __future__ import annotations

from functools import partial

import numpy as np

from arc.grid import N_COLORS
from lm.signature.look import NOTHING, Look, Properties, yes

SEVERAL = "several"


def _one(colors: tuple[int, ...]) -> str:
    """The color, where there is just one."""
    return NOTHING if not colors else str(colors[0]) if len(colors) == 1 else SEVERAL


def _number(n: int, most: int = 4) -> str:
    return str(n) if n < most else f"{most}_up"


def _common(look: Look, most: bool) -> int | None:
    """The most or least common color of the input but the ground, if it is one alone."""
    counts = {c: int(look.in_counts[c]) for c in look.in_colors}
    if len(counts) < 2:
        return None
    extreme = max(counts.values()) if most else min(counts.values())
    found = [c for c, n in counts.items() if n == extreme]
    return found[0] if len(found) == 1 else None


def _out_color_role(look: Look) -> str:
    """What the only color of the output is in the input."""
    if len(look.out_colors) != 1:
        return NOTHING
    color = look.out_colors[0]
    if color not in look.in_colors:
        return "new"
    if len(look.in_colors) == 1:
        return "only"
    if color == _common(look, most=True):
        return "most_common"
    return "least_common" if color == _common(look, most=False) else "other"


def _out_ground(look: Look) -> str:
    most = int(look.out_counts.argmax())
    return NOTHING if most == look.ground else str(most)


def _becomes(look: Look, color: int) -> str:
    """The other color that all cells of a color become."""
    if not look.is_changed or not look.in_counts[color]:
        return NOTHING
    found = np.flatnonzero(np.bincount(look.output[look.input == color], minlength=N_COLORS))
    return str(found[0]) if len(found) == 1 and found[0] != color else NOTHING


def _is_function(look: Look) -> str:
    """Whether equal cells stay equal, and whether different ones stay different."""
    if not look.is_changed:
        return NOTHING
    images = {tuple(p) for p in np.stack([look.input.ravel(), look.output.ravel()], 1).tolist()}
    if len(images) != int((look.in_counts > 0).sum()):
        return NOTHING
    return "one_to_one" if len({after for _, after in images}) == len(images) else "many_to_one"


def _swapped(look: Look) -> str:
    """Whether two colors have changed places everywhere."""
    becomes = {c: _becomes(look, c) for c in look.in_colors}
    changed = {str(c): d for c, d in becomes.items() if d}
    return yes(len(changed) == 2 and all(changed.get(d) == c for c, d in changed.items()))


def _has(look: Look, color: int) -> str:
    return yes(color in look.in_colors)


def _gains(look: Look, color: int) -> str:
    """Whether a color that the input has too gets more cells, sizes being the same."""
    more = look.out_counts[color] > look.in_counts[color] > 0
    return yes(look.is_same_size and color != look.ground and more)


def _loses(look: Look, color: int) -> str:
    """Whether a color gets fewer cells without going altogether."""
    fewer = 0 < look.out_counts[color] < look.in_counts[color]
    return yes(look.is_same_size and color != look.ground and fewer)


PROPERTIES: Properties = {
    "ground": lambda look: str(look.ground) if look.ground else NOTHING,
    "in_colors": lambda look: _number(len(look.in_colors)),
    "out_colors": lambda look: _number(len(look.out_colors)),
    "new_color": lambda look: _one(tuple(c for c in look.out_colors if not look.in_counts[c])),
    "lost_color": lambda look: _one(tuple(c for c in look.in_colors if not look.out_counts[c])),
    "out_color": lambda look: str(look.out_colors[0]) if len(look.out_colors) == 1 else NOTHING,
    "out_color_is": _out_color_role,
    "out_ground": _out_ground,
    "out_without_ground": lambda look: yes(not look.out_counts[look.ground]),
    "same_counts": lambda look: yes(
        look.is_changed and np.array_equal(look.in_counts, look.out_counts)
    ),
    "recolored": _is_function,
    "colors_swapped": _swapped,
    **{f"becomes_{c}": partial(_becomes, color=c) for c in range(N_COLORS)},
    **{f"has_{c}": partial(_has, color=c) for c in range(1, N_COLORS)},
    **{f"gains_{c}": partial(_gains, color=c) for c in range(1, N_COLORS)},
    **{f"loses_{c}": partial(_loses, color=c) for c in range(1, N_COLORS)},
}
