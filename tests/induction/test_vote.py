from hypothesis import given, settings
from hypothesis import strategies as st

from arc.grid import Grid
from arc.task import Pair, Task
from induction.verify import Verification, verifications
from induction.vote import VoteConfig, candidates_by_vote
from sandbox.outcome import Failure, FailureKind

QUICKLY = settings(max_examples=40, deadline=None)
RED, BLUE, GREEN = Grid.of([[2]]), Grid.of([[1]]), Grid.of([[3]])
TASK = Task("t", (Pair(RED, BLUE), Pair(BLUE, RED)), (GREEN,))
FAILED = Failure(FailureKind.RAISED, "ValueError")


def program(grid: Grid | None, cost: float, reproduced: int = 2, source: str = "") -> Verification:
    return Verification(source or f"{grid}{cost}{reproduced}", cost, reproduced, 2, (grid,))


votes = st.lists(
    st.builds(
        program,
        st.sampled_from([RED, BLUE, GREEN, None]),
        st.sampled_from([1.0, 2.0, 5.5]),
        st.integers(0, 2),
    )
)


@QUICKLY
@given(votes, st.randoms(use_true_random=False))
def test_the_vote_ignores_order(ballots, rng) -> None:
    shuffled = rng.sample(ballots, len(ballots))
    config = VoteConfig()
    assert candidates_by_vote(TASK, ballots, config) == candidates_by_vote(TASK, shuffled, config)


@QUICKLY
@given(votes)
def test_grids_are_distinct_and_ranked_by_weight(ballots) -> None:
    found = candidates_by_vote(TASK, ballots, VoteConfig())
    assert len({c.grid for c in found}) == len(found)
    weights = [c.log_weight for c in found]
    assert weights == sorted(weights, reverse=True)
    assert all(w <= 0 for w in weights)


def test_agreement_beats_a_slightly_simpler_loner() -> None:
    ballots = [program(RED, 4), program(BLUE, 4.5), program(BLUE, 5)]
    assert candidates_by_vote(TASK, ballots, VoteConfig())[0].grid == BLUE


def test_the_same_text_votes_once() -> None:
    ballots = [program(BLUE, 5, source="same")] * 5 + [program(RED, 4)]
    assert candidates_by_vote(TASK, ballots, VoteConfig())[0].grid == RED


def test_one_verified_program_beats_many_that_miss_a_demonstration() -> None:
    ballots = [program(RED, 2 + i / 10, reproduced=1) for i in range(20)] + [program(BLUE, 9)]
    first, second = candidates_by_vote(TASK, ballots, VoteConfig())
    assert (first.grid, second.grid) == (BLUE, RED)
    assert first.evidence.is_verified
    assert not second.evidence.is_verified


class Scripted:
    """A sandbox that answers from a table of source and hash seed."""

    def __init__(self, table):
        self.table = table

    def run(self, source, inputs, *, hash_seed=0):
        found = self.table.get((source, hash_seed), self.table.get(source))
        return found[: len(inputs)]

    def run_batch(self, programs, *, hash_seed=0):
        return [self.run(source, inputs, hash_seed=hash_seed) for source, inputs in programs]


def test_a_program_that_depends_on_the_hash_seed_is_dropped() -> None:
    table = {"good": [BLUE, RED, RED], ("bad", 0): [BLUE, RED, RED], ("bad", 1): [BLUE, RED, BLUE]}
    judged = verifications([("bad", 1.0), ("good", 2.0)], TASK, Scripted(table))
    assert [v.source for v in judged] == ["good"]


def test_failures_are_counted_as_misses_and_give_no_grid() -> None:
    judged = verifications([("p", 1.0)], TASK, Scripted({"p": [BLUE, FAILED, FAILED]}))
    assert judged == [Verification("p", 1.0, 1, 2, (None,))]
    assert not judged[0].is_verified
