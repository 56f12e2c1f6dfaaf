import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids

from arc.grid import Grid
from arc.scoring import score_attempts
from arc.task import Answers

RED, BLUE, GREEN = Grid.of([[2]]), Grid.of([[1]]), Grid.of([[3]])


def answers(**outputs):
    return {task_id: Answers(task_id, tuple(grids)) for task_id, grids in outputs.items()}


def test_the_three_conventions_differ_on_a_half_solved_task():
    score = score_attempts({"a": [[RED], [RED]], "b": [[BLUE]]}, answers(a=[RED, BLUE], b=[BLUE]))
    assert score.outputs_right == 2
    assert score.n_outputs == 3
    assert score.task_share == 1.5
    assert score.tasks_right == 1
    assert score.n_tasks == 2


def test_a_task_without_attempts_is_wrong_and_counted():
    score = score_attempts({"a": [[RED]]}, answers(a=[RED], b=[RED], c=[RED]))
    assert (score.task_share, score.n_tasks, score.n_attempted) == (1, 3, 1)


def test_a_third_attempt_is_not_looked_at():
    score = score_attempts({"a": [[BLUE, GREEN, RED]]}, answers(a=[RED]))
    assert score.outputs_right == 0


def test_attempts_belong_to_their_test_input():
    score = score_attempts({"a": [[BLUE], [RED]]}, answers(a=[RED, BLUE]))
    assert score.outputs_right == 0


def test_attempts_on_other_tasks_and_further_inputs_earn_nothing():
    score = score_attempts({"a": [[BLUE], [RED]], "z": [[RED]]}, answers(a=[RED]))
    assert (score.outputs_right, score.n_outputs, score.n_tasks) == (0, 1, 1)


@given(st.lists(st.lists(grids(3), max_size=2), min_size=1, max_size=3), grids(3))
def test_adding_a_correct_attempt_never_lowers_the_score(attempts, answer):
    outputs = answers(a=[answer] * len(attempts))
    before = score_attempts({"a": attempts}, outputs)
    after = score_attempts({"a": [[answer, *given] for given in attempts]}, outputs)
    assert after.outputs_right == len(attempts) >= before.outputs_right
    assert after.task_share >= before.task_share


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_the_interval_holds_the_mean_between_its_ends(flags):
    right = {str(i): [[RED if flag else BLUE]] for i, flag in enumerate(flags)}
    score = score_attempts(right, answers(**{str(i): [RED] for i in range(len(flags))}))
    low, high = score.interval(n_resamples=200)
    assert 0 <= low <= score.task_share / score.n_tasks + 1e-9
    assert score.task_share / score.n_tasks <= high + 1e-9 <= 1 + 2e-9


def test_no_answers_give_no_score_and_no_error():
    score = score_attempts({}, {})
    assert (score.n_tasks, score.task_share) == (0, 0)
    assert score.interval() == (0.0, 0.0)


def test_conventions_agree_when_every_task_has_one_output():
    score = score_attempts({"a": [[RED]], "b": [[BLUE]]}, answers(a=[RED], b=[RED]))
    assert score.outputs_right == score.tasks_right == pytest.approx(score.task_share)
