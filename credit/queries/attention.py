"""What a merchant should look at first about its line. Nothing here writes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from moneyed import Money

from credit.models import CreditLine, Freeze, Order
from credit.queries.coming import OWED_BY
from credit.queries.declined import WEEK
from credit.rules import INSTALMENT_DAYS
from lib import calendar, money
from merchants.queries import day_start

MANY = 1000  # so many are counted; more are as good as that

# Each part reads a short range of an index: overdue orders, the week's declined orders, the
# merchant's requests and reviews, its withdrawals under way, its freezes in force, and what buyers
# paid that no order could take, of which there is little.
READ = f"""
SELECT overdue.orders, overdue.amount, declined.orders, declined.amount, (
    SELECT count(*) FROM (
        SELECT FROM credit_limitrequest request
        WHERE request.line_id = %(line)s AND request.status = 'PENDING' LIMIT %(many)s) pending
), review.on, review.limit_proposed, under_way.withdrawals, under_way.amount, (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', frozen.id, 'reason', frozen.reason, 'note', frozen.note,
               'told', frozen.told, 'placed_at', frozen.placed_at
           ) ORDER BY frozen.placed_at, frozen.id), '[]')
    FROM credit_freeze frozen
    WHERE frozen.line_id = %(line)s AND frozen.lifted_at IS NULL
), unmatched.payments, unmatched.amount
FROM (
    SELECT count(*) AS orders, coalesce(sum(late.owed), 0) AS amount FROM (
        SELECT {OWED_BY.replace("%(day)s", "%(yesterday)s")} AS owed FROM credit_order
        WHERE line_id = %(line)s AND status = 'OPEN' AND due_on < %(today)s
        LIMIT %(many)s) late
) overdue
CROSS JOIN (
    SELECT count(*) AS orders, coalesce(sum(o.amount), 0) AS amount FROM credit_order o
    WHERE o.line_id = %(line)s AND o.status = 'DECLINED' AND o.placed_at >= %(week)s
      AND o.decline_code <> ALL(%(own)s)
) declined
CROSS JOIN (
    SELECT count(*) AS withdrawals, coalesce(sum(withdrawal.amount), 0) AS amount
    FROM credit_withdrawal withdrawal
    WHERE withdrawal.line_id = %(line)s AND withdrawal.ended_at IS NULL
) under_way
CROSS JOIN (
    SELECT count(*) AS payments, coalesce(sum(cash.amount - cash.settled), 0) AS amount
    FROM credit_orderpayment cash
    WHERE cash.line_id = %(line)s AND cash.status = 'UNMATCHED' AND cash.settled < cash.amount
) unmatched
LEFT JOIN LATERAL (
    SELECT review.on, review.limit_proposed FROM credit_limitreview review
    WHERE review.line_id = %(line)s AND review.status = 'PENDING'
    ORDER BY review.on DESC LIMIT 1
) review ON true
"""


@dataclass(frozen=True)
class Attention:
    """How many orders and requests of a line need attention on a local day, the raise that waits
    after a review, what is withdrawn and not there yet, what freezes the line, and what buyers
    paid that no order could take.
    """

    overdue: int  # orders; MANY is that or more
    overdue_amount: Money  # what was to be paid of them before today
    declined: int  # orders of the last 7 local days, today included
    declined_amount: Money  # what these would have been worth
    requests: int  # asked by the merchant, not answered yet
    raise_of: date | None  # the day of the review whose raise waits for our decision
    raise_to: Money | None  # the limit that it proposes
    withdrawals: int  # under way
    withdrawn: Money  # what they come to, without fees
    freezes: Sequence[Freeze]  # in force, oldest first
    unmatched: int  # payments of buyers that no order could take, and that we still look into
    unmatched_amount: Money  # what of these is not settled

    @property
    def has_many_overdue(self) -> bool:
        """Whether there are so many overdue orders that they are not counted further."""
        return self.overdue == MANY

    @property
    def stops_withdrawals(self) -> bool:
        """Whether a suspected fraud stops the line's withdrawals."""
        return any(one.reason == Freeze.Reason.SUSPECTED_FRAUD for one in self.freezes)


def of(line: CreditLine, *, today: date) -> Attention:
    """What needs the merchant's attention on local day `today`, in one query: overdue orders,
    orders declined in the last 7 days, today included, requests without an answer, a review's raise
    that waits, withdrawals under way, freezes, and unmatched cash that waits for us. Orders that
    the merchant's own rules declined are not counted. Overdue orders and requests are counted up to
    MANY.
    """
    week = day_start(line, today - WEEK + calendar.ONE_DAY)
    given = {"line": line.pk, "today": today, "week": week, "many": MANY}
    given |= {"yesterday": today - calendar.ONE_DAY, "instalment_days": INSTALMENT_DAYS}
    given["own"] = list(map(str, Order.OWN_DECLINES))
    with connection.cursor() as cursor:
        cursor.execute(READ, given)
        overdue, owed, declined, worth, requests, raise_of, raise_to, *more = cursor.fetchone()
    withdrawals, withdrawn, freezes, unmatched, unmatched_amount = more
    return Attention(
        overdue,
        money.of(owed, line.currency),
        declined,
        money.of(worth, line.currency),
        requests,
        raise_of,
        None if raise_to is None else money.of(raise_to, line.currency),
        withdrawals,
        money.of(withdrawn, line.currency),
        [_freeze(line, found) for found in json.loads(freezes)],
        unmatched,
        money.of(unmatched_amount, line.currency),
    )


def _freeze(line: CreditLine, found: dict[str, Any]) -> Freeze:
    """A freeze of the line made of `found`, which has its id, reason, note, told and, as ISO text,
    placed_at (which is taken out of `found`). Its other fields, such as who placed it, are empty.
    """
    placed_at = datetime.fromisoformat(found.pop("placed_at"))
    return Freeze(line=line, placed_at=placed_at, **found)
