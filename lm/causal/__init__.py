"""Causal language models of `transformers`, trained at test time with adapters of `peft`."""
