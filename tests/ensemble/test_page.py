import html
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from contests import SOURCE, by_programs, contest, random_tasks
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from arc.grid import Grid
from ensemble.compare.comparison import compare_entries
from ensemble.compare.drawing import draw_sheet
from ensemble.compare.overlap import intersections
from ensemble.compare.published import ARC1_EVALUATION
from ensemble.compare.sheets import sheets_of
from ensemble.page.code import highlighted
from ensemble.page.figures import Point, scatter, upset
from ensemble.page.page import page_of

EVIL = '</script><img src="x" onerror="alert(1)">'


def made(comparison, **options):
    return page_of(comparison, sheets_of(comparison), **options)


@pytest.fixture(scope="module")
def comparison():
    return contest(12, usd_per_hour=0.5, published=ARC1_EVALUATION)


@pytest.fixture(scope="module")
def page(comparison):
    return made(comparison)


class Tables(HTMLParser):
    """Collects the texts of the cells of each sheet's table."""

    def __init__(self):
        super().__init__()
        self.found, self._key, self._cell = {}, None, None

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self._key = dict(attributes).get("data-sheet")
            self.found[self._key] = []
        elif tag in ("td", "th") and self._key:
            self.found[self._key].append("")

    def handle_endtag(self, tag):
        if tag == "table":
            self._key = None

    def handle_data(self, data):
        if self._key and self.found[self._key]:
            self.found[self._key][-1] += f" {data}"


def numbers(text):
    return sorted(re.findall(r"[-+]?\d[\d.]*", text))


def test_the_terminal_and_the_page_say_the_same_numbers(comparison, page):
    tables = Tables()
    tables.feed(page)
    sheets = sheets_of(comparison)
    assert set(tables.found) == {sheet.key for sheet in sheets}
    for sheet in sheets:
        console = Console(file=io.StringIO(), width=1000)
        console.print(draw_sheet(replace(sheet, title="", caption="")))
        printed = console.file.getvalue()
        assert numbers(printed) == numbers(" ".join(tables.found[sheet.key])), sheet.key
        assert numbers(printed)


def test_the_page_asks_the_network_for_nothing(page):
    links = re.findall(r'<a href="(https://[^"]*)"', page)
    assert sorted(set(links)) == sorted({each.url for each in ARC1_EVALUATION})
    rest = re.sub(r'<a href="https://[^"]*"', "", page)
    assert not re.search(r"https?:|@import|url\(", rest)
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe)[^>]* (src|href)=\"(?!data:)", page)


def test_an_id_is_given_once(page):
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)


def test_names_and_programs_cannot_leave_their_place():
    (task, answer), *_ = random_tasks(1)
    evil = type(task)(EVIL, task.pairs, task.test_inputs)
    answers = {EVIL: type(answer)(EVIL, answer.outputs)}
    entry = replace(by_programs({EVIL: answer.outputs}), name=EVIL)
    page = made(compare_entries([entry, entry], answers, EVIL, tasks=[evil]))
    assert EVIL not in page
    assert "<img" not in page
    assert page.count("</script>") == page.count("<script") == 2


@given(st.text(max_size=60) | st.just(SOURCE))
@settings(max_examples=25)
def test_a_highlighted_program_is_the_program_and_nothing_but_its_tags(source):
    marked = highlighted(source)
    text = html.unescape(re.sub(r"</?i[^>]*>", "", marked))
    assert text == source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    assert set(re.findall(r"<[^>]*>", marked)) <= {"</i>", *(f"<i class={c}>" for c in "kscmf")}


def data_of(page):
    return json.loads(page.split('id="data">')[1].split("</script>")[0])


def test_the_gallery_has_every_task_grid_and_program(comparison, page):
    data = data_of(page)

    def grid(index):
        width, cells = data["grids"][index].split(":")
        width = int(width)
        return Grid(len(cells) // width, width, bytes(map(int, cells)))

    assert len(set(data["grids"])) == len(data["grids"])
    assert [task["id"] for task in data["tasks"]] == list(comparison.answers)
    for shown in data["tasks"]:
        task = comparison.tasks[shown["id"]]
        assert [(grid(a), grid(b)) for a, b in shown["pairs"]] == [
            (pair.input, pair.output) for pair in task.pairs
        ]
        answers = comparison.answers[shown["id"]].outputs
        assert tuple(grid(index) for index in shown["answers"]) == answers
        for row, outcome in zip(comparison.rows, shown["rows"], strict=True):
            assert outcome["share"] == pytest.approx(row.score.shares[shown["id"]], abs=1e-3)
            for i, candidates in enumerate(outcome["tests"]):
                ranked = row.entry.ranked.get(shown["id"], ((),) * len(answers))
                for candidate in candidates:
                    assert grid(candidate["grid"]) == ranked[i][candidate["place"] - 1]
                    assert bool(candidate["right"]) == (grid(candidate["grid"]) == answers[i])
    programs = [html.unescape(re.sub("<[^>]*>", "", text)) for text in data["programs"]]
    assert len(programs) == len(comparison.rows[0].entry.candidates)
    assert all(SOURCE.rstrip() in program for program in programs)


def test_without_the_gallery_there_is_no_answer(comparison):
    page = made(comparison, with_tasks=False)
    assert 'id="data"' not in page
    for answer in comparison.answers.values():
        assert "".join(map(str, answer.outputs[0].cells)) not in page


@pytest.mark.slow
def test_four_hundred_tasks_of_large_grids_stay_below_five_megabytes():
    assert len(made(contest(400, most=22)).encode()) < 5_000_000


def test_published_rows_are_marked_as_not_run_here(page):
    assert page.count('<div class="line published">') == len(ARC1_EVALUATION)
    assert "published by others, not run here" in page


@given(st.dictionaries(st.sampled_from("ab<"), st.sets(st.sampled_from("1234")), min_size=2))
@settings(max_examples=20)
def test_a_figure_is_xml_and_draws_every_set(solved):
    overlap = intersections(solved, "1234")
    drawn = ElementTree.fromstring(upset(list(solved), overlap))
    assert [int(t.text) for t in drawn.iter("text") if t.get("class") == "strong"] == [
        len(each.task_ids) for each in overlap
    ]


points = st.builds(
    Point,
    st.text("a<&", min_size=1),
    st.floats(1e-4, 1e5),
    st.floats(0, 1),
    place=st.integers(-1, 8),
)


@given(st.lists(points, min_size=2, max_size=8))
@settings(max_examples=20)
def test_every_point_lies_within_the_figure(found):
    drawn = ElementTree.fromstring(scatter(found, "seconds a task"))
    width, height = float(drawn.get("width")), float(drawn.get("height"))
    circles = list(drawn.iter("circle"))
    assert len(circles) == sum(point.place >= 0 for point in found)
    for circle in circles:
        assert 0 < float(circle.get("cx")) < width
        assert 0 < float(circle.get("cy")) < height


def test_too_little_makes_no_figure():
    assert upset(["a"], intersections({"a": {"1"}}, "1")) == ""
    assert scatter([Point("a", 1.0, 0.5)], "seconds a task") == ""


def luminance(color):
    values = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "good", "bad"])
@pytest.mark.parametrize("ground", ["ground", "panel", "raised"])
def test_words_have_enough_contrast_in_both_themes(page, ink, ground):
    colors = dict(re.findall(r"--(\w+): light-dark\(([^)]*)\)", page))
    for a, b in zip(colors[ink].split(", "), colors[ground].split(", "), strict=True):
        high, low = sorted((luminance(a), luminance(b)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)
