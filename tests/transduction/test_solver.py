import random
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tasks

from arc.candidate import RANKING, Candidate
from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES, Symmetry
from lm.protocol import Adaptation, Completion, Conditioning
from transduction.adaptation import adapt_together
from transduction.config import SymmetryName, TransductionConfig
from transduction.solver import TransductionSolver


class Echo:
    """A model that answers with the input, and is sure of it in the input's own frame."""

    def __init__(self, conditioning=Conditioning.TASK_VECTOR):
        self.conditioning = conditioning
        self.trained_on = []
        self.prompts = []

    def adapt(self, examples, rng, timeout_s, *, train):
        self.trained_on = list(examples) if train else []
        return Adaptation(None, len(self.trained_on), 0.0)

    def generate(self, prompts, adaptation=None):
        self.prompts += prompts
        return [Completion(prompt.input, 0.0) for prompt in prompts]

    def score(self, prompts, outputs, adaptation=None):
        return [
            -float(output != prompt.input) for prompt, output in zip(prompts, outputs, strict=True)
        ]

    def adapt_many(self, examples_of, rng, timeout_s, *, shared):
        self.trained_on = [example for examples in examples_of for example in examples]
        return [Adaptation(len(examples), 0, 0.0) for examples in examples_of]

    def sample(self, prompts, adaptation, sampling):
        self.prompts += prompts
        self.sampling = sampling
        return [[Completion(prompt.input, -1.0)] * sampling.n for prompt in prompts]

    def search(self, prompts, adaptation, search):
        self.prompts += prompts
        self.search_ = search
        corner = Grid.of([[9]])
        return [[Completion(prompt.input, -0.1), Completion(corner, -2.0)] for prompt in prompts]


class Mute(Echo):
    """A model whose replies are no grids."""

    def generate(self, prompts, adaptation=None):
        return [Completion(None, -1.0) for _ in prompts]


@given(tasks())
@settings(max_examples=25)
def test_predictions_come_back_to_the_tasks_own_frame(task):
    found = list(TransductionSolver(Echo()).solve(task, 60, random.Random(0)))
    for i, test_input in enumerate(task.test_inputs):
        best = next(c for c in found if c.test_index == i)
        assert best.grid == test_input
        assert best.evidence.votes == best.evidence.views == 8


@given(tasks())
@settings(max_examples=25)
def test_candidates_come_best_first_and_distinct(task):
    found = list(TransductionSolver(Echo()).solve(task, 60, random.Random(0)))
    for i in range(len(task.test_inputs)):
        mine = [c for c in found if c.test_index == i]
        assert mine == sorted(mine, key=lambda c: -c.log_weight)
        assert len({c.grid for c in mine}) == len(mine)


TASK = Task(
    "t", tuple(Pair(Grid.of([[i, 0]]), Grid.of([[0, i]])) for i in (1, 2, 3)), (Grid.of([[4, 0]]),)
)


def test_without_training_the_model_is_not_trained():
    model = Echo()
    list(
        TransductionSolver(model, TransductionConfig(train=False)).solve(TASK, 60, random.Random(0))
    )
    assert model.trained_on == []


def test_an_in_context_model_sees_all_demonstrations_and_only_those():
    model = Echo(Conditioning.IN_CONTEXT)
    config = TransductionConfig(orders=2)
    list(TransductionSolver(model, config).solve(TASK, 60, random.Random(0)))
    assert len(model.prompts) == 8 * 2
    assert all(len(prompt.context) == len(TASK.pairs) for prompt in model.prompts)


def test_replies_that_are_no_grids_give_no_candidates():
    assert list(TransductionSolver(Mute()).solve(TASK, 60, random.Random(0))) == []


def test_without_transforms_there_is_one_view():
    model = Echo()
    config = TransductionConfig(transforms=False)
    list(TransductionSolver(model, config).solve(TASK, 60, random.Random(0)))
    assert [prompt.input for prompt in model.prompts] == list(TASK.test_inputs)


def test_a_spent_budget_still_gives_the_vote():
    found = list(TransductionSolver(Echo()).solve(TASK, 0, random.Random(0)))
    assert found[0].grid == TASK.test_inputs[0]
    assert found[0].evidence.log_probability is None


def solved(config, task=TASK, model=None, **settings_):
    solver = TransductionSolver(model or Echo(), config, **settings_)
    return list(solver.solve(task, 60, random.Random(0)))


@pytest.mark.parametrize("vote", ["product_of_experts", "hierarchical", "flat"])
@pytest.mark.parametrize("decode", ["greedy", "sample", "search"])
def test_every_way_to_decode_goes_with_every_vote(decode, vote):
    found = solved(TransductionConfig(decode=decode, vote=vote, samples=3))
    assert found[0].grid == TASK.test_inputs[0]
    evidence = found[0].evidence
    assert evidence.votes == {"greedy": 8, "sample": 24, "search": 8}[decode]
    assert evidence.views == {"greedy": 8, "sample": 24, "search": 16}[decode]
    assert len(evidence.transforms) == len(evidence.replies) == evidence.votes


def test_settings_of_decoding_reach_the_model():
    model = Echo()
    solved(TransductionConfig(decode="search", threshold=0.3), model=model)
    assert model.search_.threshold == 0.3
    solved(TransductionConfig(decode="sample", samples=7, temperature=0.5), model=model)
    assert (model.sampling.n, model.sampling.temperature) == (7, 0.5)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_a_single_symmetry_is_the_only_view(symmetry):
    model = Echo()
    found = solved(TransductionConfig(symmetries=(symmetry.value,), vote="flat"), model=model)
    assert [prompt.symmetry for prompt in model.prompts] == [symmetry]
    assert found[0].evidence.transforms == (symmetry.value,)


def test_all_predictions_can_be_told_from_the_candidates():
    config = TransductionConfig(decode="search", n_candidates=100)
    found = solved(config)
    assert sum(c.evidence.votes for c in found) == found[0].evidence.views


def test_shared_adaptations_are_made_of_every_task_and_used_for_their_own():
    other = Task("u", TASK.pairs[:2], TASK.test_inputs)
    model = Echo()
    config = TransductionConfig(shared=True)
    shared = adapt_together([TASK, other], model, config, random.Random(0), 60)
    assert adapt_together([other, TASK], model, config, random.Random(0), 60) == shared
    assert shared["t"].weights > shared["u"].weights > 0
    assert len(model.trained_on) == shared["t"].weights + shared["u"].weights
    model.adapt = None
    assert solved(config, model=model, shared=[shared])


def test_every_model_is_asked_with_its_own_of_the_shared_adaptations():
    models = [Fickle(), Fickle()]
    shared = [{"t": Adaptation(color, 0, 0.0)} for color in (3, 5)]
    config = TransductionConfig(shared=True)
    found = solved(config, model=models[0], beside=models[1:], shared=shared)
    assert {c.grid.cells[0] for c in found} == {3, 5}
    assert not models[0].asked


class Fickle(Echo):
    """A model that holds another grid right each time it is adapted."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def adapt(self, examples, rng, timeout_s, *, train):
        self.asked.append((list(examples), timeout_s))
        return Adaptation(len(self.asked), len(examples), 0.0)

    def generate(self, prompts, adaptation=None):
        favorite = Grid.of([[adaptation.weights] * 2] * 2)
        return [Completion(favorite, 0.0) for _ in prompts]

    def score(self, prompts, outputs, adaptation=None):
        return [-1.0] * len(outputs)


def test_what_each_adaptation_predicts_is_a_candidate():
    model = Fickle()
    found = solved(TransductionConfig(adaptations=3), model=model)
    for i in range(len(TASK.test_inputs)):
        mine = [c for c in found if c.test_index == i]
        assert {c.grid.cells[0] for c in mine} == {1, 2, 3}
        assert mine == sorted(mine, key=lambda c: -c.log_weight)
        assert all((c.evidence.votes, c.evidence.views) == (8, 24) for c in mine)
    (first, budget_s), (second, _), _ = model.asked
    assert first != second
    assert budget_s == 60 / 3 * 0.75


def test_what_each_model_predicts_is_a_candidate():
    class Set(Fickle):
        def adapt(self, examples, rng, timeout_s, *, train):
            super().adapt(examples, rng, timeout_s, train=train)
            return Adaptation(9, len(examples), 0.0)

    first, second = Fickle(), Set()
    solver = TransductionSolver(first, TransductionConfig(adaptations=2), [second])
    found = list(solver.solve(TASK, 60, random.Random(0)))
    mine = [c for c in found if c.test_index == 0]
    assert {c.grid.cells[0] for c in mine} == {1, 2, 9}
    assert {c.evidence.votes for c in mine} == {8, 16}
    assert all(c.evidence.views == 32 for c in mine)
    assert [budget_s for _, budget_s in first.asked + second.asked] == [60 / 4 * 0.75] * 4


class Opinion(Echo):
    """A model that predicts one grid, and holds of every color's what it is told."""

    def __init__(self, favorite, log_probabilities):
        super().__init__()
        self.favorite = Grid.of([[favorite]])
        self.log_probabilities = log_probabilities

    def generate(self, prompts, adaptation=None):
        return [Completion(self.favorite, 0.0) for _ in prompts]

    def score(self, prompts, outputs, adaptation=None):
        return [self.log_probabilities[output.cells[0]] for output in outputs]


nats = st.lists(st.floats(-50, 0), min_size=3, max_size=3)


@given(st.lists(st.tuples(st.integers(0, 2), nats), min_size=1, max_size=4))
def test_a_grid_weighs_what_all_models_hold_of_it(opinions):
    task = Task("t", (Pair(Grid.of([[0]]), Grid.of([[0]])),), (Grid.of([[0]]),))
    models = [Opinion(*opinion) for opinion in opinions]
    solver = TransductionSolver(models[0], TransductionConfig(rank_programs=True), models[1:])
    others = [program(Grid.of([[color]])) for color in range(3)]
    found = list(solver.solve(task, 60, random.Random(0), others))
    held = [sum(each[color] for _, each in opinions) / len(opinions) for color in range(3)]
    assert all(c.log_weight == pytest.approx(held[c.grid.cells[0]], abs=1e-9) for c in found)
    own = [c.grid.cells[0] for c in found if c.source == "transduction"]
    assert sorted(own) == sorted({favorite for favorite, _ in opinions})
    assert {c.grid.cells[0] for c in found if c.source == RANKING} == {0, 1, 2}


def program(grid, test_index=0):
    return Candidate("t", test_index, grid, "induction", 0.0)


def test_grids_of_other_sources_are_scored_beside_the_own_and_not_proposed():
    foreign = Grid.of([[5, 5]])
    others = [program(TASK.test_inputs[0]), program(foreign), program(foreign)]
    solver = TransductionSolver(Echo(), TransductionConfig(rank_programs=True))
    found = list(solver.solve(TASK, 60, random.Random(0), others))
    ranked = {c.grid: c for c in found if c.source == RANKING}
    assert {c.grid for c in found if c.source == "transduction"} == {TASK.test_inputs[0]}
    assert set(ranked) == {TASK.test_inputs[0], foreign}
    assert ranked[foreign].evidence.votes == 0
    assert ranked[foreign].log_weight == ranked[foreign].evidence.log_probability == -1.0
    assert ranked[TASK.test_inputs[0]].log_weight == 0.0
    without = TransductionSolver(Echo()).solve(TASK, 60, random.Random(0), others)
    assert all(c.source == "transduction" for c in without)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shared": True, "train": False}, "shared"),
        ({"adaptations": 0}, "adaptations"),
        ({"adaptations": 2, "train": False}, "adaptations"),
        ({"adaptations": 2, "shared": True}, "adaptations"),
        ({"symmetries": ("transpose",), "transforms": False}, "symmetries"),
        ({"vote": "product_of_experts", "scored": 0}, "scored"),
        ({"scored": -1}, "scored"),
        ({"orders": 0}, "orders"),
        ({"samples": 0}, "n: "),
        ({"threshold": 2.0}, "threshold"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(values, message):
    with pytest.raises(ConfigError, match=message) as caught:
        TransductionConfig(**values)
    assert "\n" not in str(caught.value)


def test_end_to_end_data_means_nothing_to_a_model_with_a_task_vector():
    config = TransductionConfig(data="end_to_end")
    with pytest.raises(ConfigError, match="task vector"):
        TransductionSolver(Echo(), config)
    model = Echo(Conditioning.IN_CONTEXT)
    assert solved(config, model=model)
    assert not any(example.prompt.context for example in model.trained_on)
    assert all(prompt.context for prompt in model.prompts)


def test_the_symmetries_named_are_the_ones_there_are():
    names = typing.get_args(SymmetryName)
    assert [Symmetry(name) for name in names] == list(SYMMETRIES)
