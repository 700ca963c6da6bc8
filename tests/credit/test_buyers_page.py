"""A merchant's buyers: who holds the limit, how they have paid, and whether an order of theirs
would be taken.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from moneyed import Money

from credit.models import Order
from credit.operations import own_rules
from credit.queries import acceptance, buyer_list, buyers
from credit.queries.buyer_list import Buyers
from credit.queries.buyers import Outcome
from lib.erasing import new_pseudonym
from lib.figures import Figures
from pages.bars import Bar
from tests import shops
from tests.amounts import usd
from tests.credit.pages import read, set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
PAGE = "/m/rosewood/credit/buyers/"


@kept()
def written() -> Shop:
    """A shop on 1 December: Malee pays on time and late, Somchai holds most, and is overdue with
    one.
    """
    shop = shops.join("2026-10-01 09:00", credit_limit="2000.00", timezone="Asia/Bangkok")
    for order, paid in (("M-1", "2026-10-12 23:59"), ("M-2", "2026-10-13 00:01")):
        shop.place("2026-10-02 10:00", order, "100.00", buyer="Malee")
        shop.deliver("2026-10-02 11:00", order)  # due on the 12th
        shop.pay(paid, order, "100.00")
    shop.place("2026-10-14 10:00", "M-3", "90.00", buyer="Malee", instalments=3)
    shop.deliver("2026-10-14 11:00", "M-3")  # due on the 24th, and each 30 days later
    shop.pay("2026-10-24 10:00", "M-3", "30.00")
    shop.pay("2026-11-24 10:00", "M-3", "60.00")  # a day after the second part
    shop.place("2026-10-15 10:00", "M-4", "50.00", buyer="Malee")
    shop.cancel("2026-10-15 11:00", "M-4")
    shop.place("2026-11-01 10:00", "S-1", "300.00", buyer="Somchai")
    shop.deliver("2026-11-02 10:00", "S-1")  # due on the 12th
    shop.place("2026-11-30 10:00", "S-2", "700.00", buyer="Somchai", buyer_risk=2)
    shop.place("2026-11-30 11:00", "N-1", "200.00", buyer="malee nok")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 1 Dec 2026, 03:00 UTC."""
    clock("2026-12-01 03:00")
    return written


LIST_IN_SQL = """
SELECT buyer, count(*), max(placed_at), count(*) FILTER (WHERE status = 'OPEN'),
       count(*) FILTER (WHERE status = 'OPEN' AND due_on < '2026-12-01'),
       min(due_on) FILTER (WHERE status = 'OPEN'), coalesce(sum(outstanding), 0),
       sum(written_off - recovered - refunded_written_off) FILTER (WHERE status = 'WRITTEN_OFF')
FROM credit_order GROUP BY buyer
"""


def listed(shop: Shop, query: str = "") -> Any:
    """What the page of the buyers is made of."""
    return browser_of(member(shop, "VIEWER")).get(f"{PAGE}{query}").context


def names(shop: Shop, query: str) -> list[str]:
    """The names of the buyers that the list shows."""
    return [one.name for one in listed(shop, query)["page"].rows]


def test_who_holds_the_limit_and_how_much_of_it(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LIST_IN_SQL)
        rows = sorted(cursor.fetchall(), key=lambda row: (-row[6], row[0]))
    shown = listed(shop)
    assert [
        (one.name, one.orders, one.latest_at, one.open_orders, one.overdue, one.due_on,
         one.holds.amount, one.lost.amount or None) for one in shown["page"].rows
    ] == rows  # fmt: skip
    assert shown["filter"].figures == Figures(3, [[shop.line.used], [usd("0")]])
    said = read(shop, "buyers/", role="VIEWER")
    assert "Somchai Overdue 30 Nov 2026 2 1 50% 1,000.00 USD" in said
    assert "malee nok Owes 30 Nov 2026 1 – 10% 200.00 USD" in said
    assert "Malee Owes nothing 24 Nov 2026 4 – – 0.00 USD" in said
    assert "Used by open orders 1,200.00 USD" in said
    file = browser_of(member(shop, "FINANCE")).get("/m/rosewood/credit/buyers.csv?standing=HOLDS")
    heading, *lines = b"".join(file).decode("utf-8-sig").splitlines()
    assert heading == (
        "Buyer,Orders,Last order (Asia/Bangkok),Last order (UTC),Open orders,Overdue,"
        'Earliest due date,Holds,Share of the limit,"Written off, and not recovered",Currency'
    )
    assert lines == [
        "Somchai,2,2026-11-30 10:00:00,2026-11-30T03:00:00Z,2,1,2026-11-12,1000.00,50.0,0.00,USD",
        "malee nok,1,2026-11-30 11:00:00,2026-11-30T04:00:00Z,1,0,,200.00,10.0,0.00,USD",
    ]


@pytest.mark.full  # so are lists of pages/
def test_the_list_is_filtered_sorted_and_paged_and_its_sums_lead_to_their_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = ["Somchai", "malee nok", "Malee"]
    found = {
        "": everybody, "?by=holds": everybody[::-1], "?by=name": ["Malee", "Somchai", "malee nok"],
        "?by=-orders": ["Malee", "Somchai", "malee nok"],
        "?by=latest_at": ["Malee", *everybody[:2]],
        "?standing=LATE": ["Somchai"], "?standing=LOST": [], "?standing=CLEAR": ["Malee"],
        "?standing=HOLDS": everybody[:2], "?least=200&most=999.99": ["malee nok"],
        "?since=2026-11-24&until=2026-11-24": ["Malee"], "?days=7": everybody[:2],
        "?least=x": [], "?after=x~Malee": everybody, "?by=-latest_at&after=2026-11-30~a": [
            "malee nok", "Somchai", "Malee"],
    }  # fmt: skip
    assert {query: names(shop, query) for query in found} == found
    # Each sum leads to its rows.
    bar = Bar(listed(shop)["filter"], member(shop).memberships.get())
    assert [(str(label), sums) for label, sums, _address in bar.sums] == [
        ("Holds", [shop.line.used]), ("Written off, and not recovered", [usd("0")])]  # fmt: skip
    (_, _, held), (_, _, lost) = bar.sums
    assert names(shop, held.removesuffix("#buyers")) == everybody[:2]
    assert names(shop, lost.removesuffix("#buyers")) == []
    # One buyer a page, there and back, whatever the list is sorted by.
    monkeypatch.setitem(Buyers.page.__kwdefaults__ or {}, "size", 1)
    for by in buyer_list.SORTS:
        walked = [listed(shop, f"?by={by}")]
        while mark := walked[-1]["page"].after:
            walked.append(listed(shop, f"?{urlencode({'by': by, 'after': mark})}"))
        there = [one["page"].rows[0].name for one in walked]
        assert sorted(there) == sorted(everybody), by
        assert [one["filter"].shown_of for one in walked] == [(1, 1, 3), (2, 2, 3), (3, 3, 3)]
        back = names(shop, f"?{urlencode({'by': by, 'before': walked[2]['page'].before})}")
        assert back == [there[1]], by


def test_a_buyer_is_found_by_any_part_of_the_name_whatever_its_capitals(shop: Shop) -> None:
    assert names(shop, "?name=MALEE") == ["malee nok", "Malee"]
    assert "Malee" in read(shop, "buyers/?name=mal")
    assert names(shop, "?name=nO") == ["malee nok"]
    page = read(shop, "buyers/?name=%25")
    assert "Nothing matches. Try a shorter part of the name, or clear the filter." in page


def test_strangers_see_no_buyers_of_a_shop(shop: Shop) -> None:
    other = browser_of(member(shops.join("2026-10-01 09:00", "other")))
    for path in (PAGE, "/m/rosewood/credit/buyers.csv"):
        assert other.get(path).status_code == 404
        assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"
    assert (
        browser_of(member(shop, "VIEWER")).get("/m/rosewood/credit/buyers.csv").status_code == 403
    )


def test_a_record_says_what_was_paid_on_time_and_opens_to_the_orders(shop: Shop) -> None:
    record = buyers.record(shop.line, "Malee", today=shop.at("2026-12-01 10:00").date())
    assert record is not None
    came = {order.reference: record.outcome_of[order.pk] for order in record.orders}
    late = {"M-2": Outcome.LATE, "M-3": Outcome.LATE}  # one part was paid a day too late
    assert came == {"M-1": Outcome.ON_TIME, "M-4": Outcome.CANCELLED} | late
    assert (record.bought, record.debt.owed, record.risk) == (usd("290"), usd("0"), 0)
    page = read(shop, "buyers/Malee/?outcome=LATE")
    assert "Paid on time 1 Paid late 2 Written off 0" in page
    assert ("M-2" in page, "M-3" in page, "M-1" in page) == (True, True, False)
    page = read(shop, "buyers/Somchai/")
    assert "Somchai Overdue Can I take" in page
    assert "Risk, as the marketplace told it last Medium" in page
    assert "1,000.00 USD owes now Outstanding on open orders 1,000.00 USD" in page
    pseudonym = new_pseudonym()
    Order.objects.filter(buyer="Malee").update(buyer=pseudonym)
    page = read(shop, f"buyers/{pseudonym}/")
    assert "This buyer’s data was erased: a pseudonym stands for the name" in page
    assert browser_of(member(shop)).get(f"{PAGE}Malee/").status_code == 404


@pytest.mark.full  # it opens to the orders, above
def test_a_record_counts_debts_of_orders_that_it_does_not_look_at(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run_jobs("2027-03-01 10:00")  # S-1, told as delivered on 24 November, is written off
    monkeypatch.setattr(buyers, "LATEST", 1)  # S-2 alone
    record = buyers.record(shop.line, "Somchai", today=shop.at("2027-03-01 10:00").date())
    assert record is not None
    assert (record.debt.outstanding, record.debt.lost) == (usd("700"), usd("300"))
    page = read(shop, "buyers/Somchai/")
    assert "Outstanding on open orders 700.00 USD" in page
    assert "Written off, and not recovered 300.00 USD" in page


def test_what_is_said_of_an_order_is_what_placing_it_does(shop: Shop) -> None:
    own_rules.set_caps(
        merchant_id=shop.line.pk,
        order=None,
        buyer=Money("1100", "USD"),
        actor="olive@rosewood.example",
        now=shop.at("2026-12-01 09:00"),
    )
    client = browser_of(member(shop, "VIEWER"))
    asked = client.get(f"{PAGE}Somchai/?amount=100.01")
    assert "This buyer owes 1,000.00 USD, and may owe 1,100.00 USD at most." in text_of(asked)
    asked = client.get(f"{PAGE}Somchai/?amount=100")
    assert "This buyer may owe 100.00 USD more until your cap of 1,100.00 USD" in text_of(asked)
    cases = [("100.01", "Somchai", 0), ("100.00", "Somchai", 3), ("900.00", "new", 0),
             ("100.00", "Somchai", 0), ("1.00", "Somchai", 0)]  # fmt: skip
    for number, (amount, buyer, risk) in enumerate(cases):
        said = acceptance.would_accept(shop.line, usd(amount), buyer=buyer, buyer_risk=risk)
        name = f"X-{number}"
        done = shop.place("2026-12-01 10:00", name, amount, buyer=buyer, buyer_risk=risk)
        assert done == f"declined {said.decline_code}" if said.decline_code else "applied", name


def test_pause_and_caps_are_set_from_the_page_of_the_buyers(shop: Shop) -> None:
    client, rules = browser_of(member(shop, "FINANCE")), "/m/rosewood/credit/limit/"
    page = client.post(f"{rules}caps/", {"buyers": "1", "buyer_cap": "1,500"}, follow=True)
    assert page.redirect_chain == [(PAGE, 302)]
    assert shop.line.buyer_cap == usd("1500")
    page = client.post(f"{rules}caps/", {"buyers": "1", "buyer_cap": "much"})
    assert (page.status_code, shop.line.buyer_cap) == (422, usd("1500"))
    assert "All buyers" in text_of(page)
    page = client.post(f"{rules}pause/", {"buyers": "1"}, follow=True)
    assert (page.redirect_chain, shop.line.is_paused) == ([(PAGE, 302)], True)
