"""Automatic withdrawals: how often, and what came of each day."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from credit.models.lines import CreditLine
from credit.models.withdrawals import PayoutDestination, Withdrawal
from lib import erasing
from lib.fields import AmountField, CurrencyField


class PayoutSchedule(models.Model):
    """A merchant's setting to have all available proceeds withdrawn, each day or each week."""

    class Every(models.TextChoices):
        DAILY = "DAILY", _("Every day")
        WEEKLY = "WEEKLY", _("Every week")

    class Weekday(models.IntegerChoices):
        """Days of the week, numbered as in ISO 8601."""

        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="payout_schedules")
    # Added before the schedule, and so usable no later; removing it ends the schedule.
    destination = models.ForeignKey(PayoutDestination, on_delete=models.PROTECT)
    every = models.CharField(max_length=6, choices=Every.choices)
    weekday = models.PositiveSmallIntegerField(  # of a weekly one
        choices=Weekday.choices, null=True, blank=True
    )
    currency = CurrencyField()
    # Nothing is withdrawn while less is available, fees included.
    from_amount = AmountField()
    set_up_at = models.DateTimeField()
    set_up_by = models.CharField(max_length=254)
    usable_from = models.DateTimeField()  # 24 hours later: time to notice a thief's
    next_on = models.DateField()  # the local day from which it is due next; its runs move it on
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(ended_at__isnull=True),
                name="one_automatic_withdrawal_per_line_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(from_amount__gt=0), name="automatic_withdrawal_from_a_positive_amount"
            ),
            models.CheckConstraint(
                condition=Q(every="WEEKLY", weekday__range=(1, 7))
                | Q(every="DAILY", weekday__isnull=True),
                name="automatic_withdrawal_has_a_weekday_exactly_when_weekly",
            ),
            models.CheckConstraint(
                condition=Q(usable_from__gte=F("set_up_at")),
                name="automatic_withdrawal_usable_after_it_was_set_up",
            ),
        ]
        indexes: ClassVar = [
            # The job's query.
            models.Index(
                fields=["usable_from"],
                condition=Q(ended_at__isnull=True),
                name="automatic_withdrawal_in_force",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="automatic_withdrawal_is_never_deleted", operation=pgtrigger.Delete
            ),
            erasing.ReadOnly(
                name="automatic_withdrawal_never_changes",
                exclude=["next_on", "ended_at", "ended_by"],
            ),
        ]

    def __str__(self) -> str:
        return f"Payout schedule #{self.pk}"

    @property
    def has_ended(self) -> bool:
        """Whether it was stopped, replaced or lost its destination."""
        return self.ended_at is not None


class PayoutRun(models.Model):
    """What came of an automatic withdrawal on a local day: one row a day, however often the job
    ran.

    A day on which nothing could be withdrawn has a row, too; the schedule is tried again on its
    next day.
    """

    class Outcome(models.TextChoices):
        REQUESTED = "REQUESTED", pgettext_lazy("withdrawal", "Requested")
        TOO_LITTLE = "TOO_LITTLE", _("Too little was available")
        STOPPED = "STOPPED", _("Withdrawals were stopped")

    rule = models.ForeignKey(PayoutSchedule, on_delete=models.PROTECT, related_name="runs")
    on = models.DateField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    # That day before it ran, fees included.
    available = AmountField(currency_field_name="rule__currency", default=Decimal(0))
    withdrawal = models.OneToOneField(
        Withdrawal,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payout_run",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "on"], name="one_run_per_automatic_withdrawal_and_day"
            ),
            models.CheckConstraint(
                condition=Q(outcome="REQUESTED", withdrawal__isnull=False)
                | (~Q(outcome="REQUESTED") & Q(withdrawal__isnull=True)),
                name="automatic_run_has_a_withdrawal_exactly_when_it_requested_one",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="automatic_run_never_changes",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"Run of {self.on}"
