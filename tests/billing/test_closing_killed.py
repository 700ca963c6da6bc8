"""The end of many merchants' month: killed midway and resumed, or done by three at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess

import pytest
from django.db import connection, transaction

from billing.models import (
    BillingAccount,
    Invoice,
    InvoiceLine,
    NumberSeries,
    Statement,
    StatementTotal,
)
from config.timetable import TIMETABLE
from gateway.events import apply_all
from jobs import definitions
from lib import events
from tests import forked, shops
from tests.processes import until
from tests.threads import at_once
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

MERCHANTS = [20, *full(200)]  # in ten chunks; those of a chunk and of all are even numbers
MONTH_END = "2026-12-01T00:00:00+00:00"


@pytest.fixture(params=MERCHANTS)
def merchants(request: pytest.FixtureRequest) -> int:
    """How many there are on the eve of a month's end: a threshold bill, a statement and a plan fee
    for each.
    """
    many: int = request.param
    assert TIMETABLE[0].name == "billing-day-ends"
    sent: list[dict[str, object]] = []
    for number in range(many):
        shop = shops.Shop(
            f"shop-{number:03}",
            sender=lambda event: sent.append(event) or "",  # type: ignore[func-returns-value]
            billing_threshold="100.00",
            plan_price="39.00",
        )
        shop.join("2026-11-01 10:00")
        shop.charge("2026-11-30 11:00", "storage", f"{60 + number % 3}.00")
        shop.charge("2026-11-30 12:00", "shipping-label", f"{50 - number % 2 * 20}.00")
        shop.charge("2026-11-30 12:00", "app-usage", "5.00")
    joined = apply_all(map(events.from_object, sent[::4]), now=shops.instant("2026-11-01 10:00"))
    TIMETABLE[0].run_here(shops.instant("2026-11-30 00:00"))
    rest = [event for place, event in enumerate(sent) if place % 4]
    charged = apply_all(map(events.from_object, rest), now=shops.instant("2026-11-30 12:00"))
    assert {outcome.status for outcome in (*joined, *charged)} == {"applied"}
    assert Invoice.objects.count() == many
    return many


def whole_books() -> tuple[object, ...]:
    """The books of all merchants together. Which merchant gets which number does not matter."""
    accounts = BillingAccount.objects.values_list(
        "pk", "open_on", "next_plan_on", "billed_through", "outstanding", "accruing"
    )
    invoices = Invoice.objects.values_list("account", "kind", "issued_on", "period_start", "total")
    lines = InvoiceLine.objects.values_list(
        "invoice__account", "invoice__kind", "posting_on", "fee_code", "amount", "charge_count"
    )
    totals = StatementTotal.objects.values_list(
        "statement__account", "statement__closed_at", "fee", "amount", "charge_count"
    )
    numbers = sorted(map(str, Invoice.objects.values_list("number", flat=True)))
    return *(sorted(map(str, rows)) for rows in (accounts, invoices, lines, totals)), numbers


def undisturbed() -> tuple[object, ...]:
    """The books that one run without incident leaves. The run is undone."""
    with transaction.atomic():
        TIMETABLE[0].run_here(shops.instant(MONTH_END))
        found = whole_books()
        transaction.set_rollback(True)
    return found


def check_all_closed(many: int) -> None:
    """Check that the month of so many merchants is closed once: statements, bills, numbers without
    a gap.
    """
    assert Statement.objects.filter(closed_at=shops.instant(MONTH_END)).count() == many
    assert not Statement.objects.filter(closed_at=None).exists()
    # Half of them reach 100.00 as the month ends; each gets the bill of its plan date.
    assert Invoice.objects.filter(kind="THRESHOLD").count() == many // 2
    assert Invoice.objects.filter(kind="SUBSCRIPTION", issued_on="2026-12-01").count() == many
    numbers = sorted(map(str, Invoice.objects.values_list("number", flat=True)))
    assert numbers == [f"2026-{place + 1:06}" for place in range(len(numbers))]
    assert NumberSeries.objects.get(year=2026).last == len(numbers) == many * 5 // 2


@contextmanager
def closing(chunk: int) -> Iterator[ForkProcess]:
    """A context with the day-end job in another process, in chunks of so many merchants; killed if
    it still runs after.
    """

    def work() -> None:
        """Run the day-end job of the month's end, in chunks of so many merchants."""
        definitions.CHUNK = chunk
        TIMETABLE[0].run_here(shops.instant(MONTH_END))

    process = forked.start(work)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def wait_until_it_waits_for_us(process: ForkProcess) -> None:
    """Wait until the process has come to the row that this one holds locked. It must not end
    before.
    """

    def is_waited_for() -> bool:
        assert process.is_alive()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            return bool(cursor.fetchone()[0])

    until(is_waited_for, 120)


def test_killed_twice_and_resumed_it_closes_every_month_once(merchants: int) -> None:
    once, half, chunk = undisturbed(), merchants // 2, merchants // 10
    accounts = list(BillingAccount.objects.order_by("pk").values_list("pk", flat=True))

    # Killed as it comes to the first merchant of the sixth chunk: five are done.
    with transaction.atomic():
        BillingAccount.objects.select_for_update().get(pk=accounts[half])
        with closing(chunk) as process:
            wait_until_it_waits_for_us(process)
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
    assert Statement.objects.filter(closed_at=None).count() == half

    # Killed as it gives out numbers, with the postings of a chunk written and not committed.
    with transaction.atomic():
        NumberSeries.objects.select_for_update().get(year=2026)
        with closing(chunk) as process:
            wait_until_it_waits_for_us(process)
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
    assert Statement.objects.filter(closed_at=None).count() == half
    assert BillingAccount.objects.filter(open_on="2026-11-30", accruing__gt=0).count() == half

    with closing(chunk) as process:
        process.join()
        assert process.exitcode == 0
    assert whole_books() == once
    check_all_closed(merchants)


@pytest.mark.full  # killed and resumed it is, too
def test_closed_by_three_beats_at_once_it_is_the_same(
    merchants: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", merchants // 10)

    once = undisturbed()

    def tick(_: int) -> None:
        """Run the first three jobs of the timetable."""
        for job in TIMETABLE[:3]:
            job.run_here(shops.instant(MONTH_END))

    at_once(tick, threads=3)
    assert whole_books() == once
    check_all_closed(merchants)
