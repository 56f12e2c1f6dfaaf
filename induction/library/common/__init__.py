"""What programs written for BARC find under `from common import *`.

The names, signatures, defaults and corner cases are those of the library that BARC's programs, and
those its published models write, are written against (Li et al. 2024, arXiv 2411.02272); the code
is our own. Grids, sprites and objects are plain 2-D integer arrays, indexed `grid[x, y]`: x along
axis 0, y along axis 1. An object has the shape of its whole grid, a sprite is cut to its content.
A program may rely on every oddity here, so an oddity is not a mistake to be mended.
"""

import random

import numpy as np

from induction.library.common.color import ALL_COLORS, NOT_BLACK, Color
from induction.library.common.display import show_colored_grid, visualize
from induction.library.common.drawing import (
    blit,
    blit_object,
    blit_sprite,
    draw_line,
    flood_fill,
    randomly_scatter_points,
    scale_pattern,
    scale_sprite,
    translate,
)
from induction.library.common.objects import (
    bounding_box,
    bounding_box_mask,
    crop,
    detect_objects,
    find_connected_components,
    is_contiguous,
    object_boundary,
    object_colors,
    object_interior,
    object_neighbors,
    object_position,
)
from induction.library.common.placing import (
    check_between_objects,
    collision,
    contact,
    random_free_location_for_object,
    random_free_location_for_sprite,
    randomly_spaced_indices,
)
from induction.library.common.sprites import (
    apply_diagonal_symmetry,
    apply_symmetry,
    generate_sprite,
    random_sprite,
)
from induction.library.common.symmetry import (
    MirrorSymmetry,
    RotationalSymmetry,
    Symmetry,
    TranslationalSymmetry,
    detect_mirror_symmetry,
    detect_rotational_symmetry,
    detect_translational_symmetry,
    orbit,
)

__all__ = [
    "ALL_COLORS",
    "NOT_BLACK",
    "Color",
    "MirrorSymmetry",
    "RotationalSymmetry",
    "Symmetry",
    "TranslationalSymmetry",
    "apply_diagonal_symmetry",
    "apply_symmetry",
    "blit",
    "blit_object",
    "blit_sprite",
    "bounding_box",
    "bounding_box_mask",
    "check_between_objects",
    "collision",
    "contact",
    "crop",
    "detect_mirror_symmetry",
    "detect_objects",
    "detect_rotational_symmetry",
    "detect_translational_symmetry",
    "draw_line",
    "find_connected_components",
    "flood_fill",
    "generate_sprite",
    "is_contiguous",
    "np",
    "object_boundary",
    "object_colors",
    "object_interior",
    "object_neighbors",
    "object_position",
    "orbit",
    "random",
    "random_free_location_for_object",
    "random_free_location_for_sprite",
    "random_sprite",
    "randomly_scatter_points",
    "randomly_spaced_indices",
    "scale_pattern",
    "scale_sprite",
    "show_colored_grid",
    "translate",
    "visualize",
]
