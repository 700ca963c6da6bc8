"""The shop of a week in November 2026, from Monday the 2nd on, and what its people do in a browser.

limit       5,000.00, of which order A-2 holds 1,200.00
proceeds    900.00 of order A-1, to be withdrawn since 27 October
October     57.75 in charges, on the closed statement and on bill 2026-000001, which is paid
bill        2026-000002 over 210.00, issued on Monday at 08:00
"""

from playwright.sync_api import Locator, Page

from billing.operations import credits
from tests import shops
from tests.amounts import usd
from tests.billing import paying
from tests.credit import withdrawing
from tests.shops import Shop

MONDAY = "2026-11-02"
UNPAID = "2026-000002"


def open_shop(card: str = paying.GOOD) -> Shop:
    """The shop on Monday morning; its bills are collected from this card. Needs the sandbox."""
    shop = shops.join("2026-10-01 09:00", payment_method="sandbox")
    shop.charge("2026-10-03 10:00", "pick-pack", "15.50", "C-1", description="Two dresses")
    shop.charge("2026-10-05 11:00", "shipping-label", "7.25", "C-2")
    shop.charge("2026-10-06 12:00", "receiving", "40.00", "C-3", request="FR-2")
    credits.grant(
        merchant_id=shop.merchant.pk,
        charge="C-1",
        fee="credit-pick-pack",
        amount=usd("5.00"),
        told="One of the dresses was another one.",
        reason="One of the dresses was another one.",
        request_key="form-1",
        actor=paying.OPERATOR,
        now=shop.at("2026-10-08 09:00"),
    )
    shop.place("2026-10-10 10:00", "A-1", "900.00")
    shop.ship("2026-10-11 10:00", "A-1")
    shop.deliver("2026-10-12 10:00", "A-1")
    withdrawing.add(shop, "2026-10-15 10:00")
    shop.pay("2026-10-20 10:00", "A-1", "900.00")
    shop.place("2026-10-30 10:00", "A-2", "1200.00", buyer="Malee")
    shop.run_jobs("2026-11-01 00:00")
    paying.add_card(shop, "2026-11-01 12:00", card)
    shop.charge(f"{MONDAY} 08:00", "receiving", "210.00", "C-4", request="FR-3")
    assert shop.invoices() == ["2026-10-31 SUBSCRIPTION 57.75", "2026-11-02 THRESHOLD 210.00"]
    return shop


def go_to(page: Page, name: str) -> None:
    """Go to a page by the link in the navigation."""
    main = page.get_by_role("navigation", name="Main")
    main.get_by_role("link", name=name, exact=True).click()


def panel(page: Page, heading: str) -> Locator:
    """The part of the page under this heading."""
    return page.locator("section", has=page.get_by_role("heading", name=heading))
