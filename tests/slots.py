"""The slots of a whole output, one pair at a time: what batches and decoding are held against."""

import numpy as np

from lm.embedded.encoding import OFFSETS, OUTPUT_FEATURES, OUTSIDE, blank_output


def encode_output(cells, output):
    """Returns the slots of all output cells, each knowing its written neighbors only."""
    tokens = blank_output(cells, output.shape)
    height, width = output.shape
    padded = np.full((height + 1, width + 2), OUTSIDE, dtype=np.int64)
    padded[1:, 1:-1] = output
    neighbors = np.stack(
        [padded[1:, :-2], padded[:-1, 1:-1], padded[:-1, :-2], padded[:-1, 2:]], axis=-1
    )
    tokens.features[:, OUTPUT_FEATURES] = (
        neighbors.reshape(len(tokens), -1) + OFFSETS[OUTPUT_FEATURES]
    )
    return tokens
