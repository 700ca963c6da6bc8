"""The types of events that endpoints can choose from, and what each tells.

A type's `data` says its members. They are filled in by the database as it writes the cause (see
gateway.webhooks.models.causes): a member added here has to be added there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lib import money

_IS_AMOUNT = "amount"  # marks a member that is an amount in the event's currency

Amount = Annotated[str, _IS_AMOUNT, Field(examples=["1250.00"])]
Currency = Annotated[str, Field(examples=["USD"], min_length=3, max_length=3)]
Number = Annotated[str, Field(examples=["2026-000123"])]  # of an invoice
Day = Annotated[date, Field(examples=[date(2026, 11, 26)])]


class EventData(BaseModel):
    """The data of one type of webhook event, besides its merchant and instant."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency

    @classmethod
    def amounts(cls) -> Iterator[str]:
        """The names of the members that are amounts."""
        return (name for name, field in cls.model_fields.items() if _IS_AMOUNT in field.metadata)


class OrderDeclined(EventData):
    order: str = Field(examples=["A-1001"])
    buyer: str = Field(examples=["b-7731"])
    amount: Amount
    code: str = Field(description="Why, as POST /orders answers.", examples=["insufficient_credit"])


class LimitChanged(EventData):
    kind: str = Field(description="What changed it.", examples=["REVIEW", "LIMIT_SET", "WRITE_OFF"])
    limit_before: Amount
    limit: Amount
    used: Amount


class LineFrozen(EventData):
    reason: str = Field(examples=["OVERDUE", "SUSPECTED_FRAUD", "UNPAID_BILL", "MANUAL"])


class LineUnfrozen(EventData):
    reason: str = Field(
        description="That of the freeze that was the last one in force.", examples=["OVERDUE"]
    )


class ReviewDecided(EventData):
    on: date = Field(
        description="The first of the month whose review it is.", examples=[date(2026, 11, 1)]
    )
    grade: str = Field(examples=["B"])
    status: str = Field(examples=["UNCHANGED", "APPLIED", "APPROVED", "REJECTED", "VOID"])
    limit_before: Amount
    limit_proposed: Amount
    limit_given: Annotated[
        str | None,
        _IS_AMOUNT,
        Field(description="Null if the review changed nothing.", examples=["1250.00"]),
    ]


class WithdrawalPaid(EventData):
    withdrawal: str = Field(examples=["w-2026-11-26-1"])
    amount: Amount
    fee: Amount
    provider_reference: str = Field(examples=["po_5f1c8a52"])


class WithdrawalFailed(WithdrawalPaid):
    reason: str = Field(examples=["The account does not exist."])


class WithdrawalReturned(WithdrawalPaid):
    reason: str = Field(examples=["The account was closed."])


class StatementClosed(EventData):
    month: str = Field(examples=["2026-11"])
    total: Amount


class OfTotal(EventData):
    """An invoice's total with what it is made of, as the API's invoice has them."""

    total: Amount = Field(description="With tax: what is collected.")
    tax: Amount
    net: Amount = Field(description="Without tax.")


class InvoiceIssued(OfTotal):
    number: Number
    kind: str = Field(examples=["THRESHOLD", "SUBSCRIPTION", "CYCLE", "FINAL", "ON_REQUEST"])
    issued_on: Day
    due_on: Day
    period_start: Day
    period_end: Day


class InvoicePaid(OfTotal):
    number: Number


class InvoiceUnpaid(OfTotal):
    number: Number
    amount_paid: Amount
    failed_on: Day


class InvoiceVoided(OfTotal):
    number: Number


class PlanEnded(EventData):
    number: Number
    left_to_pay: Amount


class PlanMade(PlanEnded):
    due_on: date = Field(
        description="The day of its first part. GET the invoice for all of them.",
        examples=[date(2026, 12, 10)],
    )


class PlanBroken(PlanEnded):
    due_on: date = Field(
        description="The day of the part that was not paid.", examples=[date(2026, 12, 10)]
    )


class PlanKept(EventData):
    number: Number


class PaymentFailed(EventData):
    number: Number
    attempt: int = Field(examples=[1])
    provider: str = Field(examples=["stripe", "proceeds"])
    amount: Amount
    failure: str = Field(examples=["The card was declined."])


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of webhook event. Endpoints choose it, and receivers recognise it, by its code."""

    code: str
    says: str  # when there is one, in a sentence
    data: type[EventData]

    def __str__(self) -> str:
        return self.code

    def written(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """The stored data `kept` of such an event as they are sent, in a new dict: amounts as texts
        with exactly the digits of their currency; all else as it is, also an amount that is missing
        or None. Raises Invalid for an amount that its currency cannot have.
        """
        data = dict(kept)
        for name in self.data.amounts():
            # Events from before a type told more lack what it tells now.
            if data.get(name) is not None:
                data[name] = f"{money.posted(Decimal(data[name]), data['currency']):f}"
        return data


ORDER_DECLINED = EventType("order.declined", "An order was declined.", OrderDeclined)
LIMIT_CHANGED = EventType("limit.changed", "A credit line's limit has changed.", LimitChanged)
LINE_FROZEN = EventType(
    "line.frozen", "A freeze was placed: new orders are declined from now on.", LineFrozen
)
LINE_UNFROZEN = EventType(
    "line.unfrozen",
    "A freeze was lifted and no other is in force: new orders are taken again.",
    LineUnfrozen,
)
REVIEW_DECIDED = EventType(
    "review.decided", "The outcome of a monthly limit review is final.", ReviewDecided
)
WITHDRAWAL_PAID = EventType("withdrawal.paid", "A withdrawal was paid.", WithdrawalPaid)
WITHDRAWAL_FAILED = EventType(
    "withdrawal.failed",
    "A withdrawal failed, and went back to the merchant's proceeds.",
    WithdrawalFailed,
)
WITHDRAWAL_RETURNED = EventType(
    "withdrawal.returned",
    "The bank sent a paid withdrawal back: its amount is in the proceeds again, its fee is kept.",
    WithdrawalReturned,
)
STATEMENT_CLOSED = EventType(
    "statement.closed", "A month's statement is closed and can be exported.", StatementClosed
)
INVOICE_ISSUED = EventType("invoice.issued", "An invoice was issued.", InvoiceIssued)
INVOICE_PAID = EventType("invoice.paid", "All of an invoice is paid.", InvoicePaid)
INVOICE_UNPAID = EventType(
    "invoice.unpaid",
    "An invoice's first attempt failed, or it was not paid when its due day started.",
    InvoiceUnpaid,
)
INVOICE_VOIDED = EventType("invoice.voided", "An invoice was voided.", InvoiceVoided)
PLAN_MADE = EventType(
    "payment_plan.made", "What is left of an invoice is paid in dated parts.", PlanMade
)
PLAN_KEPT = EventType(
    "payment_plan.kept", "All parts of an invoice's payment plan are paid.", PlanKept
)
PLAN_BROKEN = EventType(
    "payment_plan.broken",
    "A part of an invoice's payment plan was not paid, and the plan has ended.",
    PlanBroken,
)
PLAN_CANCELLED = EventType(
    "payment_plan.cancelled", "An invoice's payment plan was cancelled.", PlanEnded
)
PAYMENT_FAILED = EventType(
    "payment.failed", "An attempt to collect an invoice failed.", PaymentFailed
)

EVENT_TYPES: Mapping[str, EventType] = {
    one.code: one
    for one in (
        *(ORDER_DECLINED, LIMIT_CHANGED, LINE_FROZEN, LINE_UNFROZEN, REVIEW_DECIDED),
        *(WITHDRAWAL_PAID, WITHDRAWAL_FAILED, WITHDRAWAL_RETURNED, STATEMENT_CLOSED),
        *(INVOICE_ISSUED, INVOICE_PAID, INVOICE_UNPAID, INVOICE_VOIDED, PAYMENT_FAILED),
        *(PLAN_MADE, PLAN_KEPT, PLAN_BROKEN, PLAN_CANCELLED),
    )
}


class Envelope(BaseModel):
    """The body of every request to an endpoint."""

    type: str
    timestamp: datetime = Field(
        description="When it happened, by the merchant's books.",
        examples=["2026-11-26T03:00:00Z"],
    )
    merchant: str = Field(description="The merchant's reference.", examples=["rosewood"])
    sequence: int = Field(
        description="1, 2, … of this merchant's events of all types, in the order they happened.",
        examples=[118],
    )
    data: EventData
