"""A tiny random causal model, and what several test files ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from arc.grid import Grid
from arc.task import Pair, Task
from lm.causal.attention import packed_rows
from lm.causal.backend import CausalConfig, CausalLanguageModel
from lm.causal.batch import TokenizedExample, TrainingBatch, example_losses
from lm.causal.format import ALPHABET
from lm.causal.vocabulary import Vocabulary
from lm.protocol import Adaptation, Completion, Example, Prompt

CONFIG = CausalConfig(
    device="cpu",
    rank=4,
    alpha=8,
    target_modules=("v_proj", "down_proj"),
    learning_rate=3e-2,
    epochs=5,
    batch_size=1,
    max_tokens=200,
)
FOREVER = 600.0
RED, BLUE = Grid.of([[2, 0], [0, 2]]), Grid.of([[1, 0], [0, 1]])
TASK = Task("flip", (Pair(RED, BLUE), Pair(BLUE, RED), Pair(RED, BLUE)), (BLUE,))
PROMPTS = [
    Prompt(RED, TASK.pairs[:1]),
    Prompt(Grid.of([[2, 0, 2]]), TASK.pairs),
    Prompt(BLUE, TASK.pairs[:2]),
]


def tiny_base() -> LlamaForCausalLM:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(ALPHABET) + 3,
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=2048,
                initializer_range=0.2,
            )
        ).eval()


def tiny_model(**changes: object) -> CausalLanguageModel:
    vocabulary = Vocabulary({character: i + 3 for i, character in enumerate(ALPHABET)}, (1,))
    return CausalLanguageModel(tiny_base(), vocabulary, replace(CONFIG, **changes))  # type: ignore[arg-type]


def total_score(
    model: CausalLanguageModel, examples: list[Example], adaptation: Adaptation | None
) -> float:
    prompts, outputs = [e.prompt for e in examples], [e.output for e in examples]
    return sum(model.score(prompts, outputs, adaptation))


def grid_of(completion: Completion) -> Grid:
    assert completion.grid is not None
    return completion.grid


def losses_of(
    model: CausalLanguageModel, examples: Sequence[TokenizedExample], *, packed: bool
) -> list[float]:
    """Returns each example's negative log-probability under the base."""
    make = TrainingBatch.packed if packed else TrainingBatch.padded
    batch = make(examples, torch.device("cpu"))
    base = model.base
    with torch.no_grad(), packed_rows(base) if packed else nullcontext():
        return [float(loss) for loss in example_losses(base, batch)]


def save_tiny(folder: Path) -> None:
    """Writes the tiny model with a tokenizer, as `save_pretrained` does."""
    pieces = ["<unk>", "<s>", "</s>", *ALPHABET.replace("\n", "Ċ")]
    tokenizer = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    tiny_base().save_pretrained(folder)
    wrapped.save_pretrained(folder)
