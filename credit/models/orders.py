"""Orders, and what buyers paid for them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from moneyed import Money

from credit import rules
from credit.models.lines import CreditLine
from lib import money
from lib.fields import AmountField, CurrencyField, ReferenceField, currency_never_changes


class OrderQuerySet(models.QuerySet["Order"]):
    def of_merchant(self, merchant_id: int) -> "OrderQuerySet":
        """The orders of the merchant with this key."""
        return self.filter(line_id=merchant_id)

    def open(self) -> "OrderQuerySet":
        """The orders that are OPEN."""
        return self.filter(status=Order.Status.OPEN)

    def overdue(self, today: date) -> "OrderQuerySet":
        """The OPEN orders with an unpaid part whose due date is before local day `today`."""
        return self.open().filter(due_on__lt=today)

    def with_is_overdue(self, today: date) -> "OrderQuerySet":
        """The orders, each annotated with `is_overdue`: whether `overdue` would select it on local
        day `today`, and with that day as `seen_on`.
        """
        overdue = Q(status=Order.Status.OPEN, due_on__isnull=False, due_on__lt=today)
        return self.annotate(
            is_overdue=ExpressionWrapper(overdue, models.BooleanField()),
            seen_on=Value(today, models.DateField()),
        )


class Order(models.Model):
    class Status(models.TextChoices):
        OPEN = "OPEN", pgettext_lazy("order", "Open")
        PAID = "PAID", _("Paid")
        REFUNDED = "REFUNDED", _("Refunded")
        CANCELLED = "CANCELLED", _("Cancelled")
        DECLINED = "DECLINED", _("Declined")
        WRITTEN_OFF = "WRITTEN_OFF", _("Written off")

    class Decline(models.TextChoices):
        # In the order in which they are looked for.
        ACCOUNT_CLOSED = "account_closed", _("The account was closed")
        LINE_FROZEN = "line_frozen", _("The credit line was frozen")
        PAUSED_BY_MERCHANT = "paused_by_merchant", _("You had paused new orders")
        ABOVE_OWN_CAP = "above_own_cap", _("Above a cap that you have set")
        BUYER_RISK = "buyer_risk", _("The buyer's risk was too high")
        INSUFFICIENT_CREDIT = "insufficient_credit", _("The limit was not enough")

    # Declines by the merchant's own rules: no notice is written, and no value counts as lost.
    OWN_DECLINES: ClassVar = (Decline.PAUSED_BY_MERCHANT, Decline.ABOVE_OWN_CAP)

    line = models.ForeignKey(
        CreditLine, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    reference = ReferenceField()
    buyer = ReferenceField()
    buyer_risk = models.PositiveSmallIntegerField(default=0)  # 0 unknown, 1 low, 2 medium, 3 high
    currency = CurrencyField()
    amount = AmountField()
    # Parts are computed, not stored: each is `part_amount`, the last one is the rest, and they fall
    # due every 30 days from `first_due_on`. `paid` and `outstanding` say which are paid
    # (rules.parts).
    instalments = models.PositiveSmallIntegerField(default=1)
    part_amount = AmountField()
    status = models.CharField(max_length=12, choices=Status.choices)
    decline_code = models.CharField(max_length=20, choices=Decline.choices, blank=True)
    outstanding = AmountField()  # what OPEN orders hold on the line; 0 in every other status
    paid = AmountField(default=Decimal(0))  # cash that covered parts while it was OPEN
    refunded = AmountField(default=Decimal(0))  # all of it, wherever it came from
    refunded_written_off = AmountField(default=Decimal(0))  # of `refunded`: what was written off
    written_off = AmountField(default=Decimal(0))  # what was outstanding when it was written off
    recovered = AmountField(default=Decimal(0))  # cash that came after the write-off
    # Each step has two instants: when it was reported ("told"), which counts for holds and
    # declines, and when it happened as the sender "said", from which days count
    # (credit.rules.happened).
    placed_at = models.DateTimeField()  # told
    placed_said_at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True, blank=True)  # said
    shipped_told_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)  # said
    delivered_told_at = models.DateTimeField(null=True, blank=True)
    # The local day on which the delivery was reported; a write-off counts from no earlier day.
    delivered_told_on = models.DateField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)  # told
    cancelled_said_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True)
    written_off_at = models.DateTimeField(null=True, blank=True)
    first_due_on = models.DateField(null=True, blank=True)  # set by the delivery
    due_on = models.DateField(null=True, blank=True)  # of the oldest unpaid part, while OPEN

    objects: ClassVar[models.Manager["Order"]] = OrderQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # A search looks through it for what stands anywhere in a reference or a buyer's name,
            # and for amounts.
            models.UniqueConstraint(
                fields=["line", "reference"],
                include=["buyer", "amount"],
                name="one_order_per_merchant_and_reference",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_amount_positive"),
            models.CheckConstraint(
                condition=Q(outstanding__gte=0) & Q(outstanding__lte=F("amount")),
                name="order_outstanding_within_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(status="OPEN", outstanding__gt=0)
                | (~Q(status="OPEN") & Q(outstanding=0)),
                name="order_is_open_exactly_while_something_is_outstanding",
            ),
            models.CheckConstraint(
                condition=Q(refunded__lte=F("amount")), name="order_refunds_within_its_amount"
            ),
            models.CheckConstraint(
                condition=Q(recovered__lte=F("written_off") - F("refunded_written_off")),
                name="order_recoveries_within_its_write_off",
            ),
            models.CheckConstraint(
                condition=Q(status="DECLINED", decline_code__gt="")
                | (~Q(status="DECLINED") & Q(decline_code="")),
                name="order_has_a_decline_code_exactly_when_declined",
            ),
        ]
        indexes: ClassVar = [
            # A line's orders by due date: for day-ends, the lifting of freezes, and the order list.
            # Only OPEN orders have a due date.
            models.Index(
                fields=["line", "due_on", "id"],
                condition=Q(due_on__isnull=False),
                name="order_due",
            ),
            # The end of that list: orders without a due date.
            models.Index(fields=["line", "id"], name="order_by_line"),
            # Those of them that are still to be delivered, which are few among all that there are.
            models.Index(
                fields=["line", "id"],
                condition=Q(status="OPEN", due_on__isnull=True),
                name="order_undelivered",
            ),
            models.Index(
                fields=["line", "-placed_at", "-id"], name="order_history"
            ),  # the order list
            # The order list of one status, however rare it is.
            models.Index(
                fields=["line", "status", "-placed_at", "-id"], name="order_history_by_status"
            ),
            # Declined orders of one reason.
            models.Index(
                fields=["line", "decline_code", "-placed_at", "-id"],
                condition=Q(status="DECLINED"),
                name="order_declined",
            ),
            # A buyer's orders at one shop: exposure by buyer and the fake-order rule.
            models.Index(fields=["line", "buyer", "placed_at"], name="order_by_buyer"),
            # The orders of which a buyer owes something at one shop, for its cap: few rows.
            models.Index(
                fields=["line", "buyer"],
                condition=Q(status__in=["OPEN", "WRITTEN_OFF"]),
                name="order_owed_by_buyer",
            ),
            # Recent orders of all lines, for the home page. It slows placing down by next to
            # nothing.
            BrinIndex(fields=["placed_at"], name="orders_lately", autosummarize=True),
            # Orders that were shipped and not delivered, oldest first, for the rule that flags
            # them.
            models.Index(
                fields=["shipped_at"],
                condition=Q(status="OPEN", shipped_at__isnull=False, delivered_at__isnull=True),
                name="order_under_way",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="order_is_never_deleted", operation=pgtrigger.Delete),
            currency_never_changes("order"),
            pgtrigger.FSM(
                name="order_status_moves_forward",
                field="status",
                transitions=[
                    ("OPEN", "PAID"),
                    ("OPEN", "REFUNDED"),
                    ("OPEN", "CANCELLED"),
                    ("OPEN", "WRITTEN_OFF"),
                    ("PAID", "REFUNDED"),
                    ("WRITTEN_OFF", "REFUNDED"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)

    @property
    def days_late(self) -> int:
        """How many days ago its oldest unpaid part was due, below 0 if that day is still to come;
        only of an order with a due day that `with_is_overdue` gave.
        """
        seen_on: date = self.seen_on  # type: ignore[attr-defined]
        assert self.due_on is not None
        return (seen_on - self.due_on).days

    @property
    def days_left(self) -> int:
        """In how many days its oldest unpaid part is due, below 0 if that day is over; only of an
        order with a due day that `with_is_overdue` gave.
        """
        return -self.days_late

    def write_off_on(self, after_days: int) -> date | None:
        """The local day at whose start it is written off if nothing is paid until then:
        `after_days`, the policy's number of days, after the due day or after the day on which we
        were told of the delivery, whichever is later; None without a due day. Rule 4.17.
        """
        if self.due_on is None or self.delivered_told_on is None:
            return None
        return max(self.due_on, self.delivered_told_on) + timedelta(days=after_days)

    @property
    def left_to_recover(self) -> Money:
        """What was written off of it, and was neither recovered nor refunded; 0 unless it is
        WRITTEN_OFF.
        """
        if self.status != self.Status.WRITTEN_OFF:
            return money.zero(self.currency)
        return self.written_off - self.recovered - self.refunded_written_off

    @property
    def left_of_it(self) -> Money:
        """What was ordered, less refunds, and less what was written off and neither recovered nor
        refunded.
        """
        return self.amount - self.refunded - self.left_to_recover

    def set_due_on(self) -> None:
        """Set `due_on` from the other fields, without saving: the due date of the oldest unpaid
        part of an open order, or None before delivery and for orders that are not open.
        """
        self.due_on = (
            rules.oldest_due_on(
                instalments=self.instalments,
                part_amount=self.part_amount,
                paid=self.paid,
                first_due_on=self.first_due_on,
            )
            if self.is_open
            else None
        )

    def parts(self) -> list[rules.Part]:
        """The order's instalments, oldest first; before the delivery they have no due days."""
        return list(
            rules.parts(
                amount=self.amount,
                instalments=self.instalments,
                part_amount=self.part_amount,
                paid=self.paid,
                outstanding=self.outstanding,
                first_due_on=self.first_due_on,
            )
        )

    @property
    def next_part(self) -> rules.Part:
        """Its oldest part of which something is outstanding; only of an order with such a part."""
        return next(part for part in self.parts() if part.outstanding)

    @property
    def is_open(self) -> bool:
        """Whether its status is OPEN: it was accepted, and something of it is still outstanding."""
        return self.status == self.Status.OPEN

    @property
    def has_instalments(self) -> bool:
        """Whether it was accepted, and is paid in more than one part."""
        return self.instalments > 1 and not self.is_declined

    @property
    def is_own_decline(self) -> bool:
        """Whether one of the merchant's own rules declined it, so that its value does not count as
        lost.
        """
        return self.decline_code in self.OWN_DECLINES

    @property
    def is_declined(self) -> bool:
        """Whether the line did not accept it."""
        return self.status == self.Status.DECLINED


class OrderPayment(models.Model):
    class Status(models.TextChoices):
        APPLIED = "APPLIED", _("Applied to the order")
        RECOVERY = "RECOVERY", _("Recovery after a write-off")
        UNMATCHED = "UNMATCHED", _("Could not be applied")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="payments")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    reference = ReferenceField()
    currency = CurrencyField()
    amount = AmountField()
    status = models.CharField(max_length=10, choices=Status.choices)
    refusal = models.CharField(max_length=20, blank=True)  # why it is UNMATCHED
    at = models.DateTimeField()  # when it was paid, as it was said
    arrived_at = models.DateTimeField()  # when we were told
    # How much of this UNMATCHED cash operators have settled: the sum of its UnmatchedSettlements.
    settled = AmountField(default=Decimal(0))
    # The settlement of UNMATCHED cash that this payment is; it has the reference of that cash. Null
    # for payments that the platform reported.
    settlement = models.OneToOneField(
        "credit.UnmatchedSettlement",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="applied_payment",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line", "reference"],
                condition=Q(settlement__isnull=True),
                name="one_payment_per_merchant_and_reference",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_payment_positive"),
            models.CheckConstraint(
                condition=Q(settled=0)
                | Q(status="UNMATCHED", settled__gt=0, settled__lte=F("amount")),
                name="only_unmatched_cash_is_settled_and_no_more_than_it_is",
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["at"], name="order_payments_lately", autosummarize=True),
            # The operators' list of cash that waits for a decision.
            models.Index(
                fields=["arrived_at"],
                condition=Q(status="UNMATCHED", settled__lt=F("amount")),
                name="order_payment_unmatched",
            ),
            # One merchant's UNMATCHED cash, settled or not, latest first.
            models.Index(
                fields=["line", "-id"],
                condition=Q(status="UNMATCHED"),
                name="unmatched_of_merchant",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="order_payment_is_never_deleted", operation=pgtrigger.Delete),
            currency_never_changes("order_payment"),
        ]

    def __str__(self) -> str:
        return str(self.reference)

    @property
    def unsettled(self) -> Money:
        """The part of UNMATCHED cash that operators have not settled yet. It has no meaning for
        other payments.
        """
        return self.amount - self.settled

    @property
    def is_unmatched(self) -> bool:
        """Whether its order could not take it; also once operators have settled it."""
        return self.status == self.Status.UNMATCHED

    @property
    def waits(self) -> bool:
        """Whether it is UNMATCHED cash of which a part is not settled yet."""
        return self.is_unmatched and bool(self.unsettled)
