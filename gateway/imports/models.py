"""Import       a file that an operator uploaded, and how far it is; what it is never changes.
ImportedRow  one row of it, and what became of it; its outcome is written once.
"""

from typing import Any, ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from gateway.imports.kinds import CHOICES, ENVELOPE, KINDS, Kind
from lib import erasing
from lib.events import Event
from lib.fields import ReferenceField
from lib.texts import LONGEST_WORDS


class Import(models.Model):
    """A file that an operator uploaded, whose rows were all in order."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING", "At work"  # the job takes its rows in
        STOPPED = "STOPPED", "Stopped"  # by an operator; the rows that wait go on waiting
        DONE = "DONE", "Done"

    name = ReferenceField(unique=True)  # ours
    kind = models.CharField(max_length=9, choices=CHOICES)
    file_name = models.CharField(max_length=100)  # as far as it can be shown
    digest = models.CharField(max_length=64, db_index=True)  # SHA-256 of the file, in hex
    columns = ArrayField(models.CharField(max_length=100))  # as the file has them
    row_count = models.PositiveIntegerField(verbose_name="rows")
    uploaded_at = models.DateTimeField()
    uploaded_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=LONGEST_WORDS)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.RUNNING)
    ended_at = models.DateTimeField(null=True, blank=True)  # when its last row was taken in

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status="DONE", ended_at__isnull=False)
                | (~Q(status="DONE") & Q(ended_at__isnull=True)),
                name="import_ended_when_done",
            ),
            models.CheckConstraint(condition=Q(row_count__gt=0), name="import_has_rows"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(status="RUNNING"), name="imports_at_work"),
        ]
        triggers: ClassVar = [
            erasing.ReadOnly(name="import_stays_what_it_is", exclude=["status", "ended_at"]),
            erasing.Protect(
                name="import_stays_done",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="DONE"),
            ),
            pgtrigger.Protect(name="import_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def of_kind(self) -> Kind:
        """The kind of the import's rows."""
        return KINDS[self.kind]

    @property
    def is_running(self) -> bool:
        """Whether it is neither stopped nor done: rows of it wait to be taken in, or owners to be
        invited.
        """
        return self.status == self.Status.RUNNING

    @property
    def is_stopped(self) -> bool:
        """Whether an operator stopped it: the rows that wait go on waiting, and it may be started
        again.
        """
        return self.status == self.Status.STOPPED


class ImportedRow(models.Model):
    """One row of an Import, which was in order by itself when it was uploaded."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting"  # for the job
        APPLIED = "applied", "Applied"
        DUPLICATE = "duplicate", "Duplicate"
        DECLINED = "declined", "Declined"
        REJECTED = "rejected", "Rejected"

    class Invitation(models.TextChoices):
        """What became of the invitation of the owner whom a row of a merchant names."""

        INVITED = "invited", "Invited"
        NOT_SENT = "not_sent", "Not sent: the mail server did not take it"
        HAS_OWNER = "has_owner", "None: the merchant has an owner"
        IS_INVITED = "is_invited", "None: an owner's invitation was open already"
        OPERATORS = "operators_address", "None: the address is an operator's"
        NO_ADDRESS = "no_address", "None: there is no address to write to"

    file = models.ForeignKey(
        Import, on_delete=models.PROTECT, related_name="rows", verbose_name="import"
    )
    line = models.PositiveIntegerField()  # of the file, the first being 1
    merchant = models.CharField(max_length=100)  # the reference that it names
    reference = models.CharField(max_length=100)  # of the order, charge or payment
    said_at = models.DateTimeField()  # its `at`; the upload's instant where it says none
    data = models.JSONField()  # all its members, as they were written
    # Written by the job that takes it in, once.
    outcome = models.CharField(max_length=9, choices=Outcome.choices, default=Outcome.WAITING)
    code = models.CharField(max_length=40, blank=True)  # of a refusal or decline
    reason = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    # Written once, after all rows are taken in. Stays empty where the row names no owner, is
    # refused, or was taken in by a release that did not keep it.
    invitation = models.CharField(
        max_length=17, choices=Invitation.choices, blank=True, default="", db_default=""
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["file", "line"], name="one_row_per_import_and_line"),
            models.CheckConstraint(
                condition=Q(outcome="waiting", done_at__isnull=True)
                | (~Q(outcome="waiting") & Q(done_at__isnull=False)),
                name="imported_row_done_unless_it_waits",
            ),
        ]
        indexes: ClassVar = [
            # In the order in which they are taken in.
            models.Index(
                fields=["file", "said_at", "line"],
                condition=Q(outcome="waiting"),
                name="imported_rows_that_wait",
            ),
            models.Index(fields=["file", "outcome"], name="imported_rows_by_outcome"),
            # What is emptied when it is old (gateway.retention).
            models.Index(fields=["done_at"], condition=~Q(data={}), name="imported_rows_with_data"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="imported_row_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="imported_row_never_changes",
                exclude=["outcome", "code", "reason", "done_at", "invitation"],
                names_people=("data",),
                can_be_emptied=("data",),
                emptied_if="OLD.outcome <> 'waiting'",
            ),
            pgtrigger.Protect(
                name="imported_row_is_taken_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    """
                    OLD.outcome <> 'waiting'
                    AND (OLD.outcome, OLD.code, OLD.reason, OLD.done_at)
                        IS DISTINCT FROM (NEW.outcome, NEW.code, NEW.reason, NEW.done_at)
                    """
                ),
            ),
            pgtrigger.Protect(
                name="imported_row_invites_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.invitation <> '' AND NEW.invitation IS DISTINCT FROM OLD.invitation"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}, line {self.line}"

    def event(self) -> Event:
        """The event that the row stands for, at the instant that it says. Its import has to be
        loaded.
        """
        data: dict[str, Any] = {
            name: value for name, value in self.data.items() if name not in ENVELOPE
        }
        return Event(
            f"{self.file.name}-{self.line}",
            self.file.of_kind.event_type,
            self.said_at,
            self.merchant,
            data,
        )
