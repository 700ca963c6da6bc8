"""Measures what the page of a credit line reads, with a short and with a long history: the time
must not grow with it.
"""

import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from django.db import connection

from bench.shops import join
from credit.models import CreditLine
from credit.queries.proceeds import buckets

TODAY = date(2026, 11, 2)
TIMES = 200

# Sales of the past, a few of them still maturing, as a shop that is paid daily has them.
SALES = """
INSERT INTO credit_proceedsentry (line_id, kind, currency, amount, matures_on, at, bill_payment)
SELECT %(line)s, 'SALE', 'USD', 10, %(today)s::date + least(7 - n / 20, 7)::int, now(), ''
FROM generate_series(1, %(sales)s) n
"""
HOLDS = """
INSERT INTO credit_limitentry (line_id, kind, currency, limit_change, used_change, limit_after,
                               used_after, actor, reason, at)
SELECT %(line)s, 'HOLD', 'USD', 0, 1, 5000, n, 'platform', '', now()
FROM generate_series(1, %(sales)s) n
"""


def run() -> Iterator[tuple[str, str]]:
    """Measure how long reading a credit line's available limit, and its buckets of proceeds, takes
    with a thousand and with a million entries.

    Yields the report's lines, each (what was measured, result).
    """
    short, long = (_line(f"reads-{sales}", sales) for sales in (1_000, 1_000_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE credit_proceedsentry, credit_limitentry, credit_creditline")
    for what, ask in (("available limit", _available), ("buckets of proceeds", _buckets)):
        few, many = (_milliseconds(ask, line) for line in (short, long))
        yield f"{what}, 1,000 and 1,000,000 entries, ms", f"{few:.2f} and {many:.2f}"


def _line(reference: str, sales: int) -> int:
    """Create a merchant with this reference whose line has `sales` sales and as many holds. Returns
    the line's primary key, which is the merchant's.
    """
    line = join(reference)
    with connection.cursor() as cursor:
        for insert in (SALES, HOLDS):
            cursor.execute(insert, {"line": line, "sales": sales, "today": TODAY})
    CreditLine.objects.filter(pk=line).update(proceeds=Decimal(10 * sales))
    return line


def _available(line: int) -> None:
    """Read what is available of the limit of the line with this primary key."""
    assert CreditLine.objects.get(pk=line).available.amount >= 0


def _buckets(line: int) -> None:
    """Read the buckets of the proceeds of the line with this primary key."""
    buckets(line, today=TODAY)


def _milliseconds(ask: Callable[[int], None], line: int) -> float:
    """How many milliseconds `ask` takes for this line on average, after one call that is not
    counted.
    """
    ask(line)
    started = time.perf_counter()
    for _ in range(TIMES):
        ask(line)
    return (time.perf_counter() - started) / TIMES * 1000
