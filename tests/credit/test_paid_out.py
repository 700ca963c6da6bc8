"""Which sales a withdrawal paid out, and how an order, its costs, proceeds and withdrawal lead to
each other.
"""

import csv
import io
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from credit.models import ProceedsEntry, Withdrawal
from credit.queries import paid_out, proceeds
from lib import calendar, fonts, money
from lib.refusals import Refused
from merchants.models import Merchant
from tests import lacking, shops
from tests.amounts import usd
from tests.credit.pages import answers, everybody, read, set_clock
from tests.credit.withdrawing import NOW, cancel, fees, refund, sell, shop_with, withdraw
from tests.factories import browser_of, member
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of
from tests.whole import full

pytestmark = pytest.mark.django_db

DEBITS = ("WITHDRAWAL", "FEE")
IN_SQL = "SELECT -sum(amount) FROM credit_proceedsentry WHERE withdrawal_id = %s AND amount < 0"


def made_of(withdrawal: Withdrawal) -> list[str]:
    """`KIND order part of amount` of each receipt; their parts are what SQL says was debited."""
    found = paid_out.of_withdrawal(withdrawal)
    with connection.cursor() as cursor:
        cursor.execute(IN_SQL, [withdrawal.pk])
        assert sum((one.part.amount for one in found), Decimal(0)) == cursor.fetchone()[0]
    return [
        f"{one.kind} {one.order} {one.part.amount:.2f} of {one.amount.amount:.2f}".replace(
            "  ", " "
        )
        for one in found
    ]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the pages' clock."""
    return set_clock(monkeypatch)


@pytest.fixture
def shop() -> Shop:
    """A shop that earned 100.00, 50.00 and 70.00 by three orders, each of which matured at once. A
    withdrawal costs 2.00.
    """
    fees(fixed="2.00")
    shop = shop_with("100.00")
    sell(shop, "2026-11-01 13:00", "50.00", "A-2")
    sell(shop, "2026-11-01 14:00", "70.00", "A-3")
    return shop


def test_what_matured_first_is_paid_out_first_with_its_fee(shop: Shop) -> None:
    first = withdraw(shop, "118.00")
    order = shop.line.orders.earliest("pk").reference
    assert made_of(first) == [f"SALE {order} 100.00 of 100.00", "SALE A-2 20.00 of 50.00"]
    second = withdraw(shop, "38.00")
    assert made_of(second) == ["SALE A-2 30.00 of 50.00", "SALE A-3 10.00 of 70.00"]
    # What comes later changes no statement: a refund of what was paid out is made up for by the
    # sale that follows, and what came back is paid out again.
    refund(shop, "2026-11-03 11:00", "A-2", "50.00")
    assert made_of(second) == ["SALE A-2 30.00 of 50.00", "SALE A-3 10.00 of 70.00"]
    third = withdraw(shop, "3.00", "2026-11-03 12:00")
    assert made_of(third) == ["SALE A-3 5.00 of 70.00"]
    cancel(third, "2026-11-03 13:00")
    sell(shop, "2026-11-03 14:00", "9.00", "A-4")
    last = withdraw(shop, "17.00", "2026-11-03 15:00")
    assert made_of(third) == ["SALE A-3 5.00 of 70.00"]
    assert made_of(last) == [
        "SALE A-3 5.00 of 70.00",
        "RETURNED 5.00 of 5.00",
        "SALE A-4 9.00 of 9.00",
    ]


def test_what_has_not_matured_is_in_no_statement() -> None:
    fees()
    shop = shop_with("100.00", settlement_days=7)
    sell(shop, "2026-11-05 12:00", "50.00", "A-2")
    order = shop.line.orders.earliest("pk").reference
    shop.pay("2026-11-08 09:00", "A-2", "1.00")  # nothing is left to pay
    early = withdraw(shop, "60.00", "2026-11-08 10:00")
    assert made_of(early) == [f"SALE {order} 60.00 of 100.00"]
    later = withdraw(shop, "70.00", "2026-11-12 10:00")
    assert made_of(later) == [f"SALE {order} 40.00 of 100.00", "SALE A-2 30.00 of 50.00"]


def test_its_page_and_its_file_are_the_members_and_nobody_elses(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    withdrawal = withdraw(shop, "118.00")
    clock(NOW)
    path = f"withdrawals/{withdrawal.reference}/sales"
    everyone = everybody(shop)
    nobody = {"stranger": 404, "operator": 404, "nobody": 302}
    assert answers(shop, f"{path}/", everyone) == {
        "OWNER": 200,
        "FINANCE": 200,
        "VIEWER": 200,
        **nobody,
    }
    assert answers(shop, f"{path}.csv", everyone) == {
        "OWNER": 200,
        "FINANCE": 200,
        "VIEWER": 403,
        **nobody,
    }
    page = read(shop, f"{path}/")
    assert "120.00 USD Arrives 118.00 USD Fee 2.00 USD" in page
    assert "Sale A-2" in page
    assert "50.00 USD 20.00 USD Total 120.00 USD" in page
    file = browser_of(member(shop)).get(f"/m/rosewood/credit/{path}.csv")
    content = b"".join(file.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(content)))
    parts = [(row["Order"], row["Amount"], row["Paid out by it"], row["Currency"]) for row in rows]
    assert parts[1:] == [("A-2", "50.00", "20.00", "USD")]
    assert sum(Decimal(row["Paid out by it"]) for row in rows) == Decimal("120.00")


@pytest.mark.full  # documents in test_pdf_letters.py
def test_its_statement_as_pdf_is_in_the_language_of_the_merchants_documents(
    shop: Shop, clock: Callable[[str], None], settings: Settings
) -> None:
    settings.TAEL_ISSUER = ["Tael Ltd", "1 Harbour Road, Hong Kong"]
    withdrawal = withdraw(shop, "118.00")
    clock(NOW)
    address = f"/m/rosewood/credit/withdrawals/{withdrawal.reference}/sales"
    client = browser_of(member(shop, "FINANCE"))
    assert f'href="{address}.pdf"' in client.get(f"{address}/").content.decode()
    viewer = browser_of(member(shop, "VIEWER"))
    assert ".pdf" not in viewer.get(f"{address}/").content.decode()
    response = client.get(f"{address}.pdf")
    file_name = f"withdrawal-rosewood-{withdrawal.reference}.pdf"
    assert response["Content-Disposition"] == f'attachment; filename="{file_name}"'
    (page,) = pages_of(response.content)
    assert "Withdrawal statement Requested Tael Ltd 1 Harbour Road, Hong Kong" in page
    assert "To Bank card ···· 0003" in page
    assert "Arrives 118.00 USD Fee 2.00 USD For Rosewood Dresses rosewood" in page
    assert "120.00 USD from your proceeds, fee included" in page
    assert "Sale A-2 1 Nov 2026 13:00 1 Nov 2026 50.00 USD 20.00 USD Total 120.00 USD" in page, page
    assert "as of 3 Nov 2026 10:00 · UTC" in page
    cancel(withdrawal)
    if not fonts.installed().can_show("提ถ"):
        lacking.skip(f"needs fonts: {fonts.WANTED}")
    Merchant.objects.update(language="zh-hans")
    (page,) = pages_of(client.get(f"{address}.pdf").content)
    assert "提现明细单 已取消" in page
    assert "本次提现已退回您的已收货款" in page
    assert "A-2 2026年11月1日 13:00 2026年11月1日 50.00 USD 20.00 USD" in page
    Merchant.objects.update(language="th", buddhist_years=True)
    (page,) = pages_of(client.get(f"{address}.pdf").content)
    assert "1 พ.ย. 2569 13:00" in page
    assert "A-2" in page


@pytest.mark.full  # its page lists them above
def test_an_order_leads_to_its_costs_entries_and_withdrawal_and_they_lead_back(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    shop.charge("2026-11-02 15:00", "pick-pack", "15.50", "C-1", request="A-2")
    other = shop_with("40.00", "lotus")
    other.charge("2026-11-02 15:00", "pick-pack", "99.00", "C-1", request="A-3")
    withdrawal = withdraw(shop, "118.00")
    clock(NOW)
    client = browser_of(member(shop))
    order = client.get("/m/rosewood/credit/orders/A-2/")
    links = {
        "/m/rosewood/credit/proceeds/entries/?reference=A-2",
        f"/m/rosewood/credit/withdrawals/{withdrawal.reference}/sales/",
        "/m/rosewood/billing/requests/A-2/",
    }
    assert all(f'href="{link}"' in order.content.decode() for link in links)
    shown = text_of(order)
    assert "Proceeds of this order 50.00 USD" in shown
    assert f"Paid out by withdrawal {withdrawal.reference} 20.00 USD" in shown
    assert (
        "Ordered 50.00 USD Fulfilment costs A-2 −15.50 USD"
        " Of this, not billed yet 15.50 USD of it Net 34.50 USD" in shown
    )
    request = client.get("/m/rosewood/billing/requests/A-2/").content.decode()
    assert 'href="/m/rosewood/credit/orders/A-2/"' in request
    paid = client.get(f"/m/rosewood/credit/withdrawals/{withdrawal.reference}/").content.decode()
    assert f"/withdrawals/{withdrawal.reference}/sales/" in paid
    assert f"/proceeds/entries/?reference={withdrawal.reference}" in paid
    # The other merchant's costs of an order of the same name are not this one's.
    assert "Fulfilment costs A-3" not in text_of(client.get("/m/rosewood/credit/orders/A-3/"))
    assert (
        client.get(f"/m/lotus/credit/withdrawals/{withdrawal.reference}/sales/").status_code == 404
    )


def test_an_order_in_instalments_names_every_withdrawal_that_paid_a_part_of_it_out() -> None:
    """Its three parts mature on 1 November, 1 December and 31 December; between them withdrawals
    pay out what other orders brought.
    """
    fees()
    shop = shop_with("100.00", settlement_days=0)
    assert shop.place("2026-11-01 14:00", "PARTS", "90.00", instalments=3) == "applied"
    named = []
    for at, (month, day) in enumerate(((11, 1), (12, 1), (12, 31))):
        assert shop.pay(f"2026-{month}-{day:02} 15:00", "PARTS", "30.00", f"P-{at}") == "applied"
        amount = "130.00" if at == 0 else "30.00"
        if at == 0:
            named.append(withdraw(shop, amount, "2026-11-03 10:00").reference)
            for other in range(4, 8):  # of which nothing is of this order
                sell(shop, f"2026-11-{other:02} 09:00", "10.00")
                withdraw(shop, "10.00", f"2026-11-{other:02} 10:00")
        else:
            named.append(withdraw(shop, amount, f"2026-{month}-{day:02} 16:00").reference)
    order = shop.line.orders.get(reference="PARTS")
    found = proceeds.of_order(order, today=shop.line.open_on).withdrawals
    assert [(one.reference, str(one.part.amount)) for one in found] == [
        (reference, "30.00") for reference in named
    ]


@pytest.mark.full  # a walk over all, below
def test_the_parts_of_an_orders_costs_add_up_on_however_many_bills_they_are(
    clock: Callable[[str], None],
) -> None:
    """Twelve bills of 10.00 and more, each as the threshold is reached, and 1.00 that is on none:
    ten are named, and the page of the request has them all.
    """
    shop = shops.join("2026-11-01 09:00", billing_threshold="10.00", credit_limit="500.00")
    shop.place("2026-11-01 10:00", "A-1", "300.00")
    for number in range(12):
        amount = f"{10 + number}.00"
        shop.charge(f"2026-11-02 {8 + number:02}:00", "pick-pack", amount, request="A-1")
        shop.run_jobs(f"2026-11-02 {8 + number:02}:30")
    shop.charge("2026-11-02 20:00", "pick-pack", "1.00", request="A-1")
    clock("2026-11-02 21:00")
    client = browser_of(member(shop))
    order = client.get("/m/rosewood/credit/orders/A-1/")
    shown = text_of(order)
    assert "Fulfilment costs A-1 −187.00 USD" in shown
    assert shown.count("Of this, on bill T-2026-") == 10
    assert "Of this, on bill T-2026-000010 19.00 USD of it Of this, on" in shown
    assert "Of this, on 2 more bills 41.00 USD of it" in shown
    assert "Of this, not billed yet 1.00 USD of it Net" in shown
    parts = [related.amount for related in order.context["related"] if not related.is_cost]
    assert money.total(parts, "USD") == usd("187.00")
    request = text_of(client.get("/m/rosewood/billing/requests/A-1/"))
    assert "Bill T-2026-000011 20.00 USD Bill T-2026-000012 21.00 USD" in request


@pytest.mark.full  # test_write_offs has the day
def test_an_overdue_order_says_how_late_it_is_and_when_it_is_written_off(
    clock: Callable[[str], None],
) -> None:
    shop = shop_with("100.00")
    for reference in ("B-1", "B-2"):
        shop.place("2026-11-02 11:00", reference, "120.00")
        shop.ship("2026-11-02 12:00", reference)
    shop.deliver("2026-11-02 13:00", "B-1")
    shop.deliver("2026-11-10 13:00", "B-2")
    shop.run_jobs("2026-11-13 10:00")
    clock("2026-11-13 10:00")  # due on the 12th
    page = read(shop, "orders/B-1/")
    assert "Due 12 Nov 2026 1 day late" in page
    assert "Written off, if not paid, on 10 Feb 2027" in page
    assert "late" not in read(shop, "orders/B-2/")
    assert read(shop, "orders/").count("1 day late") == 1
    shop.run_jobs("2027-02-09 23:59")
    assert shop.line.orders.get(reference="B-1").status == "OPEN"
    shop.run_jobs("2027-02-10 00:00")
    assert shop.line.orders.get(reference="B-1").status == "WRITTEN_OFF"


def sell_late(shop: Shop, paid_at: datetime, told_at: datetime, amount: int) -> str:
    """An order that was placed and paid at `paid_at`, of which the platform tells no earlier than
    at `told_at`; its reference.
    """
    reference = f"late-{told_at:%d%H%M}"
    shop.sender = partial(shops.apply, arriving=told_at)
    said = paid_at.isoformat()
    assert shop.place(said, reference, f"{amount}.00") == "applied"
    assert shop.pay(said, reference, f"{amount}.00") == "applied"
    shop.sender = shops.apply
    return reference


def steps_of(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """This step of a plan, and all that are below it."""
    yield step
    for below in step.get("Plans", ()):
        yield from steps_of(below)


def walked(withdrawal: Withdrawal) -> list[tuple[str, Decimal]]:
    """What a withdrawal is made of, by walking over the whole history: (order, part) of each
    receipt.
    """
    entries = list(ProceedsEntry.objects.filter(line=withdrawal.line).order_by("pk"))
    debits = [one for one in entries if one.withdrawal == withdrawal and one.kind in DEBITS]
    before = [one for one in entries if one.pk < debits[0].pk]
    today = withdrawal.requested_at.date()  # the shop's zone is UTC
    row = []
    for one in before:
        if one.amount.amount > 0 and (one.matures_on is None or one.matures_on <= today):
            left = one.amount.amount + sum(
                (back.amount.amount for back in before if back.sale_id == one.pk), Decimal(0)
            )
            day = calendar.day_start(one.matures_on, "UTC") if one.matures_on else one.at
            row.append((max(day, one.at), one.pk, one.order.reference if one.order else "", left))
    spent = -sum(
        (one.amount.amount for one in before if one.amount.amount < 0 and one.sale_id is None),
        Decimal(0),
    )
    until, ends = Decimal(0), spent - sum(one.amount.amount for one in debits)
    found = []
    for _at, _pk, order, left in sorted(row):
        part = min(until + left, ends) - max(until, spent)
        until += left
        if part > 0:
            found.append((order, part))
    return found


@pytest.mark.parametrize(("seed", "settlement_days"), [(2, 7), *full((1, 0), (3, 15), (4, 0))])
def test_whatever_happened_before_it_is_what_a_walk_over_all_of_it_finds(
    seed: int, settlement_days: int
) -> None:
    chosen = random.Random(seed)
    fees(fixed="1.00")
    shop = shop_with("100.00", settlement_days=settlement_days)
    left: dict[str, int] = {}
    for step in range(60):
        at = f"2026-11-{3 + step // 3:02} {10 + step % 3 * 4}:{chosen.randint(0, 59):02}"
        with suppress(Refused):
            what = chosen.random()
            if what < 0.1:  # told of up to twelve days after it was paid
                days_ago = timedelta(days=chosen.randint(1, 12))
                sell_late(shop, shop.at(at) - days_ago, shop.at(at), chosen.randint(1, 90))
            elif what < 0.5:
                amount = chosen.randint(1, 90)
                left[sell(shop, at, f"{amount}.00")] = amount
            elif what < 0.65 and left:
                order = chosen.choice(list(left))
                back = chosen.randint(0, left[order])
                left[order] -= back
                if back:
                    refund(shop, at, order, f"{back}.00")
            elif what < 0.93:
                withdraw(shop, f"{chosen.randint(1, 120)}.00", at)
            elif found := shop.line.withdrawals.filter(status="REQUESTED").order_by("pk"):
                cancel(chosen.choice(list(found)), at)
    withdrawals = list(shop.line.withdrawals.all())
    assert len(withdrawals) >= 4
    for withdrawal in withdrawals:
        receipts = paid_out.of_withdrawal(withdrawal)
        assert [(one.order, one.part.amount) for one in receipts] == walked(withdrawal)


@pytest.mark.full  # what it finds, above
def test_of_long_stretches_only_the_receipts_that_it_paid_out_are_read() -> None:
    """Thirty days of sales can be withdrawn, and the first withdrawals are of the first day's."""
    fees()
    shop = shop_with("100.00", settlement_days=0)
    for day in range(2, 32):
        sell(shop, f"2026-12-{day:02} 12:00", "10.00", f"B-{day:02}")
    withdrawal = withdraw(shop, "105.00", "2026-12-31 14:00")
    with CaptureQueriesContext(connection) as asked:
        found = paid_out.of_withdrawal(withdrawal)
    assert [one.order for one in found][1:] == ["B-02"]
    (statement,) = (one["sql"] for one in asked if "near AS" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        ((plan,),) = cursor.fetchall()
    placed = [
        step["Actual Rows"]
        for step in steps_of(plan[0]["Plan"])
        if any("GREATEST" in key for key in step.get("Sort Key", ()))
    ]
    assert placed == [2]  # of 31
