"""What of a line its merchant should look at first. Nothing here writes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from credit.models import CreditLine
from credit.queries.declined import WEEK
from merchants import calendar

MANY = 1000  # so many are counted; more are as good as that

# Each part is a short range of an index: what is due, the week's declined orders, a merchant's
# own requests.
READ = """
SELECT (
    SELECT count(*) FROM (
        SELECT FROM credit_order o
        WHERE o.line_id = %(line)s AND o.status = 'OPEN' AND o.due_on < %(today)s
        LIMIT %(many)s) overdue
), declined.orders, declined.amount, (
    SELECT count(*) FROM (
        SELECT FROM credit_limitrequest request
        WHERE request.line_id = %(line)s AND request.status = 'PENDING' LIMIT %(many)s) pending
)
FROM (
    SELECT count(*) AS orders, coalesce(sum(o.amount), 0) AS amount FROM credit_order o
    WHERE o.line_id = %(line)s AND o.status = 'DECLINED' AND o.placed_at >= %(week)s
) declined
"""


@dataclass(frozen=True)
class Attention:
    """On a local day; 0 is nothing to look at."""

    overdue: int  # orders; MANY is that or more
    declined: int  # orders of the last 7 local days, today included
    declined_amount: Decimal  # what these would have been worth
    requests: int  # asked by the merchant, not answered yet

    @property
    def has_many_overdue(self) -> bool:
        return self.overdue == MANY


def of(line: CreditLine, *, today: date) -> Attention:
    week = calendar.day_start(today - WEEK + calendar.ONE_DAY, line.timezone)
    given = {"line": line.pk, "today": today, "week": week, "many": MANY}
    with connection.cursor() as cursor:
        cursor.execute(READ, given)
        return Attention(*cursor.fetchone())
