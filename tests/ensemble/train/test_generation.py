import signal
import threading
import time

import numpy as np
import pytest

from arc.archive import archive_of, read_archive, write_archive
from arc.contamination import pair_hash
from arc.dataset import load_split
from arc.errors import DataError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.train.generation import forbidden_hashes, generate, sources_of_training
from induction.generation.making import GenerationConfig
from lm.embedded.corpus import TWINS, is_held_out, load_corpus

SMALL = ("--tasks=3", "--pairs=6", "--workers=1", "--max-cells=200")


def key(cells):
    return cells.shape, np.asarray(cells, dtype=np.uint8).tobytes()


def apart(task):
    return is_held_out(task.task_id) or task.task_id in TWINS


def known(n=2):
    pairs = tuple(Pair(Grid.of([[i, 1]]), Grid.of([[1], [i]])) for i in range(5))
    return [Task(f"task{i}", pairs, (Grid.of([[9]]),)) for i in range(n)]


@pytest.mark.slow
def test_what_is_generated_is_trained_on(cli, tmp_path):
    status, out, err = cli("generate", "--out", "new/tasks.npz.xz", "--show=2", *SMALL)
    assert status == 0, err
    assert out.rstrip().endswith("new/tasks.npz.xz")
    assert out.count("def transform") == 2
    assert "attempts" in err
    path = tmp_path / "new" / "tasks.npz.xz"
    archive = read_archive(path)
    corpus = load_corpus(None, known(), hold_out=False, n_variations=2, generated=[path])
    assert archive.ids == ("gen-0-00000", "gen-0-00001", "gen-0-00002")
    assert corpus.task_ids == ("task0", "task1", *archive.ids)
    assert corpus.n_generated == 3
    assert [rule.name for rule in corpus.rules[2:5]] == list(archive.ids)
    assert [rule.task for rule in corpus.rules] == [0, 1, 2, 3, 4, 0, 1, 0, 1]
    for number in range(3):
        mine = {tuple(map(key, corpus.pair(int(i)))) for i in corpus.members[2 + number]}
        given = [archive.pair(i, archive.starts[i]) for i in np.flatnonzero(archive.task == number)]
        assert len(given) == 6
        assert mine == {tuple(map(key, pair)) for pair in given}
    assert not len(corpus.reserved)

    status, _, err = cli("generate", "--out", path, *SMALL)
    assert (status, "exists already" in err) == (2, True)
    with pytest.raises(DataError, match="seed of its own"):
        load_corpus(None, known(), hold_out=False, generated=[path, path])


def test_samples_are_drawn_from_generated_tasks_in_their_share(tmp_path):
    cells = np.ones((2, 2), dtype=np.uint8)
    write_archive(tmp_path / "x", archive_of(["gen-a", "gen-b"], [[(cells, cells)]] * 2, ["", ""]))
    corpus = load_corpus(None, known(), hold_out=False, n_variations=1, generated=[tmp_path / "x"])
    rng = np.random.default_rng(0)

    def drawn(**shares):
        return {corpus.draw(rng, 100, 0.3, **shares).vector for _ in range(200)}

    assert drawn() == {0, 1, 2, 3, 4, 5}
    assert drawn(generated=1.0) == {2, 3}
    assert drawn(generated=0.0, varied=0.0) == {0, 1}
    assert drawn(generated=0.0, varied=1.0) == {4, 5}


def test_an_archive_without_programs_is_not_of_generated_tasks(tmp_path):
    cells = np.ones((2, 2), dtype=np.uint8)
    write_archive(tmp_path / "x", archive_of(["a"], [[(cells, cells)]]))
    with pytest.raises(DataError, match="ensemble generate"):
        load_corpus(None, known(), hold_out=False, generated=[tmp_path / "x"])


@pytest.mark.slow
def test_inputs_never_come_from_tasks_kept_apart(tmp_path):
    """Neither from the training split nor from RE-ARC's examples of such a task."""
    tasks = load_split("arc1", "training")
    secret = next(task.task_id for task in tasks if apart(task))
    open_one = next(task.task_id for task in tasks if not apart(task))
    mark, shown = np.full((7, 11), 8, np.uint8), np.full((11, 7), 8, np.uint8)
    pairs = [[(mark, mark)], [(shown, shown)], [(mark, mark)]]
    write_archive(tmp_path / "x", archive_of([secret, open_one, "unknown"], pairs))
    found = {key(cells) for source in sources_of_training(tmp_path / "x") for cells in source}
    assert key(shown) in found
    assert key(mark) not in found
    kept = {key(p.input.array) for t in tasks if apart(t) for p in t.pairs}
    others = {key(g.array) for t in tasks if not apart(t) for g in (*t.inputs, *t.outputs)}
    assert not found & (kept - others)


@pytest.mark.slow
def test_pairs_of_tasks_kept_apart_are_forbidden():
    forbidden = forbidden_hashes()
    assert len(forbidden) > 2000
    for task in load_split("arc1", "training"):
        if apart(task):
            assert all(pair_hash(p.input.array, p.output.array) in forbidden for p in task.pairs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--out"),
        (("--show=1", "--tasks=0"), "--tasks 0"),
        (("--show=1", "--pairs=3"), "--pairs 3"),
        (("--show=1", "--seed=-1"), "--seed -1"),
        (("--show=1", "--max-cells=1"), "--max-cells 1"),
        (("--show=-1",), "--show -1"),
        (("--out=x", "--re-arc=missing"), "missing"),
        (("--out=/proc/no/x",), "/proc/no/x"),
        (("--out=.",), "exists"),
    ],
)
def test_a_wrong_option_is_a_one_line_error(cli, arguments, message):
    status, out, err = cli("generate", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done(tmp_path):
    config = GenerationConfig(pairs=5, max_cells=200, seed=1)
    path = tmp_path / "tasks.npz.xz"
    before = signal.getsignal(signal.SIGINT)

    def stop():
        while signal.getsignal(signal.SIGINT) is before:
            time.sleep(0.05)
        time.sleep(1.5)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=stop).start()
    made = generate(10**6, config, re_arc=None, n_workers=1, out=path)
    assert signal.getsignal(signal.SIGINT) is before
    assert len(made.tasks) < 10**6
    assert path.exists() == bool(made.tasks)
    if made.tasks:
        assert len(read_archive(path).programs) == len(made.tasks)
