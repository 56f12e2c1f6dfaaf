"""A template learned from rows of a published data set of prompts.

The grids of a row are found; the last is the reply, the one before it the test input, the others
are inputs and outputs in turn. What stands between them is compared over the demonstrations: what
changes must be their number. A template counts as learned only if it writes every row again, byte
for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from arc.errors import ConfigError, DataError
from arc.grid import Grid
from lm.causal.notation import Notation
from lm.causal.rows import Row
from lm.causal.spotting import Search, Spot, searches
from lm.causal.template import FIXED_DATE, INDEX, INPUT, OUTPUT, Template

MOST_EXAMPLES = 8
"""So many grids before the task's own may belong to the instructions."""

_CODE = re.compile(r"\A(?P<open>```[\w+-]*\n).*?(?P<close>\n```)(?P<rest>.*)\Z", re.DOTALL)
_NUMBER = re.compile("([0-9]+)")
_FENCE = re.compile(r"```(?:python|py)\b")


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned.

    Attributes:
        template: The template, which writes all rows again.
        what: The notation of grids, in words.
        n_rows: How many rows it was checked on.
        n_demonstrations: Of the row it was learned from.
        where: File and line of that row.
        remarks: What a user should know of what the rows leave open.
    """

    template: Template
    what: str
    n_rows: int
    n_demonstrations: int
    where: str
    remarks: tuple[str, ...]

    def report(self) -> list[str]:
        """Returns what was learned, a line each."""
        template = self.template
        kind = "a chat" if template.is_chat else "plain text"
        reply = "a grid" if template.reply == "grid" else "a program"
        return [
            f"grids: {self.what}; {kind}; the reply is {reply}",
            f"learned from {self.where}, {self.n_demonstrations} demonstrations",
            f"writes {self.n_rows} of {self.n_rows} rows again, byte for byte",
            *(f"note: {remark}" for remark in self.remarks),
        ]


class _UnexplainedError(Exception):
    """A guess about a row does not hold."""


def learn_template(rows: Sequence[Row], name: str = "learned") -> Learned:
    """Returns the template that all rows follow.

    Raises:
        DataError: There is none; says which row differs where from the best guess.
    """
    failures: list[tuple[int, str]] = []
    for search in searches():
        parts = [_Parts.of(row, search) for row in rows]
        covered = sum(spot.end - spot.start for part in parts for spot in part.spots)
        # In a single row nothing tells an example in the instructions from a demonstration.
        for n_skipped in range(MOST_EXAMPLES + 1 if len(rows) > 1 else 1) if covered else ():
            try:
                return _learned(rows, parts, search, n_skipped, name)
            except _UnexplainedError as failure:
                failures.append((covered, str(failure)))
    if not failures:
        known = ", ".join(dict.fromkeys(search.what for search in searches()))
        raise DataError(f"{rows[0].where}: no grids found; looked for {known}")
    # The notation that explains most of the text, and of those that explain as much, the plainest.
    enough = 0.8 * max(covered for covered, _ in failures)
    raise DataError(next(reason for covered, reason in failures if covered >= enough))


@dataclass(frozen=True, slots=True)
class _Parts:
    """A row taken apart.

    Attributes:
        row: The row.
        what: The notation that was looked for, in words.
        spots: Its grids; those of the prompt alone if the reply is a program.
        code: The program's fence, if it is one.
    """

    row: Row
    what: str
    spots: tuple[Spot, ...]
    code: re.Match[str] | None

    @classmethod
    def of(cls, row: Row, search: Search) -> _Parts:
        reply = row.text[row.reply_from :]
        fence = _FENCE.search(reply) if row.reply_from else None
        if fence is None:
            spots = search.spots(row.text, row.searched_from)
            return cls(row, search.what, tuple(spots), None)
        code = _CODE.match(reply[fence.start() :])
        spots = search.spots(row.text[: row.reply_from], row.searched_from)
        if code is None:
            raise DataError(f"{row.where}: the reply's code block is not closed")
        return cls(row, search.what, tuple(spots), code)

    def grids(self, n_skipped: int) -> list[Grid]:
        """Returns the task's grids; raises `_UnexplainedError` where they make no task."""
        if not self.spots:
            raise _UnexplainedError(
                f"{self.row.where}: no grids as {self.what}, which other rows have; "
                "give a file with rows of one template"
            )
        chosen = self.spots[n_skipped:]
        for spot in chosen:
            if spot.grid is None:
                line = self.row.text[spot.start : spot.end].split("\n")[0][:40]
                raise _UnexplainedError(
                    f"{self.row.where}: what begins with {line!r} is no grid: {spot.fault}"
                )
        if self.code is None:
            if len(chosen) % 2 or len(chosen) < 2:
                raise _UnexplainedError(
                    f"{self.row.where}: {len(chosen)} grids found, but inputs and outputs in "
                    "turn, a test input and the reply make an even number"
                )
            reply = self.row.reply_from
            if reply and not chosen[-2].end <= reply <= chosen[-1].start:
                n = sum(spot.start >= reply for spot in chosen)
                raise _UnexplainedError(
                    f"{self.row.where}: one grid in the reply expected, found {n}"
                )
        return [spot.grid for spot in chosen if spot.grid is not None]

    def gaps(self, n_skipped: int) -> list[str]:
        """Returns the texts before, between and after the task's grids."""
        chosen = self.spots[n_skipped:]
        ends = [0, *(spot.end for spot in chosen)]
        end = len(self.row.text) if self.code is None else self.row.reply_from
        starts = [*(spot.start for spot in chosen), end]
        return [self.row.text[a:b] for a, b in zip(ends, starts, strict=True)]


def _learned(
    rows: Sequence[Row], parts: Sequence[_Parts], search: Search, n_skipped: int, name: str
) -> Learned:
    grids = [part.grids(n_skipped) for part in parts]
    teacher = max(range(len(rows)), key=lambda i: len(grids[i]))
    n = len(grids[teacher]) // 2 - (parts[teacher].code is None)
    if n < 2:
        raise _UnexplainedError(
            f"{rows[teacher].where}: {n} demonstrations, and at least two are needed to see how "
            "they are joined; give a file with a row that has more"
        )
    failures = []
    for template in _guesses(parts[teacher], n_skipped, n, search.notation, name):
        try:
            for part, found in zip(parts, grids, strict=True):
                _check(template, part, found)
        except _UnexplainedError as failure:
            failures.append(failure)
            continue
        remarks = _remarks(template, rows, n)
        return Learned(template, search.what, len(rows), n, rows[teacher].where, remarks)
    raise failures[0]


def _guesses(
    part: _Parts, n_skipped: int, n: int, notation: Notation, name: str
) -> Iterator[Template]:
    """Yields templates that may explain a row of n demonstrations, the likeliest first."""
    where, gaps = part.row.where, part.gaps(n_skipped)
    joints = gaps[2 : 2 * n : 2]
    prefix, base = _common_end([gaps[0], *joints])
    start = gaps[0][: len(gaps[0]) - len(_numbered(prefix, base))]
    rests = [
        joint[: len(joint) - len(_numbered(prefix, base + k))]
        for k, joint in enumerate(joints, start=1)
    ]
    middle = _generalized(gaps[1 : 2 * n : 2], base, where, "between input and output of")
    between = _generalized(rests, base, where, "after")
    after = _numbered(between, base + n - 1)
    asked = gaps[2 * n]
    demonstration = prefix + INPUT + middle + OUTPUT
    if asked.startswith(after):
        demonstration, between, asked = demonstration + between, "", asked.removeprefix(after)
    if part.code is None:
        question, reply_end = asked + INPUT + gaps[2 * n + 1], gaps[2 * n + 2]
    else:
        has_test = len(gaps) > 2 * n + 1
        question = asked + (INPUT + gaps[2 * n + 1] if has_test else "")
        if part.row.text.startswith(part.code["open"], part.row.reply_from):
            question += part.code["open"]
        reply_end = part.code["close"]
    for text in dict.fromkeys([question, _with_index(question, base + n)]):
        try:
            template = Template(
                notation,
                demonstration,
                text,
                start,
                between,
                reply_end,
                "grid" if part.code is None else "code",
                first_index=base,
                description=f"learned from {where}",
                name=name,
            )
        except ConfigError as error:
            raise _UnexplainedError(f"{where}: {error}") from None
        yield replace(template, chat_options=FIXED_DATE if template.is_chat else {})


def _check(template: Template, part: _Parts, grids: Sequence[Grid]) -> None:
    """Raises `_UnexplainedError` unless the template writes a row again."""
    text = part.row.text
    if part.code is None:
        written = template.write(grids[:-1]) + template.write_reply(grids[-1])
    else:
        if len(grids) % 2 != (INPUT in template.question):
            raise _UnexplainedError(
                f"{part.row.where}: a test input in some prompts and not in others"
            )
        written = template.write(grids)
        text = text[: len(written)]
    if written == text:
        return
    at = _n_common([written, text])
    raise _UnexplainedError(
        f"{part.row.where}: differs at character {at} from what the other text says: "
        f"{written[at : at + 40]!r} expected, found {text[at : at + 40]!r}"
    )


def _remarks(template: Template, rows: Sequence[Row], n: int) -> tuple[str, ...]:
    remarks = []
    if len(rows) == 1:
        remarks.append("checked on one row only; a second would show what varies between rows")
    if n == 2 and len(rows) == 1 and INDEX in template.demonstration + template.between:
        remarks.append("numbers were told from two demonstrations; a row with three is safer")
    if template.reply == "code" and template.question.endswith("{assistant}"):
        remarks.append("the reply has words before its code, which the model writes itself")
    return tuple(remarks)


def _common_end(texts: Sequence[str]) -> tuple[str, int]:
    """Returns the longest end that texts share but for counting numbers, and their first number."""
    end, base = "", None
    split = [_NUMBER.split(text)[::-1] for text in texts]
    for i, column in enumerate(zip(*split, strict=False)):
        is_number = i % 2 == 1
        if len(set(column)) == 1:
            end = column[0] + end
        elif is_number and _counts(column, int(column[0]) if base is None else base):
            end, base = INDEX + end, int(column[0])
        else:
            if not is_number:
                n = _n_common([text[::-1] for text in column])
                end = column[0][len(column[0]) - n :] + end
            break
    return end, 1 if base is None else base


def _generalized(texts: Sequence[str], base: int, where: str, what: str) -> str:
    """Returns the text that all texts are, with their numbers counting from `base`."""
    made = ""
    for column in zip(*map(_NUMBER.split, texts), strict=False):
        made += INDEX if _counts(column, base) else column[0]
    for k, text in enumerate(texts):
        expected = _numbered(made, base + k)
        if expected != text:
            raise _UnexplainedError(
                f"{where}: the text {what} demonstration {k + 1} is not that of the others: "
                f"{_shortened(expected, text)} expected, found {_shortened(text, expected)}"
            )
    return made


def _n_common(texts: Sequence[str]) -> int:
    """Returns how many characters texts begin with in common."""
    columns = zip(*texts, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _counts(numbers: Sequence[str], first: int) -> bool:
    return list(numbers) == [str(first + k) for k in range(len(numbers))]


def _shortened(text: str, other: str) -> str:
    """Returns the part of a text from where it differs from another, quoted."""
    at = _n_common([text, other])
    return repr(text[max(0, at - 10) : at + 40])


def _with_index(text: str, number: int) -> str:
    return re.sub(rf"(?<!\d){number}(?!\d)", INDEX, text)


def _numbered(text: str, number: int) -> str:
    return text.replace(INDEX, str(number))
