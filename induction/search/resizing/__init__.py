"""Resizing: programs whose outputs do not have the sizes of their inputs."""
