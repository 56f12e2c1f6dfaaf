"""Properties of panels: parts of the input of one size, side by side, with lines between or not."""

from __future__ import annotations

from functools import partial

import numpy as np

from lm.signature.look import NOTHING, Look, Properties, between, yes


def _n_panels(look: Look, axis: int) -> str:
    _, places = look.lines[axis]
    if not places:
        return NOTHING
    n = len(between(look.input.T if axis else look.input, places))
    return str(n) if n < 6 else "6_up"


def _line_color(look: Look) -> str:
    (of_rows, _), (of_columns, _) = look.lines
    color = max(of_rows, of_columns)
    return str(color) if color >= 0 else NOTHING


def _out_is_panel(look: Look) -> str:
    found = look.panels
    places = [i for i, panel in enumerate(found) if np.array_equal(panel, look.output)]
    if not places:
        has_size = bool(found) and found[0].shape == look.output.shape
        return "of_its_size" if has_size else NOTHING
    if len(places) > 1:
        return "several"
    others = {panel.tobytes() for i, panel in enumerate(found) if i != places[0]}
    if len(others) == 1 and len(found) > 2:
        return "unlike_others"
    return "first" if places[0] == 0 else "last" if places[0] == len(found) - 1 else "other"


def _panel_has(look: Look, what: str) -> str:
    """Whether the panel that is the output has most or least of something."""
    found = look.panels
    own = [i for i, panel in enumerate(found) if np.array_equal(panel, look.output)]
    if len(own) != 1:
        return NOTHING
    values = [
        int((p != look.ground).sum()) if what == "cells" else len(np.unique(p)) for p in found
    ]
    value = values[own[0]]
    if values.count(value) > 1:
        return NOTHING
    return "most" if value == max(values) else "least" if value == min(values) else NOTHING


def _combined(look: Look) -> str:
    """How the cells of the output that are not ground follow from those of two or more panels."""
    found = look.panels
    if not found or found[0].shape != look.output.shape:
        return NOTHING
    masks = np.stack([panel != look.ground for panel in found])
    both, either = masks.all(0), masks.any(0)
    known = {"and": both, "or": either, "nor": ~either, "nand": ~both}
    if len(masks) == 2:
        known |= {"xor": either & ~both, "xnor": ~either | both}
        known |= {"first_only": masks[0] & ~masks[1], "second_only": masks[1] & ~masks[0]}
    return next((n for n, mask in known.items() if np.array_equal(mask, look.out_mask)), NOTHING)


def _layered(look: Look) -> str:
    """Whether each cell of the output is that of some panel."""
    found = look.panels
    if not found or found[0].shape != look.output.shape:
        return NOTHING
    return yes((np.stack(found) == look.output).any(0).all())


def _a_cell_each(look: Look) -> str:
    """Whether the output has a cell for each panel."""
    (_, rows), (_, columns) = look.lines
    if not rows and not columns:
        return NOTHING
    n_rows = len(between(look.input, rows)) if rows else 1
    n_columns = len(between(look.input.T, columns)) if columns else 1
    return yes(look.output.shape == (n_rows, n_columns))


PROPERTIES: Properties = {
    "panel_rows": partial(_n_panels, axis=0),
    "panel_columns": partial(_n_panels, axis=1),
    "line_color": _line_color,
    "out_is_panel": _out_is_panel,
    "panel_has_cells": partial(_panel_has, what="cells"),
    "panel_has_colors": partial(_panel_has, what="colors"),
    "panels_combined": _combined,
    "panels_layered": _layered,
    "cell_for_each_panel": _a_cell_each,
}
