from __future__ import annotations

import pytest
from tiny import byte_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from arc.errors import ConfigError
from arc.grid import Grid
from lm.causal.format import Format
from lm.causal.template import load_template
from lm.causal.vocabulary import Vocabulary
from lm.protocol import Prompt

ALPHABET = "0123456789\nIO"
COMPACT = load_template("compact")


def test_merges_of_digits_hide_no_cell() -> None:
    tokenizer = byte_tokenizer(ALPHABET, [("0", "0"), ("1", "2")])
    assert len(tokenizer.encode("0012")) == 2
    form = Format(COMPACT, Vocabulary(tokenizer, "tiny"))
    tokens = form.reply_tokens(Grid.of([[0, 0, 1, 2], [3, 1, 2, 2]]))
    assert len(tokens) == len("0012\n3122\nI")
    assert tokenizer.decode(tokens) == "0012\n3122\nI"


def test_a_piece_has_the_tokens_it_has_in_its_text() -> None:
    tokenizer = byte_tokenizer(merges=[(" ", "R"), ("e", "d"), (" R", "ed"), (":", "\n")])
    vocabulary = Vocabulary(tokenizer, "tiny")
    assert tokenizer.decode(vocabulary.tokens(" Red", "Red")) == " Red"
    assert len(vocabulary.tokens(" Red", "Red")) == 1
    assert len(vocabulary.tokens("Red")) == 2
    assert len(vocabulary.tokens(":", "x", "\n")) == 1  # not the half of a merge
    assert vocabulary.tokens("") == []


@pytest.mark.parametrize("missing", ["0", "7", "\n", "O"])
def test_a_missing_character_is_named(missing: str) -> None:
    tokenizer = byte_tokenizer(ALPHABET.replace(missing, ""))
    with pytest.raises(ConfigError) as caught:
        Format(COMPACT, Vocabulary(tokenizer, "tiny")).tokens_of_prompt(Prompt(Grid.of([[1]])))
    assert f"tiny: the tokenizer cannot write {missing!r}" in str(caught.value)


def test_two_tokens_a_cell_are_refused_where_one_is_promised() -> None:
    pieces = ["<unk>", *ALPHABET.replace("7", "").replace("\n", "Ċ"), "<0x37>"]
    bpe = models.BPE({p: i for i, p in enumerate(pieces)}, [], unk_token="<unk>")
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    with pytest.raises(ConfigError, match="cannot write '7'"):
        Format(COMPACT, Vocabulary(wrapped, "tiny"))


def test_a_cell_of_several_tokens_is_an_error_in_cells_and_a_warning_in_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Doubling:
        """A tokenizer that writes every character twice."""

        unk_token_id = bos_token_id = eos_token = None

        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            return [number for character in text for number in (ord(character), 0)]

        def decode(self, tokens: list[int], clean_up_tokenization_spaces: bool) -> str:
            return "".join(chr(token) for token in tokens if token)

    vocabulary = Vocabulary(Doubling(), "double")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="double: the tokenizer has no token of its own for each"):
        Format(COMPACT, vocabulary)
    Format(load_template("nested_text"), vocabulary).report()
    assert "double: a cell takes up to 6 tokens in template nested_text" in caplog.text


def test_a_start_token_comes_first_if_the_tokenizer_adds_one() -> None:
    prompt = Prompt(Grid.of([[1]]))
    without = Format(COMPACT, Vocabulary(byte_tokenizer(), "tiny")).tokens_of_prompt(prompt)
    tokenizer = byte_tokenizer(start=True)
    bos = tokenizer.bos_token_id
    vocabulary = Vocabulary(tokenizer, "tiny")
    assert vocabulary.start == (bos,)
    assert Format(COMPACT, vocabulary).tokens_of_prompt(prompt) == [bos, *without]
    chat = Format(load_template("numpy_chat"), vocabulary).tokens_of_prompt(prompt)
    assert chat.count(bos) == 1  # the chat template has written it


def test_tokens_of_pieces_with_a_space_before_the_text_are_found() -> None:
    pieces = [("<unk>", 0.0), ("▁", -1.0), *((c, -2.0) for c in ALPHABET)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    assert len(wrapped.encode("0")) == 2
    form = Format(COMPACT, Vocabulary(wrapped, "tiny"))
    assert form.reply_tokens(Grid.of([[0, 1]])) == [2, 3, 12, 13]
    assert form.unnatural() is None


def test_tokens_are_renumbered_and_others_refused() -> None:
    vocabulary = Vocabulary(byte_tokenizer(), "tiny")
    old = vocabulary.tokens("0", "\n")[0]
    cut = vocabulary.renumbered({old: 3})
    assert cut.tokens("0", "\n") == [3]
    with pytest.raises(ConfigError, match="tiny: a prompt needs '1', which the cut"):
        cut.tokens("1", "\n")
