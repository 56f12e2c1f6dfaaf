from __future__ import annotations

from pathlib import Path

import pytest
from tiny_causal import save_tiny

from arc.errors import ConfigError
from ensemble.settings import load_settings
from ensemble.train.finetuning import finetune
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig

OPTIONS = {"updates": 2, "examples": 1, "report": 1}


def run(out: Path, settings, **options: object) -> str:
    return finetune(
        out, settings, re_arc=None, hold_out=True, minutes=None, threads=0,
        options={**OPTIONS, **options},
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_names_the_setting_that_takes_its_result(tmp_path: Path) -> None:
    save_tiny(tmp_path / "base")
    settings = load_settings(
        "causal",
        [f"model.settings.model={tmp_path / 'base'}", "model.settings.rank=2",
         "model.settings.max_tokens=600"],
    )  # fmt: skip
    made = run(tmp_path / "out", settings)
    base, adapter = tmp_path / "base", tmp_path / "out" / "adapter"
    assert made == f"--set model.settings.model={base} --set model.settings.adapter={adapter}"
    config = CausalConfig(model=str(base), adapter=str(adapter))
    assert CausalLanguageModel.load(config)
    assert run(tmp_path / "out", settings, updates=3) == made


def test_only_a_causal_model_is_fine_tuned(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="causal"):
        run(tmp_path, load_settings("default"))
