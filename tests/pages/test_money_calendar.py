"""The money calendar: what comes on which day, what would be free then, and that it comes so."""

import csv
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from moneyed import Money

from credit.queries import coming, proceeds
from pages import money_calendar
from pages.money_calendar import Kind, MoneyCalendar
from tests import shops
from tests.amounts import usd
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
PAGE = "/m/rosewood/calendar/"


def written() -> Shop:
    """A shop in Bangkok on 12 November that pays its bills from proceeds: it may withdraw 461.00,
    300.00 mature on the 17th, and buyers are to pay 100.00 on 15 November, 200.00 on the 18th and
    100.00 each on 15 December and 14 January.
    """
    shop = shops.join(
        "2026-11-01 09:00",
        timezone="Asia/Bangkok",
        plan_price="39.00",
        billing_threshold="1000.00",
        payment_method="proceeds",
    )
    withdrawing.add(shop, "2026-11-01 11:00")
    withdrawing.sell(shop, "2026-11-01 12:00", "500.00")
    shop.place("2026-11-01 13:00", "LATE", "80.00", buyer="Malee")
    shop.deliver("2026-11-01 14:00", "LATE")  # due on the 11th
    for day in ("02", "09", "12"):
        shop.run_jobs(f"2026-11-{day} 01:00")  # the bill of the 1st is paid on the 9th
    shop.place("2026-11-05 10:00", "PARTS", "300.00", instalments=3)
    shop.deliver("2026-11-05 11:00", "PARTS")
    shop.place("2026-11-08 10:00", "WHOLE", "200.00")
    shop.deliver("2026-11-08 11:00", "WHOLE")
    shop.place("2026-11-09 10:00", "AWAY", "150.00")
    withdrawing.sell(shop, "2026-11-10 10:00", "300.00")
    return shop


def of(shop: Shop, at: str) -> MoneyCalendar:
    """The shop's calendar of money at this instant."""
    return money_calendar.of(shop.line, shop.account, now=shop.at(at))


@pytest.mark.full  # each figure opens to its rows
def test_what_is_said_to_be_free_on_a_day_is_so_if_buyers_pay_on_time() -> None:
    shop = written()
    said = of(shop, "2026-11-12 10:00")
    assert (shop.limit(), said.buckets.available) == (("5000.00", "730.00", "4270.00"), usd("461"))
    days = [date(2026, 11, 20), date(2026, 12, 2), date(2026, 12, 31)]
    seen: dict[date, tuple[Money, Money]] = {}
    free = {day: said.free_on(day) for day in days}
    assert [(one.limit, one.withdrawable) for one in free.values()] == [
        (usd("4570"), usd("761")),  # 461 and 300
        (usd("4570"), usd("1022")),  # and what was paid on the 15th and 18th, less a plan of 39
        (usd("4670"), usd("1083")),  # and 100 of 15 December, less a plan of 39 on the 31st
    ]
    pays = ("2026-11-15", "PARTS", "100.00"), ("2026-11-18", "WHOLE", "200.00")
    for day, *order in (*pays, ("2026-12-15", "PARTS", "100.00")):
        for at in [at for at in free if f"{at}" < day and at not in seen]:
            seen[at] = _so(shop, at)
        assert shop.pay(f"{day} 15:00", *order) == "applied"
    seen |= {at: _so(shop, at) for at in days if at not in seen}
    assert seen == {day: (one.limit, one.withdrawable) for day, one in free.items()}


def _so(shop: Shop, at: date) -> tuple[Money, Money]:
    """What is free on a day that has come."""
    shop.run_jobs(f"{at} 01:00")
    line = shop.line
    return line.available, proceeds.withdrawable(line, today=at)


DUE = """
SELECT coalesce(sum(least(p.ends, o.paid + o.outstanding) - greatest(p.starts, o.paid)), 0)
FROM credit_order o
CROSS JOIN LATERAL (
    SELECT o.part_amount * n AS starts, CASE WHEN n = o.instalments - 1 THEN o.amount
           ELSE o.part_amount * (n + 1) END AS ends, o.first_due_on + 30 * n AS due_on
    FROM generate_series(0, o.instalments - 1) n) p
WHERE o.status = 'OPEN' AND p.due_on BETWEEN %s AND %s
  AND least(p.ends, o.paid + o.outstanding) > greatest(p.starts, o.paid)
"""


def test_each_figure_opens_to_rows_that_come_to_it(clock: Callable[[str], None]) -> None:
    shop = written()
    shop.pay("2026-11-12 09:00", "PARTS", "30.00")  # of the first part
    withdrawing.withdraw(shop, "61.00", at="2026-11-12 09:30")
    clock("2026-11-12 03:00")
    client, owner = browser_of(member(shop, "VIEWER")), browser_of(member(shop))
    said, last = of(shop, "2026-11-12 10:00"), date(2027, 1, 12)
    assert (said.until, said.is_short) == (last, False)
    for start, until in ((said.today, last), (said.today, date(2026, 11, 15))):
        with connection.cursor() as cursor:
            cursor.execute(DUE, [start, until])
            (due,) = cursor.fetchone()
        found = coming.due_between(shop.line, start=start, until=until)
        assert coming.total(found, "USD") == usd(due) == said.free_on(until).returned
        page = text_of(client.get(f"/m/rosewood/credit/coming/?until={until}"))
        assert f"{due:.2f} USD due" in page
    assert said.total(Kind.PROCEEDS, until=last, is_likely=False) == usd("330")
    text = text_of(client.get(f"{PAGE}?on=2026-11-25&kind=PROCEEDS"))
    assert "by 25 Nov 2026 Total" in text
    assert "600.00 USD" in text  # 300 and 30 that were paid, 70 and 200 that will be
    text = text_of(client.get(f"{PAGE}?on=2026-11-20"))
    assert "Limit free on 20 Nov 2026 4,570.00 USD" in text
    assert "Can be withdrawn on 20 Nov 2026 730.00 USD" in text  # 461 - 61 + 330
    assert "Payment of 1 order due" in text
    assert f"Withdrawal {shop.line.withdrawals.get().reference} arrives" in text
    assert "Days are those of Bangkok, UTC+7" in text
    assert "80.00 USD Not delivered yet, so without a due date 150.00 USD" in text
    # The day is the first one among those that are asked for.
    page = text_of(client.get("/m/rosewood/credit/coming/?since=2026-11-20&until=2027-01-12"))
    assert "PARTS Somchai Open 15 Dec 2026 270.00 USD 100.00 USD" in page
    assert "80.00 USD due before" in text_of(client.get("/m/rosewood/credit/coming/?what=OVERDUE"))
    away = text_of(client.get("/m/rosewood/credit/coming/?what=UNDELIVERED"))
    assert "150.00 USD of orders that are not delivered yet" in away
    assert "AWAY" in away
    page = text_of(client.get("/m/rosewood/credit/coming/"))
    assert "Overdue: due before today, and not paid 80.00 USD Due from today to 12 Jan 2027" in page
    assert "370.00 USD Due later 100.00 USD Not delivered yet, so without a due date" in page
    assert "150.00 USD Used by open orders 700.00 USD" in page  # what these four come to
    later = text_of(client.get("/m/rosewood/credit/coming/?what=LATER"))
    assert "100.00 USD due after 12 Jan 2027" in later
    assert "1 result Total 100.00 USD" in later
    for page in ("limit", "check"):  # the next part of an order, not all that is left of it
        back = text_of(client.get(f"/m/rosewood/credit/{page}/"))
        assert "15 Nov 2026 PARTS 70.00 USD 18 Nov 2026 WHOLE 200.00 USD" in back
    for asked in (
        "what=UNDELIVERED&days=7",
        "what=OVERDUE&since=2026-11-12",
        "what=LATER&until=2027-01-13",
        "least=9999",
        "buyer=x",
    ):
        nothing = text_of(client.get(f"/m/rosewood/credit/coming/?{asked}"))
        assert "No order has anything to pay here." in nothing, asked
        assert taken(owner, asked) == [], asked
    few = text_of(client.get("/m/rosewood/credit/coming/?until=2027-01-12&least=180"))
    assert "1 result Total 200.00 USD" in few
    # Its file has the same rows, with the days and amounts of the page.
    assert client.get("/m/rosewood/credit/coming.csv").status_code == 403  # a viewer
    assert taken(owner) == [
        ["PARTS", "2026-11-15", "270.00", "170.00"],
        ["WHOLE", "2026-11-18", "200.00", "200.00"],
    ]
    assert taken(owner, "until=2027-01-12&by=-due_on&least=180") == [
        ["WHOLE", "2026-11-18", "200.00", "200.00"]
    ]
    assert taken(owner, "since=2026-11-20&until=2027-01-12") == [
        ["PARTS", "2026-12-15", "270.00", "100.00"]
    ]
    assert taken(owner, "what=LATER") == [["PARTS", "2027-01-14", "270.00", "100.00"]]
    assert taken(owner, "what=OVERDUE") == [["LATE", "2026-11-11", "80.00", "80.00"]]
    assert taken(owner, "what=UNDELIVERED") == [["AWAY", "", "150.00", "150.00"]]
    far = text_of(client.get(f"{PAGE}?on=2030-01-01"))
    assert "Choose a day from 12 Nov 2026 to 12 Jan 2027." in far


def taken(owner: Client, asked: str = "") -> list[list[str]]:
    """The order, day and amounts of each row of the file of payments to come."""
    response = owner.get(f"/m/rosewood/credit/coming.csv?{asked}")
    assert "payments-to-come-rosewood-" in response["Content-Disposition"]
    text = b"".join(response).decode("utf-8-sig")
    columns = ("Order", "Next due", "Outstanding in all", "Due then")
    return [[row[one] for one in columns] for row in csv.DictReader(text.splitlines())]


@pytest.mark.full  # each figure opens to rows, above
def test_with_very_many_open_orders_it_ends_where_none_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coming, "MANY", 3)
    shop = written()
    said = of(shop, "2026-11-12 10:00")
    # LATE, PARTS and WHOLE are looked at: there may be more on the day of the last one.
    assert (said.until, said.is_short) == (date(2026, 11, 17), True)
    assert [one.on for one in said.listed(kind=Kind.LIMIT)] == [date(2026, 11, 15)]


def test_what_is_overdue_and_due_today_is_whole_however_many_orders_are_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = written()
    shop.place("2026-11-02 13:00", "LATER", "35.00")
    shop.deliver("2026-11-02 14:00", "LATER")  # due on the 12th, as is the next one
    shop.place("2026-11-02 15:00", "PART-PAID", "50.00")
    shop.deliver("2026-11-02 16:00", "PART-PAID")
    shop.pay("2026-11-03 10:00", "PART-PAID", "20.00")
    whole = {day: of(shop, f"2026-11-{day} 10:00").expected for day in ("12", "15", "16")}
    monkeypatch.setattr(coming, "MANY", 1)
    for day, expected in whole.items():
        said = of(shop, f"2026-11-{day} 10:00")
        today = date(2026, 11, int(day))
        assert (said.until, said.is_short, said.expected.overdue) == (today, True, expected.overdue)
        assert said.expected.days == [one for one in expected.days if one.on == today]
    assert [str(one.overdue.amount) for one in whole.values()] == ["80.00", "145.00", "245.00"]
    assert [one.by(date(2026, 11, 15)) for one in whole.values()] == [165, 100, 0]
