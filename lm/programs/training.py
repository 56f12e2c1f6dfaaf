"""The training of a small model of programs, from nothing, on signatures and programs.

The i-th batch is a function of the seed and of i, so weights, optimizer and position are all that
a later run needs to go on as if the first had not ended. Each time a program comes, its signature
is that of other pairs. The rate stays constant until the last part of the updates, over which it
falls to nothing; a run that goes on may be given another number of updates before that.
"""

from __future__ import annotations

import logging
import random
import signal
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from arc.errors import ConfigError, DataError
from lm.causal.template import Template, load_template
from lm.embedded.optimizer import Optimizer, Rates
from lm.programs.corpus import ProgramTask
from lm.programs.shipped import TEMPLATE
from lm.programs.words import make_tokenizer
from lm.protocol import Prompt
from lm.signature.signature import joined, properties_of

log = logging.getLogger(__name__)

CHECKPOINT, MODEL = "checkpoint.pt", "model"

_POOL = 8
"""Batches whose examples are put in the order of length before they are dealt."""

_N_TEXTS = 2000
"""Programs whose signatures are read for the vocabulary; their own words are all read."""

_NO_TARGET = -100


@dataclass(frozen=True, slots=True)
class ProgramTraining:
    """Settings of a training.

    Attributes:
        updates: Length of the whole training, in optimizer steps.
        examples: Programs an update.
        most_pairs: Of how many of a program's pairs signatures are made, 2 or more at a time.
        most_tokens: Longest example; programs that are longer are left out.
        hidden: Width of the model.
        inner: Width inside its feed-forward layers.
        layers: Its depth.
        heads: Attention heads of a layer.
        matrix_rate: Learning rate of the matrices in the layers, by Muon.
        other_rate: Learning rate of all else, by AdamW.
        warmup: Updates over which the rates rise.
        decay: Share of the updates, the last ones, over which they fall to nothing.
        reserve: Of programs that come once, one of so many is kept to measure the loss on.
        report: Updates between two measurements.
        checkpoint_s: Seconds between checkpoints.
        seed: Of all chance.
    """

    updates: int = 1000
    examples: int = 64
    most_pairs: int = 4
    most_tokens: int = 192
    hidden: int = 128
    inner: int = 384
    layers: int = 4
    heads: int = 4
    matrix_rate: float = 0.02
    other_rate: float = 3e-3
    warmup: int = 30
    decay: float = 0.4
    reserve: int = 50
    report: int = 50
    checkpoint_s: float = 120.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("updates", "examples", "report", "layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")
        if self.most_pairs < 2:
            raise ConfigError(f"most_pairs: at least 2 expected, got {self.most_pairs}")

    def schedule(self, update: int) -> float:
        """Returns what the rates of an update are multiplied by, the first being 0."""
        rising = (update + 1) / max(1, self.warmup)
        falling = (self.updates - update) / max(1.0, self.decay * self.updates)
        return min(1.0, rising, falling)


_FREE = {"updates", "report", "checkpoint_s"}
"""What may change between runs of one training."""


class _Signatures:
    """Prompts for programs, what is said of a pair being worked out once."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._said: dict[tuple[str, int], Mapping[str, str]] = {}

    def prompt(self, task: ProgramTask, places: Sequence[int]) -> str:
        """Returns the text that asks for a program by some of its pairs."""
        for place in places:
            if (task.task_id, place) not in self._said:
                self._said[task.task_id, place] = properties_of(task.pairs[place])
        words = joined([self._said[task.task_id, place] for place in sorted(places)])
        pairs = tuple(task.pairs[place] for place in sorted(places))
        return self._template.write_prompt(Prompt(pairs[0].input, pairs), words)


@dataclass(frozen=True, slots=True)
class _Example:
    """The tokens of a prompt with its program; only the program's are learned."""

    tokens: list[int]
    n_prompt: int


class Training:
    """The state of a training: model, vocabulary, optimizer, and position in the programs."""

    def __init__(
        self,
        tasks: Sequence[ProgramTask],
        config: ProgramTraining,
        names: Sequence[str],
        phrases: Sequence[str],
    ) -> None:
        """`names` and `phrases` are words of the vocabulary; see `make_tokenizer`."""
        torch.manual_seed(config.seed)
        self.config = config
        self.updates = 0
        self.n_tokens = 0
        self.seconds = 0.0
        self.curve: list[tuple[int, float]] = []
        self._is_asked_to_stop = False
        self._signatures = _Signatures(load_template(TEMPLATE))
        self.tokenizer = self._vocabulary(tasks, names, phrases)
        known = [task for task in tasks if self._is_known(task)]
        n_with = Counter(task.source for task in known)
        # Short programs come often, on other inputs; they are to be learned, all of them.
        self.reserved = [task for task in known if n_with[task.source] == 1][:: config.reserve]
        kept_apart = {task.task_id for task in self.reserved}
        self.tasks = [task for task in known if task.task_id not in kept_apart]
        if not self.tasks or not self.reserved:
            raise ConfigError(f"{len(tasks)} programs are too few to keep some apart")
        self.model = _model(self.tokenizer, config)
        self._optimizer = _optimizer(self.model, config)
        log.info(
            "%d programs, %d more for measuring, %d left out; %d words, %.2f M parameters",
            len(self.tasks),
            len(self.reserved),
            len(tasks) - len(known),
            len(self.tokenizer),
            sum(p.numel() for p in self.model.parameters()) / 1e6,
        )

    def _vocabulary(
        self, tasks: Sequence[ProgramTask], names: Sequence[str], phrases: Sequence[str]
    ) -> PreTrainedTokenizerFast:
        def texts() -> Iterator[str]:
            for task in tasks:
                yield task.source
            for task in tasks[:: max(1, len(tasks) // _N_TEXTS)]:
                places = range(min(3, len(task.pairs)))
                yield self._signatures.prompt(task, places)
                yield self._signatures.prompt(task, places[:2])

        return make_tokenizer(texts(), names, phrases)

    def _is_known(self, task: ProgramTask) -> bool:
        tokens = self._tokens(task.source)
        if self.tokenizer.unk_token_id in tokens:
            return False
        return len(tokens) <= self.config.most_tokens - 64

    def _tokens(self, text: str) -> list[int]:
        return [int(token) for token in self.tokenizer.encode(text, add_special_tokens=False)]

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
        for batch in self._batches(self.updates):
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
        examples = [self._example(task, range(min(3, len(task.pairs)))) for task in self.reserved]
        examples.sort(key=lambda example: len(example.tokens))
        with torch.no_grad():
            for start in range(0, len(examples), self.config.examples):
                losses = self._losses(examples[start : start + self.config.examples])
                total, n_targets = total + float(losses.sum()), n_targets + len(losses)
        return total / n_targets

    def _batches(self, start: int) -> Iterator[list[_Example]]:
        """Yields batches from the one with a number on; each pool of them is dealt by length."""
        n = self.config.examples
        for pool in range(start // _POOL, 2**62):
            rng = random.Random(f"{self.config.seed}:{pool}")
            places = range(pool * _POOL * n, (pool + 1) * _POOL * n)
            examples = sorted(self._drawn(places, rng), key=lambda e: len(e.tokens))
            batches = [examples[i * n : (i + 1) * n] for i in range(_POOL)]
            rng.shuffle(batches)
            yield from batches[start - pool * _POOL if pool == start // _POOL else 0 :]

    def _drawn(self, places: range, rng: random.Random) -> Iterator[_Example]:
        orders: dict[int, list[int]] = {}
        for place in places:
            epoch, at = divmod(place, len(self.tasks))
            if epoch not in orders:
                orders[epoch] = list(range(len(self.tasks)))
                random.Random(f"{self.config.seed}:epoch {epoch}").shuffle(orders[epoch])
            task = self.tasks[orders[epoch][at]]
            most = min(self.config.most_pairs, len(task.pairs))
            yield self._example(task, rng.sample(range(most), rng.randint(2, most)))

    def _example(self, task: ProgramTask, places: Sequence[int]) -> _Example:
        prompt = self._tokens(self._signatures.prompt(task, places))
        program = [*self._tokens(task.source), int(self.tokenizer.eos_token_id)]
        room = self.config.most_tokens - len(program)
        return _Example([*prompt[:room], *program], min(room, len(prompt)))

    def _losses(self, examples: Sequence[_Example]) -> Tensor:
        """Returns the loss of each token of programs, in nats."""
        width = max(len(example.tokens) for example in examples)
        padding = int(self.tokenizer.pad_token_id)
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

    def _update(self, batch: Sequence[_Example]) -> float:
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
            "words": self.tokenizer.get_vocab(),
            "updates": self.updates,
            "n_tokens": self.n_tokens,
            "seconds": self.seconds,
            "curve": self.curve,
            "config": asdict(self.config),
        }
        partial = folder / f"{CHECKPOINT}.partial"
        torch.save(state, partial)
        partial.replace(folder / CHECKPOINT)

    def load(self, folder: Path) -> None:
        """Takes over a checkpoint.

        Raises:
            DataError: It can't be read.
            ConfigError: It is of a training with other settings or other programs.
        """
        path = folder / CHECKPOINT
        if not zipfile.is_zipfile(path):
            raise DataError(f"{path}: no checkpoint can be read: it is cut short or something else")
        state: dict[str, Any] = torch.load(path, weights_only=True)
        differing = [
            f"{name} was {state['config'].get(name)} and is {value}"
            for name, value in asdict(self.config).items()
            if name not in _FREE and state["config"].get(name) != value
        ]
        if state["words"] != self.tokenizer.get_vocab():
            differing.append("the programs are others")
        if differing:
            raise ConfigError(f"{path}: {'; '.join(differing)}; take another --out, or go on alike")
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
        self.tokenizer.save_pretrained(folder)


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
    """Starts or continues the training in a folder; whether it came to its end."""
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    training = Training(tasks, config, names, phrases)
    if (folder / CHECKPOINT).exists():
        training.load(folder)
    return training.run(folder, minutes)
