"""Reversals: money of payments that their providers took back."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy
from moneyed import Money

from billing.models.accounts import BillingAccount
from billing.models.charges import Charge
from billing.models.payments import Payment
from lib import erasing
from lib.fields import AmountField, CurrencyField

# Every step a reversal can take. What comes back after it was charged or accepted is noted beside
# the decision, which stands.
TRANSITIONS = [
    ("RECORDED", "CHARGED"),
    ("RECORDED", "ACCEPTED"),
    ("RECORDED", "CANCELLED"),
]


class Reversal(models.Model):
    """Money of a payment that its provider took back; the payment stays succeeded."""

    class Kind(models.TextChoices):
        REFUND = "REFUND", pgettext_lazy("reversal", "Refund")
        DISPUTE = "DISPUTE", pgettext_lazy("reversal", "Dispute")
        # A transfer that a bank took back, as its statement says.
        RETURN = "RETURN", pgettext_lazy("reversal", "Returned transfer")

    class Status(models.TextChoices):
        RECORDED = "RECORDED", pgettext_lazy("reversal", "Being looked at")
        CHARGED = "CHARGED", pgettext_lazy("reversal", "Charged again")
        ACCEPTED = "ACCEPTED", pgettext_lazy("reversal", "Not charged again")
        CANCELLED = "CANCELLED", pgettext_lazy("reversal", "Came to nothing")

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="reversals")
    # The attempt whose money it was. That money paid a bill or, when it came unexpectedly, was
    # unapplied; `money_reference` is the provider's own name for it.
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="reversals")
    money_reference = models.CharField(max_length=200)
    provider = models.CharField(max_length=10)
    provider_reference = models.CharField(max_length=200)  # the provider's own id of the reversal
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=40)  # what the provider last said of it, in its own word
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECORDED)
    currency = CurrencyField()
    amount = AmountField()  # what was taken back, and no more than was left of the money
    taken = AmountField()  # how much of that was unapplied, and was taken from there
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=254)  # a job's name, or the provider's
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=500, blank=True)  # written for colleagues
    message = models.CharField(max_length=500, blank=True)  # written for the merchant
    # The charge that asks for the money again, if it was CHARGED.
    charge = models.OneToOneField(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="reversal"
    )
    # The provider gave the money back: the dispute was won, or the refund did not go through.
    came_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "provider_reference"], name="one_reversal_per_provider_id"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="reversal_positive"),
            models.CheckConstraint(
                condition=Q(taken__gte=0) & Q(taken__lte=F("amount")),
                name="reversal_takes_no_more_unapplied_money_than_it_is",
            ),
            models.CheckConstraint(
                condition=Q(status="CHARGED", charge__isnull=False)
                | (~Q(status="CHARGED") & Q(charge__isnull=True)),
                name="reversal_has_its_charge_exactly_when_charged",
            ),
            models.CheckConstraint(
                condition=Q(status="RECORDED", decided_at__isnull=True)
                | (~Q(status="RECORDED") & Q(decided_at__isnull=False)),
                name="reversal_is_decided_exactly_when_it_is_not_just_recorded",
            ),
            models.CheckConstraint(
                condition=~Q(status="RECORDED", came_back_at__isnull=False)
                & ~Q(status="CANCELLED", came_back_at__isnull=True),
                name="reversal_is_cancelled_by_money_that_came_back",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="reversal_history"),
            models.Index(fields=["provider_reference"], name="reversal_by_provider_reference"),
            models.Index(
                fields=["recorded_at"],
                condition=Q(status="RECORDED"),
                name="reversal_undecided",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="reversal_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="reversal_is_decided_once", field="status", transitions=TRANSITIONS
            ),
            erasing.ReadOnly(
                name="reversal_never_changes",
                exclude=["state", "status", "decided_at", "decided_by", "reason", "message",
                         "charge", "came_back_at"],
            ),
            pgtrigger.Trigger(
                name="reversals_are_no_more_than_their_payment",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF (
                        SELECT sum(reversal.amount) FROM billing_reversal reversal
                        WHERE reversal.payment_id = NEW.payment_id
                          AND reversal.money_reference = NEW.money_reference
                          AND reversal.came_back_at IS NULL
                    ) > (SELECT amount FROM billing_payment WHERE id = NEW.payment_id) THEN
                        RAISE EXCEPTION 'reversals of a payment are no more than it';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.provider_reference}"

    @property
    def rest(self) -> Money:
        """The part of it that did not come from the merchant's unapplied money. Its bill stays paid
        all the same; this part is charged again only if an operator decides so.
        """
        return self.amount - self.taken

    @property
    def seen(self) -> str:
        """A text of its status and state, by which a decision can tell whether they have changed
        since the page was shown.
        """
        return f"{self.status} {self.state}"

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for a billing officer to charge or accept it. That is so from when
        it is recorded, also while a dispute is under way, until somebody decides or the money
        comes back. Our own refunds, and what unapplied money covers wholly, are accepted at
        once and never wait.
        """
        return self.status == self.Status.RECORDED

    @property
    def is_return(self) -> bool:
        """Whether a bank returned a transfer, as a line of its statement says."""
        return self.kind == self.Kind.RETURN

    @property
    def is_dispute(self) -> bool:
        """Whether the payer disputed the payment, so that it is no refund."""
        return self.kind == self.Kind.DISPUTE
