"""What the audit trail tells of jobs."""

from django.db.models import TextChoices


class Action(TextChoices):
    JOB_RUN = "JOB_RUN", "Job run by hand"
    FAILURE_RETRIED = "FAILURE_RETRIED", "Failed row tried again"
