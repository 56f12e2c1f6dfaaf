import lzma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arc.archive import archive_of, read_archive, write_archive
from arc.errors import DataError
from tests.strategies import pairs


@given(st.lists(st.lists(pairs(4), min_size=1, max_size=4), min_size=1, max_size=4))
def test_an_archive_gives_back_what_was_written(tmp_path_factory, of_tasks):
    path = tmp_path_factory.mktemp("archive") / "tasks.npz.xz"
    given_pairs = [[(p.input.array, p.output.array) for p in task] for task in of_tasks]
    ids = [f"gen-{i}" for i in range(len(of_tasks))]
    write_archive(path, archive_of(ids, given_pairs, [f"text {i}" for i in ids]))
    archive = read_archive(path)
    assert archive.ids == tuple(ids)
    assert archive.programs == tuple(f"text {i}" for i in ids)
    flat = [(i, pair) for i, task in enumerate(given_pairs) for pair in task]
    assert archive.task.tolist() == [i for i, _ in flat]
    for index, (start, (_, pair)) in enumerate(zip(archive.starts, flat, strict=True)):
        assert all(map(np.array_equal, archive.pair(index, start), pair))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shapes": np.array([[1, 2, 1, 31]])}, "sides"),
        ({"shapes": np.array([[0, 2, 1, 3]])}, "sides"),
        ({"shapes": np.array([[1, 2, 1, 3]])}, "cells"),
        ({"task": np.array([1])}, "ids"),
        ({"task": np.array([0, 0])}, "2 pairs"),
        ({"cells": np.array([0xFF], dtype=np.uint8)}, "colors"),
        ({"shapes": np.array(["no"])}, "RE-ARC"),
    ],
)
def test_a_damaged_archive_is_a_one_line_error(tmp_path, changed, message):
    arrays = {
        "ids": np.array(["a"]),
        "task": np.array([0]),
        "shapes": np.array([[1, 1, 1, 1]]),
        "cells": np.array([0x12], dtype=np.uint8),
    }
    with lzma.open(tmp_path / "x", "wb") as file:
        np.savez(file, **(arrays | changed))
    with pytest.raises(DataError, match=message) as error:
        read_archive(tmp_path / "x")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 and no more"])
def test_a_file_of_something_else_is_a_one_line_error(tmp_path, content):
    (tmp_path / "x").write_bytes(lzma.compress(content))
    with pytest.raises(DataError, match="RE-ARC's arrays expected") as error:
        read_archive(tmp_path / "x")
    assert "\n" not in str(error.value)
