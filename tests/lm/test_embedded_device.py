"""The embedded model computes where it is put, and finds the same there.

Tensors on `meta` have a device and no values, and go together with none that are elsewhere: what
runs there up to the first value that is read leaves nothing behind on the CPU.
"""

import random

import numpy as np
import pytest
import torch
from tiny import random_embedded

from arc.errors import ConfigError
from arc.grid import Grid
from lm.embedded.backend import EmbeddedLanguageModel
from lm.embedded.batch import Sample, collate, token_losses
from lm.embedded.choice import Greedy, Sampler, Searcher
from lm.embedded.config import EmbeddedConfig
from lm.embedded.corpus import load_corpus
from lm.embedded.decoding import Decoder
from lm.embedded.model import Architecture
from lm.embedded.optimizer import Rates, make_optimizer
from lm.protocol import DepthFirst, Example, Prompt, Sampling
from tests.lm.test_pretraining import config as pretrain_config
from tests.lm.test_pretraining import pretraining, tasks

TINY = Architecture(width=32, layers=2, heads=2, hidden=48)
META = torch.device("meta")
GRIDS = [Grid.of([[1, 2, 3]]), Grid.of([[4, 0], [5, 6]])]
EXAMPLES = [Example(Prompt(Grid.of([[a, b]])), Grid.of([[b, a]])) for a in (1, 2) for b in (3, 4)]


def tiny_model(device, **settings):
    config = EmbeddedConfig(**{"tokens": 2000, "max_length": 300, **settings})
    model = random_embedded(TINY, 0.1).to(device)
    return EmbeddedLanguageModel(model, torch.zeros(2, TINY.width, device=device), config)


class Blind(Decoder):
    """Decides as if each choice were likelier than the next."""

    def _options(self, logits):
        assert logits.is_meta
        return super()._options(-torch.arange(float(logits.shape[-1])).expand(logits.shape))


@pytest.mark.parametrize(
    "chooser", [Greedy(), Sampler(Sampling(3)), Searcher(DepthFirst(0.01), 2)], ids=type
)
def test_decoding_leaves_no_tensor_behind(chooser):
    model = random_embedded(TINY, 0.1).to(META)
    context = torch.zeros(len(GRIDS), TINY.width, device=META)
    shapes = [(2, 3), *[None] * (len(GRIDS) - 1)]
    decoder = Blind(model, [grid.array for grid in GRIDS], context, shapes)
    assert all(decoder.decode(900, chooser))


def test_a_training_step_leaves_no_tensor_behind():
    model = random_embedded(TINY, 0.1).to(META)
    vectors = torch.nn.Parameter(torch.zeros(2, TINY.width, device=META))
    batch = collate([Sample(grid.array, grid.array) for grid in GRIDS], META)
    of_sides, of_cells = token_losses(model, batch, vectors[batch.vectors])
    torch.autograd.backward(of_sides.sum() + of_cells.sum())
    make_optimizer(model, [vectors], Rates()).step(1.0)
    assert vectors.grad is None


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.generate([e.prompt for e in EXAMPLES]),
        lambda model: model.score([e.prompt for e in EXAMPLES], [e.output for e in EXAMPLES]),
        lambda model: model.adapt(EXAMPLES, random.Random(0), 60, train=True),
    ],
    ids=["generate", "score", "adapt"],
)
def test_all_before_the_first_value_that_is_read_is_on_the_device(use):
    with pytest.raises(NotImplementedError, match="no data"):
        use(tiny_model(META))


def test_a_model_is_loaded_onto_its_device():
    model = EmbeddedLanguageModel.load(EmbeddedConfig(device="meta"))
    assert model._centroids.is_meta
    assert all(tensor.is_meta for tensor in model._model.state_dict().values())


def test_an_unknown_device_is_a_one_line_error():
    with pytest.raises(ConfigError, match="abacus"):
        EmbeddedLanguageModel.load(EmbeddedConfig(device="abacus"))


@pytest.mark.gpu
def test_a_gpu_finds_what_the_cpu_finds():
    prompts = [example.prompt for example in EXAMPLES]
    found = []
    for device in ("cpu", "cuda"):
        model = EmbeddedLanguageModel.load(EmbeddedConfig(device=device))
        found.append([c for each in model.search(prompts, None, DepthFirst(0.05)) for c in each])
        assert all(reply.grid for reply in model.generate(prompts))
    on_cpu, on_gpu = found
    assert [completion.grid for completion in on_gpu] == [completion.grid for completion in on_cpu]
    probabilities = [[completion.log_probability for completion in each] for each in found]
    assert np.allclose(*probabilities, atol=1e-3)


@pytest.mark.gpu
def test_a_gpu_learns_as_the_cpu_does():
    prompts, outputs = [e.prompt for e in EXAMPLES], [e.output for e in EXAMPLES]
    scores = []
    for device in ("cpu", "cuda"):
        model = tiny_model(device)
        adaptation = model.adapt(EXAMPLES, random.Random(0), 60, train=True)
        assert adaptation.weights.vector.device.type == device
        scores.append(sum(model.score(prompts, outputs, adaptation)))
        assert scores[-1] > sum(model.score(prompts, outputs)) / 2
    assert scores[0] == pytest.approx(scores[1], rel=0.5)


@pytest.mark.gpu
def test_a_gpu_is_pre_trained_on(tmp_path):
    corpus = load_corpus(None, tasks(), hold_out=False)
    training = pretraining(pretrain_config(12_000, device="cuda"), corpus)
    training.run(tmp_path)
    assert training.vectors.is_cuda
    assert training.curve[-1].loss < training.curve[0].loss
