"""Merchants' proceeds: what was earned, and where it is (rule 9.5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum
from moneyed import Money

from credit.models import CreditLine, Order, ProceedsEntry
from credit.queries import paid_out
from credit.queries.paid_out import PaidPart
from lib import money
from merchants import installation

MOST_ATTEMPTS = 100  # to collect a bill, by which its payments out of proceeds are looked up

# All figures of one line by one statement, so that they add up whatever is written meanwhile. It
# reads entries that are still to mature and withdrawals under way, never the history.
BUCKETS = """
SELECT line.currency, line.proceeds, line.paid_out, under_way.total, days.dates, days.amounts
FROM credit_creditline line
CROSS JOIN LATERAL (
    SELECT coalesce(sum(withdrawal.amount + withdrawal.fee), 0) AS total
    FROM credit_withdrawal withdrawal
    WHERE withdrawal.line_id = line.merchant_id AND withdrawal.ended_at IS NULL
) under_way
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(day.matures_on ORDER BY day.matures_on), '{}') AS dates,
           coalesce(array_agg(day.amount ORDER BY day.matures_on), '{}') AS amounts
    FROM (
        SELECT entry.matures_on, sum(entry.amount) AS amount FROM credit_proceedsentry entry
        WHERE entry.line_id = line.merchant_id AND entry.matures_on > %(today)s
        GROUP BY entry.matures_on HAVING sum(entry.amount) <> 0
    ) day
) days
WHERE line.merchant_id = %(line)s
"""

# The balance right after the latest of these entries, and what the line's entries come to between
# each of them and the one before, by its place among them, with their number. The balance is
# today's less what has come since, or the sum of what had come until then, whichever the order of
# the list makes fewer rows. All of it walks one index in its order, no more than so many rows of
# it each way, and is one statement, so that it fits together.
BALANCES_AFTER = """
WITH beyond AS MATERIALIZED (
    SELECT count(*) AS rows, coalesce(sum(amount), 0) AS amount FROM (
        SELECT entry.amount FROM credit_proceedsentry entry
        WHERE entry.line_id = %(line)s AND {beyond} ORDER BY entry.id {way} LIMIT %(most)s + 1
    ) entry
), since AS MATERIALIZED (
    SELECT width_bucket(id - 1, %(entries)s::bigint[]) AS place, count(*) AS rows,
           sum(amount) AS amount
    FROM (
        SELECT entry.id, entry.amount FROM credit_proceedsentry entry
        WHERE entry.line_id = %(line)s AND entry.id > %(first)s AND entry.id <= %(last)s
        ORDER BY entry.id DESC LIMIT %(most)s + 1
    ) entry
    GROUP BY place
)
SELECT line.proceeds, beyond.rows, beyond.amount, since.place, since.rows, since.amount
FROM credit_creditline line CROSS JOIN beyond LEFT JOIN since ON true
WHERE line.merchant_id = %(line)s
"""
NEWER = BALANCES_AFTER.format(beyond="entry.id > %(last)s", way="ASC")
OLDER = BALANCES_AFTER.format(beyond="entry.id <= %(last)s", way="DESC")
MOST_BETWEEN = 100_000  # entries that are added up to know a balance


@dataclass(frozen=True)
class MaturingDay:
    """The amount that becomes withdrawable when local day `on` starts."""

    on: date
    amount: Money


@dataclass(frozen=True)
class Buckets:
    """Where a merchant's proceeds are on a local day.

    maturing + matured = balance; balance + on_its_way + paid_out = earned, which is sales less
    refunds and less what paid bills.
    """

    balance: Money
    maturing: Money
    maturing_days: Sequence[MaturingDay]  # the next one first
    matured: Money  # negative after a refund of money already paid out
    on_its_way: Money  # withdrawals that have not ended, with their fees
    paid_out: Money  # withdrawals that were paid, with their fees

    @property
    def available(self) -> Money:
        """What a withdrawal and its fee may come to together: the smaller of what has matured
        and of the whole balance, but never below 0. Freezes are not considered.
        """
        nothing = money.of(Decimal(0), self.balance.currency.code)
        return max(min(self.matured, self.balance), nothing)

    @property
    def shortfall(self) -> Money:
        """The amount that later sales have to cover before anything can be withdrawn again, as less
        than 0 has matured; 0 if something can be withdrawn.
        """
        return self.available - self.matured

    @property
    def earned(self) -> Money:
        """All that was earned so far: sales less refunds, less what paid bills, and as corrected;
        it is what the balance, the withdrawals on their way and what was paid out come to.
        """
        return self.balance + self.on_its_way + self.paid_out


def buckets(merchant_id: int, *, today: date) -> Buckets:
    """Read how much of the line's proceeds is maturing, by day, has matured, is on its way and was
    paid out, on local day `today`. Raises CreditLine.DoesNotExist.

    Rule 9.5.
    """
    with connection.cursor() as cursor:
        cursor.execute(BUCKETS, {"line": merchant_id, "today": today})
        row = cursor.fetchone()
    if row is None:
        raise CreditLine.DoesNotExist(f"there is no credit line {merchant_id}")
    currency, balance, paid_out, on_its_way, dates, amounts = row
    maturing = sum(amounts, Decimal(0))
    return Buckets(
        balance=money.of(balance, currency),
        maturing=money.of(maturing, currency),
        maturing_days=[
            MaturingDay(on, money.of(amount, currency))
            for on, amount in zip(dates, amounts, strict=True)
        ],
        matured=money.of(balance - maturing, currency),
        on_its_way=money.of(on_its_way, currency),
        paid_out=money.of(paid_out, currency),
    )


def withdrawable(line: CreditLine, *, today: date) -> Money:
    """What can be withdrawn of the line's proceeds: the smaller of what has matured by
    local day `today` and of the whole balance, but never below 0. The balance is the one
    that `line` has, and what is maturing is read now, so that the line is to be locked or
    freshly read. A withdrawal and its fee have to fit into it together, and freezes are not
    considered. Rule 9.4.
    """
    maturing = ProceedsEntry.objects.filter(line=line, matures_on__gt=today).aggregate(
        total=Sum("amount", default=Decimal(0))
    )["total"]
    matured = line.proceeds - money.of(maturing, line.currency)
    return max(min(matured, line.proceeds), money.zero(line.currency))


def entries(line: CreditLine, *, kind: str = "", reference: str = "") -> QuerySet[ProceedsEntry]:
    """The entries of the line's proceeds, newest first, only those of `kind`, and of the order,
    withdrawal or bill with `reference`, if these are given.
    """
    found = (
        ProceedsEntry.objects.filter(line=line)
        .select_related("order", "payment", "refund", "withdrawal", "correction")
        .order_by("-pk")
    )
    if reference:
        found = _about(line, reference, found)
    return found.filter(kind=kind) if kind else found


def _about(
    line: CreditLine, reference: str, found: QuerySet[ProceedsEntry]
) -> QuerySet[ProceedsEntry]:
    """Those of `found` that belong to the line's order or, if there is none, withdrawal (in
    capitals or not) or else bill with this reference.

    It is looked up first, since an index has the few entries of each.
    """
    order = line.orders.filter(reference=reference).first()
    if order:
        return found.filter(order=order)
    withdrawal = line.withdrawals.filter(reference=reference.upper()).first()
    if withdrawal:
        return found.filter(withdrawal=withdrawal)
    # The key of a bill's payment is its number and which attempt it was (ProceedsEntry.invoice).
    first = installation.outside(f"{installation.inside(reference)}-")
    attempts = [f"{first}{attempt}" for attempt in range(1, MOST_ATTEMPTS + 1)]
    return found.filter(kind=ProceedsEntry.Kind.BILL_PAYMENT, bill_payment__in=attempts)


def with_balances(
    line: CreditLine, entries: Iterable[ProceedsEntry], *, oldest_first: bool = False
) -> list[ProceedsEntry]:
    """The entries of the line, each with the whole balance right after it, what matures later
    included, as `balance_after`. That is None where more than MOST_BETWEEN entries would have to be
    added up. `oldest_first` is whether they are of a list that begins with the oldest; it only
    makes the sums shorter. Rule 9.5.
    """
    rows = list(entries)
    ids = sorted(entry.pk for entry in rows)
    if not ids:
        return rows
    ends, most = {"first": ids[0], "last": ids[-1]}, MOST_BETWEEN
    with connection.cursor() as cursor:
        asked = {"line": line.pk, "entries": ids, "most": most, **ends}
        cursor.execute(OLDER if oldest_first else NEWER, asked)
        found = cursor.fetchall()
    proceeds, added, beyond = found[0][:3]
    since = {place: (count, amount) for *_, place, count, amount in found if place is not None}
    balance = beyond if oldest_first else proceeds - beyond
    known: dict[int, Money | None] = {}
    for place, entry_id in reversed(list(enumerate(ids))):
        known[entry_id] = money.of(balance, line.currency) if added <= most else None
        count, amount = since.get(place, (0, Decimal(0)))
        added, balance = added + count, balance - amount
    for entry in rows:
        entry.balance_after = known[entry.pk]  # type: ignore[attr-defined]
    return rows


@dataclass(frozen=True)
class OfOrder:
    """What an order brought: the sum of its entries, what of it is still to mature, and the
    withdrawals that paid it out.
    """

    amount: Money
    entry_count: int
    maturing: Sequence[MaturingDay]  # the next one first
    withdrawals: Sequence[PaidPart]


def of_order(order: Order, *, today: date) -> OfOrder:
    """What the order brought the merchant's proceeds, as of local day `today`: the sum and number
    of its entries, what of it matures after `today`, by day, and the withdrawals that paid it out,
    of which only the first few after each day are looked for (paid_out.of_order). Rule 10.24, rule
    10.25.
    """
    entries = ProceedsEntry.objects.filter(order=order)
    found = entries.aggregate(
        amount=Sum("amount", default=Decimal(0)),
        entry_count=Count("pk"),
        matured_on=ArrayAgg(
            "matures_on",
            filter=Q(kind=ProceedsEntry.Kind.SALE, matures_on__lte=today),
            distinct=True,
            default=[],
        ),
        last_on=Max("matures_on"),
    )
    maturing: list[MaturingDay] = []
    if found["last_on"] is not None and found["last_on"] > today:
        days = entries.filter(matures_on__gt=today).values_list("matures_on")
        sums = days.order_by("matures_on").annotate(total=Sum("amount")).exclude(total=0)
        maturing = [
            MaturingDay(on, money.of(total, order.currency)) for on, total in sums if on is not None
        ]
    return OfOrder(
        amount=money.of(found["amount"], order.currency),
        entry_count=found["entry_count"],
        maturing=maturing,
        withdrawals=paid_out.of_order(order, found["matured_on"]),
    )


def entries_of_day(line: CreditLine, matures_on: date) -> QuerySet[ProceedsEntry]:
    """The sales and opening balances that mature on local day `matures_on`, and the refunds that
    took from those sales, newest first.
    """
    return entries(line).filter(matures_on=matures_on)


def total_of_day(line: CreditLine, matures_on: date) -> Money:
    """The sum of what `entries_of_day` gives for the day."""
    total = ProceedsEntry.objects.filter(line=line, matures_on=matures_on).aggregate(
        total=Sum("amount", default=Decimal(0))
    )["total"]
    return money.of(total, line.currency)
