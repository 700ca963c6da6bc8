"""What a merchant sees of its statements."""

from decimal import Decimal

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from tests import shops
from tests.amounts import usd
from tests.factories import ChargeFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db


@kept()
def shop() -> Shop:
    """A shop whose October is closed (15.50 billed, 1.00 not); November is open with 2.00 and a
    late 3.00.
    """
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-03 10:00", "pick-pack", "3.50", request="FR-7", quantity="2.5")
    shop.charge("2026-10-05 15:00", "shipping-label", "12.00")
    shop.charge("2026-10-31 12:00", "pick-pack", "1.00")
    shop.run_jobs("2026-11-01 00:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "2.00")
    ChargeFactory.create(
        shop=shop, at="2026-10-30 10:00", arrived="2026-11-02 11:00", fee="packaging", amount="3.00"
    )
    return shop


def read(shop: Shop, page: str, role: str = "OWNER") -> str:
    """The text of this page of statements, as somebody in this role reads it."""
    return text_of(browser_of(member(shop, role)).get(f"/m/rosewood/billing/statements/{page}"))


def test_statements_are_listed_latest_month_first(shop: Shop) -> None:
    page = read(shop, "")
    assert "November 2026 Open closes at the end of 30 Nov 2026 2 5.00 USD when closed" in page
    assert "October 2026 Closed at the end of 31 Oct 2026 3 16.50 USD CSV" in page
    assert page.index("November 2026") < page.index("October 2026")


@pytest.mark.usefixtures("nothing_kept")
def test_a_merchant_without_statements_reads_what_opens_one() -> None:
    shop = shops.join("2026-10-01 09:00")
    assert "No statements yet. The first fulfilment or shipping charge opens one." in read(shop, "")


def test_a_closed_statement_shows_totals_and_each_charge_with_its_bill(shop: Shop) -> None:
    page = read(shop, "2026-10/")
    assert (
        "Fulfilment 2 4.50 USD Pick and pack 2 4.50 USD "
        "Shipping 1 12.00 USD Shipping label 1 12.00 USD Total 3 16.50 USD" in page
    )
    assert "Pick and pack 3 Oct 2026 10:00 FR-7 T-2026-000001 2.5 3.50 USD" in page
    assert "Pick and pack 31 Oct 2026 12:00 FR-1 not billed yet 1 1.00 USD" in page
    assert page.index("3 Oct 2026 10:00") < page.index("31 Oct 2026 12:00")
    assert "Export as CSV" in page


def test_the_open_statement_says_when_it_closes_and_shows_the_latest_first(shop: Shop) -> None:
    page = read(shop, "2026-11/")
    assert "Open closes at the end of 30 Nov 2026" in page
    assert page.index("2 Nov 2026 10:00") < page.index("30 Oct 2026 10:00 Late")
    assert "All charges" in page
    assert "Export as CSV" not in page
    assert "PDF" not in page


def test_a_viewer_sees_no_way_to_export(shop: Shop) -> None:
    assert "CSV" not in read(shop, "", role="VIEWER")
    assert "CSV" not in read(shop, "2026-10/", role="VIEWER")
    assert "CSV" in read(shop, "2026-10/", role="FINANCE")


@pytest.mark.full  # pages/test_page_queries has some
def test_pages_take_few_queries_however_many_charges_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        shop.charge("2026-11-03 10:00", "pick-pack", "1.00", f"c-{number}")
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/billing/statements/")
    with django_assert_max_num_queries(12):
        page = client.get("/m/rosewood/billing/statements/2026-11/")
    assert len(page.context["page"].rows) == 50


TOTALS = """
SELECT charge.fee_id, count(*), sum(charge.amount) FROM billing_charge charge
JOIN billing_statement statement ON statement.id = charge.statement_id
WHERE statement.month = %s GROUP BY 1 ORDER BY 1
"""


def summed(month: str) -> list[tuple[str, int, Decimal]]:
    """Count and sum of the month's charges by fee, computed by SQL of the test's own."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, [month])
        return [(fee, count, amount) for fee, count, amount in cursor]


def test_a_statement_stands_beside_the_month_before_and_opens_to_a_fees_charges(
    shop: Shop,
) -> None:
    assert summed("2026-10-01") == [("pick-pack", 2, usd("4.50").amount),
                                    ("shipping-label", 1, usd("12").amount)]  # fmt: skip
    assert summed("2026-11-01") == [
        ("packaging", 1, usd(3).amount),
        ("pick-pack", 1, usd(2).amount),
    ]
    page = read(shop, "2026-11/")
    assert (
        "Fee Charges October 2026 November 2026 Fulfilment 2 4.50 USD 5.00 USD "
        "Packaging 1 0.00 USD 3.00 USD Pick and pack 1 4.50 USD 2.00 USD "
        "Shipping 0 12.00 USD 0.00 USD Shipping label 0 12.00 USD 0.00 USD "
        "Total 2 16.50 USD 5.00 USD" in page
    )
    assert "November 2026 is not over; October 2026 is shown as a whole." in page
    # The first month has none before it. Of a closed one it is said how much more it is.
    assert "Change" not in read(shop, "2026-10/")
    shop.run_jobs("2026-12-01 00:00")
    page = read(shop, "2026-11/")
    assert "Total 2 16.50 USD −11.50 USD 5.00 USD" in page
    client = browser_of(member(shop))
    html = client.get("/m/rosewood/billing/statements/2026-11/").content.decode()
    for fee, count, amount in summed("2026-11-01"):
        assert f'href="?fee={fee}#charges"' in html
        found = client.get(f"/m/rosewood/billing/statements/2026-11/?fee={fee}")
        assert f"{count} result Total {amount:.2f} USD" in text_of(found)
        assert [one.fee_id for one in found.context["page"].rows] == [fee] * count
    before = "/m/rosewood/billing/days/?category=FULFILMENT&amp;month=2026-10"
    assert f'href="{before}"' in html
    assert "Total 4.50 USD" in text_of(client.get(before.replace("&amp;", "&")))
    # A fee that neither month has is no choice, and a charge of another fee is not found by it.
    assert "Select a valid choice" in read(shop, "2026-11/?fee=storage")
    assert "Nothing matches" in read(shop, "2026-11/?fee=packaging&reference=FR-7")
