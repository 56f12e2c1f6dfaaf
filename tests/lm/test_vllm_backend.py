"""How a model speaks to vLLM, with an engine that answers from the trainer's own base."""

from __future__ import annotations

import math
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_causal import (
    BLUE,
    CONFIG,
    FOREVER,
    PROMPTS,
    RED,
    TASK,
    grid_of,
    tiny_base,
    tiny_vocabulary,
)

from arc.errors import ConfigError
from arc.grid import Grid
from lm.causal.backend import CausalLanguageModel
from lm.protocol import Adaptation, Completion, DepthFirst, Example, Prompt, Sampling
from lm.vllm.backend import VllmLanguageModel
from lm.vllm.config import VllmConfig
from lm.vllm.constraint import GrowingReply, leave_only, stop_token
from lm.vllm.engine import Request, run, start_engine
from transduction.augment import training_examples

OUTPUTS = [RED, Grid.of([[7] * 9] * 3), Grid.of([[5]])]


@dataclass(frozen=True)
class Lora:
    """What vLLM's `LoRARequest` is made from."""

    lora_name: str
    lora_int_id: int
    lora_path: str


class Engine:
    """Answers as vLLM does, one token at a time; each call is a batch."""

    def __init__(self, trainer: CausalLanguageModel) -> None:
        self.trainer = trainer
        self.batches: list[list[Any]] = []

    def generate(self, prompts, params, *, lora_request, use_tqdm) -> list[Any]:
        loras = lora_request or [None] * len(prompts)
        self.batches.append(loras)
        texts = [list(prompt["prompt_token_ids"]) for prompt in prompts]
        return [self._answer(*request) for request in zip(texts, params, loras, strict=True)]

    def _answer(self, text: list[int], params: Any, lora: Lora | None) -> Any:
        adapter = self.trainer.load_adapter(Path(lora.lora_path)).weights.tensors if lora else {}
        rng = torch.Generator().manual_seed(getattr(params, "seed", 0))
        tokens: list[int] = []
        stop = stop_token(self.trainer.form)
        reply = GrowingReply(self.trainer.form.start(), tokens, stop)
        rows = []
        assert len(text) + params.max_tokens <= self.trainer.max_tokens
        with self.trainer.with_factors(adapter), torch.inference_mode():
            scored = self.trainer.base(torch.tensor([text])).logits[0].log_softmax(-1)
            while len(tokens) < params.max_tokens and stop not in tokens:
                logits = self.trainer.base(torch.tensor([text + tokens])).logits[0, -1:]
                rows.append(logits.log_softmax(-1)[0])
                weights = leave_only(logits, {0: reply.allowed()})[0] / (params.temperature or 1e-3)
                tokens.append(int(weights.softmax(-1).multinomial(1, generator=rng)))
        return SimpleNamespace(
            outputs=[SimpleNamespace(token_ids=tokens, logprobs=of(tokens, rows))],
            prompt_logprobs=[None, *of(text[1:], scored)],
        )


def of(tokens: list[int], rows: Any) -> list[dict[int, Any]]:
    pairs = zip(tokens, rows, strict=False)
    return [{token: SimpleNamespace(logprob=float(row[token]))} for token, row in pairs]


VLLM: Any = SimpleNamespace(
    SamplingParams=SimpleNamespace,
    lora=SimpleNamespace(request=SimpleNamespace(LoRARequest=Lora)),
)


@pytest.fixture(scope="module")
def trainer() -> CausalLanguageModel:
    config = VllmConfig(**asdict(CONFIG) | {"max_tokens": 100})
    return CausalLanguageModel(tiny_base(), tiny_vocabulary(), config)


@pytest.fixture
def model(trainer: CausalLanguageModel, tmp_path: Path) -> VllmLanguageModel:
    return VllmLanguageModel(trainer, Engine(trainer), VLLM, tmp_path / "served")


@pytest.fixture(scope="module")
def trained(trainer: CausalLanguageModel) -> Adaptation:
    examples = training_examples(TASK, trainer.conditioning, 8, random.Random(0))
    return trainer.adapt(examples, random.Random(0), FOREVER, train=True)


@pytest.mark.slow
def test_replies_and_scores_are_the_trainers(model, trainer, trained) -> None:
    for ours, theirs in ((model.serve(trained), trained), (None, None)):
        # Without training replies are long.
        prompts = PROMPTS if ours else PROMPTS[1:2]
        found, expected = model.generate(prompts, ours), trainer.generate(prompts, theirs)
        assert [c.grid for c in found] == [c.grid for c in expected]
        assert [c.log_probability for c in found] == pytest.approx(
            [c.log_probability for c in expected], abs=1e-3
        )
        scores = model.score(PROMPTS, OUTPUTS, ours)
        assert scores == pytest.approx(trainer.score(PROMPTS, OUTPUTS, theirs), abs=1e-3)


def test_draws_have_the_log_probability_that_score_gives(model, trained) -> None:
    adaptation = model.serve(trained)
    drawn = model.sample(PROMPTS[:2], adaptation, Sampling(n=3, temperature=0.5, seed=1))
    assert [len(replies) for replies in drawn] == [3, 3]
    for prompt, replies in zip(PROMPTS, drawn, strict=False):
        found = model.score([prompt] * 3, [grid_of(r) for r in replies], adaptation)
        assert found == pytest.approx([r.log_probability for r in replies], abs=1e-3)


def test_draws_depend_on_the_seed_alone(model, trained) -> None:
    adaptation = model.serve(trained)

    def drawn(seed: int) -> list[Any]:
        return model.sample(PROMPTS[:1], adaptation, Sampling(n=2, temperature=2.0, seed=seed))

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


def test_a_prompt_beyond_the_context_is_scored_and_has_no_reply(model, trainer, trained) -> None:
    long, adaptation = Prompt(Grid.of([[3] * 20] * 20)), model.serve(trained)
    prompts, outputs = [PROMPTS[0], long, PROMPTS[1]], [RED, BLUE, RED]
    found = model.score(prompts, outputs, adaptation)
    assert found == pytest.approx(trainer.score(prompts, outputs, trained), abs=1e-3)
    replies = model.generate(prompts, adaptation)
    assert replies[1] == Completion(None, -math.inf)
    assert [c.grid for c in replies] == [c.grid for c in trainer.generate(prompts, trained)]


def test_the_search_is_the_trainers(model, trainer, trained) -> None:
    search = DepthFirst(threshold=0.05)
    found = model.search(PROMPTS[:1], model.serve(trained), search)
    assert found == trainer.search(PROMPTS[:1], trained, search)


def test_a_reply_that_is_no_grid_is_none(model) -> None:
    row = {0: SimpleNamespace(logprob=-1.0)}
    assert 0 not in model.trainer.form.reply_ids
    found = model._completion(SimpleNamespace(token_ids=[0], logprobs=[row]))
    assert found.grid is None


def test_what_was_not_trained_is_the_base(model) -> None:
    examples = training_examples(TASK, model.conditioning, 4, random.Random(0))
    untrained = model.adapt(examples, random.Random(0), FOREVER, train=False)
    assert model.score(PROMPTS, OUTPUTS, untrained) == model.score(PROMPTS, OUTPUTS)
    assert model.engine.batches == [[None] * 3] * 2


def test_tasks_have_adapters_of_their_own_unless_they_share_one(model) -> None:
    examples = [Example(PROMPTS[0], BLUE)]
    apart = model.adapt_many([examples] * 2, random.Random(0), FOREVER, shared=False)
    assert len({adaptation.weights.lora for adaptation in apart}) == 2
    assert len({adaptation.weights.lora.lora_int_id for adaptation in apart}) == 2
    joint = model.adapt_many([examples] * 2, random.Random(0), FOREVER, shared=True)
    assert joint[0] is joint[1]


def test_the_folder_of_an_adapter_goes_with_it(model, trained) -> None:
    adaptation = model.serve(trained)
    folder = Path(adaptation.weights.lora.lora_path)
    assert (folder / "adapter_config.json").is_file()
    del adaptation
    assert not folder.exists()


class Recorder:
    """Tells which request it was asked what."""

    def __init__(self) -> None:
        self.batches: list[list[int | None]] = []

    def generate(self, prompts, params, *, lora_request, use_tqdm) -> list[Any]:
        loras = lora_request or [None] * len(prompts)
        self.batches.append(loras)
        texts = [tuple(prompt["prompt_token_ids"]) for prompt in prompts]
        return list(zip(texts, params, loras, strict=True))


@given(st.lists(st.none() | st.integers(1, 3)))
def test_a_batch_never_mixes_requests_with_and_without_an_adapter(loras) -> None:
    engine = Recorder()
    requests = [Request((i,), f"params {i}", lora) for i, lora in enumerate(loras)]
    outputs = run(engine, requests)
    assert outputs == [((i,), f"params {i}", lora) for i, lora in enumerate(loras)]
    assert all(len({lora is None for lora in batch}) == 1 for batch in engine.batches)
    assert len(engine.batches) <= 2


def test_an_engine_that_does_not_start_is_a_one_line_error(tmp_path) -> None:
    def refuse(**settings: object) -> None:
        assert settings["max_lora_rank"] == 8
        raise ValueError("no memory\nis left")

    with pytest.raises(ConfigError, match="cannot serve this model: no memory is left"):
        start_engine(
            SimpleNamespace(LLM=refuse), VllmConfig(rank=5), tmp_path, "float32", 9, object
        )


def test_llvmlite_can_be_looked_through_for_kernels(tmp_path: Path):
    # As the engine does on a CPU, with every value of every module.
    ffi = pytest.importorskip("llvmlite.binding.ffi")

    def look(**settings: Any) -> list[Any]:
        return [vars(v).get("kernel") for v in vars(ffi).values() if hasattr(v, "__dict__")]

    settings = VllmConfig(rank=5), tmp_path, "float32", 9, object
    assert set(start_engine(SimpleNamespace(LLM=look), *settings)) == {None}
