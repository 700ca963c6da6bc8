"""What answers consist of. Amounts are decimal strings, instants are in UTC, days are local."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from django.http import HttpResponse
from pydantic import BaseModel, Field

from credit.models import Order as OrderRow
from credit.models import OrderPayment, OrderRefund
from gateway.api.instants import Moment
from lib import money
from merchants.models import Merchant

JSON = "application/json; charset=utf-8"
Amount = Annotated[str, Field(description="A decimal number.", examples=["129.90"])]
Declined = Literal[
    "account_closed",
    "line_frozen",
    "paused_by_merchant",
    "above_own_cap",
    "buyer_risk",
    "insufficient_credit",
]


def ready(said: BaseModel, status: int, headers: Mapping[str, str]) -> HttpResponse:
    """The answer with this content, an instance of its route's schema, which is not checked again;
    the same as django-ninja would make of it. For routes that a buyer waits for.
    """
    return written(said.model_dump_json(), status, headers)


def written(
    content: str | bytes, status: int, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """The response with this JSON text, status and headers. The text has to be what the route's
    schema says; it is not checked.
    """
    return HttpResponse(content, status=status, headers=headers, content_type=JSON)


class PlacedOrder(BaseModel):
    """Whether the order was accepted, and what the line has left for new orders now."""

    merchant: str
    order: str
    status: Literal["OPEN", "DECLINED"]
    code: Declined | None = Field(description="Why it was declined; null if it was not.")
    amount: Amount
    currency: str
    available: Amount
    placed_at: Moment = Field(description="When we were told, from when it counts.")

    @classmethod
    def of(cls, order: OrderRow, merchant: str) -> "PlacedOrder":
        """What was answered when the order was placed, whatever became of it since, but with what
        the line has left now. `merchant` is the merchant's reference.
        """
        return cls.model_validate(
            {
                "merchant": merchant,
                "order": order.reference,
                "status": "DECLINED" if order.decline_code else "OPEN",
                "code": order.decline_code or None,
                "amount": money.text(order.amount),
                "currency": order.currency,
                "available": money.text(order.line.available),
                "placed_at": order.placed_at,
            }
        )


class OrderStep(BaseModel):
    """Where the order stands after the step."""

    merchant: str
    order: str
    status: Literal["OPEN", "PAID", "REFUNDED", "CANCELLED", "WRITTEN_OFF"]
    outstanding: Amount
    currency: str
    shipped_at: Moment | None
    delivered_at: Moment | None
    cancelled_at: Moment | None
    due_on: date | None

    @classmethod
    def of(cls, order: OrderRow, merchant: str) -> "OrderStep":
        """The present state of the order of the merchant with this reference."""
        return cls.model_validate(
            {
                "merchant": merchant,
                "order": order.reference,
                "status": order.status,
                "outstanding": money.text(order.outstanding),
                "currency": order.currency,
                "shipped_at": order.shipped_at,
                "delivered_at": order.delivered_at,
                "cancelled_at": order.cancelled_said_at,
                "due_on": order.due_on,
            }
        )


class TakenPayment(BaseModel):
    """What became of the cash. UNMATCHED is kept for our people: the order could not take it."""

    merchant: str
    order: str
    payment: str
    amount: Amount
    currency: str
    status: Literal["APPLIED", "RECOVERY", "UNMATCHED"]
    code: Literal["order_not_open", "overpayment"] | None = Field(
        description="Why the order could not take it."
    )

    @classmethod
    def of(cls, payment: OrderPayment, merchant: str, order: str) -> "TakenPayment":
        """What became of the payment, for the merchant and order with these references."""
        return cls.model_validate(
            {
                "merchant": merchant,
                "order": order,
                "payment": payment.reference,
                "amount": money.text(payment.amount),
                "currency": payment.currency,
                "status": payment.status,
                "code": payment.refusal or None,
            }
        )


class GivenRefund(BaseModel):
    """Where the money that goes back came from."""

    merchant: str
    order: str
    refund: str
    amount: Amount
    currency: str
    from_outstanding: Amount
    from_written_off: Amount
    from_proceeds: Amount

    @classmethod
    def of(cls, refund: OrderRefund, merchant: str, order: str) -> "GivenRefund":
        """Where the refund's money came from, for the merchant and order with these references."""
        return cls(
            merchant=merchant,
            order=order,
            refund=refund.reference,
            amount=money.text(refund.amount),
            currency=refund.currency,
            from_outstanding=money.text(refund.from_outstanding),
            from_written_off=money.text(refund.from_written_off),
            from_proceeds=money.text(refund.from_proceeds),
        )


class RecordedCharge(BaseModel):
    """The charge as it was recorded: `amount` was given, or is quantity times `unit_price`."""

    merchant: str
    charge: str
    fee: str
    request: str
    description: str
    quantity: str
    unit_price: str | None
    amount: Amount
    currency: str
    service_on: date
    arrived_at: Moment
    is_late: bool = Field(description="Its month was closed already: it is in the open one.")


class TakenMerchant(BaseModel):
    """The merchant, and whether its first owner has been invited."""

    merchant: str
    name: str
    joined_at: Moment
    owner_invited: bool


class ShownMerchant(BaseModel):
    """Who the merchant is."""

    merchant: str
    name: str
    language: str
    timezone: str
    joined_at: Moment

    @classmethod
    def of(cls, merchant: Merchant) -> "ShownMerchant":
        """The merchant as the API answers it."""
        return cls(
            merchant=merchant.reference,
            name=merchant.name,
            language=merchant.language,
            timezone=merchant.timezone,
            joined_at=merchant.joined_at,
        )
