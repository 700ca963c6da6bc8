"""The actions on jobs that the audit trail records."""

from django.db.models import TextChoices


class Action(TextChoices):
    JOB_RUN = "JOB_RUN", "Job run by hand"
    RETENTION_APPLIED = "RETENTION_APPLIED", "Removed as old"
    FAILURE_RETRIED = "FAILURE_RETRIED", "Failed row tried again"
