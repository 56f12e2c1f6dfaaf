"""The small model of programs: its words, what it learns from, its training, what is shipped."""

import json
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
import torch
from tiny import byte_tokenizer

from arc.errors import ConfigError, DataError
from arc.grid import Grid
from arc.task import Pair
from induction.generation.making import GenerationConfig, attempt
from induction.library import __all__ as names
from induction.sampling.reply import program_in
from induction.search.proposal import HEADER
from lm.causal.template import load_template
from lm.causal.vocabulary import Vocabulary
from lm.causal.writer import Asking, CausalWriter, WriterConfig
from lm.programs.config import ProgramTraining
from lm.programs.corpus import ProgramTask, read_programs
from lm.programs.exercise import Exercises
from lm.programs.lesson import Lessons
from lm.programs.shipped import FOLDER, TEMPLATE, shipped_writer
from lm.programs.training import CHECKPOINT, Training
from lm.programs.words import make_tokenizer
from lm.protocol import Prompt
from lm.signature.signature import signature
from lm.writing import Draft, Writing

PHRASES = (f"{HEADER}    grid = image(input_grid)\n    ", HEADER, "return render(")
OPENING = '{"id": "a", "source": "x", "n_operations": 1, "pairs": '
TINY = ProgramTraining(
    updates=4, examples=3, hidden=32, inner=32, layers=1, heads=1, reserve=4, report=2, decay=0.0
)


@pytest.fixture(scope="module")
def tasks():
    config = GenerationConfig(pairs=4, max_cells=120, seed=5, repeats=True)
    made = [attempt(index, config, (), frozenset()) for index in range(30)]
    found = [
        ProgramTask(
            f"p{number}",
            task.source,
            task.n_operations,
            tuple(Pair(Grid.from_array(s), Grid.from_array(t)) for s, t in task.pairs),
        )
        for number, task in enumerate(made)
        if not task.fault
    ]
    assert len(found) > 6
    return found


def test_programs_come_back_from_their_words_and_begin_as_a_phrase(tasks):
    tokenizer = make_tokenizer((task.source for task in tasks), names, PHRASES, least=1)
    for task in tasks:
        tokens = tokenizer.encode(task.source, add_special_tokens=False)
        assert tokenizer.decode(tokens) == task.source
        assert tokenizer.convert_ids_to_tokens(tokens)[0] == PHRASES[0]
        assert len(tokens) < len(task.source) / 4
    known = set(tokenizer.get_vocab())
    assert set(names) <= known
    assert {f"{name}(" for name in names} <= known


def test_what_is_in_no_program_is_unknown():
    tokenizer = make_tokenizer(["return grid"], ["crop"], [], least=1)
    assert tokenizer.unk_token_id in tokenizer.encode("return nothing", add_special_tokens=False)
    assert (
        tokenizer.decode(tokenizer.encode("crop(grid)", add_special_tokens=False)) == "crop(grid)"
    )


def test_a_program_is_a_line_of_json_and_comes_back(tasks, tmp_path):
    (tmp_path / "p.jsonl").write_text("\n".join(task.line() for task in tasks))
    assert read_programs(tmp_path / "p.jsonl") == tasks
    assert json.loads(tasks[0].line())["pairs"][0]["input"][0].isdigit()


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        '{"id": "a"}',
        "{",
        '{"id": "a", "source": 3, "n_operations": 1, "pairs": []}',
        OPENING + '[{"input": ["1x"], "output": ["1"]}]}',
        OPENING + '[{"input": ["1"], "output": ["1"]}]}',
    ],
)
def test_a_line_that_is_no_program_is_told_by_its_number(line, tmp_path):
    (tmp_path / "p.jsonl").write_text("\n" + line + "\n")
    with pytest.raises(DataError, match="line 2"):
        read_programs(tmp_path / "p.jsonl")


def test_a_file_without_programs_is_told(tmp_path):
    (tmp_path / "p.jsonl").write_text("\n")
    with pytest.raises(DataError, match="ensemble generate"):
        read_programs(tmp_path / "p.jsonl")


def test_the_rates_rise_stay_and_fall_to_nothing():
    config = ProgramTraining(updates=100, warmup=10, decay=0.4)
    shares = [config.schedule(update) for update in range(100)]
    assert shares[0] == pytest.approx(0.1)
    assert shares[10:60] == [1.0] * 50
    assert shares[60:] == sorted(shares[60:], reverse=True)
    assert config.schedule(100) == 0


@pytest.mark.slow
def test_a_training_that_was_stopped_ends_where_one_that_was_not_does(tasks, tmp_path):
    def training(**changes):
        config = replace(TINY, **changes)
        return Training(Lessons(tasks, config, names, PHRASES), config)

    whole = training()
    assert whole.run(tmp_path / "whole")
    assert training(updates=2).run(tmp_path / "parts")
    again = training()
    again.load(tmp_path / "parts")
    assert again.updates == 2
    assert again.run(tmp_path / "parts")
    for one, other in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole.curve == again.curve
    with pytest.raises(ConfigError, match="seed was 0 and is 1"):
        training(seed=1).load(tmp_path / "whole")
    (tmp_path / "whole" / CHECKPOINT).write_bytes(b"")
    with pytest.raises(DataError, match="no checkpoint"):
        training().load(tmp_path / "whole")


@pytest.mark.slow
def test_what_is_trained_is_what_is_asked(tasks, tmp_path):
    """The prompt of training is the prompt that a writer gives the exported model."""
    made = Training(Lessons(tasks, TINY, names, PHRASES), TINY)
    made.run(tmp_path)
    writer = CausalWriter.load(
        WriterConfig(str(tmp_path / "model"), template=TEMPLATE, device="cpu", max_context=512)
    )
    task = made.lessons.tasks[0]
    example = made.lessons.example(task, [0, 1])
    draft = Draft(Prompt(task.pairs[0].input, task.pairs[:2]))
    assert writer._asking.tokens(draft) == example.tokens[: example.n_prompt]
    assert made.lessons.tokenizer.decode(example.tokens[example.n_prompt : -1]) == task.source


def exercises(tasks, seed=0, template=TEMPLATE):
    asking = Asking(load_template(template), Vocabulary(byte_tokenizer(), "tiny"))
    return Exercises(tasks, asking, seed), asking


@pytest.mark.parametrize("template", [TEMPLATE, "words_program"])
def test_an_exercise_is_the_prompt_of_a_run_and_a_program(tasks, template):
    found, asking = exercises(tasks, template=template)
    for index in range(3):
        example = found.example(index)
        n_prompt = example.is_target.index(True)
        prompt, reply = example.tokens[:n_prompt], example.tokens[n_prompt:]
        assert all(example.is_target[n_prompt:])
        replies = {task.task_id: tuple(asking.reply_tokens(task.source)) for task in found.tasks}
        assert reply in replies.values()
        asked = [
            tuple(asking.tokens(Draft(Prompt(pairs[0].input, pairs))))
            for task in found.tasks
            if replies[task.task_id] == reply
            for n in (2, 3, 4)
            for pairs in combinations(task.pairs, n)
        ]
        assert prompt in asked


def test_every_program_is_an_exercise_before_one_is_again(tasks):
    found, asking = exercises(tasks)
    n = len(found.tasks)

    def programs(start):
        examples = [found.example(index) for index in range(start, start + n)]
        return [e.tokens[e.is_target.index(True) :] for e in examples]

    learned = Counter(tuple(asking.reply_tokens(task.source)) for task in found.tasks)
    assert Counter(programs(0)) == Counter(programs(n)) == learned
    assert programs(0) != programs(n)
    again = exercises(tasks)[0]
    assert [again.example(i) for i in (0, n, 5)] == [found.example(i) for i in (0, n, 5)]
    assert exercises(tasks, seed=1)[0].example(0) != found.example(0)


def test_what_is_kept_apart_is_no_exercise(tasks):
    found, asking = exercises(tasks)
    apart = found.held_out(100)
    learned = {tuple(asking.reply_tokens(task.source)) for task in found.tasks}
    assert len(apart) == len(found.reserved) == len(tasks) - len(found.tasks) > 0
    assert all(e.tokens[e.is_target.index(True) :] not in learned for e in apart)
    assert found.held_out(1) == apart[:1]


def test_a_template_may_tell_a_signature_in_place_of_grids():
    template = load_template(TEMPLATE)
    pairs = (Pair(Grid.of([[1, 2]]), Grid.of([[2, 1]])),) * 2
    text = template.write_prompt(Prompt(Grid.of([[3, 4]]), pairs))
    assert text == f"Signature {' '.join(signature(pairs))}\n"


def flipping(n):
    grids = [Grid.of([[i, 0, 3], [0, i, 0], [2, 2, i], [0, 0, 5]]) for i in range(1, n + 1)]
    pairs = tuple(Pair(grid, Grid.from_array(grid.array[::-1])) for grid in grids)
    return Prompt(grids[0], pairs)


@pytest.mark.slow
def test_the_shipped_model_writes_programs_and_knows_a_flip():
    writer = CausalWriter.load(WriterConfig(**shipped_writer()))
    draft = Draft(flipping(3))
    writing = Writing(temperature=1.0, max_tokens=64, seed=1)
    replies = writer.write([draft] * 64, writing)
    assert replies == writer.write([draft] * 64, writing)
    programs = [program_in(reply) for reply in replies]
    assert sum(program is not None for program in programs) > 32
    right = 0
    for program in filter(None, programs):
        scope = {}
        exec(program, scope)  # names of the library alone
        try:
            right += all(
                (scope["transform"](p.input.array.astype(int)) == p.output.array).all()
                for p in draft.prompt.context
            )
        except Exception:  # noqa: BLE001 (most of what it writes is wrong)
            continue
    assert right


def test_the_shipped_model_is_as_small_as_it_should_be():
    size = sum(file.stat().st_size for file in FOLDER.iterdir() if file.is_file())
    assert size < 6_000_000
    assert (FOLDER / "model.safetensors").is_file()
    assert Asking(load_template(TEMPLATE), _vocabulary()).tokens(Draft(flipping(2)))


def _vocabulary():
    from transformers import AutoTokenizer

    return Vocabulary(AutoTokenizer.from_pretrained(str(FOLDER), local_files_only=True), "shipped")
