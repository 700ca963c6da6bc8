"""What tests of operators' acts by hand have in common. Times are the merchant's own wall clock."""

from datetime import date
from decimal import Decimal
from typing import Any

from moneyed import Money

from billing.models import Charge, CollectionPause, DueDay, Invoice, PaymentPlan, Waiver
from billing.operations import (
    charges_by_hand,
    due_days,
    invoices_on_request,
    pauses,
    payment_plans,
    waivers,
)
from lib import audit
from notices.models import Notice
from tests.billing.paying import FIRST, invoice
from tests.shops import Shop

OPERATOR = "olga@tael.example"
WHY, TOLD = "They rang, file 77.", "As we agreed by telephone."
TEXTS = {"reason": WHY, "told": TOLD, "actor": OPERATOR}


def charge(shop: Shop, at: str, cost: str | None = "12.50", **said: Any) -> Charge:
    """Charge the shop by hand, in an operator's name."""
    content: dict[str, Any] = {
        "merchant_id": shop.merchant.pk,
        "fee": "manual-fulfilment",
        "description": "Pallets of November",
        "service_on": date.fromisoformat(at[:10]),
        "quantity": Decimal(1),
        "amount": cost and Money(cost, shop.billing_currency),
        "request_key": "form-1",
        "now": shop.at(at),
    }
    return charges_by_hand.charge(**content | TEXTS | said)


def waive(shop: Shop, at: str, amount: str, number: str = FIRST, **said: Any) -> Waiver:
    """Waive so much of the bill with this number."""
    content: dict[str, Any] = {
        "invoice_id": invoice(number).pk,
        "amount": Money(amount, shop.billing_currency),
        "request_key": "form-1",
        "now": shop.at(at),
    }
    return waivers.waive(**content | TEXTS | said)


def move(shop: Shop, at: str, day: str, number: str = FIRST) -> DueDay:
    """Move the bill's due day to another one."""
    return due_days.move(
        invoice_id=invoice(number).pk, due_on=date.fromisoformat(day), now=shop.at(at), **TEXTS
    )


def pause(shop: Shop, at: str, day: str, number: str = FIRST) -> CollectionPause:
    """Hold the bill until this day."""
    return pauses.pause(
        invoice_id=invoice(number).pk, until_on=date.fromisoformat(day), now=shop.at(at), **TEXTS
    )


def resume(shop: Shop, at: str, number: str = FIRST) -> Invoice:
    """End the hold of the bill."""
    return pauses.resume(invoice_id=invoice(number).pk, now=shop.at(at), **TEXTS)


def draw_up(shop: Shop, at: str, reason: str = WHY) -> Invoice:
    """Bill the shop now for what is outstanding."""
    return invoices_on_request.draw_up(
        merchant_id=shop.merchant.pk, reason=reason, actor=OPERATOR, now=shop.at(at)
    )


THREE = (("2026-11-10", "13.00"), ("2026-11-20", "13.00"), ("2026-11-30", "13.00"))


def plan(
    shop: Shop,
    at: str = "2026-11-01 12:00",
    parts: Any = THREE,
    number: str = FIRST,
    **said: Any,
) -> PaymentPlan:
    """Make a payment plan for the bill, of parts that are (day, amount)."""
    content: dict[str, Any] = {
        "invoice_id": invoice(number).pk,
        "parts": [
            (date.fromisoformat(day), Money(amount, shop.billing_currency)) for day, amount in parts
        ],
        "now": shop.at(at),
    }
    return payment_plans.make(**content | TEXTS | said)


def cancel(shop: Shop, at: str) -> PaymentPlan:
    """Cancel the payment plan of the first bill."""
    return payment_plans.cancel(invoice_id=invoice().pk, now=shop.at(at), **TEXTS)


def notices(shop: Shop, kind: str) -> list[dict[str, str]]:
    """The details of the shop's notices of this kind, oldest first."""
    found = Notice.objects.filter(merchant=shop.merchant, kind=kind).order_by("pk")
    return [dict(notice.details) for notice in found]


def assert_audited(shop: Shop, at: str) -> None:
    """No check of the audit finds anything."""
    findings = audit.run(audit.registered(), now=shop.at(at))
    assert [found.check.name for found in findings if found.violations] == []
