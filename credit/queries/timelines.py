"""Tells what happened to an order. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from moneyed import Money

from credit.models import LimitEntry, Order, OrderPayment, OrderRefund
from lib import formats


@dataclass(frozen=True)
class Step:
    """Something that happened to an order. `held` is the amount by which it changed what is used of
    the limit, if it did.
    """

    at: datetime
    what: StrOrPromise
    amount: Money | None = None
    held: Money | None = None
    note: StrOrPromise = ""
    limit_fell: Money | None = None  # by how much, if it did


def of_order(order: Order, not_applied: Sequence[OrderPayment]) -> list[Step]:
    """What happened to an order, oldest first: what its limit entries say (as it took of the limit,
    and as it was paid, refunded, cancelled or written off), the payments in `not_applied` (which
    wrote no entry), refunds out of proceeds and of what was written off, its decline, shipping and
    delivery.
    """
    refunds = list(order.refunds.order_by("pk")) if order.refunded else []
    is_refunded_at_once = len(refunds) == 1 and order.refunded == order.amount
    steps = [
        Step(
            entry.at,
            _what(entry, is_whole=is_refunded_at_once),
            amount=abs(entry.used_change),
            held=entry.used_change,
            note=entry.told or _told_late(entry, refunds),
            limit_fell=-entry.limit_change if entry.limit_change.amount < 0 else None,
        )
        for entry in order.limitentry_set.order_by("pk")
    ]
    steps += [
        Step(payment.at, payment.get_status_display(), amount=payment.amount)
        for payment in not_applied
    ]
    # A refund's part from what was outstanding is an entry above; the rest changes no limit.
    for refund in refunds:
        rest = (
            (_("Refunded out of your proceeds"), refund.from_proceeds),
            (_("Refunded of what was written off"), refund.from_written_off),
        )
        late = _late(refund)
        steps += [
            Step(refund.arrived_at, what, amount=amount, note=late)
            for what, amount in rest
            if amount
        ]
    if order.is_declined:
        reason = order.get_decline_code_display()
        steps.append(Step(order.placed_at, _("Declined"), amount=order.amount, note=reason))
    if order.shipped_at:
        steps.append(Step(order.shipped_at, _("Shipped")))
    if order.delivered_at:
        steps.append(Step(order.delivered_at, _("Delivered")))
    return sorted(steps, key=lambda step: step.at)


def _what(entry: LimitEntry, *, is_whole: bool) -> StrOrPromise:
    """What the entry of an order is called. A refund is one of the order if it `is_whole`, and
    otherwise of a part of it.
    """
    if entry.kind == LimitEntry.Kind.REFUND and not is_whole:
        return _("Part of the order refunded")
    return str(entry.get_kind_display())


def _told_late(entry: LimitEntry, refunds: Sequence[OrderRefund]) -> str:
    """When the refund of the entry was given, in words, if it was reported later (rule 8.24); "" if
    it was reported at once, and for an entry that is no refund.
    """
    if entry.kind != LimitEntry.Kind.REFUND:
        return ""
    return next((_late(refund) for refund in refunds if refund.arrived_at == entry.at), "")


def _late(refund: OrderRefund) -> str:
    """When the refund was given, in words; "" if it was reported as it was given."""
    if refund.arrived_at == refund.at:
        return ""
    return gettext("happened at %(at)s, as reported") % {"at": formats.instant_text(refund.at)}
