"""The rows of the ablation: which part of transduction each goes without, and what was published.

Published numbers are counts of wholly solved tasks among the 80 of the subset `paper80`, pass@2,
for Llama-3.2 1B: Akyurek et al., "The Surprising Effectiveness of Test-Time Training for Abstract
Reasoning" (arXiv 2411.07279v1), figure 3. Its figure 5 on votes and single transformations has bars
without numbers.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from arc.dataset import unknown_name
from arc.errors import ConfigError
from arc.transform import SYMMETRIES
from lm.protocol import Conditioning

PUBLISHED_TASKS = 80
FULL = "full"


@dataclass(frozen=True, slots=True)
class Variant:
    """One row.

    Attributes:
        key: Its name on the command line and its run folder's.
        title: Its name for people.
        kind: Whether it is a run of its own, or another look at what the full method predicted.
        config: The shipped configuration that differs from the full method's.
        published: Tasks of 80 that the paper's model solves.
        not_for: Models for which the row means nothing, with the reason.
        needs: A package that must be installed for it.
    """

    key: str
    title: str
    kind: Literal["run", "vote", "symmetry", "coverage"] = "run"
    config: str = ""
    published: int | None = None
    not_for: tuple[tuple[Conditioning, str], ...] = ()
    needs: str = ""

    def reason_against(self, conditioning: Conditioning) -> str:
        """Returns why the row does not apply to a model of this conditioning, or nothing."""
        if conditioning in dict(self.not_for):
            return dict(self.not_for)[conditioning]
        if self.needs and importlib.util.find_spec(self.needs) is None:
            return f"{self.needs} is not installed"
        return ""


_VECTOR = Conditioning.TASK_VECTOR
_ALWAYS_PAIRS = "a model with a task vector is trained on single pairs anyway"
_NO_DEMONSTRATIONS = "a model with a task vector sees no demonstrations in its context"
_NO_FROZEN_BASE = "a model with a task vector trains all weights and has no frozen base"

VARIANTS: tuple[Variant, ...] = (
    Variant(FULL, "full method", published=29),
    Variant("no_training", "no test-time training", config="no_training", published=5),
    Variant("no_transforms", "no transformations", config="ablation_no_transforms", published=13),
    Variant(
        "end_to_end",
        "end-to-end data",
        config="ablation_end_to_end",
        published=18,
        not_for=((_VECTOR, _ALWAYS_PAIRS),),
    ),
    Variant("shared", "shared adapter", config="ablation_shared", published=22),
    Variant(
        "no_demonstration_loss",
        "no demonstration loss",
        config="ablation_no_demonstration_loss",
        published=26,
        not_for=((_VECTOR, _NO_DEMONSTRATIONS),),
    ),
    Variant(
        "quantized",
        "quantized base",
        config="ablation_quantized",
        published=26,
        not_for=((_VECTOR, _NO_FROZEN_BASE),),
        needs="bitsandbytes",
    ),
    Variant("flat", "flat vote", "vote", "ablation_flat"),
    Variant("hierarchical", "hierarchical vote", "vote", "ablation_hierarchical"),
    Variant("product_of_experts", "product of experts", "vote", "ablation_product_of_experts"),
    *(
        Variant(
            f"only_{symmetry.value}",
            f"only {symmetry.value.replace('_', ' ')}",
            "symmetry",
            f"ablation_only_{symmetry.value}",
        )
        for symmetry in SYMMETRIES
    ),
    Variant("oracle", "any prediction right", "coverage"),
)


def variants_named(keys: Iterable[str] | None) -> tuple[Variant, ...]:
    """Returns the rows with these names, in the table's order, the full method among them.

    Raises:
        ConfigError: There is no such row; names the nearest.
    """
    if keys is None:
        return VARIANTS
    wanted = {FULL, *keys}
    known = [variant.key for variant in VARIANTS]
    for key in sorted(wanted):
        if key not in known:
            raise ConfigError(f"--rows: {unknown_name('row', key, known)}")
    return tuple(variant for variant in VARIANTS if variant.key in wanted)
