"""What the audit trail tells of imports."""

from django.db.models import TextChoices


class Action(TextChoices):
    IMPORT_UPLOADED = "IMPORT_UPLOADED", "Import uploaded"
    IMPORT_STOPPED = "IMPORT_STOPPED", "Import stopped"
    IMPORT_RESUMED = "IMPORT_RESUMED", "Import resumed"
