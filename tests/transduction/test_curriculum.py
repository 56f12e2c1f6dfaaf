from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arc.errors import DataError
from arc.grid import Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES
from lm.embedded.corpus import load_corpus
from transduction.curriculum import Curriculum, held_out_examples


def tasks(n: int = 3) -> list[Task]:
    return [
        Task(
            f"task{i}",
            tuple(Pair(Grid.of([[i, j]]), Grid.of([[j], [i]])) for j in range(6)),
            (Grid.of([[9]]),),
        )
        for i in range(n)
    ]


CORPUS = load_corpus(None, tasks(), hold_out=False)


@given(st.integers(0, 10**6), st.integers(0, 9))
def test_an_example_depends_on_seed_and_index_alone(index: int, seed: int) -> None:
    first = Curriculum(CORPUS, seed).example(index)
    other = Curriculum(CORPUS, seed)
    other.example(index + 1)
    assert other.example(index) == first


@given(st.integers(0, 10**6))
def test_an_example_is_a_task_of_the_corpus_in_one_view(index: int) -> None:
    example = Curriculum(CORPUS, recolor=0.0).example(index)
    prompt = example.prompt
    undo = prompt.symmetry.inverse()
    pairs = [*prompt.context, Pair(prompt.input, example.output)]
    undone = [Pair(undo.apply(pair.input), undo.apply(pair.output)) for pair in pairs]
    assert 3 <= len(set(undone)) == len(pairs) <= 6
    assert sum(set(undone) <= set(task.pairs) for task in tasks()) == 1


@given(st.integers(0, 10**6), st.integers(1, 60))
def test_an_example_is_no_larger_than_it_may_be_or_has_one_demonstration(
    index: int, limit: int
) -> None:
    example = Curriculum(CORPUS, max_cells=limit).example(index)
    pairs = [*example.prompt.context, Pair(example.prompt.input, example.output)]
    size = sum(g.height * (g.width + 1) for p in pairs for g in (p.input, p.output))
    assert size <= limit or len(example.prompt.context) == 1


def test_every_task_view_and_coloring_comes_up() -> None:
    made = [Curriculum(CORPUS).example(i) for i in range(300)]
    assert {example.prompt.symmetry for example in made} == set(SYMMETRIES)
    assert {example.prompt.recolored for example in made} == {True, False}
    assert {len(example.prompt.context) for example in made} == {2, 3, 4, 5}


def test_a_corpus_of_single_pairs_is_refused() -> None:
    alone = [Task("a", tasks(1)[0].pairs[:1], (Grid.of([[9]]),))]
    with pytest.raises(DataError, match="two pairs"):
        Curriculum(load_corpus(None, alone, hold_out=False))


def test_held_out_examples_ask_for_the_last_pair() -> None:
    first, second = held_out_examples(tasks(), 2)
    assert first.prompt.context == tasks()[0].pairs[:-1]
    assert (second.prompt.input, second.output) == (Grid.of([[1, 5]]), Grid.of([[5], [1]]))


def test_a_folder_of_re_arc_is_read_for_the_given_tasks(tmp_path: Path) -> None:
    pairs = [{"input": [[1, 2]], "output": [[3]]}, {"input": [[0] * 31], "output": [[1]]}]
    (tmp_path / "task1.json").write_text(json.dumps(pairs))
    (tmp_path / "other.json").write_text("not read")
    corpus = load_corpus(tmp_path, tasks(2), hold_out=False)
    assert len(corpus.task) == 13
    source, target = corpus.pair(12)
    assert (source.tolist(), target.tolist(), corpus.task[12]) == ([[1, 2]], [[3]], 1)


@pytest.mark.parametrize(
    "text", ["{}}", "[1]", '[{"input": [[1]]}]', '[{"input": [], "output": []}]']
)
def test_a_damaged_file_of_re_arc_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "task0.json").write_text(text)
    with pytest.raises(DataError, match=r"task0\.json"):
        load_corpus(tmp_path, tasks(1), hold_out=False)


def test_a_folder_without_tasks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="007bbfb7"):
        load_corpus(tmp_path, tasks(1), hold_out=False)
