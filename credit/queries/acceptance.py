"""Answers whether an order would be accepted now, and if not, when it could be (rule 8.21). Nothing
here writes.
"""

from dataclasses import dataclass
from datetime import date

from django.db import connection
from moneyed import Money

from credit.models import CreditLine, Order
from credit.queries import coming, overdue
from credit.queries.declining import decline_code
from credit.rules import INSTALMENT_DAYS
from lib import money

MANY = 1000  # open orders that are looked at
# Parts past their due date are not counted: who has not paid on time is not taken to pay today.
ENOUGH_ON = f"""
WITH {coming.PARTS}, day AS (
    SELECT due_on, sum(sum(owed)) OVER (ORDER BY due_on) AS back
    FROM part WHERE due_on >= %(today)s GROUP BY due_on
)
SELECT min(day.due_on) FILTER (WHERE day.due_on <= coalesce(horizon.day, 'infinity')), horizon.day
FROM horizon LEFT JOIN day ON day.back >= %(missing)s
GROUP BY horizon.day
"""


@dataclass(frozen=True)
class Acceptance:
    """Whether an order of some amount would be accepted now; if not, why, and when it could be."""

    is_accepted: bool
    decline_code: str = ""
    # First local date on which enough is back if every buyer pays each part on its due date; None
    # when no payment to come would be enough, or the line is frozen. Who is overdue is not counted
    # on: such parts are in `overdue`.
    possible_on: date | None = None
    # How much of the limit has to come back, when it is not enough: with more used than the limit,
    # also what is above it.
    missing: Money | None = None
    # With very many open orders: enough is free on this local date at the earliest.
    not_before: date | None = None
    overdue: Money | None = None  # what buyers owe past its day, when the limit is not enough
    overdue_is_enough: bool = False  # the order would go through once that is paid

    @property
    def decline_label(self) -> str:
        """Why the order would be declined, in the reader's language; empty if it would not."""
        return str(Order.Decline(self.decline_code).label) if self.decline_code else ""


def would_accept(
    line: CreditLine, amount: Money, *, buyer: str | None = None, buyer_risk: int = 0
) -> Acceptance:
    """Whether an order of `amount` would be accepted by the line as it was read, which is not
    locked, and if not, for which reason first. Only if that is the limit, it also says what is
    missing, which is what is used and the amount less the limit, and when it could be accepted.

    It is asked for an order of `buyer`, who was rated `buyer_risk`; without a buyer, for one of any
    buyer, and the cap on one buyer is left out. Raises CurrencyMismatch, Invalid.
    """
    amount = money.accepted(amount, line.currency)
    code = decline_code(line, amount, buyer=buyer, buyer_risk=buyer_risk)
    if code != Order.Decline.INSUFFICIENT_CREDIT:
        return Acceptance(not code, code)
    late = overdue.overdue_of(line)
    return Acceptance(
        False,
        Order.Decline.INSUFFICIENT_CREDIT,
        missing=line.used + amount - line.limit,
        overdue=late or None,
        overdue_is_enough=line.used - late + amount <= line.limit,
        **_enough_on(line, amount),
    )


def _enough_on(line: CreditLine, amount: Money) -> dict[str, date | None]:
    """When the limit will have room for `amount` if buyers pay each part on its due day, as a field
    of Acceptance: `possible_on` a day or, if very many orders are open, `not_before` a day. What is
    overdue or not delivered is not counted on. If that day never comes, `not_before` is None. It is
    empty if the amount is above the limit.
    """
    if amount > line.limit:
        return {}
    given = {
        "line": line.pk,
        "today": line.open_on,
        "missing": (line.used + amount - line.limit).amount,
        "instalment_days": INSTALMENT_DAYS,
        "many": MANY,
    }
    with connection.cursor() as cursor:
        cursor.execute(ENOUGH_ON, given)
        due_on, horizon = cursor.fetchone()
    return {"possible_on": due_on} if due_on else {"not_before": horizon}
