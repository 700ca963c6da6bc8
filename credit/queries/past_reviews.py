"""Reads the reviews that a line has had. Nothing here writes."""

from datetime import date

from django.db.models import QuerySet

from credit.models import CreditLine, LimitEntry, LimitReview


def of_line(line: CreditLine, *, status: str = "") -> QuerySet[LimitReview]:
    """The line's reviews, in no order, only those of this status if one is given."""
    found = line.reviews.select_related("policy")
    return found.filter(status=status) if status else found


def on_day(line: CreditLine, on: date) -> LimitReview | None:
    """The line's review made on local day `on`, or None."""
    return of_line(line).filter(on=on).first()


def what_overtook(review: LimitReview) -> LimitReview | LimitEntry | None:
    """What made this review VOID, which had waited for a decision: a newer review, or the entry by
    which the limit changed. None if neither did, so that the account was closed or nothing was left
    to raise. The review has to be VOID: of an approved one it gives the entry of its own raise.
    """
    if review.decided_at is None:
        return None
    newer = LimitReview.objects.filter(
        line=review.line_id, on__gt=review.on, at__lte=review.decided_at
    )
    changes = LimitEntry.objects.filter(line=review.line_id, at=review.decided_at)
    return newer.order_by("on").first() or changes.exclude(limit_change=0).first()
