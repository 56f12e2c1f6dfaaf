"""The page: a comparison as one file of HTML, with its style, its script and its data inside.

Nothing is fetched: the page's own policy forbids it. Every number is one of the sheets that the
terminal prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from ensemble.compare.comparison import Comparison
from ensemble.compare.sheets import Sheet
from ensemble.page.figures import Point, scatter, upset
from ensemble.page.payload import payload_of
from ensemble.palette import SAFE, STANDARD, is_dark


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of the chart at the top: a score with its interval, and what some candidate has right.

    Attributes:
        name: Whose score it is.
        kind: `whole`, `part` or `published`.
        place: Which row of the comparison, for its color.
        percent: The score.
        low: Lower end of its interval, in percent.
        high: Its upper end.
        ceiling: Coverage, in percent.
        note: Model and hardware of a published score.
    """

    name: str
    kind: str
    place: int
    percent: float
    low: float | None = None
    high: float | None = None
    ceiling: float | None = None
    note: str = ""


def page_of(comparison: Comparison, sheets: Sequence[Sheet], *, with_tasks: bool = True) -> str:
    """Returns the page.

    Args:
        comparison: What it is about.
        sheets: What is said about it.
        with_tasks: Whether it has the gallery, which shows the answers.
    """
    return _template().render(
        title=comparison.title,
        n_tasks=len(comparison.answers),
        names=[row.name for row in comparison.rows],
        bars=bars_of(comparison),
        sheets={sheet.key: sheet for sheet in sheets},
        others=[sheet for sheet in sheets if sheet.key not in _PLACED],
        upset=Markup(upset(comparison.contestants, comparison.overlap)),
        seconds=Markup(scatter(_points(comparison, "seconds"), "seconds a task")),
        dollars=Markup(scatter(_points(comparison, "usd"), "dollars a task")),
        payload=Markup(payload_of(comparison)) if with_tasks else "",
        palettes={"standard": STANDARD, "safe": SAFE},
        is_dark=is_dark,
        version=_version(),
    )


_PLACED = ("scores", "choice", "paired", "overlap", "failures", "published", "ablation")
"""Sheets that have their own place on the page; the others are the divisions."""


def bars_of(comparison: Comparison) -> list[Bar]:
    """Returns the chart at the top: rows with their parts, and what others have published."""
    bars = []
    for place, row in enumerate(comparison.rows):
        for each, kind in ((row, "whole"), *((part, "part") for part in row.parts)):
            rate, whole = each.rates["task share"], each.coverage.whole
            ceiling = None if whole is None else 100 * whole.task_share / max(1, whole.n_tasks)
            low, high = 100 * rate.low, 100 * rate.high
            bars.append(Bar(each.name, kind, place, 100 * rate.share, low, high, ceiling))
    for other in sorted(comparison.published, key=lambda other: -other.percent):
        note = ", ".join(filter(None, (other.model, other.hardware)))
        bars.append(Bar(other.name, "published", -1, other.percent, note=note))
    return bars


def _points(comparison: Comparison, axis: str) -> list[Point]:
    points = []
    for place, row in enumerate(comparison.rows):
        x = row.usd if axis == "usd" else row.spent.mean if row.spent else None
        if x:
            rate = row.rates["task share"]
            points.append(Point(row.name, x, rate.share, rate.low, rate.high, place))
    if not points:
        return []
    for other in comparison.published:
        x = other.usd if axis == "usd" else other.seconds
        if x:
            points.append(Point(other.name, x, other.percent / 100))
    return points


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {
        "style": Markup(_resource("page.css")), "script": Markup(_resource("page.js"))
    }  # fmt: skip
    return environment.from_string(_resource("page.html"))


def _resource(name: str) -> str:
    return resources.files("ensemble.page").joinpath(name).read_text(encoding="utf-8")


def _version() -> str:
    try:
        return metadata.version("arc-ensemble")
    except metadata.PackageNotFoundError:
        return ""
