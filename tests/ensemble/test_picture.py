import io

import pytest
from contests import by_views, random_tasks
from rich.console import Console

from arc.grid import Grid
from arc.task import Answers, Pair, Task
from ensemble.palette import SAFE, STANDARD, is_dark
from ensemble.picture import Pen, draw_attempts, draw_grid, draw_task

GRID = Grid.of([[0, 1], [2, 3]])
OTHER = Grid.of([[0, 1], [2, 4]])
WIDE = Grid.of([[1] * 30] * 3)
TASK = Task("t", (Pair(WIDE, GRID),), (GRID,))


def drawn(renderable_on, width=80, **options):
    """Returns what a console of this kind shows of what `renderable_on(pen)` makes."""
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(renderable_on(Pen.on(console)))
    return console.file.getvalue()


def attempts(answers):
    entry = by_views({"t": ((OTHER,),)})
    return lambda pen: draw_attempts(entry, TASK, pen, answers)


def test_a_pipe_gets_digits_and_no_escape():
    out = drawn(lambda pen: draw_task(TASK, pen))
    assert "\x1b" not in out
    assert "0 1" in out


def test_no_color_is_respected_in_a_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = drawn(lambda pen: draw_task(TASK, pen), force_terminal=True, color_system="truecolor")
    assert "\x1b[3" not in out
    assert "\x1b[4" not in out
    assert "2 3" in out


def test_a_color_terminal_gets_blocks_without_digits():
    out = drawn(lambda pen: draw_grid(GRID, pen), force_terminal=True, color_system="truecolor")
    assert "48;2;" in out
    assert set(draw_grid(GRID, Pen(80, False)).plain) == set(" \n·")


def test_few_colors_get_digits_on_them():
    out = drawn(lambda pen: draw_grid(GRID, pen), force_terminal=True, color_system="standard")
    assert "3" in out


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_no_line_is_wider_than_the_terminal(width):
    for task, answers in random_tasks(4, most=30):
        lines = drawn(lambda pen: draw_task(task, pen, answers), width).splitlines()  # noqa: B023
        assert max(map(len, lines)) <= width


def test_a_wide_grid_keeps_its_rows_in_a_narrow_terminal():
    out = drawn(lambda pen: draw_grid(WIDE, pen), 40)
    assert [line.rstrip() for line in out.splitlines()] == ["1" * 30] * 3


def test_the_difference_is_drawn_only_when_answers_are_given():
    with_answers = drawn(attempts(Answers("t", (GRID,))))
    without = drawn(attempts(None))
    assert "wrong in 1" in with_answers
    assert "4x" in with_answers
    assert "wrong" not in without
    assert "x" not in without.replace("log-probability", "")


def test_a_grid_of_the_wrong_size_is_not_marked_cell_by_cell():
    assert "x" not in draw_grid(WIDE, Pen(), GRID).plain


def test_the_answer_itself_is_drawn_only_when_given():
    assert "answer" in drawn(lambda pen: draw_task(TASK, pen, Answers("t", (GRID,))))
    assert "answer" not in drawn(lambda pen: draw_task(TASK, pen))


def light(color):
    values = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


@pytest.mark.parametrize("color", [*STANDARD, *SAFE])
def test_digits_on_a_color_can_be_read(color):
    r, g, b = light(color)
    luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b
    ratio = 1.05 / (luminance + 0.05) if is_dark(color) else (luminance + 0.05) / 0.05
    assert ratio >= 4.5


# What is left of a color without red or green receptors: Machado and others (2009), severity 1.
WITHOUT = {
    "red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
            (-0.003882, -0.048116, 1.051998)),
    "green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
              (-0.011820, 0.042940, 0.968881)),
}  # fmt: skip


def lab(color, matrix):
    seen = [max(0.0, sum(m * v for m, v in zip(row, light(color), strict=True))) for row in matrix]
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    whites = (0.9505, 1.0, 1.089)
    x, y, z = (
        sum(m * v for m, v in zip(row, seen, strict=True)) / white
        for row, white in zip(to_xyz, whites, strict=True)
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def nearest(palette, matrix):
    points = [lab(color, matrix) for color in palette]
    return min(
        sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) ** 0.5
        for i, p in enumerate(points)
        for q in points[i + 1 :]
    )


@pytest.mark.parametrize("lacking", WITHOUT)
def test_the_safe_colors_are_told_apart_without_red_or_green(lacking):
    assert nearest(SAFE, WITHOUT[lacking]) > 30 > 3 * nearest(STANDARD, WITHOUT[lacking])
