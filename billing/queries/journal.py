"""Reads the journal of both books: balanced entries, computed from the rows that they are of.

Each is dated by its document's own local day or the merchant's local day of its instant; what came
after the lock of its month, by the first month that was open then (rule 29.7, rule 29.2).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain, groupby
from typing import Any, NamedTuple

from django.db import connection, transaction

from lib import audit_days
from lib.journal import SOURCES, Source

AT_ONCE = 2000  # postings that are read together

# What came later than a lock has none of the days that it locked.
_DATED = """
SELECT line.*, CASE
    WHEN said_on > coalesce((SELECT max(through) FROM billing_journallock), '-infinity')
    THEN said_on
    ELSE greatest(said_on, (SELECT max(lock.through) + 1 FROM billing_journallock lock
                            WHERE lock.locked_at <= line.at))
END AS dated_on FROM ({lines}) line
"""


class Posting(NamedTuple):
    """A line of an entry: `amount` is above 0 for a debit."""

    dated_on: date
    at: datetime
    merchant: str  # its reference
    source: str
    row_id: int
    document: str
    account: str  # its key
    amount: Decimal
    currency: str


class Entry(NamedTuple):
    """A balanced entry: the postings of one row."""

    dated_on: date
    merchant: str
    source: str
    row_id: int
    document: str
    currency: str
    postings: list[Posting]

    @property
    def name(self) -> str:
        """The entry's name in files: its source and its row's primary key, with a hyphen
        between.
        """
        return f"{self.source}-{self.row_id}"


@dataclass(frozen=True)
class Asked:
    """Which part of the journal is wanted; what is None or empty is not asked for. Days are those
    that entries are dated by, both included.
    """

    start: date | None = None
    end: date | None = None
    merchant_id: int | None = None
    currency: str = ""
    account: str = ""  # entries with a posting to the account with this key


def postings_sql(*conditions: str, sources: Iterable[Source] = SOURCES) -> str:
    """SQL for the dated postings of the sources, of rows that meet the conditions, which are SQL as
    Source.sql takes them. It needs `offsets` in its WITH clause.
    """
    lines = " UNION ALL ".join(source.sql(*conditions) for source in sources)
    return _DATED.format(lines=lines)


def offsets() -> str:
    """The part of a WITH clause that all of this SQL needs: the offsets from UTC, in seconds and by
    the instant since when, of all zones that merchants have, had or planned, which are read for it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT timezone FROM merchants_timezoneperiod")
        rows = audit_days.offsets(name for (name,) in cursor.fetchall())
    return f"{audit_days.OFFSETS}(timezone, starts, seconds) AS NOT MATERIALIZED ({rows})"


def where(asked: Asked, sources: Iterable[Source] = SOURCES) -> tuple[str, dict[str, Any]]:
    """SQL that selects the dated postings asked for of these sources, and its parameters. The
    caller puts `offsets` into its WITH clause. An entry is whole: of one with a posting to the
    account asked for, all postings are there.
    """
    conditions: list[str] = []
    params: dict[str, Any] = {}
    if asked.merchant_id is not None:
        conditions.append("{merchant} = %(merchant)s")
        params["merchant"] = asked.merchant_id
    # Local days are up to two days from those in UTC; an entry is dated by a day that is not
    # after its instant's, and not before its own.
    if asked.start is not None:
        conditions.append("{at} >= %(since)s")
        params["since"] = _midnight(asked.start - timedelta(days=2))
    if asked.end is not None:
        conditions.append("{day} <= %(end)s")
    met = ["true"]
    if asked.start is not None:
        met.append("dated_on >= %(start)s")
    if asked.end is not None:
        met.append("dated_on <= %(end)s")
    if asked.currency:
        met.append("currency = %(currency)s")
    params |= {"start": asked.start, "end": asked.end, "currency": asked.currency}
    dated = postings_sql(*conditions, sources=sources)
    sql = f"SELECT * FROM ({dated}) dated WHERE {' AND '.join(met)}"
    if asked.account:
        params["account"] = asked.account
        sql = f"""SELECT * FROM (
            SELECT *, bool_or(account = %(account)s) OVER (PARTITION BY source, row_id) AS has_it
            FROM ({sql}) whole) marked WHERE has_it"""
    return sql, params


def _midnight(day: date) -> datetime:
    """The instant at which the day starts in UTC."""
    return datetime.combine(day, time.min, UTC)


ENTRY_ORDER = "dated_on, at, merchant_id, rank, source, row_id"
_COLUMNS = """dated_on, at, merchant.reference, source, row_id, document, account,
              trim_scale(amount), currency"""


def entries(asked: Asked, *, offset: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Yield the entries asked for, by day, then instant, merchant and row, as the reader takes
    them; `limit` entries after the first `offset`, or all. Call it within lib.audit.snapshot. It is
    all one transaction, which lasts until the last entry is taken.
    """
    sql, params = where(asked)
    if offset or limit is not None:
        sql = f"""SELECT * FROM (
            SELECT *, dense_rank() OVER (ORDER BY {ENTRY_ORDER}) AS nth
            FROM ({sql}) listed) counted WHERE nth > %(offset)s AND nth <= %(last)s"""
        params |= {"offset": offset, "last": 2**62 if limit is None else offset + limit}
    query = f"""
        WITH {offsets()} SELECT {_COLUMNS} FROM ({sql}) found
        JOIN merchants_merchant merchant ON merchant.id = merchant_id ORDER BY {ENTRY_ORDER}, place
    """
    with _streamed(query, params) as rows:
        for _, postings in groupby(map(Posting._make, rows), lambda one: (one.source, one.row_id)):
            yield _entry(list(postings))


def _entry(postings: list[Posting]) -> Entry:
    """The entry of these postings, which are all of one row."""
    first = postings[0]
    return Entry(first.dated_on, first.merchant, first.source, first.row_id, first.document,
                 first.currency, postings)  # fmt: skip


@contextmanager
def _streamed(query: str, params: dict[str, Any]) -> Iterator[Iterator[Sequence[Any]]]:
    """The rows of the query, which the database hands over as they are taken; the transaction lasts
    as long as the block.
    """
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, params)
        yield chain.from_iterable(iter(partial(cursor.fetchmany, AT_ONCE), []))


class Sum(NamedTuple):
    """What an account came to: before the days asked for, and what was debited and credited."""

    account: str
    currency: str
    before: Decimal
    debit: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        """The account's balance after the days; above 0 for a debit."""
        return self.before + self.debit - self.credit


def trial_balance(asked: Asked) -> list[Sum]:
    """The accounts in the currencies asked for that have ever moved up to the end of the days, with
    their balance before the days, and what is debited and credited in them, in the order of their
    keys and currencies. If `asked` names an account, it alone.
    """
    start = asked.start or date.min
    until = Asked(None, asked.end, asked.merchant_id, asked.currency)
    sql, params = where(until)
    query = f"""
        WITH {offsets()}
        SELECT account, currency, coalesce(sum(amount) FILTER (WHERE dated_on < %(from)s), 0),
               coalesce(sum(amount) FILTER (WHERE dated_on >= %(from)s AND amount > 0), 0),
               coalesce(-sum(amount) FILTER (WHERE dated_on >= %(from)s AND amount < 0), 0)
        FROM ({sql}) found WHERE %(only)s IN ('', account)
        GROUP BY account, currency ORDER BY account, currency
    """
    with connection.cursor() as cursor:
        cursor.execute(query, params | {"from": start, "only": asked.account})
        return [Sum._make(row) for row in cursor.fetchall()]


# A digest of each posting, as a number: their sum is the same in whatever order they come.
DIGEST = """
sum(('x' || substr(md5(concat_ws('|', source, row_id, merchant_id, to_char(dated_on, 'YYYY-MM-DD'),
                                 currency, document, place, account, trim_scale(amount))), 1, 16)
    )::bit(64)::bigint::numeric)
"""


def digest(start: date | None, end: date) -> tuple[int, Decimal]:
    """How many postings the journal has on the days from `start` (None: from its beginning) to
    `end`, and the sum of their digests.
    """
    sql, params = where(Asked(start, end))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {offsets()} SELECT count(*), coalesce({DIGEST}, 0) FROM ({sql}) found", params
        )
        count, summed = cursor.fetchone()
    return count, summed


def locked(merchant_id: int) -> dict[int, tuple[int, Decimal]]:
    """How many postings the journal has in each locked month that are this merchant's, and the sum
    of their digests, by the key of the lock; months without any are left out.
    """
    sql, params = where(Asked(merchant_id=merchant_id))
    query = f"""
        WITH {offsets()} SELECT lock.id, count(*), {DIGEST} FROM ({sql}) found JOIN (
            SELECT id, through, lag(through, 1, '-infinity') OVER (ORDER BY through) AS before
            FROM billing_journallock
        ) lock ON found.dated_on <= lock.through AND found.dated_on > lock.before
        GROUP BY lock.id
    """
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return {key: (count, summed) for key, count, summed in cursor.fetchall()}


def first_day() -> date | None:
    """The local day of the earliest entry; None without entries."""
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {offsets()} SELECT min(dated_on) FROM ({postings_sql()}) dated")
        found: date | None = cursor.fetchone()[0]
    return found
