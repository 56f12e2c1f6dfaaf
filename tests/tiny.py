"""Tokenizers and models small enough to be built anew in a test."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lm.embedded.model import Architecture, EmbeddedModel

PRINTABLE = "\n" + "".join(map(chr, range(32, 127)))
SPECIAL = ("<unk>", "<s>", "</s>")
CHAT = (
    "<s>{% for m in messages %}<turn>{{ m.role }}\n{{ m.content | trim }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<turn>assistant\n{% endif %}"
)


def byte_tokenizer(
    characters: str = PRINTABLE, merges: Sequence[tuple[str, str]] = (), *, start: bool = False
) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer as GPT-2 and Llama 3 have, with a chat template.

    With `start` it puts a token before texts.
    """

    def spelled(text: str) -> str:
        return text.replace("\n", "Ċ").replace(" ", "Ġ")

    joined = [(spelled(left), spelled(right)) for left, right in merges]
    merged = [left + right for left, right in joined]
    pieces = [*SPECIAL, *spelled(characters), *merged, "<turn>", "<end>"]
    bpe = models.BPE({piece: i for i, piece in enumerate(pieces)}, joined, unk_token="<unk>")
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if start:
        tokenizer.post_processor = TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", SPECIAL.index("<s>"))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<turn>", "<end>"],
        chat_template=CHAT,
    )


def random_embedded(architecture: Architecture, spread: float, seed: int = 0) -> EmbeddedModel:
    """An embedded model of chance weights, which a fresh one has not in every part."""
    torch.manual_seed(seed)
    model = EmbeddedModel(architecture)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * spread)
    return model


def tiny_llama(vocabulary_size: int, **changes: object) -> LlamaForCausalLM:
    """A Llama of two layers with random weights, the same every time."""
    shape = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "initializer_range": 0.2,
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary_size, **shape | changes)).eval()
