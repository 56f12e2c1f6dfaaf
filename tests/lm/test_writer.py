"""A causal model as a writer of programs; a tiny random one, so what it writes is noise."""

import pytest
import torch
from tiny import byte_tokenizer, tiny_llama

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair
from induction.sampling.reply import program_in
from lm.causal.template import load_template, parse_template
from lm.causal.vocabulary import Vocabulary
from lm.causal.writer import Asking, CausalWriter, WriterConfig, check_writer
from lm.protocol import Prompt
from lm.writing import Draft, Revision, Writing

RED, BLUE = Grid.of([[2, 0]]), Grid.of([[1, 0]])
SHORT = Draft(Prompt(RED, (Pair(RED, BLUE),)))
LONG = Draft(Prompt(RED, (Pair(RED, BLUE),) * 3))
REVISED = Draft(SHORT.prompt, (Revision("first try", "On pair 1 it failed."),))
TOKENIZER = byte_tokenizer()


def writer(**changes):
    base = tiny_llama(len(TOKENIZER), **changes)
    return CausalWriter(base, TOKENIZER, WriterConfig(model="tiny", device="cpu"))


def test_the_likeliest_reply_does_not_depend_on_its_neighbors():
    greedy = Writing(temperature=0.0, max_tokens=12)
    model = writer()
    together = model.write([SHORT, LONG, REVISED], greedy)
    alone = [model.write([draft], greedy)[0] for draft in (SHORT, LONG, REVISED)]
    assert together == alone
    assert all(together)


def test_a_seed_gives_the_same_replies_and_another_gives_others():
    model = writer()
    replies = [model.write([SHORT] * 3, Writing(max_tokens=16, seed=s)) for s in (1, 1, 2)]
    assert replies[0] == replies[1] != replies[2]
    assert len(set(replies[0])) == 3


def test_a_seed_leaves_other_chance_alone():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    writer().write([SHORT], Writing(max_tokens=2, seed=1))
    assert torch.equal(torch.rand(1), expected)


def test_a_draft_that_does_not_fit_gets_no_reply():
    room = len(Asking(load_template("words_program"), Vocabulary(TOKENIZER, "tiny")).tokens(SHORT))
    model = writer(max_position_embeddings=room + 4)
    found = model.write([LONG, SHORT], Writing(temperature=0.0, max_tokens=4))
    assert found[0] == ""
    assert found[1]


def test_a_revision_is_told_as_a_chat():
    asking = Asking(load_template("words_program"), Vocabulary(TOKENIZER, "tiny"))
    text = TOKENIZER.decode(asking.tokens(REVISED))
    first, complaint = text.index("assistant\nfirst try"), text.index("user\nOn pair 1")
    assert text.index("user\n") < first < complaint
    assert text.rstrip().endswith("assistant")
    assert "Red Black" in text


def test_a_reply_that_the_template_begins_has_its_beginning():
    text = (
        'reply = "code"\ngrid = "words"\nstart = "{user}"\n'
        'demonstration = "{input}{output}"\nquestion = "?{assistant}BEGIN"\n'
    )
    template = parse_template(text, "own.toml")
    assert Asking(template, Vocabulary(TOKENIZER, "tiny")).lead == "BEGIN"


@pytest.mark.parametrize("name", ["words_program", "signature_program"])
def test_a_program_is_found_in_the_reply_that_is_learned(name):
    program = "def transform(grid):\n    return grid\n"
    asking = Asking(load_template(name), Vocabulary(TOKENIZER, "tiny"))
    tokens = asking.reply_tokens(program)
    assert tokens[-1] == TOKENIZER.eos_token_id
    assert program_in(TOKENIZER.decode(tokens[:-1])) == program


def test_a_fence_that_the_template_begins_is_not_begun_again():
    text = (
        'reply = "code"\ngrid = "words"\nstart = "{user}"\n'
        'demonstration = "{input}{output}"\nquestion = "?{assistant}```python\\n"\n'
    )
    asking = Asking(parse_template(text, "own.toml"), Vocabulary(TOKENIZER, "tiny"))
    tokens = asking.reply_tokens("def transform(grid): return grid")
    reply = asking.lead + TOKENIZER.decode(tokens)
    assert reply.count("```python") == 1
    assert program_in(reply)


def test_settings_that_cannot_work_are_one_line():
    with pytest.raises(ConfigError, match=r"writer.settings.model"):
        check_writer(WriterConfig())
    with pytest.raises(ConfigError, match="asks for grids"):
        check_writer(WriterConfig(model="x", template="compact"))
    for wrong in ({"temperature": -1.0}, {"top_p": 0.0}, {"max_tokens": 0}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            Writing(**wrong)
