"""Credit lines, with the entries of their limit, their freezes, and what they were before."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from lib import erasing, money
from lib.fields import AmountField, CurrencyField, FormKeyField, currency_never_changes
from lib.form_keys import one_row_per_form
from merchants.models import Merchant


class CreditLine(models.Model):
    # The instant at which the operation counts that has locked this row; set by
    # operations.lines.lock.
    now: datetime
    # Which version of a row that is not locked this is; set by operations.lines.see.
    version: str = ""

    merchant = models.OneToOneField(
        Merchant, on_delete=models.PROTECT, primary_key=True, related_name="credit_line"
    )
    currency = CurrencyField()  # of every figure on this line; never changes
    limit = AmountField()  # most that open orders may hold; every change is a LimitEntry
    used = AmountField(default=Decimal(0))  # held by OPEN orders; every change is a LimitEntry
    # Running sum of ProceedsEntry; negative after a refund of money already paid out.
    proceeds = AmountField(default=Decimal(0))
    # Running sum of PAID withdrawals with their fees; the operations on withdrawals write it.
    paid_out = AmountField(default=Decimal(0))
    freezes_in_force = models.PositiveIntegerField(default=0)  # running count of unlifted Freezes
    payment_days = models.PositiveIntegerField(
        default=10
    )  # from local delivery to the first due day
    settlement_days = models.PositiveIntegerField(default=7)  # from local payment to withdrawable
    # The merchant's own rules for new orders (operations.own_rules); null is no rule.
    paused_at = models.DateTimeField(null=True, blank=True)  # since when it takes no orders
    order_cap = AmountField(null=True, blank=True)  # most that a single order may be
    buyer_cap = AmountField(null=True, blank=True)  # most that one buyer may owe
    # Since when the merchant's billing account is closed (operations.closing). A closing that ended
    # is a FormerClosing.
    closed_at = models.DateTimeField(null=True, blank=True)
    timezone = models.CharField(max_length=64)  # whose days this line counts now
    # The first local day of that zone, and its start; null while the line has had no other zone.
    timezone_since_on = models.DateField(null=True, blank=True)
    timezone_since_at = models.DateTimeField(null=True, blank=True)
    # The local days on which a bill freezes the line if it is still unpaid as they start. Billing
    # adds them (operations.unpaid_bills), and the day-end removes those that have come.
    unpaid_bill_days = ArrayField(models.DateField(), default=list, blank=True)
    open_on = models.DateField()  # the local day that is open; all before it are worked off
    open_until = models.DateTimeField()  # the instant at which that day ends
    # The instant of the line's latest write, or of its open day's start. `operations.lines.lock`
    # notes it; it never falls, and no operation on the line counts before it.
    last_wrote_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(limit__gte=0), name="limit_not_negative"),
            models.CheckConstraint(condition=Q(used__gte=0), name="used_not_negative"),
            models.CheckConstraint(
                condition=Q(order_cap__isnull=True) | Q(order_cap__gt=0),
                name="cap_of_an_order_positive",
            ),
            models.CheckConstraint(
                condition=Q(buyer_cap__isnull=True) | Q(buyer_cap__gt=0),
                name="cap_of_a_buyer_positive",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["open_until"], name="line_by_day_end"
            ),  # the day-end job's question
        ]
        triggers: ClassVar = [currency_never_changes("line")]

    def __str__(self) -> str:
        return f"Credit line #{self.pk}"

    @property
    def available(self) -> Money:
        """The part of the limit that new orders may use; 0 if more than the limit is used."""
        left = self.limit - self.used
        return left if left.amount > 0 else money.zero(self.currency)

    @property
    def is_frozen(self) -> bool:
        """Whether any freeze of it is in force, for whatever reason."""
        return self.freezes_in_force > 0

    @property
    def is_closed(self) -> bool:
        """Return whether the line is closed, as it is from when its merchant's billing account
        is closed until that is opened again. A closed line takes no new orders.
        """
        return self.closed_at is not None

    @property
    def is_paused(self) -> bool:
        """Whether its merchant has paused new orders."""
        return self.paused_at is not None


class Freeze(models.Model):
    class Reason(models.TextChoices):
        OVERDUE = "OVERDUE", _("Overdue payments")
        SUSPECTED_FRAUD = "SUSPECTED_FRAUD", _("Suspected fraud")
        UNPAID_BILL = "UNPAID_BILL", _("Unpaid bill")
        MANUAL = "MANUAL", _("Placed by an operator")

    # Rules place and lift freezes for these reasons; a line has at most one of each in force.
    AUTOMATIC: ClassVar = (Reason.OVERDUE, Reason.UNPAID_BILL)

    line = models.ForeignKey(
        CreditLine, on_delete=models.PROTECT, related_name="freezes", db_index=False
    )
    reason = models.CharField(max_length=20, choices=Reason.choices)
    note = models.CharField(max_length=500, blank=True)  # why, for colleagues
    told = models.CharField(max_length=500, blank=True, default="", db_default="")  # the merchant
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=254)  # a job's name or a person's address
    request_key = FormKeyField()
    lifted_at = models.DateTimeField(null=True, blank=True)  # set once, by lifting
    lifted_by = models.CharField(max_length=254, blank=True)
    lift_note = models.CharField(max_length=500, blank=True)  # why, for colleagues
    lift_told = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line", "reason"],
                condition=Q(lifted_at__isnull=True, reason__in=["OVERDUE", "UNPAID_BILL"]),
                name="one_automatic_freeze_per_line_and_reason",
            ),
            one_row_per_form("line", "one_freeze_per_submitted_form"),
        ]
        indexes: ClassVar = [
            # "What freezes this line now?", asked by pages and by the lifting of a freeze.
            models.Index(
                fields=["line"], condition=Q(lifted_at__isnull=True), name="freeze_in_force"
            ),
            # A line's former freezes, latest first.
            models.Index(fields=["line", "-placed_at", "-id"], name="freeze_history"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} #{self.pk}"

    @property
    def is_for_overdue_payments(self) -> bool:
        """Whether the rule about overdue payments placed it."""
        return self.reason == self.Reason.OVERDUE

    @property
    def is_for_an_unpaid_bill(self) -> bool:
        """Whether it was placed for a bill that is not paid."""
        return self.reason == self.Reason.UNPAID_BILL


class LimitEntry(models.Model):
    class Kind(models.TextChoices):
        OPENED = "OPENED", _("Line opened")
        HOLD = "HOLD", _("Order placed")
        PAYMENT = "PAYMENT", _("Order paid")
        REFUND = "REFUND", _("Order refunded")
        RELEASE = "RELEASE", _("Order cancelled")
        REVIEW = "REVIEW", _("Limit reviewed")
        WRITE_OFF = "WRITE_OFF", _("Order written off")
        LIMIT_SET = "LIMIT_SET", _("Limit changed")
        MOVED_IN = "MOVED_IN", _("Order moved in")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    currency = CurrencyField()
    limit_change = AmountField(default=Decimal(0))
    used_change = AmountField(default=Decimal(0))
    limit_after = AmountField()  # the line's balances right after this entry
    used_after = AmountField()
    order = models.ForeignKey("credit.Order", on_delete=models.PROTECT, null=True, blank=True)
    actor = models.CharField(max_length=254)  # a job's name, "platform", or a person's address
    reason = models.CharField(max_length=500, blank=True)  # for colleagues
    told = models.CharField(max_length=500, blank=True, default="", db_default="")  # the merchant
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "limit entries"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(limit_change=0, used_change=0) | Q(kind="OPENED"),
                name="limit_entry_changes_something",
            ),
            models.CheckConstraint(
                condition=Q(limit_after__gte=F("limit_change"))
                & Q(used_after__gte=F("used_change")),
                name="limit_entry_started_from_balances_not_negative",
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["at"], name="limit_entries_lately", autosummarize=True),
            # The line's page, newest first, and its balances at an instant.
            models.Index(fields=["line", "-at", "-id"], name="limit_entry_history"),
            # The line's page filtered by one of the rare kinds, newest first.
            models.Index(
                fields=["line", "kind", "-at", "-id"],
                condition=~Q(kind__in=["HOLD", "PAYMENT"]),
                name="limit_entry_history_by_kind",
            ),
            models.Index(fields=["order"], name="limit_entry_by_order"),  # an order's timeline
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="limit_entry_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class FormerClosing(models.Model):
    """A time for which a line was closed, written as it was opened again (rule 19.9)."""

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="former_closings")
    closed_at = models.DateTimeField()
    reopened_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line", "closed_at"], name="a_closing_of_a_line_ends_once"
            ),
            models.CheckConstraint(
                condition=Q(reopened_at__gt=F("closed_at")), name="reopened_after_it_was_closed"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="former_closings_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"Closed until {self.reopened_at:%Y-%m-%d}"


class FormerDays(models.Model):
    """The payment and settlement days that a line had until an instant at which they were
    changed.
    """

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="former_days")
    payment_days = models.PositiveIntegerField()
    settlement_days = models.PositiveIntegerField()
    # What was told from this instant on was counted by other days. Nothing else has that instant.
    until_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "former days"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line", "until_at"], name="days_of_a_line_change_once_at_an_instant"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="former_days_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_days} and {self.settlement_days} days"
