"""The initial fine-tuning of a base, before any task is seen: all its weights, or one adapter.

A training is a chain of runs. The i-th example is a function of the seed and of i, so
weights, optimizer and position are all that the next run needs to go on as if none had ended.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from arc.errors import ConfigError, DataError
from lm.causal.backend import CausalLanguageModel
from lm.causal.batch import TokenizedExample, TrainingBatch, example_losses
from lm.checkpoint import changed, read_checkpoint, refuse_another, write_checkpoint

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
ADAPTER, MODEL = "adapter", "model"
"""Where in the folder the result lies: `model.settings.adapter`, or `model.settings.model`."""

_FREE = {"updates", "report", "report_s", "checkpoint_s"}
"""What may change between runs of one training."""


@dataclass(frozen=True, slots=True)
class FinetuneConfig:
    """Settings of a fine-tuning.

    Attributes:
        full: Whether to train all weights instead of an adapter of the model's shape.
        updates: Length of the whole training, in optimizer steps.
        examples: Examples an update; as many passes are added up as they need.
        learning_rate: After the warm-up; 0 for 1e-4 with an adapter and 1e-5 for all weights.
        warmup: Share of the updates over which it rises.
        decay: Share of the updates, the last ones, over which it falls to nothing.
        clip: Largest norm of a gradient.
        seed: Of the adapter's first weights.
        report: Updates between two measurements of the loss on held-out examples.
        report_s: Seconds between other lines of progress, at least.
        checkpoint_s: Seconds between checkpoints.
    """

    full: bool = False
    updates: int = 1000
    examples: int = 8
    learning_rate: float = 0.0
    warmup: float = 0.05
    decay: float = 0.2
    clip: float = 1.0
    seed: int = 0
    report: int = 20
    report_s: float = 30.0
    checkpoint_s: float = 300.0

    def __post_init__(self) -> None:
        for name in ("updates", "examples", "report"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")

    def rate(self, update: int) -> float:
        """Returns the learning rate of an update, the first being 0."""
        highest = self.learning_rate or (1e-5 if self.full else 1e-4)
        rising = (update + 1) / max(1.0, self.warmup * self.updates)
        falling = (self.updates - update) / max(1.0, self.decay * self.updates)
        return highest * min(1.0, rising, falling)


class Finetuning:
    """The state of a fine-tuning: weights, optimizer, and position in the examples."""

    def __init__(
        self,
        model: CausalLanguageModel,
        config: FinetuneConfig,
        example: Callable[[int], TokenizedExample],
        held_out: Sequence[TokenizedExample],
        threads: int = 0,
    ) -> None:
        """`example` gives the i-th example; on `held_out` the progress is measured."""
        if threads:
            torch.set_num_threads(threads)
        self.config = config
        self.updates = 0
        self.position = 0
        self.curve: list[tuple[int, float]] = []
        self._model = model
        self._example = example
        self._held_out = [each for each in held_out if model.fits(each)]
        self._factors = None if config.full else model.fresh_adapter(random.Random(config.seed))
        if self._factors is None:
            if not model.base.dtype.is_floating_point or model.base.dtype == torch.float16:
                raise ConfigError("dtype: all weights are trained in float32 or bfloat16")
            self._parameters: dict[str, nn.Parameter] = dict(model.base.named_parameters())
            model.base.requires_grad_(True)
        else:
            self._parameters = self._factors
        self._optimizer = torch.optim.AdamW(
            self._parameters.values(), weight_decay=0.0, betas=(0.9, 0.99)
        )

    def run(self, folder: Path, minutes: float | None = None) -> None:
        """Trains to the configured number of updates, or for some minutes, and saves.

        When it is stopped by an exception, Ctrl-C among them, what was learned is saved as well.
        """
        folder.mkdir(parents=True, exist_ok=True)
        started = saved = told = time.monotonic()
        losses: list[float] = []
        try:
            while self.updates < self.config.updates:
                now = time.monotonic()
                if minutes is not None and now - started > 60 * minutes:
                    break
                losses.append(self._update())
                if self.updates % self.config.report == 0 or self.updates == self.config.updates:
                    self._report(losses)
                    losses, told = [], now
                elif now - told > self.config.report_s:
                    log.info(
                        "update %d of %d, loss %.4f", self.updates, self.config.updates, losses[-1]
                    )
                    told = now
                if now - saved > self.config.checkpoint_s:
                    self.save(folder)
                    saved = now
        finally:
            self.save(folder)
            self.export(folder)

    def held_out_loss(self) -> float:
        """Returns the mean loss per token on the held-out examples, in nats."""
        if not self._held_out:
            return float("nan")
        total, n_targets = 0.0, 0
        with torch.no_grad():
            for losses, part in self._passes(self._held_out):
                total += float(losses.sum())
                n_targets += sum(example.n_targets for example in part)
        return total / n_targets

    def save(self, folder: Path) -> None:
        """Writes the checkpoint in one step."""
        state = {
            "parameters": {name: p.detach() for name, p in self._parameters.items()},
            "optimizer": self._optimizer.state_dict(),
            "updates": self.updates,
            "position": self.position,
            "curve": self.curve,
            "config": asdict(self.config),
        }
        write_checkpoint(folder / CHECKPOINT, state)

    def export(self, folder: Path) -> None:
        """Writes the result in the form that runs take."""
        if self._factors is not None:
            self._model.save_factors(self._factors, folder / ADAPTER)
        else:
            self._model.save_base(folder / MODEL)

    def load(self, folder: Path) -> None:
        """Takes over a checkpoint.

        Raises:
            DataError: It can't be read.
            ConfigError: It is of a training with other settings.
        """
        path = folder / CHECKPOINT
        state = read_checkpoint(path)
        self._check(path, state)
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(state["parameters"][name])
        self._optimizer.load_state_dict(state["optimizer"])
        self.updates, self.position = state["updates"], state["position"]
        self.curve = [(int(update), float(loss)) for update, loss in state["curve"]]

    def _check(self, path: Path, state: dict[str, Any]) -> None:
        differing = changed(state["config"], asdict(self.config), _FREE)
        shapes = {name: parameter.shape for name, parameter in self._parameters.items()}
        if {name: p.shape for name, p in state["parameters"].items()} != shapes:
            differing.append("the weights are of other shapes")
        refuse_another(path, differing)

    def _update(self) -> float:
        """Takes one optimizer step; returns the loss per token from before it, in nats."""
        examples = self._next_examples()
        n_targets = sum(example.n_targets for example in examples)
        total = 0.0
        for losses, _ in self._passes(examples):
            loss = losses.sum() / n_targets
            torch.autograd.backward(loss)
            total += float(loss.detach())
        nn.utils.clip_grad_norm_(self._parameters.values(), self.config.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.rate(self.updates)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.updates += 1
        return total

    def _next_examples(self) -> list[TokenizedExample]:
        examples: list[TokenizedExample] = []
        n_tried = 0
        while len(examples) < self.config.examples:
            candidate = self._example(self.position)
            examples += [candidate] if self._model.fits(candidate) else []
            self.position += 1
            n_tried += 1
            if n_tried > 100 * self.config.examples:
                raise DataError(
                    f"of {n_tried} examples {len(examples)} fit into {self._model.max_tokens} "
                    "tokens; raise model.settings.max_tokens"
                )
        return examples

    def _passes(
        self, examples: Sequence[TokenizedExample]
    ) -> Iterator[tuple[Tensor, Sequence[TokenizedExample]]]:
        """Yields the losses of some examples at a time, (n,), with the examples."""
        passes = self._model.passes
        make = TrainingBatch.packed if passes.packed else TrainingBatch.padded
        base = self._model.base
        for stretch in passes.split([len(example.tokens) for example in examples]):
            part = examples[stretch]
            with passes.of(base), self._model.with_factors(self._factors or {}):
                yield example_losses(base, make(part, base.device)), part

    def _report(self, losses: Sequence[float]) -> None:
        held_out = self.held_out_loss()
        self.curve.append((self.updates, held_out))
        log.info(
            "update %d of %d, loss %.4f, held out %.4f, %d examples seen",
            self.updates,
            self.config.updates,
            sum(losses) / max(1, len(losses)),
            held_out,
            self.position,
        )
