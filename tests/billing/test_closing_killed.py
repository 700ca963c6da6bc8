"""The end of many merchants' month: killed midway and resumed, or done by three at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from django.conf import settings
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
from tests import shops
from tests.processes import until
from tests.threads import at_once
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

MERCHANTS = [20, *full(200)]  # in ten chunks; those of a chunk and of all are even numbers
MONTH_END = "2026-12-01T00:00:00+00:00"
# The day-end job in a process of its own, in chunks of so many merchants.
CLOSING = """
import sys
from datetime import datetime
import django
django.setup()
from jobs import definitions
from config import timetable

definitions.CHUNK = int(sys.argv[2])
timetable.TIMETABLE[0].run_here(datetime.fromisoformat(sys.argv[1]))
"""


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
    """The books that one run without incident leaves."""
    with transaction.atomic():
        TIMETABLE[0].run_here(shops.instant(MONTH_END))
        found = whole_books()
        transaction.set_rollback(True)
    return found


def check_all_closed(many: int) -> None:
    assert Statement.objects.filter(closed_at=shops.instant(MONTH_END)).count() == many
    assert not Statement.objects.filter(closed_at=None).exists()
    # Half of them reach 100.00 as the month ends; each gets the bill of its plan date.
    assert Invoice.objects.filter(kind="THRESHOLD").count() == many // 2
    assert Invoice.objects.filter(kind="SUBSCRIPTION", issued_on="2026-12-01").count() == many
    numbers = sorted(map(str, Invoice.objects.values_list("number", flat=True)))
    assert numbers == [f"2026-{place + 1:06}" for place in range(len(numbers))]
    assert NumberSeries.objects.get(year=2026).last == len(numbers) == many * 5 // 2


@contextmanager
def closing(chunk: int) -> Iterator[subprocess.Popen[str]]:
    """The job in another process, on the database of this test; killed if it still runs after."""
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"{login}@{quote(database['HOST'], safe='')}:{database['PORT']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{address}/{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    with subprocess.Popen(
        [sys.executable, "-c", CLOSING, MONTH_END, str(chunk)],
        cwd=settings.BASE_DIR,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_it_waits_for_us(process: subprocess.Popen[str]) -> None:
    """Until the job has come to the row that this process holds locked."""

    def is_waited_for() -> bool:
        if process.poll() is not None:
            pytest.fail(process.communicate()[1])
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
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    assert Statement.objects.filter(closed_at=None).count() == half

    # Killed as it gives out numbers, with the postings of a chunk written and not committed.
    with transaction.atomic():
        NumberSeries.objects.select_for_update().get(year=2026)
        with closing(chunk) as process:
            wait_until_it_waits_for_us(process)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    assert Statement.objects.filter(closed_at=None).count() == half
    assert BillingAccount.objects.filter(open_on="2026-11-30", accruing__gt=0).count() == half

    with closing(chunk) as process:
        assert process.wait() == 0, process.communicate()[1]
    assert whole_books() == once
    check_all_closed(merchants)


def test_closed_by_three_beats_at_once_it_is_the_same(
    merchants: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", merchants // 10)

    once = undisturbed()

    def tick(_: int) -> None:
        for job in TIMETABLE[:3]:
            job.run_here(shops.instant(MONTH_END))

    at_once(tick, threads=3)
    assert whole_books() == once
    check_all_closed(merchants)
