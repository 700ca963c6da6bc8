"""What grows with the charges of a merchant: posting, closing, billing, export and the start page.

Beside the merchant with so many charges stands one with a thousand; both are asked in turn, and
what they write is rolled back. All but the export should not depend on how many there are.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from bench import pace, seeds
from bench.export import FLOOR as COPY
from bench.export import closed_statement
from bench.figures import Figure, less_is_better
from bench.pages import OWNER, join_owner
from bench.shops import join
from billing.models import BillingAccount, Invoice, Statement
from billing.operations import charges, days, invoices, items
from lib import calendar
from merchants.models import Merchant, User

FEW, ROUNDS, MORE = 1_000, 5, 100
LAST_DAY = date(2027, 1, 31)
NOW = datetime(2027, 1, 31, 22, tzinfo=UTC)
MOST_GROWTH, MOST_OF_COPY = 1.5, 2.0
MANY = 100_000  # charges of a month
WARM_UPS = 2


@dataclass(frozen=True)
class Shop:
    """A merchant whose month is full of charges."""

    pk: int
    reference: str


def run(number: int) -> Iterator[Figure]:
    """Measure what the given number of charges costs, against a thousand.

    Yields a figure for each thing that is done with them.
    """
    few, many = _shop("few", FEW), _shop("many", number)
    for name, act in (("posting", _post), ("closing", _close), ("billing", _invoice)):
        rounds = _rounds(partial(_rolled_back, act, many), partial(_rolled_back, act, few))
        yield _point(name, number, rounds, floor=f"with {FEW:,} charges", at_most=MOST_GROWTH)
    browser = _browser(few, many)
    with patch("lib.clock.now", lambda: NOW), override_settings(TAEL_SANDBOX=True):
        rounds = _rounds(partial(_open, browser, many), partial(_open, browser, few))
        yield _point("overview", number, rounds, floor=f"with {FEW:,} charges", at_most=MOST_GROWTH)
        statement = closed_statement(many.pk, LAST_DAY)
        rounds = _rounds(
            partial(_download, browser, many), partial(_copy, statement), warm=1, share=1
        )
        # What a request costs besides its rows tells among few of them.
        aim = MOST_OF_COPY if number >= MANY else None
        yield _point("export", number, rounds, floor="COPY of the rows", at_most=aim)


def _shop(name: str, number: int) -> Shop:
    """A new merchant with so many charges, all of the last day of a month, on which no bill is
    due.
    """
    reference = f"growth-{name}"
    pk = join(reference)
    seeds.fill_month([pk], last_day=LAST_DAY, charges=number)
    later = LAST_DAY + timedelta(days=15)
    BillingAccount.objects.filter(pk=pk).update(
        threshold=Decimal(10**9), next_plan_on=later, next_cycle_on=later
    )
    return Shop(pk, reference)


def _point(
    name: str, number: int, rounds: list[tuple[float, float]], *, floor: str, at_most: float | None
) -> Figure:
    """The figure of one point of a curve, from the seconds of ours and of what stands beside it."""
    in_milliseconds = [(ours * 1000, other * 1000) for ours, other in rounds]
    figure = less_is_better(
        f"{name} at {number:,} charges",
        in_milliseconds,
        floor=floor,
        sent=SENT[name],
        at_most=at_most,
        unit="ms",
    )
    ours, other = (sorted(way)[len(way) // 2] for way in zip(*in_milliseconds, strict=True))
    return replace(figure, curve=name, charges=number, milliseconds=ours, beside=other)


SENT = {
    "posting": f"{MORE} charges recorded, and the day's items posted",
    "closing": "the day-end that closes the month",
    "billing": "one bill of all that is posted",
    "overview": "GET of the start page, in this process",
    "export": "GET of the month as CSV, in this process",
}


def _rounds(
    ours: Callable[[], float], other: Callable[[], float], warm: int = WARM_UPS, share: float = 0.3
) -> list[tuple[float, float]]:
    """The seconds of both in turn, ROUNDS times, once they have warmed up; `share` of the part's
    time may be taken.
    """
    for _ in range(warm):
        ours(), other()
    return [(ours(), other()) for _ in pace.rounds(ROUNDS, share=share)]


def _rolled_back(act: Callable[[Shop], None], shop: Shop) -> float:
    """How many seconds `act` takes for the shop, whose account is locked, with all that a commit
    would check. Nothing of it is kept.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        BillingAccount.objects.select_for_update().get(pk=shop.pk)
        started = time.perf_counter()
        act(shop)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds


def _post(shop: Shop) -> None:
    """Record some more charges, and post what the day has collected."""
    new = [
        charges.NewCharge(
            merchant_id=shop.pk,
            reference=f"more-{place}",
            fee=seeds.FEES[place % len(seeds.FEES)],
            currency="USD",
            amount=Decimal("2.45"),
            quantity=Decimal(1),
            at=NOW,
            now=NOW,
            request=f"more-{place // 3}",
        )
        for place in range(MORE)
    ]
    assert all(is_new is True for is_new in charges.record_many(new))
    items.post_day([shop.pk])


def _close(shop: Shop) -> None:
    """Work off the last day of the month."""
    assert days.work_off([shop.pk], now=calendar.day_end(LAST_DAY, "UTC")) == 1


def _invoice(shop: Shop) -> None:
    """Write a bill of all that is posted."""
    invoices.issue([invoices.Due(shop.pk, Invoice.Kind.THRESHOLD, LAST_DAY, NOW)])
    assert Invoice.objects.filter(account=shop.pk, kind=Invoice.Kind.THRESHOLD).count() == 1


def _browser(*shops: Shop) -> Client:
    """A client in which an owner of these shops is signed in."""
    for shop in shops:
        join_owner(Merchant.objects.get(pk=shop.pk))
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(email=OWNER))
    return client


def _open(browser: Client, shop: Shop) -> float:
    """How many seconds the shop's start page takes."""
    started = time.perf_counter()
    response = browser.get(reverse("overview", args=[shop.reference]))
    assert response.status_code == 200, response.status_code
    return time.perf_counter() - started


def _download(browser: Client, shop: Shop) -> float:
    """How many seconds it takes to read the shop's month as CSV."""
    started = time.perf_counter()
    month = calendar.month_of(LAST_DAY)
    response: Any = browser.get(reverse("billing:statement_csv", args=[shop.reference, month]))
    assert response.status_code == 200, response.status_code
    assert sum(block.count(b"\n") for block in response.streaming_content) > FEW // 2
    return time.perf_counter() - started


def _copy(statement: Statement) -> float:
    """How many seconds it takes to read the same rows by COPY."""
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(COPY, [statement.pk]) as copy:
        assert sum(1 for _ in copy) > FEW // 2
    return time.perf_counter() - started
