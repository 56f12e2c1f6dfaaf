"""Hypothesis strategies that several test folders share."""

from __future__ import annotations

from hypothesis import strategies as st

from arc.grid import N_COLORS, Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES, Compose, PermuteColors, Transform


@st.composite
def grids(draw: st.DrawFn, max_side: int = 8) -> Grid:
    """Grids of any shape up to `max_side` a side."""
    height = draw(st.integers(1, max_side))
    width = draw(st.integers(1, max_side))
    cells = draw(st.binary(min_size=height * width, max_size=height * width))
    return Grid(height, width, bytes(cell % N_COLORS for cell in cells))


def pairs(max_side: int = 6) -> st.SearchStrategy[Pair]:
    """Demonstrations whose output has nothing to do with the input."""
    return st.builds(Pair, grids(max_side), grids(max_side))


def tasks(max_side: int = 6) -> st.SearchStrategy[Task]:
    """Tasks of one to four demonstrations and one or two test inputs."""
    return st.builds(
        Task,
        st.just("task"),
        st.lists(pairs(max_side), min_size=1, max_size=4).map(tuple),
        st.lists(grids(max_side), min_size=1, max_size=2).map(tuple),
    )


def transforms() -> st.SearchStrategy[Transform]:
    """Symmetries, color permutations and compositions of them."""
    symmetries: st.SearchStrategy[Transform] = st.sampled_from(SYMMETRIES)
    colors: st.SearchStrategy[Transform] = st.permutations(range(N_COLORS)).map(
        lambda image: PermuteColors(tuple(image))
    )
    return st.recursive(symmetries | colors, lambda t: st.builds(Compose, t, t), max_leaves=3)
