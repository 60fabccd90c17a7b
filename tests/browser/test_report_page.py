"""report.html in a browser: what it shows, how it is filtered, who can use it."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from rolecall.report import page as report
from rolecall.secret import Mask
from support.outcomes import Scale, outcome

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 700}
# WCAG 2.2 has it, and axe-core asks for it only where it is told to.
RULES = {"rules": {"target-size": {"enabled": True}}}
LINES = """each => {
  const range = document.createRange();
  range.selectNodeContents(each);
  return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
}"""


def shown(page, selector=".all tbody tr"):
    return page.locator(f"{selector}:not([hidden])").count()


@pytest.mark.parametrize("targets", [5, 60, 3000])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_opens_without_a_word_and_fits(opened, pages, targets, viewport):
    page = opened(targets, viewport=viewport)
    assert "failed" in page.locator("h1").inner_text()
    assert shown(page) == targets
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert pages[targets].stat().st_size < 5_000_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("targets", [5, 60])
def test_it_is_accessible(opened, targets, scheme, viewport):
    page = opened(targets, color_scheme=scheme, viewport=viewport)
    page.locator(".all tbody th a").first.click()
    for details in page.locator("details").all():
        details.evaluate("each => each.open = true")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_large_one_is_accessible(opened, scheme):
    page = opened(3000, color_scheme=scheme)
    # axe takes minutes for thousands of rows that are all alike.
    alike = page.locator(".all tbody tr:nth-child(n + 30)")
    alike.evaluate_all("rows => rows.forEach((row) => row.remove())")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=["desktop", "phone", "narrow"])
@pytest.mark.parametrize("targets", [5, 60])
def test_a_link_is_as_large_as_a_finger_needs_and_a_region_on_one_line(opened, targets, viewport):
    page = opened(targets, viewport=viewport)
    for details in page.locator("details").all():
        details.evaluate("each => each.open = true")
    boxes = [link.bounding_box() for link in page.locator("a:visible").all()]
    assert len(boxes) > targets
    assert min(min(box["width"], box["height"]) for box in boxes) >= 24
    places = page.locator(".id, .all tbody td:nth-of-type(2)").all()
    assert {place.inner_text() for place in places} >= {"eu-central-1"}
    assert {place.evaluate(LINES) for place in places} == {1}
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_a_row_that_is_opened_looks_as_before(opened):
    page = opened(5)
    state = page.locator("tr.bad td:nth-of-type(4)")
    closed = state.evaluate("each => [getComputedStyle(each).color, each.textContent]")
    page.locator("tr.bad th a").click()
    assert page.locator("tr.bad .more").count() == 1
    assert state.evaluate("each => [getComputedStyle(each).color, each.textContent]") == closed
    mark = "each => getComputedStyle(each, '::before').content"
    marks = [cell.evaluate(mark) for cell in page.locator("tr.bad td").all()]
    assert ["✕" in text for text in marks] == [False, False, False, True, False, False]


def test_output_of_commands_runs_nothing(opened):
    page = opened(60)
    assert "owned" not in page.title()
    assert "<script>" in page.locator(".card pre").first.inner_text()
    assert page.locator(".card pre *").count() == 0


@pytest.mark.parametrize(("targets", "failed"), [(5, 1), (60, 3), (3000, 49)])
def test_states_are_filtered_and_counted(opened, targets, failed):
    page = opened(targets)
    page.get_by_label(f"failed {failed}").check()
    told = page.locator("#told")
    told.get_by_text(f"{failed} of {targets:,} match").wait_for()
    assert shown(page) == failed
    assert shown(page, ".card") == failed
    page.get_by_label("succeeded").check()
    told.get_by_text(re.compile(rf"^(?!{failed} of).* match$")).wait_for()
    assert shown(page) > failed
    page.get_by_role("button", name="Clear").click()
    told.get_by_text(f"{targets:,} shown").wait_for()
    assert shown(page) == targets


def test_waves_and_accounts_are_filtered_together(opened):
    page = opened(60)
    assert page.get_by_role("heading", name="What failed").is_visible()
    page.get_by_label("Wave").select_option("1")
    page.locator("#told").get_by_text("7 of 60 match").wait_for()
    page.get_by_label("Account").fill("100000000003")
    page.locator("#told").get_by_text("1 of 60 match").wait_for()
    assert page.locator(".all tbody tr:not([hidden]) th").inner_text() == "team-0002"
    assert page.locator("#accounts option").count() == 60
    page.get_by_label("Account").fill("9999")
    page.get_by_text("No target matches.").wait_for()
    assert not page.get_by_role("heading", name="What failed").is_visible()


def test_the_logs_are_searched(opened):
    page = opened(3000)
    page.get_by_label("Search names and logs").fill("ONERROR=alert")
    page.locator("#told").get_by_text("49 of 3,000 match").wait_for()
    assert page.evaluate("CSS.highlights.get('found').size") == 49
    page.get_by_label("Search names and logs").fill("team-0060")
    page.locator("#told").get_by_text("1 of 3,000 match").wait_for()
    assert shown(page, ".failed article") == 1


def test_the_keyboard_alone_will_do(opened):
    page = opened(5)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the targets"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("#told").get_by_text("1 of 5 match").wait_for()
    outline = page.evaluate(
        "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
    )
    assert outline == "solid"


def test_a_row_opens_and_tells_more(opened):
    page = opened(5)
    link = page.locator(".all tbody th a").nth(3)
    link.press("Enter")
    assert link.get_attribute("aria-expanded") == "true"
    more = page.locator(".more").inner_text()
    assert "arn:aws:iam::100000000004:role/deploy" in more
    assert "npx cdk deploy --require-approval never (failed, 12 s)" in more
    link.press("Enter")
    assert page.locator(".more").count() == 0


def test_a_failed_row_leads_to_its_log(opened):
    page = opened(60)
    row = page.locator("tr.bad").nth(2)
    row.get_by_role("link", name="failed").click()
    card = page.locator(f"#{row.get_attribute('id').replace('t', 'f')}")
    assert card.get_attribute("open") is not None


def test_a_command_is_copied(opened):
    page = opened(5, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "rolecall run --only team-0003"


def test_without_a_script_everything_is_there_but_the_filters(opened):
    page = opened(60, java_script_enabled=False)
    assert shown(page) == 60
    assert page.locator(".filters").is_hidden()
    assert page.locator(".card pre").first.is_visible()
    assert page.locator(".again button").count() == 0


def test_on_paper_there_are_no_filters_and_every_log_is_open(opened):
    page = opened(60)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".filters").is_hidden()
    assert page.locator(".card pre").count() == page.locator(".card[open] pre").count() == 3


def test_a_run_that_went_well_has_nothing_to_search_for(opened, tmp_path):
    report.write(tmp_path, outcome(Scale(targets=3)), Mask())
    page = opened(3, path=tmp_path / "report.html")
    assert page.locator("h1").inner_text() == "All 3 targets succeeded"
    assert page.locator(".card").count() == 0
    page.get_by_label("Search names and logs").fill("team-0001")
    page.locator("#told").get_by_text("1 of 3 match").wait_for()
