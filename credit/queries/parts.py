"""When the parts of an order are due, and when what they bring can be withdrawn. Nothing here
writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from moneyed import Money

from credit.models import Order
from credit.rules import INSTALMENT_DAYS, Part
from lib import money


@dataclass(frozen=True)
class Expected:
    """A part of an order, of the view of a day."""

    part: Part
    is_overdue: bool
    # From when it can be withdrawn if it is paid on its due day, or on the day of the view if that
    # is over; None while it is not due on any day, or nothing of it is outstanding.
    withdrawn_from: date | None
    days_after_delivery: int  # by the terms of the line on the day of the view


def of_order(order: Order, *, today: date) -> Sequence[Expected]:
    """The parts of the order, whose line is at hand, oldest first, as seen on local day `today`:
    each with whether it is overdue, from which day what it brings can be withdrawn if it is paid in
    time (or today, if that is over), and how many days after the delivery it is due by the line's
    present terms. Rule 4.12.
    """
    return [_expected(order, part, today) for part in order.parts()]


def overdue(parts: Sequence[Expected], currency: str) -> Money:
    """What is outstanding of those parts that are overdue, in `currency`."""
    return money.total((one.part.outstanding for one in parts if one.is_overdue), currency)


def _expected(order: Order, part: Part, today: date) -> Expected:
    """The part of the order as it is seen on local day `today` (`of_order`). It has no day of
    withdrawal if nothing of it is outstanding, or it is not delivered yet; it is overdue if
    something is outstanding and its due day is before `today`.
    """
    line, due_on = order.line, part.due_on
    is_awaited = bool(part.outstanding) and due_on is not None
    settled = timedelta(days=line.settlement_days)
    return Expected(
        part,
        is_overdue=is_awaited and due_on < today,  # type: ignore[operator]  # it has a day
        withdrawn_from=max(due_on, today) + settled if is_awaited and due_on else None,
        days_after_delivery=line.payment_days + INSTALMENT_DAYS * (part.number - 1),
    )
