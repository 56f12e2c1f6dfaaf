"""The training of a small model of programs, from nothing, on signatures and programs.

Batches depend on the seed and their number alone, so weights, optimizer and position are all that
a later run needs to go on as if the first had not ended. The rate stays constant until the last
part of the updates, over which it falls to nothing; a run that goes on may be given another number
of updates before that.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lm.checkpoint import changed, read_checkpoint, refuse_another, write_checkpoint
from lm.embedded.optimizer import Optimizer, Rates
from lm.programs.config import ProgramTraining
from lm.programs.corpus import ProgramTask
from lm.programs.lesson import Example, Lessons

log = logging.getLogger(__name__)

CHECKPOINT, MODEL = "checkpoint.pt", "model"

_NO_TARGET = -100

_FREE = {"updates", "report", "checkpoint_s"}
"""What may change between runs of one training."""


class Training:
    """The state of a training: model, vocabulary, optimizer, and position in the programs."""

    def __init__(self, lessons: Lessons, config: ProgramTraining) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.updates = 0
        self.n_tokens = 0
        self.seconds = 0.0
        self.curve: list[tuple[int, float]] = []
        self._is_asked_to_stop = False
        self.lessons = lessons
        self.model = _model(self.lessons.tokenizer, config)
        self._optimizer = _optimizer(self.model, config)
        log.info(
            "%d programs, %d more for measuring, %d left out; %d words, %.2f M parameters",
            len(self.lessons.tasks),
            len(self.lessons.reserved),
            self.lessons.n_left_out,
            len(self.lessons.tokenizer),
            sum(p.numel() for p in self.model.parameters()) / 1e6,
        )

    def run(self, folder: Path, minutes: float | None = None) -> bool:
        """Trains to the configured number of updates, or for some minutes; saves and exports.

        Returns:
            Whether it came to its end. Ctrl-C ends it after the update under way.
        """
        folder.mkdir(parents=True, exist_ok=True)
        before = signal.signal(signal.SIGINT, self._ask_to_stop)
        try:
            self._run(folder, minutes)
        finally:
            signal.signal(signal.SIGINT, before)
            self.save(folder)
            self.export(folder / MODEL)
        return self.updates >= self.config.updates

    def _ask_to_stop(self, *_: object) -> None:
        self._is_asked_to_stop = True

    def _run(self, folder: Path, minutes: float | None) -> None:
        started = saved = time.monotonic()
        losses: list[float] = []
        for batch in self.lessons.batches(self.updates):
            now = time.monotonic()
            is_late = minutes is not None and now - started > 60 * minutes
            if self.updates >= self.config.updates or is_late or self._is_asked_to_stop:
                return
            losses.append(self._update(batch))
            self.seconds += time.monotonic() - now
            if self.updates % self.config.report == 0 or self.updates == self.config.updates:
                self._report(losses)
                losses = []
            if now - saved > self.config.checkpoint_s:
                self.save(folder)
                saved = now

    def reserved_loss(self) -> float:
        """Returns the mean loss per token on the programs kept apart, in nats."""
        total, n_targets = 0.0, 0
        lessons = self.lessons
        examples = [lessons.example(t, range(min(3, len(t.pairs)))) for t in lessons.reserved]
        examples.sort(key=lambda example: len(example.tokens))
        with torch.no_grad():
            for start in range(0, len(examples), self.config.examples):
                losses = self._losses(examples[start : start + self.config.examples])
                total, n_targets = total + float(losses.sum()), n_targets + len(losses)
        return total / n_targets

    def _losses(self, examples: Sequence[Example]) -> Tensor:
        """Returns the loss of each token of programs, in nats."""
        width = max(len(example.tokens) for example in examples)
        padding = int(self.lessons.tokenizer.pad_token_id)
        rows, targets = [], []
        for example in examples:
            rest = width - len(example.tokens)
            rows.append(example.tokens + [padding] * rest)
            program = example.tokens[example.n_prompt :]
            targets.append([_NO_TARGET] * example.n_prompt + program + [_NO_TARGET] * rest)
        wanted = torch.tensor(targets)[:, 1:]
        inner: Any = self.model.model
        seen = inner(input_ids=torch.tensor(rows), use_cache=False).last_hidden_state[:, :-1]
        is_wanted = wanted != _NO_TARGET
        logits = self.model.lm_head(seen[is_wanted])
        return nn.functional.cross_entropy(logits, wanted[is_wanted], reduction="none")

    def _update(self, batch: Sequence[Example]) -> float:
        loss = self._losses(batch).mean()
        torch.autograd.backward(loss)
        self._optimizer.step(self.config.schedule(self.updates))
        self.updates += 1
        self.n_tokens += sum(len(example.tokens) for example in batch)
        return float(loss.detach())

    def _report(self, losses: Sequence[float]) -> None:
        reserved = self.reserved_loss()
        self.curve.append((self.updates, reserved))
        log.info(
            "update %d of %d, loss %.4f, kept apart %.4f, %.1f M tokens, %.0f s",
            self.updates,
            self.config.updates,
            sum(losses) / max(1, len(losses)),
            reserved,
            self.n_tokens / 1e6,
            self.seconds,
        )

    def save(self, folder: Path) -> None:
        """Writes the checkpoint in one step."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state(),
            "words": self.lessons.tokenizer.get_vocab(),
            "updates": self.updates,
            "n_tokens": self.n_tokens,
            "seconds": self.seconds,
            "curve": self.curve,
            "config": asdict(self.config),
        }
        write_checkpoint(folder / CHECKPOINT, state)

    def load(self, folder: Path) -> None:
        """Takes over a checkpoint.

        Raises:
            DataError: It can't be read.
            ConfigError: It is of a training with other settings or other programs.
        """
        path = folder / CHECKPOINT
        state = read_checkpoint(path)
        differing = changed(state["config"], asdict(self.config), _FREE)
        if state["words"] != self.lessons.tokenizer.get_vocab():
            differing.append("the programs are others")
        refuse_another(path, differing)
        self.model.load_state_dict(state["model"])
        self._optimizer.restore(state["optimizer"])
        self.updates, self.n_tokens = state["updates"], state["n_tokens"]
        self.seconds = state["seconds"]
        self.curve = [(int(update), float(loss)) for update, loss in state["curve"]]

    def export(self, folder: Path) -> None:
        """Writes model and tokenizer as `transformers` reads them, in bfloat16."""
        copy = LlamaForCausalLM(self.model.config)
        copy.load_state_dict(self.model.state_dict())
        halved: Any = copy.bfloat16()
        halved.save_pretrained(folder)
        self.lessons.tokenizer.save_pretrained(folder)


def _model(tokenizer: PreTrainedTokenizerFast, config: ProgramTraining) -> LlamaForCausalLM:
    make: Any = LlamaConfig
    shape = make(
        vocab_size=len(tokenizer),
        hidden_size=config.hidden,
        intermediate_size=config.inner,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.heads,
        max_position_embeddings=512,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        attn_implementation="sdpa",
    )
    return LlamaForCausalLM(shape)


def _optimizer(model: LlamaForCausalLM, config: ProgramTraining) -> Optimizer:
    matrices: list[tuple[nn.Parameter, int]] = []
    tables: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2 and ".layers." in name:
            matrices.append((parameter, 1))
        else:
            (tables if parameter.ndim == 2 else others).append(parameter)
    rates = Rates(matrix=config.matrix_rate, other=config.other_rate, vector=config.other_rate)
    return Optimizer(matrices, others, tables, rates=rates)


def train_writer(
    tasks: Sequence[ProgramTask],
    folder: Path,
    config: ProgramTraining,
    names: Sequence[str],
    phrases: Sequence[str],
    minutes: float | None = None,
    threads: int = 1,
) -> bool:
    """Starts or continues the training in a folder; whether it came to its end.

    `names` and `phrases` are words of the vocabulary; see `make_tokenizer`.
    """
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    training = Training(Lessons(tasks, config, names, phrases), config)
    if (folder / CHECKPOINT).exists():
        training.load(folder)
    return training.run(folder, minutes)
