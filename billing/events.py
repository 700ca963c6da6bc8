"""The event `charge.recorded`, and the terms by which a merchant's billing account is opened."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django.conf import settings
from moneyed import Money
from pydantic import BeforeValidator, Field, WithJsonSchema

from billing.models import BillingAccount
from billing.operations import accounts, charges
from lib import money
from lib.event_fields import (
    DECIMAL,
    Amount,
    Currency,
    Data,
    Description,
    OptionalReference,
    Reference,
)
from lib.events import BatchedType, Event, Outcome
from lib.refusals import Invalid, Refused
from merchants.events import Opening, Terms
from merchants.models import Merchant


def _quantity(value: object) -> object:
    """A JSON number as text, so that it is exact; any other value is returned unchanged."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Quantity = Annotated[
    Amount,
    BeforeValidator(_quantity),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": f"^{DECIMAL}$"}, {"type": "number"}],
            "examples": ["2.5"],
        }
    ),
]


class ChargeRecorded(Data):
    """The data of a `charge.recorded` event: one fee for one thing that happened. Without an
    amount, the charge costs its quantity times the price of the day of service.
    """

    charge: Reference
    fee: Reference
    request: OptionalReference | None = ""
    quantity: Quantity = Decimal(1)
    currency: Currency
    amount: Amount | None = None
    description: Description | None = ""


def charge(
    event: Event, data: ChargeRecorded, merchant_id: int, now: datetime
) -> charges.NewCharge:
    """The charge that a `charge.recorded` event states; nothing is recorded or looked up yet.
    Raises Invalid for an unknown currency. Without an amount it has None, and recording takes the
    price.
    """
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
    """Record the charges; returns an outcome for each, in the same order: applied, or a duplicate
    for a repeat, or rejected with the refusal. A refused one does not hold up the others. Threshold
    bills may come of them, with notices. It locks their accounts (charges.record_many), and raises
    DaysNotWorkedOff if days of one cannot be worked off, and KeyError for a merchant without an
    account; nothing is recorded then.
    """
    return [
        Outcome.rejected(result) if isinstance(result, Refused) else Outcome.of(result)
        for result in charges.record_many(new)
    ]


EVENT_TYPES = (
    BatchedType(
        "charge.recorded",
        ChargeRecorded,
        charge,
        record,
        scope="charges",
        summary="The shop used a service that costs: this amount, or what the price list says.",
        example={
            "charge": "label-20261126-0001",
            "fee": "shipping-label",
            "request": "FR-2210",
            "quantity": "1",
            "currency": "USD",
            "amount": "6.40",
            "description": "Express, 2 kg",
        },
    ),
)


class AccountTerms(Terms):
    """The billing terms in the event by which a merchant joins."""

    currency: Currency
    billing_threshold: Amount
    plan: Reference
    plan_price: Amount
    plan_interval_days: Annotated[int, Field(strict=True)]
    billing_currency: Currency | None = None
    payment_method: OptionalReference | None = None

    def meant(self) -> dict[str, Any]:
        """The terms as JSON values, by which a repeat of the event is told from a conflict. Where
        none was stated, the billing currency is `currency`, and the payment method is MANUAL.
        """
        meant = {
            "billing_currency": self.billing_currency or self.currency,
            "payment_method": self.payment_method or str(BillingAccount.Method.MANUAL),
        }
        return self.model_dump(mode="json") | meant


def _open(joined: Sequence[tuple[Merchant, AccountTerms, datetime]]) -> None:
    """Open the billing accounts of merchants that join, each on its terms and at its instant, and
    write the bills for their first plan fees, of which the merchants are notified. Raises Invalid
    for an unknown currency or payment method, and whatever accounts.open refuses.
    """
    accounts.open([_account(merchant, terms, now) for merchant, terms, now in joined])


def _account(merchant: Merchant, terms: AccountTerms, now: datetime) -> accounts.NewAccount:
    """The account of the merchant on these terms, which is to be opened at `now`. Raises Invalid
    for an unknown currency or payment method.
    """
    named = terms.billing_currency or terms.currency
    currency = money.check_currency(named, field="billing_currency")
    price = Money(terms.plan_price, currency)
    return accounts.NewAccount(
        merchant,
        Money(terms.billing_threshold, currency),
        accounts.Plan(terms.plan, price, terms.plan_interval_days),
        _payment_method(terms.payment_method),
        now,
    )


def _payment_method(named: str | None) -> BillingAccount.Method:
    """The payment method with this code; bank transfer for None and for an empty text.
    Raises Invalid for an unknown one, and for the sandbox where it is not allowed
    (TAEL_SANDBOX).
    """
    method = named or BillingAccount.Method.MANUAL
    if method not in BillingAccount.Method.values:
        raise Invalid("payment_method", f"{named!r} is none of {BillingAccount.Method.values}")
    if method == BillingAccount.Method.SANDBOX and not settings.TAEL_SANDBOX:
        raise Invalid("payment_method", "sandbox payments need TAEL_SANDBOX=1")
    return BillingAccount.Method(method)


OPENING = Opening(
    AccountTerms,
    {
        "billing_threshold": "200.00",
        "plan": "basic",
        "plan_price": "39.00",
        "plan_interval_days": 30,
    },
    _open,
)
