"""The page in a real headless Chromium: it opens without complaint or network, pictures load, tables sort, nothing
overflows."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
if BROWSER is None or DRIVER is None:
    pytest.skip("needs Chromium and chromedriver (Debian: chromium, chromium-driver)", allow_module_level=True)
webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium (pip install -e '.[dev]')")

from selenium.webdriver.chrome.service import Service  # noqa: E402  # a module that may be absent
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip

OWN = ("chrome:", "chrome-untrusted:", "data:,", "about:blank")  # the browser's own pages

LOADED = "return window.before === undefined && document.readyState === 'complete'"

OVERFLOW = """
const root = document.documentElement, width = root.clientWidth;
const free = [...document.querySelectorAll("body *")].filter(element => !element.closest(".scroll *"));
const outside = free.filter(element => element.getBoundingClientRect().right > width + 1);
return [width, Math.max(root.scrollWidth, document.body.scrollWidth), outside.map(element => element.outerHTML)];
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))  # the driver named: nothing is downloaded
    browser.get("about:blank")  # away from the browser's start page, whose last requests and complaints ...
    time.sleep(1)  # ... come late and would be taken for the report's
    yield browser
    browser.quit()


def opened(browser: Any, page: Path, width: int = 1400) -> Any:
    for log in ("browser", "performance"):
        browser.get_log(log)  # what came before is not this page's
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_script("window.before = true")
    browser.get(page.as_uri())  # of an address that is open already the driver may return before it is there again
    WebDriverWait(browser, 30).until(lambda it: it.execute_script(LOADED))
    return browser


def requests(browser: Any) -> list[str]:
    """What the page asked for. The browser's own start page, left a moment before, may ask for more, late."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [one["request"]["url"] for one in sent if not one["documentURL"].startswith(OWN)]


def complaints(browser: Any) -> list[str]:
    messages = [entry["message"] for entry in browser.get_log("browser")]
    return [message for message in messages if not message.startswith(OWN)]


@pytest.mark.parametrize("kind", ["page", "hostile_page"])
def test_it_opens_without_complaint_and_without_network(
    chromium: Any, kind: str, request: pytest.FixtureRequest
) -> None:
    page: Path = request.getfixturevalue(kind)
    browser = opened(chromium, page)
    assert "snnconv report" in browser.title
    time.sleep(0.5)  # for complaints that come late
    assert complaints(browser) == []
    sent = requests(browser)
    assert sent[0] == page.as_uri()
    assert all(url.startswith("data:") for url in sent[1:])


def test_the_log_would_show_a_complaint(chromium: Any, page: Path, tmp_path: Path) -> None:
    """That the log is empty means something: it holds what the page's security policy stops, and a script's error."""
    text = page.read_text().replace("</body>", '<img src="http://127.0.0.1:9/x.png"><script>alert(1)</script></body>')
    (tmp_path / "broken.html").write_text(text)
    browser, messages = opened(chromium, tmp_path / "broken.html"), []
    patience = time.monotonic() + 20  # on a busy machine the log is behind the page
    while len(messages) < 2 and time.monotonic() < patience:
        messages += complaints(browser)
        time.sleep(0.05)
    assert sum("Content Security Policy" in message for message in messages) == 2


def test_hostile_names_run_nothing(chromium: Any, hostile_page: Path) -> None:
    """The names would set the title, if they were run."""
    browser = opened(chromium, hostile_page)
    assert browser.title != "run"
    assert browser.execute_script("return document.scripts.length") == 1


@pytest.mark.parametrize("kind", ["page", "hostile_page"])
def test_every_picture_loads(chromium: Any, kind: str, request: pytest.FixtureRequest) -> None:
    """Also those with hostile names in them."""
    browser = opened(chromium, request.getfixturevalue(kind))
    widths = browser.execute_script("return [...document.images].map(image => image.complete && image.naturalWidth)")
    assert len(widths) == 19
    assert min(widths) >= 400


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("kind", ["page", "hostile_page"])
def test_nothing_overflows(chromium: Any, kind: str, width: int, request: pytest.FixtureRequest) -> None:
    """Wide tables and figures scroll within themselves; the page does not, also with everything unfolded."""
    browser = opened(chromium, request.getfixturevalue(kind), width)
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    inner, wide, outside = browser.execute_script(OVERFLOW)
    assert width - 20 <= inner <= width  # but for the scroll bar
    assert wide <= inner
    assert outside == []


def column(table: Any, number: int) -> list[str]:
    cells = table.find_elements(By.CSS_SELECTOR, f"tbody tr > :nth-child({number + 1})")
    return [cell.get_attribute("textContent") for cell in cells]


def table_of(browser: Any, section: str, heading: str) -> tuple[Any, int, Any]:
    """The first table of a section with such a column: table, place of the column, its button."""
    for table in browser.find_elements(By.CSS_SELECTOR, f"#{section} table"):
        buttons = table.find_elements(By.CSS_SELECTOR, "thead th button")
        names = [button.get_attribute("textContent").replace("\u00a0", " ") for button in buttons]
        if heading in names:
            return table, names.index(heading), buttons[names.index(heading)]
    raise AssertionError(f"no column {heading!r} in {section}")


def order_of(table: Any, number: int) -> str:
    return table.find_elements(By.CSS_SELECTOR, "thead th")[number].get_attribute("aria-sort")


@pytest.mark.parametrize(("section", "heading"), [("latency", "accuracy (%)"), ("sweep", "vs ANN (points)")])
def test_a_click_sorts_numbers_both_ways(chromium: Any, page: Path, section: str, heading: str) -> None:
    """Negative ones too."""
    table, number, button = table_of(opened(chromium, page), section, heading)
    assert order_of(table, number) == "none"
    before = column(table, number)
    button.click()
    assert order_of(table, number) == "ascending"
    assert [float(text) for text in column(table, number)] == sorted(map(float, before))
    button.click()
    assert order_of(table, number) == "descending"
    assert [float(text) for text in column(table, number)] == sorted(map(float, before), reverse=True)


def test_amounts_sort_by_value_not_by_letters(chromium: Any, page: Path) -> None:
    """`683 nJ` is less than `2.36 µJ`, though its digits are more."""
    table, number, button = table_of(opened(chromium, page), "sweep", "energy")
    button.click()
    units = {"nJ": 1e-9, "µJ": 1e-6, "mJ": 1e-3}
    values = [float(text.split()[0]) * units[text.split()[1]] for text in column(table, number)]
    assert len(values) == 3
    assert values == sorted(values)
    button.click()
    assert [float(text.split()[0]) * units[text.split()[1]] for text in column(table, number)] == values[::-1]


def test_text_sorts_by_keyboard_both_ways(chromium: Any, page: Path) -> None:
    table, number, button = table_of(opened(chromium, page), "summary", "setting")
    names = sorted(column(table, number))
    assert len(names) == 3
    button.send_keys(Keys.ENTER)
    assert column(table, number) == names
    button.send_keys(Keys.SPACE)
    assert column(table, number) == names[::-1]
    assert order_of(table, number) == "descending"


def test_rows_stay_whole(chromium: Any, page: Path) -> None:
    table, _, button = table_of(opened(chromium, page), "summary", "T = 1")
    rows = {row.text for row in table.find_elements(By.CSS_SELECTOR, "tbody tr")}
    button.click()
    assert {row.text for row in table.find_elements(By.CSS_SELECTOR, "tbody tr")} == rows


def test_figures_can_be_saved(chromium: Any, page: Path) -> None:
    links = opened(chromium, page).find_elements(By.CSS_SELECTOR, "figure a.save")
    assert len(links) == 19
    for link in links:
        assert link.is_displayed()
        assert link.get_attribute("href").startswith("data:image/svg+xml;base64,")
        assert link.get_attribute("download").endswith(".svg")


def test_printing_unfolds_everything(chromium: Any, page: Path) -> None:
    browser = opened(chromium, page)
    assert browser.execute_script("return document.querySelectorAll('details:not([open])').length") > 0
    browser.execute_cdp_cmd("Page.printToPDF", {})
    assert browser.execute_script("return document.querySelectorAll('details:not([open])').length") == 0
