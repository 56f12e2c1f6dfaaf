"""Making models, and what models learn from."""
