"""Gathers the inputs of limit reviews (rule 8.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection

from credit import scoring
from credit.models import CreditPolicy
from credit.queries.overdue import OVERDUE_BY_LINE
from credit.rules import INSTALMENT_DAYS
from lib import kept
from merchants.queries import day_starts


@dataclass(frozen=True)
class Start:
    """A local day `today` of a locked line, the instant `at` which it starts, and the policy in
    force on it.
    """

    line_id: int
    timezone: str
    today: date
    at: datetime
    policy: CreditPolicy
    overdue_on: date | None = None  # another day than `today`, for what is overdue
    # The instant from which payments count, for who knows those before it; otherwise that of the
    # policy's first day.
    paid_from: datetime | None = None


# For each line as its day starts: limit and freezes, the latest metrics reported, what buyers paid
# in the policy's days before (less refunds), what is overdue, and the profile's confirmed parts.
INPUTS = f"""
WITH day AS (
    SELECT * FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[],
                         %(paid_from)s::timestamptz[]) AS day(line_id, today, at, paid_from)
), overdue AS ({OVERDUE_BY_LINE}
)
SELECT line.merchant_id, line."limit", line.freezes_in_force > 0, overdue.amount,
       metrics.rating, metrics.listing_quality, metrics.profile_completeness, metrics.after_sales,
       coalesce(trade.paid, 0), profile.confirmed, profile.rejected > 0
FROM day
JOIN credit_creditline line ON line.merchant_id = day.line_id
JOIN overdue ON overdue.line_id = day.line_id
JOIN LATERAL (
    SELECT * FROM credit_shopmetrics metrics
    WHERE metrics.line_id = day.line_id AND metrics.arrived_at < day.at
    ORDER BY metrics.at DESC LIMIT 1) metrics ON true
LEFT JOIN LATERAL (
    SELECT sum(entry.amount) AS paid FROM credit_proceedsentry entry
    WHERE entry.line_id = day.line_id AND entry.kind IN ('SALE', 'REFUND')
      AND entry.at >= day.paid_from AND entry.at < day.at) trade ON true
CROSS JOIN LATERAL (
    SELECT 50 * count(*) FILTER (WHERE standing = 'CONFIRMED') AS confirmed,
           count(*) FILTER (WHERE standing = 'REJECTED') AS rejected
    FROM (SELECT DISTINCT ON (step.part) step.standing FROM merchants_profilestep step
          WHERE step.profile_id = day.line_id AND step.at < day.at
          ORDER BY step.part, step.at DESC, step.id DESC) latest) profile
WHERE line."limit" > 0 AND line.closed_at IS NULL
ORDER BY line.merchant_id
"""

PAID = """
SELECT coalesce(sum(entry.amount), 0) FROM credit_proceedsentry entry
WHERE entry.line_id = %(line)s AND entry.kind IN ('SALE', 'REFUND')
  AND entry.at >= %(since)s AND entry.at < %(until)s
"""


def inputs_of(starts: Iterable[Start]) -> dict[int, scoring.Inputs]:
    """The figures from which the limit of each line is reviewed, by line id. Metrics, payments and
    the profile's parts are those that were there by the instant of its Start; limit, freezes, and
    the open orders by which something is overdue on the Start's day, are as they are now, so the
    caller has locked the lines if that matters.

    Lines without metrics, with a limit of 0, and closed ones are left out.
    """
    starts = list(starts)
    with connection.cursor() as cursor:
        cursor.execute(
            INPUTS,
            {
                "lines": [start.line_id for start in starts],
                "todays": [start.overdue_on or start.today for start in starts],
                "instants": [start.at for start in starts],
                "paid_from": _paid_from(starts),
                "instalment_days": INSTALMENT_DAYS,
            },
        )
        return {
            line_id: scoring.Inputs(
                limit=limit,
                rating=rating,
                paid=paid,
                listing_quality=listing,
                profile_completeness=scoring.completeness(
                    reported, Decimal(confirmed), is_rejected=is_rejected
                ),
                profile_reported=reported,
                profile_confirmed=Decimal(confirmed),
                profile_rejected=is_rejected,
                after_sales=after_sales,
                overdue=overdue,
                is_frozen=is_frozen,
            )
            for (
                line_id, limit, is_frozen, overdue, rating, listing, reported, after_sales, paid,
                confirmed, is_rejected
            ) in cursor.fetchall()
        }  # fmt: skip


def paid_between(line_id: int, since: datetime, until: datetime) -> Decimal:
    """What buyers paid the line from `since` until before `until`, less refunds, as a bare figure
    in its currency; 0 if `since` is not before `until`. No entry may be written before `until` any
    more, as the sum is cached for a day.
    """
    if since >= until:
        return Decimal(0)
    key = f"paid:{line_id}:{since.isoformat()}:{until.isoformat()}"
    if known := kept.read([key]):
        return Decimal(known[key])
    with connection.cursor() as cursor:
        cursor.execute(PAID, {"line": line_id, "since": since, "until": until})
        paid: Decimal = cursor.fetchone()[0]
    kept.keep({key: str(paid)})
    return paid


def _paid_from(starts: Sequence[Start]) -> list[datetime]:
    """The instants from which payments count in these reviews: `paid_from`, or else the start of
    the policy's days before each, by the time zone of that time.
    """
    asked = [start for start in starts if start.paid_from is None]
    firsts = iter(
        day_starts(
            [
                (one.line_id, one.timezone, one.today - timedelta(days=one.policy.paid_days))
                for one in asked
            ]
        )
    )
    return [start.paid_from or next(firsts) for start in starts]
