"""Settings of a causal language model."""

from __future__ import annotations

from dataclasses import dataclass

from arc.errors import ConfigError
from lm.causal.loading import DTYPES, QUANTIZATIONS
from lm.causal.precision import AUTO
from lm.causal.template import DEFAULT_TEMPLATE, load_template

_COUNTS = (
    "rank", "epochs", "batch_size", "max_tokens", "batch_tokens", "train_tokens", "together"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CausalConfig:
    """Settings of a causal language model; the defaults train as Akyurek et al. (2024) do.

    Attributes:
        model: The model's local folder; or its id on the hub, with `allow_download`.
        allow_download: Whether the hub may be asked for it.
        template: How tasks are written: a shipped prompt template, or the path of one.
        gguf_file: The name of a GGUF file in it; empty where there are safetensors.
        adapter: A folder of `peft` that is merged into the base when it is loaded, such as
            `ensemble finetune` writes; the adapters of tasks come on top of it.
        dtype: Of the base: float32, bfloat16, float16, or auto for bfloat16 where the device has
            it. Adapters are float32.
        quantization: Empty for none, or `4bit`, which needs bitsandbytes.
        cut_vocabulary: Whether the base keeps only the tokens that its template needs, which takes
            less memory and time. Log-probabilities are then relative to these.
        device: `auto` takes a GPU if there is one.
        rank: Rank of the adapter.
        alpha: Its scale, divided by the rank.
        rank_stabilized: Whether to divide by the root of the rank instead.
        target_modules: Names of the layers that get an adapter, or a regular expression.
        learning_rate: The highest, reached after the warm-up.
        warmup: Share of the updates over which the learning rate rises.
        epochs: How often each example is trained on.
        batch_size: Examples an update.
        demonstration_loss: Whether to train on the demonstrations' outputs after the first too.
        max_tokens: Longest prompt with its reply; the model's own limit if that is less.
        packed: Whether examples are trained on in one unpadded row; false is for models whose
            attention can't be told where a text begins.
        train_tokens: Tokens trained on at a time; a larger update is made in parts.
        together: Tasks whose adapters are trained in the same passes, where many are asked for.
        checkpointing: Whether to make activations twice instead of keeping them: less memory,
            a third more time.
        batch_tokens: Padded tokens that are decoded or scored at a time.
    """

    model: str = ""
    allow_download: bool = False
    template: str = DEFAULT_TEMPLATE
    gguf_file: str = ""
    adapter: str = ""
    dtype: str = "float32"
    quantization: str = ""
    cut_vocabulary: bool = False
    device: str = "auto"
    rank: int = 128
    alpha: int = 16
    rank_stabilized: bool = False
    target_modules: str | tuple[str, ...] = (
        "q_proj",
        "v_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )
    learning_rate: float = 1e-4
    warmup: float = 0.1
    epochs: int = 2
    batch_size: int = 2
    demonstration_loss: bool = True
    max_tokens: int = 8192
    packed: bool = True
    train_tokens: int = 8192
    together: int = 4
    checkpointing: bool = False
    batch_tokens: int = 32768

    def __post_init__(self) -> None:
        if self.dtype not in (AUTO, *DTYPES):
            raise ConfigError(f"dtype: {self.dtype!r} is not one of {', '.join([AUTO, *DTYPES])}")
        if self.quantization not in QUANTIZATIONS:
            raise ConfigError(f"quantization: '' or 4bit expected, got {self.quantization!r}")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")
        if not 0 <= self.warmup <= 1:
            raise ConfigError(f"warmup: a share in 0..1 expected, got {self.warmup}")
        if self.template != DEFAULT_TEMPLATE:  # which is not read while this module is imported
            load_template(self.template)
