"""What the bank answered about withdrawals, file by file and row by row."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from lib import erasing
from lib.fields import ReferenceField


class PayoutAnswerFile(models.Model):
    """A file of the bank's answers about withdrawals, as an operator uploaded it."""

    class Form(models.TextChoices):
        CSV = "CSV", "CSV"
        PAIN_002 = "pain.002", "pain.002"
        CAMT_054 = "camt.054", "camt.054"

    name = ReferenceField(unique=True)  # ours: the bank's names come again each day
    uploaded_at = models.DateTimeField()
    uploaded_by = models.CharField(max_length=254)
    row_count = models.PositiveIntegerField(verbose_name="rows")
    form = models.CharField(
        max_length=8, choices=Form.choices, default=Form.CSV, db_default=Form.CSV
    )

    class Meta:
        triggers: ClassVar = [
            erasing.Protect(
                name="payout_answer_file_never_changes",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)


class PayoutAnswer(models.Model):
    """One row of a PayoutAnswerFile. Its content never changes; its outcome is written once."""

    class Outcome(models.TextChoices):
        WAITING = "WAITING", "Waiting"  # for the job
        PAID = "PAID", "Marked as paid"
        FAILED = "FAILED", "Marked as failed"
        SENT_BACK = "BACK", "Marked as sent back"
        NOTED = "NOTED", "Nothing to do"  # it is on its way still, or is no withdrawal of ours
        KNOWN = "KNOWN", "Known before"
        REFUSED = "REFUSED", "Refused"  # it cannot be right; `problem` says why

    file = models.ForeignKey(PayoutAnswerFile, on_delete=models.PROTECT, related_name="answers")
    # As a spreadsheet counts them, the heading being 1; of a message as they come, from 1.
    row = models.PositiveIntegerField()
    # As the bank wrote them; of a camt.054, `status` is our word for it (credit.answer_files.said).
    reference = models.TextField()
    status = models.TextField()
    bank_reference = models.TextField()
    reason = models.TextField()
    amount = models.TextField(blank=True, default="", db_default="")  # empty where it says none
    currency = models.TextField(blank=True, default="", db_default="")
    # Written by the job that takes it in, once.
    outcome = models.CharField(max_length=7, choices=Outcome.choices, default=Outcome.WAITING)
    problem = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["file", "row"], name="one_answer_per_file_and_row"),
            models.CheckConstraint(
                condition=Q(outcome="WAITING", done_at__isnull=True)
                | (~Q(outcome="WAITING") & Q(done_at__isnull=False)),
                name="payout_answer_done_unless_it_waits",
            ),
            models.CheckConstraint(
                condition=(Q(outcome="REFUSED") & ~Q(problem=""))
                | (~Q(outcome="REFUSED") & Q(problem="")),
                name="payout_answer_refused_with_its_problem",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], condition=Q(outcome="WAITING"), name="payout_answers_that_wait"
            ),
            models.Index(fields=["file", "outcome"], name="payout_answers_by_outcome"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="payout_answer_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="payout_answer_never_changes", exclude=["outcome", "problem", "done_at"]
            ),
            pgtrigger.Protect(
                name="payout_answer_is_taken_once",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__outcome="WAITING"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}, row {self.row}"
