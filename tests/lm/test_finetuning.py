from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_causal import CONFIG, PROMPTS, TASK, save_tiny, tiny_model

from arc.errors import ConfigError, DataError
from arc.grid import Grid
from lm.causal.backend import CausalLanguageModel
from lm.causal.batch import TokenizedExample
from lm.causal.finetuning import ADAPTER, CHECKPOINT, MODEL, FinetuneConfig, Finetuning
from lm.protocol import Conditioning, Example, Prompt
from transduction.augment import training_examples

EXAMPLES = [
    tiny_model().tokenized(example)
    for example in training_examples(TASK, Conditioning.IN_CONTEXT, 8, random.Random(0))
]
SETTINGS = FinetuneConfig(updates=6, examples=2, learning_rate=1e-2, report=3)


def example(index: int) -> TokenizedExample:
    return EXAMPLES[index % len(EXAMPLES)]


def training(config: FinetuneConfig, model: CausalLanguageModel | None = None) -> Finetuning:
    # On a busy machine several threads may share a sum out in another way each time.
    return Finetuning(model or tiny_model(), config, example, EXAMPLES[:2], threads=1)


def weights(training: Finetuning) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in training._parameters.items()}


@pytest.mark.parametrize("full", [False, True])
def test_a_training_in_two_runs_is_a_training_in_one(tmp_path: Path, full: bool) -> None:
    config = replace(SETTINGS, full=full)
    model = tiny_model()
    if full:
        save_tiny(tmp_path / "base")
        model = CausalLanguageModel.load(replace(CONFIG, model=str(tmp_path / "base")))
    whole = training(config, model)
    whole.run(tmp_path / "whole")
    first = training(config, tiny_like(model))
    for _ in range(2):
        first._update()
    first.save(tmp_path)
    second = training(config, tiny_like(model))
    second.load(tmp_path)
    second.run(tmp_path)
    assert (second.updates, second.position) == (whole.updates, whole.position) == (6, 12)
    expected = weights(whole)
    assert all(torch.equal(p, expected[name]) for name, p in weights(second).items())


def tiny_like(model: CausalLanguageModel) -> CausalLanguageModel:
    return CausalLanguageModel.load(model.config) if model.config.model else tiny_model()


def test_training_lowers_the_held_out_loss() -> None:
    trained = training(replace(SETTINGS, updates=30))
    before = trained.held_out_loss()
    for _ in range(30):
        trained._update()
    assert trained.held_out_loss() < before - 0.5


def test_examples_accumulate_to_one_gradient_whatever_the_passes() -> None:
    small, large = training(SETTINGS, tiny_model(train_tokens=1)), training(SETTINGS)
    assert small._update() == pytest.approx(large._update(), abs=1e-4)
    for name, parameter in weights(small).items():
        assert torch.allclose(parameter, weights(large)[name], atol=1e-3), name


@pytest.mark.parametrize("full", [False, True])
def test_the_result_is_what_a_run_takes(tmp_path: Path, full: bool) -> None:
    save_tiny(tmp_path / "base")
    config = replace(CONFIG, model=str(tmp_path / "base"))
    model = CausalLanguageModel.load(config)
    trained = training(replace(SETTINGS, full=full), model)
    trained.run(tmp_path)
    with model.with_factors(trained._factors or {}):
        expected = model.base(torch.tensor([[3, 4, 5]])).logits
    if full:
        taken = replace(config, model=str(tmp_path / MODEL))
    else:
        taken = replace(config, adapter=str(tmp_path / ADAPTER))
    loaded = CausalLanguageModel.load(taken)
    assert torch.allclose(loaded.base(torch.tensor([[3, 4, 5]])).logits, expected, atol=1e-4)
    assert loaded.generate(PROMPTS[:1])


def test_a_model_is_loaded_without_a_bar(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save_tiny(tmp_path)
    capfd.readouterr()
    CausalLanguageModel.load(replace(CONFIG, model=str(tmp_path)))
    assert "%|" not in capfd.readouterr().err


def test_what_was_learned_is_kept_when_a_training_is_stopped(tmp_path: Path) -> None:
    class Stopped(BaseException):
        pass

    def stopping(index: int) -> TokenizedExample:
        if index == 5:
            raise Stopped
        return example(index)

    stopped = Finetuning(tiny_model(), SETTINGS, stopping, [])
    with pytest.raises(Stopped):
        stopped.run(tmp_path)
    again = training(SETTINGS)
    again.load(tmp_path)
    assert again.updates == 2
    assert (tmp_path / ADAPTER / "adapter_model.safetensors").exists()


def test_a_training_ends_when_its_minutes_are_over(tmp_path: Path) -> None:
    trained = training(SETTINGS)
    trained.run(tmp_path, minutes=-1.0)
    assert trained.updates == 0


def test_the_rate_rises_then_stays_then_falls() -> None:
    config = FinetuneConfig(updates=100, learning_rate=1.0, warmup=0.1, decay=0.2)
    rates = [config.rate(update) for update in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert rates[10:80] == [1.0] * 70
    assert rates[80:] == sorted(rates[80:], reverse=True)
    assert 0 < rates[-1] < 0.1


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    training(SETTINGS).save(tmp_path)
    with pytest.raises(ConfigError, match="examples was 2 and is 3"):
        training(replace(SETTINGS, examples=3)).load(tmp_path)
    with pytest.raises(ConfigError, match="other shapes"):
        training(SETTINGS, tiny_model(rank=2)).load(tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"junk")
    with pytest.raises(DataError, match="no checkpoint can be read"):
        training(SETTINGS).load(tmp_path)


def test_examples_that_never_fit_are_an_error_and_not_a_loop() -> None:
    model = tiny_model()
    large = Grid.of([[1] * 20] * 20)
    tokenized = model.tokenized(Example(Prompt(large), large))
    trained = Finetuning(model, SETTINGS, lambda _: tokenized, [])
    with pytest.raises(DataError, match="max_tokens"):
        trained._update()
