"""The admin pages of orders with their payments and refunds, and of flags with the decisions about
them.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision, Reasoned, Telling
from backoffice.filters import of_currency, waiting, which
from backoffice.list_pages import OfMerchant, ReadOnlyInline
from backoffice.several import DecidingSeveral
from credit.admin import shown
from credit.admin.forms import OrderRefunded
from credit.admin.shown import AboutLine
from credit.models import Order, OrderFlag, OrderPayment, OrderRefund
from credit.operations import flags, orders_by_hand, write_offs
from credit.queries import waiting as queues
from lib import money
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("line__merchant")


class PaymentInline(ReadOnlyInline):
    model = OrderPayment
    fields = readonly_fields = (
        *("reference", amount("amount"), "status", "refusal", amount("settled"), "at"),
        "arrived_at",
    )


class RefundInline(ReadOnlyInline):
    model = OrderRefund
    fields = readonly_fields = (
        "reference",
        amount("amount"),
        amount("from_outstanding"),
        amount("from_written_off"),
        amount("from_proceeds"),
        "at",
        "arrived_at",
    )


def _may_be_cancelled(order: Order) -> bool:
    """Whether an operator may cancel the order: it is OPEN, and nothing of it is paid."""
    return order.is_open and not order.paid


def _may_be_refunded(order: Order) -> bool:
    """Whether anything of the order can still be refunded: it is not DECLINED, CANCELLED or
    REFUNDED as a whole.
    """
    ended = (Order.Status.DECLINED, Order.Status.CANCELLED, Order.Status.REFUNDED)
    return order.status not in ended


def _cancel_effect(order: Order) -> str:
    """What operators read before they cancel an order: its amount, how much of the limit comes
    back, and that the platform can neither open it again nor cancel it for another reason.
    """
    return (
        f"Order {order} of {figure(order.amount)} is off: {figure(order.outstanding)} of the limit"
        " come back at once. The platform cannot open it again; its own cancellation with another"
        " reason will be refused as a conflict."
    )


def _may_be_written_off(order: Order) -> bool:
    """Whether an operator may write the order off: it is OPEN, and was due before the line's open
    day.
    """
    return order.is_open and order.due_on is not None and order.due_on < order.line.open_on


def _write_off_effect(order: Order) -> str:
    """What operators read before they write an order off: the amount given up, since when it is
    due, from which limit to which the limit falls, and whose later payments are.
    """
    line = order.line
    limit = max(line.limit - order.outstanding, money.zero(line.currency))
    return (
        f"{figure(order.outstanding)} of order {order}, due since {order.due_on:%d %B %Y}, are"
        " given up: they hold nothing of the limit any more, which falls from"
        f" {figure(line.limit)} to {figure(limit)}. What the buyer pays later is the merchant's"
        " proceeds, and gives no limit back. The merchant is told why."
    )


def _refund_effect(order: Order) -> str:
    """What operators read before they record a refund that was given outside: how much is left to
    refund, and that it lowers what is outstanding, or was written off and not recovered, before it
    takes from proceeds.
    """
    left, lost = order.amount - order.refunded, order.left_to_recover
    said = (
        f"The buyer of order {order} has got money back outside; at most {figure(left)} of it are"
        " left to refund."
    )
    if lost:
        return (
            f"{said} It lowers what was written off and not recovered ({figure(lost)}) first, which"
            " changes no balance, and comes out of the merchant's proceeds where nothing of that is"
            " left."
        )
    return (
        f"{said} It lowers what is outstanding ({figure(order.outstanding)}) first, and comes out"
        " of the merchant's proceeds where nothing is."
    )


# Looked for line by line, by the index of each line's due days: nobody would find an old one among
# the latest orders.
OVERDUE = """
    SELECT late.id FROM credit_creditline line CROSS JOIN LATERAL (
        SELECT id FROM credit_order
        WHERE line_id = line.merchant_id AND due_on < line.open_on OFFSET 0
    ) late
"""
STATES = which(
    "state", {"overdue": ("Overdue", lambda: Q(pk__in=RawSQL(OVERDUE, ())))}, is_indexed=True
)


@admin.register(Order)
class OrderAdmin(AboutLine, OfMerchant):
    merchant = "line__merchant"
    is_long = True
    of_one = ("-placed_at", "-pk")
    list_display = (
        "reference",
        MERCHANT,
        "buyer",
        "status",
        amount("amount"),
        amount("outstanding"),
        "due_on",
        "placed_at",
    )
    list_filter = ("status", STATES, of_currency("credit.CreditLine"))
    list_select_related = ("line__merchant",)
    inlines = (PaymentInline, RefundInline)
    decisions = (
        Decision(
            "cancel",
            "Cancel",
            form=Telling,
            effect=_cancel_effect,
            shown=shown.status,
            carry_out=Call(orders_by_hand.cancel, "order_id"),
            done="The order is cancelled.",
            is_open=_may_be_cancelled,
        ),
        Decision(
            "refund",
            "Refund",
            form=OrderRefunded,
            effect=_refund_effect,
            shown=lambda order: {"Refunded": order.refunded},
            carry_out=Call(orders_by_hand.refund, "order_id"),
            done="The refund is recorded.",
            initial=lambda order: {"refunded": order.refunded},
            is_open=_may_be_refunded,
        ),
        Decision(
            "write-off",
            "Write off",
            form=Telling,
            effect=_write_off_effect,
            shown=lambda order: shown.status(order) | {"Outstanding": order.outstanding},
            carry_out=CallOrPropose(write_offs.write_off, "order_id"),
            done=done("The order is written off."),
            is_open=_may_be_written_off,
        ),
    )


@admin.register(OrderRefund)
class OrderRefundAdmin(OfMerchant):
    merchant = "line__merchant"
    is_long = True
    of_one = ("reference",)
    list_display = (
        "reference",
        MERCHANT,
        "order",
        amount("amount"),
        amount("from_outstanding"),
        amount("from_written_off"),
        amount("from_proceeds"),
        "at",
    )
    list_filter = (of_currency("credit.CreditLine"),)
    list_select_related = ("line__merchant", "order")


def _is_open(flag: OrderFlag) -> bool:
    """Whether nobody has decided about the flag yet."""
    return flag.status == OrderFlag.Status.OPEN


@admin.register(OrderFlag)
class OrderFlagAdmin(DecidingSeveral, AboutLine, OfMerchant):
    several = ("dismiss", "confirm")
    merchant = "line__merchant"
    reference = "cause"
    list_display = ("__str__", MERCHANT, "cause", "buyer", "at", "status", "decided_by")
    list_filter = (waiting(queues.FLAGS), "status", "kind")
    list_select_related = ("line__merchant",)
    decisions = (
        Decision(
            "dismiss",
            "Dismiss",
            form=Reasoned,
            effect=lambda flag: "Nothing is wrong with these orders. Nothing else changes.",
            shown=shown.status,
            carry_out=Call(flags.dismiss, "flag_id"),
            done="The flag is dismissed.",
            is_open=_is_open,
        ),
        Decision(
            "confirm",
            "Confirm",
            form=Reasoned,
            effect=lambda flag: (
                "Something is wrong with these orders. This freezes nothing: that is a decision"
                " about the line."
            ),
            shown=shown.status,
            carry_out=Call(flags.confirm, "flag_id"),
            done="The flag is confirmed.",
            is_open=_is_open,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        fields = super().get_fields(request, obj)
        return ["orders" if field == "evidence" else field for field in fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return ("orders",)

    @admin.display(description="Orders as they were seen")
    def orders(self, flag: OrderFlag) -> SafeString:
        """The orders of the flag, one on a line, all as they were when the last of them was added
        to it.
        """
        return format_html_join(
            "",
            "<div>{}: {} {}, {}, placed {}, shipped {}, {}</div>",
            (
                (
                    seen["order"],
                    seen["amount"],
                    seen["currency"],
                    seen["buyer"],
                    seen["placed_at"],
                    seen["shipped_at"] or "-",
                    seen["status"],
                )
                for seen in flag.evidence
            ),
        )
