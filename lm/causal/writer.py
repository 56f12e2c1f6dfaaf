"""A causal language model that writes programs, by `transformers`' own generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from arc.errors import ConfigError
from lm.causal.folder import merge_adapter
from lm.causal.loading import load_base
from lm.causal.precision import choose_dtype
from lm.causal.template import Message, Template, load_template, messages_of
from lm.causal.vocabulary import Vocabulary
from lm.device import choose_device
from lm.meter import count
from lm.writing import Draft, Writing


@dataclass(frozen=True, slots=True)
class WriterConfig:
    """Settings of a model that writes programs.

    Attributes:
        model: The model's local folder; or its id on the hub, with `allow_download`.
        allow_download: Whether the hub may be asked for it.
        template: How tasks are written: a prompt template whose replies are programs.
        gguf_file: The name of a GGUF file in it; empty where there are safetensors.
        adapter: A folder of `peft` that is merged into the model when it is loaded.
        dtype: float32, bfloat16, float16, or auto for bfloat16 where the device has it.
        quantization: Empty for none, or `4bit`, which needs bitsandbytes.
        device: `auto` takes a GPU if there is one.
        max_context: Longest prompt with its reply, in tokens.
    """

    model: str = ""
    allow_download: bool = False
    template: str = "words_program"
    gguf_file: str = ""
    adapter: str = ""
    dtype: str = "auto"
    quantization: str = ""
    device: str = "auto"
    max_context: int = 8192


class CausalWriter:
    """A loaded model and the template it is asked by; implements `lm.writing.Writer`."""

    def __init__(
        self, base: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: WriterConfig
    ) -> None:
        self._base = base
        base.train(False)
        self._tokenizer = tokenizer
        self._asking = Asking(load_template(config.template), Vocabulary(tokenizer, config.model))
        limit = getattr(base.config, "max_position_embeddings", None) or config.max_context
        self._max_context = min(config.max_context, limit)

    @classmethod
    def load(cls, config: WriterConfig) -> CausalWriter:
        """Returns the configured model."""
        check_writer(config)
        dtype = choose_dtype(config.dtype, choose_device(config.device))
        base, tokenizer = load_base(
            config.model,
            config.gguf_file,
            dtype,
            config.device,
            quantization=config.quantization,
            allow_download=config.allow_download,
        )
        if config.adapter:
            base = merge_adapter(base, Path(config.adapter))
        return cls(base, tokenizer, config)

    @torch.inference_mode()
    def write(self, drafts: Sequence[Draft], writing: Writing) -> list[str]:
        """Returns a reply to each draft; see `Writer.write`."""
        texts = [self._asking.tokens(draft) for draft in drafts]
        room = self._max_context - writing.max_tokens
        fitting = [i for i, tokens in enumerate(texts) if len(tokens) <= room]
        replies = [""] * len(drafts)
        if not fitting:
            return replies
        width = max(len(texts[i]) for i in fitting)
        padding = self._padding()
        ids = torch.tensor([[padding] * (width - len(texts[i])) + texts[i] for i in fitting])
        is_text = torch.tensor(
            [[0] * (width - len(texts[i])) + [1] * len(texts[i]) for i in fitting]
        )
        chance: dict[str, Any] = {"do_sample": False}
        if writing.temperature:
            chance = {
                "do_sample": True,
                "temperature": writing.temperature,
                "top_p": writing.top_p,
                "top_k": 0,
            }
        place = self._base.device
        generate: Any = self._base.generate
        devices = [place] if place.type == "cuda" else []
        with torch.random.fork_rng(devices):  # it draws from the global generators
            torch.manual_seed(writing.seed)
            found = generate(
                input_ids=ids.to(place),
                attention_mask=is_text.to(place),
                max_new_tokens=writing.max_tokens,
                pad_token_id=padding,
                **chance,
            )
        n_written = int((found[:, width:] != padding).sum())
        count(read=sum(len(texts[i]) for i in fitting), written=n_written)
        for i, tokens in zip(fitting, found[:, width:], strict=True):
            reply = str(self._tokenizer.decode(tokens, skip_special_tokens=True))
            replies[i] = self._asking.lead + reply
        return replies

    def _padding(self) -> int:
        for token in (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0


class Asking:
    """How drafts and programs become tokens: a template with a tokenizer's vocabulary."""

    def __init__(self, template: Template, vocabulary: Vocabulary) -> None:
        if template.reply != "code":
            raise ConfigError(f"template {template.name}: replies are grids, not programs")
        self._template = template
        self._vocabulary = vocabulary

    @property
    def lead(self) -> str:
        """How the template begins every reply for the model, if it does."""
        question = self._template.question
        return question.rpartition("{assistant}")[2] if self._template.is_chat else ""

    def tokens(self, draft: Draft) -> list[int]:
        """Returns the tokens to which a program is the reply."""
        template, vocabulary = self._template, self._vocabulary
        text = template.write_prompt(draft.prompt)
        if not template.is_chat:
            for revision in draft.revisions:
                text += f"{revision.reply}\n{revision.complaint}\n"
            return [*vocabulary.start, *vocabulary.text_tokens(text)]
        *messages, last = messages_of(text)
        for revision in draft.revisions:
            messages += [Message("assistant", revision.reply), Message("user", revision.complaint)]
        options = {"add_generation_prompt": True, **template.chat_options}
        asked = vocabulary.chat(messages, options) + last.text
        start = () if vocabulary.has_start(asked) else vocabulary.start
        return [*start, *vocabulary.text_tokens(asked)]

    def reply_tokens(self, program: str) -> list[int]:
        """Returns the tokens of a reply that is a program, its end among them.

        In a chat the program stands in a fence, unless the template has begun one.
        """
        text = program if program.endswith("\n") else f"{program}\n"
        if self._template.is_chat:
            opening = "" if "```" in self.lead else "```python\n"
            text = f"{opening}{text}```"
        end = self._template.reply_end + self._vocabulary.eos
        return self._vocabulary.text_tokens(text + end)


def check_writer(config: WriterConfig) -> None:
    """Raises `ConfigError` for what can be seen to be wrong before anything is loaded."""
    if not config.model:
        raise ConfigError("writer.settings.model: the local folder of a language model expected")
    if load_template(config.template).reply != "code":
        raise ConfigError(
            f"writer.settings.template: {config.template} asks for grids; "
            "words_program asks for programs"
        )
