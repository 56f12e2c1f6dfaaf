"""The words of a small model of programs: a tokenizer made for them.

A word is what programs are put together from: a name with the bracket behind it, a string, a
digit, a sign with the spaces around it, closing brackets, a new line with its indentation;
or a whole phrase that every program has, or a word of a signature. Words follow each other without
anything between, so a text that has no unknown words comes back as it was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Regex, Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import PreTrainedTokenizerFast

PADDING, UNKNOWN, END = "<pad>", "<unknown>", "<end>"

_SIGNATURE_WORD = r" [a-z][a-z0-9_]*:[a-z0-9_]+"
_CODE = (
    r"\)+(?:\n *)?",
    r"\n *",
    r"[A-Za-z_][A-Za-z0-9_]*\(?",
    r"'[^'\n]*'",
    r"[0-9]",
    r" [-+*/&|=<>!%]+ ",
    r", ",
    r": ",
)
_SIGNS = tuple("()[]{},.:-+*/&|=<>!%~'\" \n")
_OWN_NAMES = ("grid", "item", "lambda", "answer", "roles", "input_grid", "True", "False")
_N_VALUES = 9


def make_tokenizer(
    texts: Iterable[str], names: Sequence[str], phrases: Sequence[str], least: int = 2
) -> PreTrainedTokenizerFast:
    """Returns a tokenizer of the words in texts.

    Args:
        texts: What the model is to read and write.
        names: Names that are words whether the texts have them or not.
        phrases: Texts that are one word each, wherever they stand.
        least: How often a word has to be there.
    """
    split = _split(phrases)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for word, _ in split.pre_tokenize_str(text))
    values = [f"{kind}{number}" for number in range(1, _N_VALUES + 1) for kind in ("v", "items")]
    given = [*phrases, *_SIGNS, *map(str, range(10)), *_OWN_NAMES, *values]
    given += [word for name in names for word in (name, f"{name}(")]
    given += ["\n", "\n    ", ")\n", ")\n    ", "))\n", "))\n    ", ", ", ": "]
    found = sorted(word for word, n in counts.items() if n >= least)
    words = dict.fromkeys([PADDING, UNKNOWN, END, *given, *found])
    numbered = {word: number for number, word in enumerate(words)}
    written = Tokenizer(WordLevel(numbered, unk_token=UNKNOWN))
    written.pre_tokenizer = split
    written.decoder = Fuse()
    made: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = made(
        tokenizer_object=written,
        pad_token=PADDING,
        unk_token=UNKNOWN,
        eos_token=END,
        clean_up_tokenization_spaces=False,
    )
    return tokenizer


def _split(phrases: Sequence[str]) -> Split:
    longest_first = sorted(phrases, key=len, reverse=True)
    parts = [*map(re.escape, longest_first), _SIGNATURE_WORD, *_CODE, "[^a-zA-Z0-9_]"]
    return Split(Regex("|".join(parts)), behavior="isolated")
