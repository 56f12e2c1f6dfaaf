"""A causal language model as a `LanguageModel`: demonstrations in context, an adapter per task."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedModel

from arc.errors import ConfigError
from arc.grid import Grid
from lm.causal.adapter import AdaptedModel, Adapter
from lm.causal.batch import TokenizedExample
from lm.causal.cutting import MOST_DEMONSTRATIONS, cut_base
from lm.causal.decoding import generate_batch, score_replies
from lm.causal.format import Format
from lm.causal.loading import DTYPES, QUANTIZATIONS, load_base
from lm.causal.template import DEFAULT_TEMPLATE, load_template
from lm.causal.training import Schedule, train_parameters
from lm.causal.vocabulary import Vocabulary
from lm.protocol import Adaptation, Completion, Conditioning, Example, Prompt

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CausalConfig:
    """Settings of a causal language model; the defaults train as Akyurek et al. (2024) do.

    Attributes:
        model: The model's local folder; or its id on the hub, with `allow_download`.
        allow_download: Whether the hub may be asked for it.
        template: How tasks are written: a shipped prompt template, or the path of one.
        gguf_file: The name of a GGUF file in it; empty where there are safetensors.
        dtype: Of the base: float32, bfloat16 or float16. Adapters are float32.
        quantization: Empty for none, or `4bit`, which needs bitsandbytes.
        cut_vocabulary: Whether the base keeps only the tokens that its template needs, which takes
            less memory and time. Log-probabilities are then relative to these.
        device: `auto` takes a GPU if there is one.
        rank: Rank of the adapter.
        alpha: Its scale, divided by the rank.
        rank_stabilized: Whether to divide by the root of the rank instead.
        target_modules: Names of the layers that get an adapter, or a regular expression.
        learning_rate: The highest, reached after the warm-up.
        warmup: Share of the updates over which the learning rate rises.
        epochs: How often each example is trained on.
        batch_size: Examples an update.
        demonstration_loss: Whether to train on the demonstrations' outputs after the first too.
        max_tokens: Longest prompt with its reply; the model's own limit if that is less.
        batch_tokens: Padded tokens that are decoded or scored at a time.
    """

    model: str = ""
    allow_download: bool = False
    template: str = DEFAULT_TEMPLATE
    gguf_file: str = ""
    dtype: str = "float32"
    quantization: str = ""
    cut_vocabulary: bool = False
    device: str = "auto"
    rank: int = 128
    alpha: int = 16
    rank_stabilized: bool = False
    target_modules: str | tuple[str, ...] = (
        "q_proj",
        "v_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )
    learning_rate: float = 1e-4
    warmup: float = 0.1
    epochs: int = 2
    batch_size: int = 2
    demonstration_loss: bool = True
    max_tokens: int = 8192
    batch_tokens: int = 32768

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ConfigError(f"dtype: {self.dtype!r} is not one of {', '.join(DTYPES)}")
        if self.quantization not in QUANTIZATIONS:
            raise ConfigError(f"quantization: '' or 4bit expected, got {self.quantization!r}")
        for name in ("rank", "epochs", "batch_size", "max_tokens", "batch_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")
        if not 0 <= self.warmup <= 1:
            raise ConfigError(f"warmup: a share in 0..1 expected, got {self.warmup}")
        if self.template != DEFAULT_TEMPLATE:  # which is not read while this module is imported
            load_template(self.template)


class CausalLanguageModel:
    """One loaded base; adapters come and go, the base stays as it was loaded."""

    conditioning = Conditioning.IN_CONTEXT

    def __init__(
        self, base: PreTrainedModel, vocabulary: Vocabulary, config: CausalConfig = CausalConfig()
    ) -> None:
        self.config = config
        self._format = Format(load_template(config.template), vocabulary)
        own_limit = getattr(base.config, "max_position_embeddings", None) or config.max_tokens
        self._max_tokens = min(config.max_tokens, own_limit)
        self._model = AdaptedModel(
            base,
            rank=config.rank,
            alpha=config.alpha,
            target_modules=config.target_modules,
            rank_stabilized=config.rank_stabilized,
        )

    @classmethod
    def load(cls, config: CausalConfig) -> CausalLanguageModel:
        """Returns the configured model."""
        if not config.model:
            raise ConfigError("model: the local folder of a causal language model expected")
        base, tokenizer = load_base(
            config.model,
            config.gguf_file,
            config.dtype,
            config.device,
            quantization=config.quantization,
            allow_download=config.allow_download,
        )
        vocabulary = Vocabulary(tokenizer, config.model)
        form = Format(load_template(config.template), vocabulary)
        form.report()
        if config.cut_vocabulary:
            tokens = form.every_token(MOST_DEMONSTRATIONS)
            vocabulary = vocabulary.renumbered(cut_base(base, tokens))
        return cls(base, vocabulary, config)

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Trains a fresh adapter; examples that exceed the context are left out and counted."""
        if not train:
            return Adaptation(Adapter({}), 0, float("nan"))
        config = self.config
        tokenized = [self._tokenized(example) for example in examples]
        short = [example for example in tokenized if len(example.tokens) <= self._max_tokens]
        n_dropped = len(tokenized) - len(short)
        if n_dropped:
            log.info("%d of %d examples exceed the context", n_dropped, len(tokenized))
        if not short:
            return Adaptation(Adapter({}, n_dropped), 0, float("nan"))
        losses = train_parameters(
            self._model.reset(rng),
            self._model.parameters,
            short,
            Schedule(config.learning_rate, config.warmup, config.epochs, config.batch_size),
            rng,
            timeout_s,
        )
        last = losses[-max(1, len(losses) // 10) :]
        loss = float(np.mean(last)) if last else float("nan")
        return Adaptation(self._model.snapshot(n_dropped), len(losses), loss)

    def generate(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None = None
    ) -> list[Completion]:
        """Returns the greedy reply to each prompt: a grid, unless the context is too short for it.

        A prompt that fills the context alone gets no grid and a log-probability of minus infinity.
        """
        tokens = [self._format.tokens_of_prompt(prompt) for prompt in prompts]
        completions = [Completion(None, float("-inf"))] * len(prompts)
        with self._model.using(_adapter(adaptation)) as model:
            for indices in self._batches([len(prompt) for prompt in tokens]):
                batch = [tokens[i] for i in indices]
                replies = generate_batch(model, self._format, batch, self._max_tokens)
                for i, completion in zip(indices, replies, strict=True):
                    completions[i] = completion
        return completions

    def score(
        self,
        prompts: Sequence[Prompt],
        outputs: Sequence[Grid],
        adaptation: Adaptation | None = None,
    ) -> list[float]:
        """Returns the log-probability of each output, however long the prompt, in nats."""
        by_prompt: dict[Prompt, list[int]] = {}
        for i, (prompt, _) in enumerate(zip(prompts, outputs, strict=True)):
            by_prompt.setdefault(prompt, []).append(i)
        replies = [self._format.reply_tokens(output) for output in outputs]
        scores = [0.0] * len(prompts)
        with self._model.using(_adapter(adaptation)) as model:
            for prompt, indices in by_prompt.items():
                tokens = self._format.tokens_of_prompt(prompt)
                length = len(tokens) + max(len(replies[i]) for i in indices)
                n = max(1, self.config.batch_tokens // length)
                for at in range(0, len(indices), n):
                    chosen = indices[at : at + n]
                    found = score_replies(model, tokens, [replies[i] for i in chosen])
                    for i, score in zip(chosen, found, strict=True):
                        scores[i] = score
        return scores

    def save_adapter(self, adaptation: Adaptation, folder: Path) -> None:
        """Writes the adapter as a folder that `peft`, vLLM and others can load."""
        adapter = _adapter(adaptation)
        if adapter is None or not adapter.tensors:
            raise ConfigError("there is no adapter to save: nothing was trained")
        self._model.save(adapter, folder)

    def _tokenized(self, example: Example) -> TokenizedExample:
        return TokenizedExample.of(self._format.segments(example, self.config.demonstration_loss))

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Yields indices of prompts that fit the context, of like length, in bounded batches."""
        fitting = [i for i, length in enumerate(lengths) if length < self._max_tokens]
        if len(fitting) < len(lengths):
            log.info(
                "%d of %d prompts exceed the context", len(lengths) - len(fitting), len(lengths)
            )
        ordered = sorted(fitting, key=lambda i: (lengths[i], i))
        batch: list[int] = []
        for i in ordered:
            if batch and (len(batch) + 1) * lengths[i] > self.config.batch_tokens:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch


def _adapter(adaptation: Adaptation | None) -> Adapter | None:
    if adaptation is None:
        return None
    assert isinstance(adaptation.weights, Adapter)
    return adaptation.weights
