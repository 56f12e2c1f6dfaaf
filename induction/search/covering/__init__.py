"""Covering: programs that draw around the items of the input, layer by layer."""
