from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import byte_tokenizer, tiny_llama
from torch import nn

from arc.errors import ConfigError, DataError, MissingExtraError
from arc.grid import Grid
from arc.task import Pair
from lm.causal import loading
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.causal.cutting import cut_base
from lm.protocol import Prompt

N_TOKENS = len(byte_tokenizer())
kept_tokens = st.lists(st.integers(0, N_TOKENS - 1), min_size=1, unique=True).map(sorted)


@pytest.mark.parametrize("tied", [False, True])
@settings(max_examples=15)
@given(kept=kept_tokens, data=st.data())
def test_the_logits_of_kept_tokens_stay_what_they_were(
    tied: bool, kept: list[int], data: st.DataObject
) -> None:
    base = tiny_llama(N_TOKENS, tie_word_embeddings=tied)
    tokens = data.draw(st.lists(st.sampled_from(kept), min_size=1, max_size=9))
    with torch.no_grad():
        expected = base(torch.tensor([tokens])).logits[..., kept]
        numbers = cut_base(base, kept)
        found = base(torch.tensor([[numbers[token] for token in tokens]])).logits
    assert list(numbers) == kept
    # A sum over a few columns may be rounded otherwise than one over many.
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tied", [False, True])
def test_weights_are_kept_to_the_bit_and_stay_tied(tied: bool) -> None:
    base, kept = tiny_llama(N_TOKENS, tie_word_embeddings=tied), [2, 5, 7]
    before = base.get_input_embeddings().weight[kept], base.get_output_embeddings().weight[kept]
    n_before = sum(p.numel() for p in base.parameters())
    cut_base(base, kept)
    embedding, head = base.get_input_embeddings(), base.get_output_embeddings()
    assert torch.equal(embedding.weight, before[0])
    assert torch.equal(head.weight, before[1])
    assert (head.weight is embedding.weight) == tied
    n_after = sum(p.numel() for p in base.parameters())
    assert n_before - n_after == (N_TOKENS - 3) * 32 * (1 if tied else 2)
    assert base.config.vocab_size == 3
    assert (base.config.bos_token_id, base.config.eos_token_id) == (None, 0)


def test_a_head_that_is_no_linear_layer_is_refused() -> None:
    base = tiny_llama(N_TOKENS)
    base.set_output_embeddings(nn.Sequential(base.get_output_embeddings()))
    with pytest.raises(ConfigError, match="cut_vocabulary: LlamaForCausalLM has no plain"):
        cut_base(base, [1, 2])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    tiny_llama(N_TOKENS).save_pretrained(path)
    byte_tokenizer().save_pretrained(path)
    return path


@pytest.mark.parametrize("template", ["compact", "words_chat"])
def test_a_cut_model_chooses_as_the_whole_one_does(folder: Path, template: str) -> None:
    grid = Grid.of([[1, 2]])
    prompts = [Prompt(grid, (Pair(grid, grid),)), Prompt(grid)]
    config = CausalConfig(model=str(folder), template=template, rank=2, device="cpu")
    whole = CausalLanguageModel.load(config)
    cut = CausalLanguageModel.load(replace(config, cut_vocabulary=True))
    outputs = [Grid.of([[1]]), Grid.of([[2, 2]])]
    gains = [
        b - a
        for a, b in zip(whole.score(prompts, outputs), cut.score(prompts, outputs), strict=True)
    ]
    assert all(gain > 0 for gain in gains)  # the same logits among fewer


def test_four_bits_need_a_package_that_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = loading.importlib.util.find_spec
    monkeypatch.setattr(
        loading.importlib.util,
        "find_spec",
        lambda name, package=None: None if name == "bitsandbytes" else find_spec(name, package),
    )
    config = CausalConfig(model=str(folder), quantization="4bit", device="cpu")
    with pytest.raises(MissingExtraError, match="pip install bitsandbytes") as caught:
        CausalLanguageModel.load(config)
    assert "\n" not in str(caught.value)


def test_four_bits_are_those_of_qlora(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda name: object())
    config = loading.four_bits("bfloat16")
    assert (config.load_in_4bit, config.bnb_4bit_quant_type) == (True, "nf4")
    assert config.bnb_4bit_compute_dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("someone/some-model", "hf download someone/some-model --local-dir FOLDER"),
        ("./someone/model", "no such folder; the folder of a model"),
        ("nowhere", "no such folder; the folder of a model"),
    ],
)
def test_the_hub_is_asked_only_if_settings_allow_it(model: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        CausalLanguageModel.load(CausalConfig(model=model, device="cpu"))
    assert "\n" not in str(caught.value)


def test_the_hub_is_asked_if_settings_allow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(name: str, **options: object) -> None:
        asked.append((name, options["local_files_only"]))
        raise OSError("there is no network")

    monkeypatch.setattr(loading.AutoTokenizer, "from_pretrained", refuse)
    config = CausalConfig(model="someone/some-model", allow_download=True, device="cpu")
    with pytest.raises(DataError, match=r"someone/some-model: no causal .*: there is no network"):
        CausalLanguageModel.load(config)
    assert asked == [("someone/some-model", False)]


def test_an_unknown_quantization_is_named() -> None:
    with pytest.raises(ConfigError, match="quantization: '' or 4bit"):
        CausalConfig(quantization="3bit")


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean compact"):
        CausalConfig(template="compat")
