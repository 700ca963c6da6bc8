"""The admin pages of UNMATCHED cash and of refused payments and refunds, and the decisions about
them.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision, Reasoned
from backoffice.filters import of_currency, waiting
from backoffice.list_pages import OfMerchant, ReadOnlyInline
from backoffice.outcomes import LastDecision
from backoffice.several import DecidingSeveral
from credit.admin import shown
from credit.admin.forms import UnmatchedApplied, UnmatchedReleased, UnmatchedReturned
from credit.admin.shown import AboutLine
from credit.models import OrderPayment, RefusedCash, UnmatchedSettlement
from credit.operations import refused_cash, unmatched
from credit.queries import waiting as queues
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("line__merchant")


def _left(payment: OrderPayment) -> str:
    """The text that the page of each decision begins with: the payment, the order it came for, and
    how much of it is not settled yet.
    """
    left = figure(payment.unsettled)
    return f"Payment {payment} came for order {payment.order}, and {left} of it wait. "


def _waits(payment: OrderPayment) -> bool:
    """Whether some of this UNMATCHED cash is not settled yet."""
    return payment.waits


def _initial(payment: OrderPayment) -> dict[str, Any]:
    """The initial values of the form: `amount`, all that is not settled yet, and `settled`, by
    which the operation notices that somebody else has settled a part since the form was shown.
    """
    return {"amount": payment.unsettled, "settled": payment.settled}


def _shown(payment: OrderPayment) -> dict[str, Any]:
    """What the page shows of the cash, by label: how much of it is settled, which every settlement
    changes.
    """
    return {"Settled": payment.settled}


class SettlementInline(ReadOnlyInline):
    model = UnmatchedSettlement
    fk_name = "payment"
    fields = readonly_fields = (
        *("kind", amount("amount"), "order", "reference", "reason", "actor", "at"),
    )


@admin.register(OrderPayment)
class OrderPaymentAdmin(AboutLine, OfMerchant):
    merchant = "line__merchant"
    is_long = True
    of_one = ("reference",)
    list_display = (
        *("reference", MERCHANT, "order", amount("amount"), "status", amount("settled")),
        *("at", "arrived_at"),
    )
    list_filter = (waiting(queues.UNMATCHED), "status", of_currency("credit.CreditLine"))
    list_select_related = ("line__merchant", "order")
    inlines = (SettlementInline,)
    decisions = (
        Decision(
            "apply",
            "Apply to an order",
            form=UnmatchedApplied,
            effect=lambda payment: (
                f"{_left(payment)}An open order of the merchant is paid with it today: the limit"
                " comes back, and the amount becomes proceeds like any payment. For an order that"
                " was written off it is a recovery: proceeds, and nothing else."
            ),
            shown=_shown,
            carry_out=Call(unmatched.apply, "payment_id"),
            done="The order is paid.",
            initial=_initial,
            is_open=_waits,
        ),
        Decision(
            "release",
            "Release to proceeds",
            form=UnmatchedReleased,
            effect=lambda payment: (
                f"{_left(payment)}It becomes the merchant's proceeds, which can be withdrawn at"
                " once. Limit reviews do not count it."
            ),
            shown=_shown,
            carry_out=CallOrPropose(unmatched.release, "payment_id"),
            done=done("The cash is released."),
            initial=_initial,
            is_open=_waits,
        ),
        Decision(
            "return",
            "Returned to the buyer",
            form=UnmatchedReturned,
            effect=lambda payment: (
                f"{_left(payment)}It went back to the buyer outside of this system. Nothing else"
                " changes."
            ),
            shown=_shown,
            carry_out=CallOrPropose(unmatched.give_back, "payment_id"),
            done=done("That it went back is noted."),
            initial=_initial,
            is_open=_waits,
        ),
    )

    def last_decision(self, row: Any) -> LastDecision | None:
        """The payment's latest settlement: its kind, who made it and when. While nothing is
        settled, only the payment's status, without a person or an instant.
        """
        settled = row.settlements.order_by("pk").last()
        if settled is None:
            return LastDecision(str(row.get_status_display()))
        return LastDecision(str(settled.get_kind_display()), settled.actor, settled.at)


@admin.register(UnmatchedSettlement)
class UnmatchedSettlementAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = "payment__reference"
    list_display = (
        *("__str__", MERCHANT, "payment", amount("amount"), "order", "reference", "actor", "at"),
    )
    list_filter = ("kind",)
    list_select_related = ("line__merchant", "payment", "order")


@admin.register(RefusedCash)
class RefusedCashAdmin(DecidingSeveral, AboutLine, OfMerchant):
    several = ("close",)
    merchant = "line__merchant"
    list_display = (
        *("reference", MERCHANT, "kind", "order_reference", "what", "code", "times"),
        *("arrived_at", "status"),
    )
    list_filter = (waiting(queues.REFUSED), "status", "kind")
    list_select_related = ("line__merchant",)
    decisions = (
        Decision(
            "close",
            "Close",
            form=Reasoned,
            effect=lambda refused: (
                f"{refused} leaves this list. Its reference stays free: if it is sent again, it is"
                " looked at anew."
            ),
            shown=shown.status,
            carry_out=Call(refused_cash.close, "refused_id"),
            done="It is closed.",
            is_open=lambda refused: refused.status == RefusedCash.Status.OPEN,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """The model's fields, with `what` instead of `amount` and `currency`."""
        fields = [field for field in super().get_fields(request, obj) if field != "currency"]
        return ["what" if field == "amount" else field for field in fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return ("what",)

    @admin.display(description="amount")
    def what(self, refused: RefusedCash) -> str:
        """The amount and currency as they were sent; the currency may differ from the line's."""
        return f"{refused.plain_amount:f} {refused.currency}"
