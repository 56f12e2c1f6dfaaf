from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids

from arc.candidate import RANKING, Candidate, ProgramEvidence, ViewEvidence
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.merge.policy import (
    MergeConfig,
    attempts_for,
    choose_attempts,
    has_verified,
    is_settled,
    rank_grids,
)

RED, BLUE, GREEN = Grid.of([[2]]), Grid.of([[1]]), Grid.of([[3]])


def program(grid, *, verified=True, weight=-1.0, test_index=0):
    evidence = ProgramEvidence("...", 1.0, 3 if verified else 1, 3)
    return Candidate("t", test_index, grid, "induction", weight, evidence)


def partial_program(grid, *, weight):
    return program(grid, verified=False, weight=weight)


def view(grid, *, weight=-1.0, test_index=0):
    return Candidate("t", test_index, grid, "transduction", weight, ViewEvidence(1, 8, weight))


def opinion(grid, *, weight=-1.0):
    return Candidate("t", 0, grid, RANKING, weight, ViewEvidence(0, 8, weight))


candidates = st.lists(
    st.builds(
        lambda make, grid, weight: make(grid, weight=weight),
        st.sampled_from([program, view, partial_program]),
        grids(2),
        st.floats(-5, 0),
    ),
    max_size=8,
)
FIRST, IN_TURN = MergeConfig(policy="induction-first"), MergeConfig(policy="interleave")
RANKED = MergeConfig(policy="ranked")
policies = st.sampled_from([FIRST, IN_TURN, RANKED])
all_policies = policies | st.just(MergeConfig(policy="calibrated"))


@given(candidates, all_policies, st.randoms(use_true_random=False))
def test_attempts_ignore_the_order_of_arrival(found, policy, rng):
    shuffled = list(found)
    rng.shuffle(shuffled)
    assert choose_attempts(found, policy) == choose_attempts(shuffled, policy)


@given(candidates, all_policies)
def test_attempts_are_at_most_two_distinct_candidates(found, policy):
    attempts = choose_attempts(found, policy)
    assert len(set(attempts)) == len(attempts) == min(2, len({c.grid for c in found}))
    assert set(attempts) <= {c.grid for c in found}


@given(candidates, policies)
def test_a_verified_program_always_gets_an_attempt(found, policy):
    verified = [c for c in found if has_verified([c])]
    if verified:
        best = min(verified, key=lambda c: (-c.log_weight, c.grid))
        assert choose_attempts(found, policy)[0] == best.grid
    assert has_verified(found) == bool(verified)


@given(st.sets(grids(2), min_size=1, max_size=3), st.lists(grids(2), max_size=4), policies)
def test_no_direct_prediction_changes_the_attempts_of_a_settled_task(verified, direct, policy):
    task = Task("t", (Pair(RED, RED),), (RED,))
    found = [program(grid, weight=-i) for i, grid in enumerate(sorted(verified))]
    views = [view(grid, weight=0.0) for grid in direct]
    is_expected = policy == FIRST and len(verified) >= 2
    assert is_settled(task, [*found, *views], policy) == is_expected
    if is_expected:
        assert attempts_for(task, [*found, *views], policy) == attempts_for(task, found, policy)


def test_a_task_is_settled_by_all_of_its_test_inputs():
    task = Task("t", (Pair(RED, RED),), (RED, RED))
    found = [program(grid, test_index=0) for grid in (RED, BLUE, GREEN)]
    found.append(program(RED, test_index=1))
    assert not is_settled(task, found, FIRST)
    assert not is_settled(task, [*found, view(BLUE, test_index=1)], FIRST)
    assert is_settled(task, [*found, program(BLUE, test_index=1)], FIRST)


def test_one_verified_program_beats_many_unverified_guesses():
    found = [view(RED, weight=0.0)] * 9 + [program(BLUE, weight=-9.0)]
    assert choose_attempts(found, IN_TURN) == (BLUE, RED)


def test_policies_differ_on_the_second_attempt():
    found = [program(RED), program(BLUE, weight=-2.0), view(GREEN)]
    assert choose_attempts(found, IN_TURN) == (RED, GREEN)
    assert choose_attempts(found, FIRST) == (RED, BLUE)


def test_programs_that_miss_a_demonstration_stand_behind_direct_predictions():
    found = [program(RED, verified=False, weight=0.0), view(BLUE)]
    assert choose_attempts(found, IN_TURN) == choose_attempts(found, FIRST) == (BLUE, RED)


def test_attempts_belong_to_their_test_input():
    task = Task("t", (Pair(RED, RED),), (RED, BLUE))
    found = [program(RED, test_index=1), view(GREEN, test_index=0)]
    assert attempts_for(task, found) == ((GREEN,), (RED,))


def foreign(grid, *, weight=-1.0, source="theirs"):
    return Candidate("t", 0, grid, source, weight)


@given(candidates, st.data())
def test_who_proposes_a_grid_again_gains_and_loses_nothing(found, data):
    views = [c for c in found if isinstance(c.evidence, ViewEvidence)]
    views += [replace(c, source="other", grid=g) for c, g in zip(views, [RED, BLUE], strict=False)]
    if views:
        again = data.draw(st.sampled_from(views))
        worse = replace(again, log_weight=again.log_weight - 1)
        assert rank_grids([*views, worse], FIRST) == rank_grids(views, FIRST)


def test_direct_predictions_of_several_sources_take_turns_whatever_their_weights():
    found = [foreign(GREEN, weight=99.0), foreign(BLUE, weight=98.0), view(RED, weight=-50.0)]
    assert choose_attempts(found, FIRST) == (GREEN, RED)
    agreed = [*found, foreign(RED, source="zebra")]
    assert choose_attempts(agreed, FIRST) == (RED, GREEN)


@settings(max_examples=40)
@given(
    candidates,
    st.lists(st.builds(lambda g, w: foreign(g, weight=w), grids(2), st.floats(-5, 5)), max_size=3),
)
def test_another_source_takes_at_most_every_second_place(found, others):
    found = [c for c in found if c.evidence is None or getattr(c.evidence, "is_verified", True)]
    alone = rank_grids(found, FIRST)
    both = list(rank_grids([*found, *others], FIRST))
    assert set(alone) <= set(both)
    if alone:
        assert alone[0] in both[:2]


@given(candidates, all_policies, st.lists(st.builds(lambda g: opinion(g), grids(2)), max_size=3))
def test_what_a_model_thinks_of_a_grid_proposes_none(found, policy, opinions):
    attempts = choose_attempts([*found, *opinions], policy)
    assert set(attempts) <= {candidate.grid for candidate in found}
    if policy is not RANKED:
        assert attempts == choose_attempts(found, policy)


@given(candidates)
def test_without_opinions_the_ranked_policy_is_barcs_rule(found):
    assert choose_attempts(found, RANKED) == choose_attempts(found, FIRST)


def test_an_opinion_decides_between_programs_and_lifts_no_prediction_above_them():
    found = [program(RED, weight=-1.0), program(BLUE, weight=-1.5), view(GREEN, weight=0.0)]
    opinions = [opinion(RED, weight=-60.0), opinion(BLUE, weight=-1.0)]
    assert choose_attempts([*found, *opinions], RANKED) == (BLUE, RED)
    assert choose_attempts([*found, *opinions], FIRST) == (RED, BLUE)
    assert choose_attempts([*found, opinions[1]], RANKED) == (RED, BLUE)
