"""Test-time training as a plain loop: one example, one view and one candidate at a time.

What a first implementation with `transformers` and `peft` does, with the same steps as ours in the
same order, so that results can be compared number by number.
"""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Sequence

import numpy as np
import peft
import torch
from torch import nn

from arc.grid import Grid
from arc.transform import SYMMETRIES
from lm.causal.backend import CausalLanguageModel
from lm.causal.decoding import Choices
from lm.causal.training import Schedule
from lm.device import mixed_precision
from lm.embedded.adaptation import rates_of
from lm.embedded.backend import EmbeddedLanguageModel
from lm.embedded.batch import Sample, bucketed, collate, token_losses
from lm.embedded.encoding import N_HEADER
from lm.embedded.model import EmbeddedModel, KeyValueCache
from lm.embedded.optimizer import make_optimizer
from lm.protocol import Example, Prompt


class PlainCausal:
    """A causal model in the hands of `peft`, adapters reset between tasks."""

    def __init__(self, ours: CausalLanguageModel) -> None:
        """Shares how texts become tokens with `ours`; the base is a copy."""
        self._ours = ours
        config = ours.config
        modules = config.target_modules
        lora = peft.LoraConfig(
            task_type="CAUSAL_LM",
            r=config.rank,
            lora_alpha=config.alpha,
            target_modules=modules if isinstance(modules, str) else [*modules],
            use_rslora=config.rank_stabilized,
        )
        base = copy.deepcopy(ours.base)
        for module in base.modules():
            module._forward_hooks.clear()  # ours, copied with the base
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            self._model = peft.get_peft_model(base, lora).eval()
        self._adapter = {
            name.replace(".default", ""): parameter
            for name, parameter in self._model.named_parameters()
            if parameter.requires_grad
        }

    def adapt(self, examples: Sequence[Example], rng: random.Random) -> float:
        """Trains the adapter and keeps it; returns the loss of the last tenth of the updates."""
        config, device = self._ours.config, self._model.device
        with torch.no_grad():
            for name, factor in self._ours.fresh_adapter(rng).items():
                self._adapter[name].copy_(factor)
        schedule = Schedule(config.learning_rate, config.warmup, config.epochs, config.batch_size)
        optimizer = torch.optim.AdamW(self._adapter.values(), weight_decay=0.0)
        tokenized = [self._ours.tokenized(example) for example in examples]
        n_updates = schedule.n_updates(len(examples))
        losses = []
        for update, batch in enumerate(schedule.batches(tokenized, rng)):
            n_targets = sum(example.n_targets for example in batch)
            total = 0.0
            for example in batch:
                tokens = torch.tensor([example.tokens], device=device)
                is_target = torch.tensor([example.is_target], device=device)
                labels = tokens.masked_fill(~is_target, -100)
                loss = self._model(input_ids=tokens, labels=labels, use_cache=False).loss
                loss = loss * (example.n_targets / n_targets)
                torch.autograd.backward(loss)
                total += float(loss.detach())
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(update, n_updates)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(total)
        return float(np.mean(losses[-max(1, len(losses) // 10) :]))

    @torch.inference_mode()
    def generate(self, prompts: Sequence[Prompt]) -> list[Grid | None]:
        """Returns the greedy reply to each prompt."""
        return [self._reply(prompt) for prompt in prompts]

    def _reply(self, prompt: Prompt) -> Grid | None:
        among = Choices(self._ours.form)
        column_of = {token: column for column, token in enumerate(among.tokens)}
        tokens = torch.tensor([self._ours.form.tokens_of_prompt(prompt)], device=self._model.device)
        start = tokens.shape[1]
        end = int(self._ours.base.config.eos_token_id or 0)

        def allowed(_: int, text: torch.Tensor) -> list[int]:
            reply = among.start()
            for token in text[start:].tolist():
                among.append(reply, column_of[token])
            return [among.tokens[column] for column in among.allowed(reply)] or [end]

        made = self._model.generate(
            input_ids=tokens,
            attention_mask=torch.ones_like(tokens),
            do_sample=False,
            max_new_tokens=self._ours.max_tokens - start,
            prefix_allowed_tokens_fn=allowed,
            eos_token_id=self._ours.form.reply_tokens(prompt.input)[-1:],
            pad_token_id=end,
        )
        reply = among.start()
        for token in made[0, start:].tolist():
            among.append(reply, column_of[token])
        return reply.grid()

    @torch.inference_mode()
    def score(self, prompts: Sequence[Prompt], outputs: Sequence[Grid]) -> list[float]:
        """Returns the log-probability of each output."""
        scores = []
        for prompt, output in zip(prompts, outputs, strict=True):
            reply = self._ours.form.reply_tokens(output)
            tokens = torch.tensor(
                [[*self._ours.form.tokens_of_prompt(prompt), *reply]], device=self._model.device
            )
            logits = self._model(input_ids=tokens, use_cache=False).logits[0, :-1].float()
            found = logits.log_softmax(-1).gather(1, tokens[0, 1:, None])[-len(reply) :, 0]
            scores.append(float(found.double().sum()))
        return scores


class PlainEmbedded:
    """The embedded model, one pair, view or candidate at a time and without a cache."""

    def __init__(self, ours: EmbeddedLanguageModel) -> None:
        self._ours = ours
        self._model: EmbeddedModel = ours._model
        self._vector = ours._centroids[0]

    def adapt(self, examples: Sequence[Example], rng: random.Random) -> float:
        """Trains a copy and keeps it; returns the loss of the last tenth of the updates."""
        config = self._ours.config
        samples = [_sample(example.prompt, example.output) for example in examples]
        samples = [sample for sample in samples if sample.length <= config.max_length]
        self._model = self._ours._model
        start = self._best_centroid(samples, rng)
        model, vector = copy.deepcopy(self._model).train(), nn.Parameter(start.clone())
        optimizer = make_optimizer(model, [vector], rates_of(config))
        batch_tokens = min(config.batch_tokens, config.tokens // config.min_updates)
        losses: list[float] = []
        tokens = 0
        while tokens < config.tokens or len(losses) < config.min_updates:
            groups = list(bucketed(rng.sample(samples, len(samples)), batch_tokens))
            rng.shuffle(groups)
            for group in groups:
                progress = min(tokens / config.tokens, len(losses) / config.min_updates)
                if progress >= 1:
                    break
                n_targets = sum(N_HEADER + sample.output.size for sample in group)
                total = 0.0
                for sample in group:
                    with mixed_precision(vector.device):
                        of_sides, of_cells = token_losses(model, collate([sample]), vector[None])
                    loss = (of_sides.sum() + of_cells.sum()) / n_targets
                    torch.autograd.backward(loss)
                    total += float(loss.detach())
                optimizer.step(min(1.0, (1 - progress) / (1 - config.hold)))
                losses.append(total)
                tokens += sum(sample.length for sample in group)
        self._model, self._vector = model.eval(), vector.detach()
        return float(np.mean(losses[-max(1, len(losses) // 10) :]))

    @torch.inference_mode()
    def generate(self, prompts: Sequence[Prompt]) -> list[Grid | None]:
        """Returns the greedy output for each prompt; every cell is a pass of its own."""
        return [self._reply(prompt) for prompt in prompts]

    def _reply(self, prompt: Prompt) -> Grid | None:
        height = int(self._hidden_side(prompt, 1, 0)) + 1
        width = int(self._hidden_side(prompt, height, 1)) + 1
        if height * width > self._ours.config.max_length - len(prompt.input.cells) - N_HEADER:
            return None
        output = np.zeros((height, width), dtype=np.uint8)
        for place in range(height * width):
            hidden = self._hidden(prompt, output, N_HEADER + place)
            output.flat[place] = int(self._model.color_head(hidden).argmax())
        return Grid.from_array(output)

    def _hidden_side(self, prompt: Prompt, height: int, slot: int) -> torch.Tensor:
        hidden = self._hidden(prompt, np.zeros((height, 1), dtype=np.uint8), slot)
        return self._model.side_head(hidden).argmax()

    def _hidden(self, prompt: Prompt, output: np.ndarray, slot: int) -> torch.Tensor:
        """Returns the hidden state of a slot of the output, having read all before it."""
        grid = Grid.from_array(output)
        batch = collate([_sample(prompt, grid)])
        n = batch.inputs + slot + 1
        context = self._model.context_of(self._vector[None], batch.symmetries, batch.recolored)
        embedded = self._model.embed(batch.features[:, :n], context)
        nothing_yet = KeyValueCache(self._model.architecture, 1, n)  # and never used again
        hidden = self._model(
            embedded, batch.positions[:, :n], batch.mask[:, :, :n, :n], nothing_yet
        )
        return hidden[0, -1]

    @torch.inference_mode()
    def score(self, prompts: Sequence[Prompt], outputs: Sequence[Grid]) -> list[float]:
        """Returns the log-probability of each output."""
        samples = [_sample(p, output) for p, output in zip(prompts, outputs, strict=True)]
        return [-self._loss(sample, self._vector) for sample in samples]

    def _best_centroid(self, samples: Sequence[Sample], rng: random.Random) -> torch.Tensor:
        short = sorted(samples, key=lambda sample: sample.length)[: max(8, len(samples) // 2)]
        chosen = rng.sample(short, min(2, len(short)))
        with torch.inference_mode():
            totals = [
                sum(self._loss(sample, vector) for sample in chosen)
                for vector in self._ours._centroids
            ]
        return self._ours._centroids[int(np.argmin(totals))]

    def _loss(self, sample: Sample, vector: torch.Tensor) -> float:
        of_sides, of_cells = token_losses(self._model, collate([sample]), vector[None])
        return float(of_sides.sum() + of_cells.sum())


def _sample(prompt: Prompt, output: Grid) -> Sample:
    symmetry = SYMMETRIES.index(prompt.symmetry)
    return Sample(prompt.input.array, output.array, symmetry, prompt.recolored)
