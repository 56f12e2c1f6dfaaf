import pytest

from arc.candidate import RANKING, Candidate, ProgramEvidence, ViewEvidence
from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.duration import seconds_in
from ensemble.run.crew import crew_of, memory_of_worker
from ensemble.run.trust import trust_in
from ensemble.settings import load_settings
from ensemble.terminal import free_memory, n_cores, process_age_s

STAGES = ("induction", "transduction")
DEFAULT = load_settings("default")
RED, BLUE = Grid.of([[2]]), Grid.of([[1]])


def test_there_are_as_many_workers_as_were_asked_for():
    assert crew_of("local", "", 7, DEFAULT, STAGES).n_workers == 7


def test_without_a_number_there_are_as_many_as_cores_and_memory_allow(tmp_path):
    crew = crew_of("local", "", 0, DEFAULT, STAGES)
    assert 1 <= crew.n_workers <= n_cores()
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(1 << 42)  # terabytes of nothing
    large = load_settings("causal", [f"model.settings.model={tmp_path}"])
    assert memory_of_worker(large, STAGES) > 1 << 42
    assert memory_of_worker(large, STAGES[:1]) < 1 << 40
    crew = crew_of("local", "", 0, large, STAGES)
    assert crew.n_workers == 1
    assert n_cores() == 1 or "GB are free" in crew.reason


def test_what_this_machine_says_of_itself_is_sensible():
    free = free_memory()
    assert free is None or 0 <= free < 1 << 50
    assert 0 <= process_age_s() < 60


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("2h", 7200), ("600s", 600), ("45", 45), ("1.5m", 90)]
)
def test_lengths_of_time_are_read(text, seconds):
    assert seconds_in(text, "--budget") == seconds


@pytest.mark.parametrize("text", ["", "m", "soon", "0s", "-1h", "nan", "inf", "1d"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(ConfigError, match="such as 90m"):
        seconds_in(text, "--budget")


def program(grid, log_weight, index=0, reproduced=2):
    evidence = ProgramEvidence("", 1.0, reproduced, 2)
    return Candidate("t", index, grid, "induction", log_weight, evidence)


def direct(grid, votes, index=0, source="transduction"):
    return Candidate("t", index, grid, source, 0.0, ViewEvidence(votes, 8, None))


def test_trust_is_in_the_worst_test_input_and_in_verified_programs_most():
    one = Task("t", (Pair(RED, RED),), (RED,))
    two = Task("t", (Pair(RED, RED),), (RED, RED))
    assert trust_in(one, []) == 0
    assert trust_in(one, [program(RED, -0.1)]) == pytest.approx(0.905, abs=1e-3)
    assert trust_in(one, [program(RED, -0.1, reproduced=1)]) == 0
    assert trust_in(one, [direct(RED, 8)]) > trust_in(one, [direct(RED, 4)]) > 0
    assert trust_in(one, [direct(RED, 8)]) < trust_in(one, [program(RED, -0.1)])
    assert trust_in(one, [program(RED, -1.0), program(BLUE, -1.0)]) > trust_in(
        one, [program(RED, -1.0), program(RED, -1.0)]
    )
    assert trust_in(two, [program(RED, -0.1)]) == 0
    assert trust_in(one, [direct(RED, 8, source=RANKING)]) == 0
