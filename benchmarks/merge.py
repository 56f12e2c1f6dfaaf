"""Fits the log-odds that a direct prediction is right, for `[merge]` of a configuration.

    ensemble run --split train --ids IDS --mode transduction --out runs/held_out
    python benchmarks/merge.py runs/held_out

IDS should be training tasks that the model was not trained on (`--print-ids` lists them). Prints
the coefficients of a logistic regression with a small ridge penalty, and how well predictions of
each confidence do.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from arc.candidate import ViewEvidence
from arc.dataset import load_split
from ensemble.selection import selection_of
from ensemble.store import RunFolder
from lm.embedded.corpus import is_held_out

RIDGE = 0.01


def main() -> None:
    """Prints held-out ids, or coefficients and a reliability table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?", help="a run with direct predictions")
    parser.add_argument("--print-ids", action="store_true", help="list the held-out tasks")
    arguments = parser.parse_args()
    if arguments.print_ids:
        tasks = load_split("arc1", "training")
        print(",".join(task.task_id for task in tasks if is_held_out(task.task_id)))
        return
    features, right = evidence_of(RunFolder.open(arguments.run))
    bias, per_vote_share, per_nat = fit(features, right)
    print(f"{len(right)} predictions, {right.sum()} right")
    print(f"bias = {bias:.2f}\nper_vote_share = {per_vote_share:.2f}\nper_nat = {per_nat:.4f}")
    log_odds = bias + features @ np.array([per_vote_share, per_nat])
    predicted = 1 / (1 + np.exp(-log_odds))
    for low, high in ((0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        inside = (predicted >= low) & (predicted < high)
        if inside.any():
            print(
                f"predicted {low:.2f}-{min(high, 1):.2f}: {right[inside].mean():.2f} right "
                f"of {inside.sum()}, mean prediction {predicted[inside].mean():.2f}"
            )


def evidence_of(run: RunFolder) -> tuple[np.ndarray, np.ndarray]:
    """Returns vote share and log-probability of rescored candidates, and which are right."""
    selection = selection_of(run.manifest)
    answers = selection.answers() or {}
    features, right = [], []
    for task in selection.tasks():
        for candidate in run.read_task(task.task_id):
            evidence = candidate.evidence
            if isinstance(evidence, ViewEvidence) and evidence.log_probability is not None:
                features.append((evidence.votes / evidence.views, evidence.log_probability))
                answer = answers[task.task_id].outputs[candidate.test_index]
                right.append(candidate.grid == answer)
    return np.array(features), np.array(right)


def fit(features: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns bias and coefficients of the logistic regression, both coefficients at least 0."""

    def loss(weights: np.ndarray) -> float:
        log_odds = weights[0] + features @ weights[1:]
        surprise = np.logaddexp(0, np.where(right, -log_odds, log_odds)).sum()
        return float(surprise + RIDGE * (weights[1:] ** 2).sum())

    bounds = [(None, None), (0, None), (0, None)]
    return np.asarray(minimize(loss, np.zeros(3), bounds=bounds).x)


if __name__ == "__main__":
    main()
