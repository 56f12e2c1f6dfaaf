"""Sheets: a comparison in words, as tables that the terminal and the page both draw.

Whatever is written about a score is written here, once, with its denominator. What is not known is
blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from arc.scoring import CONVENTIONS, Convention, Rate, Score
from arc.submission import N_ATTEMPTS
from ensemble.compare.comparison import Comparison, Row
from ensemble.compare.coverage import PLACES
from ensemble.compare.failures import Reason
from ensemble.compare.overlap import Intersection
from ensemble.compare.pairing import PairedTest
from ensemble.compare.published import Published
from ensemble.compare.strata import Division

_CONVENTION_TITLES: dict[Convention, str] = {
    "task share": "task share (papers)",
    "per output": "per output (Kaggle)",
    "whole tasks": "whole tasks",
}
_MOST_SETS = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a sheet.

    Attributes:
        text: What it says.
        detail: What it says below that, such as an interval.
        share: What a bar would show, as a fraction, where one makes sense.
        low: Lower end of the share's interval.
        high: Its upper end.
        url: A link for people.
    """

    text: str = ""
    detail: str = ""
    share: float | None = None
    low: float | None = None
    high: float | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sheet; a `part` belongs to the line above it."""

    cells: tuple[Cell, ...]
    kind: Literal["whole", "part"] = "whole"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        key: Its name for links and tests.
        title: What it is about.
        columns: Their headings; the first names the lines.
        lines: Its lines, each with as many cells as there are columns.
        caption: How to read it.
        n_words: How many columns from the left hold words, not numbers.
        notes: Reservations, a sentence each.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    caption: str = ""
    n_words: int = 1
    notes: tuple[str, ...] = ()


def sheets_of(comparison: Comparison) -> tuple[Sheet, ...]:
    """Returns all that is said about a comparison; sheets that would be empty are left out."""
    made = [
        score_sheet(comparison),
        choice_sheet(comparison),
        paired_sheet(comparison.pairs),
        overlap_sheet(comparison.overlap),
        *(division_sheet(comparison, division) for division in comparison.divisions),
        failure_sheet(comparison),
        published_sheet(comparison.published),
    ]
    return tuple(sheet for sheet in made if sheet.lines)


def score_sheet(comparison: Comparison) -> Sheet:
    """Returns pass@2 of each row and of its parts, under each convention."""
    has_price = comparison.usd_per_hour is not None
    columns = ["", *(_CONVENTION_TITLES[c] for c in CONVENTIONS), "attempted", "s/task"]
    lines = []
    for row, kind in _with_parts(comparison.rows):
        cells = [_name(row, kind), *(rate_cell(row.rates[c]) for c in CONVENTIONS)]
        cells.append(Cell(str(row.n_attempted)))
        spent = row.spent
        cells.append(
            Cell()
            if spent is None
            else Cell(f"{spent.median:.1f}, {spent.high:.1f}", f"{spent.total / 3600:.2f} h in all")
        )
        if has_price:
            cells.append(Cell() if row.usd is None else Cell(f"${row.usd:.4f}"))
        lines.append(Line(tuple(cells), kind))
    price = f" At ${comparison.usd_per_hour:g} for an hour of one worker." if has_price else ""
    return Sheet(
        "scores",
        f"pass@2 on {comparison.title}, {len(comparison.answers)} tasks",
        (*columns, *(["$/task"] if has_price else [])),
        tuple(lines),
        "Brackets: 95 % bootstrap interval, tasks drawn anew. s/task: median, 90th "
        "percentile; hours are the sum over workers." + price,
    )


def choice_sheet(comparison: Comparison) -> Sheet:
    """Returns coverage against what was chosen."""
    names = [f"pass@{place}" for place in PLACES]
    lines = []
    for row, kind in _with_parts(comparison.rows):
        coverage = row.coverage
        cells = [_name(row, kind)]
        cells += [_share(coverage.at[p]) if p in coverage.at else Cell() for p in PLACES]
        whole, lost = coverage.whole, coverage.lost
        cells.append(Cell() if whole is None else _share(whole))
        cells.append(Cell() if lost is None else Cell(f"{_points(lost, row.score.n_tasks)}"))
        cells.append(Cell() if coverage.n_grids is None else Cell(f"{coverage.n_grids:.1f}"))
        lines.append(Line(tuple(cells), kind))
    return Sheet(
        "choice",
        "found and chosen",
        ("", *names, "any candidate", "lost by the choice", "grids an output"),
        tuple(lines),
        f"Task shares. Two grids are submitted: pass@{N_ATTEMPTS} is the score, and what some "
        "candidate has right beyond it was found but not chosen.",
    )


def paired_sheet(pairs: Sequence[PairedTest]) -> Sheet:
    """Returns what tells every two rows apart."""
    columns = ["", "difference", "only the first", "only the second", "both", "neither", "p"]
    lines = []
    for pair in pairs:
        interval = f"[{100 * pair.low:+.1f}, {100 * pair.high:+.1f}]"
        cells = [
            Cell(f"{pair.first} | {pair.second}"),
            Cell(f"{100 * pair.difference:+.2f} points", interval),
            *(Cell(str(n)) for n in (pair.only_first, pair.only_second, pair.both, pair.neither)),
            Cell(_p(pair.p)),
        ]
        lines.append(Line((*cells, Cell(_p(pair.p_holm)))[: len(cells) + (len(pairs) > 1)]))
    return Sheet(
        "paired",
        "two by two",
        (*columns, *(["p, Holm"] if len(pairs) > 1 else [])),
        tuple(lines),
        "Difference of the task shares with its paired 95 % bootstrap interval; counts of whole "
        "tasks; p of the exact McNemar test on them"
        + (", and corrected for the number of pairs." if len(pairs) > 1 else "."),
    )


def overlap_sheet(overlap: Sequence[Intersection]) -> Sheet:
    """Returns which whole tasks are solved by whom, each task once."""
    shown = [each for each in overlap if each.names][:_MOST_SETS]
    nobody = [each for each in overlap if not each.names]
    lines = [
        Line((Cell(_together(each.names)), Cell(str(len(each.task_ids)))))
        for each in (*shown, *nobody)
    ]
    n_left = sum(len(each.task_ids) for each in overlap if each not in (*shown, *nobody))
    if n_left:
        lines.append(Line((Cell("other sets"), Cell(str(n_left)))))
    return Sheet("overlap", "solved by exactly these", ("", "whole tasks"), tuple(lines))


def division_sheet(comparison: Comparison, division: Division) -> Sheet:
    """Returns the whole tasks solved in each group of a division."""
    lines = []
    for stratum in division.strata:
        n = len(stratum.task_ids)
        cells = [Cell(stratum.name), Cell(str(n))]
        for row in comparison.rows:
            count = sum(all(row.score.right[task_id]) for task_id in stratum.task_ids)
            cells.append(Cell(f"{100 * count / n:.1f} %", f"{count} of {n}", count / n))
        lines.append(Line(tuple(cells)))
    names = tuple(row.name for row in comparison.rows)
    return Sheet(
        division.key, f"whole tasks by {division.title}", ("", "tasks", *names), tuple(lines)
    )


def failure_sheet(comparison: Comparison) -> Sheet:
    """Returns what became of the tasks, each counted once a row."""
    rows = list(_with_parts(comparison.rows))
    reasons = [reason for reason in Reason if any(row.n_of(reason) for row, _ in rows)]
    has_programs = any(row.n_unverified is not None for row, _ in rows)
    lines = []
    for row, kind in rows:
        cells = [_name(row, kind), *(Cell(str(row.n_of(reason))) for reason in reasons)]
        if has_programs:
            cells.append(Cell() if row.n_unverified is None else Cell(str(row.n_unverified)))
        lines.append(Line(tuple(cells), kind))
    extra = ("failed, no program fits",) if has_programs else ()
    return Sheet(
        "failures",
        "what became of the tasks",
        ("", *(reason.value for reason in reasons), *extra),
        tuple(lines),
        "Each task once, under the first reason that applies, judged at the first output missed."
        + (" The last column cuts across them." if has_programs else ""),
    )


def published_sheet(published: Sequence[Published]) -> Sheet:
    """Returns the results of others."""
    lines = [
        Line(
            (
                Cell(each.name),
                Cell(each.model),
                Cell(each.hardware),
                Cell(each.source, url=each.url),
                Cell("not stated" if each.convention is None else each.convention),
                Cell(f"{each.percent:.2f} %", share=each.percent / 100),
                Cell("" if each.seconds is None else f"{each.seconds:.0f}"),
                Cell("" if each.usd is None else f"${each.usd:.2f}"),
            )
        )
        for each in sorted(published, key=lambda each: -each.percent)
    ]
    return Sheet(
        "published",
        "published by others, not run here",
        ("", "model", "hardware", "source", "convention", "pass@2", "s/task", "$/task"),
        tuple(lines),
        "As their authors report them, on the same tasks, with other models, hardware and data.",
        5,
    )


def rate_cell(rate: Rate) -> Cell:
    """Returns a rate in words, with its denominator and its interval."""
    return Cell(
        f"{100 * rate.share:.2f} % ({rate.count:.4g} of {rate.total})",
        f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]",
        rate.share,
        rate.low,
        rate.high,
    )


def _with_parts(rows: Sequence[Row]) -> Iterable[tuple[Row, Literal["whole", "part"]]]:
    for row in rows:
        yield row, "whole"
        for part in row.parts:
            yield part, "part"


def _name(row: Row, kind: str) -> Cell:
    return Cell(f"  {row.name}" if kind == "part" else row.name)


def _share(score: Score) -> Cell:
    share = score.task_share / score.n_tasks if score.n_tasks else 0.0
    return Cell(f"{100 * share:.2f} %", share=share)


def _points(count: float, total: int) -> str:
    return f"{100 * count / total if total else 0.0:.2f} points"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _together(names: Sequence[str]) -> str:
    if not names:
        return "nobody"
    return f"only {names[0]}" if len(names) == 1 else " + ".join(names)
