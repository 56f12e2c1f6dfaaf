"""Grids and tasks as blocks of color in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.syntax import Syntax
from rich.text import Text

from arc.candidate import Candidate, ProgramEvidence, StatedEvidence, ViewEvidence
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Answers, Task
from ensemble.compare.entry import Entry
from ensemble.compare.failures import Reason, n_differing, verdict_on
from ensemble.merge.policy import estimates
from ensemble.palette import STANDARD, is_dark

_GAP = "   "


@dataclass(frozen=True, slots=True)
class Pen:
    """How cells are drawn on a terminal.

    Attributes:
        width: Columns of the terminal.
        has_digits: Whether cells have their numbers in them: wherever colors may not be told apart.
        is_plain: Whether there is no color at all.
    """

    width: int = 160
    has_digits: bool = True
    is_plain: bool = True

    @classmethod
    def on(cls, console: Console) -> Pen:
        """Returns the pen for a terminal, a pipe, or one that asks for no color."""
        is_plain = console.no_color or console.color_system is None
        has_colors = console.color_system in ("256", "truecolor")
        return cls(console.width, is_plain or not has_colors, is_plain)


def draw_grid(grid: Grid, pen: Pen = Pen(), answer: Grid | None = None) -> Text:
    """Returns a grid as colored cells; if it has the answer's size, wrong ones are marked `x`.

    A cell is two columns wide, and one where the terminal is too narrow for that. Then the mark
    takes the place of the number. Black cells have a dot, to be seen on a black terminal.
    """
    is_wide = 2 * grid.width <= pen.width
    truth = answer.rows if answer is not None and answer.shape == grid.shape else None
    text = Text(no_wrap=True, overflow="crop")
    for r, row in enumerate(grid.rows):
        for c, color in enumerate(row):
            wrong = truth is not None and truth[r][c] != color
            inside = str(color) if pen.has_digits else " " if color or wrong else "·"
            mark = "x" if wrong else " "
            cell = inside + mark if is_wide else (mark if wrong else inside)
            shade = "white" if is_dark(STANDARD[color]) else "black"
            if inside == "·":
                shade = "bright_black"
            text.append(cell, style="" if pen.is_plain else f"{shade} on {STANDARD[color]}")
        text.append("\n" if r + 1 < grid.height else "")
    return text


def draw_task(task: Task, pen: Pen = Pen(), answers: Answers | None = None) -> RenderableType:
    """Returns a task's demonstrations and test inputs, with the answers if given."""
    shown = []
    for i, pair in enumerate(task.pairs):
        drawn = [("input", draw_grid(pair.input, pen)), ("output", draw_grid(pair.output, pen))]
        shown.append(_beside(f"demonstration {i}", drawn, pen))
    for i, grid in enumerate(task.test_inputs):
        drawn = [("input", draw_grid(grid, pen))]
        if answers is not None:
            drawn.append(("answer", draw_grid(answers.outputs[i], pen)))
        shown.append(_beside(f"test {i}", drawn, pen))
    return Group(Text(f"task {task.task_id}", style="bold"), Columns(shown, padding=(0, 5)))


def draw_attempts(
    entry: Entry, task: Task, pen: Pen = Pen(), answers: Answers | None = None
) -> RenderableType:
    """Returns the attempts of a run on a task, with why; compared with answers if given."""
    parts: list[RenderableType] = [Text(f"\n{entry.name}", style="bold")]
    if answers is not None:
        verdict = verdict_on(entry, answers)
        style = "green" if verdict.reason is Reason.SOLVED else "red"
        note = f": {verdict.note}" if verdict.note else ""
        parts[0] = Text.assemble((f"\n{entry.name}: ", "bold"), (verdict.reason, style), note)
    for i, ranked in enumerate(entry.ranked[task.task_id]):
        answer = answers.outputs[i] if answers else None
        if not ranked:
            parts.append(Text(f"\ntest {i}: no attempt"))
            continue
        attempts = ranked[:N_ATTEMPTS]
        candidates = (entry.candidates or {}).get(task.task_id, ())
        likely = _estimates(entry, [c for c in candidates if c.test_index == i])
        drawn = [
            (f"attempt {n}{_against(grid, answer)}", draw_grid(grid, pen, answer))
            for n, grid in enumerate(attempts, start=1)
        ]
        parts.append(_beside(f"test {i}", drawn, pen))
        parts += [
            Text(f"attempt {n}: estimated probability {likely[grid]:.2f}")
            for n, grid in enumerate(attempts, start=1)
            if grid in likely
        ]
        for n, grid in enumerate(attempts, start=1):
            backers = [c for c in candidates if c.test_index == i and c.grid == grid]
            parts += [part for c in backers for part in _reason(n, c, pen)]
    return Group(*parts)


def _beside(title: str, named: Sequence[tuple[str, Text]], pen: Pen) -> Text:
    """Returns drawings with their names, beside each other where the terminal is wide enough."""
    blocks = [[Text(name, style="dim"), *drawing.split("\n")] for name, drawing in named]
    widths = [max(line.cell_len for line in block) for block in blocks]
    lines = [Text(f"\n{title}")]
    if sum(widths) + len(_GAP) * (len(blocks) - 1) > pen.width:
        lines += [line for block in blocks for line in block]
    else:
        for row in zip_longest(*blocks, fillvalue=Text()):
            joined = Text()
            for place, (part, width) in enumerate(zip(row, widths, strict=True)):
                joined += part
                if place + 1 < len(row):
                    joined.append(" " * (width - part.cell_len) + _GAP)
            lines.append(joined)
    return Text("\n", no_wrap=True, overflow="crop").join(lines)


def _estimates(entry: Entry, candidates: Sequence[Candidate]) -> Mapping[Grid, float]:
    """Returns how likely grids for one test input are right, where the run's policy says so."""
    if entry.folder is None:
        return {}
    return estimates(candidates, entry.stages, entry.folder.settings.merge)


def _against(grid: Grid, answer: Grid | None) -> str:
    if answer is None:
        return ""
    if grid == answer:
        return ": right"
    if grid.shape != answer.shape:
        return ": wrong size"
    return f": wrong in {n_differing(grid, answer)}"


def _reason(place: int, candidate: Candidate, pen: Pen) -> list[RenderableType]:
    evidence = candidate.evidence
    head = f"attempt {place}, {candidate.source}: "
    if isinstance(evidence, ProgramEvidence):
        fits = f"reproduces {evidence.reproduced} of {evidence.demonstrations} demonstrations"
        others = f", {evidence.n_programs} programs agree" if evidence.n_programs > 1 else ""
        return [Text(f"\n{head}a program that {fits}{others}"), _code(evidence.program, pen)]
    if isinstance(evidence, ViewEvidence):
        likely = (
            ""
            if evidence.log_probability is None
            else f", mean log-probability {evidence.log_probability:.2f}"
        )
        return [Text(f"\n{head}{evidence.votes} of {evidence.views} views{likely}")]
    weight = Text(f"\n{head}log weight {candidate.log_weight:.2f}")
    if isinstance(evidence, StatedEvidence):
        weight.append(f", {stated_words(evidence)}")
        return [weight, _code(evidence.program, pen)]
    return [weight]


def stated_words(evidence: StatedEvidence) -> str:
    """Returns what is said of a program that was not run here, and that it was not."""
    fits = f"{evidence.reproduced} of {evidence.demonstrations} demonstrations"
    return f"a program said to reproduce {fits}, not checked"


def _code(program: str, pen: Pen) -> RenderableType:
    text = program.rstrip()
    return Text(text) if pen.is_plain else _highlighted(text)


def _highlighted(source: str) -> RenderableType:
    return Syntax(source, "python", theme="ansi_dark", background_color="default", word_wrap=True)
