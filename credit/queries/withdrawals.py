"""Questions about withdrawals: a merchant's own, and what the jobs and operators have to do."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from credit.models import CreditLine, Freeze, PayoutDestination, Withdrawal
from credit.models.withdrawals import EXPECTED_WITHIN

# A provider gives up on an answer long before (credit.providers): the process that asked has died.
ANSWERED_WITHIN = timedelta(minutes=10)

# Nobody has to approve it, and nobody has sent it (Withdrawal.may_be_sent).
MAY_BE_SENT = Q(status=Withdrawal.Status.APPROVED) | Q(
    status=Withdrawal.Status.REQUESTED, needs_approval=False
)


def destinations(line: CreditLine) -> QuerySet[PayoutDestination]:
    """Where the merchant's proceeds may go, or soon may."""
    return line.destinations.filter(removed_at__isnull=True).order_by("added_at", "pk")


def destinations_after(key: int, most: int) -> Sequence[int]:
    """The next `most` of all destinations, removed ones included, by primary key."""
    found = PayoutDestination.objects.filter(pk__gt=key).order_by("pk")
    return list(found.values_list("pk", flat=True)[:most])


def withdrawals(line: CreditLine) -> QuerySet[Withdrawal]:
    """The merchant's withdrawals, newest first."""
    return line.withdrawals.select_related("destination").order_by("-requested_at", "-pk")


def under_way(line: CreditLine) -> QuerySet[Withdrawal]:
    """What makes up the line's `on_its_way`, newest first."""
    return withdrawals(line).filter(ended_at__isnull=True)


def to_approve() -> QuerySet[Withdrawal]:
    """What waits for an operator's decision, oldest first."""
    return _under_way().filter(status=Withdrawal.Status.REQUESTED, needs_approval=True)


def to_export() -> QuerySet[Withdrawal]:
    """What operators may send through their bank now, oldest first."""
    return _sendable().filter(provider=Withdrawal.MANUAL)


def to_send(now: datetime) -> Sequence[int]:
    """What the job sends: of providers that answer, on lines that are not stopped."""
    return _keys(_sendable().exclude(provider=Withdrawal.MANUAL))


def to_reconcile(now: datetime) -> Sequence[int]:
    """What was sent to a provider that answers, and has no answer."""
    left_alone = Q(status=Withdrawal.Status.SENT, sent_at__lte=now - ANSWERED_WITHIN)
    return _keys(
        _under_way()
        .filter(left_alone | Q(status=Withdrawal.Status.UNKNOWN))
        .exclude(provider=Withdrawal.MANUAL)
    )


def to_flag_as_late(now: datetime) -> Sequence[int]:
    """What should have ended by `now` and is not flagged yet."""
    return _keys(
        _under_way().filter(requested_at__lte=now - EXPECTED_WITHIN, flagged_late_at__isnull=True)
    )


def _under_way() -> QuerySet[Withdrawal]:
    return Withdrawal.objects.filter(ended_at__isnull=True).order_by("requested_at", "pk")


def _sendable() -> QuerySet[Withdrawal]:
    suspected = Freeze.objects.filter(
        line=OuterRef("line"), reason=Freeze.Reason.SUSPECTED_FRAUD, lifted_at__isnull=True
    )
    return _under_way().filter(MAY_BE_SENT, ~Exists(suspected))


def _keys(found: QuerySet[Withdrawal]) -> Sequence[int]:
    return list(found.order_by("pk").values_list("pk", flat=True))
