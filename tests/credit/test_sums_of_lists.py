"""What lists of orders and withdrawals come to, as sums of the tables say it."""

import re
from collections.abc import Callable

import pytest
from django.db import connection

from lib import money
from tests import shops
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.text import text_of

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
ORDERS, WITHDRAWALS = "/m/rosewood/credit/orders/", "/m/rosewood/credit/withdrawals/"


def in_sql(statement: str) -> list[str]:
    """Each figure of the statement's only row, as pages write amounts."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return [f"{money.of(one, 'USD').amount:,} USD" for one in row]


SUMS_OF_ORDERS = """
SELECT coalesce(sum(amount) FILTER (WHERE status NOT IN ('DECLINED', 'CANCELLED')), 0),
       coalesce(sum(amount) FILTER (WHERE status IN ('DECLINED', 'CANCELLED')), 0),
       coalesce(sum(outstanding), 0)
FROM credit_order
"""
SUMS_OF_WITHDRAWALS = """
SELECT coalesce(sum(amount) FILTER (WHERE status IN ('REQUESTED', 'PAID')), 0),
       coalesce(sum(amount) FILTER (WHERE status = 'CANCELLED'), 0)
FROM credit_withdrawal
"""


def sums(path: str, query: str = "") -> tuple[str, list[str]]:
    """What the list says in one line, and the queries to which its sums lead."""
    response = browser_of(member(shops.Shop("rosewood"))).get(f"{path}{query}")
    line = response.content.decode().split('id="found"')[1].split("</p>")[0]
    response.content = f'<p id="found"{line}</p>'.encode()
    return text_of(response), re.findall(r'href="(.*?)"', line)


def test_what_came_to_nothing_is_summed_apart_and_each_sum_leads_to_its_rows(
    clock: Callable[[str], None],
) -> None:
    shop = withdrawing.shop_with("300.00", credit_limit="1000")
    shop.place("2026-11-02 10:00", "O-1", "120.00")
    shop.place("2026-11-02 11:00", "O-2", "80.00")
    shop.cancel("2026-11-02 12:00", "O-2", "")
    shop.place("2026-11-02 13:00", "O-3", "5000.00")  # declined
    clock(withdrawing.NOW)
    withdrawing.cancel(withdrawing.withdraw(shop, "40.00"))
    withdrawing.withdraw(shop, "25.00")
    sold, not_sold, outstanding = in_sql(SUMS_OF_ORDERS)
    assert (sold, not_sold, outstanding) == ("420.00 USD", "5,080.00 USD", "120.00 USD")
    told = f"Sold {sold} Declined or cancelled {not_sold} Outstanding {outstanding}"
    for query in ("", "?figures=all"):
        said, leads = sums(ORDERS, query)
        assert f"4 results {told}" in said
    found = [sums(ORDERS, one)[0] for one in leads]
    assert f"2 results Sold {sold} Declined or cancelled 0.00 USD" in found[0]
    assert f"2 results Sold 0.00 USD Declined or cancelled {not_sold}" in found[1]
    assert (
        f"1 result Sold 120.00 USD Declined or cancelled 0.00 USD Outstanding {outstanding}"
        in (found[2])
    )
    kept, came_back = in_sql(SUMS_OF_WITHDRAWALS)
    assert (kept, came_back) == ("25.00 USD", "40.00 USD")
    said, leads = sums(WITHDRAWALS)
    assert f"2 results Paid or on its way {kept} Came back {came_back}" in said
    assert (
        f"1 result Paid or on its way {kept} Came back 0.00 USD" in sums(WITHDRAWALS, leads[0])[0]
    )
    assert (
        f"1 result Paid or on its way 0.00 USD Came back {came_back}"
        in (sums(WITHDRAWALS, leads[1])[0])
    )
