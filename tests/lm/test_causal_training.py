from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pairs
from tiny_causal import (
    BLUE,
    CONFIG,
    FOREVER,
    PROMPTS,
    RED,
    TASK,
    losses_of,
    tiny_base,
    tiny_model,
    tiny_vocabulary,
)
from transformers import MistralConfig, MistralForCausalLM

from arc.errors import ConfigError
from arc.grid import Grid
from lm.causal.attention import packed_rows
from lm.causal.backend import CausalLanguageModel
from lm.causal.batch import TrainingBatch, example_losses
from lm.causal.training import Passes
from lm.protocol import Adaptation, Example, Prompt
from transduction.augment import training_examples

MODEL = tiny_model()


def examples_of(seed: int, n: int) -> list[Example]:
    return training_examples(TASK, MODEL.conditioning, n, random.Random(seed))


def assert_alike(first: Adaptation, second: Adaptation, tolerance: float = 1e-4) -> None:
    assert first.updates == second.updates
    assert first.loss == pytest.approx(second.loss, abs=tolerance)
    one, other = first.weights.tensors, second.weights.tensors
    assert one.keys() == other.keys()
    for name in one:
        assert torch.allclose(one[name], other[name], atol=tolerance), name


@settings(max_examples=25)
@given(st.lists(st.lists(pairs(3), min_size=2, max_size=3), min_size=1, max_size=4))
def test_packed_examples_have_the_losses_and_gradients_of_a_loop(texts) -> None:
    examples = [
        MODEL.tokenized(Example(Prompt(last.input, tuple(context)), last.output))
        for *context, last in texts
    ]
    assert losses_of(MODEL, examples, packed=True) == pytest.approx(
        [losses_of(MODEL, [example], packed=False)[0] for example in examples], abs=1e-3
    )
    gradients = []
    for packed in (True, False):
        factors = MODEL._model.fresh(random.Random(0))
        for factor in factors.values():
            factor.data += 0.01
        with packed_rows(MODEL.base), MODEL._model.sharing([factors], ()) as base:
            parts = [examples] if packed else [[example] for example in examples]
            for part in parts:
                batch = TrainingBatch.packed(part, torch.device("cpu"))
                torch.autograd.backward(example_losses(base, batch).sum())
        gradients.append([factor.grad for factor in factors.values()])
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=2e-3, rtol=1e-3)


@given(
    st.lists(st.integers(1, 20), max_size=8),
    st.integers(1, 30),
)
def test_passes_hold_every_example_once_and_no_more_tokens_than_they_may(lengths, limit) -> None:
    stretches = list(Passes(max_tokens=limit).split(lengths))
    assert [n for s in stretches for n in lengths[s]] == lengths
    assert all(len(lengths[s]) == 1 or sum(lengths[s]) <= limit for s in stretches)


def test_a_token_sees_no_further_back_than_its_window_in_a_packed_row() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        base = MistralForCausalLM(
            MistralConfig(
                vocab_size=16,
                hidden_size=32,
                intermediate_size=32,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                sliding_window=8,
                initializer_range=0.2,
                pad_token_id=0,
                bos_token_id=1,
                eos_token_id=2,
            )
        ).eval()
    model = CausalLanguageModel(base, tiny_vocabulary(), CONFIG)
    examples = [model.tokenized(Example(prompt, RED)) for prompt in PROMPTS]
    together = losses_of(model, examples, packed=True)
    assert together == pytest.approx(losses_of(model, examples, packed=False), abs=1e-3)
    base.config.sliding_window = None
    for layer in base.model.layers:
        layer.self_attn.sliding_window = None
    assert together != pytest.approx(losses_of(model, examples, packed=True), abs=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"packed": False},
        {"train_tokens": 1},
        {"checkpointing": True},
        {"packed": False, "train_tokens": 100},
    ],
)
def test_how_examples_pass_does_not_change_what_is_learned(changes: dict[str, object]) -> None:
    config = {"epochs": 2, "batch_size": 3, "learning_rate": 1e-2}
    examples = examples_of(0, 5)
    first = tiny_model(**config).adapt(examples, random.Random(0), FOREVER, train=True)
    second = tiny_model(**config, **changes).adapt(examples, random.Random(0), FOREVER, train=True)
    assert_alike(first, second)


@pytest.mark.parametrize("changes", [{}, {"packed": False}, {"train_tokens": 150}])
def test_adapters_trained_together_are_those_trained_apart(changes: dict[str, object]) -> None:
    model = tiny_model(epochs=2, batch_size=2, learning_rate=1e-2, together=3, **changes)
    sets = [examples_of(seed, n) for seed, n in enumerate((5, 1, 4, 3))]
    together = model.adapt_many(sets, random.Random(7), FOREVER, shared=False)
    rng = random.Random(7)
    rngs = [random.Random(rng.getrandbits(64)) for _ in sets]
    assert [a.updates for a in together] == [6, 2, 4, 4]
    for examples, own, adaptation in zip(sets, rngs, together, strict=True):
        assert_alike(model.adapt(examples, own, FOREVER, train=True), adaptation)


def test_a_shared_adapter_is_one_trained_on_all_tasks() -> None:
    model = tiny_model(epochs=1, batch_size=2)
    sets = [examples_of(0, 3), examples_of(1, 2)]
    first, second = model.adapt_many(sets, random.Random(7), FOREVER, shared=True)
    assert first is second
    assert_alike(model.adapt(sets[0] + sets[1], random.Random(7), FOREVER, train=True), first)


def test_tasks_without_examples_that_fit_are_left_untrained() -> None:
    model = tiny_model(epochs=1, batch_size=2)
    large = Grid.of([[1] * 20] * 20)
    sets = [[], examples_of(0, 2), [Example(Prompt(large), large)]]
    none, some, dropped = model.adapt_many(sets, random.Random(0), FOREVER, shared=False)
    assert (none.updates, some.updates, dropped.updates) == (0, 1, 0)
    assert dropped.weights.n_dropped == 1
    assert model.adapt_many([], random.Random(0), FOREVER, shared=False) == []


def test_embeddings_can_have_an_adapter() -> None:
    model = tiny_model(target_modules=("embed_tokens", "q_proj"), epochs=3)
    examples = examples_of(0, 3)
    adaptation = model.adapt(examples, random.Random(0), FOREVER, train=True)
    changed = [name for name, t in adaptation.weights.tensors.items() if t.abs().sum() > 0]
    assert any("embed_tokens.lora_embedding_A" in name for name in changed)
    prompts, outputs = [e.prompt for e in examples], [e.output for e in examples]
    assert sum(model.score(prompts, outputs, adaptation)) > sum(model.score(prompts, outputs))


def test_a_model_that_hides_where_texts_begin_is_named() -> None:
    base = tiny_base()
    with packed_rows(base), pytest.raises(ConfigError, match="packed"):
        base(input_ids=torch.tensor([[1, 2]]))


def test_a_layer_that_can_have_no_adapter_is_named() -> None:
    with pytest.raises(ConfigError, match="norm is a LlamaRMSNorm"):
        tiny_model(target_modules=("norm",))


def test_an_adapter_read_from_its_folder_does_the_same(tmp_path) -> None:
    model = tiny_model(epochs=1)
    adaptation = model.adapt(examples_of(0, 3), random.Random(0), FOREVER, train=True)
    model.save_adapter(adaptation, tmp_path)
    read = tiny_model(epochs=1).load_adapter(tmp_path)
    expected = model.score(PROMPTS, [BLUE] * 3, adaptation)
    assert model.score(PROMPTS, [BLUE] * 3, read) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rank": 2}, "r is 4, 2 expected"),
        ({"alpha": 1}, "lora_alpha is 8, 1 expected"),
        ({"rank_stabilized": True}, "use_rslora is False, True expected"),
        ({"target_modules": ("v_proj",)}, "tensors are for other layers, such as .*down_proj"),
        ({"target_modules": ("v_proj", "down_proj", "q_proj")}, "tensors are missing.*q_proj"),
    ],
)
def test_an_adapter_of_another_shape_is_refused_in_one_line(tmp_path, changes, message) -> None:
    model = tiny_model(epochs=1)
    adaptation = model.adapt(examples_of(0, 1), random.Random(0), FOREVER, train=True)
    model.save_adapter(adaptation, tmp_path)
    with pytest.raises(ConfigError, match=message) as caught:
        tiny_model(**changes).load_adapter(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_adapter_of_another_base_is_refused(tmp_path) -> None:
    own = CausalLanguageModel(tiny_base(), tiny_vocabulary(), replace(CONFIG, model="some/base"))
    adaptation = own.adapt(examples_of(0, 1), random.Random(0), FOREVER, train=True)
    own.save_adapter(adaptation, tmp_path)
    hub = CausalLanguageModel(tiny_base(), tiny_vocabulary(), replace(CONFIG, model="hub/Base"))
    hub.load_adapter(tmp_path)
    other = CausalLanguageModel(tiny_base(), tiny_vocabulary(), replace(CONFIG, model="a/1B"))
    with pytest.raises(ConfigError, match="for the base some/base, and the model is a/1B"):
        other.load_adapter(tmp_path)
