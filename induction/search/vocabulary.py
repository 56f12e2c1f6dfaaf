"""The vocabulary: which operations the search tries, and what each costs."""

from __future__ import annotations

from collections.abc import Sequence

from induction import library
from induction.library.image import Image
from induction.search.operation import Name, Operation, call, mapped, with_canvas, with_grid

SIMPLE = (
    "crop", "flip_rows", "flip_columns", "transpose", "rotate_90", "rotate_180", "rotate_270",
    "keep_most_common", "keep_least_common", "erase_most_common", "erase_least_common",
    "erase_background", "hull", "fill_holes", "holes", "interior", "border", "invert", "top_half",
    "bottom_half", "left_half", "right_half", "downscale", "drop_repeated_lines",
    "drop_blank_lines", "connect", "fractal",
)  # fmt: skip
ORDINARY = (
    "anti_transpose", "mirror_right", "mirror_left", "mirror_down", "mirror_up", "mirror_tile",
    "mirror_tile_inward", "rotation_tile", "unite_mirror_columns", "unite_mirror_rows",
    "unite_mirrors", "unite_transpose", "unite_rotations", "complete_mirror", "complete_period",
    "complete_translation",
    "smallest_tile", "paint_most_common", "paint_least_common", "swap_two_colors",
    "fill_blank_least_common", "color_by_frequency", "color_histogram", "crop_background",
    "filled", "hull_complement", "fill_each_hole", "fill_holes_with_content", "frame", "inside",
    "crop_inside", "erase_isolated", "keep_isolated", "smoothed", "majority", "cell_count_bar",
    "color_count_square", "component_count_diagonal", "centered", "connect_rows",
    "connect_columns", "connect_diagonals", "between_rows", "between_columns", "fill_rows",
    "fill_columns", "fill_rows_and_columns", "full_rows", "full_columns", "separator_lines",
    "first_square", "last_square", "drop_separators", "upscale_by_colors", "upscale_by_cells",
    "upscale_by_size", "fractal_complement", "fractal_inverted", "complete_period_each_row",
    "largest_blank_rectangle", "at_origin",
)  # fmt: skip
MEASURES = (
    "cell_count", "area", "color_count", "component_count", "hole_count", "interior_count",
    "symmetry_count", "minority_count", "top_row", "left_column", "height_of", "width_of",
    "bottom_row", "right_column", "color_value",
)  # fmt: skip
LOOKS = (
    "look_of_cells", "look_of_shape", "look_of_size", "look_of_colors", "look_of_symmetry",
)  # fmt: skip
MAPPED = (
    "crop", "hull", "fill_holes", "holes", "interior", "border", "frame", "flip_rows",
    "flip_columns", "rotate_180", "invert", "paint_most_common", "paint_least_common",
    "erase_most_common", "hull_complement", "inside", "majority", "unite_mirror_columns",
    "unite_mirror_rows", "fill_each_hole", "keep_most_common",
)  # fmt: skip
JOINING = (
    "first", "last", "overlay_all", "overlay_at_origin", "common_cells", "exclusive_cells",
    "blank_in_all", "majority_cells", "join_row", "join_column", "join_by_place",
    "colors_in_line", "count_bar",
)  # fmt: skip
SORTING = (
    "cell_count", "top_row", "left_column", "color_count", "hole_count", "area",
)  # fmt: skip
FITTING = (
    "place_centered", "place_at_origin", "place_at_end", "wrap", "wrap_colored", "rescale",
    "tile_to", "tile_from_place", "tile_with_gap", "mirror_tile_to", "reflect_tile_to",
)  # fmt: skip
PLACED_ON_INPUT = "place({0}, blank_like(grid))"
RAYS: tuple[tuple[str, ...], ...] = (
    ("up",),
    ("down",),
    ("left",),
    ("right",),
    ("left", "right"),
    ("up", "down"),
    ("left", "right", "up", "down"),
    ("up_left", "up_right", "down_left", "down_right"),
    ("up_left", "down_right"),
    ("up_right", "down_left"),
    ("left", "right", "up", "down", "up_left", "up_right", "down_left", "down_right"),
)


def operations(
    colors: Sequence[int], has_canvas: bool, is_input_size: bool = False
) -> list[Operation]:
    """Returns the operations for a task in whose inputs these colors occur, cheapest first.

    `is_input_size` tells that the canvas always has the input's size.
    """
    found = (
        _plain_operations(colors)
        + _directed_operations()
        + _grid_operations()
        + _cutting_operations()
        + _picking_operations()
        + _list_operations()
    )
    if has_canvas:
        found.append(with_canvas("place", 1))
        if is_input_size:
            found = [operation for operation in found if operation.text != PLACED_ON_INPUT]
        found += [with_canvas(name, 2) for name in FITTING]
        found.append(with_canvas("windows", 3, gives="images"))
    return sorted(found, key=lambda operation: operation.cost)


def _plain_operations(colors: Sequence[int]) -> list[Operation]:
    found = [call(name, cost=2) for name in SIMPLE] + [call(name, cost=3) for name in ORDINARY]
    for color in colors:
        found.append(call("repaired", color, cost=4))
        found.append(call("repaired_part", color, cost=4))
        if color:
            found.append(call("keep_color", color, cost=2))
            found.append(call("erase_color", color, cost=2))
            found.append(call("attract", color, cost=4))
            for direction in ("up", "down", "left", "right"):
                found.append(call("slide", color, direction, cost=4))
    for diagonal in (False, True):
        for name in ("outline", "grow", "shrink", "flood", "component_count_bar"):
            found.append(call(name, diagonal, cost=3))
    for factors in ((1, 2), (2, 1), (2, 2), (3, 3), (3, 1), (1, 3)):
        found.append(call("tile", *factors, cost=3))
        found.append(call("upscale", *factors, cost=3))
    found += [call("panel_map", least, cost=4) for least in (1, 2, 3, 4, 5)]
    return found


def _directed_operations() -> list[Operation]:
    found = []
    for directions in RAYS:
        found.append(call("extend", directions, cost=3))
        found.append(call("rays_from_objects", directions, cost=4))
    for direction in ("up", "down", "left", "right"):
        found.append(call("fall", direction, cost=3))
        found.append(call("fall_objects", direction, cost=4))
    for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        found.append(call("shift", *step, cost=4))
        found.append(call("move", *step, cost=4))
    return found


def _grid_operations() -> list[Operation]:
    return [
        with_grid(PLACED_ON_INPUT, lambda v, g: library.place(v, _blank(g)), 2),
        with_grid("cut_at({0}, grid)", library.cut_at, 3),
        with_grid("overlay({0}, grid)", library.overlay, 3),
        with_grid("masked(grid, {0})", lambda v, g: library.masked(g, v), 3),
        with_grid("unmasked(grid, {0})", lambda v, g: library.unmasked(g, v), 3),
        with_grid("outer({0}, grid)", library.outer, 3),
        with_grid("outer(grid, {0})", lambda v, g: library.outer(g, v), 3),
        with_grid("overlay(grid, {0})", lambda v, g: library.overlay(g, v), 4),
        with_grid("outer_color(grid, {0})", lambda v, g: library.outer_color(g, v), 4),
    ]


def _blank(grid: Image) -> Image:
    return library.blank_like(grid)


def _cutting_operations() -> list[Operation]:
    found = [
        call(name, diagonal, cost=2, gives="images")
        for name in ("components", "mono_components", "boxes")
        for diagonal in (True, False)
    ]
    for name in ("color_layers", "panels", "quarters", "halves"):
        found.append(call(name, cost=2, gives="images"))
    for name in ("blank_components", "mono_boxes", "rows_of", "columns_of", "thirds"):
        found.append(call(name, cost=3, gives="images"))
    return found


def _picking_operations() -> list[Operation]:
    found = [call(name, cost=2, takes="images") for name in JOINING[:4]]
    found += [call(name, cost=3, takes="images") for name in JOINING[4:]]
    found += [call("nth", index, cost=3, takes="images") for index in (1, 2, 3, 4)]
    for name in MEASURES:
        cost = 2 if name in ("cell_count", "area", "minority_count") else 3
        found.append(call("pick_most", Name(name), cost=cost, takes="images"))
        found.append(call("pick_least", Name(name), cost=cost, takes="images"))
    for name in LOOKS:
        found.append(call("pick_unique", Name(name), cost=3, takes="images"))
        found.append(call("pick_commonest", Name(name), cost=3, takes="images"))
    return found


def _list_operations() -> list[Operation]:
    found = [call("reverse", cost=3, takes="images", gives="images")]
    for name in SORTING:
        found.append(call("sort_by", Name(name), cost=3, takes="images", gives="images"))
    for name in MEASURES[:-3]:
        for verb in ("keep_most", "keep_least", "drop_most", "drop_least"):
            found.append(call(verb, Name(name), cost=4, takes="images", gives="images"))
    for name in ("cell_count", "height_of", "width_of"):
        for descending in (False, True):
            found.append(
                call("paint_ranks", Name(name), descending, cost=4, takes="images", gives="images")
            )
    for name in ("cell_count", "hole_count", "component_count"):
        found.append(call("paint_measure", Name(name), cost=4, takes="images", gives="images"))
    return found + [mapped(name, 4) for name in MAPPED]
