"""Measures what charges and orders take on disk and in the write-ahead log, row by row: what a plan
for more of them multiplies (docs/scaling.md).

All of it comes in as a marketplace sends it, by batches of events with a key of the API, so that
what is kept of requests is counted, too. A table's size is that of its rows, indexes and long
values, as they grew, less what it had before.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from bench import charges
from bench.api import PRICE, join_shop, make_key
from gateway import intake
from gateway.models import ApiKey
from merchants.models import Merchant

NOW = charges.NOW
MERCHANTS = 200
CHARGES, ORDERS = 100_000, 5_000
BATCH = 1000
# What becomes of an order: most are paid, some are refunded a part, some never leave the shop.
STEPS = ("placed", "shipped", "delivered", "paid", "refunded")
REFUNDED_EVERY = 10

SIZES = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""

GROW = ("billing_charge", "gateway_receivedevent", "credit_order", "credit_limitentry",
        "credit_proceedsentry", "gateway_webhookevent")  # fmt: skip

Sizes = dict[str, tuple[int, int]]


def run() -> Iterator[tuple[str, str]]:
    """Yield the lines of the report, each (label, result)."""
    make_key()
    key = ApiKey.objects.get()
    shops = [join_shop(f"sized-{number}") for number in range(MERCHANTS)]
    yield from _measured("charge", key, [_charges(shops)])
    yield from _measured("order", key, [_orders(shops, step) for step in STEPS])
    yield from _read()


def _measured(
    what: str, key: ApiKey, steps: Sequence[Sequence[dict[str, Any]]]
) -> Iterator[tuple[str, str]]:
    """Send these events, step by step, and yield what each of the first step's has left behind."""
    count, before = len(steps[0]), _sizes()
    total = 0
    for events in steps:
        log, seconds = _sent(events, key)
        total += log
        yield (
            f"{events[0]['type']}: bytes of log, processor time of this process in ms",
            f"{log / len(events):,.0f}, {1000 * seconds / len(events):.3f}",
        )
    yield f"bytes of log, an entire {what}", f"{total / count:,.0f}"
    after = _sizes()
    grown = {
        table: tuple(now - then for now, then in zip(sizes, before[table], strict=True))
        for table, sizes in after.items()
    }
    for table, (rows, indexes) in sorted(grown.items(), key=lambda one: -sum(one[1])):
        if rows + indexes >= count:  # a byte each
            yield (
                f"{table}: bytes of rows and of indexes, each {what}",
                f"{rows / count:,.0f} + {indexes / count:,.0f}",
            )
    all_of_it = sum(sum(sizes) for sizes in grown.values())
    yield f"bytes on disk, an entire {what}", f"{all_of_it / count:,.0f}"


def _sent(events: Sequence[dict[str, Any]], key: ApiKey) -> tuple[int, float]:
    """Send the events in batches; the bytes of log that they took, and the seconds of processor."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    log, started = _written(), time.process_time()
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        with transaction.atomic():
            outcomes = intake.take(batch, key=key, request_id=f"bench-{start}", now=NOW)
        assert {outcome.status for outcome in outcomes} == {"applied"}
    return _written() - log, time.process_time() - started


def _charges(shops: Sequence[Merchant]) -> list[dict[str, Any]]:
    """CHARGES charges of all shops, mixed."""
    made = []
    for place in range(CHARGES):
        one = charges._charge(shops, 0, place % charges.CHARGES())
        data = {"charge": f"charge-{place}", "fee": one.fee, "request": one.request,
                "quantity": str(one.quantity), "currency": "USD", "amount": str(one.amount),
                "description": one.description}  # fmt: skip
        made.append(_event(f"charge-{place}", "charge.recorded", shops[place % MERCHANTS], data))
    return made


def _orders(shops: Sequence[Merchant], step: str) -> list[dict[str, Any]]:
    """This step of ORDERS orders of all shops, mixed."""
    more: dict[str, dict[str, Any]] = {
        "placed": {"buyer": "Somchai", "amount": PRICE, "currency": "USD", "instalments": 1},
        "paid": {"amount": PRICE, "currency": "USD"},
        "refunded": {"amount": "5.00", "currency": "USD"},
    }
    made = []
    for place in range(0, ORDERS, REFUNDED_EVERY if step == "refunded" else 1):
        data = {"order": f"order-{place}", **more.get(step, {})}
        if step in ("paid", "refunded"):
            data[{"paid": "payment", "refunded": "refund"}[step]] = f"{step}-{place}"
        made.append(_event(f"{step}-{place}", f"order.{step}", shops[place % MERCHANTS], data))
    return made


def _event(name: str, kind: str, shop: Merchant, data: dict[str, Any]) -> dict[str, Any]:
    """An event of the shop's, of a minute ago, as JSON has it."""
    at = (NOW - timedelta(minutes=1)).isoformat()
    return {"id": name, "type": kind, "at": at, "merchant": shop.reference, "data": data}


def _read() -> Iterator[tuple[str, str]]:
    """Yield how many rows each of the tables has that grew."""
    with connection.cursor() as cursor:
        for table in GROW:
            cursor.execute(f"SELECT count(*) FROM {table}")
            yield f"{table}: rows", f"{cursor.fetchone()[0]:,}"


def _sizes() -> Sizes:
    """The bytes of rows and of indexes of each table."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # as autovacuum does; what it frees is used again
        cursor.execute(SIZES)
        return {table: (rows, indexes) for table, rows, indexes in cursor.fetchall()}


def _written() -> int:
    """How many bytes of write-ahead log there were so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")
        return int(cursor.fetchone()[0])
