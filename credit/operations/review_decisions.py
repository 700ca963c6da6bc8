"""Operators' decisions on raises that wait for one (domain: limit review)."""

from datetime import datetime

from django.db import transaction

from credit.models import CreditLine, LimitEntry, LimitReview
from credit.operations import limits, lines
from credit.operations.reviews import tell
from credit.queries.overdue import overdue_of
from merchants import wording
from merchants.operations import trail
from merchants.refusals import Refused
from merchants.trail import Action

STATUSES = {
    Action.REVIEW_APPROVED: LimitReview.Status.APPROVED,
    Action.REVIEW_REJECTED: LimitReview.Status.REJECTED,
    Action.REVIEW_OVERTAKEN: LimitReview.Status.VOID,
}


class AlreadyDecided(Refused):
    """The review does not wait for a decision (any more)."""

    code = "already_decided"


class ReviewOvertaken(Refused):
    """The limit has changed since the review; it was marked VOID."""

    code = "review_overtaken"


class RaiseBlocked(Refused):
    """Something is overdue, or the line is frozen: no raise now. The review still waits."""

    code = "raise_blocked"


def approve(*, review_id: int, actor: str, reason: str, now: datetime) -> LimitReview:
    """Agree to a raise that waited. Raises AlreadyDecided, RaiseBlocked, Invalid without a reason,
    and ReviewOvertaken, which marks it VOID.
    """
    reason = wording.checked("reason", reason)
    with transaction.atomic():
        line, review = _lock_pending(review_id, now)
        now = line.now
        if line.limit != review.limit_before:
            _decide(review, Action.REVIEW_OVERTAKEN, actor, reason, now)
        else:
            _check_raise(line)
            _decide(review, Action.REVIEW_APPROVED, actor, reason, now)
            limits.change(
                line,
                review.limit_proposed,
                kind=LimitEntry.Kind.REVIEW,
                actor=actor,
                reason=reason,
                now=now,
            )
    if review.status == LimitReview.Status.VOID:  # raised out here, so that the mark is kept
        raise ReviewOvertaken("The limit has changed since this review; it was marked overtaken.")
    return review


def reject(*, review_id: int, actor: str, reason: str, now: datetime) -> LimitReview:
    """Leave the limit as it is. Raises AlreadyDecided, Invalid without a reason."""
    reason = wording.checked("reason", reason)
    with transaction.atomic():
        line, review = _lock_pending(review_id, now)
        _decide(review, Action.REVIEW_REJECTED, actor, reason, line.now)
        return review


def _lock_pending(review_id: int, now: datetime) -> tuple[CreditLine, LimitReview]:
    line_id = LimitReview.objects.values_list("line_id", flat=True).get(pk=review_id)
    line = lines.lock(line_id, now=now)  # the line first, as everywhere
    review = LimitReview.objects.get(pk=review_id)
    if review.status != LimitReview.Status.PENDING:
        raise AlreadyDecided(f"The review of {review.on} is {review.get_status_display()}.")
    return line, review


def _check_raise(line: CreditLine) -> None:
    if line.is_frozen:
        raise RaiseBlocked("The line is frozen.")
    if overdue_of(line) > 0:
        raise RaiseBlocked("Something is overdue.")


def _decide(review: LimitReview, action: Action, actor: str, reason: str, now: datetime) -> None:
    trail.write(
        action,
        merchant_id=review.line_id,
        subject=f"review {review.on}",
        before={"status": review.status},
        after={"status": str(STATUSES[action])},
        actor=actor,
        reason=reason,
        now=now,
    )
    review.status = STATUSES[action]
    review.decided_by = actor
    review.decision_reason = reason
    review.decided_at = now
    review.save(update_fields=["status", "decided_by", "decision_reason", "decided_at"])
    tell(review, cause=f"{review.on} {review.status}", at=now)
