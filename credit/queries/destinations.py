"""Finds the destinations that a line's withdrawals go to. Nothing here writes."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from credit.models import CreditLine, PayoutDestination, Withdrawal


def of_line(line: CreditLine) -> QuerySet[PayoutDestination]:
    """The line's destinations that were not removed, oldest first; some may not be usable yet."""
    return line.destinations.filter(removed_at__isnull=True).order_by("added_at", "pk")


def with_withdrawals(line: CreditLine) -> QuerySet[PayoutDestination]:
    """The line's destinations, oldest first, each annotated with how many withdrawals to it are
    `under_way`. Removed destinations are left out, unless a withdrawal to them is under way.
    """
    # By the line's withdrawals under way, which have an index: those that ended are not read.
    of_each = Withdrawal.objects.filter(
        line=line, ended_at__isnull=True, destination=OuterRef("pk")
    )
    counted = of_each.order_by().values("destination").values(number=Count("pk"))
    found = line.destinations.annotate(under_way=Coalesce(Subquery(counted), 0))
    return found.filter(Q(removed_at__isnull=True) | Q(under_way__gt=0)).order_by("added_at", "pk")
