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
    return money.of(figure, BillingAccount.objects.get(pk=merchant.pk).currency)


def _owed(merchant: Merchant, figure: Decimal | None) -> Any:
    return None if figure is None else money.of(figure, _line(merchant).currency)


def _zone(merchant: Merchant, zone: str) -> Any:
    return terms.change_time_zone, {"merchant_id": merchant.pk, "timezone": zone, **WHY}


def _plan(merchant: Merchant, plan: tuple[Decimal, int]) -> Any:
    chosen = accounts.Plan("another", _billed(merchant, plan[0]), plan[1])
    return terms.change_plan, {"merchant_id": merchant.pk, "plan": chosen, **WHY}


def _threshold(merchant: Merchant, threshold: Decimal) -> Any:
    wanted = _billed(merchant, threshold)
    return thresholds.change, {"merchant_id": merchant.pk, "threshold": wanted, **WHY}


def _credit(merchant: Merchant, credit: tuple[str, str, Decimal]) -> Any:
    fee, _, amount = credit
    key, wanted = f"key-{next(_keys)}", _billed(merchant, amount)
    return credits.grant, {
        "merchant_id": merchant.pk, "fee": fee, "amount": wanted, "request_key": key, **ANSWER
    }  # fmt: skip


def _void(merchant: Merchant, _: None) -> Any:
    invoices = Invoice.objects.filter(account=merchant.pk, status=Invoice.Status.OPEN)
    invoice = invoices.order_by("issued_at", "pk").last()
    return invoice and (invoice_decisions.void, {"invoice_id": invoice.pk, **WHY})


def _limit(merchant: Merchant, limit: Decimal) -> Any:
    return limits.set_limit, {
        "merchant_id": merchant.pk, "limit": _owed(merchant, limit), **WHY
    }  # fmt: skip


def _days(merchant: Merchant, days: tuple[int, int]) -> Any:
    return credit_terms.change_days, {
        "merchant_id": merchant.pk, "payment_days": days[0], "settlement_days": days[1], **WHY
    }  # fmt: skip


def _pause(merchant: Merchant, is_paused: bool) -> Any:
    return own_rules.pause if is_paused else own_rules.resume, {"merchant_id": merchant.pk}


def _caps(merchant: Merchant, caps: tuple[Decimal | None, Decimal | None]) -> Any:
    order, buyer = (_owed(merchant, cap) for cap in caps)
    return own_rules.set_caps, {"merchant_id": merchant.pk, "order": order, "buyer": buyer}


def _freeze(merchant: Merchant, reason: str) -> Any:
    return freezes.place, {"merchant_id": merchant.pk, "reason": Freeze.Reason(reason), **NOTE}


def _lift(merchant: Merchant, reason: str) -> Any:
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
