"""What people decide of a merchant, as the operations that do it (tests/reference/operators.py is
what the rules make of it).
"""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

from billing.models import BillingAccount, Invoice
from billing.operations import accounts, credits, invoice_decisions, terms, thresholds
from credit.models import CreditLine, Freeze
from credit.operations import freezes, limits, own_rules
from credit.operations import terms as credit_terms
from lib import money
from merchants.models import Merchant
from tests.two_people import ANSWER, WHY

# An operation and its arguments, or None where there is nothing that it could be about.
Decision = Callable[[Merchant, Any], tuple[Callable[..., Any], dict[str, Any]] | None]
NOTE: dict[str, Any] = {"note": "I have looked at it."}
_keys = count(1)


def _line(merchant: Merchant) -> CreditLine:
    return CreditLine.objects.get(pk=merchant.pk)


def _billed(merchant: Merchant, figure: Decimal) -> Any:
    """The figure in the currency of the billing account."""
    return money.of(figure, BillingAccount.objects.get(pk=merchant.pk).currency)


def _owed(merchant: Merchant, figure: Decimal | None) -> Any:
    """The figure in the currency of the credit line; None for None."""
    return None if figure is None else money.of(figure, _line(merchant).currency)


def _zone(merchant: Merchant, zone: str) -> Any:
    """The operation that changes the time zone, and what it is given."""
    return terms.change_time_zone, {"merchant_id": merchant.pk, "timezone": zone, **WHY}


def _plan(merchant: Merchant, plan: tuple[Decimal, int]) -> Any:
    """The operation that changes the plan (price, days), and what it is given."""
    chosen = accounts.Plan("another", _billed(merchant, plan[0]), plan[1])
    return terms.change_plan, {"merchant_id": merchant.pk, "plan": chosen, **WHY}


def _threshold(merchant: Merchant, threshold: Decimal) -> Any:
    """The operation that changes the threshold, and what it is given."""
    wanted = _billed(merchant, threshold)
    return thresholds.change, {"merchant_id": merchant.pk, "threshold": wanted, **WHY}


def _credit(merchant: Merchant, credit: tuple[str, str, Decimal]) -> Any:
    """The operation that gives a credit, and what it is given."""
    fee, _, amount = credit
    key, wanted = f"key-{next(_keys)}", _billed(merchant, amount)
    return credits.grant, {
        "merchant_id": merchant.pk, "fee": fee, "amount": wanted, "request_key": key, **ANSWER
    }  # fmt: skip


def _void(merchant: Merchant, _: None) -> Any:
    """The operation that voids the latest open bill, and what it is given; None without one."""
    invoices = Invoice.objects.filter(account=merchant.pk, status=Invoice.Status.OPEN)
    invoice = invoices.order_by("issued_at", "pk").last()
    return invoice and (invoice_decisions.void, {"invoice_id": invoice.pk, **WHY})


def _limit(merchant: Merchant, limit: Decimal) -> Any:
    """The operation that sets the limit, and what it is given."""
    return limits.set_limit, {
        "merchant_id": merchant.pk, "limit": _owed(merchant, limit), **WHY
    }  # fmt: skip


def _days(merchant: Merchant, days: tuple[int, int]) -> Any:
    """The operation that changes payment and settlement days, and what it is given."""
    return credit_terms.change_days, {
        "merchant_id": merchant.pk, "payment_days": days[0], "settlement_days": days[1], **WHY
    }  # fmt: skip


def _pause(merchant: Merchant, is_paused: bool) -> Any:
    """The operation by which the merchant pauses or resumes new orders, and what it is given."""
    return own_rules.pause if is_paused else own_rules.resume, {"merchant_id": merchant.pk}


def _caps(merchant: Merchant, caps: tuple[Decimal | None, Decimal | None]) -> Any:
    """The operation that sets the merchant's own caps (order, buyer), and what it is given."""
    order, buyer = (_owed(merchant, cap) for cap in caps)
    return own_rules.set_caps, {"merchant_id": merchant.pk, "order": order, "buyer": buyer}


def _freeze(merchant: Merchant, reason: str) -> Any:
    """The operation that freezes the line, and what it is given."""
    return freezes.place, {"merchant_id": merchant.pk, "reason": Freeze.Reason(reason), **NOTE}


def _lift(merchant: Merchant, reason: str) -> Any:
    """The operation that lifts the oldest freeze for this reason, and what it is given; None
    without one.
    """
    in_force = Freeze.objects.filter(line=merchant.pk, reason=reason, lifted_at=None)
    first = in_force.order_by("placed_at", "pk").first()
    return first and (freezes.lift, {"freeze_id": first.pk, **NOTE})


DECISIONS: dict[str, Decision] = {
    "zone": _zone,
    "plan": _plan,
    "threshold": _threshold,
    "credit": _credit,
    "void": _void,
    "limit": _limit,
    "days": _days,
    "pause": _pause,
    "caps": _caps,
    "freeze": _freeze,
    "lift": _lift,
}
