r"""Grids as text for a causal language model, one character a cell.

A prompt is the demonstrations and the test input, each block opened by a marker of one letter:

    I\n{rows of an input}\nO\n{rows of an output}\nI\n{rows of the test input}\nO\n

The reply is the rows of an output, each ended by a newline, then the marker that opens the next
input. So a reply ends just as every demonstration's output does, and a model that was never
trained on this text sees in its context how replies end.
"""

from __future__ import annotations

from dataclasses import dataclass

from arc.grid import MAX_SIDE, N_COLORS, Grid
from lm.protocol import Example, Prompt

DIGITS = "".join(str(color) for color in range(N_COLORS))
ROW_END = "\n"
INPUT_MARKER = "I"
OUTPUT_MARKER = "O"
REPLY_END = INPUT_MARKER
REPLY_ALPHABET = DIGITS + ROW_END + REPLY_END
"""The characters of replies."""

ALPHABET = REPLY_ALPHABET + OUTPUT_MARKER
"""The characters of prompts and replies."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text.

    Attributes:
        text: The characters.
        is_target: Whether training should make it likely, given what stands before it.
    """

    text: str
    is_target: bool = False


def encode(grid: Grid) -> str:
    """Returns a grid as a reply: its rows, then the end."""
    digits = grid.cells.translate(bytes(map(ord, DIGITS)) + bytes(256 - N_COLORS)).decode("ascii")
    width = grid.width
    rows = [digits[at : at + width] for at in range(0, len(digits), width)]
    return "".join(row + ROW_END for row in rows) + REPLY_END


def decode(reply: str) -> Grid | None:
    """Returns the grid in a whole reply, or `None` if it is none."""
    partial = PartialReply()
    for character in reply:
        if character not in partial.allowed():
            return None
        partial.append(character)
    return partial.grid()


def encode_prompt(prompt: Prompt) -> str:
    """Returns the text to which the output is the reply."""
    segments = _prompt_segments(prompt, demonstration_loss=False)
    return "".join(segment.text for segment in segments)


def encode_example(example: Example, *, demonstration_loss: bool) -> list[Segment]:
    """Returns the prompt, then the reply, which is a target.

    With `demonstration_loss` the demonstrations' outputs are targets too, but for the first: no
    model can know the rule before it has seen one.
    """
    before = _prompt_segments(example.prompt, demonstration_loss=demonstration_loss)
    return [*before, Segment(encode(example.output), is_target=True)]


def _prompt_segments(prompt: Prompt, *, demonstration_loss: bool) -> list[Segment]:
    segments = [Segment(INPUT_MARKER)]
    for i, pair in enumerate(prompt.context):
        segments.append(_question(pair.input))
        segments.append(Segment(encode(pair.output), is_target=demonstration_loss and i > 0))
    return [*segments, _question(prompt.input)]


def _question(grid: Grid) -> Segment:
    """Returns an input without the marker before it, which ended the output before."""
    rows = encode(grid).removesuffix(REPLY_END)
    return Segment(f"\n{rows}{OUTPUT_MARKER}\n")


class PartialReply:
    """A reply on its way, and what may come next in it.

    Any text built of allowed characters is the start of `encode(grid)` for some grid, and every
    `encode(grid)` can be built.
    """

    def __init__(self) -> None:
        self._rows = [bytearray()]
        self.is_complete = False

    def allowed(self) -> str:
        """Returns the characters that may come next; none after the end."""
        if self.is_complete:
            return ""
        *whole, row = self._rows
        if not whole:
            return (DIGITS if len(row) < MAX_SIDE else "") + (ROW_END if row else "")
        if row:
            return DIGITS if len(row) < len(whole[0]) else ROW_END
        return (DIGITS if len(whole) < MAX_SIDE else "") + REPLY_END

    def append(self, character: str) -> None:
        """Adds one character, which must be allowed."""
        if character == REPLY_END:
            self.is_complete = True
        elif character == ROW_END:
            self._rows.append(bytearray())
        else:
            self._rows[-1].append(int(character))

    def grid(self) -> Grid | None:
        """Returns the grid of a complete reply, `None` before that."""
        if not self.is_complete:
            return None
        *rows, _ = self._rows
        return Grid(len(rows), len(rows[0]), b"".join(rows))
