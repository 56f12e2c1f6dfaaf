import re

import pytest

from arc.errors import ArcError
from ensemble import doctor
from ensemble.settings import load_settings, shipped_configs
from ensemble.yardstick import YARDSTICKS


@pytest.mark.slow
def test_every_configuration_is_spoken_of(capsys):
    doctor.doctor(quick=True)
    shown = capsys.readouterr().out
    for name in shipped_configs():
        assert name.startswith("ablation_") or re.search(rf"\b{name}\b", shown)
    assert "arc1 400 + 400" in shown
    assert "sandbox" not in shown


@pytest.mark.parametrize("name", shipped_configs())
def test_whose_weights_do_not_ship_is_said_to_need_them(name):
    settings = load_settings(name)
    needs = doctor._needs(settings)
    for table, kind in (("model", settings.model.kind), ("writer", settings.writer.kind)):
        is_named = f"--set {table}.settings.model=FOLDER" in needs
        assert is_named == (kind in ("causal", "vllm"))
    assert (needs == "runs") == ("FOLDER" not in needs)


def test_what_is_missing_comes_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    for finding in doctor._extras():
        assert finding.state == "note"
        assert finding.advice.startswith("pip install ")
    assert any("arc-ensemble[ray]" in finding.advice for finding in doctor._extras())


def test_a_machine_without_a_sandbox_is_told_so(monkeypatch):
    def refuse(**_):
        raise ArcError("programs cannot be confined on this machine")

    monkeypatch.setattr("sandbox.open_sandbox", refuse)
    (finding,) = doctor._sandbox()
    assert (finding.state, finding.name) == ("missing", "sandbox")
    assert "confined" in finding.text


@pytest.mark.slow
@pytest.mark.parametrize("yardstick", YARDSTICKS, ids=lambda yardstick: yardstick.stage)
def test_a_yardstick_does_some_work(yardstick):
    assert yardstick.seconds() > 0.05
