"""A real Chromium, driven by Playwright. Without one these tests are skipped, or fail if required.

BROWSER_TESTS=required makes a Chromium that is missing a failure.
"""

from __future__ import annotations

import os
import shutil

import pytest

from rolecall.report import page as report
from rolecall.secret import Mask
from support.outcomes import Scale, outcome

SCALES = {
    5: Scale(targets=5, failed=4),
    60: Scale(targets=60, failed=20, not_assumed=29, not_run=11),
    3000: Scale(targets=3000, failed=61, not_assumed=83, not_run=40),
}
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items):
    """One line says why all of these are skipped."""
    if _program() or os.environ.get("BROWSER_TESTS") == "required":
        return
    skipped = pytest.mark.skip(reason="no Chromium: on Debian, apt-get install chromium")
    for item in items:
        if "/tests/browser/" in str(item.path):
            item.add_marker(skipped)


def _program():
    return next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The path of a report for each number of targets."""
    folder = tmp_path_factory.mktemp("pages")
    for targets, scale in SCALES.items():
        (folder / str(targets)).mkdir()
        report.write(folder / str(targets), outcome(scale), Mask())
    return {targets: folder / str(targets) / "report.html" for targets in SCALES}


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium, with a home of its own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where it is run

    program = _program()
    assert program, "no Chromium: on Debian, apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, pages):
    """Opens a report, and fails where it says anything on the console or asks for anything."""
    contexts, said = [], []

    def open_page(targets, *, path=None, **options):
        path = path or pages[targets]
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url))
        page.goto(path.as_uri())
        assert said == [path.as_uri()]
        said.clear()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
