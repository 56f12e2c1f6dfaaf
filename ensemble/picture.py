"""Grids and tasks as blocks of color in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.syntax import Syntax
from rich.text import Text

from arc.candidate import Candidate, ProgramEvidence, StatedEvidence, ViewEvidence
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Answers, Task
from ensemble.entry import Entry
from ensemble.failures import Reason, n_differing, verdict_on
from ensemble.palette import STANDARD, is_dark

_BLACK = "#222222"
"""What black cells are drawn in, so that they show on a black terminal."""


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
    """Returns a grid as colored cells; those that differ from the answer are marked `x`.

    A cell is two columns wide, and one where the terminal is too narrow for that. Then the mark
    takes the place of the number.
    """
    is_wide = 2 * grid.width <= pen.width
    text = Text(no_wrap=True, overflow="crop")
    for r, row in enumerate(grid.rows):
        for c, color in enumerate(row):
            differs = answer is not None and not (
                answer.shape == grid.shape and answer.rows[r][c] == color
            )
            digit = str(color) if pen.has_digits else " "
            mark = "x" if differs else " "
            cell = digit + mark if is_wide else ("x" if differs else digit)
            shade = "white" if is_dark(STANDARD[color]) else "black"
            back = STANDARD[color] if color else _BLACK
            text.append(cell, style="" if pen.is_plain else f"bold {shade} on {back}")
        text.append("\n" if r + 1 < grid.height else "")
    return text


def draw_task(task: Task, pen: Pen = Pen(), answers: Answers | None = None) -> RenderableType:
    """Returns a task's demonstrations and test inputs, with the answers if given."""
    parts: list[RenderableType] = [Text(f"task {task.task_id}", style="bold")]
    for i, pair in enumerate(task.pairs):
        titled = (("input", draw_grid(pair.input, pen)), ("output", draw_grid(pair.output, pen)))
        parts += [Text(f"\ndemonstration {i}"), _beside(titled)]
    for i, grid in enumerate(task.test_inputs):
        drawn = [("input", draw_grid(grid, pen))]
        if answers is not None:
            drawn.append(("answer", draw_grid(answers.outputs[i], pen)))
        parts += [Text(f"\ntest {i}"), _beside(drawn)]
    return Group(*parts)


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
        parts.append(Text(f"\ntest {i}"))
        parts.append(
            _beside(
                [
                    (f"attempt {n}{_against(grid, answer)}", draw_grid(grid, pen, answer))
                    for n, grid in enumerate(attempts, start=1)
                ]
            )
        )
        candidates = (entry.candidates or {}).get(task.task_id, ())
        for n, grid in enumerate(attempts, start=1):
            backers = [c for c in candidates if c.test_index == i and c.grid == grid]
            parts += [part for c in backers for part in _reason(n, c, pen)]
    return Group(*parts)


def _beside(titled: Sequence[tuple[str, Text]]) -> RenderableType:
    """Returns drawings beside each other, or below where the terminal is too narrow."""
    blocks = [Group(Text(title, style="dim"), drawing) for title, drawing in titled]
    return Columns(blocks, padding=(0, 3))


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
