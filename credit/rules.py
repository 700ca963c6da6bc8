"""The figures of the credit rules, and the arithmetic of instalments (rule 4.12).

Everything here is pure: no query, no clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from moneyed import Money

from lib import money

INSTALMENT_DAYS = 30  # from one part's due date to the next one's
MOST_INSTALMENTS = 120
MOST_PAYMENT_DAYS = 366  # from a delivery to the first due day
SETTLEMENT_DAYS = (0, 7, 15)  # from a payment to the day on which it can be withdrawn
HIGH_RISK = 3  # the buyer rank that is declined
LIMIT_MOSTLY_USED = Decimal("0.80")  # of the limit; the merchant is told when `used` gets there
LIMIT_TOLD_ANEW = Decimal("0.70")  # what `used` has to fall below before that is told again
FORGIVEN = timedelta(minutes=5)  # by which clocks of two systems may differ


def happened(said: datetime, *, not_before: datetime | None, told: datetime) -> datetime | None:
    """The instant to compute with for a step that is said to have happened at `said`.

    That is `said` if it lies between `not_before` (the placing of the step's order) and `told`
    (when the step was reported), and the nearer of these two if it lies up to 5 minutes outside.
    None means that the step cannot have happened then.
    """
    if said > told:
        return told if said - told <= FORGIVEN else None
    if not_before is not None and said < not_before:
        return not_before if not_before - said <= FORGIVEN else None
    return said


@dataclass(frozen=True)
class Part:
    """One instalment; `outstanding` is the part of `amount` that is neither paid nor refunded."""

    number: int
    amount: Money
    outstanding: Money
    due_on: date | None


def parts(
    *,
    amount: Money,
    instalments: int,
    part_amount: Money,
    paid: Money,
    outstanding: Money,
    first_due_on: date | None,
) -> Iterator[Part]:
    """Yield the instalments of an order, oldest first, each with its number from 1, amount,
    outstanding amount and due day. `part_amount` is that of each instalment but the last, which has
    the rest.

    Payments cover an order's amount from its start and refunds from its end, so what is outstanding
    is the stretch from `paid` to `paid + outstanding`. Rule 4.12.
    """
    end, nothing = paid + outstanding, money.zero(amount.currency.code)
    for number in range(1, instalments + 1):
        starts = part_amount * (number - 1)
        ends = amount if number == instalments else part_amount * number
        open_part = min(ends, end) - max(starts, paid)
        due_on = (
            first_due_on + timedelta(days=INSTALMENT_DAYS * (number - 1)) if first_due_on else None
        )
        yield Part(number, ends - starts, max(open_part, nothing), due_on)


def oldest_due_on(
    *, instalments: int, part_amount: Money, paid: Money, first_due_on: date | None
) -> date | None:
    """The due date of the oldest part that `paid` does not cover in full; None before delivery.

    It has no meaning if nothing of the order is outstanding.
    """
    if first_due_on is None:
        return None
    covered = instalments - 1
    if part_amount:
        covered = min(int(paid.amount // part_amount.amount), covered)
    return first_due_on + timedelta(days=INSTALMENT_DAYS * covered)
