"""A causal language model that vLLM serves, as a `LanguageModel`."""

from __future__ import annotations

import itertools
import math
import random
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arc.grid import Grid
from lm.causal.adapter import Adapter
from lm.causal.backend import CausalLanguageModel
from lm.meter import count
from lm.protocol import (
    Adaptation,
    Completion,
    Conditioning,
    DepthFirst,
    Example,
    Prompt,
    Sampling,
)
from lm.vllm.config import VllmConfig
from lm.vllm.constraint import grid_constraint, stop_token
from lm.vllm.engine import Request, import_vllm, run, start_engine

_NO_REPLY = Completion(None, -math.inf)


@dataclass(frozen=True, eq=False)
class ServedAdapter:
    """An adapter with the folder from which the engine loads it; without weights there is none.

    The folder goes when the adapter does.

    Attributes:
        adapter: The weights.
        lora: vLLM's `LoRARequest`, or `None` for the base.
    """

    adapter: Adapter
    lora: Any = None


class VllmLanguageModel:
    """A base that is held twice: by `transformers`, which trains, and by vLLM, which replies.

    So the device needs room for two copies of the base (twice 16 GB for 8 billion weights in
    bfloat16), and beside them the training's activations and the engine's cache.

    vLLM generates, draws and scores. Two things it has no interface for are done by the copy that
    trains: the depth-first search, which walks a cache back, and the score of texts that exceed the
    context.

    Attributes:
        trainer: The copy that trains.
        engine: vLLM's `LLM`.
    """

    conditioning = Conditioning.IN_CONTEXT

    def __init__(self, trainer: CausalLanguageModel, engine: Any, vllm: Any, folder: Path) -> None:
        """`folder` is the model's own, for adapters; it is removed with the model."""
        self.trainer = trainer
        self.engine = engine
        self._vllm = vllm
        self._folder = folder
        self._numbers = itertools.count(1)
        self._stop = stop_token(trainer.form)
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @classmethod
    def load(cls, config: VllmConfig) -> VllmLanguageModel:
        """Returns the configured model.

        Raises:
            MissingExtraError: vLLM is not installed.
        """
        vllm = import_vllm()
        trainer = CausalLanguageModel.load(config)
        folder = Path(tempfile.mkdtemp(prefix="arc-vllm-"))
        base = Path(config.model)
        if config.gguf_file or config.adapter or config.cut_vocabulary or not base.is_dir():
            base = folder / "base"
            trainer.save_base(base)
        dtype = str(trainer.base.dtype).removeprefix("torch.")
        constraint = grid_constraint(trainer.form)
        engine = start_engine(vllm, config, base, dtype, trainer.max_tokens, constraint)
        return cls(trainer, engine, vllm, folder)

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Trains a fresh adapter as `lm.causal` does."""
        return self.serve(self.trainer.adapt(examples, rng, timeout_s, train=train))

    def adapt_many(
        self,
        examples_of: Sequence[Sequence[Example]],
        rng: random.Random,
        timeout_s: float,
        *,
        shared: bool,
    ) -> list[Adaptation]:
        """Trains adapters as `lm.causal` does."""
        trained = self.trainer.adapt_many(examples_of, rng, timeout_s, shared=shared)
        served = {id(adaptation): self.serve(adaptation) for adaptation in trained}
        return [served[id(adaptation)] for adaptation in trained]

    def serve(self, adaptation: Adaptation) -> Adaptation:
        """Returns an adaptation of the trainer as one of this model."""
        adapter: Adapter = adaptation.weights
        if not adapter.tensors:
            return replace(adaptation, weights=ServedAdapter(adapter))
        number = next(self._numbers)
        folder = self._folder / f"adapter-{number}"
        self.trainer.save_adapter(adaptation, folder)
        # Names are unique too: the cache of prefixes is kept by name.
        lora = self._vllm.lora.request.LoRARequest(folder.name, number, str(folder))
        served = ServedAdapter(adapter, lora)
        weakref.finalize(served, shutil.rmtree, folder, ignore_errors=True)
        return replace(adaptation, weights=served)

    def generate(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None = None
    ) -> list[Completion]:
        """Returns the greedy reply to each prompt: a grid, unless the context is too short for it.

        A prompt that fills the context alone gets no grid and a log-probability of minus infinity.
        """
        tokens = [self.trainer.form.tokens_of_prompt(prompt) for prompt in prompts]
        return self._replies(tokens, adaptation, [{"temperature": 0.0}] * len(tokens))

    def sample(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, sampling: Sampling
    ) -> list[list[Completion]]:
        """Returns replies drawn by chance among the tokens that a grid allows.

        What is drawn depends on the seed and a prompt's place among the prompts.
        """
        n = sampling.n
        tokens = [self.trainer.form.tokens_of_prompt(prompt) for prompt in prompts]
        names = [f"{sampling.seed}:{i}:{k}" for i in range(len(prompts)) for k in range(n)]
        options = [
            {"temperature": sampling.temperature, "seed": random.Random(name).getrandbits(31)}
            for name in names
        ]
        found = self._replies([t for t in tokens for _ in range(n)], adaptation, options)
        return [found[i * n : (i + 1) * n] for i in range(len(prompts))]

    def search(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, search: DepthFirst
    ) -> list[list[Completion]]:
        """Returns all grids likely enough, likeliest first, found by the copy that trains."""
        return self.trainer.search(prompts, _of_trainer(adaptation), search)

    def score(
        self,
        prompts: Sequence[Prompt],
        outputs: Sequence[Grid],
        adaptation: Adaptation | None = None,
    ) -> list[float]:
        """Returns the log-probability of each output, however long the prompt, in nats."""
        form = self.trainer.form
        starts = [len(form.tokens_of_prompt(prompt)) for prompt in prompts]
        texts = [
            [*form.tokens_of_prompt(prompt), *form.reply_tokens(output)]
            for prompt, output in zip(prompts, outputs, strict=True)
        ]
        # The engine generates at least one token, for which there must be room.
        fitting = [i for i, text in enumerate(texts) if len(text) < self.trainer.max_tokens]
        params = self._vllm.SamplingParams(
            temperature=0.0, max_tokens=1, prompt_logprobs=0, detokenize=False
        )
        requests = [Request(texts[i], params, _lora(adaptation)) for i in fitting]
        scores: dict[int, float] = {}
        for i, output in zip(fitting, run(self.engine, requests), strict=True):
            rows = zip(texts[i], output.prompt_logprobs, strict=True)
            scores[i] = sum(row[token].logprob for token, row in list(rows)[starts[i] :])
        long = [i for i in range(len(texts)) if i not in scores]
        found = self.trainer.score(
            [prompts[i] for i in long], [outputs[i] for i in long], _of_trainer(adaptation)
        )
        scores |= zip(long, found, strict=True)
        return [scores[i] for i in range(len(texts))]

    def _replies(
        self,
        prompts: Sequence[Sequence[int]],
        adaptation: Adaptation | None,
        options: Sequence[dict[str, Any]],
    ) -> list[Completion]:
        room = [self.trainer.max_tokens - len(prompt) for prompt in prompts]
        fitting = [i for i, n in enumerate(room) if n > 0]
        requests = [
            Request(prompts[i], self._params(room[i], **options[i]), _lora(adaptation))
            for i in fitting
        ]
        completions = [_NO_REPLY] * len(prompts)
        for i, output in zip(fitting, run(self.engine, requests), strict=True):
            count(written=len(output.outputs[0].token_ids))
            completions[i] = self._completion(output.outputs[0])
        return completions

    def _params(self, room: int, **options: Any) -> Any:
        return self._vllm.SamplingParams(
            max_tokens=room,
            logprobs=0,
            stop_token_ids=[self._stop],
            ignore_eos=True,
            detokenize=False,
            **options,
        )

    def _completion(self, generated: Any) -> Completion:
        """Returns a reply of the engine, which ends where the grammar or the context does."""
        reply, total = self.trainer.form.start(), 0.0
        for token, row in zip(generated.token_ids, generated.logprobs, strict=True):
            if reply.is_complete:
                break
            if token not in reply.allowed():  # of logits that are no numbers, say
                return Completion(None, total)
            reply.append(token)
            total += row[token].logprob
        return Completion(reply.grid(), total)


def _lora(adaptation: Adaptation | None) -> Any:
    if adaptation is None:
        return None
    assert isinstance(adaptation.weights, ServedAdapter)
    return adaptation.weights.lora


def _of_trainer(adaptation: Adaptation | None) -> Adaptation | None:
    if adaptation is None:
        return None
    assert isinstance(adaptation.weights, ServedAdapter)
    return replace(adaptation, weights=adaptation.weights.adapter)
