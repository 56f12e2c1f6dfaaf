"""Programs that a language model writes: asked for, taken from its replies, verified, revised."""
