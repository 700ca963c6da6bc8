"""Opens and locks credit lines."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from credit.models import CreditLine, LimitEntry
from credit.operations import days
from credit.queries.quiet import IS_OVERDUE, THROUGH
from lib import calendar, day_ends, money, prepared, rows
from lib.refusals import Invalid, Refused
from merchants.models import Merchant

FIELDS = [field.attname for field in CreditLine._meta.concrete_fields]
COLUMNS = ", ".join(f'"{field}"' for field in FIELDS)
LOCK = f"SELECT {COLUMNS} FROM credit_creditline WHERE merchant_id = %(line)s FOR NO KEY UPDATE"
# The update that notes the instant also locks the row. `last_wrote_at` is compared as it is once
# the lock is ours, however long that took.
HOLD = """
SELECT merchant_id, open_until FROM credit_creditline WHERE merchant_id = ANY(%(lines)s::bigint[])
ORDER BY merchant_id FOR NO KEY UPDATE
"""
LOCK_AND_NOTE = f"""
UPDATE credit_creditline SET last_wrote_at = greatest(last_wrote_at, %(now)s)
WHERE merchant_id = %(line)s RETURNING {COLUMNS}
"""
# What an order that opens at once looks at; the other columns are read if somebody asks for them.
SEEN = [
    *("merchant_id", "currency", "limit", "used", "freezes_in_force", "paused_at", "order_cap"),
    *("buyer_cap", "closed_at", "timezone", "open_on", "open_until", "last_wrote_at"),
]
SEEN_COLUMNS = ", ".join(f'"{field}"' for field in SEEN)
# The version of a row is the transaction that wrote it last. The line has the order, or not. Where
# its open day has ended, it also says up to which day nothing happens, if it is looked for at all.
_READ = f"""
SELECT {SEEN_COLUMNS}, xmin::text,
       EXISTS (SELECT FROM credit_order WHERE line_id = line.merchant_id AND reference = %(order)s),
       CASE WHEN open_until <= greatest(last_wrote_at, %(now)s) AND NOT {IS_OVERDUE}
            THEN coalesce({THROUGH}, '{date.max}') END
FROM credit_creditline line
"""
READ = f"{_READ} WHERE merchant_id = %(line)s"
# The same, of a merchant that is known by its reference.
READ_OF = f"""
{_READ} WHERE merchant_id = (SELECT id FROM merchants_merchant WHERE reference = %(line)s)
"""


class LineClosed(Refused):
    """The account was closed: its line takes no new orders, and needs no limit or rules for
    them.
    """

    code = "account_closed"
    sentence = _("Your account was closed. It takes no new orders.")


class NewLine(NamedTuple):
    """A merchant's line that is to be opened in the currency of its limit, from the local day of
    `now`.
    """

    merchant: Merchant
    limit: Money
    payment_days: int
    settlement_days: int
    now: datetime

    def row(self) -> CreditLine:
        """The line as a model that is not saved. Raises Invalid for a negative limit or one with
        more digits than the currency.
        """
        currency, timezone = self.limit.currency.code, self.merchant.timezone
        limit = money.accepted(self.limit, currency, field="credit_limit")
        if limit.amount < 0:
            raise Invalid("credit_limit", "must not be negative")
        today = calendar.local_date(self.now, timezone)
        return CreditLine(
            merchant=self.merchant,
            currency=currency,
            limit=limit,
            payment_days=self.payment_days,
            settlement_days=self.settlement_days,
            timezone=timezone,
            open_on=today,
            open_until=calendar.day_end(today, timezone),
            last_wrote_at=self.now,
        )


@transaction.atomic
def open(new: Sequence[NewLine]) -> None:
    """Create these credit lines, each with the entry of its limit; nothing is notified or put on
    the trail. Raises Invalid as NewLine.row does; then none is created. The days of a line's terms
    are not checked here.
    """
    lines = [one.row() for one in new]
    rows.insert(lines)
    rows.insert(
        [
            LimitEntry(
                line=line,
                kind=LimitEntry.Kind.OPENED,
                currency=line.currency,
                limit_change=line.limit,
                limit_after=line.limit,
                used_after=money.zero(line.currency),
                actor="platform",
                at=line.last_wrote_at,
            )
            for line in lines
        ]
    )


def hold(merchant_ids: Collection[int]) -> None:
    """Lock the lines of these merchants until the transaction ends, in the order of their keys, in
    which everybody locks several.

    It works off no day-ends. Callers go on to lock some of the lines one by one, in any order.
    """
    prepared.rows(HOLD, {"lines": list(merchant_ids)})


def lock(merchant_id: int, *, now: datetime, notes_instant: bool = True) -> CreditLine:
    """Lock the line until the transaction ends, and return it, with all days worked off that have
    ended by `line.now`.

    Every operation on a line does this first, and then counts at `line.now`: the latest of `now`,
    the instant last written to the line and the start of its open day, since clocks differ and
    locks are waited for. With `notes_instant=False` the caller saves `line.now` on the line with
    its own writes (`last_wrote_at`). Raises CreditLine.DoesNotExist, and DaysNotWorkedOff if a day
    cannot be worked off. What day-ends do, such as write-offs and freezes, is notified to the
    merchant. Rule 2.4, rule 2.5.
    """
    line = _locked(merchant_id, now, LOCK_AND_NOTE if notes_instant else LOCK)
    counts_at = max(now, line.last_wrote_at)  # as a day starts that instant is noted, too
    if line.open_until <= counts_at:
        with day_ends.of_merchant(merchant_id):
            if not days.pass_quiet_days(line, now=counts_at):
                days.work_off([merchant_id], now=counts_at)
                line = _locked(merchant_id, now, LOCK)
    line.now = counts_at
    return line


def see(merchant: int | str, *, without_order: str, now: datetime) -> CreditLine | None:
    """Read the line without locking it, for callers that then write only if its `version` is still
    the same; they write `open_on` and `open_until`, too, which are those of the day that is open at
    `now` if the days before it pass quietly. `merchant` is the merchant's key (int) or reference
    (str).

    Returns None where that is no way to go: the line already has an order with the reference
    `without_order`, a day on which something happens has to be worked off first, or there is no
    such line.
    """
    read = READ_OF if isinstance(merchant, str) else READ
    row = prepared.row(read, {"line": merchant, "order": without_order, "now": now})
    return None if row is None else seen(row, now=now)


def seen(row: Sequence[Any], *, now: datetime) -> CreditLine | None:
    """The line from a row that READ or READ_OF gave for `now`; None where `see` returns None."""
    *values, version, is_placed, quiet_through = row
    line = rows.loaded(CreditLine, SEEN, values)
    line.now, line.version = max(now, line.last_wrote_at), version
    if is_placed:
        return None
    if line.open_until > line.now:
        return line
    # All that makes a day other than quiet is written together with the line's row, and so makes
    # another version of it.
    if quiet_through is None or not days.come_quietly(
        line, quiet_through=quiet_through, now=line.now
    ):
        return None
    return line


def check_open(line: CreditLine) -> None:
    """Raise LineClosed for a closed line: what is about new orders changes nothing there."""
    if line.is_closed:
        raise LineClosed("account: it was closed, and takes no new orders; open it again first")


def _locked(merchant_id: int, now: datetime, lock: str) -> CreditLine:
    """Lock and return the line by the statement `lock`, which is LOCK or LOCK_AND_NOTE. Raises
    CreditLine.DoesNotExist.

    It is plain SQL since building Django's query was a fifth of the time that placing an order
    takes.
    """
    row = prepared.row(lock, {"line": merchant_id, "now": now})
    if row is None:
        raise CreditLine.DoesNotExist
    return rows.loaded(CreditLine, FIELDS, row)
