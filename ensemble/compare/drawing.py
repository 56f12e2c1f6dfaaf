"""Sheets drawn in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ensemble.compare.sheets import Cell, Sheet


def draw_sheet(sheet: Sheet) -> RenderableType:
    """Returns a sheet as a table; details stand below what they belong to."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=Text(sheet.title, style="bold"),
        caption=Text(sheet.caption, style="dim") if sheet.caption else None,
        title_justify="left",
        caption_justify="left",
    )
    for place, name in enumerate(sheet.columns):
        is_words = place < sheet.n_words
        table.add_column(Text(name), justify="left" if is_words else "right")
    for line in sheet.lines:
        table.add_row(*map(_drawn, line.cells))
    return Group(table, *map(Text, sheet.notes)) if sheet.notes else table


def _drawn(cell: Cell) -> Text:
    text = Text(cell.text)
    if cell.detail:
        text.append(f"\n{cell.detail}", style="dim")
    return text
