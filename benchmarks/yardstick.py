"""Prints the processor seconds of the work that `ensemble doctor` measures, beside the reference's.

python benchmarks/yardstick.py
"""

import sys

sys.path.pop(0)  # this folder, whose sandbox.py is not the package

from ensemble.yardstick import YARDSTICKS

for yardstick in YARDSTICKS:
    print(f"{yardstick.stage}: {yardstick.seconds():.2f} s, reference {yardstick.sample_s:.2f} s")
