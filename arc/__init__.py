"""The vocabulary of the project: grids, tasks, transforms, candidates, scoring.

Imports nothing else of ours, and nothing heavier than numpy.
"""
