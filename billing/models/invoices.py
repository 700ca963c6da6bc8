"""Bills with their lines, operators' decisions about them, and their numbers."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from moneyed import Money

from billing.models.accounts import BillingAccount
from billing.models.fees import Category, in_readers_language
from billing.models.parties import BillingDetails, IssuerVersion
from lib import calendar, erasing
from lib.fields import AmountField, CurrencyField


class NumberSeries(models.Model):
    """The last number given out in one series and year. Its row is locked last, and only while
    bills are written.

    The series of the installation's own bills has no name: its numbers are the year and the place,
    2026-000001. An issuer's is its prefix, which comes in front, and that of its credit notes the
    prefix and "-CN"; series are only ever added.
    """

    series = models.CharField(max_length=12, blank=True, default="")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveBigIntegerField(default=0)  # given out so far: 1, 2, … without a gap

    class Meta:
        verbose_name_plural = "number series"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "year"], name="one_series_of_a_name_a_year"),
        ]

    def __str__(self) -> str:
        return self.number_of("…")

    def number_of(self, place: int | str) -> str:
        """The number of a bill or credit note at this place of the series, such as DE-2026-000001:
        a number has six digits at least, and a text stands as it is. In another cell than the
        first, the caller puts the cell's mark in front (numbers.next_number).
        """
        place = f"{place:06}" if isinstance(place, int) else place
        return "-".join(filter(None, (self.series, str(self.year), place)))


# Every step a bill can take.
TRANSITIONS = [
    ("DRAFT", "OPEN"),
    ("DRAFT", "VOID"),  # sent back; it never had a number
    ("OPEN", "PAID"),
    ("OPEN", "VOID"),
    ("OPEN", "UNCOLLECTIBLE"),
    ("UNCOLLECTIBLE", "PAID"),
]


class Invoice(models.Model):
    """A bill: a frozen copy of names and lines, with a gapless number once it is issued."""

    class Kind(models.TextChoices):
        THRESHOLD = "THRESHOLD", pgettext_lazy("bill", "Threshold")
        SUBSCRIPTION = "SUBSCRIPTION", pgettext_lazy("bill", "Subscription")
        CYCLE = "CYCLE", pgettext_lazy("bill", "30-day cycle")
        FINAL = "FINAL", pgettext_lazy("bill", "Final")
        ON_REQUEST = "ON_REQUEST", pgettext_lazy("bill", "On request")

    class Status(models.TextChoices):
        DRAFT = "DRAFT", _("Under review")
        OPEN = "OPEN", pgettext_lazy("bill", "Open")
        PAID = "PAID", _("Paid")
        VOID = "VOID", _("Void")
        UNCOLLECTIBLE = "UNCOLLECTIBLE", _("Uncollectible")

    SCHEDULED: ClassVar = (Kind.SUBSCRIPTION, Kind.CYCLE)
    # The kinds that also take what was posted on their own date.
    TAKES_ITS_DATE: ClassVar = (Kind.THRESHOLD, Kind.FINAL, Kind.ON_REQUEST)
    UNPAID: ClassVar = (Status.OPEN, Status.UNCOLLECTIBLE)  # what money is still wanted for
    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="invoices")
    # Year and place in its series; a draft has none, and one that was sent back never gets one.
    number = models.CharField(max_length=40, unique=True, null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(max_length=13, choices=Status.choices, default=Status.OPEN)
    issued_on = models.DateField()  # its local date
    issued_at = models.DateTimeField()  # of a draft: when it was drawn up
    drafted_at = models.DateTimeField(null=True, blank=True)  # null unless it began as a draft
    # The days on which its lines posted, plan fees left aside; of plan fees alone, the plan's days.
    period_start = models.DateField()
    period_end = models.DateField()
    # The days that its plan fees are for, where it has some.
    plan_start = models.DateField(null=True, blank=True)
    plan_end = models.DateField(null=True, blank=True)
    due_on = models.DateField()
    currency = CurrencyField()
    # The threshold that a THRESHOLD bill was issued for.
    threshold = AmountField(null=True, blank=True)
    total = AmountField()  # its lines and its tax: what is collected
    tax = AmountField(default=Decimal(0), db_default=Decimal(0))  # sum of its InvoiceTax rows
    amount_paid = AmountField(default=Decimal(0))  # sum of its succeeded payments
    paid_at = models.DateTimeField(null=True, blank=True)
    # Collecting it (rule 16.3). When it is tried next by itself; null when it is not.
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # Who has it tried then by choosing a method; empty where its own dates do.
    next_attempt_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    # Set once, by the first attempt that failed or, of a manual bill, by its due day; retries and
    # the freeze of the line are counted from it.
    first_failed_at = models.DateTimeField(null=True, blank=True)
    first_failed_on = models.DateField(null=True, blank=True)  # the local day of it
    # The bill has neither failed nor frozen the line before this day, as an operator paused its
    # collecting or it was under a payment plan; null if neither ever was.
    held_until = models.DateField(null=True, blank=True)
    # Copies: a bill says what was true when it was issued.
    # Who issued it (rule 15.28): the issuer's version, or TAEL_ISSUER as it was then: its first
    # line, and the others. Empty if nobody had said.
    issuer = models.ForeignKey(
        IssuerVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    issuer_name = models.TextField(blank=True, default="", db_default="")
    issuer_address = models.TextField(blank=True, default="", db_default="")
    # Whom it is made out to, as confirmed then; null: by the merchant's name alone.
    details = models.ForeignKey(
        BillingDetails, on_delete=models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    merchant_name = models.CharField(max_length=200)
    merchant_reference = models.CharField(max_length=100)
    language = models.CharField(max_length=10)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "issued_on"],
                condition=Q(kind__in=["SUBSCRIPTION", "CYCLE"]),
                name="one_scheduled_invoice_per_merchant_and_date",
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="invoice_total_positive"),
            models.CheckConstraint(
                condition=Q(number__isnull=True, status__in=["DRAFT", "VOID"])
                | (Q(number__isnull=False) & ~Q(status="DRAFT")),
                name="invoice_has_a_number_from_its_issue_on",
            ),
            models.CheckConstraint(
                condition=Q(amount_paid__gte=0) & Q(amount_paid__lte=F("total")),
                name="invoice_paid_within_its_total",
            ),
            models.CheckConstraint(
                condition=Q(status="PAID", amount_paid=F("total"), paid_at__isnull=False)
                | (~Q(status="PAID") & Q(amount_paid__lt=F("total"))),
                name="invoice_is_paid_exactly_when_its_payments_reach_its_total",
            ),
            models.CheckConstraint(
                condition=Q(period_start__lte=F("period_end")), name="invoice_period_is_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(plan_start__isnull=True, plan_end__isnull=True)
                | Q(plan_start__lte=F("plan_end")),
                name="plan_days_of_an_invoice_are_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(kind="THRESHOLD", threshold__isnull=False)
                | (~Q(kind="THRESHOLD") & Q(threshold__isnull=True)),
                name="threshold_invoice_knows_its_threshold",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account", "-issued_at", "-id"], name="invoice_history"
            ),  # the bill list
            # The bills that the collecting job may find due.
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=["OPEN", "UNCOLLECTIBLE"], next_attempt_at__isnull=False),
                name="invoice_to_collect",
            ),
            # The bills that wait for an operator: drafts, and those that could not be collected.
            models.Index(fields=["issued_at"], condition=Q(status="DRAFT"), name="invoice_draft"),
            models.Index(
                fields=["first_failed_at"],
                condition=Q(status="OPEN", first_failed_at__isnull=False),
                name="invoice_failed",
            ),
            # The bills of all accounts that were issued lately.
            BrinIndex(fields=["issued_at"], name="invoices_lately", autosummarize=True),
            # An account's unpaid bills: few rows, however long the history.
            models.Index(
                fields=["account", "issued_on"],
                condition=Q(status__in=["DRAFT", "OPEN", "UNCOLLECTIBLE"]),
                name="invoice_unpaid",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="invoice_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="invoice_status_moves_forward",
                field="status",
                transitions=TRANSITIONS,
            ),
            erasing.ReadOnly(
                name="issued_invoice_never_changes",
                exclude=["status", "number", "issued_at", "due_on", "amount_paid", "paid_at",
                         "next_attempt_at", "next_attempt_by", "first_failed_at",
                         "first_failed_on", "held_until"],
            ),
            erasing.Protect(
                name="invoice_is_numbered_and_failed_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    """
                    OLD.status <> 'DRAFT' AND (OLD.number, OLD.issued_at)
                        IS DISTINCT FROM (NEW.number, NEW.issued_at)
                    OR OLD.first_failed_at IS NOT NULL AND
                        (OLD.first_failed_at, OLD.first_failed_on)
                        IS DISTINCT FROM (NEW.first_failed_at, NEW.first_failed_on)
                    """
                ),
            ),
            # Its due day moves before it has failed only: once, when nothing collects it any more
            # before anything was tried; and as an operator has decided (DueDay).
            pgtrigger.Trigger(
                name="invoice_due_day_moves_as_decided",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    """
                    OLD.status <> 'DRAFT' AND OLD.due_on <> NEW.due_on AND NOT (
                        OLD.status = 'OPEN' AND OLD.first_failed_at IS NULL
                        AND NEW.due_on = OLD.due_on + 7
                        AND (NEW.due_on = OLD.issued_on + 7 OR OLD.drafted_at IS NOT NULL))
                    """
                ),
                func="""
                    IF OLD.status <> 'OPEN' OR OLD.first_failed_at IS NOT NULL OR NOT EXISTS (
                        SELECT 1 FROM billing_dueday moved
                        WHERE moved.invoice_id = OLD.id AND moved.before = OLD.due_on
                          AND moved.due_on = NEW.due_on
                    ) THEN
                        RAISE EXCEPTION 'pgtrigger: Cannot move the due day of a bill';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number or f"draft #{self.pk}"

    @property
    def left_to_pay(self) -> Money:
        """Its total less what was paid, whatever its status."""
        return self.total - self.amount_paid

    @property
    def net(self) -> Money:
        """The sum of its lines, without tax: its total less its tax."""
        return self.total - self.tax

    @property
    def is_unpaid(self) -> bool:
        """Whether money is still wanted for it: it is OPEN or UNCOLLECTIBLE."""
        return self.status in self.UNPAID

    @property
    def is_draft(self) -> bool:
        """Whether it is a draft that an operator has yet to issue or send back."""
        return self.status == self.Status.DRAFT

    def may_become(self, status: str) -> bool:
        """Whether a bill with its present status may be given `status` (TRANSITIONS)."""
        return (self.status, status) in TRANSITIONS

    @property
    def last_day(self) -> date:
        """The last day whose charges it may include: its own date or, for a scheduled bill, the day
        before. Plan fees may be of later days.
        """
        if self.kind in self.TAKES_ITS_DATE:
            return self.issued_on
        return self.issued_on - calendar.ONE_DAY

    @property
    def is_of_plan_alone(self) -> bool:
        """Whether it has only plan fees, so that their days are its period."""
        return (self.plan_start, self.plan_end) == (self.period_start, self.period_end)

    @property
    def is_void(self) -> bool:
        """Whether it is VOID: a bill that was voided, or a draft that was sent back."""
        return self.status == self.Status.VOID

    @property
    def is_open(self) -> bool:
        """Whether its status is OPEN: issued, not paid, and not given up."""
        return self.status == self.Status.OPEN


class InvoiceLine(models.Model):
    """One item as it was when the bill was written; the lines add up to the bill's total without
    tax. Of an item whose charges have several rates there is a line for each.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey("billing.InvoiceItem", on_delete=models.PROTECT, related_name="lines")
    # Copies, for the same reason as above.
    category = models.CharField(max_length=20, choices=Category.choices)
    fee_code = models.CharField(max_length=40)
    fee_name = models.CharField(max_length=100)
    # Its translations, of a fee that an operator added.
    fee_names = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    posting_on = models.DateField()
    charge_count = models.PositiveBigIntegerField()
    currency = CurrencyField()
    amount = AmountField()
    # The category and per cent of its tax; empty on a bill without tax.
    tax_category = models.CharField(max_length=2, blank=True, default="", db_default="")
    tax_percent = models.DecimalField(
        max_digits=6, decimal_places=3, default=Decimal(0), db_default=Decimal(0)
    )
    # Which of its item's charges it has, where that has several lines: those of these days of
    # service or, of credits, those with these keys. Null: all of them.
    service_from = models.DateField(null=True, blank=True)
    service_to = models.DateField(null=True, blank=True)
    charge_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice", "item", "service_from", "charge_ids"],
                nulls_distinct=False,
                name="one_line_per_invoice_item_and_part",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="invoice_line_never_changes", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            # A bill is written with all its lines at once; after that there is room for none.
            pgtrigger.Trigger(
                name="invoice_lines_make_its_total",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="added"),
                declare=[("touched", "bigint[]")],
                func="""
                    touched := ARRAY(SELECT DISTINCT invoice_id FROM added);
                    IF EXISTS (
                        SELECT 1 FROM billing_invoice invoice
                        JOIN billing_invoiceline line ON line.invoice_id = invoice.id
                        LEFT JOIN billing_invoiceitem item
                             ON item.id = line.item_id AND item.invoice_id = invoice.id
                        WHERE invoice.id = ANY(touched)
                        GROUP BY invoice.id
                        HAVING sum(line.amount) <> invoice.total - invoice.tax
                            OR count(*) <> count(item.id)
                    ) THEN
                        RAISE EXCEPTION 'the lines of a bill are its items and make its total';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fee_name} {self.posting_on}"

    @property
    def fee_label(self) -> str:
        """The fee's name as it was when the bill was written, in the reader's language."""
        return in_readers_language(self.fee_name, self.fee_names)


class InvoiceDecision(models.Model):
    """An operator's decision about a bill, and the reason."""

    class Decision(models.TextChoices):
        ISSUED = "ISSUED", _("Issued")
        SENT_BACK = "SENT_BACK", _("Sent back")
        VOIDED = "VOIDED", _("Voided")
        UNCOLLECTIBLE = "UNCOLLECTIBLE", _("Marked uncollectible")
        REQUESTED = "REQUESTED", _("Drawn up on request")

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=20, choices=Decision.choices)
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice", "decision"], name="one_decision_of_a_kind_per_invoice"
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="invoice_decision_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} #{self.pk}"
