"""Package data: JSON Schemas and the named subsets of ARC-1 evaluation."""
