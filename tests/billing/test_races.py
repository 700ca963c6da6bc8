"""Two of everything at once: the same bills, statements and payments as one of it."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Sum

from billing.models import Charge, Invoice, InvoiceItem, NumberSeries, Payment
from billing.operations import accounts, days
from credit.models import CreditLine
from credit.operations import days as credit_days
from credit.operations import payout_files
from gateway.events import apply_all
from lib import events
from tests import books, shops
from tests.billing.paying import receive
from tests.credit.withdrawing import shop_with, withdraw
from tests.processes import until
from tests.threads import at_once, every_order, is_waited_for

pytestmark = pytest.mark.django_db(transaction=True)

ZONES = ("UTC", "Asia/Bangkok", "America/Sao_Paulo", "Asia/Kathmandu")


def busy_merchants(count: int) -> None:
    """Merchants with something to post, bill, close, freeze and write off in the days to come."""
    for number in range(count):
        shop = shops.join(
            "2026-11-01T12:00Z",
            f"shop-{number:02}",
            timezone=ZONES[number % 4],
            plan_price="39.00",
            plan_interval_days=30 + number,
            billing_threshold="100.00",
            payment_days=0,
            payment_method="sandbox",
        )
        shop.place("2026-11-01T13:00Z", "A", "2000.00")
        shop.deliver("2026-11-01T14:00Z", "A")
        for day in (1, 2, 3):
            shop.charge(f"2026-11-0{day}T15:00Z", "shipping-label", f"{40 + number}.00")
        shop.charge("2026-11-03T16:00Z", "storage", "60.00")


def whole_books() -> tuple[object, ...]:
    """All that the books say, to compare two runs."""
    numbers = sorted(str(invoice) for invoice in Invoice.objects.all())
    payments = Counter(Payment.objects.values_list("status", "amount"))
    return books.books(), numbers, payments


@pytest.mark.full  # tests/chaos runs them all with two workers
def test_jobs_of_many_days_run_by_several_workers_at_once(settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    busy_merchants(12)
    instants = [shops.instant(f"2026-{day}") for day in ("11-05", "11-20", "12-03")]
    with transaction.atomic():
        # An attempt insists on being committed before its provider is asked; here nothing is kept.
        connection.atomic_blocks[-1]._from_testcase = True  # type: ignore[attr-defined]
        for instant in instants:
            shops.run_jobs(instant)
        once = whole_books()
        transaction.set_rollback(True)

    def work(_: int) -> None:
        """Run the jobs of all instants."""
        for instant in instants:
            shops.run_jobs(instant)

    at_once(work, threads=3)
    shops.run_jobs(instants[-1])  # collects what was billed while the others looked
    assert whole_books() == once
    merchants = once[0]
    assert isinstance(merchants, dict)
    assert {len(found["freezes"]) for found in merchants.values()} == {1}
    assert sum(len(found["bills"]) for found in merchants.values()) > 30


def test_a_bill_is_collected_once_by_four_workers(settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    busy_merchants(4)
    at_once(lambda _: shops.run_jobs(shops.instant("2026-11-01T15:00Z")), threads=4)
    assert Payment.objects.filter(status="SUCCEEDED").count() == Invoice.objects.count() == 4
    assert not Invoice.objects.exclude(status="PAID").exists()


@pytest.mark.full  # a day end and charges, below
def test_charges_of_one_merchant_from_eight_threads_make_one_bill_per_crossing() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")

    def send(number: int) -> str:
        """Send ten charges: their outcomes."""
        outcomes = {
            shop.charge("2026-11-01 12:00", "pick-pack", "30.00", f"charge-{number}-{place}")
            for place in range(10)
        }
        return " ".join(outcomes)

    assert at_once(send) == {"applied": 8}
    # 80 charges of 30.00: every seventh reaches the threshold.
    assert shop.invoices() == ["2026-11-01 THRESHOLD 210.00"] * 11
    assert shop.figures() == ("90.00", "0.00")
    assert Charge.objects.filter(fee="pick-pack").count() == 80
    assert shop.statement("2026-11") == (False, {"FULFILMENT": (80, "2400.00")})
    assert NumberSeries.objects.get(year=2026).last == 11


@pytest.mark.full  # one order in credit/test_races.py
def test_one_batch_of_charges_sent_by_eight_threads_is_recorded_once() -> None:
    willow = shops.join("2026-11-01 10:00", "willow", billing_threshold="100000.00")
    rosewood = shops.join("2026-11-01 10:00", "rosewood", billing_threshold="100000.00")
    sent: list[dict[str, Any]] = []
    for shop in (willow, rosewood):
        silent = shops.Shop(shop.reference, sender=lambda event: sent.append(event) or "")  # type: ignore[func-returns-value]
        for place in range(20):
            silent.charge("2026-11-01 12:00", "shipping-label", "2.50", f"label-{place}")

    def send(number: int) -> str:
        """Send all charges at once: their outcomes."""
        batch = sent if number % 2 else sent[::-1]  # each half meets the merchants the other way
        outcomes = apply_all(map(events.from_object, batch), now=shops.instant("2026-11-01 12:00"))
        return " ".join({outcome.status for outcome in outcomes})

    assert at_once(send) == {"applied": 1, "duplicate": 7}
    assert willow.figures() == rosewood.figures() == ("0.00", "50.00")
    assert Charge.objects.filter(fee="shipping-label").count() == 40


@every_order
def test_a_day_end_and_charges_at_once_lose_and_double_nothing() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="100.00")
    for place in range(9):
        shop.charge("2026-11-01 12:00", "shipping-label", "10.00", f"eve-{place}")

    def work(number: int) -> str:
        """Work the day off, or charge, by number."""
        if number < 2:
            shops.run_jobs(shops.instant("2026-11-02 00:00"))
            return "worked"
        return shop.charge("2026-11-02 00:00", "shipping-label", "10.00", f"label-{number}")

    assert at_once(work) == {"worked": 2, "applied": 6}
    assert shop.figures() == ("90.00", "60.00")
    items = InvoiceItem.objects.filter(fee="shipping-label").order_by("posting_on")
    assert [(str(item.posting_on), item.charge_count) for item in items] == [
        ("2026-11-01", 9),
        ("2026-11-02", 6),
    ]
    total = items.aggregate(total=Sum("amount"))["total"]
    assert total == Decimal(150)


@pytest.mark.full  # who writes does, above
def test_who_only_refers_to_books_waits_for_nobody_who_writes_to_them() -> None:
    """Whatever row names an account or a line looks at that one's key as it commits. Whoever waited
    for it there, with locks of its own, could be waited for in turn.
    """
    shop = shop_with("300.00")
    sent = withdraw(shop, "10.00")
    now = shop.at("2026-11-09 10:00")
    writing: dict[str, Callable[[], object]] = {
        "a charge": lambda: shop.charge("2026-11-03 11:00", "pick-pack", "1.00"),
        "an order": lambda: shop.place("2026-11-03 11:00", "A", "2.00"),
        "billing's days": lambda: days.work_off([shop.line.pk], now=now),
        "credit's days": lambda: credit_days.work_off([shop.line.pk], now=now),
        "both books": lambda: accounts.lock_both(shop.line.pk, now=now),
        "a file for the bank": lambda: payout_files.export(
            withdrawal_ids=[sent.pk], actor="olga", now=shop.at("2026-11-03 11:00")
        ),
    }

    def refers(_number: int) -> str:
        """Take the locks that a foreign key takes: whether it would have to wait."""
        with transaction.atomic(), connection.cursor() as cursor:
            try:
                for table in ("billing_billingaccount", "credit_creditline"):
                    cursor.execute(f"SELECT FROM {table} FOR KEY SHARE NOWAIT")
            except OperationalError:
                return "waits"
        return "goes on"

    found = {}
    for name, write in writing.items():
        with transaction.atomic():
            write()
            (found[name],) = at_once(refers, threads=1)
            transaction.set_rollback(True)
    assert found == dict.fromkeys(writing, "goes on")


def test_a_day_end_whose_bills_lift_freezes_locks_lines_in_the_order_of_their_keys() -> None:
    """The second shop's bill by threshold is paid before the first one's by plan, each by money
    that is unapplied and may lift a freeze, while somebody locks both lines in order.
    """
    shops_ = [
        shops.join("2026-11-01 10:00", name, plan_price="39.00", billing_threshold="200.00",
                   payment_method="manual")
        for name in ("first", "second")
    ]  # fmt: skip
    first, second = shops_
    assert first.line.pk < second.line.pk
    for shop in shops_:
        assert receive(shop, "2026-11-02 10:00", "339.00") == "new"
        CreditLine.objects.filter(pk=shop.line.pk).update(unpaid_bill_days=[date(2027, 1, 1)])
    first.run_jobs("2026-11-30 00:00")
    assert second.charge("2026-11-30 10:00", "shipping-label", "250.00") == "applied"
    ended = shops.instant("2026-12-01 00:00")
    keys = [one.line.pk for one in shops_]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            CreditLine.objects.select_for_update().get(pk=first.line.pk)
            working = pool.submit(at_once, lambda _: days.work_off(keys, now=ended), threads=1)
            until(is_waited_for)
            CreditLine.objects.select_for_update().get(pk=second.line.pk)
        assert working.result() == {2: 1}
    assert [one.account.unapplied.amount for one in shops_] == [Decimal(261), Decimal(11)]
    assert [one.line.unpaid_bill_days for one in shops_] == [[], []]
