"""Contracts of a team of processes."""

from functools import partial

import pytest
import teamwork

from lm.embedded.team import run_team


@pytest.mark.slow
def test_no_thread_of_the_team_outlives_it(tmp_path):
    """One that still ran while the interpreter ends would abort the process, seldom."""
    run_team(partial(teamwork.sum_up, tmp_path), 2, 1)
    for rank in ("0", "1"):
        threads = (tmp_path / rank).read_text()
        assert threads
        assert "gloo" not in threads
