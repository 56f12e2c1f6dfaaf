"""The few tokens of a tokenizer that grids are written with.

Text is turned into tokens one character at a time, never by the tokenizer itself, so no merge
(Llama 3 has a token for each of "000".."999") hides a cell. Only at loading is the tokenizer
asked, once per character.
"""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from arc.errors import ConfigError
from lm.causal.format import ALPHABET, REPLY_ALPHABET, ROW_END


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Token ids of the characters.

    Attributes:
        ids: By character.
        start: What the tokenizer puts before any text: nothing, or its token for it.
    """

    ids: dict[str, int]
    start: tuple[int, ...] = ()

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, name: str) -> Vocabulary:
        """Returns the vocabulary of a tokenizer; `name` is what errors call the model.

        Raises:
            ConfigError: A character is not a token of its own.
        """
        ids: dict[str, int] = {}
        for character in ALPHABET:
            token = _token_of(tokenizer, character)
            if token is None or token in ids.values():
                raise ConfigError(
                    f"{name}: the tokenizer has no token of its own for {character!r}, and grids "
                    "need one per cell; choose a model whose tokenizer has one"
                )
            ids[character] = token
        marked = _encoded(tokenizer, ROW_END, special=True)
        bos = tokenizer.bos_token_id
        starts = bos is not None and marked[:1] == [bos]
        return cls(ids, (int(bos),) if starts else ())

    @property
    def reply_ids(self) -> list[int]:
        """The ids of the characters of replies, in the order of `REPLY_ALPHABET`."""
        return [self.ids[character] for character in REPLY_ALPHABET]

    def tokens(self, text: str) -> list[int]:
        """Returns one token per character, without the start."""
        return [self.ids[character] for character in text]


def _token_of(tokenizer: PreTrainedTokenizerBase, character: str) -> int | None:
    """Returns the token that stands for a character inside a text, if there is exactly one.

    A digit is looked for between newlines and a newline between digits. What some tokenizers put
    before a text (a space, a start) is left of the part compared.
    """
    neighbor = "0" if character == ROW_END else ROW_END
    tokens = _encoded(tokenizer, neighbor + character + neighbor, special=False)
    if len(tokens) < 3 or tokens[-1] != tokens[-3]:
        return None
    token = tokens[-2]
    written = tokenizer.decode([token], clean_up_tokenization_spaces=False)
    return token if written == character and token != tokenizer.unk_token_id else None


def _encoded(tokenizer: PreTrainedTokenizerBase, text: str, *, special: bool) -> list[int]:
    return [int(token) for token in tokenizer.encode(text, add_special_tokens=special)]
