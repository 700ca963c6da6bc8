"""What the audit trail tells of: every change of money, limits, policies, prices, roles, keys and
destinations that a person makes. Operations write it with `merchants.operations.trail`.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Action(TextChoices):
    # Limits
    LIMIT_CHANGED = "LIMIT_CHANGED", _("Limit changed")
    FREEZE_PLACED = "FREEZE_PLACED", _("Freeze placed")
    FREEZE_LIFTED = "FREEZE_LIFTED", _("Freeze lifted")
    # People
    ROLE_GIVEN = "ROLE_GIVEN", _("Role given")
    ROLE_CHANGED = "ROLE_CHANGED", _("Role changed")
    ROLE_TAKEN = "ROLE_TAKEN", _("Role taken away")
    # Jobs
    JOB_RUN = "JOB_RUN", "Job run by hand"
    FAILURE_RETRIED = "FAILURE_RETRIED", "Failed row tried again"
