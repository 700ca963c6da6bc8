"""Reads what a merchant asked about its limit. Nothing here writes."""

from django.db.models import QuerySet

from credit.models import CreditLine, LimitRequest


def of_line(line: CreditLine, *, kind: str = "", status: str = "") -> QuerySet[LimitRequest]:
    """The merchant's requests and questions about the line, answered or not, in no order. A filter
    that is "" is not applied.
    """
    found = LimitRequest.objects.filter(line=line)
    if kind:
        found = found.filter(kind=kind)
    return found.filter(status=status) if status else found


def raise_asked(line: CreditLine) -> LimitRequest | None:
    """The raise that the merchant asked for and that is not answered yet, or None."""
    waiting = {"kind": LimitRequest.Kind.RAISE, "status": LimitRequest.Status.PENDING}
    return of_line(line).filter(**waiting).first()
