"""Laws of the halves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import TASKS

from ensemble.compare.entry import entry_of_run
from ensemble.folder.store import RunFolder
from ensemble.half import PROGRAMS, halves_of
from ensemble.settings import load_settings

STAGES = ("induction", "sampling", "mine", "candidates", "transduction")


@given(st.lists(st.sampled_from(STAGES), unique=True))
def test_every_stage_is_in_one_half_and_in_its_order(stages):
    halves = halves_of(stages)
    assert sorted(s for half in halves.values() for s in half) == sorted(stages)
    for half in halves.values():
        assert len(half) == 1 or set(half) <= set(PROGRAMS)
        assert list(half) == [stage for stage in stages if stage in half]


@pytest.mark.parametrize(
    ("stages", "parts"),
    [
        (("induction", "sampling", "transduction"), ("induction", "transduction")),
        (("induction", "sampling", "mine"), ("induction", "mine")),
        (("induction", "sampling"), ("induction", "sampling")),
        (("induction",), ()),
    ],
)
def test_a_run_is_shown_with_its_halves_apart_and_a_half_with_its_stages(tmp_path, stages, parts):
    facts = {"mode": "ensemble", "stages": list(stages), "data": {}}
    folder = RunFolder.create_or_resume(tmp_path / "r", TASKS, load_settings("default"), facts)
    entry = entry_of_run(folder, TASKS)
    assert [part.name for part in entry.parts] == [f"{name} alone" for name in parts]
    assert entry.stages == stages
    if "transduction" in stages:
        assert [part.stages for part in entry.parts] == [PROGRAMS, ("transduction",)]
