"""Runs of jobs on record, the rows that they failed at, and when processes were last at work."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class JobRun(models.Model):
    """One run of a job: written when it has found what is due, and updated as its chunks are done.

    The row also claims its `tick`: of two schedulers that ask for a run of the same tick, the
    second finds it claimed.
    """

    job = models.CharField(max_length=40)  # its name in the timetable
    # The number of the cell that it is of; 0 for what is shared, and where there are no cells.
    cell = models.PositiveSmallIntegerField(default=0, db_default=0)
    tick = models.DateTimeField(null=True, blank=True)  # of the timetable; empty: run by hand
    due_at = models.DateTimeField()  # the instant that the run works up to
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # when its last chunk was done
    # Chunks of it were never done, but a later run has found their rows due again.
    is_lost = models.BooleanField(default=False)
    actor = models.CharField(max_length=254, blank=True)  # who asked for it; empty: the timetable
    rows_due = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    rows_failed = models.PositiveIntegerField(default=0)  # of rows_due, besides rows_done
    # Part of rows_due: not tried, since their provider did not answer. The next run tries them.
    rows_left = models.PositiveIntegerField(default=0)
    silent = ArrayField(models.CharField(max_length=20), default=list, blank=True)  # providers
    # Numbers of the chunks that are not done yet, so that one done twice counts once.
    open_chunks = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    chunks = models.PositiveIntegerField(default=0)  # how many numbers have been given
    progressed_at = models.DateTimeField(null=True, blank=True)  # when a chunk was done last
    error = models.TextField(blank=True)  # of finding the rows, or of chunks, but of no row

    names_people: ClassVar = ("error",)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["job", "-id"], name="runs_of_job"),
            models.Index(
                fields=["id"],
                condition=models.Q(ended_at__isnull=True),
                name="runs_at_work",
            ),
            models.Index(fields=["started_at"], name="runs_by_age"),
            models.Index(
                fields=["ended_at"], condition=models.Q(is_lost=True), name="lost_runs_by_age"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "tick", "cell"], name="one_run_per_job_tick_and_cell"
            ),
            models.CheckConstraint(
                condition=models.Q(is_lost=False) | models.Q(ended_at__isnull=False),
                name="a_lost_run_has_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} #{self.pk}"


class JobFailure(models.Model):
    """A row that a job failed to do, parked by its primary key until a run does it. A job that does
    a chunk in one go tries it by itself, so that it does not hold up the others.
    """

    job = models.CharField(max_length=40)
    row_id = models.BigIntegerField()  # of the table that the job is about
    merchant = models.ForeignKey(
        "merchants.Merchant", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    error = models.TextField()  # the last one
    failures = models.PositiveIntegerField(default=1)  # in a row
    first_failed_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)  # once; a new failure is a new row

    names_people: ClassVar = ("error",)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "row_id"],
                condition=models.Q(resolved_at__isnull=True),
                name="one_parked_failure_per_job_and_row",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["merchant", "-id"], name="failures_of_merchant")]

    def __str__(self) -> str:
        return f"{self.job}: row {self.row_id}"


class Heartbeat(models.Model):
    """When a process was last seen at work."""

    process = models.CharField(max_length=40, primary_key=True)  # "scheduler"
    at = models.DateTimeField()  # when a worker did what beat asked of it at that instant

    def __str__(self) -> str:
        return self.process
