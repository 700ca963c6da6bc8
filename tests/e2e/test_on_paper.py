"""In a browser: bills and statements on paper have the document, and nothing to be clicked."""

from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from billing.operations import charges
from tests import shops
from tests.e2e.signing_in import by_session
from tests.factories import member
from tests.pdf_text import pages_of
from tests.whole import some

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

A4 = 688  # pixels between the margins, narrower than where tables become cards on a screen
SCREEN_ONLY = (
    ".side, header.bar, .skip, .up, .paging, .filter, .buttons, .actions, .onscreen,"
    " main :is(form, button, .button)"
)


@pytest.fixture
def printer(browser: Browser, live_server: LiveServer, settings: Settings) -> Page:
    """The browser of an owner with a closed month of ninety charges, whose screen is dark."""
    settings.TAEL_ISSUER = ["Tael Ltd", "1 Harbour Road, Hong Kong"]
    shop = shops.join("2026-10-01 09:00", plan_price="39.00")
    shop.place("2026-10-02 10:00", "A-1", "120.00")
    days = (shop.at(f"2026-10-{day:02} 10:00") for day in range(1, 31))
    ninety = [
        charges.NewCharge(
            merchant_id=shop.merchant.pk,
            reference=f"{fee} {at:%d}",
            fee=fee,
            currency="USD",
            amount=Decimal(1),
            quantity=Decimal(1),
            at=at,
            now=at,
            request="FR-1",
        )
        for at in days
        for fee in ("pick-pack", "receiving", "packaging")
    ]
    assert charges.record_many(ninety) == [True] * 90
    shop.run_jobs("2026-11-01 00:00")
    page = browser.new_page(color_scheme="dark", viewport={"width": A4, "height": 1000})
    by_session(page, live_server, member(shop))
    page.emulate_media(media="print", color_scheme="dark")
    return page


# Each has a head that its table repeats on every page.
DOCUMENTS = {
    "/m/rosewood/billing/invoices/2026-000002/": "Fee Posted Charges Amount",
    # Its charges have no descriptions.
    "/m/rosewood/billing/statements/2026-10/": "Fee Service Request Bill Quantity Amount",
}


@pytest.mark.parametrize("address", some(DOCUMENTS, 2))
def test_it_is_the_document_in_black_on_white(
    printer: Page, live_server: LiveServer, address: str
) -> None:
    printer.goto(f"{live_server.url}{address}")
    _is_the_document(printer, DOCUMENTS[address])


CHARTED = ("", "calendar/", "credit/limit/", "credit/sales/", "billing/charges/")


@pytest.mark.full  # a document is printed above
def test_charts_are_drawn_whole_on_paper_also_from_a_telephone(
    printer: Page, live_server: LiveServer
) -> None:
    """A telephone's screen has images that it loads late; paper has the page's own drawing, which
    is there already.
    """
    printer.set_viewport_size({"width": 375, "height": 600})
    for path in CHARTED:
        printer.goto(f"{live_server.url}/m/rosewood/{path}")
        drawings = printer.locator("svg.drawn").all()
        assert drawings, path
        for drawing in drawings:
            box = drawing.bounding_box()
            assert box, path
            assert box["x"] >= 0, path
            assert 300 < box["x"] + box["width"] <= 375, path
        assert [one for one in printer.locator("img.chart").all() if one.is_visible()] == [], path
        shown = [one for one in printer.locator(SCREEN_ONLY).all() if one.is_visible()]
        assert [one.evaluate("one => one.outerHTML") for one in shown] == [], path
        assert not _dark_things(printer), path


@pytest.mark.full  # billing/test_pdf reads it
def test_the_file_says_first_what_each_fee_comes_to_and_who_issued_it(
    printer: Page, live_server: LiveServer, settings: Settings
) -> None:
    """As an owner takes it from the bill's page, long after the issuer has another name."""
    settings.TAEL_ISSUER = ["Tael Asia Ltd", "9 Silom Road, Bangkok"]
    printer.goto(f"{live_server.url}{next(iter(DOCUMENTS))}")
    printer.emulate_media(media="screen")
    with printer.expect_download() as loading:
        printer.get_by_role("link", name="Download as PDF").click()
    first, *more = pages_of(Path(loading.value.path()).read_bytes())
    assert first.startswith("Bill Open Tael Ltd 1 Harbour Road, Hong Kong Bill number T-2026-00000")
    assert "Packaging 30 30.00 USD Pick and pack 30 30.00 USD Receiving 30 30.00 USD" in first
    assert "Total 129.00 USD Paid so far 0.00 USD Left to pay 129.00 USD" in first
    assert "Payment by bank transfer Reference of the transfer T-2026-00000" in first
    assert "Silom Road" not in " ".join((first, *more))
    assert " ".join((first, *more)).count(" Oct 2026 1 1.00 USD") == 90


def _is_the_document(printer: Page, heads: str) -> None:
    """Check that the page, as printed, is the document alone: black on white, within A4, and begins
    with this heading.
    """
    expect(printer.locator("h1")).to_be_visible()
    assert [one for one in printer.locator(SCREEN_ONLY).all() if one.is_visible()] == []
    assert printer.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert printer.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert not _dark_things(printer)
    assert printer.evaluate("document.documentElement.scrollWidth") <= A4
    pages = pages_of(printer.pdf(format="A4"))
    assert len(pages) > 1
    assert all(heads in page for page in pages[:-1])  # the last one may have what comes after
    assert "http" not in " ".join(pages)


def _dark_things(page: Page) -> list[str]:
    """What would be printed on another ground than white."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body, body *")]
          .filter((one) => one.checkVisibility())
          .map((one) => getComputedStyle(one).backgroundColor)
          .filter((colour) => !["rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"].includes(colour))"""
    )
    return found
