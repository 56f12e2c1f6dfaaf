"""The table of an ablation: ours beside the published one, and which differences exceed chance."""

from __future__ import annotations

from collections.abc import Sequence

from ensemble.ablate.lines import Line as AblationLine
from ensemble.ablate.lines import ablated, ablation_lines, variants_of
from ensemble.ablate.variants import FULL, PUBLISHED_TASKS
from ensemble.compare.comparison import Comparison
from ensemble.compare.pairing import exact_interval, paired_tests
from ensemble.compare.sheets import Cell, Line, Sheet

_LEVEL = 0.05


def ablation_sheet(lines: Sequence[AblationLine], title: str) -> Sheet:
    """Returns the rows of an ablation beside the published ones, each against the first.

    A test of one pair of rows asks whether the tasks that only one of them solves fall to either
    side by chance: McNemar's, exact.
    """
    caption = (
        f"paper: whole tasks of {PUBLISHED_TASKS}, Llama-3.2 1B, arXiv 2411.07279 figure 3. "
        "Intervals: 95 %, exact for whole tasks, bootstrap for shares. p: exact McNemar test "
        "against the full method on whole tasks; of rows without any difference one in twenty has "
        "p below 0.05."
    )
    names = ("", "paper", "whole tasks", "task share", "only full", "only this", "p", "s/task")
    drawn = [Line((*_cells(lines[0], line), _seconds(line))) for line in lines]
    notes = tuple(f"{line.variant.title}: {line.note}" for line in lines if line.note)
    return Sheet("ablation", title, names, tuple(drawn), caption, notes=notes)


def ablation_among(comparison: Comparison) -> Sheet | None:
    """Returns the table of an ablation if some of the rows are variants of one of them."""
    folders = ablated([row.entry.folder for row in comparison.rows if row.entry.folder])
    if not folders:
        return None
    tasks = list(comparison.tasks.values())
    lines = ablation_lines(variants_of(folders), folders, tasks, comparison.answers)
    full = folders[FULL].path.name
    return ablation_sheet(lines, f"what the parts of transduction are worth, from {full}")


def _cells(first: AblationLine, line: AblationLine) -> list[Cell]:
    published = line.variant.published
    cells = [Cell(line.variant.title), Cell() if published is None else _exact(published)]
    if line.score is None or first.score is None:
        return [*cells, Cell("does not apply"), *[Cell()] * 4]
    low, high = line.score.interval()
    share = line.score.task_share / line.score.n_tasks
    cells += [
        _exact(line.score.tasks_right, line.score.n_tasks),
        Cell(f"{100 * share:.1f} %", f"[{100 * low:.1f}, {100 * high:.1f}]", share, low, high),
    ]
    if line is first:
        return [*cells, *[Cell()] * 3]
    (test,) = paired_tests([("full", first.score), ("this", line.score)])
    p = f"{test.p:.3f}" + (" *" if test.p < _LEVEL else "")
    return [*cells, Cell(str(test.only_first)), Cell(str(test.only_second)), Cell(p)]


def _seconds(line: AblationLine) -> Cell:
    return Cell("" if line.seconds is None else f"{line.seconds:.1f}")


def _exact(count: int, total: int = PUBLISHED_TASKS) -> Cell:
    """Returns a count of a total with the exact (Clopper-Pearson) interval of its share."""
    low, high = exact_interval(count, total)
    interval = f"[{100 * low:.1f}, {100 * high:.1f}]"
    return Cell(f"{count} of {total}", interval, count / total, low, high)
