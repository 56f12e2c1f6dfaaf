"""Synthesis: everything that is tried on a task, in order, within a number of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arc.task import Task
from induction.library.color import color_roles, normalized
from induction.library.image import image
from induction.search.bases import best_bases
from induction.search.bounds import SearchConfig
from induction.search.covering.layers import covering_proposals
from induction.search.ending import endings
from induction.search.enumeration import Graph
from induction.search.joining import join_proposals
from induction.search.node import Node, Piece
from induction.search.operation import Operation, Scene
from induction.search.painting import (
    Target,
    exact_proposals,
    lookup_proposals,
    painted_proposals,
)
from induction.search.prior import Prior
from induction.search.proposal import Proposal, distinct
from induction.search.resizing.cutting import all_parts
from induction.search.resizing.methods import resizing_proposals
from induction.search.resizing.seeding import seeds
from induction.search.resizing.sides import side_canvases
from induction.search.rules import rule_proposals
from induction.search.sizes import Canvas, canvases
from induction.search.sweeping import sweep_proposals
from induction.search.vocabulary import operations
from induction.search.withholding import NOTHING_WITHHELD, Withheld

Array = NDArray[np.int64]

TRUSTED_RESIZING = 5.5
"""A program at most this costly of the methods for outputs of other sizes ends the search."""

COST_OF_BASE = 1.5
"""What a rule costs more that asks about another image than the cheapest: many are compared."""

COST_OF_SIZE = 0.5
"""Share of the cost of a rule for the output's size that counts for a program."""

COST_OF_PLAIN = 4.0
"""A program at most this costly is not held against drawings of items."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """A task as arrays.

    Attributes:
        inputs: All inputs, the demonstrations' first.
        outputs: The demonstrations' outputs.
        is_over: Whether time is up.
        prior: What is known beforehand of the operations of its program.
        withheld: The primitives that it must not use.
    """

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    is_over: Callable[[], bool] = _never
    prior: Prior | None = None
    withheld: Withheld = NOTHING_WITHHELD

    @property
    def test_inputs(self) -> tuple[Array, ...]:
        """The test inputs."""
        return self.inputs[len(self.outputs) :]

    @property
    def colors(self) -> list[int]:
        """The colors of the inputs."""
        return sorted({int(c) for grid in self.inputs for c in np.unique(grid)})

    def vocabulary(self, has_canvas: bool, is_input_size: bool = False) -> list[Operation]:
        """Returns what may be done, cheapest first."""
        found = self.withheld.without(operations(self.colors, has_canvas, is_input_size))
        return found if self.prior is None else self.prior.recosted(found)


def arrays_of(
    task: Task,
    is_over: Callable[[], bool] = _never,
    prior: Prior | None = None,
    withheld: Withheld = NOTHING_WITHHELD,
) -> Arrays:
    """Returns a task's grids as arrays."""
    return Arrays(
        tuple(grid.array.astype(np.int64) for grid in task.inputs),
        tuple(grid.array.astype(np.int64) for grid in task.outputs),
        is_over,
        prior,
        withheld,
    )


def proposals_for(
    task: Task,
    config: SearchConfig,
    is_over: Callable[[], bool] = _never,
    prior: Prior | None = None,
) -> list[Proposal]:
    """Returns programs that reproduce all demonstrations, simplest first.

    Work is bounded by `config`; `is_over` is asked now and then whether to stop before that. With a
    `prior` operations cost what it says.
    """
    withheld = Withheld.of_task(task.task_id, config.withheld)
    arrays = arrays_of(task, is_over, prior, withheld)
    found = _search(arrays, config)
    smaller = replace(config, max_steps=config.max_steps // 2, max_canvases=1)
    for fixed in _role_choices(arrays):
        if any(proposal.cost <= config.trusted_cost for proposal in found) or is_over():
            break
        roles = [color_roles(grid, fixed) for grid in arrays.inputs]
        inputs = tuple(normalized(g, r) for g, r in zip(arrays.inputs, roles, strict=True))
        outputs = tuple(normalized(g, r) for g, r in zip(arrays.outputs, roles, strict=False))
        variant = _search(replace(arrays, inputs=inputs, outputs=outputs), smaller)
        found += [p.with_roles(arrays.test_inputs, fixed) for p in variant]
    return distinct(found, config.max_per_output)[: config.max_proposals]


def passes_for(
    task: Task,
    config: SearchConfig,
    steps: Sequence[int],
    is_over: Callable[[], bool] = _never,
    known: Sequence[Proposal] = (),
    n_made: int = 0,
) -> Iterator[list[Proposal]]:
    """Yields programs that reproduce all demonstrations, simplest first, after each pass.

    A pass spends the next number of `steps`, until a program is simple enough to be trusted. The
    second one, and the only one if there is but one, tries what else there is beside enumeration.
    With what the first `n_made` passes found as `known`, those after them are made.
    """
    found = list(known)
    for number in range(n_made, len(steps)):
        learns = number == min(1, len(steps) - 1)
        bounds = replace(config, max_steps=steps[number], learns_rules=learns)
        found += proposals_for(task, bounds, is_over)
        found = distinct(found, config.max_per_output)[: config.max_proposals]
        yield found
        if is_over() or is_settled(found, config, number + 1):
            return


def is_settled(found: Sequence[Proposal], config: SearchConfig, n_made: int) -> bool:
    """Whether what the first `n_made` passes found makes further ones needless."""
    trusted = config.trusted_cost if n_made > 1 else config.settled_cost
    return bool(found) and found[0].cost <= trusted


def _role_choices(arrays: Arrays) -> list[tuple[int, ...]]:
    """Returns sets of colors to leave as they are while others are ranked by frequency."""
    n = len(arrays.outputs)
    in_inputs = [set(np.unique(g).tolist()) for g in arrays.inputs]
    in_outputs = [set(np.unique(g).tolist()) for g in arrays.outputs]
    everywhere = set.intersection(*in_inputs)
    new = [o - i for o, i in zip(in_outputs, in_inputs[:n], strict=False)]
    always_new = set.intersection(*new)
    anywhere = set.union(*in_inputs)
    choices = []
    if anywhere - everywhere:
        fixed = tuple(sorted(everywhere | always_new | {0}))
        choices.append(fixed)
    common = {int(np.bincount(g.ravel(), minlength=10).argmax()) for g in arrays.inputs}
    if common != {0}:
        choices.append(tuple(c for c in range(10) if c != 0 and c not in common))
    return choices


def _search(arrays: Arrays, config: SearchConfig) -> list[Proposal]:
    """Returns programs for the task as it stands."""
    pictures = [image(grid) for grid in arrays.inputs]
    shapes = [(output.shape[0], output.shape[1]) for output in arrays.outputs]
    graph = Graph(tuple(Scene(picture) for picture in pictures), arrays.is_over)
    graph.add_input()
    basic = arrays.vocabulary(has_canvas=False)
    found: list[Proposal] = []
    resized: list[Proposal] = []
    seeded: list[Node] = []
    if any(p.shape != shape for p, shape in zip(pictures, shapes, strict=False)):
        cuts = all_parts(arrays.inputs, arrays.outputs)
        if config.learns_rules:
            resized = resizing_proposals(arrays.inputs, arrays.outputs, cuts, arrays.is_over)
            resized = arrays.withheld.without(resized)
        if any(proposal.cost <= TRUSTED_RESIZING for proposal in resized):
            return resized
        graph.extend(basic, config.first_cost, config.max_steps)
        seeded = arrays.withheld.without(seeds(pictures, cuts))
    sizes = canvases([*graph.nodes, *seeded], shapes, config.max_canvases)
    sizes = sizes or arrays.withheld.without(side_canvases(pictures, shapes))
    if sizes and sizes[0].cost == 0:
        sizes = sizes[:1]
    for canvas in sizes:
        if not any(proposal.cost <= config.trusted_cost for proposal in found):
            found += _search_size(arrays, canvas, seeded, config)
    if (
        config.learns_rules
        and not arrays.is_over()
        and all(p.shape == shape for p, shape in zip(pictures, shapes, strict=False))
    ):
        swept = sweep_proposals(arrays.inputs, arrays.outputs, config.max_splits)
        found += arrays.withheld.without(swept)
        is_plain = any(proposal.cost <= COST_OF_PLAIN for proposal in found)
        if not is_plain and not arrays.is_over():
            found += covering_proposals(arrays.inputs, arrays.outputs, arrays.withheld)
    if not sizes:
        found += _enumerated(graph, basic, seeded, arrays, None, config)
    return found + resized


def _search_size(
    arrays: Arrays,
    canvas: Canvas,
    seeded: Sequence[Node],
    config: SearchConfig,
) -> list[Proposal]:
    scenes = tuple(
        Scene(image(grid), blank) for grid, blank in zip(arrays.inputs, canvas.images, strict=True)
    )
    graph = Graph(scenes, arrays.is_over)
    graph.add_input()
    is_input_size = all(
        grid.shape == blank.shape for grid, blank in zip(arrays.inputs, canvas.images, strict=True)
    )
    vocabulary = arrays.vocabulary(has_canvas=True, is_input_size=is_input_size)
    return _enumerated(graph, vocabulary, seeded, arrays, canvas, config)


def _enumerated(
    graph: Graph,
    vocabulary: Sequence[Operation],
    seeded: Sequence[Node],
    arrays: Arrays,
    canvas: Canvas | None,
    config: SearchConfig,
) -> list[Proposal]:
    """Returns the programs that a graph gives once it is extended as far as the bounds allow."""
    graph.extend(vocabulary, config.max_cost, config.max_steps)
    outputs = [output.astype(np.int8) for output in arrays.outputs]
    last = endings(graph, vocabulary, outputs, config.max_steps // 4)
    return _finish([*graph.nodes, *seeded, *last], arrays, canvas, config)


def _pieces(nodes: Sequence[Node], arrays: Arrays, canvas: Canvas | None) -> list[Piece]:
    """Returns the nodes whose images have the outputs' sizes, cheapest first, equal ones once."""
    shapes = tuple(output.shape for output in arrays.outputs)
    n = len(shapes)
    found: dict[bytes, Piece] = {}
    for node in sorted(nodes, key=lambda node: node.cost):
        if node.kind != "image":
            continue
        images = node.images
        if any(p.cells.shape != s for p, s in zip(images, shapes, strict=False)):
            continue
        if canvas and any(
            p.shape != c.shape for p, c in zip(images[n:], canvas.images[n:], strict=True)
        ):
            continue
        cells = np.concatenate([p.cells.ravel() for p in images])
        test_shapes = tuple(p.shape for p in images[n:])
        key = cells.tobytes() + repr(test_shapes).encode()
        if key not in found:
            found[key] = Piece(node, test_shapes, cells)
    return list(found.values())


def _finish(
    nodes: Sequence[Node], arrays: Arrays, canvas: Canvas | None, config: SearchConfig
) -> list[Proposal]:
    groups: dict[tuple[tuple[int, int], ...], list[Piece]] = {}
    for piece in _pieces(nodes, arrays, canvas):
        groups.setdefault(piece.shapes, []).append(piece)
    found: list[Proposal] = []
    for shapes, pieces in groups.items():
        found += _finish_group(pieces, shapes, arrays, config)
    if any(i.shape != o.shape for i, o in zip(arrays.inputs, arrays.outputs, strict=False)):
        found += join_proposals(nodes, arrays.outputs)
    found = arrays.withheld.without(found)
    if canvas is None:
        return found
    sized = []
    for proposal in found:
        uses_canvas = any("canvas" in line for line in proposal.body)
        body = (f"canvas = {canvas.text}", *proposal.body) if uses_canvas else proposal.body
        cost = proposal.cost + COST_OF_SIZE * canvas.cost
        sized.append(replace(proposal, body=body, cost=cost))
    return sized


def _finish_group(
    pieces: Sequence[Piece],
    shapes: tuple[tuple[int, int], ...],
    arrays: Arrays,
    config: SearchConfig,
) -> list[Proposal]:
    cells = np.concatenate([output.ravel() for output in arrays.outputs]).astype(np.int8)
    target = Target(cells, shapes)
    found = exact_proposals(pieces, target)
    limit = min(config.max_lookup_pieces, max(10, 400_000 // max(1, len(cells))))
    found += lookup_proposals(pieces[:limit], target, 12)
    costs = sorted({piece.cost for piece in pieces})
    found += painted_proposals(pieces[: config.max_pieces], target, costs)
    resized = any(i.shape != o.shape for i, o in zip(arrays.inputs, arrays.outputs, strict=False))
    if arrays.is_over() or not config.learns_rules:
        return found
    for base in best_bases(pieces, target, config.max_bases) if resized else pieces[:1]:
        asked = pieces[: config.max_rule_pieces]
        rules = rule_proposals(base, asked, target, config.max_splits, arrays.withheld)
        more = 0.0 if base is pieces[0] else COST_OF_BASE
        found += [replace(rule, cost=rule.cost + more) for rule in rules]
    return found
