"""Whatever is generated is a task: checked from the program's text and the pairs alone."""

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arc.contamination import pair_hash
from induction.generation.inputs import LARGEST, grounded, inputs_for_task
from induction.generation.making import GenerationConfig, attempt, attempts
from induction.generation.program import Program, Step, UndefinedError
from induction.generation.quality import behavior, fault_of
from induction.generation.scenes import scene_maker
from induction.library.image import image

CONFIG = GenerationConfig(pairs=10, max_cells=300, seed=3)
NONE = frozenset()


def chain(*texts):
    """A program of one-argument steps, `{0}` for the argument."""
    steps, argument = [], "grid"
    for number, text in enumerate(texts):
        name = f"v{number}"
        steps.append(Step(name, text.replace("{0}", argument), "image", (argument,)))
        argument = name
    return Program(tuple(steps))


def pairs_of(program, n=12, seed=0):
    rng = np.random.default_rng(seed)
    sources = [rng.integers(0, 4, rng.integers(3, 7, 2)).astype(np.int8) for _ in range(n)]
    return [(s, program.run(s).astype(np.int8)) for s in sources]


@pytest.fixture(scope="module")
def made():
    found = [attempt(index, CONFIG, (), NONE) for index in range(24)]
    kept = [a for a in found if not a.fault]
    assert len(kept) >= 6
    return kept


def test_a_program_s_text_gives_the_outputs(made):
    for task in made:
        scope = {}
        exec(task.source, scope)
        for source, target in task.pairs:
            assert np.array_equal(scope["transform"](source.astype(np.int64)), target)


def test_every_task_is_one_worth_learning(made):
    for task in made:
        pairs = task.pairs
        assert len({(s.shape, s.tobytes()) for s, _ in pairs}) == len(pairs) == CONFIG.pairs
        for source, target in pairs:
            assert source.size + target.size <= CONFIG.max_cells
            assert source.size <= LARGEST
            for cells in (source, target):
                assert 1 <= min(cells.shape) <= max(cells.shape) <= 30
                assert 0 <= cells.min() <= cells.max() <= 9
        n = len(pairs)
        assert sum(s.shape != t.shape or bool((s != t).any()) for s, t in pairs) >= 0.7 * n
        assert max(Counter(t.tobytes() for _, t in pairs).values()) <= 0.34 * n
        assert sum(len(set(t.ravel().tolist())) > 1 for _, t in pairs) >= 0.6 * n


def test_no_line_of_a_program_could_be_the_last(made):
    """Cut after any earlier line that is an image, a program gives other outputs."""
    for task in made:
        lines = task.source.splitlines()
        for at in range(5, len(lines) - 2):
            name = lines[at].split(" = ")[0].strip()
            scope = {}
            exec("\n".join([*lines[: at + 1], f"    return render({name})"]), scope)
            try:
                cut = [scope["transform"](s.astype(np.int64)) for s, _ in task.pairs]
            except AttributeError:
                continue  # a list of images
            pairs = zip(cut, task.pairs, strict=True)
            assert sum(not np.array_equal(c, t) for c, (_, t) in pairs) >= 0.3 * len(task.pairs)


@pytest.mark.slow
def test_an_attempt_is_the_same_every_time_and_another_seed_makes_another(made):
    def described(a):
        return a.fault, a.source, [(s.tobytes(), t.tobytes()) for s, t in a.pairs], a.behavior

    for index in range(2):
        again = (attempt(index, CONFIG, (), NONE) for _ in range(2))
        first, second = map(described, again)
        assert first == second
    other = GenerationConfig(pairs=10, max_cells=300, seed=4)
    assert [attempt(i, other, (), NONE).source for i in range(2)] != [
        attempt(i, CONFIG, (), NONE).source for i in range(4)
    ]


@pytest.mark.slow
def test_several_workers_make_what_one_does():
    found = []
    for n_workers in (1, 3):
        with attempts(CONFIG, (), NONE, n_workers) as endless:
            found.append([a.source for a in itertools.islice(endless, 40)])
    assert found[0] == found[1]


_OWNER = """
import multiprocessing, time
from induction.generation.making import GenerationConfig, attempts

if __name__ == "__main__":
    with attempts(GenerationConfig(pairs=4), (), frozenset(), 2) as endless:
        next(endless)
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        time.sleep(600)
"""


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_workers_end_when_their_owner_is_killed(tmp_path):
    (tmp_path / "owner.py").write_text(_OWNER)
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(tmp_path / "owner.py")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as owner:
        workers = [int(pid) for pid in owner.stdout.readline().split()]
        owner.kill()
    assert len(workers) == 2
    deadline = time.monotonic() + 120
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(map(is_running, workers))


def test_a_task_with_a_forbidden_pair_is_refused_however_it_is_seen(made):
    index, kept = next((i, a) for i in range(24) if not (a := attempt(i, CONFIG, (), NONE)).fault)
    source, target = (np.rot90(cells.astype(np.uint8)) for cells in kept.pairs[-1])
    renamed = np.array([3, 1, 4, 0, 5, 9, 2, 6, 8, 7], dtype=np.uint8)
    forbidden = frozenset({pair_hash(renamed[source], renamed[target])})
    assert attempt(index, CONFIG, (), forbidden).fault == "contaminated"


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        (chain("flip_rows({0})", "flip_rows({0})"), "unchanged"),
        (chain("fill_blank({0}, 5)", "paint({0}, 5)", "tile({0}, 1, 2)"), "one color"),
        (chain("crop(blank_scaled({0}, 0, 0, 2, 2))"), "undefined"),
        (chain("paint({0}, 5)", "map_colors({0}, {6: 7})"), "reducible"),
        (chain("paint({0}, 5)", "map_colors({0}, {6: 7})", "tile({0}, 1, 2)"), "reducible"),
        (chain("mirror_right({0})", "flip_columns({0})"), "reducible"),
        (chain("mirror_right({0})"), ""),
        (chain("paint({0}, 5)", "tile({0}, 1, 2)"), ""),
    ],
)
def test_a_task_is_refused_for_its_fault(program, fault):
    if fault == "undefined":
        with pytest.raises(UndefinedError):
            program.run(np.eye(3, dtype=np.int64))
    else:
        assert fault_of(program, pairs_of(program)) == fault


def test_one_output_for_many_inputs_is_refused():
    program = chain("upscale({0}, 2, 2)")
    (source, target), *_ = pairs_of(program)
    assert fault_of(program, [(source, target)] * 12) == "constant"


def test_a_question_that_changes_nothing_is_refused():
    step = Step("v", "fill_blank(grid, 5 if True else 6)", "image", ("grid",))
    asked = Step(**{f: getattr(step, f) for f in ("name", "text", "kind", "uses")},
                 simpler=("fill_blank(grid, 5)",))  # fmt: skip
    assert fault_of(Program((step,)), pairs_of(Program((step,)))) == ""
    assert fault_of(Program((asked,)), pairs_of(Program((asked,)))) == "reducible"


def test_programs_that_do_the_same_are_one_task():
    turned = behavior(chain("rotate_180({0})"))
    assert turned == behavior(chain("flip_rows({0})", "flip_columns({0})"))
    assert turned != behavior(chain("flip_rows({0})"))
    assert behavior(chain("keep_color({0}, 3)")) != behavior(chain("keep_color({0}, 4)"))


@pytest.mark.parametrize(
    "text",
    [
        "crop(blank_like(grid))",
        "grid.with_cells(0 * grid.cells - 1)",
        "tile(tile(grid, 6, 6), 6, 6)",
        "cells_of(tile(grid, 3, 3))",
    ],
)
def test_a_step_is_undefined_where_its_value_is_no_image(text):
    grid = image(np.ones((4, 4), dtype=np.int64))
    with pytest.raises(UndefinedError):
        Step("v", text, "image", ("grid",)).value({"grid": grid})


@given(st.integers(0, 2**32))
@settings(max_examples=25)
def test_scenes_and_altered_grids_are_grids(seed):
    rng = np.random.default_rng(seed)
    known = [np.random.default_rng(1).integers(0, 10, (25, 28)).astype(np.int8)]
    of_task = inputs_for_task(rng, [known])
    for cells in (*itertools.islice(of_task, 3), scene_maker(rng)(rng)):
        assert cells.ndim == 2
        assert cells.dtype == np.int8
        assert 1 <= min(cells.shape) <= max(cells.shape) <= 30
        assert 0 <= cells.min() <= cells.max() <= 9


def test_a_source_without_a_grid_of_fit_size_ends_the_inputs_of_a_task():
    tiny = [np.zeros((1, 1), dtype=np.int8)]
    of_tasks = [inputs_for_task(np.random.default_rng(i), [tiny]) for i in range(8)]
    assert {len(list(itertools.islice(inputs, 3))) for inputs in of_tasks} == {0, 3}


def test_grounding_swaps_the_commonest_color_with_blank():
    cells = np.array([[3, 3, 0], [3, 1, 3]], dtype=np.int8)
    assert grounded(cells).tolist() == [[0, 0, 3], [0, 1, 0]]
