"""How the journal is kept: the accounts that an installation has chosen, and its locked months.

Entries are not stored: they are computed from the rows of both books (billing.queries.journal).
"""

from datetime import date
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from lib import erasing

LONGEST_CODE, LONGEST_NAME = 20, 60


class ChartAccount(models.Model):
    """The code and the name that an account of the journal has from then on; append-only.

    An account for which nothing was chosen has those that its book registers (lib.journal).
    """

    key = models.CharField(max_length=60)  # of a registered account, or one that goes on from it
    code = models.CharField(max_length=LONGEST_CODE)
    name = models.CharField(max_length=LONGEST_NAME)
    chosen_at = models.DateTimeField()
    chosen_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)

    class Meta:
        verbose_name = "account of the journal"
        verbose_name_plural = "chart of accounts"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(code__regex=rf"^[A-Z0-9][A-Z0-9-]{{0,{LONGEST_CODE - 1}}}$"),
                name="account_code_is_capitals_and_digits",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["key", "-id"], name="chart_account_history")]
        triggers: ClassVar = [
            erasing.Protect(
                name="chart_account_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class JournalLock(models.Model):
    """A month of the journal that is locked for the accountant; append-only, month by month.

    What came later with a day of this month or an earlier one is in the first month that was open
    when it came.
    """

    through = models.DateField(unique=True)  # the month's last day; all days before are locked, too
    # What was written at this instant or later came later: every account and line notes it.
    locked_at = models.DateTimeField()
    locked_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)
    # The last choice in the chart of accounts by which the month is told for ever; 0: none yet.
    chart = models.PositiveBigIntegerField()
    # What the journal then had of the days since the lock before, in all cells: how many postings,
    # and the sum of a digest of each, by which the audit knows them again.
    postings = models.PositiveBigIntegerField()
    digest = models.DecimalField(max_digits=40, decimal_places=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(locked_at__date__gt=F("through")), name="a_locked_month_is_over"
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="journal_lock_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.through:%Y-%m}"

    @property
    def month(self) -> date:
        """The first day of the locked month."""
        return self.through.replace(day=1)


class JournalCount(models.Model):
    """What the journal of one cell has of a locked month, where the books are in cells: how many
    postings, and the sum of their digests. The lock has the sums over all cells; of a lock without
    such a row in a cell, the first cell had all and others nothing.

    Changed only as a merchant's books are moved, by what went along (rule 29.30).
    """

    lock = models.OneToOneField(
        JournalLock, on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    postings = models.PositiveBigIntegerField()
    digest = models.DecimalField(max_digits=40, decimal_places=0)

    class Meta:
        default_permissions = ()  # nobody sees it but the audit
        triggers: ClassVar = [
            erasing.Protect(
                name="journal_count_stays_as_it_is", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return str(self.lock_id)
