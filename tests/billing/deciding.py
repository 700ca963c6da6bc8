"""One-liners for what merchants ask of their billing, and what operators decide about it.

    deciding.grant(shop, "2026-11-06 12:00", "100.00", "credit-label")

Times are the merchant's own wall clock, as with tests.shops; amounts are in its billing currency.
"""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from moneyed import Money

from billing.models import BillingCredit, FeePrice, Invoice, PlanTerm, ThresholdRequest
from billing.operations import closing, credits, invoice_decisions, terms, thresholds
from billing.operations.accounts import Plan
from gateway.events import apply_all
from lib import events
from merchants.models import TimeZonePeriod
from tests.factories import (
    CreditRequestFactory,
    FeePriceFactory,
    GrantedCreditFactory,
    ThresholdRequestFactory,
    TransferFactory,
)
from tests.shops import Shop, instant

OPERATOR: dict[str, Any] = {"actor": "mali@tael.example", "reason": "agreed by telephone"}
ANSWER = OPERATOR | {"told": OPERATOR["reason"]}  # where the merchant is told why
MERCHANT = "rose@rosewood.example"
_numbers = count(1)


def _amount(shop: Shop, amount: str) -> Money:
    return Money(amount, shop.billing_currency)


# Prices.


def price(
    fee: str,
    unit_price: str | None,
    from_on: str,
    *,
    at: str = "2026-10-01T00:00Z",
    currency: str = "USD",
    own: Shop | None = None,
) -> FeePrice:
    """Introduce a price, of every merchant or of one; None ends that of one."""
    return FeePriceFactory.create(
        fee=fee,
        currency=currency,
        unit_price=None if unit_price is None else Decimal(unit_price),
        from_on=date.fromisoformat(from_on),
        merchant_id=own.merchant.pk if own else None,
        now=instant(at),
        **OPERATOR,
    )


def priced(shop: Shop, at: str, fee: str, quantity: Any = 1, charge: str = "", **data: Any) -> str:
    """The outcome of a charge that comes without an amount."""
    return shop.send("charge.recorded", at, **_priced(shop, fee, quantity, charge, data))


def priced_late(shop: Shop, served: str, arrived: str, fee: str, charge: str = "") -> str:
    """The outcome of a charge without an amount, of which we hear later than it happened."""
    data = _priced(shop, fee, 1, charge, {})
    return str(_sent(shop, served, arrived, data).status)


def refusal(shop: Shop, at: str, fee: str, **data: Any) -> str:
    """Code and reason of the refusal that a charge without an amount meets."""
    outcome = _sent(shop, at, at, _priced(shop, fee, 1, "", data))
    assert outcome.status == "rejected"
    return f"{outcome.code} {outcome.reason}"


def _priced(
    shop: Shop, fee: str, quantity: Any, charge: str, data: dict[str, Any]
) -> dict[str, Any]:
    """The data of a charge that comes without an amount."""
    content = {"charge": charge or f"priced-{next(_numbers)}", "fee": fee, "quantity": quantity}
    return content | {"currency": shop.billing_currency, "request": "FR-1", **data}


def _sent(shop: Shop, served: str, arrived: str, data: dict[str, Any]) -> events.Outcome:
    """The outcome of a charge served at one instant that arrives at another."""
    event = {"id": "one", "type": "charge.recorded", "at": shop.at(served).isoformat()}
    event |= {"merchant": shop.reference, "data": data}  # type: ignore[dict-item]
    (outcome,) = apply_all([events.from_object(event)], now=shop.at(arrived))
    return outcome


def amount_of(shop: Shop, charge: str) -> str:
    """What a charge came to, with its currency's digits."""
    return f"{shop.account.charges.get(reference=charge).amount.amount:f}"


# Credits.


def ask(
    shop: Shop,
    at: str,
    charge: str,
    amount: str,
    fee: str = "credit-pick-pack",
    *,
    form: str = "",
    **said: str,
) -> BillingCredit:
    """Ask for a credit on a charge, in the merchant's name; another `form` is another question."""
    if form:
        said["request_key"] = form
    said |= {"charge": charge, "amount": amount, "fee": fee, "actor": MERCHANT}
    return CreditRequestFactory.create(shop=shop, at=at, **said)


def grant(
    shop: Shop,
    at: str,
    amount: str,
    fee: str = "credit-pick-pack",
    charge: str = "",
    *,
    form: str = "",
) -> BillingCredit:
    """Give a credit in an operator's name; another `form` is another credit."""
    said = {"charge": charge, "amount": amount, "fee": fee, **OPERATOR}
    if form:
        said["request_key"] = form
    return GrantedCreditFactory.create(shop=shop, at=at, **said)


def approve(shop: Shop, at: str, credit: BillingCredit) -> BillingCredit:
    """Approve the credit that was asked for, by an operator."""
    return credits.approve(credit_id=credit.pk, now=shop.at(at), **ANSWER)


def reject(shop: Shop, at: str, credit: BillingCredit) -> BillingCredit:
    """Reject the credit that was asked for, by an operator."""
    return credits.reject(credit_id=credit.pk, now=shop.at(at), **ANSWER)


# The threshold.


def ask_threshold(shop: Shop, at: str, threshold: str) -> ThresholdRequest:
    """Ask for a higher threshold, in the merchant's name."""
    return ThresholdRequestFactory.create(
        shop=shop,
        at=at,
        threshold=threshold,
        message="We sell more before the holidays.",
        actor=MERCHANT,
    )


def approve_threshold(
    shop: Shop, at: str, request: ThresholdRequest, threshold: str = ""
) -> ThresholdRequest:
    """Approve the threshold that was asked for, or another one if it is given."""
    given = _amount(shop, threshold) if threshold else None
    return thresholds.approve(request_id=request.pk, threshold=given, now=shop.at(at), **ANSWER)


def set_threshold(shop: Shop, at: str, threshold: str) -> None:
    """Set the threshold, by an operator."""
    thresholds.change(
        merchant_id=shop.merchant.pk,
        threshold=_amount(shop, threshold),
        now=shop.at(at),
        **OPERATOR,
    )


# Terms.


def change_plan(shop: Shop, at: str, price: str, days: int, name: str = "grown") -> PlanTerm:
    """Change the plan: its price, and each how many days it is charged."""
    plan = Plan(name, _amount(shop, price), days)
    return terms.change_plan(merchant_id=shop.merchant.pk, plan=plan, now=shop.at(at), **OPERATOR)


def change_time_zone(shop: Shop, at: str, zone: str) -> TimeZonePeriod:
    """Have the merchant's days be those of another time zone from its next month on."""
    return terms.change_time_zone(
        merchant_id=shop.merchant.pk, timezone=zone, now=shop.at(at), **OPERATOR
    )


def review_invoices(shop: Shop, at: str) -> None:
    """Have bills be drafts from the next one on."""
    terms.review_invoices(merchant_id=shop.merchant.pk, wanted=True, now=shop.at(at), **OPERATOR)


def close(shop: Shop, at: str) -> None:
    closing.close(merchant_id=shop.merchant.pk, now=shop.at(at), **OPERATOR)


def bill_rest(shop: Shop, at: str) -> None:
    """Have the closed account's rest be billed."""
    closing.bill_rest(merchant_id=shop.merchant.pk, now=shop.at(at), **OPERATOR)


def pay_out_rest(shop: Shop, at: str, reference: str = "KBANK-1") -> None:
    """Record that the closed account's rest was paid out."""
    closing.pay_out_rest(
        merchant_id=shop.merchant.pk, reference=reference, now=shop.at(at), **OPERATOR
    )


# Bills.


def invoice(shop: Shop, date: str) -> Invoice:
    """The latest bill of this date."""
    return shop.account.invoices.filter(issued_on=date).latest("pk")


def void(shop: Shop, at: str, invoice: Invoice) -> None:
    invoice_decisions.void(invoice_id=invoice.pk, now=shop.at(at), **OPERATOR)


def issue(shop: Shop, at: str, draft: Invoice) -> Invoice:
    """Issue the draft."""
    return invoice_decisions.issue_draft(invoice_id=draft.pk, now=shop.at(at), **OPERATOR)


def transfer(shop: Shop, at: str, invoice: Invoice, amount: str, reference: str = "") -> None:
    """A bank transfer of this amount came in for the bill."""
    said = {"reference": reference} if reference else {}
    TransferFactory.create(
        shop=shop, at=at, invoice=invoice, amount=amount, actor=OPERATOR["actor"], **said
    )
