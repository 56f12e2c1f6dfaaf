"""The command that fits a calibration on runs over training tasks."""

import itertools
import json
import random

import pytest
from contests import spoiled

from arc.candidate import Candidate, ProgramEvidence, ViewEvidence
from arc.dataset import is_held_out, load_split, load_split_answers
from arc.errors import DataError
from ensemble.calibrate.cases import gather_cases
from ensemble.calibrate.study import sheets_of_study, study_of
from ensemble.folder.store import Effort, RunFolder
from ensemble.merge.calibration import Calibration, calibration_from, load_calibration
from ensemble.settings import load_settings

TASKS = load_split("arc1", "training")
ANSWERS = load_split_answers("arc1", "training")
HELD_OUT = [task for task in TASKS if is_held_out(task.task_id)]
TRAINED_ON = [task for task in TASKS if not is_held_out(task.task_id)]
TRAINING = {"dataset": "arc1", "split": "training", "subset": ""}


def made_up_run(path, stages, tasks, *, data=TRAINING, policy="induction-first"):
    """Writes a run whose candidates are the answers, spoiled now and then."""
    settings = load_settings("default", [f"merge.policy={policy}"])
    facts = {"mode": "ensemble", "stages": list(stages), "data": data}
    folder = RunFolder.create_or_resume(path, tasks, settings, facts)
    for task, stage in itertools.product(tasks, stages):
        rng = random.Random(f"{task.task_id}{stage}")
        found = []
        for index, answer in enumerate(ANSWERS[task.task_id].outputs):
            cost = rng.uniform(1, 30)
            grid = spoiled(answer) if rng.random() < cost / 30 else answer
            evidence = (
                ProgramEvidence("...", cost, 3, 3)
                if stage == "induction"
                else ViewEvidence(8 if cost < 15 else 1, 8, -cost)
            )
            found.append(Candidate(task.task_id, index, grid, stage, -cost, evidence))
        folder.write(task.task_id, stage, found, 1.0)
    return path


@pytest.mark.slow
def test_complementary_runs_are_joined_fitted_and_written(cli, tmp_path):
    programs = made_up_run(tmp_path / "programs", ["induction"], TASKS[:60])
    views = made_up_run(tmp_path / "views", ["transduction"], HELD_OUT[:16])
    status, out, _ = cli("calibrate", programs, views, "--out", "mine.json")
    assert status == 0
    n_tasks = len(gather_cases([programs, views]).tasks)
    assert f"pass@2 on {n_tasks} tasks of arc1 training" in out
    assert "calibrated | induction-first" in out
    document = json.loads((tmp_path / "mine.json").read_text())
    assert document["fitted_on"]["n_tasks"] == n_tasks
    assert [run["name"] for run in document["fitted_on"]["runs"]] == ["programs", "views"]
    assert str(tmp_path) not in (tmp_path / "mine.json").read_text()
    assert load_calibration(str(tmp_path / "mine.json")).coefficients["simplicity"] > 0


def test_a_study_says_what_it_was_made_on_and_measures_out_of_fold(tmp_path):
    run = made_up_run(tmp_path / "both", ["induction", "transduction"], HELD_OUT[:14])
    gathered = gather_cases([run])
    study = study_of(gathered, (1.0,))
    assert set(study.scores) == {"calibrated", "induction-first", "interleave", "plain votes"}
    assert all(score.n_tasks == 14 for score in (*study.scores.values(), study.ceiling))
    assert all(s.task_share <= study.ceiling.task_share for s in study.scores.values())
    document = study.calibration.document()
    assert calibration_from(document, "memory") == study.calibration
    assert document["fitted_on"]["n_outputs"] == len(gathered.cases)
    assert document["cross_validation"]["penalty"] == 1.0
    assert all(sheet.lines for sheet in sheets_of_study(study, gathered))


def test_with_transduction_only_tasks_that_the_weights_have_not_seen_are_kept(tmp_path):
    tasks = [*HELD_OUT[:3], *TRAINED_ON[:4]]
    both = made_up_run(tmp_path / "both", ["induction", "transduction"], tasks)
    gathered = gather_cases([both])
    assert {task.task_id for task in gathered.tasks} == {t.task_id for t in HELD_OUT[:3]}
    assert (gathered.n_known, gathered.n_unfinished) == (4, 0)


def test_what_is_not_done_by_every_stage_is_left_out_and_programs_may_be_of_any_task(tmp_path):
    programs = made_up_run(tmp_path / "programs", ["induction"], [*HELD_OUT[:3], *TRAINED_ON[:2]])
    folder = RunFolder.open(made_up_run(tmp_path / "cut", ["sampling"], TRAINED_ON[:2]))
    first = TRAINED_ON[0].task_id
    (folder.path / "candidates" / f"{first}.sampling.json").unlink()
    folder.write(first, "sampling", [], 1.0, Effort(1, 1.0))
    gathered = gather_cases([programs, folder.path])
    assert [task.task_id for task in gathered.tasks] == [TRAINED_ON[1].task_id]
    assert (gathered.n_known, gathered.n_unfinished) == (0, 4)


def test_the_same_stage_of_a_task_twice_is_refused(tmp_path):
    runs = [made_up_run(tmp_path / name, ["induction"], HELD_OUT[:2]) for name in "ab"]
    with pytest.raises(DataError, match="different stages or different tasks"):
        gather_cases(runs)


@pytest.mark.parametrize(
    "data",
    [
        {"dataset": "arc1", "split": "evaluation", "subset": ""},
        {"dataset": "arc2", "split": "training", "subset": ""},
        {"path": "somewhere.json"},
    ],
)
def test_runs_over_anything_but_the_training_split_are_refused_in_one_line(cli, tmp_path, data):
    # The ids are of training tasks: what the manifest says is what counts.
    run = made_up_run(tmp_path / "run", ["induction"], HELD_OUT[:2], data=data)
    status, out, err = cli("calibrate", run)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "training split only" in err


def test_show_says_how_likely_attempts_are_where_the_policy_knows(cli, tmp_path):
    document = Calibration({"verified": 0.0}, (), ("induction",)).document()
    (tmp_path / "mine.json").write_text(json.dumps(document))
    run = made_up_run(tmp_path / "run", ["induction"], HELD_OUT[:1], policy="calibrated")
    config = run / "config.toml"
    config.write_text(config.read_text().replace('calibration = ""', 'calibration = "mine.json"'))
    _, out, _ = cli("show", HELD_OUT[0].task_id, "--run", run)
    assert "attempt 1: estimated probability 0.50" in out
    plain = made_up_run(tmp_path / "plain", ["induction"], HELD_OUT[:1])
    assert "probability" not in cli("show", HELD_OUT[0].task_id, "--run", plain)[1]


@pytest.mark.slow
def test_the_figure_is_the_same_twice_and_its_name_says_the_kind(tmp_path):
    pytest.importorskip("matplotlib")
    from ensemble.calibrate.reliability import draw_reliability, reliability_of

    reliability = reliability_of([(0.1, False), (0.9, True), (0.9, False)])
    drawn = [tmp_path / name for name in ("a.svg", "b.svg")]
    for path in drawn:
        draw_reliability(reliability, path, "made up")
    assert drawn[0].read_bytes() == drawn[1].read_bytes()
    with pytest.raises(DataError, match=r"try a name in \.svg"):
        draw_reliability(reliability, tmp_path / "a.nothing", "made up")
