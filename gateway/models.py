"""Replay           how far a file of events has been applied; written with what it applied.
ReplayRejection  an event of such a file that was refused, and why.
"""

from typing import ClassVar

from django.db import models


class Replay(models.Model):
    """How far a file of events has been applied."""

    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the file as it lies there
    name = models.CharField(max_length=255)  # of the file when it was first replayed
    events_done = models.PositiveBigIntegerField(default=0)  # in order of time
    clock = models.DateTimeField(null=True)  # the timetable was followed up to here
    # How far it was allowed to go beyond the clock of that time (--beyond-now); never falls.
    beyond_now_until = models.DateTimeField(null=True)
    outcomes = models.JSONField(default=dict)  # {event type: {outcome: how many}}

    def __str__(self) -> str:
        return self.name


class ReplayRejection(models.Model):
    """An event of a replayed file that was rejected, and why."""

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="rejections")
    line = models.PositiveBigIntegerField()  # of the file, from 1
    event = models.CharField(max_length=100, blank=True)  # its id, where it could be read
    type = models.CharField(max_length=100, blank=True)
    code = models.CharField(max_length=40)
    reason = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["replay", "line"], name="one_rejection_per_replay_and_line"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
