"""Events about charges, mapped to the operation that records many of them at once."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from billing.operations import charges
from lib import money
from lib.events import (
    Amount,
    Currency,
    Data,
    Description,
    Event,
    OptionalReference,
    Outcome,
    Reference,
    read,
)
from lib.refusals import Refused


def _quantity(value: object) -> object:
    """A number as it is written, since it is no money, or a decimal in a string."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class ChargeRecorded(Data):
    charge: Reference
    fee: Reference
    request: OptionalReference | None = ""
    quantity: Annotated[Amount, BeforeValidator(_quantity)] = Decimal(1)
    currency: Currency
    amount: Amount | None = None
    description: Description | None = ""


def charge(event: Event, merchant_id: int, now: datetime) -> charges.NewCharge:
    """The charge that a `charge.recorded` event speaks of; raises Invalid."""
    data = read(ChargeRecorded, event)
    return charges.NewCharge(
        merchant_id=merchant_id,
        reference=data.charge,
        fee=data.fee,
        currency=money.check_currency(data.currency),
        amount=data.amount,
        quantity=data.quantity,
        at=event.at,
        now=now,
        request=data.request or "",
        description=data.description or "",
    )


def record(new: Sequence[charges.NewCharge]) -> list[Outcome]:
    """Record the charges and tell what became of each."""
    return [
        Outcome.rejected(result) if isinstance(result, Refused) else Outcome.of(result)
        for result in charges.record_many(new)
    ]
