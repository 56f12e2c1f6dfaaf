"""Induction: programs that reproduce the demonstrations, and the vote of their answers."""
