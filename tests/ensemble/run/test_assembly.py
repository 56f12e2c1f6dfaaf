import pytest
import torch

from arc.candidate import RANKING, Candidate
from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.run.assembly import Workbench, check_settings, smaller
from ensemble.run.unit import Unit
from ensemble.settings import load_settings
from lm.embedded.backend import save_model
from lm.embedded.model import Architecture, EmbeddedModel

PAIRS = tuple(Pair(Grid.of([[a, b]]), Grid.of([[b, a]])) for a, b in ((1, 2), (3, 4), (5, 1)))
TASKS = [Task(name, PAIRS, (Grid.of([[4, 2]]),)) for name in ("t", "u")]


@pytest.fixture
def bench(tmp_path):
    """Makes a workbench over two tasks, with a tiny model and more settings."""
    torch.manual_seed(0)
    model = EmbeddedModel(Architecture(width=16, layers=1, heads=1, hidden=16))
    save_model(tmp_path, model, torch.eye(3, 16), {})
    quick = [f"model.settings.weights={tmp_path}", "model.settings.tokens=200"]

    def make(*settings, tasks=TASKS):
        small = ["model.settings.min_updates=1", "model.settings.max_length=40", "model.beside=[]"]
        return Workbench(load_settings("default", [*quick, *small, *settings]), tasks)

    return make


def found_by(workbench, task, earlier=()):
    return workbench.solve(Unit("transduction", task, 60.0, earlier)).candidates


def test_a_shared_adapter_depends_on_the_run_and_not_on_which_task_comes_first(bench):
    first, second = bench("transduction.shared=true"), bench("transduction.shared=true")
    found = {task.task_id: found_by(first, task) for task in TASKS}
    assert found_by(second, TASKS[1]) == found["u"]
    alone = bench("transduction.shared=true", tasks=TASKS[1:])
    assert found_by(alone, TASKS[1]) != found["u"]


def test_what_programs_found_reaches_the_ranking_only_where_it_is_asked_for(bench):
    grid = Grid.of([[7, 7]])
    earlier = (Candidate("t", 0, grid, "induction", 0.0),)
    ranked = found_by(bench("transduction.rank_programs=true"), TASKS[0], earlier)
    assert [c.grid for c in ranked if c.source == RANKING] == [grid]
    plain = found_by(bench(), TASKS[0], earlier)
    assert plain == tuple(c for c in ranked if c.source != RANKING)


def test_work_that_time_cut_short_is_not_called_complete(bench):
    limit = "effort.transduction_s=60"
    whole = bench(limit).solve(Unit("transduction", TASKS[0], 60.0))
    assert whole.is_complete
    assert not bench(limit).solve(Unit("transduction", TASKS[0], 0.01)).is_complete
    small = bench(limit).solve(Unit("transduction", TASKS[0], 60.0, is_small=True))
    assert small.candidates
    assert not small.is_complete


@pytest.mark.slow
def test_every_kind_of_model_has_settings_that_need_less_memory():
    for kind in ("embedded", "causal", "vllm"):
        small = smaller(load_settings("default", [f"model.kind={kind}"]))
        check_settings(small, "ensemble")
        assert small.model.settings


def test_a_model_beside_another_is_as_it_says_and_else_as_the_other(bench, tmp_path):
    torch.manual_seed(1)
    other = EmbeddedModel(Architecture(width=32, layers=1, heads=1, hidden=16))
    folder = tmp_path / "other"
    save_model(folder, other, torch.eye(3, 32), {})
    beside = f"model.beside=[{{weights='{folder}'}}]"
    found = found_by(bench(beside), TASKS[0])
    alone = found_by(bench(), TASKS[0])
    assert {c.evidence.views for c in found} == {16}
    assert {c.evidence.views for c in alone} == {8}
    assert alone[0].grid in {c.grid for c in found}


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ("[{weigths='medium'}]", r"model.beside\[0\].weigths; did you mean weights"),
        ("['medium']", "model.beside"),
        ("[{weights=3}]", r"model.beside\[0\].weights: str expected"),
    ],
)
def test_a_wrong_model_beside_is_a_one_line_error(beside, message):
    with pytest.raises(ConfigError, match=message):
        check_settings(load_settings("default", [f"model.beside={beside}"]), "transduction")


def test_a_mistake_that_models_beside_inherit_is_said_once():
    overrides = ["model.settings.tokns=1", "transduction.veiws=1"]
    with pytest.raises(ConfigError) as caught:
        check_settings(load_settings("default", overrides), "transduction")
    assert str(caught.value).count("tokns") == 1
    assert "veiws" in str(caught.value)
