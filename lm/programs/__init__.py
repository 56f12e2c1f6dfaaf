"""A small model that writes programs: what it learns from, its words, its training, its weights."""
