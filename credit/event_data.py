"""What an event of an order or a shop carries: its members, and which values each may have."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from credit.rules import MOST_INSTALMENTS
from lib.event_fields import Amount, Currency, Data, Day, Reference, Words

MOST_DAYS = 400  # on which proceeds that are brought along mature


def _as_written(value: object) -> object:
    """Turn a float of the JSON into the text that it was written as, so that 4.6 becomes exactly
    that Decimal. Other values stay as they are; a boolean raises ValueError.
    """
    if isinstance(value, bool):
        raise ValueError("must be a number or a decimal string")
    return repr(value) if isinstance(value, float) else value


Mark = Annotated[Decimal, BeforeValidator(_as_written), Field(allow_inf_nan=False)]


class OrderPlaced(Data):
    """A buyer's order that is to be paid later; its instalments fall due 30 days apart."""

    order: Reference
    buyer: Reference
    amount: Amount
    currency: Currency
    instalments: Annotated[int, Field(strict=True, ge=1, le=MOST_INSTALMENTS)] = 1
    # 0 and none: not known; 1 low, 2 medium, 3 high, which is declined
    buyer_risk: Annotated[int, Field(strict=True, ge=0, le=3)] | None = None


class OrderOpening(Data):
    """An open order that a merchant brings along from elsewhere. `paid` is the part of its amount
    that the buyer paid there.
    """

    order: Reference
    buyer: Reference
    amount: Amount
    currency: Currency
    instalments: Annotated[int, Field(strict=True, ge=1, le=MOST_INSTALMENTS)] = 1
    paid: Amount = Decimal(0)


class Maturing(Data):
    """The amount of proceeds that matures on one local day."""

    on: Day
    amount: Amount


class ProceedsOpening(Data):
    """The proceeds that a merchant brings along: what it could withdraw already (negative if it
    owed something), and what matures later.
    """

    currency: Currency
    available: Amount = Decimal(0)
    maturing: Annotated[tuple[Maturing, ...], Field(max_length=MOST_DAYS)] = ()


class OrderNamed(Data):
    """The reference of an order."""

    order: Reference


class OrderShipped(OrderNamed):
    """The reference of an order that left the shop."""


class OrderDelivered(OrderNamed):
    """The reference of an order that its buyer received."""


class Cancellation(Data):
    """Why an order is cancelled; may be empty."""

    reason: Words = ""


class OrderCancelled(Cancellation, OrderNamed):
    """The reference of an order, and why it is cancelled."""


class Paid(Data):
    """Cash from a buyer: `payment` is the payment's own reference."""

    payment: Reference
    amount: Amount
    currency: Currency


class OrderPaid(Paid, OrderNamed):
    """A buyer's cash for an order: `payment` is the payment's own reference."""


class Refunded(Data):
    """Money that goes back to a buyer: `refund` is the refund's own reference."""

    refund: Reference
    amount: Amount
    currency: Currency


class OrderRefunded(Refunded, OrderNamed):
    """Money that goes back to the buyer of an order: `refund` is the refund's own reference."""


class Metrics(Data):
    """The figures that the platform measured of a shop: a rating of 0 to 5, and three marks of 0 to
    100.
    """

    rating: Mark
    listing_quality: Mark
    profile_completeness: Mark
    after_sales: Mark
