"""`ensemble calibrate`: fits how far evidence can be trusted, and says what that is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from arc.document import write_json
from ensemble.calibrate.cases import gather_cases
from ensemble.calibrate.reliability import draw_reliability
from ensemble.calibrate.study import PROBABILITIES, sheets_of_study, study_of
from ensemble.compare.drawing import draw_sheet
from ensemble.terminal import console


def calibrate(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Run folders over training tasks; their stages are joined."),
    ],
    out: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads this at run time
        typer.Option(help="The file to write, for --set merge.calibration=FILE."),
    ] = None,
    figure: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Draw how honest the probabilities are; needs matplotlib."),
    ] = None,
) -> None:
    """Fits what evidence is worth, for the merge by probabilities, and cross-validates it.

    ensemble calibrate runs/induction runs/transduction --out calibration.json
    """
    gathered = gather_cases(runs)
    study = study_of(gathered)
    terminal = console()
    for place, sheet in enumerate(sheets_of_study(study, gathered)):
        if place:
            terminal.print()
        terminal.print(draw_sheet(sheet))
    if figure is not None:
        draw_reliability(study.attempts, figure, PROBABILITIES)
        print(figure)
    if out is not None:
        write_json(out, study.calibration.document(), indent=1)
        print(out)
