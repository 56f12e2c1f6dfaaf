"""The embedded model as a `LanguageModel`: full weights and a fresh task vector per task."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from arc.errors import DataError
from arc.grid import MAX_SIDE, Grid
from arc.transform import SYMMETRIES
from lm.device import choose_device
from lm.embedded.adaptation import (
    Weights,
    adapt_together,
    best_centroid,
    sample_of,
    samples_from,
)
from lm.embedded.choice import Chooser, Greedy, Sampler, Searcher
from lm.embedded.config import EmbeddedConfig
from lm.embedded.decoding import Decoder
from lm.embedded.encoding import N_HEADER
from lm.embedded.model import Architecture, EmbeddedModel
from lm.embedded.scoring import sample_losses
from lm.embedded.weights import SHIPPED, weights_folder
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


class EmbeddedLanguageModel:
    """The embedded model, its mean task vector and a few centroids of task vectors."""

    conditioning = Conditioning.TASK_VECTOR

    def __init__(
        self, model: EmbeddedModel, centroids: Tensor, config: EmbeddedConfig | None = None
    ) -> None:
        """`centroids` are task vectors to start from, (n, width), the mean of all first.

        They are on the device of the model.
        """
        self.config = config or EmbeddedConfig()
        self._model = model.eval()
        self._centroids = centroids

    @classmethod
    def load(cls, config: EmbeddedConfig) -> Self:
        """Returns the model that ships under the configured name, or the one in that folder.

        It is on the configured device.
        """
        with weights_folder(config.weights) as folder:
            return cls._load(folder, config)

    @classmethod
    def _load(cls, folder: Path, config: EmbeddedConfig) -> Self:
        try:
            settings = json.loads((folder / "model.json").read_text())
            tensors = load_file(folder / "model.safetensors")
        except (OSError, ValueError) as error:
            raise DataError(
                f"{folder}: no embedded model there ({error}); "
                f"{', '.join(SHIPPED)} ship with this package"
            ) from None
        model = EmbeddedModel(Architecture(**settings["architecture"]))
        centroids = tensors.pop("centroids").float()
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
        device = choose_device(config.device)
        return cls(model.to(device), centroids.to(device), config)

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Trains all weights and a fresh vector, started from the centroid that fits best."""
        if train:
            return self._adapt_together([examples], rng, timeout_s)[0]
        start = best_centroid(
            self._model, self._centroids, samples_from(examples, self.config), rng
        )
        return Adaptation(Weights(self._model, start), 0, float("nan"))

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
        return adapt_together(
            self._model, self._centroids, examples_of, self.config, rng, timeout_s
        )

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
        device = weights.vector.device
        found = [[Completion(None, float("-inf"))] for _ in prompts]
        fitting = [i for i, prompt in enumerate(prompts) if self._fits(prompt)]
        for group in self._groups(fitting, most):
            asked = [prompts[i] for i in group]
            with torch.inference_mode():
                symmetries = [SYMMETRIES.index(prompt.symmetry) for prompt in asked]
                context = weights.model.context_of(
                    weights.vector.expand(len(asked), -1),
                    torch.tensor(symmetries, device=device),
                    torch.tensor([float(prompt.recolored) for prompt in asked], device=device),
                )
            inputs = [prompt.input.array for prompt in asked]
            shapes = [prompt.shape for prompt in asked]
            decoder = Decoder(weights.model, inputs, context, shapes)
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
        samples = [sample_of(p, output) for p, output in zip(prompts, outputs, strict=True)]
        losses = sample_losses(weights.model, weights.vector, samples)
        return [
            -of_cells if prompt.shape == output.shape else -(of_sides + of_cells)
            for prompt, output, (of_sides, of_cells) in zip(prompts, outputs, losses, strict=True)
        ]

    def _weights(self, adaptation: Adaptation | None) -> Weights:
        if adaptation is None:
            return Weights(self._model, self._centroids[0])
        assert isinstance(adaptation.weights, Weights)
        return adaptation.weights


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

    array = vectors.detach().cpu().numpy()
    centers, _ = kmeans2(array, min(n, len(array)), minit="++", seed=0)
    return torch.from_numpy(np.concatenate([array.mean(0, keepdims=True), centers])).float()


def _likeliest(completion: Completion) -> tuple[float, bool, Grid | None]:
    """Orders completions, the likeliest first; those that are no grid after those that are."""
    return -completion.log_probability, completion.grid is None, completion.grid
