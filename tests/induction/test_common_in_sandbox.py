"""Programs that import BARC's library by its name, in the sandbox."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from arc.grid import Grid
from induction import library
from induction.library import common
from sandbox import open_sandbox
from sandbox.harmless import Harmless

HERE = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

PROGRAM = """
from common import *
import numpy as np
from typing import *

# concepts: objects, moving
def transform(input_grid):
    output_grid = np.full_like(input_grid, Color.BLACK)
    objects: List[np.ndarray] = find_connected_components(input_grid, connectivity=8)
    for obj in objects:
        x, y, width, height = bounding_box(obj)
        color = Color.PURPLE if object_colors(obj)[0] == Color.BLUE else Color.BROWN
        draw_line(output_grid, x, y, length=width, direction=(1, 0), color=color)
    return output_grid

def generate_input():
    return random_sprite(3, 3, color_palette=random.sample(NOT_BLACK, 2))

if __name__ == "__main__":
    visualize(generate_input, transform)
"""


@pytest.mark.slow
def test_the_programs_of_the_page_about_programs_run():
    page = (Path(__file__).parents[2] / "docs" / "programs.md").read_text()
    ours, theirs, caller = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    given_grid = Grid.of([[1, 1], [0, 0], [0, 2]])
    with open_sandbox(preload=["induction.library"]) as sandbox:
        assert sandbox.run(ours, [given_grid]) == [Grid.of([[0, 2], [0, 0], [1, 1]])]
        assert sandbox.run(theirs, [given_grid]) == [Grid.of([[1, 0], [0, 0], [0, 2]])]
    said = subprocess.run(
        [sys.executable, "-c", caller], capture_output=True, text=True, check=True, env=HERE
    )
    assert "[Grid" in said.stdout


@pytest.mark.slow
def test_a_program_finds_the_library_in_the_sandbox():
    with open_sandbox(preload=["induction.library"]) as sandbox:
        given_grid = Grid.of([[1, 0, 2], [1, 0, 2], [0, 0, 0]])
        (alone,) = sandbox.run(PROGRAM, [given_grid])
        assert alone == Grid.of([[8, 0, 9], [8, 0, 9], [0, 0, 0]])
        missing = sandbox.run("from common import nothing", [given_grid])
        assert "nothing" in missing[0].detail
    with open_sandbox() as sandbox:
        assert "common" in sandbox.run(PROGRAM, [given_grid])[0].detail


def test_programs_may_share_a_process_unless_they_touch_the_library():
    # Only a sandbox has the alias; here the module stands under its own name.
    harmless = Harmless(["induction.library.common"])
    source = PROGRAM.replace("from common", "from induction.library.common")
    spared = source[: source.index("def generate_input")]
    assert harmless.includes(compile(spared, "", "exec"))
    for line in ("Color.BLUE = 3", "ALL_COLORS.remove(3)", "NOT_BLACK[0] = 5"):
        spoiled = spared.replace("# concepts: objects, moving", line)
        assert not harmless.includes(compile(spoiled, "", "exec"))


def test_a_sandbox_with_the_library_has_it_under_the_name_that_programs_use():
    assert library.ALIASES["common"] == common.__name__
