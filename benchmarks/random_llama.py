"""Llama-shaped models with random weights, and a tokenizer of single characters."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.causal.vocabulary import Vocabulary


def make_model(shape: LlamaConfig, dtype: torch.dtype, config: CausalConfig) -> CausalLanguageModel:
    """Returns a model on the configured device; the weights depend on the shape alone."""
    device = "cuda" if config.device == "auto" and torch.cuda.is_available() else config.device
    device = "cpu" if device == "auto" else device
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(0)
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            base = LlamaForCausalLM(shape).eval()
        finally:
            torch.set_default_dtype(before)
    return CausalLanguageModel(base, Vocabulary(make_tokenizer(), "random"), config)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Returns a tokenizer that knows the characters of grids."""
    pieces = ["<unk>", "<s>", "</s>", *"0123456789ĊIO"]
    tokenizer = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
