"""Settings of transduction, and which of them go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arc.errors import ConfigError
from arc.transform import SYMMETRIES, Symmetry
from lm.protocol import Conditioning, DepthFirst, Sampling

SymmetryName = Literal[
    "identity",
    "rotate_90",
    "rotate_180",
    "rotate_270",
    "flip_rows",
    "flip_columns",
    "transpose",
    "anti_transpose",
]
VoteName = Literal["product_of_experts", "hierarchical", "flat"]


@dataclass(frozen=True, slots=True)
class TransductionConfig:
    """Settings of the transduction solver.

    Attributes:
        train: Whether to train at test time at all.
        shared: Whether one set of weights is trained on all tasks of the run, before the first is
            solved, in place of one a task.
        adaptations: How often the model is adapted to a task, each time anew; what one predicts is
            scored by all. Time grows as their number.
        data: What an in-context model is trained on: pseudo-tasks in which one demonstration is
            held out, or (`end_to_end`) single pairs without any context.
        transforms: Whether training and prediction use the symmetries.
        symmetries: The only symmetries outputs are predicted in; none named means all eight.
        max_examples: Training examples per task.
        colorings: Colorings in which outputs are predicted, the task's own among them.
        orders: Random orders of the demonstrations per view, for an in-context model.
        decode: Whether a view gives its likeliest reply, some drawn by chance, or all that are
            likely enough.
        samples: Replies drawn in each view by `decode = "sample"`.
        temperature: At which they are drawn.
        threshold: Probability that a reply found by `decode = "search"` must have.
        deduce_shapes: Whether outputs are predicted in the shape that simple rules give, where all
            rules that fit the demonstrations agree; for a model with a task vector.
        vote: How predictions are ranked: by their mean log-probability over the views, or by
            counting them, each symmetry having chosen three before or all at once.
        scored: Of the grids that lead by count, for how many the log-probability is computed;
            the others stand below them in a product of experts.
        n_candidates: Grids proposed per test input.
        rank_programs: Whether the grids that earlier stages found are scored too.
    """

    train: bool = True
    shared: bool = False
    adaptations: int = 1
    data: Literal["leave_one_out", "end_to_end"] = "leave_one_out"
    transforms: bool = True
    symmetries: tuple[SymmetryName, ...] = ()
    max_examples: int = 250
    colorings: int = 1
    orders: int = 1
    decode: Literal["greedy", "sample", "search"] = "greedy"
    samples: int = 4
    temperature: float = 1.0
    threshold: float = 0.09
    deduce_shapes: bool = True
    vote: VoteName = "product_of_experts"
    scored: int = 16
    n_candidates: int = 32
    rank_programs: bool = False

    def __post_init__(self) -> None:
        for name in ("adaptations", "max_examples", "colorings", "orders", "n_candidates"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")
        if self.scored < 0:
            raise ConfigError(f"scored: a number from 0 expected, got {self.scored}")
        Sampling(self.samples, self.temperature)
        DepthFirst(self.threshold)
        if self.shared and not self.train:
            raise ConfigError("shared: without train there are no weights to share")
        if self.adaptations > 1 and (self.shared or not self.train):
            raise ConfigError("adaptations: several mean nothing with shared or without train")
        if self.vote == "product_of_experts" and not self.scored:
            raise ConfigError("scored: a product of experts needs at least 1")
        if self.symmetries and not self.transforms:
            raise ConfigError("symmetries: without transforms there is the task's own frame only")

    @property
    def views_in(self) -> tuple[Symmetry, ...]:
        """The symmetries in which outputs are predicted and scored."""
        if not self.transforms:
            return (Symmetry.IDENTITY,)
        named = {Symmetry(name) for name in self.symmetries}
        return tuple(s for s in SYMMETRIES if s in named or not named)

    def check(self, conditioning: Conditioning) -> None:
        """Raises `ConfigError` where a setting means nothing to models of this conditioning."""
        if self.data == "end_to_end" and conditioning is Conditioning.TASK_VECTOR:
            raise ConfigError(
                "data: end_to_end is for a model that reads demonstrations; one with a task vector "
                "is trained on single pairs anyway"
            )
