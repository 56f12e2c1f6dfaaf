import random

from hypothesis import given, settings
from strategies import tasks

from arc.grid import Grid
from arc.task import Pair, Task
from lm.protocol import Adaptation, Completion, Conditioning
from transduction.solver import TransductionConfig, TransductionSolver


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
