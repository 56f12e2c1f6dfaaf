"""The signature of a task: what all its demonstrations have in common, as words.

After Odena and Sutton, "Learning to represent programs with property signatures" (2020). Each
property is a function of one pair. Of several pairs it says what it says of each of them where
that is the same, `mixed` where they differ, and nothing where it has nothing to say of one: most
properties are silent about most tasks, so a signature is a few dozen words, in a fixed order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from arc.task import Pair
from lm.signature import change, color, motion, panel, part, size, symmetry, tiling
from lm.signature.look import Look, Properties

MIXED = "mixed"

PROPERTIES: Properties = {
    **size.PROPERTIES,
    **color.PROPERTIES,
    **symmetry.PROPERTIES,
    **tiling.PROPERTIES,
    **change.PROPERTIES,
    **motion.PROPERTIES,
    **part.PROPERTIES,
    **panel.PROPERTIES,
}
"""All properties, in the order in which signatures name them."""


@lru_cache(maxsize=64)
def properties_of(pair: Pair) -> Mapping[str, str]:
    """Returns what there is to say of one pair: the value of each property that is not silent.

    Remembered for a while: a model is asked about the same pairs hundreds of times.
    """
    look = Look(pair)
    said = {name: value(look) for name, value in PROPERTIES.items()}
    return MappingProxyType({name: value for name, value in said.items() if value})


def joined(said: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Returns the words for several pairs, such as `height:same`, from what each has said of it."""
    if not said:
        return ()
    shared = set(said[0]).intersection(*said[1:])
    words = []
    for name in PROPERTIES:
        if name in shared:
            values = {of_pair[name] for of_pair in said}
            words.append(f"{name}:{values.pop() if len(values) == 1 else MIXED}")
    return tuple(words)


def signature(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Returns the words for a task's demonstrations; their order does not matter."""
    return joined([properties_of(pair) for pair in pairs])
