"""Finds the destinations that a line's withdrawals go to. Nothing here writes."""

from django.db.models import Count, Q, QuerySet

from credit.models import CreditLine, PayoutDestination


def of_line(line: CreditLine) -> QuerySet[PayoutDestination]:
    """The line's destinations that were not removed, oldest first; some may not be usable yet."""
    return line.destinations.filter(removed_at__isnull=True).order_by("added_at", "pk")


def with_withdrawals(line: CreditLine) -> QuerySet[PayoutDestination]:
    """The line's destinations, oldest first, each annotated with how many withdrawals to it are
    `under_way`. Removed destinations are left out, unless a withdrawal to them is under way.
    """
    under_way = Count("withdrawal", filter=Q(withdrawal__ended_at__isnull=True))
    found = line.destinations.annotate(under_way=under_way)
    return found.filter(Q(removed_at__isnull=True) | Q(under_way__gt=0)).order_by("added_at", "pk")
