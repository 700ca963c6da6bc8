"""Questions about automatic withdrawals. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from credit.models import CreditLine, PayoutRun, PayoutSchedule

RECENT = 20  # runs that a merchant is shown


def in_force(line: CreditLine) -> PayoutSchedule | None:
    """The line's schedule that has not ended, with its destination, or None. It may be one that is
    not usable yet, or whose withdrawals a freeze stops.
    """
    rules = line.payout_schedules.select_related("destination")
    return rules.filter(ended_at__isnull=True).first()


def recent_runs(line: CreditLine) -> QuerySet[PayoutRun]:
    """The latest runs of automatic withdrawals on this line, newest first, at most RECENT of them:
    those of the present schedule and of earlier ones.
    """
    runs = PayoutRun.objects.filter(rule__line=line).select_related("rule", "withdrawal")
    return runs.order_by("-at", "-pk")[:RECENT]


def to_run(now: datetime) -> Sequence[int]:
    """The ids of the schedules in force, usable at `now`, that may be due: those due on the line's
    open day, and all those of lines whose open day has ended. They are sorted by line.
    """
    is_due = Q(next_on__lte=F("line__open_on")) | Q(line__open_until__lte=now)
    due = PayoutSchedule.objects.filter(is_due, ended_at__isnull=True, usable_from__lte=now)
    return list(due.order_by("line_id").values_list("pk", flat=True))
