"""Package data: the shipped weights and their model card."""
