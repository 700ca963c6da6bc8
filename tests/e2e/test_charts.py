"""In a browser: the figures of charts, which the pointer and the finger reach."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, expect
from pytest_django.live_server_helper import LiveServer

from tests import shops
from tests.e2e.signing_in import by_session
from tests.factories import member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_charts_tell_their_figures_under_the_pointer_and_the_finger(
    browser: Browser, live_server: LiveServer
) -> None:
    """Drawn into the page where it is wide, and as an image on a telephone."""
    shop = shops.join("2026-10-01 09:00", credit_limit="5000.00")
    shop.place("2026-10-02 10:00", "A-1", "1200.00")
    owner = member(shop)
    problems: list[str] = []
    for width, has_touch in ((1280, False), (375, True)):
        page = browser.new_page(viewport={"width": width, "height": 800}, has_touch=has_touch)
        page.on("console", lambda said: problems.append(said.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        by_session(page, live_server, owner, "/m/rosewood/credit/limit/")
        chart = page.locator("svg.drawn:visible, img.chart:visible")
        chart.scroll_into_view_if_needed()
        assert chart.evaluate("one => one.localName") == ("img" if has_touch else "svg")
        if has_touch:
            expect(chart).to_have_js_property("complete", True)  # it is loaded late
        expect(page.locator(".told")).to_have_count(0)
        point_at(chart, finger=has_touch)
        expect(page.locator(".told span")).to_have_text(
            ["Limit: 5,000.00\N{NO-BREAK SPACE}USD", "Used: 1,200.00\N{NO-BREAK SPACE}USD"]
        )
        (page.touchscreen.tap if has_touch else page.mouse.move)(2, 300)
        expect(page.locator(".told")).to_have_count(0)
        page.close()
    assert problems == []


@pytest.mark.full  # what charts tell is above
def test_a_bar_opens_its_month_by_a_click_and_by_a_second_tap(
    browser: Browser, live_server: LiveServer
) -> None:
    shop = shops.join("2026-10-01 09:00", credit_limit="5000.00")
    shop.place("2026-10-02 10:00", "A-1", "1200.00")
    owner = member(shop)
    for width, has_touch in ((1280, False), (375, True)):
        page = browser.new_page(viewport={"width": width, "height": 800}, has_touch=has_touch)
        by_session(page, live_server, owner, "/m/rosewood/credit/sales/")
        chart = page.locator("svg.drawn:visible, img.chart:visible")
        chart.scroll_into_view_if_needed()
        point_at(chart, finger=has_touch)
        expect(page.locator(".told strong")).to_have_text(f"{timezone.now():%b}")
        expect(page).to_have_url(re.compile("/sales/$"))
        if has_touch:
            point_at(chart, finger=True)
        else:
            box = chart.bounding_box()
            assert box
            chart.click(position={"x": box["width"] * 0.97, "y": box["height"] / 2})
        expect(page).to_have_url(re.compile(f"/sales/{timezone.now():%Y-%m}/$"))
        page.close()


def point_at(chart: Locator, *, finger: bool) -> None:
    """Point near the right end of the chart, which is today, once it stands still there."""
    box = chart.bounding_box()
    assert box
    (chart.tap if finger else chart.hover)(
        position={"x": box["width"] * 0.97, "y": box["height"] / 2}
    )
