"""A causal language model as a `LanguageModel`: demonstrations in context, an adapter per task."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn
from transformers import PreTrainedModel

from arc.errors import ConfigError
from arc.grid import Grid
from lm.causal.adapter import AdaptedModel, Adapter, Shape
from lm.causal.attention import can_pack
from lm.causal.batch import TokenizedExample
from lm.causal.config import CausalConfig
from lm.causal.cutting import MOST_DEMONSTRATIONS, cut_base
from lm.causal.decoding import generate_batch, sample_batch, score_batch
from lm.causal.folder import merge_adapter, read_adapter, write_adapter
from lm.causal.format import Format
from lm.causal.loading import copy_tokenizer, load_base
from lm.causal.precision import choose_dtype
from lm.causal.search import search_batch
from lm.causal.template import load_template
from lm.causal.training import Course, Passes, Schedule, train
from lm.causal.vocabulary import Vocabulary
from lm.device import choose_device
from lm.protocol import (
    Adaptation,
    Completion,
    Conditioning,
    DepthFirst,
    Example,
    Prompt,
    Sampling,
)

log = logging.getLogger(__name__)


_MAX_LOGITS = 2**28  # 1 GB of them in float32


class CausalLanguageModel:
    """One loaded base; adapters come and go, the base stays as it was loaded.

    Attributes:
        config: The settings.
        form: How tasks become tokens.
        vocabulary: The tokens there are.
        max_tokens: Longest prompt with its reply.
        passes: How examples go through the model in training.
    """

    conditioning = Conditioning.IN_CONTEXT

    def __init__(self, base: PreTrainedModel, vocabulary: Vocabulary, config: CausalConfig) -> None:
        self.config = config
        self.form = Format(load_template(config.template), vocabulary)
        self.vocabulary = vocabulary
        self._name = config.model or base.name_or_path or ""
        own_limit = getattr(base.config, "max_position_embeddings", None) or config.max_tokens
        self.max_tokens = min(config.max_tokens, own_limit)
        shape = Shape(config.rank, config.alpha, config.rank_stabilized, config.target_modules)
        self._model = AdaptedModel(base, shape)
        self.passes = Passes(
            config.packed and can_pack(base), config.train_tokens, config.checkpointing
        )

    @classmethod
    def load(cls, config: CausalConfig) -> CausalLanguageModel:
        """Returns the configured model."""
        if not config.model:
            raise ConfigError("model: the local folder of a causal language model expected")
        base, tokenizer = load_base(
            config.model,
            config.gguf_file,
            choose_dtype(config.dtype, choose_device(config.device)),
            config.device,
            quantization=config.quantization,
            allow_download=config.allow_download,
        )
        if config.adapter:
            base = merge_adapter(base, Path(config.adapter))
        vocabulary = Vocabulary(tokenizer, config.model)
        form = Format(load_template(config.template), vocabulary)
        form.report()
        if config.cut_vocabulary:
            tokens = form.every_token(MOST_DEMONSTRATIONS)
            vocabulary = vocabulary.renumbered(cut_base(base, tokens))
        return cls(base, vocabulary, config)

    @property
    def base(self) -> PreTrainedModel:
        """The frozen base."""
        return self._model.base

    def fresh_adapter(self, rng: random.Random) -> dict[str, nn.Parameter]:
        """Returns the weights that training would start from with this generator."""
        return self._model.fresh(rng)

    def with_factors(self, factors: Mapping[str, Tensor]) -> AbstractContextManager[Any]:
        """Returns a context in which passes of the base use these weights of an adapter."""
        return self._model.sharing([factors] if factors else [], ())

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Trains a fresh adapter; examples that exceed the context are left out and counted."""
        if not train:
            return _UNTRAINED
        return self._adapt([examples], [rng], timeout_s)[0]

    def adapt_many(
        self,
        examples_of: Sequence[Sequence[Example]],
        rng: random.Random,
        timeout_s: float,
        *,
        shared: bool,
    ) -> list[Adaptation]:
        """Trains an adapter a task, `config.together` of them in the same passes, or one for all.

        Each comes out as `adapt` would train it alone, with a generator of its own, seeded by
        `rng` in the order of the tasks.
        """
        if shared:
            joined = [example for examples in examples_of for example in examples]
            return self._adapt([joined], [rng], timeout_s) * len(examples_of)
        deadline = time.monotonic() + timeout_s
        rngs = [random.Random(rng.getrandbits(64)) for _ in examples_of]
        adaptations: list[Adaptation] = []
        for at in range(0, len(examples_of), self.config.together):
            group = slice(at, at + self.config.together)
            left_s = deadline - time.monotonic()
            adaptations += self._adapt(examples_of[group], rngs[group], left_s)
        return adaptations

    def generate(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None = None
    ) -> list[Completion]:
        """Returns the greedy reply to each prompt: a grid, unless the context is too short for it.

        A prompt that fills the context alone gets no grid and a log-probability of minus infinity.
        """
        tokens = [self.form.tokens_of_prompt(prompt) for prompt in prompts]
        completions = [_NO_REPLY] * len(prompts)
        with self._model.using(_adapter(adaptation)) as model:
            for indices in self._batches(tokens):
                batch = [tokens[i] for i in indices]
                replies = generate_batch(model, self.form, batch, self.max_tokens)
                for i, completion in zip(indices, replies, strict=True):
                    completions[i] = completion
        return completions

    def sample(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, sampling: Sampling
    ) -> list[list[Completion]]:
        """Returns replies drawn by chance among the tokens that a grid allows.

        What is drawn depends on the seed and a prompt's place among the prompts.
        """
        n = sampling.n
        tokens = [self.form.tokens_of_prompt(prompt) for prompt in prompts for _ in range(n)]
        names = [f"{i}:{k}" for i in range(len(prompts)) for k in range(n)]
        completions = [_NO_REPLY] * len(tokens)
        with self._model.using(_adapter(adaptation)) as model:
            for indices in self._batches(tokens):
                replies = sample_batch(
                    model,
                    self.form,
                    [tokens[i] for i in indices],
                    self.max_tokens,
                    sampling,
                    [names[i] for i in indices],
                )
                for i, completion in zip(indices, replies, strict=True):
                    completions[i] = completion
        return [completions[i * n : (i + 1) * n] for i in range(len(prompts))]

    def search(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, search: DepthFirst
    ) -> list[list[Completion]]:
        """Returns all grids likely enough, likeliest first, and the greedy one among them.

        A prompt that fills the context alone gets none.
        """
        tokens = [self.form.tokens_of_prompt(prompt) for prompt in prompts]
        found: list[list[Completion]] = [[] for _ in prompts]
        with self._model.using(_adapter(adaptation)) as model:
            for indices in self._batches(tokens):
                batch = [tokens[i] for i in indices]
                lists = search_batch(model, self.form, batch, self.max_tokens, search)
                for i, completions in zip(indices, lists, strict=True):
                    found[i] = completions
        return found

    def score(
        self,
        prompts: Sequence[Prompt],
        outputs: Sequence[Grid],
        adaptation: Adaptation | None = None,
    ) -> list[float]:
        """Returns the log-probability of each output, however long the prompt, in nats."""
        tokens = [self.form.tokens_of_prompt(prompt) for prompt in prompts]
        replies = [self.form.reply_tokens(output) for output in outputs]
        lengths = [len(p) + len(r) for p, r in zip(tokens, replies, strict=True)]
        scores = [0.0] * len(prompts)
        with self._model.using(_adapter(adaptation)) as model:
            longest = max(map(len, replies), default=1)
            n_rows = max(1, _MAX_LOGITS // (longest * model.config.get_text_config().vocab_size))
            for indices in self._groups(tokens, lengths, n_rows):
                found = score_batch(
                    model, [tokens[i] for i in indices], [replies[i] for i in indices]
                )
                for i, score in zip(indices, found, strict=True):
                    scores[i] = score
        return scores

    def save_adapter(self, adaptation: Adaptation, folder: Path) -> None:
        """Writes the adapter as a folder that `peft`, vLLM and others can load."""
        adapter = _adapter(adaptation)
        if adapter is None or not adapter.tensors:
            raise ConfigError("there is no adapter to save: nothing was trained")
        self.save_factors(adapter.tensors, folder)

    def save_factors(self, factors: Mapping[str, Tensor], folder: Path) -> None:
        """Writes the weights of an adapter as such a folder."""
        tensors = {name: factor.detach() for name, factor in factors.items()}
        write_adapter(folder, Adapter(tensors), self._model.shape, self._name)

    def save_base(self, folder: Path) -> None:
        """Writes the base, with its tokenizer, as a folder that `load` takes."""
        base: Any = self.base
        # Weights of a GGUF file are plain numbers once loaded, though the model calls them others.
        base.hf_quantizer = None
        if hasattr(base.config, "quantization_config"):
            del base.config.quantization_config
        base.save_pretrained(str(folder))
        copy_tokenizer(Path(self.config.model), self.config.gguf_file, folder)

    def load_adapter(self, folder: Path) -> Adaptation:
        """Returns the adapter in a folder that `save_adapter`, `peft` or another tool wrote.

        Raises:
            DataError: There is none, or it can't be read.
            ConfigError: It is of another base, or not of the configured rank, scale and layers.
        """
        adapter = read_adapter(folder, self._model, self._name)
        return Adaptation(adapter, 0, float("nan"))

    def _adapt(
        self,
        examples_of: Sequence[Sequence[Example]],
        rngs: Sequence[random.Random],
        timeout_s: float,
    ) -> list[Adaptation]:
        config = self.config
        schedule = Schedule(config.learning_rate, config.warmup, config.epochs, config.batch_size)
        courses, n_dropped = [], []
        for examples, rng in zip(examples_of, rngs, strict=True):
            fitting = self.fitting(examples)
            courses.append(Course.begin(self._model, fitting, schedule, rng))
            n_dropped.append(len(examples) - len(fitting))
            if n_dropped[-1]:
                log.info("%d of %d examples exceed the context", n_dropped[-1], len(examples))
        train(self._model, courses, schedule, self.passes, timeout_s)
        return [_adaptation(course, n) for course, n in zip(courses, n_dropped, strict=True)]

    def fitting(self, examples: Sequence[Example]) -> list[TokenizedExample]:
        """Returns the examples that fit the context, as they are trained on."""
        return [each for each in map(self.tokenized, examples) if self.fits(each)]

    def fits(self, example: TokenizedExample) -> bool:
        """Returns whether an example is no longer than the context."""
        return len(example.tokens) <= self.max_tokens

    def tokenized(self, example: Example) -> TokenizedExample:
        """Returns an example as it is trained on."""
        segments = self.form.segments(example, self.config.demonstration_loss)
        return TokenizedExample.of(segments)

    def _batches(self, prompts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Yields indices of prompts that fit the context, of like length, in bounded batches."""
        lengths = [len(prompt) for prompt in prompts]
        fitting = [i for i, length in enumerate(lengths) if length < self.max_tokens]
        if len(fitting) < len(lengths):
            n_long = len(lengths) - len(fitting)
            log.info("%d of %d prompts exceed the context", n_long, len(lengths))
        chosen = [prompts[i] for i in fitting]
        for group in self._groups(chosen, [lengths[i] for i in fitting], len(prompts)):
            yield [fitting[i] for i in group]

    def _groups(
        self, prompts: Sequence[Sequence[int]], lengths: Sequence[int], n_rows: int
    ) -> Iterator[list[int]]:
        """Yields indices of at most `n_rows` texts of like length and bounded size together."""
        ordered = sorted(range(len(lengths)), key=lambda i: (lengths[i], prompts[i], i))
        group: list[int] = []
        for i in ordered:
            is_full = (len(group) + 1) * lengths[i] > self.config.batch_tokens
            if group and (is_full or len(group) == n_rows):
                yield group
                group = []
            group.append(i)
        if group:
            yield group


_NO_REPLY = Completion(None, float("-inf"))
_UNTRAINED = Adaptation(Adapter({}), 0, float("nan"))


def _adaptation(course: Course, n_dropped: int) -> Adaptation:
    losses = course.losses
    if not losses:
        return Adaptation(Adapter({}, n_dropped), 0, float("nan"))
    tensors = {name: factor.detach() for name, factor in course.factors.items()}
    last = losses[-max(1, len(losses) // 10) :]
    return Adaptation(Adapter(tensors, n_dropped), len(losses), float(np.mean(last)))


def _adapter(adaptation: Adaptation | None) -> Adapter | None:
    if adaptation is None:
        return None
    assert isinstance(adaptation.weights, Adapter)
    return adaptation.weights
