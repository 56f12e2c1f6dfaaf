"""Figures of the page as inline SVG; its style gives them their colors, in either theme."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from ensemble.compare.overlap import Intersection

_MOST_SETS = 20
_LETTER = 7.4
"""Width of a letter of the figures' font, in pixels, on the safe side."""


_Place = Callable[[float, float], tuple[float, float]]
"""From seconds or dollars and a score to a place on the figure."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a scatter plot.

    Attributes:
        name: Its label.
        x: Seconds or dollars a task, above 0.
        share: Its score, as a fraction.
        low: Lower end of the interval, if it has one.
        high: Its upper end.
        place: Which row of the comparison it is, for its color; -1: published by others.
    """

    name: str
    x: float
    share: float
    low: float | None = None
    high: float | None = None
    place: int = -1


def upset(contestants: Sequence[str], overlap: Sequence[Intersection]) -> str:
    """Returns an UpSet plot: a column a set of contestants, with as many tasks as its bar says."""
    shown = [each for each in overlap if each.names][:_MOST_SETS]
    shown += [each for each in overlap if not each.names]
    if not shown or len(contestants) < 2:
        return ""
    totals = {
        name: sum(len(e.task_ids) for e in overlap if name in e.names) for name in contestants
    }
    labels = [f"{name} ({totals[name]})" for name in contestants]
    left = max(len(label) for label in labels) * _LETTER + 22
    step, top, row = 44, 150, 30
    most = max(len(each.task_ids) for each in shown)
    width, height = left + step * len(shown) + 8, top + row * len(contestants) + 12
    parts = []
    for r, label in enumerate(labels):
        y = top + row * r + row / 2 + 6
        if r % 2 == 0:
            parts.append(_rect("stripe", 0, y - row / 2, width, row))
        parts.append(f'<text x="{left - 16:.0f}" y="{y + 4.5:.1f}" text-anchor="end">'
                     f"{escape(label)}</text>")  # fmt: skip
    for i, each in enumerate(shown):
        x = left + step * i + step / 2
        n = len(each.task_ids)
        bar = (top - 34) * n / most
        who = " and ".join(each.names) or "nobody"
        parts.append(f"<g><title>{escape(f'{n} whole tasks: {who}')}</title>")
        parts.append(_rect("bar" if each.names else "bar none", x - 13, top - 8 - bar, 26, bar))
        parts.append(f'<text class="strong" x="{x:.0f}" y="{top - 15 - bar:.1f}" '
                     f'text-anchor="middle">{n}</text>')  # fmt: skip
        inside = [r for r, name in enumerate(contestants) if name in each.names]
        if len(inside) > 1:
            ys = [top + row * r + row / 2 + 6 for r in (inside[0], inside[-1])]
            parts.append(f'<path class="join" d="M{x:.0f} {ys[0]:.0f}V{ys[1]:.0f}"/>')
        for r in range(len(contestants)):
            y = top + row * r + row / 2 + 6
            kind = "dot in" if r in inside else "dot"
            parts.append(f'<circle class="{kind}" cx="{x:.0f}" cy="{y:.0f}" r="6.5"/>')
        parts.append("</g>")
    return _figure(width, height, "Which tasks are solved by whom", parts)


def scatter(points: Sequence[Point], unit: str) -> str:
    """Returns scores against seconds or dollars a task, on a logarithmic scale.

    Args:
        points: What is drawn; nothing is drawn of fewer than two.
        unit: What the x axis counts, such as `seconds a task`.
    """
    if len(points) < 2:
        return ""
    width, height, left, bottom, top, right = 620, 340, 54, 46, 16, 24
    first = math.floor(math.log10(min(point.x for point in points)) - 0.05)
    last = max(first + 1, math.ceil(math.log10(max(point.x for point in points)) + 0.35))
    ceiling = min(1.0, math.ceil(10 * max(p.high or p.share for p in points) + 0.2) / 10)

    def at(x: float, share: float) -> tuple[float, float]:
        across = (math.log10(x) - first) / (last - first)
        return (
            left + across * (width - left - right),
            height - bottom - share / ceiling * (height - top - bottom),
        )

    parts = []
    for tick in range(round(10 * ceiling) + 1):
        _, y = at(10**first, tick / 10)
        if ceiling <= 0.5 or tick % 2 == 0:
            parts.append(f'<path class="rule" d="M{left} {y:.1f}H{width - right}"/>')
            parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10 * tick} %'
                         "</text>")  # fmt: skip
    for power in range(first, last + 1):
        x, _ = at(10.0**power, 0)
        parts.append(f'<path class="rule" d="M{x:.1f} {top}V{height - bottom}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - bottom + 18}" text-anchor="middle">'
                     f"{_plain(10.0**power)}</text>")  # fmt: skip
    parts.append(f'<text x="{(left + width - right) / 2:.0f}" y="{height - 6}" '
                 f'text-anchor="middle">{escape(unit)}</text>')  # fmt: skip
    taken: list[tuple[float, float, float]] = []
    for point in sorted(points, key=lambda point: (point.place < 0, -point.share, point.name)):
        parts += _drawn(point, at, taken, width)
    return _figure(width, height, f"Score against {unit}", parts)


def _drawn(
    point: Point, at: _Place, taken: list[tuple[float, float, float]], width: float
) -> list[str]:
    """Returns a point with its interval and label; notes where the label is in `taken`."""
    x, y = at(point.x, point.share)
    color = f"r{point.place % 6}" if point.place >= 0 else "other"
    parts = [f"<g><title>{escape(f'{point.name}: {100 * point.share:.2f} %')}</title>"]
    if point.low is not None and point.high is not None:
        ends = (at(point.x, point.low)[1], at(point.x, point.high)[1])
        parts.append(f'<path class="whisker {color}" d="M{x:.1f} {ends[0]:.1f}V{ends[1]:.1f}"/>')
    if point.place >= 0:
        parts.append(f'<circle class="point {color}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>')
    else:
        parts.append(f'<path class="point other" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6-6z"/>')
    length = len(point.name) * _LETTER
    is_left = x + 12 + length > width
    start = x - 12 - length if is_left else x + 12
    level = min(y, at(point.x, 0)[1] - 10) + 4.5
    while any(abs(level - b) < 15 and start < c and a < start + length for a, b, c in taken):
        level += 3
    taken.append((start, level, start + length))
    anchor, edge = ("end", x - 12) if is_left else ("start", x + 12)
    kind = "" if point.place >= 0 else ' class="dim"'
    parts.append(f'<text{kind} x="{edge:.1f}" y="{level:.1f}" text-anchor="{anchor}">'
                 f"{escape(point.name)}</text></g>")  # fmt: skip
    return parts


def _plain(value: float) -> str:
    """Returns a power of ten without an exponent."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{max(height, 1.0):.1f}"/>'
    )


def _figure(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="figure" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
