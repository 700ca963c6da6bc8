"""What requests carry: the data of event types, and nothing else.

Each body is the event type's own definition, in its book, with what the address does not say. It
refuses members that it does not know, by name: a request is written by hand, and a member that is
passed over would be a mistake that nobody sees.
"""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from billing.events import AccountTerms, ChargeRecorded
from credit.event_data import Cancellation, OrderPlaced, Paid, Refunded
from credit.events import DAYS, LineTerms
from lib.event_fields import Data, EmailAddress, Instant, Name, OptionalReference, Reference, Words
from merchants.events import MerchantJoined

STRICT = ConfigDict(extra="forbid", frozen=True)
ENVELOPE = {"merchant", "at"}


class Happened(Data):
    """When it happened; without `at`, now."""

    model_config = STRICT
    at: Instant | None = None


class Order(OrderPlaced):
    """An order that a buyer wants to pay later, and whose it is."""

    model_config = STRICT
    merchant: Reference
    at: Instant | None = None


class Charge(ChargeRecorded):
    """A charge, and whose it is."""

    model_config = STRICT
    merchant: Reference
    at: Instant | None = None


class CancelledOrder(Cancellation):
    """Why the order is off."""

    model_config = STRICT
    at: Instant | None = None


class Payment(Paid):
    """Cash from the buyer, under the payment's own reference."""

    model_config = STRICT
    at: Instant | None = None


class Refund(Refunded):
    """Money that goes back to the buyer, under the refund's own reference."""

    model_config = STRICT
    at: Instant | None = None


class NewMerchant(MerchantJoined, LineTerms, AccountTerms):
    """A merchant, by the reference it has in all addresses, with all its terms."""

    model_config = STRICT
    merchant: Reference
    at: Instant | None = None
    owner_email: EmailAddress | None = None


class ChangedMerchant(Data):
    """What is to change of a merchant, and why; what is left out stays as it is."""

    model_config = STRICT
    reason: Annotated[Words, Field(min_length=1)]
    name: Name = ""
    language: Reference = ""
    contact_name: OptionalReference = ""
    contact_email: OptionalReference = ""
    contact_phone: OptionalReference = ""
    payment_days: DAYS = 0
    settlement_days: Annotated[int, Field(strict=True, ge=0)] = 0

    def wanted(self) -> dict[str, str | int]:
        """The members that were sent, by name, without the reason."""
        return self.model_dump(exclude={"reason"}, exclude_unset=True)


def data_of(body: Data, *, but: set[str] = ENVELOPE) -> dict[str, Any]:
    """The data of an event with the body's content: the members that were sent, without those of
    the envelope and those in `but`.
    """
    return body.model_dump(mode="json", exclude=ENVELOPE | but, exclude_unset=True)
