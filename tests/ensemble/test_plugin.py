"""Solvers of other packages, which are faked: a module, and the metadata pip would write."""

import json
import random
import re
from pathlib import Path

import pytest
from packages import install, install_example

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.folder.difference import of_stage
from ensemble.folder.store import RunFolder
from ensemble.plugin import GROUP, Plugin, origin_of
from ensemble.run.assembly import Workbench, stages_of
from ensemble.run.unit import Unit
from ensemble.settings import MODES, load_settings

MIRROR = {
    "train": [
        {"input": [[1, 0], [0, 0]], "output": [[0, 1], [0, 0]]},
        {"input": [[2, 0, 3], [0, 4, 4]], "output": [[3, 0, 2], [4, 4, 0]]},
    ],
    "test": [{"input": [[4, 0], [0, 6]], "output": [[0, 4], [6, 0]]}],
}
A, B = Grid.of([[1, 2]]), Grid.of([[2, 1]])
TASK = Task("t", (Pair(A, B), Pair(Grid.of([[3, 0, 0]]), Grid.of([[0, 0, 3]]))), (B,))

MISFITS = """
import numpy as np
from arc.candidate import Candidate
from arc.errors import ConfigError
from arc.grid import Grid

GRID = Grid.of([[1]])

class Misfit:
    def __init__(self, name, *made):
        self.name, self._made = name, made
    def solve(self, task, budget_s, rng):
        yield from self._made

other_name = lambda: Misfit("somebody")
no_solver = lambda: object()
no_candidate = lambda: Misfit("no_candidate", GRID)
other_task = lambda: Misfit("other_task", Candidate("u", 0, GRID, "other_task", 0.0))
other_source = lambda: Misfit("other_source", Candidate("t", 0, GRID, "induction", 0.0))
other_test = lambda: Misfit("other_test", Candidate("t", 1, GRID, "other_test", 0.0))
before = lambda: Misfit("before", Candidate("t", -1, GRID, "before", 0.0))
not_a_number = lambda: Misfit("not_a_number", Candidate("t", 0, GRID, "not_a_number", np.nan))
no_weight = lambda: Misfit("no_weight", Candidate("t", 0, GRID, "no_weight", None))
no_grid = lambda: Misfit("no_grid", Candidate("t", 0, [[1]], "no_grid", 0.0))
evidence = lambda: Misfit("evidence", Candidate("t", 0, GRID, "evidence", 0.0, "it is right"))
numpy = lambda: Misfit("numpy", Candidate("t", np.int8(0), GRID, "numpy", np.float32(-1)))

class Endless:
    name = "endless"
    def solve(self, task, budget_s, rng):
        while True:
            yield Candidate(task.task_id, 0, GRID, self.name, rng.random())

class Buggy:
    name = "buggy"
    def solve(self, task, budget_s, rng):
        yield Candidate(task.task_id, 0, Grid.of([[11]]), self.name, 0.0)

class Short:
    name = "short"
    def __init__(self):
        raise ConfigError("no weights there")
"""
REFUSED = {
    "other_name": "calls itself 'somebody'",
    "no_solver": "no solve(",
    "no_candidate": "a Grid, not a Candidate",
    "other_task": "task 'u'",
    "other_source": "source 'induction'",
    "other_test": "test index 1",
    "before": "test index -1",
    "not_a_number": "nan",
    "no_weight": "no number",
    "no_grid": "a list as grid",
    "evidence": "evidence of type str",
    "short": "no weights there",
}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of packages that this process and its workers see, with the page's example."""
    folder = tmp_path / "site"
    folder.mkdir()
    install_example(folder)
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def misfits(site):
    names = [*REFUSED, "numpy", "endless", "buggy"]
    classes = {"endless": "Endless", "buggy": "Buggy", "short": "Short"}
    points = {name: f"misfit_solvers:{classes.get(name, name)}" for name in names}
    install(site, "misfits", "2.0", "misfit_solvers", MISFITS, points)


def test_the_example_of_the_page_solves_a_task_at_a_workers_bench(site):
    with Workbench(load_settings("default"), [TASK]) as bench:
        found = bench.solve(Unit("symmetries", TASK, 60.0))
    assert found.is_complete
    assert {c.grid for c in found.candidates} == {A}
    assert origin_of("symmetries") == "my-solver 1.0"


def test_plugged_in_stages_come_before_transduction_and_end_the_other_modes():
    settings = load_settings("default")
    programs = ("induction", "sampling")
    assert stages_of(settings, "ensemble", ["a", "b"]) == (*programs, "a", "b", "transduction")
    assert stages_of(settings, "induction", ["a"]) == (*programs, "a")
    assert stages_of(settings, "transduction", ["a"]) == ("a", "transduction")


def test_no_solver_can_take_the_name_of_a_stage(site):
    settings = load_settings("default")
    ours = {stage for mode in MODES for stage in stages_of(settings, mode)}
    points = dict.fromkeys((*ours, "ranking", "candidates"), "my_solver:Symmetries")
    install(site, "impostor", "1.0", "impostor", "", points)
    for name in points:
        with pytest.raises(ConfigError, match="taken"):
            origin_of(name)


@pytest.mark.parametrize("name", ["a.part", "Upper", "-x", "with blank", "ä"])
def test_a_name_that_is_no_safe_part_of_a_file_name_is_refused(site, name):
    install(site, "unsafe", "1.0", "unsafe", "", {name: "my_solver:Symmetries"})
    with pytest.raises(ConfigError, match="small letters"):
        origin_of(name)


@pytest.mark.parametrize(
    ("asked", "said"), [("symetries", "did you mean symmetries?"), ("../x", "pip install")]
)
def test_an_unknown_solver_is_one_line_with_what_to_do(cli, site, tmp_path, asked, said):
    (tmp_path / "mirror.json").write_text(json.dumps(MIRROR))
    status, _, error = cli("run", "mirror.json", "--solver", asked, "--out", "r")
    assert (status, error.count("\n")) == (2, 1)
    assert said in error
    assert GROUP in error
    assert not Path("r").exists()


def test_two_packages_with_one_name_are_told(site):
    install(site, "my-rival", "1.0", "my_rival", "", {"symmetries": "my_rival:Other"})
    with pytest.raises(ConfigError, match="my-rival, my-solver"):
        origin_of("symmetries")


@pytest.mark.parametrize("name", REFUSED)
def test_what_breaks_the_contract_is_refused_by_name(misfits, name):
    with pytest.raises(ConfigError, match=re.escape(REFUSED[name])) as refused:
        Plugin(name).solve(TASK, 60.0, random.Random(0))
    assert name == "short" or f"solver {name}: " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bug_in_a_plug_in_is_not_taken_for_an_error_of_the_user(misfits):
    with pytest.raises(RuntimeError, match="solver buggy"):
        Plugin("buggy").solve(TASK, 60.0, random.Random(0))


def test_a_plug_in_that_never_ends_keeps_what_it_has_yielded_in_time(misfits):
    assert Plugin("endless").solve(TASK, 0.0, random.Random(0))


def test_numbers_of_numpy_are_stored_as_numbers(misfits):
    (candidate,) = Plugin("numpy").solve(TASK, 60.0, random.Random(0))
    assert json.dumps([candidate.test_index, candidate.log_weight]) == "[0, -1.0]"


def test_candidates_of_a_plug_in_depend_on_its_version_and_its_time():
    settings = load_settings("default")
    first, second = (of_stage(settings, "mine", {"mine": f"my-solver {n}"}) for n in (1, 2))
    assert first != second
    slower = load_settings("default", ["effort.solver_s=90"])
    assert of_stage(slower, "mine", {"mine": "my-solver 1"}) != first
    assert of_stage(slower, "induction", {"mine": "x"}) == of_stage(settings, "induction")


@pytest.mark.slow
def test_the_example_of_the_page_takes_part_in_a_run(cli, site, tmp_path):
    (tmp_path / "mirror.json").write_text(json.dumps(MIRROR))
    given = {"task_id": "mirror", "test_index": 0, "grid": [[9]], "source": "them"}
    (tmp_path / "theirs.jsonl").write_text(json.dumps(given))
    command = ["run", "mirror.json", "--mode", "induction", "--out", "r", "--workers", "1"]
    command += ["--set", "induction.steps=[300]", "--solver", "symmetries"]
    status, out, error = cli(*command, "--candidates", "theirs.jsonl")
    assert status == 0, error
    folder = RunFolder.open(Path("r"))
    assert folder.manifest["stages"] == ["induction", "sampling", "symmetries", "candidates"]
    (found,) = folder.read("mirror", "symmetries")
    assert found.grid == Grid.of([[0, 4], [6, 0]])
    assert "symmetries alone" in out
    assert "candidates alone" in out

    status, out, _ = cli("compare", "r", "--html", "page.html")
    assert status == 0
    assert "candidates alone" in Path("page.html").read_text()
    assert cli("show", "mirror", "--run", "r")[0] == 0

    (tmp_path / "theirs.jsonl").write_text(json.dumps(given | {"grid": [[8]]}))
    status, _, error = cli(*command, "--candidates", "theirs.jsonl")
    assert (status, error.count("\n")) == (2, 1)
    assert "origin of candidates (a file of sha256" in error
    status, _, error = cli(*command)
    assert (status, error.count("\n")) == (2, 1)


@pytest.mark.slow
def test_a_bug_of_a_plug_in_shows_its_traceback_and_its_refusal_one_line(cli, misfits, tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(MIRROR))
    command = ["run", "t.json", "--mode", "induction", "--workers", "1"]
    command += ["--set", "induction.steps=[300]", "--solver"]
    with pytest.raises(RuntimeError, match=r"misfit_solvers\.py.*, line"):
        cli(*command, "buggy")
    status, _, error = cli(*command, "other_test", "--out", "r2")
    assert status == 2
    assert error.rstrip().splitlines()[-1].startswith("ensemble: solver other_test: ")
