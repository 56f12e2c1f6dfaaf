"""The page in a real browser: needs Chromium, its driver and the `browser` extra."""

import shutil

import pytest
from contests import contest

from ensemble.compare.published import ARC1_EVALUATION
from ensemble.compare.sheets import sheets_of
from ensemble.page.page import page_of

pytestmark = pytest.mark.slow
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1200,900",
)  # fmt: skip
N_TASKS = 30


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    comparison = contest(N_TASKS, usd_per_hour=0.5, published=ARC1_EVALUATION)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_of(comparison, sheets_of(comparison)))
    return path.as_uri()


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install '.[browser]'")
    browser, server = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not server:
        pytest.skip("no chromium with chromedriver is installed here")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(server)
    started = webdriver.Chrome(options=options, service=service)
    yield started
    started.quit()


@pytest.fixture
def page(driver, url):
    """Opens the page anew; afterwards nothing may stand in the console."""
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get("about:blank")
    driver.get(url)
    yield driver
    complaints = driver.get_log("browser")
    assert complaints == []


def js(page, code, *arguments):
    return page.execute_script(
        f"const at = (id) => document.getElementById(id); {code}", *arguments
    )


def ids(page):
    return js(page, "return [...at('gallery').children].map((card) => card.dataset.id)")


def choose(page, name, value):
    code = (
        "const s = at(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change'))"
    )
    js(page, code, name, value)


def press(page, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(page).send_keys(*keys).perform()


def test_it_opens_with_all_tasks_and_fetches_nothing(page):
    assert len(ids(page)) == N_TASKS
    assert js(page, "return performance.getEntriesByType('resource').map((e) => e.name)") == []
    assert js(page, "return at('count').textContent") == f"{N_TASKS} of {N_TASKS} tasks"


def test_sorting_changes_the_order_and_keeps_the_tasks(page):
    before = ids(page)
    choose(page, "order", "large")
    assert ids(page) != before
    assert sorted(ids(page)) == sorted(before)
    choose(page, "order", "small")
    small = ids(page)
    choose(page, "order", "id")
    assert ids(page) == sorted(before)
    assert small != ids(page)


def test_filters_leave_what_is_asked_for(page):
    choose(page, "outcome", "0")
    solved = ids(page)
    choose(page, "outcome", "failed")
    assert sorted(solved + ids(page)) == sorted(f"{i:08x}" for i in range(N_TASKS))
    assert 0 < len(solved) < N_TASKS
    choose(page, "outcome", "")
    choose(page, "level", "0")
    assert len(ids(page)) == N_TASKS // 2
    choose(page, "level", "")
    page.find_element("id", "find").send_keys("1f")
    assert ids(page) == []
    assert js(page, "return !at('none').hidden")


def test_a_task_opens_with_its_attempts_program_and_votes(page):
    js(page, "at('gallery').children[4].click()")
    body = js(page, "return at('task-body').innerText")
    for words in ("Demonstrations", "attempt 1", "def transform", "VOTES BY VIEW", "answer"):
        assert words.lower() in body.lower()
    assert js(page, "return document.querySelectorAll('#task-body svg.grid').length") > 8
    assert js(page, "return document.querySelectorAll('#task-body .over').length") > 0
    assert js(page, "return location.hash") == f"#task-{4:08x}"


COUNTED = """
const crosses = (figure) => figure.querySelector('.over')?.getAttribute('d').match(/M/g) || [];
const said = (figure) => Number(figure.textContent.match(/wrong in (\\d+)/)[1]);
return [...document.querySelectorAll('#task-body figure')]
    .filter((figure) => /wrong in/.test(figure.textContent))
    .map((figure) => [said(figure), crosses(figure).length]);
"""
"""For each attempt of the right size and wrong: how many cells it says differ, and the crosses."""


def test_differing_cells_are_marked_and_no_others(page):
    for i in range(N_TASKS):
        js(page, f"at('gallery').children[{i}].click()")
        said = js(page, COUNTED)
        assert all(number == marks for number, marks in said)
        js(page, "at('task').close()")


def test_the_keyboard_alone_is_enough(page):
    from selenium.webdriver.common.keys import Keys

    press(page, "/")
    assert js(page, "return document.activeElement.id") == "find"
    js(page, "at('gallery').children[0].focus()")
    press(page, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    columns = js(
        page,
        """const cards = [...at('gallery').children];
        return cards.filter((c) => c.offsetTop === cards[0].offsetTop).length""",
    )
    here = js(page, "return document.activeElement.dataset.id")
    assert here == f"{1 + columns:08x}"
    press(page, Keys.ENTER)
    assert js(page, "return at('task').open")
    press(page, Keys.ARROW_RIGHT)
    assert js(page, "return at('task-title').textContent") == f"{2 + columns:08x}"
    press(page, Keys.ESCAPE)
    assert not js(page, "return at('task').open")
    assert js(page, "return document.activeElement.dataset.id") == f"{2 + columns:08x}"


def test_the_palette_and_the_digits_can_be_changed(page):
    js(page, "at('gallery').children[0].click()")
    color = "return getComputedStyle(document.querySelector('#task-body .k1, #task-body .k2')).fill"
    before = js(page, color)
    choose(page, "palette", "safe")
    assert js(page, color) != before
    assert js(page, "return document.querySelectorAll('#task-body .grid text').length") == 0
    js(page, "at('digits').click()")
    assert js(page, "return document.querySelectorAll('#task-body .grid text').length") > 0


def test_a_program_can_be_copied(page):
    js(page, "at('gallery').children[1].click()")
    js(page, "document.querySelector('.copy').click()")
    page.execute_async_script("setTimeout(arguments[0], 100)")
    assert js(page, "return document.querySelector('.copy').textContent") == "Copied"


def background(page):
    return js(page, "return getComputedStyle(document.body).backgroundColor")


def test_the_theme_follows_the_system_and_can_be_overruled(page):
    seen = {}
    for theme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": theme}
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        seen[theme] = background(page)
    assert seen["light"] != seen["dark"]
    choose(page, "theme", "light")
    assert background(page) == seen["light"]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_scrolls_sideways_on_a_phone(page, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 2, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert js(page, "return document.documentElement.scrollWidth") <= width
    js(page, "at('gallery').children[2].click()")
    assert js(page, "return at('task-body').scrollWidth - at('task-body').clientWidth") <= 0


def test_a_link_to_a_task_opens_it(page, url):
    page.get("about:blank")
    page.get(f"{url}#task-{7:08x}")
    assert js(page, "return at('task-title').textContent") == f"{7:08x}"
