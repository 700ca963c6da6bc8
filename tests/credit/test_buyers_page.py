"""A merchant's buyers: who holds the limit, how they have paid, and whether an order of theirs
would be taken.
"""

from collections.abc import Callable

import pytest
from django.db import connection
from moneyed import Money

from credit.models import Order
from credit.operations import own_rules
from credit.queries import acceptance, buyers
from credit.queries.buyers import Outcome
from lib.erasing import new_pseudonym
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
    """On 1 December: Malee pays on time and late, Somchai holds most, and is overdue with one."""
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
    clock("2026-12-01 03:00")
    return written


def test_who_holds_the_limit_and_how_much_of_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = shop.at("2026-12-01 10:00").date()
    found = buyers.holders(shop.line, today=today)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT buyer, count(*), sum(outstanding), round(sum(outstanding) / 20, 1)"
            " FROM credit_order WHERE status = 'OPEN' GROUP BY buyer ORDER BY 3 DESC"
        )
        rows = [(buyer, count, usd(owed), share) for buyer, count, owed, share in cursor]
    assert [(one.buyer, one.orders, one.outstanding, one.percent) for one in found] == rows
    said = read(shop, "buyers/", role="VIEWER")
    assert "Somchai 2 1 1,000.00 USD 50%" in said
    assert "Used by open orders 1,200.00 USD Free 800.00 USD" in said
    monkeypatch.setattr(buyers, "HOLDERS", 1)
    file = browser_of(member(shop, "FINANCE")).get("/m/rosewood/credit/buyers.csv")
    assert b"".join(file).decode("utf-8-sig").splitlines() == [
        "Buyer,Open orders,Overdue,Holds,Share of the limit,Currency",
        "Somchai,2,1,1000.00,50.0,USD",
        "malee nok,1,0,200.00,10.0,USD",
    ]
    assert "All other buyers 200.00 USD" in read(shop, "buyers/")


def test_a_buyer_is_found_by_any_part_of_the_name_whatever_its_capitals(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [one.buyer for one in buyers.find(shop.line, "MALEE")] == ["Malee", "malee nok"]
    assert "Malee 4" in read(shop, "buyers/?name=mal")
    assert [one.buyer for one in buyers.find(shop.line, "nO")] == ["malee nok"]
    monkeypatch.setattr(buyers, "FOUND", 1)
    assert [one.buyer for one in buyers.find(shop.line, "m")] == ["Malee"]  # not Somchai
    assert "No buyer’s name contains “%”." in read(shop, "buyers/?name=%25")


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
    assert "Risk, as the marketplace told it last Medium" in page
    assert "1,000.00 USD owes now Outstanding on open orders 1,000.00 USD" in page
    pseudonym = new_pseudonym()
    Order.objects.filter(buyer="Malee").update(buyer=pseudonym)
    page = read(shop, f"buyers/{pseudonym}/")
    assert "This buyer’s data was erased: a pseudonym stands for the name" in page
    assert browser_of(member(shop)).get(f"{PAGE}Malee/").status_code == 404


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
    assert "Who holds your limit now" in text_of(page)
    page = client.post(f"{rules}pause/", {"buyers": "1"}, follow=True)
    assert (page.redirect_chain, shop.line.is_paused) == ([(PAGE, 302)], True)
