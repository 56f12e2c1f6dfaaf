"""How a tokenizer writes the pieces that prompts and replies are put together from.

A grid is turned into tokens cell by cell and the text around it piece by piece, so that no merge
(Llama 3 has a token for each of "000".."999") hides a cell. Each piece gets the tokens it has
inside a text, where the tokenizer lets it stand alone there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from arc.errors import ConfigError
from lm.causal.template import Message

GUARDS = ("\n", "0", "a", " ")
"""What stands before a piece if what really does would merge with it."""


class Vocabulary:
    """The tokens of a tokenizer.

    Attributes:
        name: What errors call the model.
        start: What the tokenizer puts before any text: nothing, or its token for it.
        eos: The text of its end token; empty if it has none.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        name: str,
        renumbered: Callable[[int], int] | None = None,
    ) -> None:
        self.name = name
        self._tokenizer = tokenizer
        self._renumbered = renumbered
        marked, bos = self._encoded("0", special=True), tokenizer.bos_token_id
        starts = bos is not None and marked[:1] == [bos]
        self.start = tuple(self._new([int(bos)])) if starts else ()
        self.eos = str(tokenizer.eos_token or "")

    def renumbered(self, new: Mapping[int, int]) -> Vocabulary:
        """Returns the vocabulary of a model that kept only some tokens.

        Args:
            new: By the tokenizer's number of a kept token, its new one.
        """

        def number(token: int) -> int:
            if token not in new:
                raise ConfigError(
                    f"{self.name}: a prompt needs {self._tokenizer.decode([token])!r}, which the "
                    "cut vocabulary has not; set cut_vocabulary = false"
                )
            return new[token]

        return Vocabulary(self._tokenizer, self.name, number)

    def tokens(self, piece: str, before: str = "", after: str = "") -> list[int]:
        """Returns the tokens of a piece as they are between `before` and `after`.

        Where the tokenizer merges it with those, they are what it has behind some other text.

        Raises:
            ConfigError: The tokenizer cannot write the piece.
        """
        if not piece:
            return []
        alone = [(guard, "") for guard in GUARDS]
        for left, right in [(before, after), (before, ""), *alone, ("", "")]:
            found = self._between(piece, left, right)
            if found is not None:
                return self._new(found)
        raise ConfigError(
            f"{self.name}: the tokenizer cannot write {self._culprit(piece)!r} by itself, and "
            "prompts need it; choose another template, or a model whose tokenizer can"
        )

    def text_tokens(self, text: str) -> list[int]:
        """Returns the tokens of a text as the tokenizer gives them."""
        return self._new(self._encoded(text))

    def has_start(self, text: str) -> bool:
        """Whether a text itself begins with the token that the tokenizer puts before texts."""
        return bool(self.start) and text.startswith(str(self._tokenizer.bos_token))

    def chat(self, messages: Sequence[Message], options: Mapping[str, Any]) -> str:
        """Returns messages as the tokenizer's chat template writes them."""
        if not self._tokenizer.chat_template:
            raise ConfigError(
                f"{self.name}: the template has roles, but the tokenizer has no chat template; "
                "choose a template without roles, or the instruct variant of the model"
            )
        conversation = [{"role": m.role, "content": m.text} for m in messages]
        try:
            return str(self._tokenizer.apply_chat_template(conversation, tokenize=False, **options))
        except (TemplateError, TypeError, ValueError) as error:  # it is a program of its own
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"{self.name}: the chat template takes no such chat: {reason}"
            ) from None

    def up_to_special(self, text: str) -> str:
        """Returns a text up to its first special token, that one included."""
        ends = [
            text.index(token) + len(token)
            for token in self._tokenizer.all_special_tokens
            if token and token in text
        ]
        return text[: min(ends)] if ends else text

    def _between(self, piece: str, before: str, after: str) -> list[int] | None:
        left, middle = self._encoded(before), self._encoded(before + piece)
        if middle[: len(left)] != left or len(middle) == len(left):
            return None
        if after and self._encoded(before + piece + after)[: len(middle)] != middle:
            return None
        written = self._decoded(middle)
        is_whole = written.endswith(piece) if before else written.lstrip() == piece.lstrip()
        if not is_whole or self._tokenizer.unk_token_id in middle[len(left) :]:
            return None
        return middle[len(left) :]

    def _culprit(self, piece: str) -> str:
        """Returns the first character that cannot be written, or the piece if each one can."""
        for character in piece:
            neighbor = "0" if character.isspace() else "\n"
            if self._between(character, neighbor, "") is None:
                return character
        return piece

    def _encoded(self, text: str, *, special: bool = False) -> list[int]:
        return [int(t) for t in self._tokenizer.encode(text, add_special_tokens=special)]

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, clean_up_tokenization_spaces=False))

    def _new(self, tokens: Sequence[int]) -> list[int]:
        if self._renumbered is None:
            return list(tokens)
        return [self._renumbered(token) for token in tokens]
