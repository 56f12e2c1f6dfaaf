from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids

from arc.errors import ConfigError, GridError
from arc.grid import Grid
from lm.causal.notation import COLOR_WORDS, DIGITS, NOTATIONS, Notation

notations = st.sampled_from(
    [*NOTATIONS.values(), Notation(DIGITS, ",", ";", "<", ">"), Notation(COLOR_WORDS, "-", "-/-")]
)


@given(notations, grids(max_side=30))
def test_read_undoes_write(notation: Notation, grid: Grid) -> None:
    assert notation.read(notation.write(grid)) == grid


@given(notations, grids(), st.data())
def test_a_text_is_read_only_if_it_is_the_one_of_its_grid(
    notation: Notation, grid: Grid, data: st.DataObject
) -> None:
    text = notation.write(grid)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from(["", *sorted(set(text))])) + text[at + 1 :]
    try:
        read = notation.read(changed)
    except GridError:
        return
    assert notation.write(read) == changed


def test_the_notations_are_what_their_names_say() -> None:
    grid = Grid.of([[0, 1], [2, 3]])
    written = {name: notation.write(grid) for name, notation in NOTATIONS.items()}
    assert written == {
        "cells": "01\n23",
        "numpy": "[[0 1]\n [2 3]]",
        "nested": "[[0, 1], [2, 3]]",
        "words": "Black Blue\nRed Green",
    }


@pytest.mark.parametrize("text", ["", "[[0 1]\n [2]]", "[[0 1]", "[[0 x]]", "[[0  1]]", "0 1"])
def test_what_is_no_grid_is_an_error(text: str) -> None:
    with pytest.raises(GridError):
        NOTATIONS["numpy"].read(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cells": DIGITS[:9]},
        {"cells": (*DIGITS[:9], "0")},
        {"cells": (*DIGITS[:9], "")},
        {"cells": COLOR_WORDS, "between_cells": ""},
        {"cells": COLOR_WORDS, "between_cells": "e"},
        {"between_rows": ""},
        {"between_cells": " ", "between_rows": " "},
    ],
)
def test_a_notation_in_which_two_grids_could_look_alike_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"grid\."):
        Notation(**wrong)  # type: ignore[arg-type]
