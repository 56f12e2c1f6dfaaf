"""Transduction: train a small adapter on a task's demonstrations, then predict its outputs."""
