from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import tiny_llama
from tiny_causal import (
    BLUE,
    CONFIG,
    FOREVER,
    N_TOKENS,
    PROMPTS,
    RED,
    TASK,
    grid_of,
    losses_of,
    save_tiny,
    tiny_model,
    total_score,
)

from arc.errors import ArcError, ConfigError, DataError
from arc.grid import Grid
from lm.causal.backend import CausalLanguageModel
from lm.causal.batch import TokenizedExample
from lm.causal.precision import choose_dtype
from lm.causal.training import Schedule
from lm.protocol import Adaptation, Example, Prompt
from transduction.augment import training_examples
from transduction.config import TransductionConfig
from transduction.solver import TransductionSolver


@pytest.fixture(scope="module")
def model() -> CausalLanguageModel:
    return tiny_model()


@pytest.fixture(scope="module")
def examples(model: CausalLanguageModel) -> list[Example]:
    return training_examples(TASK, model.conditioning, 8, random.Random(0))


@pytest.fixture(scope="module")
def adaptation(model: CausalLanguageModel, examples: list[Example]) -> Adaptation:
    return model.adapt(examples, random.Random(0), FOREVER, train=True)


def base_weights(model: CausalLanguageModel) -> dict[str, torch.Tensor]:
    with model._model.using(None) as module:
        state = module.state_dict()
    return {name: value.clone() for name, value in state.items() if "lora_" not in name}


def test_score_agrees_with_the_log_probability_of_every_reply(
    model: CausalLanguageModel, adaptation: Adaptation
) -> None:
    completions = model.generate(PROMPTS, adaptation)
    scores = model.score(PROMPTS, [grid_of(c) for c in completions], adaptation)
    assert scores == pytest.approx([c.log_probability for c in completions], abs=1e-3)


def test_a_model_that_knows_nothing_replies_with_grids_all_the_same() -> None:
    model = tiny_model(max_tokens=2000)
    completions = model.generate(PROMPTS)
    scores = model.score(PROMPTS, [grid_of(c) for c in completions])
    assert scores == pytest.approx([c.log_probability for c in completions], abs=1e-3)


def test_a_reply_does_not_depend_on_the_prompts_beside_it(
    model: CausalLanguageModel, adaptation: Adaptation
) -> None:
    together = model.generate(PROMPTS, adaptation)
    alone = tiny_model(batch_tokens=1).generate(PROMPTS, adaptation)
    assert [c.grid for c in together] == [c.grid for c in alone]
    assert [c.log_probability for c in together] == pytest.approx(
        [c.log_probability for c in alone], abs=1e-3
    )


def test_scores_of_outputs_of_different_sizes_do_not_depend_on_each_other(
    model: CausalLanguageModel,
) -> None:
    outputs = [RED, Grid.of([[5]]), Grid.of([[7] * 9] * 3)]
    together = model.score(PROMPTS[:1] * 3, outputs)
    alone = [model.score(PROMPTS[:1], [output])[0] for output in outputs]
    assert together == pytest.approx(alone, abs=1e-4)


def test_training_makes_its_examples_likelier(
    model: CausalLanguageModel, examples: list[Example], adaptation: Adaptation
) -> None:
    assert adaptation.updates == CONFIG.epochs * len(examples)
    assert total_score(model, examples, adaptation) > total_score(model, examples, None) + 10
    assert 0 < adaptation.loss < 2


def test_the_base_stays_the_same_to_the_bit(examples: list[Example]) -> None:
    model = tiny_model()
    before, replies = base_weights(model), model.score(PROMPTS, [RED] * 3)
    assert len(before) == len(tiny_llama(N_TOKENS).state_dict())
    trained = model.adapt(examples, random.Random(0), FOREVER, train=True)
    model.generate(PROMPTS[:1], trained)
    after = base_weights(model)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert model.score(PROMPTS, [RED] * 3) == replies


def test_an_untrained_adapter_changes_nothing(examples: list[Example]) -> None:
    model = tiny_model()
    base = model.score(PROMPTS, [RED] * 3)
    untrained = model.adapt(examples, random.Random(0), FOREVER, train=False)
    out_of_time = model.adapt(examples, random.Random(0), -1.0, train=True)
    for adaptation in (untrained, out_of_time):
        assert adaptation.updates == 0
        assert math.isnan(adaptation.loss)
        assert model.score(PROMPTS, [RED] * 3, adaptation) == base


def test_the_same_seed_gives_the_same_adapter(
    model: CausalLanguageModel, examples: list[Example], adaptation: Adaptation
) -> None:
    torch.manual_seed(99)  # the global seed has no say
    again = model.adapt(examples, random.Random(0), FOREVER, train=True)
    other = model.adapt(examples, random.Random(1), FOREVER, train=True)
    assert again.loss == adaptation.loss != other.loss
    tensors, expected = again.weights.tensors, adaptation.weights.tensors
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_two_adaptations_do_not_leak_into_each_other(
    model: CausalLanguageModel, examples: list[Example], adaptation: Adaptation
) -> None:
    before = model.score(PROMPTS, [RED] * 3, adaptation)
    flipped = [Example(e.prompt, e.prompt.input) for e in examples]
    other = model.adapt(flipped, random.Random(0), FOREVER, train=True)
    of_other = model.score(PROMPTS, [RED] * 3, other)
    assert model.score(PROMPTS, [RED] * 3, adaptation) == before != of_other
    assert model.score(PROMPTS, [RED] * 3, other) == of_other


def test_the_loss_counts_exactly_the_targets(model: CausalLanguageModel) -> None:
    example = Example(Prompt(RED, TASK.pairs[:2]), BLUE)
    form = model.form
    tokenized = [TokenizedExample.of(form.segments(example, on)) for on in (False, True)]
    n = len(form.reply_tokens(BLUE))
    assert [sum(t.is_target) for t in tokenized] == [n, 2 * n]
    losses = [losses_of(model, [t], packed=False)[0] / t.n_targets for t in tokenized]
    last = model.score([example.prompt], [BLUE])[0]
    middle = model.score([Prompt(TASK.pairs[1].input, TASK.pairs[:1])], [TASK.pairs[1].output])[0]
    assert losses == pytest.approx([-last / n, -(last + middle) / (2 * n)], abs=1e-4)


@pytest.mark.parametrize("packed", [True, False])
def test_an_example_does_not_change_the_loss_of_another(
    model: CausalLanguageModel, packed: bool
) -> None:
    examples = [model.tokenized(Example(prompt, RED)) for prompt in PROMPTS]
    together = losses_of(model, examples, packed=packed)
    alone = [losses_of(model, [example], packed=False)[0] for example in examples]
    assert together == pytest.approx(alone, abs=1e-3)


def test_examples_longer_than_the_context_are_dropped_and_counted(examples: list[Example]) -> None:
    large = Grid.of([[1] * 20] * 20)
    model = tiny_model(epochs=1, batch_size=2)
    too_long = Example(Prompt(large), large)
    mixed = model.adapt([*examples[:2], too_long], random.Random(0), FOREVER, train=True)
    assert (mixed.updates, mixed.weights.n_dropped) == (1, 1)
    none_left = model.adapt([too_long], random.Random(0), FOREVER, train=True)
    assert (none_left.updates, none_left.weights.n_dropped) == (0, 1)


def test_a_prompt_that_fills_the_context_gets_no_grid_but_the_others_do(
    model: CausalLanguageModel, adaptation: Adaptation
) -> None:
    too_long = Prompt(Grid.of([[1] * 20] * 20))
    first, second = model.generate([too_long, PROMPTS[0]], adaptation)
    assert (first.grid, first.log_probability) == (None, float("-inf"))
    assert second == model.generate(PROMPTS[:1], adaptation)[0]
    assert math.isfinite(model.score([too_long], [RED], adaptation)[0])


def test_a_reply_cut_by_the_context_is_no_grid(
    model: CausalLanguageModel, adaptation: Adaptation
) -> None:
    prompt = PROMPTS[2]
    whole = grid_of(model.generate([prompt], adaptation)[0])
    form = model.form
    length = len(form.tokens_of_prompt(prompt)) + len(form.reply_tokens(whole))
    enough, too_few = tiny_model(max_tokens=length), tiny_model(max_tokens=length - 1)
    assert enough.generate([prompt], adaptation)[0].grid == whole
    assert too_few.generate([prompt], adaptation)[0].grid is None


def test_the_learning_rate_rises_over_a_tenth_and_falls_to_nothing() -> None:
    schedule = Schedule(learning_rate=1.0, warmup=0.1, epochs=2, batch_size=2)
    assert schedule.n_updates(99) == 100
    rates = [schedule.rate(update, 100) for update in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.001


def test_the_solver_proposes_grids_and_repeats_itself(model: CausalLanguageModel) -> None:
    solver = TransductionSolver(model, TransductionConfig(max_examples=8, scored=2))
    first, second = (list(solver.solve(TASK, FOREVER, random.Random(3))) for _ in range(2))
    assert first == second
    assert first
    assert all(candidate.test_index == 0 for candidate in first)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder as `save_pretrained` writes it."""
    save_tiny(tmp_path)
    return tmp_path


# peft 0.21 asks transformers 5 for a property under its old name.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_a_saved_folder_loads_and_its_adapter_is_one_peft_reads(
    folder: Path, examples: list[Example]
) -> None:
    from peft import PeftModel

    model = CausalLanguageModel.load(replace(CONFIG, model=str(folder), epochs=1))
    adaptation = model.adapt(examples, random.Random(0), FOREVER, train=True)
    model.save_adapter(adaptation, folder / "adapter")
    read = PeftModel.from_pretrained(tiny_llama(N_TOKENS), str(folder / "adapter"))
    tokens = torch.tensor([[3, 4, 5]])
    with torch.no_grad(), model._model.using(adaptation.weights) as own:
        assert torch.allclose(own(tokens).logits, read(tokens).logits, atol=1e-5)
    with pytest.raises(ConfigError, match="nothing was trained"):
        model.save_adapter(model.adapt([], random.Random(0), 1.0, train=True), folder / "none")


def test_a_base_in_half_precision_gets_an_adapter_in_full(
    folder: Path, examples: list[Example]
) -> None:
    config = replace(CONFIG, model=str(folder), dtype="bfloat16", epochs=1)
    model = CausalLanguageModel.load(config)
    adaptation = model.adapt(examples, random.Random(0), FOREVER, train=True)
    assert {t.dtype for t in adaptation.weights.tensors.values()} == {torch.float32}
    assert math.isfinite(adaptation.loss)
    scores = model.score(PROMPTS, [RED] * 3, adaptation)
    assert scores != model.score(PROMPTS, [RED] * 3)
    assert all(math.isfinite(score) for score in scores)


def test_an_adapter_named_in_the_settings_lies_beneath_those_of_tasks(
    folder: Path, examples: list[Example]
) -> None:
    model = CausalLanguageModel.load(replace(CONFIG, model=str(folder), epochs=2))
    first = model.adapt(examples, random.Random(0), FOREVER, train=True)
    model.save_adapter(first, folder / "adapter")
    config = replace(CONFIG, model=str(folder), adapter=str(folder / "adapter"), epochs=1)
    merged = CausalLanguageModel.load(config)
    expected = model.score(PROMPTS, [RED] * 3, first)
    assert merged.score(PROMPTS, [RED] * 3) == pytest.approx(expected, abs=1e-3)
    second = merged.adapt(examples, random.Random(0), FOREVER, train=True)
    assert total_score(merged, examples, second) > total_score(merged, examples, None)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 avx512_bf16", "bfloat16"), ("avx2 avx512f", "float32"), ("amx_bf16", "bfloat16")],
)
def test_bfloat16_is_chosen_where_the_processor_has_it(
    tmp_path: Path, flags: str, expected: str
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : fpu {flags}\n")
    cpu = torch.device("cpu")
    assert choose_dtype("auto", cpu, tmp_path / "cpuinfo") == expected
    assert choose_dtype("auto", cpu, tmp_path / "none") == "float32"
    assert choose_dtype("float16", cpu) == "float16"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda folder: {"model": str(folder), "adapter": str(folder)}, "no adapter there"),
        (lambda folder: {"model": str(folder / "missing")}, "no such folder"),
        (lambda folder: {"model": str(folder), "gguf_file": "x.gguf"}, "x.gguf: no such file"),
        (lambda folder: {"model": str(folder.parent)}, "no causal language model can be loaded"),
        (lambda folder: {"model": ""}, "model: the local folder"),
        (lambda folder: {"model": str(folder), "device": "abacus"}, "try auto, cpu"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_an_error_of_one_line(
    folder: Path, broken: Callable[[Path], dict[str, str]], message: str
) -> None:
    with pytest.raises(ArcError, match=message) as caught:
        CausalLanguageModel.load(replace(CONFIG, **broken(folder)))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_an_error_of_one_line(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x08" * 64)
    with pytest.raises(DataError, match="no causal language model can be loaded"):
        CausalLanguageModel.load(replace(CONFIG, model=str(folder)))


@pytest.mark.parametrize(
    "wrong", [{"dtype": "int8"}, {"rank": 0}, {"warmup": 2.0}, {"target_modules": ("nowhere",)}]
)
def test_a_wrong_setting_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        tiny_model(**wrong)
