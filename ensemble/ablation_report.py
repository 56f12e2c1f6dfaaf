"""The table of an ablation: ours beside the published one, and which differences exceed chance."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from arc.scoring import Score
from ensemble.ablation import Line
from ensemble.report import solved
from ensemble.variants import PUBLISHED_TASKS

_LEVEL = 0.05


def ablation_table(lines: Sequence[Line], title: str) -> Table:
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
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    table.add_column("", no_wrap=True)
    names = ("paper", "whole tasks", "task share", "only full", "only this", "p", "s/task")
    for name in names:
        table.add_column(name, justify="right")
    full = lines[0].score
    assert full is not None
    for line in lines:
        published = line.variant.published
        cells = [line.variant.title, "" if published is None else _exact(published)]
        if line.score is None:
            table.add_row(*cells, "does not apply")
            continue
        low, high = line.score.interval()
        share = 100 * line.score.task_share / line.score.n_tasks
        cells += [
            _exact(line.score.tasks_right, line.score.n_tasks),
            f"{share:.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
        ]
        if line is lines[0]:
            cells += ["", "", ""]
        else:
            first, second, p = paired_test(full, line.score)
            cells += [str(first), str(second), f"{p:.3f}" + (" *" if p < _LEVEL else "")]
        cells.append("" if line.seconds is None else f"{line.seconds:.1f}")
        table.add_row(*cells)
    return table


def notes_on(lines: Sequence[Line]) -> list[str]:
    """Returns a sentence on each row that needs one: why it has no numbers, or a reservation."""
    return [f"{line.variant.title}: {line.note}" for line in lines if line.note]


def paired_test(first: Score, second: Score) -> tuple[int, int, float]:
    """Returns how many whole tasks only the first solves, only the second, and the p-value."""
    from scipy.stats import binomtest

    mine, theirs = solved(first), solved(second)
    only_first, only_second = len(mine - theirs), len(theirs - mine)
    differing = only_first + only_second
    p = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return only_first, only_second, p


def _exact(count: int, total: int = PUBLISHED_TASKS) -> str:
    """Returns a count of a total with the exact (Clopper-Pearson) interval of its share."""
    from scipy.stats import binomtest

    interval = binomtest(count, total).proportion_ci()
    return f"{count} of {total} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
