"""Books of many merchants: one that traded, and as many like it as are asked for, written by SQL.

What the version before did for the one is right, so its copies are: all rows that belong to it,
with keys of their own, and with bills numbered in one series without a gap.
"""

import json
from typing import Any

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Identifier

STRIDE = 10_000_000  # between the keys of one merchant's rows and the next one's
# A day's trade each, until now. Prints nothing.
TRADE = """
import sys, django
django.setup()
from datetime import UTC, datetime, timedelta
from gateway.events import apply_all
from lib import events
days, charges, orders = map(int, sys.argv[1:])
fees = ("pick-pack", "packaging", "receiving", "shipping-label", "storage")
money = {"currency": "USD", "amount": "1.20"}
def add(at, *told):
    parsed = [
        events.from_object({"id": f"{at}-{place}", "type": kind, "at": at.isoformat(),
                            "merchant": "many", "data": data})
        for place, (kind, data) in enumerate(told)
    ]
    for outcome in apply_all(parsed, now=at):
        assert outcome.status == "applied", outcome
joined = datetime.now(UTC).replace(hour=0, minute=0) - timedelta(days=days)
add(joined, ("merchant.joined", {
    "name": "Many", "currency": "USD", "timezone": "UTC", "language": "en",
    "credit_limit": "100000", "payment_days": 10, "settlement_days": 7,
    "billing_threshold": "40", "plan": "basic", "plan_price": "5", "plan_interval_days": 30}))
for day in range(days):
    at = joined + timedelta(days=day, hours=1)
    placed = [f"old-{day}-{n}" for n in range(orders)]
    add(at, *[("charge.recorded", {"charge": f"old-{day}-{n}", "fee": fees[n % 5],
                "request": f"r-{day}-{n // 3}", "quantity": 1, **money}) for n in range(charges)])
    add(at, *[("order.placed", {"order": order, "buyer": f"b-{n % 40}", "instalments": 1 + n % 3,
                **money}) for n, order in enumerate(placed)])
    for hours, kind in ((1, "order.shipped"), (2, "order.delivered")):
        add(at + timedelta(hours=hours), *[(kind, {"order": order}) for order in placed])
    add(at + timedelta(hours=3), *[("order.paid", {"order": order, "payment": f"p-{order}",
                                    **money}) for order in placed[1:]])
"""
# A key of the API, and the session of a member of the first merchant, as JSON.
PEOPLE = """
import json, django
django.setup()
from datetime import UTC, datetime
from gateway.models import Scope
from gateway.operations import keys
from merchants.models import Membership, Merchant
from tests.factories import UserFactory, signed_in
_, key = keys.make(name="Platform", scopes=tuple(Scope.values), requests_per_minute=1_000_000,
                   reason="To see what holds.", actor="ada@tael.example", now=datetime.now(UTC))
person = UserFactory.create(email="owner@many.example")
merchant = Merchant.objects.get(reference="many")
Membership.objects.create(user=person, merchant=merchant, role=Membership.Role.OWNER)
print(json.dumps({"key": key, "session": signed_in(person).session.session_key}))
"""
KEYS = """
SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
"""
COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
  AND NOT (data_type = 'uuid' AND column_default IS NOT NULL)
ORDER BY ordinal_position
"""
# Its n-th bill leaves room behind it for those of its copies.
MAKE_ROOM = (
    """
    UPDATE billing_invoice SET number = 'x' || left(number, 5)
        || lpad(((substr(number, 6)::bigint - 1) * %(merchants)s + 1)::text, 6, '0')
    WHERE number IS NOT NULL
    """,
    "UPDATE billing_invoice SET number = substr(number, 2) WHERE number IS NOT NULL",
    "UPDATE billing_numberseries SET last = last * %(merchants)s",
)
NUMBER = "left(number, 5) || lpad((substr(number, 6)::bigint + n)::text, 6, '0')"
Connection = psycopg.Connection[Any]


def people(said: str) -> tuple[str, str]:
    """What PEOPLE printed: (key, session)."""
    found = json.loads(said.splitlines()[-1])
    return found["key"], found["session"]


def copy(asked: Connection, merchants: int) -> dict[str, int]:
    """Have the one merchant's rows so many times. Returns how many rows the largest tables have
    then.
    """
    found = [(t, c, other) for t, c, other in asked.execute(KEYS)]
    theirs = {"merchants_merchant"}
    while more := {t for t, _, other in found if other in theirs} - theirs:
        theirs |= more
    with asked.transaction():
        asked.execute("SET LOCAL session_replication_role = replica")
        for statement in MAKE_ROOM:
            asked.execute(statement, {"merchants": merchants})
        for table in sorted(theirs):
            moved = {column for t, column, other in found if t == table and other in theirs}
            _copy_table(asked, table, moved, merchants - 1)
    asked.execute("VACUUM ANALYZE")
    counts = {table: _count(asked, table) for table in theirs}
    return dict(sorted(counts.items(), key=lambda pair: -pair[1])[:12])


def _copy_table(asked: Connection, table: str, moved: set[str], times: int) -> None:
    """Copy the rows of a table so many times; `moved` are its columns that name rows which are
    copied, too.
    """
    columns = [name for (name,) in asked.execute(COLUMNS, [table])]
    taken: list[sql.Composable] = []
    for column in columns:
        here = Identifier(column)
        if column in ("id", "cause_id") or column in moved:
            taken.append(SQL("{} + n * {}").format(here, sql.Literal(STRIDE)))
        elif (table, column) == ("billing_invoice", "number"):
            taken.append(SQL(NUMBER))
        elif (table, column) == ("merchants_merchant", "reference") or (
            column == "merchant_reference"
        ):
            taken.append(SQL("{0} || CASE {0} WHEN '' THEN '' ELSE '-' || n END").format(here))
        else:
            taken.append(here)
    asked.execute(
        SQL("INSERT INTO {} ({}) SELECT {} FROM {}, generate_series(1, {}::bigint) n").format(
            Identifier(table), SQL(", ").join(map(Identifier, columns)), SQL(", ").join(taken),
            Identifier(table), sql.Literal(times),
        )
    )  # fmt: skip
    if "id" in columns:
        asked.execute(
            SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}"
                " HAVING max(id) IS NOT NULL").format(sql.Literal(table), Identifier(table))
        )  # fmt: skip


def _count(asked: Connection, table: str) -> int:
    """How many rows the table has."""
    (count,) = asked.execute(
        SQL("SELECT count(*) FROM {}").format(Identifier(table))
    ).fetchone() or (0,)
    return int(count)
