"""The shipped configurations of causal models, on tiny models of the same families."""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import asdict, replace
from importlib import resources
from typing import Any

import pytest
import torch
from tiny import byte_tokenizer
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig

from arc.grid import Grid
from arc.task import Pair
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.causal.footprint import LAYOUTS, Layout, footprint
from lm.causal.vocabulary import Vocabulary
from lm.protocol import Example, Prompt

MODELS = {
    "llama3_8b": "Llama-3 8B",
    "llama32_1b": "Llama-3.2 1B",
    "llama32_3b": "Llama-3.2 3B",
    "barc_llama31_8b_transduction": "Llama-3 8B",
    "architects": "NeMo-Minitron 8B",
}
TINY = Layout(len(byte_tokenizer()), 32, 2, 4, 2, 8, 48)
GRID = Grid.of([[1, 2]])
N_CUT = 64


def text_of(name: str) -> str:
    return resources.files("configs").joinpath(f"{name}.toml").read_text()


def settings_of(name: str) -> CausalConfig:
    table: dict[str, Any] = tomllib.loads(text_of(name))["model"]["settings"]
    table["target_modules"] = tuple(table["target_modules"])
    return CausalConfig(**table)


def base_of(layout: Layout, model: str) -> Any:
    family = MistralConfig if "NeMo" in model else LlamaConfig
    config = family(
        vocab_size=layout.vocabulary,
        hidden_size=layout.width,
        intermediate_size=layout.inner,
        num_hidden_layers=layout.depth,
        num_attention_heads=layout.heads,
        num_key_value_heads=layout.shared_heads,
        head_dim=layout.head_width,
        tie_word_embeddings=layout.is_tied,
        max_position_embeddings=2048,
    )
    return AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize("name", MODELS)
def test_a_configuration_trains_the_adapter_it_describes(name: str) -> None:
    config = replace(settings_of(name), dtype="float32", device="cpu", quantization="")
    layout = replace(TINY, is_tied=LAYOUTS[MODELS[name]].is_tied)
    base = base_of(layout, MODELS[name])
    model = CausalLanguageModel(base, Vocabulary(byte_tokenizer(), "tiny"), config)
    example = Example(Prompt(GRID, (Pair(GRID, GRID),)), GRID)
    adaptation = model.adapt([example], random.Random(0), 600.0, train=True)
    assert adaptation.updates == config.epochs
    n_trained = sum(tensor.numel() for tensor in adaptation.weights.tensors.values())
    assert n_trained == layout.n_adapter(config.rank, config.target_modules)


@pytest.mark.parametrize("name", MODELS)
def test_a_configuration_says_what_memory_it_needs(name: str) -> None:
    config, layout, text = settings_of(name), LAYOUTS[MODELS[name]], text_of(name)
    kind = config.quantization or config.dtype
    n_kept = N_CUT if config.cut_vocabulary else 0
    said = footprint(layout, kind, config.rank, config.target_modules, n_kept)
    assert f"# Memory: {said}\n" in text
    fixed, adapter, per_token = (float(number) for number in re.findall(r"\d+\.\d", said))
    for tokens, claimed in (
        (4096, r"(\d+) GB with 4,096 tokens at a time"),
        (8192, r"(\d+) GB with 8,192"),
    ):
        found = re.search(claimed, text)
        assert found
        assert int(found[1]) == pytest.approx(fixed + adapter + per_token * tokens / 1000, abs=1.1)


@pytest.mark.parametrize("name", LAYOUTS)
def test_weights_are_counted_to_the_last(name: str) -> None:
    layout = replace(LAYOUTS[name], depth=2, vocabulary=1000)
    with torch.device("meta"):
        base = base_of(layout, name)
    assert layout.n_linear + layout.n_others == sum(p.numel() for p in base.parameters())
    assert asdict(LAYOUTS[name])["depth"] > 2


@pytest.mark.parametrize("name", MODELS)
def test_a_configuration_says_how_to_run_it(name: str) -> None:
    text = text_of(name)
    assert f"--config {name}" in text
    assert "hf download" in text
