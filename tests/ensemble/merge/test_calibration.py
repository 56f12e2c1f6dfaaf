"""What a calibration makes of evidence, and the file it is in."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids

from arc.candidate import RANKING, Candidate, ProgramEvidence, ViewEvidence
from arc.errors import ConfigError, DataError
from arc.grid import Grid
from ensemble.merge.calibration import Calibration, calibration_from, load_calibration
from ensemble.merge.evidence import BASES, FEATURES, GRADES, features_of
from ensemble.merge.policy import MergeConfig, choose_attempts, estimates, rank_by_odds, rank_grids

RED, BLUE, GREEN = Grid.of([[2]]), Grid.of([[1]]), Grid.of([[3]])
EVEN = Calibration({name: -2.0 if name in BASES else 0.7 for name in FEATURES}, (-1.0, -2.0))


def program(grid, *, cost=5.0, reproduced=3, n=1, weight=-1.0):
    evidence = ProgramEvidence("...", cost, reproduced, 3, n)
    return Candidate("t", 0, grid, "induction", weight, evidence)


def view(grid, *, votes=1, log_probability=-4.0, source="transduction"):
    evidence = ViewEvidence(votes, 8, log_probability)
    return Candidate("t", 0, grid, source, log_probability or -50.0, evidence)


def foreign(grid, *, weight=0.0, source="theirs"):
    return Candidate("t", 0, grid, source, weight)


proposals = st.lists(
    st.one_of(
        st.builds(program, grids(2), cost=st.floats(0, 60), reproduced=st.integers(1, 3)),
        st.builds(
            view, grids(2), votes=st.integers(1, 8), log_probability=st.none() | st.floats(-200, 0)
        ),
        st.builds(foreign, grids(2), weight=st.floats(-9, 9), source=st.sampled_from("ab")),
    ),
    max_size=8,
)
calibrations = st.builds(
    lambda bases, grades, places: Calibration(
        dict(zip(FEATURES, [*bases, *grades], strict=True)),
        tuple(sorted(places, reverse=True)),
        ("induction",),
    ),
    st.lists(st.floats(-5, 5), min_size=len(BASES), max_size=len(BASES)),
    st.lists(st.floats(0, 5), min_size=len(GRADES), max_size=len(GRADES)),
    st.lists(st.floats(-5, 5), max_size=3),
)


@given(proposals)
def test_a_grid_has_one_base_and_no_grade_below_0_but_simplicity(found):
    for features in features_of(found).values():
        assert sum(base in features for base in BASES) == 1
        assert all(v > 0 and math.isfinite(v) for n, v in features.items() if n != "simplicity")


@given(proposals, calibrations)
def test_probabilities_of_distinct_grids_sum_to_at_most_one(found, calibration):
    probabilities = calibration.probabilities(found)
    assert all(0 <= p <= 1 for p in probabilities.values())
    assert math.fsum(probabilities.values()) <= 1 + 1e-9
    assert probabilities.keys() <= {c.grid for c in found}


@given(proposals, calibrations, st.randoms(use_true_random=False))
def test_the_ranking_has_every_grid_once_whatever_the_order_of_arrival(found, calibration, rng):
    shuffled = list(found)
    rng.shuffle(shuffled)
    ranked = rank_by_odds(found, calibration)
    assert ranked == rank_by_odds(shuffled, calibration)
    assert sorted(ranked) == sorted({c.grid for c in found})
    log_odds = calibration.log_odds(found)
    known = [log_odds.get(grid, -math.inf) for grid in ranked]
    assert known == sorted(known, reverse=True)


@given(proposals, calibrations, st.integers(1, 8), st.floats(-20, 0))
def test_a_prediction_that_agrees_never_lowers_a_program(found, calibration, votes, likely):
    found = [c for c in found if c.source == "induction"]
    for grid in {c.grid for c in found if c.evidence.is_verified}:
        before = calibration.log_odds(found)[grid]
        agreed = [*found, view(grid, votes=votes, log_probability=likely)]
        assert calibration.log_odds(agreed)[grid] >= before - 1e-9


@given(proposals, calibrations, grids(2))
def test_an_unknown_source_that_agrees_never_lowers_a_grid(found, calibration, grid):
    before = calibration.log_odds(found).get(grid, -math.inf)
    after = calibration.log_odds([*found, foreign(grid, source="new")]).get(grid, -math.inf)
    assert after >= before - 1e-9


@given(proposals)
def test_likelier_and_more_often_predicted_grids_are_more_likely_right(found):
    found = [c for c in found if c.grid not in (RED, BLUE)]
    for better, worse in (
        (view(RED, votes=5), view(BLUE, votes=2)),
        (view(RED, log_probability=-1.0), view(BLUE, log_probability=-3.0)),
        (program(RED, cost=3), program(BLUE, cost=30)),
        (program(RED, n=4), program(BLUE, n=1)),
    ):
        probabilities = EVEN.probabilities([*found, better, worse])
        assert probabilities[RED] > probabilities[BLUE]


def test_a_certain_prediction_may_pass_a_weak_verified_program():
    found = [program(RED, cost=40, weight=-4.0), view(BLUE, votes=8, log_probability=-0.1)]
    assert rank_by_odds(found, EVEN) == (BLUE, RED)
    assert rank_grids(found) == (RED, BLUE)
    strong, vague = program(RED, cost=2, n=9), view(BLUE, log_probability=-40.0)
    assert rank_by_odds([strong, vague], EVEN) == (RED, BLUE)


def test_what_the_file_has_no_numbers_for_stands_behind_in_barcs_order():
    without = Calibration({"verified": -2.0})
    found = [program(GREEN, reproduced=2), view(BLUE), foreign(RED), program(Grid.of([[5]]))]
    assert rank_by_odds(found, without) == rank_grids(found)
    assert without.log_odds(found).keys() == {Grid.of([[5]])}


def test_a_model_under_another_name_is_an_unknown_source_and_opinions_are_none():
    found = [view(RED, votes=8, log_probability=-0.1, source="other")]
    assert EVEN.log_odds(found) == {RED: -1.0}
    assert EVEN.log_odds([view(RED, source=RANKING)]) == {}


@given(calibrations)
def test_a_calibration_comes_back_from_its_file(calibration):
    text = json.dumps(calibration.document())
    assert calibration_from(json.loads(text), "a file") == calibration


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"format": 2}, "format"),
        ({"coefficients": {}}, "coefficients"),
        ({"coefficients": {"verified": 1.0, "luck": 1.0}}, "coefficients"),
        ({"coefficients": {"verified": 1.0, "votes": -0.1}}, "votes"),
        ({"coefficients": {"verified": math.nan}}, "NaN"),
        ({"coefficients": {"verified": math.inf}}, "verified"),
        ({"places": ["first"]}, "places"),
        ({"more": 1}, "more"),
        ({"stages": "all"}, "stages"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_place(change, where):
    document = {**EVEN.document(), **change}
    with pytest.raises(DataError, match=where):
        calibration_from(document, "mine.json")


def test_the_policy_names_the_file_it_cannot_read_in_one_line(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for path in (tmp_path / "none.json", broken):
        config = MergeConfig(policy="calibrated", calibration=str(path))
        with pytest.raises(ConfigError, match="ensemble calibrate") as refused:
            choose_attempts([view(RED)], config)
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)


def test_the_policy_ranks_and_estimates_by_the_named_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(EVEN.document()))
    config = MergeConfig(policy="calibrated", calibration=str(path))
    found = [program(RED, cost=40), view(BLUE, votes=8, log_probability=-0.1), foreign(GREEN)]
    assert rank_grids(found, config) == rank_by_odds(found, EVEN)
    assert estimates(found, ["induction"], config) == EVEN.probabilities(found)
    assert estimates(found, ["induction"], MergeConfig()) == {}


def test_nothing_is_said_of_runs_without_a_stage_that_the_file_was_fitted_with(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**EVEN.document(), "stages": ["induction", "transduction"]}))
    config = MergeConfig(policy="calibrated", calibration=str(path))
    found = [view(RED)]
    assert estimates(found, ["transduction"], config) == {}
    assert RED in estimates(found, ["induction", "sampling", "transduction"], config)


def test_the_shipped_file_is_fitted_on_both_halves_over_the_training_split():
    shipped = load_calibration()
    fitted_on = shipped.facts["fitted_on"]
    assert (fitted_on["dataset"], fitted_on["split"]) == ("arc1", "training")
    assert {"verified", "direct"} <= shipped.coefficients.keys()
    assert len(shipped.places) == 3
    assert shipped.stages == ("induction", "transduction")
    certain = [view(RED, votes=8, log_probability=-0.1), program(RED, cost=2.0, n=9)]
    assert shipped.probabilities(certain)[RED] > 0.5
    vague = shipped.probabilities([view(RED, log_probability=-90.0)])
    assert vague[RED] < 0.1


def test_files_are_read_once(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(EVEN.document()))
    assert load_calibration(str(path)) is load_calibration(str(path))
