"""What a Llama-like model and its adapter take of a device's memory, computed from their sizes.

Weights, adapter and optimizer are counted to the byte. The activations that training keeps are an
estimate: the inputs of all products, and an attention that never builds its matrix.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

OPTIMIZER_BYTES = 16
"""Of a trained weight: itself, its gradient and two moments, in float32."""

WEIGHT_BYTES = {"float32": 4.0, "bfloat16": 2.0, "4bit": 0.516}
"""Of a weight of a layer; four bits have scales for groups of 64, themselves in eight bits."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The sizes of a model.

    Attributes:
        vocabulary: Tokens.
        width: Of the hidden state.
        depth: Layers.
        heads: Of queries.
        shared_heads: Of keys and values.
        head_width: Of one head.
        inner: Width inside the feed-forward part.
        is_tied: Whether embedding and head are one.
    """

    vocabulary: int
    width: int
    depth: int
    heads: int
    shared_heads: int
    head_width: int
    inner: int
    is_tied: bool = False

    @property
    def modules(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of a layer's linear parts."""
        queries, keys = self.heads * self.head_width, self.shared_heads * self.head_width
        return {
            "q_proj": (self.width, queries),
            "k_proj": (self.width, keys),
            "v_proj": (self.width, keys),
            "o_proj": (queries, self.width),
            "gate_proj": (self.width, self.inner),
            "up_proj": (self.width, self.inner),
            "down_proj": (self.inner, self.width),
        }

    @property
    def n_linear(self) -> int:
        """Weights of all layers' linear parts, those that four bits are for."""
        return self.depth * sum(n_in * n_out for n_in, n_out in self.modules.values())

    @property
    def n_others(self) -> int:
        """Weights of embedding, head and norms."""
        norms = (2 * self.depth + 1) * self.width
        return self.vocabulary * self.width * (1 if self.is_tied else 2) + norms

    def n_adapter(self, rank: int, modules: Collection[str]) -> int:
        """Returns the weights of an adapter."""
        return self.depth * rank * sum(sum(self.modules[name]) for name in modules)

    def activation_bytes(self) -> int:
        """Returns what training keeps of one token, with hidden states of two bytes."""
        keys = self.shared_heads * self.head_width
        halves = 6 * self.width + 2 * keys + 4 * self.inner
        norms_in_full = 2 * self.width
        return self.depth * (2 * halves + 4 * norms_in_full)


LAYOUTS: Mapping[str, Layout] = {
    "Llama-3 8B": Layout(128_256, 4096, 32, 32, 8, 128, 14_336),
    "Llama-3.2 1B": Layout(128_256, 2048, 16, 32, 8, 64, 8192, is_tied=True),
    "Llama-3.2 3B": Layout(128_256, 3072, 28, 24, 8, 128, 8192, is_tied=True),
    "NeMo-Minitron 8B": Layout(131_072, 4096, 40, 32, 8, 128, 11_520),
}
"""The models that configurations ship for."""


def footprint(
    layout: Layout, kind: str, rank: int, modules: Collection[str], n_kept: int = 0
) -> str:
    """Returns a line that says what memory is needed.

    Args:
        layout: Of the base.
        kind: How its layers' weights are kept, a key of `WEIGHT_BYTES`; with four bits, embedding
            and head have sixteen.
        rank: Of the adapter.
        modules: The parts that have one.
        n_kept: Tokens left in a cut vocabulary; 0 for all.
    """
    others = layout.n_others
    if n_kept:
        others -= (layout.vocabulary - n_kept) * layout.width * (1 if layout.is_tied else 2)
    weights = layout.n_linear * WEIGHT_BYTES[kind] + others * max(2.0, WEIGHT_BYTES[kind])
    adapter = layout.n_adapter(rank, modules) * OPTIMIZER_BYTES
    return (
        f"weights {weights / 1e9:.1f} GB, adapter with its optimizer {adapter / 1e9:.1f} GB, "
        f"training {layout.activation_bytes() / 1e6:.1f} MB a token"
    )
