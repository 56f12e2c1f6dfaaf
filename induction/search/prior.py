"""A prior over operations: what programs that somebody wrote for a task make likelier.

A language model that has no right program for a task may still know what the right one is made of.
Operations that its programs use become cheap, so that the enumeration combines them first and
deeper. Programs that come nearer to the outputs than the inputs are count most.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from induction.search.operation import Operation
from induction.source import parsed

COMMON, FREQUENT, RARE = 0.08, 0.03, 0.01
"""Shares of the programs from which on an operation costs 1, from which on it costs one less than
it did, and below which it costs one more."""

_OF_VARIANTS = 0.5
"""What the share of an operation's name counts for one with other arguments."""

_WEIGHT_OF_ANY = 0.02
"""What a program that comes no nearer counts, relative to one that is right."""

_ARGUMENT = "{0}"


@dataclass(frozen=True, slots=True)
class Prior:
    """How often operations are used.

    Attributes:
        shares: By an operation's text, and by its name alone, the share of programs with it.
    """

    shares: Mapping[str, float]

    @classmethod
    def of(cls, programs: Iterable[tuple[str, float]], error_of_input: float) -> Prior:
        """Returns the prior that programs make.

        Args:
            programs: Texts that parse, each with its error: the mean over the demonstrations of the
                share of wrong cells.
            error_of_input: That of the input taken as the answer.
        """
        weights: defaultdict[str, float] = defaultdict(float)
        total = 0.0
        for source, error in programs:
            nearer = 1 - error / error_of_input if error_of_input else 0.0
            weight = _WEIGHT_OF_ANY + max(0.0, nearer)
            total += weight
            for text in calls_in(source):
                weights[text] += weight
        return cls({text: weight / total for text, weight in weights.items()})

    def recosted(self, operations: Sequence[Operation]) -> list[Operation]:
        """Returns the operations with their new costs, the cheapest first."""
        found = [replace(each, cost=self._cost(each)) for each in operations]
        return sorted(found, key=lambda operation: operation.cost)

    def tells(self, operations: Sequence[Operation]) -> bool:
        """Returns whether any of the operations is among the frequent ones."""
        return any(self._share(operation) >= FREQUENT for operation in operations)

    def _share(self, operation: Operation) -> float:
        exact = self.shares.get(operation.text, 0.0)
        return max(exact, _OF_VARIANTS * self.shares.get(operation.text.partition("(")[0], 0.0))

    def _cost(self, operation: Operation) -> int:
        share = self._share(operation)
        if share >= COMMON:
            return 1
        if share >= FREQUENT:
            return max(1, operation.cost - 1)
        return operation.cost + (share < RARE)


@lru_cache(maxsize=1024)
def calls_in(source: str) -> frozenset[str]:
    """Returns the calls in a program that can be parsed, as the texts and names of operations.

    The argument that an operation is applied to is its first, or its second where the first is
    the input.
    """
    found: set[str] = set()
    for node in ast.walk(parsed(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        name, arguments = node.func.id, [ast.unparse(argument) for argument in node.args]
        found.add(name)
        for place in range(min(2, len(arguments))):
            applied = [*arguments[:place], _ARGUMENT, *arguments[place + 1 :]]
            found.add(f"{name}({', '.join(applied)})")
    return frozenset(found)
