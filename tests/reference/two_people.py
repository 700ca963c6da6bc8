"""Which decisions take a second person (chapter 22 and rule 8.18 of docs/rules.md)."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from .credit import CreditLine
from .money import ZERO
from .review import SCALE

if TYPE_CHECKING:
    from .model import Merchant

LOWEST_OF_DAYS = 30
MOST = 100_000  # the maximum of a credit policy, in dollars


@dataclass
class Figures:
    """Up to which figures one person decides alone, of one currency; without any, of nothing."""

    thresholds: Decimal
    credits: Decimal
    pay_outs: Decimal
    prices: Decimal

    def of(self, sort: str) -> Decimal:
        """The figure of this sort, up to which one person decides alone."""
        found: Decimal = getattr(self, sort)
        return found


@dataclass
class Given:
    """What an operator gave or set of a sort, alone or by two."""

    sort: str
    figure: Decimal
    currency: str
    day: date


def gives(owner: "Merchant", sort: str, figure: Decimal, currency: str) -> bool:
    """Note a credit or pay-out, and tell whether it takes two: by the sum of the merchant's day."""
    today = [
        one.figure
        for one in owner.given
        if (one.sort, one.currency, one.day) == (sort, currency, owner.open_day)
    ]
    up_to = owner.figures.get(currency)
    owner.given.append(Given(sort, figure, currency, owner.open_day))
    return up_to is None or sum(today, figure) > up_to.of(sort)


def credits_(owner: "Merchant", figure: Decimal) -> bool:
    """Note a credit of so much: whether it takes two people."""
    return gives(owner, "credits", figure, owner.account.currency)


def pays_out(owner: "Merchant", figure: Decimal, *, from_account: bool) -> bool:
    """Note a pay-out of so much, whether from proceeds or from the account: pay-outs of both books
    are one sum, where both have one currency. Returns whether it takes two people.
    """
    currency = owner.account.currency if from_account else owner.line.currency
    return gives(owner, "pay_outs", figure, currency)


def threshold(owner: "Merchant", before: Decimal, after: Decimal) -> bool:
    """Whether the new threshold takes two people; a lower one only bills sooner."""
    up_to = owner.figures.get(owner.account.currency)
    return after > before and (up_to is None or after > up_to.thresholds)


def limit(line: CreditLine, after: Decimal) -> bool:
    """Whether the limit takes two people: it is above the maximum, or more than double the lowest
    of 30 days; a cut never does.
    """
    if after <= line.limit:
        return False
    if line.currency not in SCALE:
        return True
    since = line.open_day - timedelta(days=LOWEST_OF_DAYS)
    stood = [entry.limit for entry in line.entries if entry.on >= since]
    before = [entry.limit for entry in line.entries if entry.on < since]
    lowest = min([*stood, *before[-1:]], default=ZERO)  # with the one that these days began with
    return after > MOST * SCALE[line.currency] or after > 2 * lowest


def price_is_far(price: Decimal, others: list[Decimal | None]) -> bool:
    """Whether the price is more than double or less than half of one of these; from or to nothing
    it always is.
    """
    return any(
        other is not None
        and price != other
        and (0 in (price, other) or price > 2 * other or 2 * price < other)
        for other in others
    )
