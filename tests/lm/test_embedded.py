import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from slots import encode_output
from strategies import grids
from tiny import random_embedded

from arc.errors import DataError
from arc.grid import MAX_SIDE, Grid
from arc.transform import SYMMETRIES
from lm.embedded.backend import EmbeddedLanguageModel, save_model
from lm.embedded.batch import Sample, bucketed, collate, token_losses
from lm.embedded.config import EmbeddedConfig
from lm.embedded.encoding import N_CODES, N_HEADER, blank_output, encode_input
from lm.embedded.model import SIZES, Architecture
from lm.embedded.weights import SHIPPED, weights_folder
from lm.meter import metered
from lm.protocol import Example, Prompt

TINY = Architecture(width=32, layers=2, heads=2, hidden=48)


def tiny_model(seed=0, **settings_):
    model = random_embedded(TINY, 0.1, seed)
    config = EmbeddedConfig(tokens=4000, max_length=300, **settings_)
    return EmbeddedLanguageModel(model, torch.zeros(1, TINY.width), config)


@given(grids(6), grids(6))
def test_codes_are_in_the_table_and_there_is_a_slot_for_every_cell(source, output):
    for tokens, grid in (
        (encode_input(source.array), source),
        (encode_output(source.array, output.array), output),
    ):
        assert len(tokens) == len(grid.cells)
        assert tokens.features.min() >= 0
        assert tokens.features.max() < N_CODES


@given(grids(6), grids(6))
def test_a_slot_knows_nothing_of_its_own_cell_or_later_ones(source, output):
    whole = encode_output(source.array, output.array).features
    for cut in range(len(output.cells)):
        changed = bytearray(output.cells)
        for i in range(cut, len(changed)):
            changed[i] = (changed[i] + 1) % 10
        other = Grid(output.height, output.width, bytes(changed))
        features = encode_output(source.array, other.array).features
        assert np.array_equal(features[: cut + 1], whole[: cut + 1])


@given(grids(6), grids(6))
def test_blank_slots_differ_from_written_ones_in_the_neighbors_only(source, output):
    blank = blank_output(source.array, output.shape)
    written = encode_output(source.array, output.array)
    assert np.array_equal(blank.positions, written.positions)
    assert np.array_equal(blank.features[:, :15], written.features[:, :15])


def test_a_prediction_does_not_depend_on_what_comes_after_it():
    model = tiny_model()._model
    source = np.array([[1, 2], [3, 4]], dtype=np.uint8)
    first = np.array([[5, 6], [7, 8]], dtype=np.uint8)
    second = np.array([[5, 6], [7, 1]], dtype=np.uint8)
    losses = []
    for output in (first, second):
        batch = collate([Sample(source, output)])
        losses.append(token_losses(model, batch, torch.zeros(1, TINY.width))[1][0, :3])
    assert torch.allclose(losses[0], losses[1], atol=1e-6)


def test_padding_changes_nothing():
    model = tiny_model()._model
    small = Sample(np.ones((2, 2), np.uint8), np.ones((1, 3), np.uint8))
    large = Sample(np.full((4, 4), 2, np.uint8), np.full((5, 2), 3, np.uint8))
    vectors = torch.zeros(2, TINY.width)
    sides, cells = token_losses(model, collate([small, large]), vectors)
    alone_sides, alone_cells = token_losses(model, collate([small]), vectors[:1])
    assert torch.allclose(sides[0], alone_sides[0], atol=1e-5)
    assert torch.allclose(cells[0, :3], alone_cells[0], atol=1e-5)
    assert cells[0, 3:].abs().sum() == 0


def test_the_probability_of_a_reply_is_what_scoring_says():
    model = tiny_model()
    prompts = [Prompt(Grid.of([[1, 2, 3]]), symmetry=s) for s in SYMMETRIES]
    prompts += [Prompt(Grid.of([[4, 0], [5, 6]]), recolored=True)]
    found = zip(prompts, model.generate(prompts), strict=True)
    replied = [(prompt, reply) for prompt, reply in found if reply.grid is not None]
    assert replied
    scores = model.score([p for p, _ in replied], [reply.grid for _, reply in replied])
    for (_, reply), score in zip(replied, scores, strict=True):
        assert reply.log_probability == pytest.approx(score, abs=1e-3)


@given(st.lists(grids(5), min_size=1, max_size=3), st.lists(grids(5), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_outputs_scored_together_are_as_likely_as_alone(inputs, outputs):
    model = tiny_model()
    prompts = [Prompt(g, symmetry=s) for g in inputs for s in SYMMETRIES[:3]]
    asked = [(prompt, output) for output in outputs for prompt in prompts]
    together = model.score([p for p, _ in asked], [output for _, output in asked])
    for (prompt, output), score in zip(asked, together, strict=True):
        assert score == pytest.approx(model.score([prompt], [output])[0], abs=1e-4)


@given(grids(5))
@settings(max_examples=8, deadline=None)
def test_every_reply_that_fits_is_a_grid_whatever_the_weights(grid):
    reply = tiny_model(seed=len(grid.cells)).generate([Prompt(grid)])[0]
    assert reply.grid is None or 1 <= len(reply.grid.cells) <= 300 - len(grid.cells)


def test_an_input_too_large_for_a_reply_gets_none_and_costs_no_other():
    small, large = Prompt(Grid.of([[1, 2]])), Prompt(Grid.of([[3] * 13] * 13))
    replies = tiny_model().generate([large, small, large])
    assert replies[0].grid is replies[2].grid is None
    assert replies[1] == tiny_model().generate([small])[0]


def test_examples_too_long_to_train_on_are_left_out():
    example = Example(Prompt(Grid.of([[3] * 13] * 13)), Grid.of([[3] * 13] * 13))
    assert tiny_model().adapt([example], random.Random(0), 60, train=True).updates == 0


EXAMPLES = [
    Example(Prompt(Grid.of([[a, b]])), Grid.of([[b, a]])) for a in range(1, 5) for b in range(5, 9)
]


def test_training_makes_the_examples_likelier_and_leaves_the_model_alone():
    model = tiny_model()
    before = {name: value.clone() for name, value in model._model.state_dict().items()}
    prompts = [example.prompt for example in EXAMPLES]
    outputs = [example.output for example in EXAMPLES]
    untrained = sum(model.score(prompts, outputs))
    adaptation = model.adapt(EXAMPLES, random.Random(0), 60, train=True)
    assert sum(model.score(prompts, outputs, adaptation)) > untrained / 2
    assert adaptation.updates > 10
    assert sum(model.score(prompts, outputs)) == untrained
    for name, value in model._model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.slow
def test_the_same_seed_trains_the_same():
    prompts = [example.prompt for example in EXAMPLES]
    outputs = [example.output for example in EXAMPLES]
    scores = []
    for _ in range(2):
        model = tiny_model()
        adaptation = model.adapt(EXAMPLES[:4], random.Random(3), 60, train=True)
        scores.append(model.score(prompts, outputs, adaptation))
    assert scores[0] == scores[1]


@pytest.mark.parametrize("side", [1, 3, 8])
def test_tokens_and_updates_are_both_at_least_as_configured(side):
    config = EmbeddedConfig(tokens=1000, min_updates=10)
    model = EmbeddedLanguageModel(random_embedded(TINY, 0.1), torch.zeros(1, TINY.width), config)
    grid = Grid.of([[1] * side] * side)
    examples = [Example(Prompt(grid), grid)] * 3
    with metered() as meter:
        updates = model.adapt(examples, random.Random(0), 60, train=True).updates
    assert updates >= config.min_updates
    assert meter.usage.read >= config.tokens


def test_the_largest_pair_there_is_fits():
    assert EmbeddedConfig().max_length == 2 * MAX_SIDE**2 + N_HEADER


def test_without_training_nothing_is_updated():
    assert tiny_model().adapt(EXAMPLES, random.Random(0), 60, train=False).updates == 0


def test_no_time_means_no_updates():
    assert tiny_model().adapt(EXAMPLES, random.Random(0), 0, train=True).updates == 0


@given(grids(6), grids(6), grids(6))
def test_buckets_hold_every_sample_once_within_their_size(first, second, third):
    samples = [Sample(g.array, g.array) for g in (first, second, third)] * 3
    groups = list(bucketed(samples, 60))
    assert sorted(id(sample) for group in groups for sample in group) == sorted(map(id, samples))
    for group in groups:
        assert len(group) == 1 or len(group) * max(s.length for s in group) <= 60


def test_weights_survive_saving(tmp_path):
    model = tiny_model()
    save_model(tmp_path, model._model, torch.eye(3, TINY.width), {"note": "tiny"})
    loaded = EmbeddedLanguageModel.load(EmbeddedConfig(weights=str(tmp_path)))
    prompt = Prompt(Grid.of([[1, 2], [3, 4]]))
    output = Grid.of([[1]])
    model = EmbeddedLanguageModel(model._model, torch.eye(3, TINY.width).mean(0)[None])
    expected = model.score([prompt], [output])
    assert loaded.score([prompt], [output]) == pytest.approx(expected, rel=0.05)


def test_missing_weights_are_a_one_line_error(tmp_path):
    with pytest.raises(DataError, match="no embedded model there"):
        EmbeddedLanguageModel.load(EmbeddedConfig(weights=str(tmp_path)))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_loads_and_predicts(name):
    model = EmbeddedLanguageModel.load(EmbeddedConfig(weights=name))
    assert model._model.architecture in SIZES.values()
    reply = model.generate([Prompt(Grid.of([[1, 0], [0, 1]]))])[0]
    assert isinstance(reply.grid, Grid)


def test_every_size_that_takes_no_gpu_ships_with_a_card_in_less_than_45_megabytes_together():
    assert set(SIZES) - {"large"} <= set(SHIPPED)
    files = []
    for name in SHIPPED:
        with weights_folder(name) as folder:
            files += list(folder.iterdir())
    assert sum(path.name == "MODEL_CARD.md" for path in files) == len(SHIPPED)
    assert sum(path.stat().st_size for path in files) < 45e6
