import lzma
import signal
import threading
import time

import numpy as np
import pytest
import torch

from arc.dataset import TWINS, is_held_out
from arc.errors import ConfigError, DataError
from arc.grid import Grid
from arc.task import Pair, Task
from lm.embedded.config import PretrainConfig
from lm.embedded.corpus import color_permutation, fixed_colors, load_corpus
from lm.embedded.model import Architecture
from lm.embedded.pretraining import Pretraining, pretrain
from lm.embedded.stream import refills_of
from lm.embedded.team import ALONE

TINY = Architecture(width=32, layers=1, heads=2, hidden=32)


def tasks(n=4):
    return [
        Task(
            f"task{i}",
            tuple(Pair(Grid.of([[i, j]]), Grid.of([[j], [i]])) for j in range(5)),
            (Grid.of([[9]]),),
        )
        for i in range(n)
    ]


def config(tokens, **changes):
    settings = {
        "decay_tokens": 500,
        "warmup_tokens": 50,
        "batch_tokens": 200,
        "max_length": 50,
        "log_updates": 10,
    }
    return PretrainConfig(tokens=tokens, **(settings | changes))


def pretraining(settings, corpus):
    # Without processes that draw there is nothing to leave at the end.
    with refills_of(corpus, settings, ALONE) as refills:
        return Pretraining(TINY, settings, corpus, refills)


def weights(training):
    return [*training.model.state_dict().values(), training.vectors]


def assert_same(mine, theirs):
    for one, other in zip(weights(mine), weights(theirs), strict=True):
        assert torch.equal(one, other)


def interrupt_soon():
    """Presses Ctrl-C a moment after somebody listens to it."""
    before = signal.getsignal(signal.SIGINT)

    def wait():
        while signal.getsignal(signal.SIGINT) is before:
            time.sleep(0.01)
        time.sleep(0.2)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def test_training_lowers_the_loss_and_leaves_a_checkpoint(tmp_path):
    corpus = load_corpus(None, tasks(), hold_out=False)
    training = pretraining(config(12_000), corpus)
    training.run(tmp_path)
    losses = [point.loss for point in training.curve]
    assert losses[-1] < losses[0]
    assert (tmp_path / "checkpoint.pt").exists()
    again = pretraining(config(12_000), corpus)
    again.load(tmp_path)
    assert again.tokens == training.tokens
    assert_same(again, training)


def test_a_training_in_chunks_ends_where_a_whole_one_does(tmp_path):
    corpus = load_corpus(None, tasks(), hold_out=False, n_variations=2)
    whole = pretraining(config(4000), corpus)
    whole.run(tmp_path / "whole")
    for tokens in (900, 2300, 4000):
        part = pretraining(config(tokens, decay_tokens=0), corpus)
        if tokens > 900:
            part.load(tmp_path / "parts")
        if tokens == 4000:
            part.config = whole.config
        part.run(tmp_path / "parts")
    assert_same(part, whole)


def test_a_prolonged_training_forgets_the_decay(tmp_path):
    corpus = load_corpus(None, tasks(), hold_out=False)
    pretraining(config(2000), corpus).run(tmp_path / "prolonged")
    prolonged = pretraining(config(4000), corpus)
    prolonged.load(tmp_path / "prolonged")
    assert 1500 <= prolonged.tokens < 2000
    prolonged.config = config(3000, decay_tokens=0)
    prolonged.run(tmp_path / "prolonged")
    prolonged = pretraining(config(4000), corpus)
    prolonged.load(tmp_path / "prolonged")
    assert prolonged.tokens >= 3000
    prolonged.run(tmp_path / "prolonged")
    whole = pretraining(config(4000), corpus)
    whole.run(tmp_path / "whole")
    assert_same(prolonged, whole)


def test_a_task_that_joins_starts_from_the_mean_and_the_others_keep_theirs(tmp_path):
    corpora = [load_corpus(None, tasks(n), hold_out=False) for n in (3, 4)]
    few = pretraining(config(600, decay_tokens=0), corpora[0])
    few.run(tmp_path)
    more = pretraining(config(1200), corpora[1])
    more.load(tmp_path)
    assert torch.equal(more.vectors[:3], few.vectors)
    assert torch.allclose(more.vectors[3], few.vectors.mean(0))


def test_ctrl_c_ends_a_training_with_a_checkpoint(tmp_path):
    corpus = load_corpus(None, tasks(), hold_out=False)
    training = pretraining(config(10_000_000), corpus)
    interrupt_soon()
    training.run(tmp_path)
    again = pretraining(config(10_000_000), corpus)
    again.load(tmp_path)
    assert 0 < again.tokens == training.tokens


def test_a_training_that_was_stopped_writes_no_weights(tmp_path):
    options = {"members": 1, "threads": 1, "hold_out": False, "architecture": TINY}
    interrupt_soon()
    long = config(10_000_000, variations=1)
    assert not pretrain(tmp_path / "a", tasks(), None, long, export=tmp_path / "w", **options)
    assert not (tmp_path / "w").exists()


def test_an_unknown_device_is_a_one_line_error(tmp_path):
    options = {"members": 2, "threads": 1, "hold_out": False, "export": None}
    with pytest.raises(ConfigError, match="abacus"):
        pretrain(tmp_path, tasks(), None, config(600, device="abacus"), **options)


def test_a_folder_with_a_model_of_another_size_is_a_one_line_error(tmp_path):
    options = {"members": 1, "threads": 1, "hold_out": False, "export": None}
    pretrain(tmp_path, tasks(), None, config(300), architecture=TINY, **options)
    other = Architecture(width=32, layers=2, heads=2, hidden=32)
    with pytest.raises(ConfigError, match="1 layers of width 32, not of 2 layers"):
        pretrain(tmp_path, tasks(), None, config(600), architecture=other, **options)


@pytest.mark.slow
def test_a_team_trains_one_model(tmp_path):
    """Both members end with the same weights, or they would not be one model for long."""
    settings = config(3000, variations=1)
    pretrain(
        tmp_path / "a",
        tasks(),
        None,
        settings,
        members=2,
        threads=1,
        hold_out=False,
        export=tmp_path / "weights",
        architecture=TINY,
    )
    state = torch.load(tmp_path / "a" / "checkpoint.pt", weights_only=True)
    assert len(state["positions"]) == 2
    assert state["tokens"] >= 3000
    assert (tmp_path / "weights" / "model.safetensors").exists()
    # Prolonged, both go on from where the rate began to fall, or they would part.
    state = torch.load(tmp_path / "a" / "stable.pt", weights_only=True)
    assert 2500 <= state["tokens"] < 3000


@pytest.mark.slow
def test_processes_that_draw_samples_draw_what_is_drawn_without_them(tmp_path):
    corpus = load_corpus(None, tasks(), hold_out=False, n_variations=2)
    trained = []
    for drawers in (0, 2):
        settings = config(30_000, drawers=drawers)
        with refills_of(corpus, settings, ALONE) as refills:
            trained.append(Pretraining(TINY, settings, corpus, refills))
            trained[-1].run(tmp_path / str(drawers))
    assert trained[0].stream.position[0] > 0, "more than one refill"
    assert trained[0].stream.position == trained[1].stream.position
    assert_same(*trained)


@pytest.mark.slow
def test_the_same_seed_trains_the_same_weights(tmp_path):
    corpus = load_corpus(None, tasks(), hold_out=False)
    trained = []
    for name in ("a", "b"):
        training = pretraining(config(3000), corpus)
        training.run(tmp_path / name)
        trained.append(training.model.table.detach().clone())
    assert torch.equal(*trained)


def test_the_corpus_gives_back_its_pairs():
    corpus = load_corpus(None, tasks(3), hold_out=False)
    found = set()
    for index in range(len(corpus.task)):
        source, target = corpus.pair(index)
        found.add((int(corpus.task[index]), source.tobytes(), target.tobytes()))
    expected = {
        (i, pair.input.cells, pair.output.cells)
        for i, task in enumerate(tasks(3))
        for pair in task.pairs
    }
    assert found == expected


def test_re_arc_is_read_for_the_given_tasks_only(tmp_path):
    cells = np.array([1, 2, 3, 4, 5, 6], dtype=np.uint8)
    path = tmp_path / "re_arc.npz.xz"
    with lzma.open(path, "wb") as file:
        np.savez(
            file,
            ids=np.array(["task0", "other"]),
            task=np.array([0, 1], dtype=np.uint16),
            shapes=np.array([[1, 2, 1, 1], [1, 1, 1, 2]], dtype=np.uint8),
            cells=(cells[::2] << 4) | cells[1::2],
        )
    corpus = load_corpus(path, tasks(1), hold_out=False)
    assert len(corpus.task) == 6
    source, target = corpus.pair(5)
    assert source.tolist() == [[1, 2]]
    assert target.tolist() == [[3]]


def test_a_file_that_is_not_re_arc_is_a_one_line_error(tmp_path):
    (tmp_path / "x").write_text("no")
    with pytest.raises(DataError, match="RE-ARC"):
        load_corpus(tmp_path / "x", tasks(1), hold_out=False)


def test_held_out_tasks_and_twins_stay_out():
    held = next(t for t in (f"{i:08x}" for i in range(100)) if is_held_out(t))
    named = [Task(name, t.pairs, t.test_inputs) for name, t in
             zip([held, *sorted(TWINS), "task1"], tasks(4), strict=True)]  # fmt: skip
    assert load_corpus(None, named, hold_out=False).task_ids == (held, "task1")
    assert "task1" in load_corpus(None, named, hold_out=True).task_ids
    assert held not in load_corpus(None, named, hold_out=True).task_ids


def test_permutations_leave_fixed_colors():
    fixed = fixed_colors([Pair(Grid.of([[1, 2]]), Grid.of([[2, 3]]))])
    assert fixed.tolist() == [True, False, False, True, *[False] * 6]
    image = color_permutation(np.random.default_rng(0), fixed)
    assert sorted(image) == list(range(10))
    assert image[0] == 0
    assert image[3] == 3
