"""The embedded model as a `LanguageModel`: full weights and a fresh task vector per task."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from arc.errors import DataError
from arc.grid import MAX_SIDE, Grid
from arc.transform import SYMMETRIES
from lm.embedded.batch import Sample, bucketed, collate, token_losses
from lm.embedded.choice import Chooser, Greedy, Sampler, Searcher
from lm.embedded.decoding import Decoder
from lm.embedded.encoding import N_HEADER
from lm.embedded.model import Architecture, EmbeddedModel
from lm.embedded.optimizer import Rates, make_optimizer
from lm.protocol import (
    Adaptation,
    Completion,
    Conditioning,
    DepthFirst,
    Example,
    Prompt,
    Sampling,
)

_MAX_CELLS = MAX_SIDE * MAX_SIDE
_CACHE_BYTES = 512 * 2**20
"""What keys and values of outputs under way may take."""


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """Settings of the embedded model.

    Attributes:
        weights: A folder with `model.safetensors` and `model.json`; empty for the shipped ones.
        tokens: Tokens trained on per task.
        batch_tokens: Padded tokens an update; less when `min_updates` would not be reached.
        min_updates: Updates a task gets at least, however few tokens each then has.
        matrix_rate: Learning rate of the matrices.
        other_rate: Learning rate of everything else but the task vector.
        vector_rate: Learning rate of the task vector.
        hold: Share of the training at the full rate; then it falls to zero.
        max_length: Longest pair, in tokens, that is trained on, decoded or scored. An input that
            with an output of its own size would be longer gets no reply.
    """

    weights: str = ""
    tokens: int = 24_000
    batch_tokens: int = 1536
    min_updates: int = 48
    matrix_rate: float = 0.015
    other_rate: float = 3e-3
    vector_rate: float = 2e-2
    hold: float = 0.5
    max_length: int = 1000


@dataclass(frozen=True, slots=True)
class _Weights:
    model: EmbeddedModel
    vector: Tensor


class EmbeddedLanguageModel:
    """The embedded model, its mean task vector and a few centroids of task vectors."""

    conditioning = Conditioning.TASK_VECTOR

    def __init__(
        self, model: EmbeddedModel, centroids: Tensor, config: EmbeddedConfig = EmbeddedConfig()
    ) -> None:
        """`centroids` are task vectors to start from, (n, width), the mean of all first."""
        self.config = config
        self._model = model.eval()
        self._centroids = centroids

    @classmethod
    def load(cls, config: EmbeddedConfig) -> EmbeddedLanguageModel:
        """Returns the shipped model, or the one in the configured folder."""
        if config.weights:
            return cls._load(Path(config.weights), config)
        with resources.as_file(resources.files("lm.embedded.weights")) as folder:
            return cls._load(folder, config)

    @classmethod
    def _load(cls, folder: Path, config: EmbeddedConfig) -> EmbeddedLanguageModel:
        try:
            settings = json.loads((folder / "model.json").read_text())
            tensors = load_file(folder / "model.safetensors")
        except (OSError, ValueError) as error:
            raise DataError(f"{folder}: no embedded model there ({error})") from None
        model = EmbeddedModel(Architecture(**settings["architecture"]))
        centroids = tensors.pop("centroids").float()
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
        return cls(model, centroids, config)

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Trains all weights and a fresh vector, started from the centroid that fits best."""
        if train:
            return self._adapt_together([examples], rng, timeout_s)[0]
        start = self._best_centroid(self._samples(examples), rng)
        return Adaptation(_Weights(self._model, start), 0, float("nan"))

    def adapt_many(
        self,
        examples_of: Sequence[Sequence[Example]],
        rng: random.Random,
        timeout_s: float,
        *,
        shared: bool,
    ) -> list[Adaptation]:
        """Trains one set of weights and a vector for each task, or weights for each task too."""
        if shared:
            return self._adapt_together(examples_of, rng, timeout_s)
        share_s = timeout_s / max(1, len(examples_of))
        return [self._adapt_together([each], rng, share_s)[0] for each in examples_of]

    def _adapt_together(
        self, examples_of: Sequence[Sequence[Example]], rng: random.Random, timeout_s: float
    ) -> list[Adaptation]:
        samples_of = [self._samples(examples) for examples in examples_of]
        starts = [self._best_centroid(samples, rng) for samples in samples_of]
        if not starts:
            return []
        model = copy.deepcopy(self._model).train()
        vectors = nn.Parameter(torch.stack(starts))
        samples = [
            replace(sample, vector=i) for i, each in enumerate(samples_of) for sample in each
        ]
        losses = self._train(model, vectors, samples, rng, timeout_s)
        last = losses[-max(1, len(losses) // 10) :]
        loss = float(np.mean(last)) if last else float("nan")
        model.eval()
        return [
            Adaptation(_Weights(model, vector), len(losses), loss) for vector in vectors.detach()
        ]

    def _samples(self, examples: Sequence[Example]) -> list[Sample]:
        """Returns the examples that are not too long to train on."""
        samples = [_sample(example.prompt, example.output) for example in examples]
        return [sample for sample in samples if sample.length <= self.config.max_length]

    def generate(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None = None
    ) -> list[Completion]:
        """Returns the greedy output for each prompt: a grid, unless the input is too large."""
        return [found[0] for found in self._decode(prompts, adaptation, lambda _: Greedy(), 1)]

    def sample(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, sampling: Sampling
    ) -> list[list[Completion]]:
        """Returns outputs drawn at a temperature; none is a grid where the input is too large."""
        n = sampling.n
        found = self._decode(prompts, adaptation, lambda _: Sampler(sampling), n)
        return [replies if len(replies) == n else replies * n for replies in found]

    def search(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, search: DepthFirst
    ) -> list[list[Completion]]:
        """Returns every output that is likely enough, and the greedy one, likeliest first."""
        most = min(search.max_completions, int(1 / search.threshold) + 1)
        found = self._decode(prompts, adaptation, lambda n: Searcher(search, n), most)
        chosen = []
        for greedy, *others in found:
            others.sort(key=_likeliest)
            kept = sorted([greedy, *others[: search.max_completions - 1]], key=_likeliest)
            chosen.append([completion for completion in kept if completion.grid is not None])
        return chosen

    def _fits(self, prompt: Prompt) -> bool:
        return 2 * len(prompt.input.cells) + N_HEADER <= self.config.max_length

    def _decode(
        self,
        prompts: Sequence[Prompt],
        adaptation: Adaptation | None,
        chooser: Callable[[int], Chooser],
        most: int,
    ) -> list[list[Completion]]:
        """Returns what `chooser(number of prompts)` leads to for each prompt, a greedy one first.

        `most` is how many outputs a prompt may have under way.
        """
        weights = self._weights(adaptation)
        found = [[Completion(None, float("-inf"))] for _ in prompts]
        fitting = [i for i, prompt in enumerate(prompts) if self._fits(prompt)]
        for group in self._groups(fitting, most):
            asked = [prompts[i] for i in group]
            with torch.inference_mode():
                context = weights.model.context_of(
                    weights.vector.expand(len(asked), -1),
                    torch.tensor([SYMMETRIES.index(prompt.symmetry) for prompt in asked]),
                    torch.tensor([float(prompt.recolored) for prompt in asked]),
                )
            decoder = Decoder(weights.model, [prompt.input.array for prompt in asked], context)
            longest_input = max(len(prompt.input.cells) for prompt in asked)
            max_cells = min(_MAX_CELLS, self.config.max_length - longest_input - N_HEADER)
            for i, completions in zip(
                group, decoder.decode(max_cells, chooser(len(asked))), strict=True
            ):
                found[i] = completions
        return found

    def _groups(self, indices: Sequence[int], most: int) -> Iterator[Sequence[int]]:
        """Yields groups of prompts whose outputs under way fit into memory together."""
        sizes = self._model.architecture
        bytes_a_token = sizes.layers * 2 * sizes.width * 4
        n = max(1, _CACHE_BYTES // (bytes_a_token * self.config.max_length * most))
        for at in range(0, len(indices), n):
            yield indices[at : at + n]

    def score(
        self,
        prompts: Sequence[Prompt],
        outputs: Sequence[Grid],
        adaptation: Adaptation | None = None,
    ) -> list[float]:
        """Returns the log-probability of each output, in nats."""
        weights = self._weights(adaptation)
        samples = [_sample(p, output) for p, output in zip(prompts, outputs, strict=True)]
        return [-loss for loss in _sample_losses(weights, samples)]

    def _weights(self, adaptation: Adaptation | None) -> _Weights:
        if adaptation is None:
            return _Weights(self._model, self._centroids[0])
        assert isinstance(adaptation.weights, _Weights)
        return adaptation.weights

    def _best_centroid(self, samples: Sequence[Sample], rng: random.Random) -> Tensor:
        """Returns the centroid under which a few of the samples are likeliest."""
        short = sorted(samples, key=lambda sample: sample.length)[: max(8, len(samples) // 2)]
        chosen = rng.sample(short, min(2, len(short)))
        if not chosen:
            return self._centroids[0]
        totals = [
            sum(_sample_losses(_Weights(self._model, vector), chosen)) for vector in self._centroids
        ]
        return self._centroids[int(np.argmin(totals))]

    def _train(
        self,
        model: EmbeddedModel,
        vectors: nn.Parameter,
        samples: Sequence[Sample],
        rng: random.Random,
        timeout_s: float,
    ) -> list[float]:
        """Trains on the configured number of tokens for each row of `vectors`, one a task."""
        config = self.config
        rates = Rates(
            config.matrix_rate, config.other_rate, config.vector_rate, 0.95, 0.0, iterations=3
        )
        optimizer = make_optimizer(model, [vectors], rates)
        deadline = time.monotonic() + timeout_s
        losses: list[float] = []
        tokens = 0
        batch_tokens = min(config.batch_tokens, config.tokens // config.min_updates)
        while samples:
            shuffled = rng.sample(samples, len(samples))
            groups = list(bucketed(shuffled, batch_tokens))
            rng.shuffle(groups)
            for group in groups:
                progress = tokens / (config.tokens * len(vectors))
                if progress >= 1 or time.monotonic() > deadline:
                    return losses
                batch = collate(group)
                of_sides, of_cells = token_losses(model, batch, vectors[batch.vectors])
                n_targets = of_sides.numel() + int((batch.colors >= 0).sum())
                loss = (of_sides.sum() + of_cells.sum()) / n_targets
                torch.autograd.backward(loss)
                optimizer.step(min(1.0, (1 - progress) / (1 - config.hold)))
                losses.append(float(loss.detach()))
                tokens += sum(sample.length for sample in group)
        return losses


def save_model(
    folder: Path, model: EmbeddedModel, vectors: Tensor, notes: dict[str, object]
) -> None:
    """Writes weights in bfloat16 with the centroids of the task vectors, and a `model.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.to(torch.bfloat16) for name, value in model.state_dict().items()}
    tensors["centroids"] = _centroids(vectors).to(torch.bfloat16)
    save_file(tensors, folder / "model.safetensors")
    settings = {"architecture": asdict(model.architecture), **notes}
    (folder / "model.json").write_text(json.dumps(settings, indent=1) + "\n")


def _centroids(vectors: Tensor, n: int = 12) -> Tensor:
    """Returns the mean of the vectors, then the centers of k-means clusters."""
    from scipy.cluster.vq import kmeans2

    array = vectors.detach().numpy()
    centers, _ = kmeans2(array, min(n, len(array)), minit="++", seed=0)
    return torch.from_numpy(np.concatenate([array.mean(0, keepdims=True), centers])).float()


def _likeliest(completion: Completion) -> tuple[float, bool, Grid | None]:
    """Orders completions, the likeliest first; those that are no grid after those that are."""
    return -completion.log_probability, completion.grid is None, completion.grid


def _sample(prompt: Prompt, output: Grid) -> Sample:
    symmetry = SYMMETRIES.index(prompt.symmetry)
    return Sample(prompt.input.array, output.array, symmetry, prompt.recolored)


@torch.inference_mode()
def _sample_losses(
    weights: _Weights, samples: Sequence[Sample], max_tokens: int = 8192
) -> list[float]:
    """Returns the negative log-probability of each sample's output, in nats."""
    losses = [0.0] * len(samples)
    order = {id(sample): i for i, sample in enumerate(samples)}
    for group in bucketed(samples, max_tokens):
        batch = collate(group)
        vectors = weights.vector.expand(len(group), -1)
        of_sides, of_cells = token_losses(weights.model, batch, vectors)
        totals = of_sides.sum(1) + of_cells.sum(1)
        for sample, total in zip(group, totals.tolist(), strict=True):
            losses[order[id(sample)]] = total
    return losses
