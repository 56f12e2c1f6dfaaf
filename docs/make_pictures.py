"""Makes the pictures of docs/report.md from runs over the training split.

    ensemble run --split train --limit 40 --mode induction --out runs/induction
    ensemble run --split train --limit 40 --mode transduction --out runs/transduction
    python docs/make_pictures.py runs/induction runs/transduction --task 11852cab

Needs a Chromium with its driver and `pip install '.[browser]'`. Refuses runs over anything else, so
that no evaluation task gets into the documentation.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from ensemble.compare.comparison import compare_entries
from ensemble.compare.contest import Contest, gather
from ensemble.compare.sheets import sheets_of
from ensemble.page.page import page_of
from ensemble.picture import Pen, draw_attempts, draw_task

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip
DESKTOP = (1240, 1400, 1.0)
PHONE = (390, 1000, 2.0)


def main() -> None:
    """Makes all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--task", required=True, help="The task that is shown opened.")
    parser.add_argument("--usd-per-hour", type=float)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    given = parser.parse_args()
    contest = gather(given.runs)
    if contest.title != "arc1 training":
        parser.error(f"runs over the training split expected, these are over {contest.title}")
    if given.task not in {task.task_id for task in contest.tasks}:
        parser.error(f"--task: the runs have no task {given.task}")
    given.out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(_page(contest, given.usd_per_hour))
        with _browser(Path(folder) / "profile") as browser:
            _picture_page(browser, page.as_uri(), given.task, given.out)
            _picture_terminal(browser, contest, given.task, Path(folder), given.out)


def _page(contest: Contest, usd_per_hour: float | None) -> str:
    comparison = compare_entries(
        contest.entries,
        contest.answers,
        contest.title,
        tasks=contest.tasks,
        usd_per_hour=usd_per_hour,
    )
    return page_of(comparison, sheets_of(comparison))


@contextmanager
def _browser(profile: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


def _picture_page(browser: webdriver.Chrome, url: str, task_id: str, out: Path) -> None:
    views: dict[str, tuple[tuple[int, int, float], str, str]] = {
        "report": (DESKTOP, "light", ""),
        "figures": (DESKTOP, "dark", "#s-overlap"),
        "gallery": (DESKTOP, "light", "#tasks"),
        "task": (DESKTOP, "light", f"#task-{task_id}"),
        "phone": (PHONE, "light", ""),
        "phone_task": (PHONE, "dark", f"#task-{task_id}"),
    }
    for name, ((width, height, scale), theme, place) in views.items():
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        _tell(browser, "Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": theme}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        _tell(browser, "Emulation.setEmulatedMedia", {"features": [scheme, motion]})
        browser.get("about:blank")
        browser.get(url + place)
        browser.execute_async_script("setTimeout(arguments[0], 600)")
        browser.save_screenshot(str(out / f"{name}.png"))


def _tell(browser: webdriver.Chrome, command: str, settings: dict[str, Any]) -> None:
    browser.execute_cdp_cmd(command, settings)


def _picture_terminal(
    browser: webdriver.Chrome, contest: Contest, task_id: str, folder: Path, out: Path
) -> None:
    console = Console(
        record=True, width=96, force_terminal=True, color_system="truecolor", file=io.StringIO()
    )
    pen = Pen.on(console)
    (task,) = [task for task in contest.tasks if task.task_id == task_id]
    answers = contest.answers[task_id]
    console.print(draw_task(task, pen, answers))
    console.print(draw_attempts(contest.entries[0], task, pen, answers))
    drawn = console.export_svg(
        title=f"ensemble show {task_id} --run {contest.entries[0].name} --answers"
    )
    svg = folder / "terminal.svg"
    svg.write_text(re.sub(r"@font-face {.*?}", "", drawn, flags=re.DOTALL))
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0])
    metrics = {
        "width": round(width), "height": round(height), "deviceScaleFactor": 1, "mobile": False
    }  # fmt: skip
    _tell(browser, "Emulation.setDeviceMetricsOverride", metrics)
    browser.get(svg.as_uri())
    browser.save_screenshot(str(out / "terminal.png"))


if __name__ == "__main__":
    main()
