from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import byte_tokenizer, tiny_llama
from tiny_causal import save_tiny

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair
from ensemble.settings import load_settings
from ensemble.train.finetuning import Grids, Programs, finetune
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.causal.writer import CausalWriter, WriterConfig
from lm.protocol import Prompt
from lm.writing import Draft, Writing

GRIDS = Grids()
OPTIONS = {"updates": 2, "examples": 1, "report": 1}


def run(out: Path, settings, source: Grids | Programs = GRIDS, **options: object) -> str:
    return finetune(out, settings, source, minutes=None, threads=0, options={**OPTIONS, **options})


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
    settings_taken = f"--set model.settings.model={base} --set model.settings.adapter={adapter}"
    assert made == f"ensemble run --config causal {settings_taken}"
    config = CausalConfig(model=str(base), adapter=str(adapter))
    assert CausalLanguageModel.load(config)
    assert run(tmp_path / "out", settings, updates=3) == made


def test_only_a_causal_model_is_fine_tuned(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="causal"):
        run(tmp_path, load_settings("default"))


@pytest.mark.slow
def test_a_model_that_learned_programs_is_asked_as_it_was_taught(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    tiny_llama(len(tokenizer)).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    source = "def transform(grid):\n    return grid\n"
    pairs = [{"input": [f"{i}0"], "output": [f"{i}0"]} for i in range(1, 5)]
    lines = [
        {"id": str(i), "source": source + "#" * i, "n_operations": 1, "pairs": pairs}
        for i in range(60)
    ]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    settings = load_settings(
        "causal", [f"model.settings.model={tmp_path / 'base'}", "model.settings.rank=2"]
    )
    programs = Programs((tmp_path / "p.jsonl",), "signature_program")
    made = run(tmp_path / "out", settings, programs)
    assert made.startswith("ensemble run --config programs --mode induction --set writer.settings.")
    taken = dict(part.split("=", 1) for part in made.split(" --set ")[1:])
    config = WriterConfig(
        model=taken["writer.settings.model"],
        template=taken["writer.settings.template"],
        adapter=taken["writer.settings.adapter"],
        device="cpu",
    )
    writer = CausalWriter.load(config)
    draft = Draft(Prompt(Grid.of([[1]]), (Pair(Grid.of([[1]]), Grid.of([[2]])),)))
    assert writer.write([draft], Writing(max_tokens=4))


def test_programs_are_not_learned_with_a_vocabulary_cut_for_grids(tmp_path: Path) -> None:
    settings = load_settings("causal", ["model.settings.cut_vocabulary=true"])
    with pytest.raises(ConfigError, match="cut_vocabulary"):
        run(tmp_path, settings, Programs((tmp_path / "p.jsonl",), "signature_program"))


def test_a_template_for_grids_teaches_no_programs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="words_program"):
        run(tmp_path, load_settings("causal"), Programs((tmp_path / "p.jsonl",), "compact"))
