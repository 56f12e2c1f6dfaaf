"""Fits, folds and how honest probabilities are."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arc.candidate import Candidate, ProgramEvidence, ViewEvidence
from arc.errors import DataError
from arc.grid import Grid
from ensemble.calibrate.cases import Case
from ensemble.calibrate.fitting import N_FOLDS, cross_validate, fit_calibration, fold_of
from ensemble.calibrate.reliability import reliability_of
from ensemble.merge.calibration import Calibration

COLORS = [Grid.of([[color]]) for color in range(10)]
TRUTH = Calibration(
    {"verified": -1.0, "direct": -4.0, "simplicity": 1.0, "program_share": 3.0, "votes": 4.0}
)


def made_up_cases(n, seed=0, truth=TRUTH):
    """Returns cases whose answers are drawn by the probabilities of a calibration."""
    rng = random.Random(seed)
    cases = []
    for i in range(n):
        found = [_program(COLORS[c], rng) for c in range(rng.randint(0, 2))]
        found += [_view(COLORS[c], rng) for c in rng.sample(range(10), rng.randint(1, 3))]
        probabilities = truth.probabilities(found)
        drawn = rng.choices(
            [*probabilities, None], [*probabilities.values(), 1 - sum(probabilities.values())]
        )[0]
        answer = drawn or Grid.of([[0, 0]])
        cases.append(Case(f"task{i}", tuple(found), answer))
    return cases


def _program(grid, rng):
    evidence = ProgramEvidence("...", rng.uniform(0, 30), 3, 3)
    return Candidate("t", 0, grid, "induction", rng.uniform(-3, 0), evidence)


def _view(grid, rng):
    evidence = ViewEvidence(rng.randint(1, 8), 8, -500.0)
    return Candidate("t", 0, grid, "transduction", -500.0, evidence)


def test_a_fit_finds_the_coefficients_that_made_the_data():
    fitted = fit_calibration(made_up_cases(2000), 0.1).coefficients
    for name, coefficient in TRUTH.coefficients.items():
        assert fitted[name] == pytest.approx(coefficient, abs=0.6)
    assert fitted.get("agreed", 0.0) < 0.4
    assert "partial" not in fitted


def test_the_fit_is_where_the_penalized_likelihood_is_greatest():
    cases = made_up_cases(60)
    fitted = fit_calibration(cases, 1e-9)

    def loss(calibration):
        chances = [calibration.probabilities(case.candidates) for case in cases]
        of_answers = [
            p.get(case.answer, 1 - math.fsum(p.values()))
            for p, case in zip(chances, cases, strict=True)
        ]
        return -math.fsum(map(math.log, of_answers))

    least = loss(fitted)
    for name, value in fitted.coefficients.items():
        for other in (value + 0.1, max(0.0, value - 0.1) if value >= 0 else value - 0.1):
            assert loss(Calibration({**fitted.coefficients, name: other})) >= least - 0.02


def test_a_stronger_penalty_makes_smaller_grades_and_none_is_negative():
    cases = made_up_cases(200)
    weak, strong = (fit_calibration(cases, penalty).coefficients for penalty in (0.1, 100.0))
    assert strong["votes"] < weak["votes"]
    assert min(weak[name] for name in weak if name not in ("verified", "direct")) >= 0


@settings(max_examples=5)
@given(st.randoms(use_true_random=False))
def test_the_order_of_cases_changes_no_fit(rng):
    cases = made_up_cases(40)
    shuffled = list(cases)
    rng.shuffle(shuffled)
    one, other = (fit_calibration(each, 1.0).coefficients for each in (cases, shuffled))
    assert list(one.values()) == pytest.approx(list(other.values()), abs=1e-3)


@settings(max_examples=10)
@given(st.text(max_size=9))
def test_a_task_is_always_in_the_same_of_the_folds(task_id):
    assert fold_of(task_id) == fold_of(task_id)
    assert 0 <= fold_of(task_id) < N_FOLDS


def test_every_case_of_a_task_is_predicted_by_a_fit_that_has_not_seen_the_task():
    cases = [Case(f"t{i // 2}", c.candidates, c.answer) for i, c in enumerate(made_up_cases(40))]
    validation = cross_validate(cases, (10.0, 0.1))
    for i in range(0, 40, 2):
        assert validation.calibrations[i] is validation.calibrations[i + 1]
    left_out = fold_of(cases[0].task_id)
    others = [case for case in cases if fold_of(case.task_id) != left_out]
    alone = fit_calibration(others, validation.penalties[left_out])
    assert validation.calibrations[0] == alone
    assert set(validation.penalties.values()) <= {0.1, 10.0}
    assert len({fold_of(f"t{i}") for i in range(300)}) == N_FOLDS


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_cases_are_refused(n):
    with pytest.raises(DataError):
        fit_calibration(made_up_cases(n), 1.0)


def test_a_fit_without_verified_programs_is_refused():
    cases = [
        Case(
            case.task_id, tuple(c for c in case.candidates if c.source != "induction"), case.answer
        )
        for case in made_up_cases(30)
    ]
    with pytest.raises(DataError, match="no verified program"):
        fit_calibration(cases, 1.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30))
def test_the_bins_hold_every_prediction_once(predictions):
    reliability = reliability_of(predictions)
    assert reliability.count == len(predictions)
    assert sum(each.n_right for each in reliability.bins) == sum(right for _, right in predictions)
    for each in reliability.bins:
        assert not each.count or each.low - 1e-9 <= each.mean <= each.high + 1e-9
    assert 0 <= reliability.calibration_error <= 1
    assert 0 <= reliability.brier <= 1


def test_perfect_and_perfectly_wrong_predictions():
    right = reliability_of([(1.0, True), (0.0, False)])
    assert (right.brier, right.calibration_error) == (0, 0)
    wrong = reliability_of([(0.0, True), (1.0, False)])
    assert (wrong.brier, wrong.calibration_error) == (1, 1)
    assert wrong.log_loss > 10
    assert wrong.base_brier == 0.25
    assert wrong.base_log_loss == pytest.approx(np.log(2))
