"""How long is kept which notice was mailed to whom (rule 21.21). Notices themselves stay: by them
nothing is told twice.
"""

from datetime import datetime

from django.db.models import QuerySet

from jobs.retention import KEPT, Kept
from notices.models import NoticeMail


def register() -> None:
    """Register with the job of retention that it removes e-mails of notices, and after how long.
    Called once, when a program starts.
    """
    KEPT.register(Kept(20, "mails of notices", "TAEL_MAILS_KEPT_DAYS", _mails))


def _mails(before: datetime, now: datetime) -> "QuerySet[NoticeMail]":
    """The query for the e-mails of notices that the job of retention removes: those of notices from
    before the instant `before` whose e-mails were all created, sent or not. The notices stay.
    """
    return NoticeMail.objects.filter(notice__at__lt=before, notice__addressed_at__isnull=False)
