"""Studies: a calibration fitted on cases, with what cross-validation says it is worth.

Whatever is said of it is out of fold: each task is judged by a fit that has not seen it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arc.candidate import ProgramEvidence, ViewEvidence
from arc.grid import Grid
from arc.scoring import CONVENTIONS, Score
from arc.submission import N_ATTEMPTS
from ensemble.calibrate.cases import Case, Cases
from ensemble.calibrate.fitting import (
    N_FOLDS,
    PENALTIES,
    CrossValidation,
    choose_penalty,
    cross_validate,
    fit_calibration,
)
from ensemble.calibrate.reliability import Reliability, reliability_of, reliability_sheet
from ensemble.compare.coverage import score_first
from ensemble.compare.entry import unique_names
from ensemble.compare.pairing import paired_tests
from ensemble.compare.sheets import Cell, Line, Sheet, paired_sheet, rate_cell
from ensemble.folder.difference import of_stage
from ensemble.merge.calibration import Calibration
from ensemble.merge.evidence import DIRECT, FEATURES
from ensemble.merge.policy import MergeConfig, rank_by_odds, rank_grids

CALIBRATED, FIRST = "calibrated", "induction-first"
PROBABILITIES = "probabilities of attempts, out of fold"
"""Title of the table and of the figure."""


@dataclass(frozen=True, slots=True)
class Study:
    """A fit and what cross-validation says of it.

    Attributes:
        calibration: Fitted on all cases, with the facts its file has.
        penalty: The strength of its penalty.
        fold_penalties: The strengths that the fits without a fold chose.
        scores: Of each policy, by name; `calibrated` is out of fold.
        ceiling: The score of all candidates together.
        attempts: How honest the out-of-fold probabilities of the attempts are.
        grids: The same for all grids.
    """

    calibration: Calibration
    penalty: float
    fold_penalties: Mapping[int, float]
    scores: Mapping[str, Score]
    ceiling: Score
    attempts: Reliability
    grids: Reliability


def study_of(gathered: Cases, penalties: Sequence[float] = PENALTIES) -> Study:
    """Returns a fit on all cases, and the judgement of cross-validation on such fits.

    Raises:
        DataError: There is too little to fit on.
    """
    cases = gathered.cases
    validation = cross_validate(cases, penalties)
    penalty = choose_penalty(cases, penalties)
    calibration = fit_calibration(cases, penalty)
    out_of_fold = [
        rank_by_odds(case.candidates, fitted)
        for case, fitted in zip(cases, validation.calibrations, strict=True)
    ]
    rankings = {
        CALIBRATED: out_of_fold,
        FIRST: _ranked(cases, lambda case: rank_grids(case.candidates)),
        "interleave": _ranked(
            cases, lambda case: rank_grids(case.candidates, MergeConfig(policy="interleave"))
        ),
        "plain votes": _ranked(cases, rank_by_votes),
    }
    scores = {
        name: score_first(_by_task(cases, ranked), gathered.answers, N_ATTEMPTS)
        for name, ranked in rankings.items()
    }
    attempts = [ranked[:N_ATTEMPTS] for ranked in out_of_fold]
    study = Study(
        calibration,
        penalty,
        validation.penalties,
        scores,
        score_first(_by_task(cases, out_of_fold), gathered.answers),
        reliability_of(_predictions(cases, validation, attempts)),
        reliability_of(_predictions(cases, validation, out_of_fold)),
    )
    facts = _facts(study, gathered)
    told = replace(calibration, stages=gathered.stages, facts=facts)
    return replace(study, calibration=told)


def rank_by_votes(case: Case) -> tuple[Grid, ...]:
    """Returns the grids by votes: every program has one, verified or not, and every reply."""
    votes: Counter[Grid] = Counter()
    for candidate in case.candidates:
        evidence = candidate.evidence
        if isinstance(evidence, ProgramEvidence):
            votes[candidate.grid] += evidence.n_programs
        else:
            votes[candidate.grid] += evidence.votes if isinstance(evidence, ViewEvidence) else 1
    return tuple(sorted(rank_grids(case.candidates), key=lambda grid: -votes[grid]))


def sheets_of_study(study: Study, gathered: Cases) -> list[Sheet]:
    """Returns all that is said about a fit."""
    pair = [(name, study.scores[name]) for name in (CALIBRATED, FIRST)]
    return [
        _policy_sheet(study, gathered),
        paired_sheet(paired_tests(pair)),
        _honesty_sheet(study),
        reliability_sheet(study.attempts, PROBABILITIES),
        _coefficient_sheet(study.calibration),
    ]


def _ranked(
    cases: Sequence[Case], rank: Callable[[Case], tuple[Grid, ...]]
) -> list[tuple[Grid, ...]]:
    return [rank(case) for case in cases]


def _by_task(
    cases: Sequence[Case], ranked: Sequence[tuple[Grid, ...]]
) -> dict[str, tuple[tuple[Grid, ...], ...]]:
    found: dict[str, tuple[tuple[Grid, ...], ...]] = {}
    for case, grids in zip(cases, ranked, strict=True):
        found[case.task_id] = (*found.get(case.task_id, ()), grids)
    return found


def _predictions(
    cases: Sequence[Case], validation: CrossValidation, grids: Sequence[tuple[Grid, ...]]
) -> list[tuple[float, bool]]:
    found = []
    for case, fitted, chosen in zip(cases, validation.calibrations, grids, strict=True):
        probabilities = fitted.probabilities(case.candidates)
        found += [(probabilities[g], g == case.answer) for g in chosen if g in probabilities]
    return found


def _facts(study: Study, gathered: Cases) -> dict[str, Any]:
    """Returns what the file says of how it came about; the names of runs, and no path."""
    names = unique_names([folder.path for folder in gathered.folders])
    grids = study.grids
    return {
        "fitted_on": {
            "dataset": "arc1",
            "split": "training",
            "n_tasks": len(gathered.tasks),
            "n_outputs": len(gathered.cases),
            "n_grids": grids.count,
            "n_right": sum(each.n_right for each in grids.bins),
            "runs": [
                {
                    "name": name,
                    "versions": dict(folder.manifest.get("versions", {})),
                    "stages": {
                        stage: of_stage(folder.settings, stage, folder.origins)
                        for stage in folder.manifest["stages"]
                    },
                }
                for name, folder in zip(names, gathered.folders, strict=True)
            ],
        },
        "cross_validation": {
            "n_folds": N_FOLDS,
            "penalty": study.penalty,
            "pass_at_2": {
                name: round(score.task_share / score.n_tasks, 4)
                for name, score in study.scores.items()
            },
            "attempts": {
                "n": study.attempts.count,
                "brier": round(study.attempts.brier, 4),
                "log_loss": round(study.attempts.log_loss, 4),
                "calibration_error": round(study.attempts.calibration_error, 4),
            },
        },
    }


def _policy_sheet(study: Study, gathered: Cases) -> Sheet:
    rows = [*study.scores.items(), ("any candidate", study.ceiling)]
    lines = [
        Line((Cell(name), *(rate_cell(score.rate(c)) for c in CONVENTIONS))) for name, score in rows
    ]
    notes = []
    if gathered.n_unfinished:
        notes.append(f"{gathered.n_unfinished} tasks are left out: a stage of theirs is not done.")
    if gathered.n_known:
        notes.append(
            f"{gathered.n_known} tasks are left out: the shipped weights were trained on them, or "
            "they share a pair with an evaluation task."
        )
    return Sheet(
        "policies",
        f"pass@2 on {len(gathered.tasks)} tasks of arc1 training, {' + '.join(gathered.stages)}",
        ("", *CONVENTIONS),
        tuple(lines),
        f"{CALIBRATED}: every task by a fit on the other folds of {N_FOLDS}, which chose the "
        "strength of the penalty among themselves. Brackets: 95 % bootstrap interval.",
        notes=tuple(notes),
    )


def _honesty_sheet(study: Study) -> Sheet:
    lines = [
        Line(
            (
                Cell(name),
                Cell(str(each.count)),
                Cell(f"{each.brier:.4f}", f"{each.base_brier:.4f} by the mean"),
                Cell(f"{each.log_loss:.4f}", f"{each.base_log_loss:.4f} by the mean"),
                Cell(f"{each.calibration_error:.4f}"),
            )
        )
        for name, each in (("attempts", study.attempts), ("all grids", study.grids))
    ]
    chosen = Counter(study.fold_penalties.values())
    tally = ", ".join(f"{p:g} in {n} folds" for p, n in sorted(chosen.items()))
    return Sheet(
        "honesty",
        "how honest the probabilities are, out of fold",
        ("", "predictions", "Brier score", "log loss", "calibration error"),
        tuple(lines),
        "By the mean: what saying the mean share every time would have. Calibration error: mean "
        "distance of a bin's mean from its share.",
        notes=(f"Strength of the L2 penalty: {study.penalty:g} for the file; {tally}.",),
    )


def _coefficient_sheet(calibration: Calibration) -> Sheet:
    lines = [
        Line((Cell(name), Cell(meaning), Cell(f"{calibration.coefficients[name]:+.3f}")))
        for name, meaning in FEATURES.items()
        if name in calibration.coefficients
    ]
    places = ", ".join(f"{value:+.2f}" for value in calibration.places)
    notes = (f"Log-odds of a prediction of {DIRECT} by its place alone: {places}.",)
    return Sheet(
        "coefficients",
        "coefficients, in nats of log-odds",
        ("", "evidence", "coefficient"),
        tuple(lines),
        n_words=2,
        notes=notes if calibration.places else (),
    )
