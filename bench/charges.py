"""Measures recording charges in bulk, compared with COPY of the rows that were recorded.

COPY goes into a table with the columns, indexes, checks and foreign keys of the charges, in batches
and transactions of the same size; it keeps no items, statements, totals, requests or bills.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from bench import pace
from bench.figures import Figure, more_is_better
from bench.shops import join
from bench.sized import Sized
from billing.models import Invoice
from billing.operations import charges, days
from gateway.events import EventRun
from lib.events import Event
from merchants.models import Merchant

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CHARGES = Sized(usual=10_000, full=100_000, tiny=400)
BATCH = 1000  # as in a replay
ROUNDS = 5
FIRST = 2 * ROUNDS  # the number of the round that is not measured
MERCHANTS = Sized(usual=200, full=200, tiny=20)
OFTEN_BILLED = 10  # one merchant in so many, at a threshold that 100 charges or so reach
AT_LEAST = 0.4  # of COPY
CHARGES_A_REQUEST = 3
# The fees of ten charges, each with an amount that is about right.
OF_TEN = (
    *[("pick-pack", Decimal("2.45"))] * 3,
    *[("packaging", Decimal("0.80"))] * 3,
    *[("shipping-label", Decimal("6.10"))] * 3,
    ("receiving", Decimal("18.00")),
)

COLUMNS = """account_id, reference, fee_id, item_id, statement_id, request, description, quantity,
             currency, amount, unit_price, at, service_on, arrived_at, is_late"""
WITH_KEYS, WITHOUT_KEYS = "bench_charge_with_keys", "bench_charge"
KEYS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'billing_charge'::regclass AND contype = 'f'
"""


def run() -> Iterator[tuple[str, str] | Figure]:
    """Measure how many charges a second are recorded, against COPY of the same rows, with and
    without foreign keys, and how many as events.

    Yields the report's lines, each (what was measured, result), and figures.
    """
    merchants = _merchants()
    _make_tables()
    _rate(charges.record_many, _charges(merchants, FIRST))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does within a minute
    ours, keyed, bare, applied = [], [], [], []
    for number in pace.rounds(ROUNDS):  # in turn, so that a machine that slows down slows all
        new = _charges(merchants, number)
        ours.append(_rate(charges.record_many, new))
        rows = _rows(number)
        keyed.append(_rate(lambda batch: _copy(WITH_KEYS, batch), rows))
        bare.append(_rate(lambda batch: _copy(WITHOUT_KEYS, batch), rows))
        applied.append(_rate(_apply, _events(merchants, ROUNDS + number)))
        yield "charges a second", f"{ours[-1]:,.0f} (COPY {keyed[-1]:,.0f})"
    invoices = Invoice.objects.filter(kind=Invoice.Kind.THRESHOLD).count()
    yield "threshold bills they made on the way", f"{invoices:,}"
    sent = f"{CHARGES():,} charges of {len(merchants)} merchants, {BATCH:,} to a transaction"
    for what, one, other, floor, at_least in (
        ("recording charges", ours, keyed, "COPY into the same table, with its keys", AT_LEAST),
        ("recording charges, without keys", ours, bare, "COPY without foreign keys", None),
        ("charges as events, checked and applied", applied, ours, "recording them", None),
    ):
        rounds = list(zip(one, other, strict=True))
        yield more_is_better(what, rounds, floor=floor, sent=sent, at_least=at_least)


def _merchants() -> list[Merchant]:
    """New merchants, one in OFTEN_BILLED with a low threshold, whose first day is worked off and
    whose first bills are written.
    """
    often = MERCHANTS() // OFTEN_BILLED
    thresholds = ["500.00"] * often + ["1000000.00"] * (MERCHANTS() - often)
    joined = [join(f"charged-{n}", threshold=each) for n, each in enumerate(thresholds)]
    days.work_off(joined, now=NOW)
    return list(Merchant.objects.filter(pk__in=joined).order_by("pk"))


def _make_tables() -> None:
    """Create two tables like that of charges, one with its foreign keys and one without."""
    with connection.cursor() as cursor:
        for table in (WITH_KEYS, WITHOUT_KEYS):
            cursor.execute(f"CREATE TABLE {table} (LIKE billing_charge INCLUDING ALL)")
        cursor.execute(KEYS)
        for (key,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {WITH_KEYS} ADD {key}")


def _charges(merchants: Sequence[Merchant], number: int) -> list[charges.NewCharge]:
    """CHARGES charges of round `number`, those of all merchants mixed, as they arrive over a
    morning.
    """
    return [_charge(merchants, number, place) for place in range(CHARGES())]


def _charge(merchants: Sequence[Merchant], number: int, place: int) -> charges.NewCharge:
    """Charge number `place` of round `number`."""
    turn, merchant = divmod(place, len(merchants))
    fee, price = OF_TEN[(turn + merchant) % len(OF_TEN)]
    return charges.NewCharge(
        merchant_id=merchants[merchant].pk,
        reference=f"charge-{number}-{place:08}",
        fee=fee,
        currency="USD",
        amount=price + Decimal(place % 100) / 100,
        quantity=Decimal(1 + place % 4),
        at=NOW - timedelta(seconds=(CHARGES() - place) / 4),
        now=NOW,
        request=f"request-{number}-{turn // CHARGES_A_REQUEST:06}",
        description=f"Order {number}-{place}",
    )


def _events(merchants: Sequence[Merchant], number: int) -> list[Event]:
    """The charges of round `number`, as events that record them."""
    references = {merchant.pk: merchant.reference for merchant in merchants}
    return [
        Event(
            id=charge.reference,
            type="charge.recorded",
            at=charge.at,
            merchant=references[charge.merchant_id],
            data={
                "charge": charge.reference,
                "fee": charge.fee,
                "request": charge.request,
                "quantity": str(charge.quantity),
                "currency": charge.currency,
                "amount": str(charge.amount),
                "description": charge.description,
            },
        )
        for charge in _charges(merchants, number)
    ]


@transaction.atomic
def _apply(events: Sequence[Event]) -> None:
    """Apply the events in one transaction. Raises AssertionError unless all are applied."""
    run = EventRun()
    for event in events:
        run.apply(event, now=NOW)
    assert {outcome.status for outcome in run.finish()} == {"applied"}


def _rows(number: int) -> list[bytes]:
    """The rows that round `number` recorded, in the format of COPY and in the order of
    recording.
    """
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY (SELECT {COLUMNS} FROM billing_charge WHERE reference LIKE %s ORDER BY id)"
            " TO STDOUT",
            [f"charge-{number}-%"],
        ) as copy,
    ):
        rows = [bytes(row) for row in copy]
    assert len(rows) == CHARGES()
    return rows


@transaction.atomic
def _copy(table: str, rows: Sequence[bytes]) -> None:
    """COPY the rows, which `_rows` made, into the table."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy,
    ):
        copy.write(b"".join(rows))


def _rate(act: Callable[[Sequence[Any]], object], what: Sequence[Any]) -> float:
    """How many of `what` are processed per second if `act` is given BATCH of them at a time."""
    batches = [what[start : start + BATCH] for start in range(0, len(what), BATCH)]
    started = time.perf_counter()
    for batch in batches:
        act(batch)
    return len(what) / (time.perf_counter() - started)
