"""A tiny random causal model, and what several test files ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from tiny import byte_tokenizer, tiny_llama
from transformers import LlamaForCausalLM

from arc.grid import Grid
from arc.task import Pair, Task
from lm.causal.attention import packed_rows
from lm.causal.backend import CausalLanguageModel
from lm.causal.batch import TokenizedExample, TrainingBatch, example_losses
from lm.causal.config import CausalConfig
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


ALPHABET = "0123456789\nIO"
N_TOKENS = 3 + len(ALPHABET)


def tiny_base() -> LlamaForCausalLM:
    return tiny_llama(N_TOKENS)


def tiny_vocabulary() -> Vocabulary:
    return Vocabulary(byte_tokenizer(ALPHABET, start=True), "tiny")


def tiny_model(**changes: object) -> CausalLanguageModel:
    return CausalLanguageModel(tiny_base(), tiny_vocabulary(), replace(CONFIG, **changes))  # type: ignore[arg-type]


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
    tiny_base().save_pretrained(folder)
    byte_tokenizer(ALPHABET, start=True).save_pretrained(folder)
