import io

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from strategies import grids

from arc.grid import Grid
from arc.scoring import Score
from ensemble.progress import Progress, Standing, agreement

RED, BLUE = Grid.of([[2]]), Grid.of([[1]])
found = st.dictionaries(
    st.sampled_from("abc"), st.lists(st.lists(grids(2), max_size=2), min_size=1, max_size=2)
)


def written(**options):
    file = io.StringIO()
    console = Console(file=file, **options)
    score = Score({"a": (True,), "b": (False,)}, 2)
    standing = Standing(score, {"induction": score, "transduction": score}, 1, 2)
    with Progress(console).stage("transduction", 3, 1) as show:
        for each in (None, score, standing):
            show(each)
    return file.getvalue()


def test_a_pipe_gets_plain_lines_at_the_start_and_the_end():
    lines = written(width=40).splitlines()
    assert len(lines) == 2
    assert lines[0] == "transduction 1/3, elapsed 0:00:00, remaining -:--:--"
    assert "solved 1, induction 1, transduction 1, agree 1/2" in lines[1]
    assert "tasks/min, remaining 0:00:00" in lines[1]
    assert "\x1b" not in "".join(lines)


def test_a_terminal_says_the_same_and_no_color_has_none():
    out = written(width=140, force_terminal=True, no_color=True, color_system="truecolor")
    assert "agree 1/2" in out
    assert "\x1b[38" not in out
    assert "\x1b[48" not in out


def test_a_narrow_terminal_has_no_bar():
    narrow, wide = (
        written(width=width, force_terminal=True, color_system=None) for width in (40, 140)
    )
    assert "━" in wide
    assert "━" not in narrow


@given(found, found)
@settings(max_examples=30)
def test_agreement_is_mutual_and_whole_with_oneself(first, second):
    assert agreement(first, second) == agreement(second, first)
    agreed, compared = agreement(first, first)
    assert agreed == compared == sum(all(tests) for tests in first.values())


def test_only_the_first_attempts_are_compared_and_all_tests_must_agree():
    assert agreement({"a": [[RED, BLUE]]}, {"a": [[RED]]}) == (1, 1)
    assert agreement({"a": [[BLUE, RED]]}, {"a": [[RED]]}) == (0, 1)
    assert agreement({"a": [[RED], [RED]]}, {"a": [[RED], [BLUE]]}) == (0, 1)
    assert agreement({"a": [[]]}, {"a": [[RED]]}) == (0, 0)


def test_a_budget_that_is_over_is_not_said_to_end_before_it_began():
    said = io.StringIO()
    Progress(Console(file=said, width=200)).forecast(2, 4.0, 1.0, -3.0)
    assert "ends in 0:00:00" in said.getvalue()
