"""A causal language model that vLLM serves: adapters trained by `lm.causal`, replies by vLLM."""
