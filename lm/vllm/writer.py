"""A language model that writes programs, served by vLLM."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from transformers import AutoTokenizer

from arc.errors import ConfigError
from lm.causal.template import load_template
from lm.causal.vocabulary import Vocabulary
from lm.causal.writer import Asking, WriterConfig, check_writer
from lm.meter import count
from lm.vllm.engine import import_vllm
from lm.writing import Draft, Writing

_CACHE_BYTES = 2 << 30
"""Keys and values on a processor, where vLLM would take a share of all memory."""


class VllmWriter:
    """A served model and the template it is asked by; implements `lm.writing.Writer`."""

    def __init__(self, vllm: Any, engine: Any, asking: Asking, max_context: int) -> None:
        self._vllm = vllm
        self._engine = engine
        self._asking = asking
        self._max_context = max_context

    @classmethod
    def load(cls, config: WriterConfig) -> VllmWriter:
        """Returns the configured model."""
        check_writer(config)
        for name in ("gguf_file", "adapter", "quantization"):
            if getattr(config, name):
                raise ConfigError(
                    f"writer.settings.{name}: not served by vLLM here; give a folder of merged "
                    "safetensors, or set writer.kind to causal"
                )
        vllm = import_vllm()
        tokenizer = AutoTokenizer.from_pretrained(
            config.model, local_files_only=not config.allow_download
        )
        asking = Asking(load_template(config.template), Vocabulary(tokenizer, config.model))
        on_cpu = importlib.import_module("vllm.platforms").current_platform.is_cpu()
        try:
            engine = vllm.LLM(
                model=config.model,
                dtype=config.dtype,
                max_model_len=config.max_context,
                generation_config="vllm",
                enable_prefix_caching=True,
                disable_log_stats=True,
                enforce_eager=on_cpu,
                **({"kv_cache_memory_bytes": _CACHE_BYTES} if on_cpu else {}),
            )
        except ValueError as error:
            reason = " ".join(str(error).split())[:300]
            raise ConfigError(f"{config.model}: vLLM cannot serve this model: {reason}") from error
        return cls(vllm, engine, asking, config.max_context)

    def write(self, drafts: Sequence[Draft], writing: Writing) -> list[str]:
        """Returns a reply to each draft; see `Writer.write`."""
        texts = [self._asking.tokens(draft) for draft in drafts]
        room = self._max_context - writing.max_tokens
        fitting = [i for i, tokens in enumerate(texts) if len(tokens) <= room]
        outputs = self._engine.generate(
            [{"prompt_token_ids": texts[i]} for i in fitting],
            [
                self._vllm.SamplingParams(
                    temperature=writing.temperature,
                    top_p=writing.top_p,
                    max_tokens=writing.max_tokens,
                    seed=writing.seed + i,  # equal drafts are to get different replies
                )
                for i in fitting
            ],
            use_tqdm=False,
        )
        n_written = sum(len(output.outputs[0].token_ids) for output in outputs)
        count(read=sum(len(texts[i]) for i in fitting), written=n_written)
        replies = [""] * len(drafts)
        for i, output in zip(fitting, outputs, strict=True):
            replies[i] = self._asking.lead + output.outputs[0].text
        return replies
