"""Fitting a calibration: a logistic regression over a test input's grids and "none of them".

The coefficients are those under which what turned out right was likeliest, with a penalty on their
squares (L2) whose strength cross-validation chooses. Graded evidence never counts against a grid:
its coefficients are at least 0. Folds are made of whole tasks by a hash of their ids, so that no
task is predicted by a fit that has seen it, and the same task is always in the same fold.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arc.errors import DataError
from ensemble.calibrate.cases import Case
from ensemble.merge.calibration import Calibration
from ensemble.merge.evidence import BASES, DIRECT, FEATURES, features_of, in_order

N_FOLDS = 10
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Strengths of the penalty that are tried; of two that predict alike, the later."""

_BASE_PENALTY = 0.01
"""Keeps a base finite that was never right, and is too weak to move one that was."""
_N_PLACES = 3
_NAMES = tuple(FEATURES)
_IS_BASE = np.array([name in BASES for name in _NAMES])

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """What calibrations said of cases that they were not fitted on.

    Attributes:
        calibrations: For each case, one fitted on the other folds.
        penalties: The strength of the penalty that each fold's fit chose, by fold.
    """

    calibrations: tuple[Calibration, ...]
    penalties: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The grids of some cases as the rows of a matrix.

    Attributes:
        values: Features, one row a grid.
        starts: The first row of each case.
        right: The row of each case's answer, or -1 where it was not proposed.
    """

    values: Floats
    starts: NDArray[np.int64]
    right: NDArray[np.int64]


def fold_of(task_id: str) -> int:
    """Returns the fold of a task, 0 to `N_FOLDS` - 1."""
    return int.from_bytes(hashlib.sha256(task_id.encode()).digest()[8:16]) % N_FOLDS


def fit_calibration(cases: Sequence[Case], penalty: float) -> Calibration:
    """Returns the calibration fitted on these cases.

    Raises:
        DataError: There is no verified program among the candidates, or nothing is right.
    """
    table = _tables(cases)
    _check(table)
    return _calibration(cases, table, penalty)


def choose_penalty(cases: Sequence[Case], penalties: Sequence[float] = PENALTIES) -> float:
    """Returns the strength of the penalty under which left-out folds are predicted best."""
    return _best_penalty(_tables(cases), [fold_of(case.task_id) for case in cases], penalties)


def cross_validate(
    cases: Sequence[Case], penalties: Sequence[float] = PENALTIES
) -> CrossValidation:
    """Returns for each case a calibration by the other folds, which chose the penalty themselves.

    Raises:
        DataError: The cases are too few: a fit without one of the folds is impossible.
    """
    tables, folds = _tables(cases), [fold_of(case.task_id) for case in cases]
    of_fold: dict[int, Calibration] = {}
    chosen: dict[int, float] = {}
    for fold in sorted(set(folds)):
        kept = [i for i, other in enumerate(folds) if other != fold]
        others = [tables[i] for i in kept]
        _check(others)
        chosen[fold] = _best_penalty(others, [folds[i] for i in kept], penalties)
        of_fold[fold] = _calibration([cases[i] for i in kept], others, chosen[fold])
    return CrossValidation(tuple(of_fold[fold] for fold in folds), chosen)


_Table = tuple[Floats, int]
"""The features of a case's grids, one row each, and the row of the answer or -1."""


def _tables(cases: Sequence[Case]) -> list[_Table]:
    tables = []
    for case in cases:
        features = features_of(case.candidates)
        rows = [[found.get(name, 0.0) for name in _NAMES] for found in features.values()]
        grids = list(features)
        right = grids.index(case.answer) if case.answer in features else -1
        tables.append((np.array(rows).reshape(len(rows), len(_NAMES)), right))
    return tables


def _check(tables: Sequence[_Table]) -> None:
    if not any(values[:, _NAMES.index("verified")].any() for values, _ in tables):
        raise DataError("no verified program in these runs: add a run of the search to calibrate")
    if not any(right >= 0 for _, right in tables) or all(right >= 0 for _, right in tables):
        raise DataError(f"{len(tables)} test inputs: too few to fit on; give runs over more tasks")


def _calibration(cases: Sequence[Case], tables: Sequence[_Table], penalty: float) -> Calibration:
    rows = _joined(tables)
    fitted = _fit(rows, penalty)
    seen = np.count_nonzero(rows.values, axis=0)
    coefficients = {name: float(fitted[i]) for i, name in enumerate(_NAMES) if seen[i]}
    return Calibration(coefficients, _places(cases))


def _best_penalty(
    tables: Sequence[_Table], folds: Sequence[int], penalties: Sequence[float]
) -> float:
    if len(penalties) == 1:
        return penalties[0]
    losses = dict.fromkeys(penalties, 0.0)
    for fold in sorted(set(folds)):
        inside = _joined([t for t, other in zip(tables, folds, strict=True) if other == fold])
        outside = [t for t, other in zip(tables, folds, strict=True) if other != fold]
        if not outside:
            continue
        rows = _joined(outside)
        for penalty in penalties:
            losses[penalty] += _loss(inside, _fit(rows, penalty))[0]
    return min(penalties, key=lambda penalty: (round(losses[penalty], 6), -penalty))


def _joined(tables: Sequence[_Table]) -> _Rows:
    """Returns the rows of all cases that have any; the others are certainly "none of them"."""
    kept = [(values, right) for values, right in tables if len(values)]
    sizes = [len(values) for values, _ in kept]
    starts = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    right = [start + r if r >= 0 else -1 for start, (_, r) in zip(starts, kept, strict=True)]
    values = np.concatenate([v for v, _ in kept]) if kept else np.zeros((0, len(_NAMES)))
    return _Rows(values, starts, np.array(right, dtype=np.int64))


def _fit(rows: _Rows, penalty: float) -> Floats:
    """Returns the coefficients that minimize the penalized loss; those of unseen features are 0.

    Neither `@` nor L-BFGS-B is used: on problems as small as this the threads of a BLAS wait for
    each other nearly all of the time.
    """
    from scipy.optimize import minimize

    # A coefficient is penalized for what it does, whatever the unit of its feature.
    scale = np.sqrt(np.square(rows.values).mean(axis=0))
    scale[_IS_BASE | (scale == 0)] = 1.0
    scaled = _Rows(rows.values / scale, rows.starts, rows.right)
    strengths = np.where(_IS_BASE, _BASE_PENALTY, penalty)

    def objective(weights: Floats) -> tuple[float, Floats]:
        loss, gradient = _loss(scaled, weights)
        return loss + 0.5 * float(strengths @ weights**2), gradient + strengths * weights

    found = minimize(
        objective,
        np.zeros(len(_NAMES)),
        jac=True,
        method="TNC",
        bounds=[(None if base else 0.0, None) for base in _IS_BASE],
        options={"maxfun": 5000, "ftol": 1e-10, "xtol": 1e-9, "gtol": 1e-8},
    )
    return np.asarray(found.x / scale, dtype=np.float64)


def _loss(rows: _Rows, weights: Floats) -> tuple[float, Floats]:
    """Returns less the log-likelihood of what was right, in nats, and its gradient."""
    if not len(rows.starts):
        return 0.0, np.zeros(len(_NAMES))
    log_odds = np.einsum("ij,j->i", rows.values, weights)
    sizes = np.diff([*rows.starts, len(log_odds)])
    most = np.maximum(0.0, np.maximum.reduceat(log_odds, rows.starts))
    odds = np.exp(log_odds - np.repeat(most, sizes))
    totals = np.exp(-most) + np.add.reduceat(odds, rows.starts)
    right = rows.right[rows.right >= 0]
    loss = float((np.log(totals) + most).sum() - log_odds[right].sum())
    shares = odds / np.repeat(totals, sizes)
    expected = np.einsum("i,ij->j", shares, rows.values)
    return loss, expected - rows.values[right].sum(axis=0)


def _places(cases: Sequence[Case]) -> tuple[float, ...]:
    """Returns the log-odds of direct predictions by place, none more than that before it.

    As for the base of that name, those that a verified program gives too do not count.
    """
    n_seen: Counter[int] = Counter()
    n_right: Counter[int] = Counter()
    for case in cases:
        features = features_of(case.candidates)
        grids = in_order([c for c in case.candidates if c.source == DIRECT])
        for i, grid in enumerate(grids):
            if "verified" in features.get(grid, ()):
                continue
            place = min(i, _N_PLACES - 1)
            n_seen[place] += 1
            n_right[place] += grid == case.answer
    log_odds = [
        math.log((n_right[i] + 0.5) / (n_seen[i] - n_right[i] + 0.5))
        for i in range(_N_PLACES)
        if n_seen[i]
    ]
    return tuple(min(log_odds[: i + 1]) for i in range(len(log_odds)))
