"""Monthly reviews of credit limits."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from credit.models.lines import CreditLine
from credit.models.policy import CreditPolicy
from lib import erasing
from lib.fields import AmountField, CurrencyField


class LimitReview(models.Model):
    """A monthly review of a line's limit: its inputs, its score, and its outcome."""

    class Grade(models.TextChoices):
        A = "A", _("A: doubles the limit")
        B = "B", _("B: raises the limit by half")
        C = "C", _("C: keeps the limit")
        D = "D", _("D: cuts the limit by a quarter")

    class Status(models.TextChoices):
        UNCHANGED = "UNCHANGED", _("No change")
        APPLIED = "APPLIED", _("Applied")
        PENDING = "PENDING", _("Waits for a decision")
        APPROVED = "APPROVED", _("Approved")
        REJECTED = "REJECTED", _("Rejected")
        # Before a decision the limit changed, a newer review came or the account was closed; or
        # the decision found no raise left to give.
        VOID = "VOID", _("No longer applies")

    class Note(models.TextChoices):
        """Why the outcome differs from what the grade alone would give, or waits for a decision."""

        CAPPED_BY_PAID = "capped_by_paid", _("Not more than was paid in the period")
        CAPPED_BY_MAXIMUM = "capped_by_maximum", _("Not more than the maximum")
        BLOCKED_BY_OVERDUE = "blocked_by_overdue", _("No raise while something is overdue")
        BLOCKED_BY_FREEZE = "blocked_by_freeze", _("No raise while the line is frozen")
        STOPPED_AT_MINIMUM = "stopped_at_minimum", _("Not below the minimum")
        NEEDS_APPROVAL = "needs_approval", _("A limit of this size needs an operator's approval")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="reviews")
    policy = models.ForeignKey(CreditPolicy, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()  # the local day at whose start it was made: the first of a month
    at = models.DateTimeField()
    currency = CurrencyField()
    # The inputs.
    limit_before = AmountField()
    rating = models.DecimalField(max_digits=6, decimal_places=4)
    paid = AmountField()  # payments net of refunds in the policy's days before
    listing_quality = models.DecimalField(max_digits=7, decimal_places=4)
    # The completeness of the profile that counted (scoring.completeness), and its inputs: the
    # figure reported, 50 for each part that was confirmed here, and whether a part stood rejected.
    profile_completeness = models.DecimalField(max_digits=7, decimal_places=4)
    profile_reported = models.DecimalField(max_digits=7, decimal_places=4)
    profile_confirmed = models.DecimalField(max_digits=7, decimal_places=4)
    profile_rejected = models.BooleanField(default=False)
    after_sales = models.DecimalField(max_digits=7, decimal_places=4)
    overdue = AmountField()
    was_frozen = models.BooleanField()
    # Points by factor, rounded for people to read; the grade comes from the exact fractions.
    rating_points = models.DecimalField(max_digits=9, decimal_places=6)
    volume_points = models.DecimalField(max_digits=9, decimal_places=6)
    listing_points = models.DecimalField(max_digits=9, decimal_places=6)
    profile_points = models.DecimalField(max_digits=9, decimal_places=6)
    after_sales_points = models.DecimalField(max_digits=9, decimal_places=6)
    score = models.DecimalField(max_digits=9, decimal_places=6)
    grade = models.CharField(max_length=1, choices=Grade.choices)
    # The outcome.
    limit_proposed = AmountField()
    # The new limit, once there is one: an approval may give less than was proposed.
    limit_given = AmountField(null=True, blank=True)
    notes = ArrayField(
        models.CharField(max_length=20, choices=Note.choices), default=list, blank=True
    )
    status = models.CharField(max_length=10, choices=Status.choices)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)  # for colleagues
    decision_told = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            # Also gives a line's history, newest first.
            models.UniqueConstraint(fields=["line", "on"], name="one_review_per_line_and_day"),
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(status="PENDING"),
                name="one_review_waits_for_a_decision",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["APPLIED", "APPROVED"], limit_given__isnull=False)
                | (~Q(status__in=["APPLIED", "APPROVED"]) & Q(limit_given__isnull=True)),
                name="review_gives_a_limit_exactly_when_it_changed_it",
            ),
            models.CheckConstraint(
                condition=~Q(status="APPROVED")
                | Q(limit_given__gt=F("limit_before"), limit_given__lte=F("limit_proposed")),
                name="approved_raise_is_one_and_no_more_than_was_proposed",
            ),
            models.CheckConstraint(
                condition=Q(
                    profile_completeness=Least(
                        Greatest("profile_reported", "profile_confirmed"),
                        Case(When(profile_rejected=True, then=50), default=100),
                        output_field=models.DecimalField(max_digits=7, decimal_places=4),
                    )
                ),
                name="profile_counts_as_reported_or_confirmed",
            ),
        ]
        indexes: ClassVar = [
            # The operators' queue.
            models.Index(fields=["at"], condition=Q(status="PENDING"), name="review_pending"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="review_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="review_status_moves_forward",
                field="status",
                transitions=[
                    ("PENDING", "APPROVED"),
                    ("PENDING", "REJECTED"),
                    ("PENDING", "VOID"),
                ],
            ),
            erasing.ReadOnly(
                name="review_never_changes",
                exclude=[
                    *("status", "limit_given", "decided_at", "decided_by", "decision_reason"),
                    "decision_told",
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.grade}"

    @property
    def is_void(self) -> bool:
        """Whether its raise waited for a decision, and something else ended that."""
        return self.status == self.Status.VOID

    @property
    def kept_by_its_grade(self) -> bool:
        """Whether nothing changed because its grade alone gives no other limit."""
        return self.status == self.Status.UNCHANGED and not self.notes
