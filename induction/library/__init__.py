"""The vocabulary of programs: primitives that search and language models compose.

Programs write `from induction.library import *`. Images are immutable by convention: no
primitive changes its arguments.
"""

from numpy import eye as eye
from numpy import where as where

from induction.library.cellwise import *
from induction.library.choice import *
from induction.library.choosing import *
from induction.library.color import *
from induction.library.copying import *
from induction.library.drawing import *
from induction.library.expansion import *
from induction.library.image import *
from induction.library.item import *
from induction.library.joint import *
from induction.library.motion import *
from induction.library.objectwise import *
from induction.library.parts import *
from induction.library.rays import *
from induction.library.region import *
from induction.library.repair import *
from induction.library.scale import *
from induction.library.shape import *
from induction.library.stack import *
from induction.library.sweep import *
from induction.library.symmetry import *
from induction.library.unit import *

ALIASES = {"common": "induction.library.common"}
"""What else programs may import in a sandbox that has this module: BARC's programs do."""

__all__ = sorted(
    name for name, value in globals().items() if callable(value) and not name.startswith("_")
)
