"""Pre-training of the embedded model on many tasks at once.

A chunk of training starts from a checkpoint (weights, optimizer, random state, task vectors), so
a long training is a chain of short ones. The learning rate stays constant until the last
`decay_tokens`, so that a chain can be prolonged and a release cut from it at any time.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from arc.task import Task
from lm.embedded.backend import save_model
from lm.embedded.batch import Sample, bucketed, collate, token_losses
from lm.embedded.corpus import Corpus, load_corpus
from lm.embedded.model import Architecture, EmbeddedModel
from lm.embedded.optimizer import Rates, make_optimizer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PretrainConfig:
    """Settings of a pre-training.

    Attributes:
        tokens: Length of the whole training, in tokens.
        decay_tokens: Over how many of the last tokens the learning rate falls to zero.
        warmup_tokens: Over how many of the first tokens it rises.
        batch_tokens: Padded tokens an update.
        recolor: Share of samples with permuted colors.
        max_length: Longest sample, in tokens; longer pairs are left out.
        reset_vectors: Share of the task vectors started anew at each refill of samples, so that the
            weights stay good at learning a new vector.
        checkpoint_s: Seconds between checkpoints.
        seed: Seed of weights, data order and augmentation.
    """

    tokens: int = 10_000_000
    decay_tokens: int = 1_500_000
    warmup_tokens: int = 50_000
    batch_tokens: int = 3072
    recolor: float = 0.3
    max_length: int = 512
    reset_vectors: float = 0.02
    checkpoint_s: float = 120.0
    seed: int = 0


_REFILL = 512


class Pretraining:
    """The state of a training: model, task vectors, optimizer and position in the data."""

    def __init__(self, architecture: Architecture, config: PretrainConfig, corpus: Corpus) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.corpus = corpus
        self.model = EmbeddedModel(architecture)
        n_tasks = len(corpus.task_ids)
        self.vectors = nn.Parameter(torch.randn(n_tasks, architecture.width) * 0.05)
        self.optimizer = make_optimizer(self.model, [self.vectors], Rates())
        self.rng = np.random.default_rng(config.seed)
        self.tokens = 0
        self.updates = 0
        self.seconds = 0.0
        self.curve: list[tuple[int, float]] = []

    def run(self, folder: Path) -> None:
        """Trains to the configured number of tokens, writing checkpoints into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        started = saved = time.monotonic()
        recent: list[float] = []
        for samples in self._batches():
            if self.tokens >= self.config.tokens:
                break
            recent.append(self._update(samples))
            self.updates += 1
            now = time.monotonic()
            self.seconds += now - started
            started = now
            if self.updates % 50 == 0:
                self.curve.append((self.tokens, float(np.mean(recent))))
                log.info(
                    "tokens %.2fM updates %d loss %.4f, %.0f tokens/s",
                    self.tokens / 1e6,
                    self.updates,
                    np.mean(recent),
                    self.tokens / self.seconds,
                )
                recent = []
            if now - saved > self.config.checkpoint_s:
                self.save(folder)
                saved = now
        self.save(folder)

    def _update(self, samples: list[Sample]) -> float:
        batch = collate(samples)
        of_sides, of_cells = token_losses(self.model, batch, self.vectors[batch.vectors])
        n_targets = of_sides.numel() + int((batch.colors >= 0).sum())
        loss = (of_sides.sum() + of_cells.sum()) / n_targets
        torch.autograd.backward(loss)
        self.optimizer.step(self._schedule())
        self.tokens += sum(sample.length for sample in samples)
        return float(loss.detach())

    def _schedule(self) -> float:
        config = self.config
        rise = min(1.0, (self.tokens + 1) / max(config.warmup_tokens, 1))
        fall = min(1.0, (config.tokens - self.tokens) / max(config.decay_tokens, 1))
        return max(0.0, min(rise, fall))

    def _batches(self) -> Iterator[list[Sample]]:
        config = self.config
        while True:
            samples = [
                self.corpus.draw(self.rng, config.max_length, config.recolor)
                for _ in range(_REFILL)
            ]
            groups = list(bucketed(samples, config.batch_tokens))
            for index in self.rng.permutation(len(groups)):
                yield groups[index]
            if config.reset_vectors:
                with torch.no_grad():
                    chosen = self.rng.random(len(self.vectors)) < config.reset_vectors
                    self.vectors[torch.from_numpy(chosen)] = self.vectors.mean(0)

    def save(self, folder: Path) -> None:
        """Writes the checkpoint, replacing the last one in one step."""
        state = {
            "model": self.model.state_dict(),
            "vectors": self.vectors.detach(),
            "optimizer": self.optimizer.state(),
            "rng": self.rng.bit_generator.state,
            "tokens": self.tokens,
            "updates": self.updates,
            "seconds": self.seconds,
            "curve": self.curve,
        }
        partial = folder / "checkpoint.pt.partial"
        torch.save(state, partial)
        partial.replace(folder / "checkpoint.pt")
        settings = {
            "architecture": asdict(self.model.architecture),
            "config": asdict(self.config),
            "tasks": list(self.corpus.task_ids),
            "tokens": self.tokens,
            "updates": self.updates,
            "seconds": round(self.seconds),
            "curve": self.curve,
        }
        (folder / "training.json").write_text(json.dumps(settings, indent=1))

    def load(self, folder: Path) -> None:
        """Takes over a checkpoint; the order of data goes on from the next refill of samples."""
        state = torch.load(folder / "checkpoint.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        with torch.no_grad():
            self.vectors.copy_(state["vectors"])
        self.optimizer.restore(state["optimizer"])
        self.rng.bit_generator.state = state["rng"]
        self.tokens, self.updates = state["tokens"], state["updates"]
        self.seconds, self.curve = state["seconds"], state["curve"]


def pretrain(
    folder: Path,
    tasks: Sequence[Task],
    re_arc: Path | None,
    *,
    tokens: int,
    decay_tokens: int,
    threads: int,
    hold_out: bool,
    export: Path | None,
) -> None:
    """Starts or continues the training in a folder, then writes the weights to `export`."""
    torch.set_num_threads(threads)
    corpus = load_corpus(re_arc, tasks, hold_out=hold_out)
    log.info("%d tasks, %d pairs", len(corpus.task_ids), len(corpus.task))
    config = PretrainConfig(tokens=tokens, decay_tokens=decay_tokens)
    training = Pretraining(Architecture(), config, corpus)
    if (folder / "checkpoint.pt").exists():
        training.load(folder)
    training.run(folder)
    if export is not None:
        notes = {"tokens": training.tokens, "updates": training.updates, "curve": training.curve}
        save_model(export, training.model, training.vectors, notes)
