"""A merchant's billing account, what its plan costs from when on, and changes of its terms."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lib import erasing
from lib.fields import AmountField, CurrencyField, currency_never_changes
from merchants.models import Merchant

CYCLE_DAYS = 30
CYCLE = timedelta(days=CYCLE_DAYS)
DAYS_TO_PAY = 7  # of a bill that nothing collects by itself
# After the local day of its first failure an unpaid bill freezes the line; one that asks again for
# a payment that was taken back freezes it on that day.
FREEZE_DAYS = 28


class BillingAccount(models.Model):
    """A merchant's billing account, with its terms and running figures; one per merchant."""

    # The instant at which an operation counts that holds this row (operations.accounts.lock).
    now: datetime

    class Method(models.TextChoices):
        """The payment methods: what bills are collected from."""

        MANUAL = "manual", _("Bank transfer")
        SANDBOX = "sandbox", _("Sandbox")
        STRIPE = "stripe", _("Card")
        PROCEEDS = "proceeds", _("Proceeds")

    merchant = models.OneToOneField(
        Merchant, on_delete=models.PROTECT, primary_key=True, related_name="billing_account"
    )
    currency = CurrencyField()  # of every figure of this account; never changes
    # Running figures, written in the transaction that moves their rows and recomputed by `audit`.
    outstanding = AmountField(
        default=Decimal(0)
    )  # posted items on no bill; credits make it negative
    accruing = AmountField(default=Decimal(0))  # DAILY charges of the open day, not yet posted
    unapplied = AmountField(default=Decimal(0))  # sum of its UnappliedEntry rows
    unapplied_since = models.DateTimeField(null=True, blank=True)  # since when there is any
    threshold = AmountField()  # outstanding of this much is billed the same day
    # The PlanTerm in force; a change waits there for the next plan date.
    plan = models.CharField(max_length=100)
    plan_price = AmountField()
    plan_interval_days = models.PositiveIntegerField()
    # Who issues its bills from now on; null: the installation's issuer (TAEL_ISSUER).
    issuer = models.ForeignKey(
        "billing.Issuer", on_delete=models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    # Whom its bills are made out to: the latest that was confirmed; null: its name alone.
    details = models.ForeignKey(
        "billing.BillingDetails",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    # An operator looks at each bill before it is issued.
    reviews_bills = models.BooleanField(default=False)
    payment_method = models.CharField(max_length=10, choices=Method.choices, default=Method.MANUAL)
    # The card that the provider collects from, where it needs one.
    card = models.ForeignKey(
        "billing.Card", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Since when the card is not asked, because a payment from it was disputed; null again once its
    # merchant has chosen what to pay with.
    card_disputed_at = models.DateTimeField(null=True, blank=True)
    joined_on = models.DateField()  # day 0 of plan and cycle
    next_plan_on = models.DateField()  # the next bill date that carries a plan fee
    next_cycle_on = models.DateField()  # the next 30th day from joining, plan date or not
    # The last day of which its bills, other than void ones, may include charges: the period of the
    # next bill starts after it. Null until there is a bill.
    billed_through = models.DateField(null=True, blank=True)
    # While they are set, it takes no charges of the platform's systems and gets no scheduled bill.
    # That it was closed or opened again is an AccountChange.
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    timezone = models.CharField(max_length=64)  # whose days this account counts now
    # The first local day in this time zone, and its instant; null if the merchant has had no other.
    timezone_since_on = models.DateField(null=True, blank=True)
    timezone_since_at = models.DateTimeField(null=True, blank=True)
    open_on = models.DateField()  # the local day that is open; all before it are worked off
    open_until = models.DateTimeField()  # the instant at which that day ends
    # The instant of what was last written of this account, its open day's start included. Whoever
    # locks the account notes it; it never falls, and nothing on the account counts before it.
    last_wrote_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(plan_interval_days__gte=CYCLE_DAYS),
                name="plan_interval_not_shorter_than_the_cycle",
            ),
            models.CheckConstraint(condition=Q(plan_price__gte=0), name="plan_price_not_negative"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="threshold_not_negative"),
            models.CheckConstraint(condition=Q(unapplied__gte=0), name="unapplied_not_negative"),
            models.CheckConstraint(
                condition=Q(unapplied=0, unapplied_since__isnull=True)
                | Q(unapplied__gt=0, unapplied_since__isnull=False),
                name="unapplied_money_is_there_since_an_instant",
            ),
            models.CheckConstraint(
                condition=Q(card_disputed_at__isnull=True) | Q(card__isnull=False),
                name="only_a_card_is_disputed",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_on__isnull=True)
                | Q(closed_at__isnull=False, closed_on__isnull=False),
                name="account_closed_at_an_instant_of_a_day",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["open_until"], name="account_by_day_end"
            ),  # the day-end job's question
            models.Index(
                fields=["unapplied_since"],
                condition=Q(unapplied_since__isnull=False),
                name="unapplied_money_by_age",
            ),
        ]
        triggers: ClassVar = [currency_never_changes("account")]

    def __str__(self) -> str:
        return f"Billing account #{self.pk}"

    @property
    def pays_by_itself(self) -> bool:
        """Whether the account's payment method is one from which bills are collected
        automatically: any but bank transfer. The method alone decides, so it is True also while
        a bill is paused, or after a dispute has stopped the collecting from the card.
        """
        return self.payment_method != self.Method.MANUAL

    @property
    def collects_by_itself(self) -> bool:
        """Whether its payment method collects bills automatically now: it is no bank transfer, and
        no card that was disputed (rule 18.7).
        """
        return self.pays_by_itself and not self.has_disputed_card

    @property
    def has_disputed_card(self) -> bool:
        """Whether nothing is collected from the account's card because a payment from it was
        disputed; choosing a method, even the same card, ends that.
        """
        return self.card_disputed_at is not None

    @property
    def is_closed(self) -> bool:
        """Whether it is closed now; one that was opened again is not."""
        return self.closed_at is not None

    @property
    def has_cycle(self) -> bool:
        """Whether its plan is longer than 30 days, so that there are bill dates between plan dates,
        too.
        """
        return self.plan_interval_days > CYCLE_DAYS

    @property
    def next_invoice_on(self) -> date:
        """The next date of a bill by its plan or cycle. One comes before if the threshold is
        reached, and none on that date if there is too little to bill; for a closed account it means
        nothing.
        """
        return min(self.next_plan_on, self.next_cycle_on) if self.has_cycle else self.next_plan_on


class PlanTerm(models.Model):
    """What an account's plan costs from a plan date on. If two start on the same date, the one
    written later holds.
    """

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="plan_terms")
    starts_on = models.DateField()  # a plan date
    plan = models.CharField(max_length=100)
    plan_price = AmountField(currency_field_name="account__currency")
    plan_interval_days = models.PositiveIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "-starts_on", "-id"], name="plan_term_history"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="plan_term_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} from {self.starts_on}"


class AccountChange(models.Model):
    """A change of an account's terms: who made it, when, from what to what, and why."""

    class What(models.TextChoices):
        """The kinds of changes."""

        THRESHOLD = "THRESHOLD", _("Threshold")
        PLAN = "PLAN", _("Plan")
        TIMEZONE = "TIMEZONE", _("Time zone")
        PAYMENT_METHOD = "PAYMENT_METHOD", _("Payment method")
        BILL_REVIEW = "BILL_REVIEW", _("Review of bills")
        ISSUER = "ISSUER", _("Issuer")
        CLOSED = "CLOSED", _("Closing")
        REOPENED = "REOPENED", _("Opening again")
        REST_BILLED = "REST_BILLED", _("Rest billed")
        PAID_OUT = "PAID_OUT", _("Paid out")

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="changes")
    what = models.CharField(max_length=20, choices=What.choices)
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)
    effective_on = models.DateField()  # the local day from which it holds
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="account_change_history"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="account_change_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()} #{self.pk}"
