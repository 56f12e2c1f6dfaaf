from __future__ import annotations

from collections.abc import Sequence

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from arc.errors import ConfigError
from lm.causal.batch import TokenizedExample
from lm.causal.format import ALPHABET, Segment
from lm.causal.vocabulary import Vocabulary


def byte_tokenizer(
    characters: str, merges: Sequence[tuple[str, str]] = ()
) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer as GPT-2 and Llama 3 have; a newline is a capital C with a dot."""
    pieces = ["<unk>", *characters.replace("\n", "Ċ"), *(left + right for left, right in merges)]
    bpe = models.BPE({piece: i for i, piece in enumerate(pieces)}, list(merges), unk_token="<unk>")
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")


def test_merges_of_digits_hide_no_cell() -> None:
    tokenizer = byte_tokenizer(ALPHABET, [("0", "0"), ("1", "2")])
    assert len(tokenizer.encode("0012")) == 2
    vocabulary = Vocabulary.of(tokenizer, "tiny")
    assert len(vocabulary.tokens("0012")) == 4
    assert tokenizer.decode(vocabulary.tokens("0012\n3")) == "0012\n3"


@pytest.mark.parametrize("missing", ["0", "7", "\n", "O"])
def test_a_missing_character_is_named(missing: str) -> None:
    tokenizer = byte_tokenizer(ALPHABET.replace(missing, ""))
    with pytest.raises(ConfigError) as caught:
        Vocabulary.of(tokenizer, "tiny")
    assert f"tiny: the tokenizer has no token of its own for {missing!r}" in str(caught.value)


def test_a_start_token_comes_first_if_the_tokenizer_adds_one() -> None:
    tokenizer = byte_tokenizer(ALPHABET)
    assert Vocabulary.of(tokenizer, "tiny").start == ()
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    bos = tokenizer.bos_token_id
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", bos)]
    )
    vocabulary = Vocabulary.of(tokenizer, "tiny")
    assert vocabulary.start == (bos,)
    example = TokenizedExample.of([Segment("I\n"), Segment("1", True)], vocabulary)
    assert example.tokens[0] == bos
    assert example.is_target == (False, False, False, True)


def test_tokens_of_pieces_with_a_space_before_the_text_are_found() -> None:
    pieces = [("<unk>", 0.0), ("▁", -1.0), *((c, -2.0) for c in ALPHABET)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    assert len(wrapped.encode("0")) == 2
    assert Vocabulary.of(wrapped, "tiny").tokens("0") == [2]
