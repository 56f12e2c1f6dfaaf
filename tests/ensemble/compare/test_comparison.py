import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from contests import by_programs, by_views, contest
from hypothesis import given, settings
from hypothesis import strategies as st

from arc.bootstrap import ratio_interval
from arc.errors import DataError, RunError
from arc.grid import Grid
from arc.scoring import Score
from arc.submission import write_submission
from arc.task import Answers, Pair, Task
from ensemble.compare.comparison import compare_entries, row_of
from ensemble.compare.contest import gather
from ensemble.compare.drawing import draw_sheet
from ensemble.compare.entry import Entry, unique_names
from ensemble.compare.failures import Reason, verdict_on
from ensemble.compare.overlap import intersections
from ensemble.compare.pairing import holm, mcnemar, paired_tests
from ensemble.compare.published import ARC1_EVALUATION, published_on
from ensemble.compare.sheets import score_sheet, sheets_of
from ensemble.compare.strata import divisions
from ensemble.selection import Selection

RED, BLUE, WIDE = Grid.of([[2, 2]]), Grid.of([[1, 1]]), Grid.of([[2, 2, 2]])
GREEN = Grid.of([[3, 3]])
ASKED = Answers("t", (RED,))
flag_pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30)


def score(flags):
    return Score({str(i): (flag,) for i, flag in enumerate(flags)}, len(flags))


@given(flag_pairs)
@settings(max_examples=30)
def test_the_paired_test_is_mcnemars_and_does_not_know_who_is_first(flags):
    first, second = score([a for a, _ in flags]), score([b for _, b in flags])
    (test,) = paired_tests([("first", first), ("second", second)])
    (back,) = paired_tests([("second", second), ("first", first)])
    b = sum(mine and not theirs for mine, theirs in flags)
    c = sum(theirs and not mine for mine, theirs in flags)
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    assert (test.only_first, test.only_second) == (b, c)
    assert test.p == back.p == test.p_holm == pytest.approx(min(1.0, 2 * tail))
    assert test.both + test.neither + b + c == len(flags)
    assert (test.difference, test.low) == pytest.approx((-back.difference, -back.high))
    assert test.low <= test.difference + 1e-9 <= test.high + 2e-9


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_a_p_smaller_and_keeps_the_order(p_values):
    corrected = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, corrected, strict=True))
    in_order = [corrected[i] for i in sorted(range(len(p_values)), key=p_values.__getitem__)]
    assert in_order == sorted(in_order)


def test_mcnemar_by_hand():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 2**5)


@given(st.dictionaries(st.sampled_from("abc"), st.sets(st.sampled_from("123456"))))
def test_the_overlap_puts_every_task_in_exactly_one_set(solved):
    found = intersections(solved, "123456")
    assert sorted(t for each in found for t in each.task_ids) == list("123456")
    for each in found:
        for task_id in each.task_ids:
            assert set(each.names) == {name for name, tasks in solved.items() if task_id in tasks}
    assert len({each.names for each in found}) == len(found)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=20))
@settings(max_examples=20)
def test_an_interval_of_equal_shares_is_a_point_and_others_hold_the_mean(shares):
    low, high = ratio_interval(shares, [1.0] * len(shares), 200)
    mean = sum(shares) / len(shares)
    assert low - 1e-9 <= mean <= high + 1e-9
    if len(set(shares)) == 1:
        assert low == high == shares[0]


@pytest.mark.parametrize(
    ("entry", "reason", "note"),
    [
        (by_programs({"t": (RED,)}), Reason.SOLVED, ""),
        (by_programs({"t": (BLUE,)}), Reason.MISLED, "2 of 2 cells wrong"),
        (by_programs({"t": (BLUE,)}, fits=2), Reason.NO_PROGRAM, "2 of 2 cells wrong"),
        (by_programs({}), Reason.NO_PROGRAM, ""),
        (by_views({"t": ((BLUE,),)}), Reason.WRONG_CELLS, "2 of 2 cells wrong"),
        (by_views({"t": ((WIDE,),)}), Reason.WRONG_SIZE, "1x3 instead of 1x2"),
        (by_views({"t": ((BLUE, GREEN, RED),)}), Reason.NOT_CHOSEN, "candidate 3 of 3"),
        (by_views({}), Reason.NO_ATTEMPT, ""),
        (Entry("s", {"t": ((Grid.of([[0]]),),)}), Reason.NO_ATTEMPT, ""),
        (replace(by_views({"t": ((BLUE,),)}), limits={"transduction": 30}), Reason.TIMED_OUT, "30"),
    ],
)
def test_a_failure_has_its_reason(entry, reason, note):
    verdict = verdict_on(entry, ASKED)
    assert verdict.reason is reason
    assert note in verdict.note


def test_a_half_solved_task_says_so():
    both = Answers("t", (RED, BLUE))
    verdict = verdict_on(by_views({"t": ((RED,), (WIDE,))}), both)
    assert verdict.reason is Reason.WRONG_SIZE
    assert verdict.note.startswith("1 of 2 outputs right; ")


def test_reasons_and_groups_count_each_task_once():
    comparison = contest(30)
    for row in comparison.rows:
        assert sum(row.n_of(reason) for reason in Reason) == 30
        assert row.n_of(Reason.SOLVED) == row.score.tasks_right
    for division in comparison.divisions:
        assert sorted(t for s in division.strata for t in s.task_ids) == sorted(comparison.answers)
    assert [division.key for division in comparison.divisions] == ["level", "size", "shape"]


def test_tasks_without_a_level_or_unknown_make_no_division():
    assert divisions(["a"], {}, {}) == ()


def test_coverage_is_never_below_what_was_chosen():
    for row in contest(30).rows:
        by_place = [score.task_share for _, score in sorted(row.coverage.at.items())]
        assert by_place == sorted(by_place)
        if row.coverage.whole is None:
            assert row.name == "other.json"
        else:
            assert row.coverage.lost == row.coverage.whole.task_share - row.score.task_share >= 0


def test_what_a_submission_does_not_tell_stays_blank():
    row = row_of(Entry("s", {"t": ((RED,),)}), {"t": ASKED})
    assert (row.spent, row.usd, row.coverage.whole, row.n_unverified) == (None,) * 4


def test_seconds_are_told_by_their_middle_and_their_upper_end():
    answers = {str(i): ASKED for i in range(11)}
    ranked = dict.fromkeys(answers, ((RED,),))
    seconds = {(task_id, "induction"): float(task_id) for task_id in answers}
    spent = row_of(Entry("s", ranked, {}, ("induction",), seconds), answers).spent
    assert (spent.median, spent.high, spent.mean, spent.total) == (5.0, 9.0, 5.0, 55.0)


def test_a_price_turns_seconds_into_dollars():
    comparison = contest(4, usd_per_hour=1.8)
    assert comparison.rows[1].usd == pytest.approx(30.0 * 1.8 / 3600)
    assert "$0.0150" in text_of(score_sheet(comparison))


def text_of(sheet):
    return "\n".join(cell.text for line in sheet.lines for cell in line.cells)


def test_every_sheet_is_a_rectangle_and_can_be_drawn():
    for sheet in sheets_of(contest(8, published=ARC1_EVALUATION)):
        assert {len(line.cells) for line in sheet.lines} == {len(sheet.columns)}
        draw_sheet(sheet)


def test_published_rows_name_their_source_and_stand_for_whole_splits_only():
    assert published_on("arc1", "evaluation", 400) == ARC1_EVALUATION
    assert published_on("arc1", "evaluation", 80) == published_on("arc1", "training", 400) == ()
    for each in ARC1_EVALUATION:
        assert each.source
        assert each.url.startswith("https://")
        assert each.model


def test_names_are_the_shortest_that_differ():
    paths = [Path("x/a"), Path("y/a"), Path("x/b"), Path("x/b")]
    assert unique_names(paths)[:2] == ["x/a", "y/a"]
    assert len(set(unique_names(paths))) == 4


@pytest.fixture
def challenge(tmp_path):
    """Returns a file of one task with its answer, and a submission that answers it."""
    task = Task("t", (Pair(BLUE, BLUE),), (RED,))
    path = tmp_path / "tasks.json"
    path.write_text('{"t": {"train": [{"input": [[1, 1]], "output": [[1, 1]]}], '
                    '"test": [{"input": [[2, 2]], "output": [[2, 2]]}]}}')  # fmt: skip
    write_submission(tmp_path / "s.json", [task], {"t": ((RED,),)})
    return path, tmp_path / "s.json"


def test_a_foreign_submission_is_compared_with_or_without_its_tasks(challenge):
    tasks, submission = challenge
    alone = gather([submission], answers_path=tasks)
    assert alone.tasks == ()
    with_tasks = gather([submission, submission], Selection(path=tasks))
    for found in (alone, with_tasks):
        comparison = compare_entries(
            found.entries, found.answers, found.title, tasks=found.tasks, levels=found.levels
        )
        assert comparison.rows[0].score.tasks_right == 1
        assert sheets_of(comparison)
    assert len(with_tasks.entries) == len({entry.name for entry in with_tasks.entries}) == 2


def test_results_of_another_harness_count_as_a_submission(challenge, tmp_path):
    tasks, submission = challenge
    folder = tmp_path / "results"
    folder.mkdir()
    results = [{"attempt_1": {"answer": RED.rows}, "attempt_2": None}]
    (folder / "t.json").write_text(json.dumps(results))
    entry, other = gather([folder, submission], Selection(path=tasks)).entries
    assert entry.attempts["t"][0][0] == other.attempts["t"][0][0] == RED
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=r"no manifest"):
        gather([tmp_path / "empty"], Selection(path=tasks))


def test_a_submission_for_other_tasks_is_refused(challenge, tmp_path):
    tasks, _ = challenge
    (tmp_path / "x.json").write_text('{"u": [{"attempt_1": [[0]], "attempt_2": [[0]]}]}')
    with pytest.raises(DataError, match="no task 'u'"):
        gather([tmp_path / "x.json"], answers_path=tasks)
    with pytest.raises(DataError, match="which tasks"):
        gather([tmp_path / "x.json"])
