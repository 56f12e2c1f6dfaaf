"""Pre-training of the embedded model on many tasks at once.

A chunk of training starts from a checkpoint (weights, optimizer, task vectors, position in the
data), so a long training is a chain of short ones and ends where one long one would. The learning
rate stays constant until the last `decay_tokens`; the state from which it begins to fall is kept,
so that a release can be cut from the chain at any time and the chain prolonged from there.
"""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from arc.errors import ConfigError
from arc.task import Task
from lm.checkpoint import read_checkpoint, write_checkpoint
from lm.device import choose_device, mixed_precision
from lm.embedded.backend import save_model
from lm.embedded.batch import Sample, bucketed, collate, token_losses
from lm.embedded.config import PretrainConfig
from lm.embedded.corpus import Corpus, load_corpus
from lm.embedded.model import SIZES, Architecture, EmbeddedModel
from lm.embedded.optimizer import Rates, make_optimizer
from lm.embedded.stream import Refills, Stream, refills_of
from lm.embedded.team import ALONE, Team, run_team

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the curve of a training.

    Attributes:
        tokens: Trained on so far.
        loss: Mean loss per predicted token since the last point, in nats.
        reserved_loss: The same on pairs that are not trained on, as they are.
    """

    tokens: int
    loss: float
    reserved_loss: float


CHECKPOINT = "checkpoint.pt"
SETTINGS = "training.json"
STABLE = "stable.pt"
"""The state from which the learning rate began to fall."""


class Pretraining:
    """The state of a training: model, task vectors, optimizer and position in the data."""

    def __init__(
        self,
        architecture: Architecture,
        config: PretrainConfig,
        corpus: Corpus,
        refills: Refills,
        team: Team = ALONE,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.corpus = corpus
        self.team = team
        self.device = choose_device(config.device)
        self.model = EmbeddedModel(architecture).to(self.device)
        vectors = torch.randn(len(corpus.rules), architecture.width) * 0.05
        self.vectors = nn.Parameter(vectors.to(self.device))
        self.optimizer = make_optimizer(self.model, [self.vectors], Rates())
        self.stream = Stream(refills)
        self.tokens = 0
        self.updates = 0
        self.seconds = 0.0
        self.curve: list[Point] = []
        self._is_asked_to_stop = False
        self._is_decaying = False

    def run(self, folder: Path) -> None:
        """Trains to the configured number of tokens, writing checkpoints into the folder.

        Ctrl-C ends it after the update under way, with a checkpoint.
        """
        folder.mkdir(parents=True, exist_ok=True)
        before = signal.signal(signal.SIGINT, self._ask_to_stop)
        try:
            self._run(folder)
        finally:
            signal.signal(signal.SIGINT, before)

    def _run(self, folder: Path) -> None:
        saved = time.monotonic()
        recent: list[float] = []
        batches = iter(self.stream)
        is_stopping = False
        while self.tokens < self.config.tokens and not is_stopping:
            if self._decays_at(self.tokens) and not self._is_decaying:
                self.save(folder, STABLE)
                self._is_decaying = True
            started = time.monotonic()
            loss, wants_save, is_stopping = self._update(
                next(batches), started - saved > self.config.checkpoint_s
            )
            recent.append(loss)
            self.updates += 1
            self.seconds += time.monotonic() - started
            if self.updates % self.config.reset_updates == 0:
                self._reset_vectors()
            if self.updates % self.config.log_updates == 0:
                self._note(recent)
                recent = []
            if wants_save:
                self.save(folder)
                saved = time.monotonic()
        self.save(folder)

    def _ask_to_stop(self, *_: object) -> None:
        self._is_asked_to_stop = True

    def _update(self, samples: list[Sample], wants_save: bool) -> tuple[float, bool, bool]:
        """Takes one step; returns the loss, and whether any member wants to save or to stop."""
        total, n_targets = self._loss(samples)
        torch.autograd.backward(total)
        n_tokens = sum(sample.length for sample in samples)
        counts = (n_targets, float(total.detach()), n_tokens, wants_save, self._is_asked_to_stop)
        n_targets_all, loss, n_tokens_all, n_saving, n_stopping = self._shared_gradients(counts)
        self.optimizer.step(self._schedule())
        self.tokens += int(n_tokens_all)
        return loss / n_targets_all, n_saving > 0, n_stopping > 0

    def _loss(self, samples: Sequence[Sample]) -> tuple[Tensor, int]:
        """Returns the loss of all predicted tokens together, in nats, and how many these are."""
        batch = collate(samples, self.device)
        with mixed_precision(self.device):
            of_sides, of_cells = token_losses(self.model, batch, self.vectors[batch.vectors])
        n_targets = sum(sample.n_targets for sample in samples)
        return of_sides.sum() + of_cells.sum(), n_targets

    def _shared_gradients(self, counts: Sequence[float]) -> list[float]:
        """Adds gradients and counts up over the team, divides gradients by the first count."""
        parameters = [*self.model.parameters(), self.vectors]
        gradients = [p.grad for p in parameters if p.grad is not None]
        counted = torch.tensor([float(count) for count in counts], device=self.device)
        if self.team.size > 1:
            flat = torch.cat([counted, *(g.reshape(-1) for g in gradients)])
            self.team.add_up(flat)
            parts = torch.split(flat, [len(counted), *(g.numel() for g in gradients)])
            counted = parts[0]
            for gradient, part in zip(gradients, parts[1:], strict=True):
                gradient.copy_(part.view_as(gradient))
        for gradient in gradients:
            gradient.div_(counted[0])
        return counted.tolist()

    def _schedule(self) -> float:
        config = self.config
        rise = min(1.0, (self.tokens + 1) / max(config.warmup_tokens, 1))
        fall = min(1.0, (config.tokens - self.tokens) / max(config.decay_tokens, 1))
        return max(0.0, min(rise, fall))

    def _reset_vectors(self) -> None:
        rng = np.random.default_rng((self.config.seed, self.updates))
        chosen = rng.random(len(self.vectors)) < self.config.reset_vectors
        with torch.no_grad():
            self.vectors[torch.from_numpy(chosen).to(self.device)] = self.vectors.mean(0)

    def _note(self, losses: Sequence[float]) -> None:
        self.curve.append(Point(self.tokens, float(np.mean(losses)), self.reserved_loss()))
        if self.team.rank == 0:
            log.info(
                "tokens %.2fM updates %d loss %.4f, on reserved pairs %.4f, %.0f tokens/s",
                self.tokens / 1e6,
                self.updates,
                self.curve[-1].loss,
                self.curve[-1].reserved_loss,
                self.tokens / self.seconds,
            )

    @torch.inference_mode()
    def reserved_loss(self) -> float:
        """Returns the loss per predicted token on pairs that are not trained on, in nats."""
        samples = self.corpus.check(self.config.max_length)[self.team.rank :: self.team.size]
        totals = torch.zeros(2, dtype=torch.float64)
        for group in bucketed(samples, self.config.batch_tokens):
            total, n_targets = self._loss(group)
            totals[0] += float(total)
            totals[1] += n_targets
        self.team.add_up(totals)
        return float(totals[0] / totals[1])

    def save(self, folder: Path, name: str = "") -> None:
        """Writes the checkpoint, replacing the last one in one step."""
        positions = self.team.gather(self.stream.position)
        if self.team.rank:
            return
        state = {
            "model": self.model.state_dict(),
            "vectors": self.vectors.detach(),
            "rules": [rule.name for rule in self.corpus.rules],
            "optimizer": self.optimizer.state(),
            "positions": positions,
            "is_decaying": self._is_decaying,
            "tokens": self.tokens,
            "updates": self.updates,
            "seconds": self.seconds,
            "curve": [tuple(asdict(point).values()) for point in self.curve],
        }
        write_checkpoint(folder / (name or CHECKPOINT), state)
        settings = {
            "architecture": asdict(self.model.architecture),
            "config": asdict(self.config),
            "team": self.team.size,
            "tasks": list(self.corpus.task_ids),
            **self.notes(),
        }
        (folder / SETTINGS).write_text(json.dumps(settings, indent=1))

    def notes(self) -> dict[str, Any]:
        """Returns how much was trained, and the curve, as JSON has them."""
        return {
            "tokens": self.tokens,
            "updates": self.updates,
            "seconds": round(self.seconds),
            "curve": [asdict(point) for point in self.curve],
        }

    def load(self, folder: Path) -> None:
        """Takes over the last checkpoint that this training's schedule passes through.

        A training that is prolonged goes on from where the learning rate began to fall. Tasks
        that are new start from the mean of the vectors. A team of another size starts at
        another place in the data.
        """
        state = read_checkpoint(folder / CHECKPOINT, self.device)
        self._is_decaying = self._decays_at(state["tokens"])
        # Every member reads, none writes: a file that one replaced, another would miss.
        if state["is_decaying"] and not self._is_decaying:
            state = read_checkpoint(folder / STABLE, self.device)
        self.model.load_state_dict(state["model"])
        rows = self._rows_of(state["rules"])
        with torch.no_grad():
            self.vectors.copy_(_taken(state["vectors"], rows, state["vectors"].mean(0)))
        for moment in state["optimizer"]["adam"]["state"][self.optimizer.last_adam_index].values():
            if moment.shape == state["vectors"].shape:
                moment.set_(_taken(moment, rows, torch.zeros_like(moment[0])))
        self.optimizer.restore(state["optimizer"])
        positions = state["positions"]
        self.stream.position = (
            tuple(positions[self.team.rank])
            if len(positions) == self.team.size
            else (max(refill for refill, _ in positions) + 1, 0)
        )
        self.tokens, self.updates = state["tokens"], state["updates"]
        self.seconds = state["seconds"]
        self.curve = [Point(*values) for values in state["curve"]]

    def _rows_of(self, saved: Sequence[str]) -> list[int]:
        """Returns for each rule its row among the saved ones, -1 where it is new."""
        index = {name: i for i, name in enumerate(saved)}
        return [index.get(rule.name, -1) for rule in self.corpus.rules]

    def _decays_at(self, tokens: int) -> bool:
        return tokens >= self.config.tokens - self.config.decay_tokens


def _taken(saved: Tensor, rows: Sequence[int], other: Tensor) -> Tensor:
    """Returns the rows of a table, `other` where a row is -1."""
    chosen = torch.tensor(rows, device=saved.device)
    return torch.where(chosen[:, None] >= 0, saved[chosen.clamp(min=0)], other)


def pretrain(
    folder: Path,
    tasks: Sequence[Task],
    re_arc: Path | None,
    config: PretrainConfig,
    *,
    members: int,
    threads: int,
    hold_out: bool,
    export: Path | None,
    architecture: Architecture = SIZES["small"],
    generated: Sequence[Path] = (),
) -> bool:
    """Starts or continues the training in a folder, then writes the weights to `export`.

    Returns:
        Whether it went to its end; Ctrl-C leaves a checkpoint to go on from, and no weights.
    """
    choose_device(config.device)
    _refuse_other_size(folder, architecture)
    sources = (tuple(tasks), re_arc, tuple(generated))
    work = partial(_train, folder, sources, config, hold_out, export, architecture)
    run_team(work, members, threads)
    settings = json.loads((folder / SETTINGS).read_text())
    return bool(settings["tokens"] >= config.tokens)


def _refuse_other_size(folder: Path, architecture: Architecture) -> None:
    if (folder / SETTINGS).exists():
        kept = Architecture(**json.loads((folder / SETTINGS).read_text())["architecture"])
        if kept != architecture:
            raise ConfigError(
                f"{folder}: has a model of {_sizes(kept)}, not of {_sizes(architecture)}; "
                "give another folder or that size"
            )


def _sizes(architecture: Architecture) -> str:
    return f"{architecture.layers} layers of width {architecture.width}"


def _train(
    folder: Path,
    sources: tuple[Sequence[Task], Path | None, Sequence[Path]],
    config: PretrainConfig,
    hold_out: bool,
    export: Path | None,
    architecture: Architecture,
    team: Team,
) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_flush_denormal(True)
    tasks, re_arc, generated = sources
    corpus = load_corpus(
        re_arc,
        tasks,
        hold_out=hold_out,
        n_variations=config.variations,
        generated=generated,
    )
    if team.rank == 0:
        counts = (len(corpus.task_ids), len(corpus.rules), len(corpus.task))
        log.info("%d tasks, %d with their variations, %d pairs", *counts)
    with refills_of(corpus, config, team) as refills:
        training = Pretraining(architecture, config, corpus, refills, team)
        if (folder / CHECKPOINT).exists():
            training.load(folder)
        training.run(folder)
    if export is not None and team.rank == 0 and training.tokens >= config.tokens:
        save_model(export, training.model, training.vectors, training.notes())
