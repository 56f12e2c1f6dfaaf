import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packages import install_example

from arc.errors import ConfigError
from ensemble import completion
from ensemble.settings import checked, load_settings
from lm.embedded.config import EmbeddedConfig
from transduction.config import TransductionConfig

COMPLETERS = [
    completion.mode, completion.split, completion.dataset, completion.subset,
    completion.engine, completion.config, completion.setting,
]  # fmt: skip
_RUN = (
    "import sys; sys.argv = ['ensemble']; from ensemble.cli import main; raise SystemExit(main())"
)


@given(st.sampled_from(COMPLETERS), st.data())
def test_what_is_offered_begins_as_typed_and_nothing_is_left_out(complete, data):
    everything = complete("")
    value = data.draw(st.sampled_from(everything))
    typed = value[: data.draw(st.integers(0, len(value)))]
    assert complete(typed) == [each for each in everything if each.startswith(typed)]
    assert complete(value + "?") == []


def problems_with(text):
    settings, problems = load_settings("default", [text]), []
    checked(TransductionConfig, settings.transduction, "transduction", problems)
    checked(EmbeddedConfig, settings.model.settings, "model.settings", problems)
    return problems


@pytest.mark.parametrize("text", completion.setting(""))
def test_every_offered_setting_is_one_and_takes_the_value_offered_with_it(text):
    key, _, value = text.partition("=")
    if value:
        assert problems_with(text) == []
        return
    try:
        (problem,) = problems_with(f"{key}={{ no = 1 }}")
    except ConfigError as error:
        problem = str(error)
    assert f"{key}: " in problem
    assert "expected" in problem


def test_installed_solvers_are_offered(tmp_path, monkeypatch):
    assert completion.solver("symm") == []
    install_example(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert completion.solver("symm") == ["symmetries"]


@pytest.mark.slow
def test_a_shell_is_answered():
    asked = {"_ENSEMBLE_COMPLETE": "complete_bash", "COMP_CWORD": "3"}
    environment = dict(os.environ) | asked | {"COMP_WORDS": "ensemble run --mode in"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", _RUN], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["induction"]
