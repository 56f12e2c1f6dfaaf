"""The sampler: asks a language model for programs until enough of them agree.

Each program that is new, by its syntax tree, is verified in the sandbox. The least wrong of
those that fail go back to the model with what is wrong. Every second question shows the task in
another view; the program is then brought back from there, so that all are judged on the task
itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from arc.grid import Grid
from arc.task import Task
from induction.config import SamplingConfig
from induction.sampling.complaint import complaint
from induction.sampling.reply import form_of, program_in
from induction.sampling.view import View, random_view
from induction.verify import Verification, error_of, judged
from lm.protocol import Prompt
from lm.writing import Draft, Revision, Writer, Writing
from sandbox.outcome import Outcome
from sandbox.protocol import Sandbox

_BASE_COST = 4.0
_NODES_A_COST = 20.0
"""A written program costs what a search's of about the same length does."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What the model is asked once: a draft, and the view it is in."""

    draft: Draft
    view: View


@dataclass(slots=True)
class Tally:
    """What became of replies.

    Attributes:
        replies: Asked for.
        programs: Replies with a program in them.
        distinct: Programs not seen before.
        verified: Of these, programs that reproduce every demonstration.
    """

    replies: int = 0
    programs: int = 0
    distinct: int = 0
    verified: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """A new program that was written.

    Attributes:
        verification: What it did.
        error: How far from right that is (`error_of`).
    """

    verification: Verification
    error: float


@dataclass(slots=True)
class _Work:
    """One task's state; the view is that of the turn, and `seen_task` how the task looks in it."""

    task: Task
    rng: random.Random
    seen_task: Task
    turn: int = -1
    view: View = field(default_factory=View)
    seen: set[tuple[str, View]] = field(default_factory=set)
    found: list[Written] = field(default_factory=list)
    to_revise: list[tuple[float, _Question]] = field(default_factory=list)


class ProgramSampler:
    """Proposes programs that a language model writes."""

    def __init__(self, writer: Writer, sandbox: Sandbox, config: SamplingConfig) -> None:
        self._writer = writer
        self._sandbox = sandbox
        self._config = config
        self.tally = Tally()

    def rounds(
        self, task: Task, rng: random.Random, is_over: Callable[[], bool]
    ) -> Iterator[list[Written]]:
        """Yields all new programs written so far, after each batch.

        Ends when the configured number of replies is there, when enough distinct verified programs
        give the same answers, or when `is_over` says so.
        """
        work = _Work(task, rng, task)
        n_replies = 0
        while n_replies < self._config.programs and not is_over():
            n = min(self._config.batch, self._config.programs - n_replies)
            questions = [self._question(work, n_replies + i) for i in range(n)]
            config = self._config
            writing = Writing(
                config.temperature, config.top_p, config.max_tokens, work.rng.getrandbits(31)
            )
            replies = self._writer.write([q.draft for q in questions], writing)
            n_replies += n
            self._take(work, questions, replies)
            yield work.found
            if self._is_agreed(work.found):
                return

    def _question(self, work: _Work, number: int) -> _Question:
        if work.to_revise and number % 2:
            work.to_revise.sort(key=lambda scored: scored[0])
            return work.to_revise.pop(0)[1]
        turn = number // self._config.per_view
        if turn != work.turn:
            is_turned = self._config.views and turn % 4 > 1
            work.turn, work.view = turn, random_view(work.rng) if is_turned else View()
            work.seen_task = work.view.of_task(work.task)
        view, seen = work.view, work.seen_task
        prompt = Prompt(
            work.rng.choice(seen.test_inputs), seen.pairs, view.symmetry, not view.is_plain
        )
        return _Question(Draft(prompt), view)

    def _take(self, work: _Work, questions: Sequence[_Question], replies: Sequence[str]) -> None:
        self.tally.replies += len(replies)
        new: list[tuple[str, _Question, str]] = []
        for question, reply in zip(questions, replies, strict=True):
            program = program_in(reply)
            if program is None:
                continue
            self.tally.programs += 1
            source = question.view.brought_back(program)
            form = (form_of(program).text, question.view)
            if form not in work.seen:
                work.seen.add(form)
                new.append((source, question, program))
        self.tally.distinct += len(new)
        pairs, inputs = work.task.pairs, work.task.inputs
        outcomes = self._sandbox.screen(
            [(source, inputs) for source, _, _ in new],
            lambda _, found: all(o == p.output for o, p in zip(found, pairs, strict=False)),
        )
        for (source, question, program), found in zip(new, outcomes, strict=True):
            cost = _BASE_COST + form_of(program).size / _NODES_A_COST
            verification = judged(source, cost, work.task, found)
            written = Written(verification, error_of(work.task, found))
            work.found.append(written)
            if verification.is_verified:
                self.tally.verified += 1
            elif len(question.draft.revisions) < self._config.revisions:
                again = _revised(work.task, question, program, found)
                work.to_revise.append((written.error, again))

    def _is_agreed(self, found: Sequence[Written]) -> bool:
        votes: dict[tuple[Grid | None, ...], int] = {}
        for written in found:
            verification = written.verification
            if verification.is_verified and None not in verification.outputs:
                votes[verification.outputs] = votes.get(verification.outputs, 0) + 1
        return max(votes.values(), default=0) >= self._config.agreement


def _revised(
    task: Task, question: _Question, program: str, outcomes: Sequence[Outcome]
) -> _Question:
    view, draft = question.view, question.draft
    seen = [view.of_grid(o) if isinstance(o, Grid) else o for o in outcomes]
    revision = Revision(f"```python\n{program}```", complaint(view.of_task(task), seen))
    return _Question(Draft(draft.prompt, (*draft.revisions, revision)), view)
