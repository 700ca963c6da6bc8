"""Finds what the bank answered about withdrawals, row by row of its files. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count

from credit.models import PayoutAnswer, PayoutAnswerFile


def to_take(now: datetime) -> Sequence[int]:
    """The ids of the rows of the bank's answers, in files uploaded by `now`, that were not
    processed yet, in the order in which they were uploaded.
    """
    found = PayoutAnswer.objects.filter(
        outcome=PayoutAnswer.Outcome.WAITING, file__uploaded_at__lte=now
    )
    return list(found.order_by("pk").values_list("pk", flat=True))


def outcomes(file: PayoutAnswerFile) -> dict[str, int]:
    """How many of the file's rows have each outcome; outcomes that no row has are missing."""
    counted = file.answers.values_list("outcome").annotate(rows=Count("pk"))
    return dict(counted.order_by("outcome"))
