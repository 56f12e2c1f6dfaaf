"""The program: merges the two halves, runs them over a split, scores and reports."""
