"""Operators' decisions on raises that wait after a review (rule 8.11, rule 8.12)."""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit import scoring
from credit.models import CreditLine, LimitEntry, LimitReview
from credit.operations import limits, lines
from credit.operations.reviews import notify
from credit.proposals import REVIEW
from credit.queries import policies
from credit.queries.reviews import Start, inputs_of
from credit.trail import Action
from lib import money, wording
from lib.refusals import AlreadyDecided, Refused
from merchants.models import Proposal
from trail import operations as trail

STATUSES = {
    Action.REVIEW_APPROVED: LimitReview.Status.APPROVED,
    Action.REVIEW_REJECTED: LimitReview.Status.REJECTED,
    Action.REVIEW_OVERTAKEN: LimitReview.Status.VOID,
}


class ReviewOvertaken(Refused):
    """The line's sales and the policy no longer allow a limit above the present one, so the review
    was marked VOID.
    """

    code = "review_overtaken"
    keeps_changes = True


class RaiseBlocked(Refused):
    """Something is overdue or the line is frozen, so no raise is possible now. The review goes on
    waiting.
    """

    code = "raise_blocked"


def approve(
    *,
    review_id: int,
    actor: str,
    reason: str,
    told: str = "",
    now: datetime,
    proposal: Proposal | None = None,
) -> LimitReview:
    """Raise the limit, with a trail row, to the one that the review proposed or, if less, to the
    highest that the line's sales and the policy allow by now. The merchant is notified, and reads
    `told`, or a standard sentence without; `reason` is for colleagues.

    Above the caps it takes the `proposal` that a second person confirms (limits.set_limit). Raises
    TakesTwoPeople, ChangedMeanwhile, AlreadyDecided, RaiseBlocked, LineClosed, Invalid without a
    reason, LimitReview.DoesNotExist, and ReviewOvertaken, which marks the review VOID and notifies
    the merchant of that, without `told`; of a proposal that is confirmed `tell_overtaken` raises
    it. It locks the line, whose ended days are worked off first (lines.lock). Rule 8.11, rule 8.12.
    """
    reason, told = wording.checked("reason", reason), wording.optional("told", told)
    with transaction.atomic():
        line, review = _lock_pending(review_id, now)
        now = line.now
        limit = min(review.limit_proposed, _most_by_now(line))
        if limit <= line.limit:  # what was written for an approval is not true of it
            _decide(review, Action.REVIEW_OVERTAKEN, actor, reason, "", now)
        else:
            review.limit_given = limit
            _decide(review, Action.REVIEW_APPROVED, actor, reason, told, now)
            limits.change(
                line, limit, entry=LimitEntry.Kind.REVIEW, kind=REVIEW,
                about={"review": review.on.isoformat()}, actor=actor, reason=reason,
                told=told, now=now, proposal=proposal,
            )  # fmt: skip
    if proposal is None:
        _check_given(review)  # out here, so that the mark is kept
    return review


def tell_overtaken(proposal: Proposal) -> None:
    """Raise ReviewOvertaken if the review of the confirmed proposal was marked VOID."""
    _check_given(LimitReview.objects.get(pk=proposal.arguments["review_id"]))


def _check_given(review: LimitReview) -> None:
    """Raise ReviewOvertaken if the review is VOID."""
    if review.status == LimitReview.Status.VOID:
        raise ReviewOvertaken("No raise could be given any more; it was marked as overtaken.")


def reject(
    *, review_id: int, actor: str, reason: str, told: str = "", now: datetime
) -> LimitReview:
    """Reject the raise that waits after a review, with a trail row, and leave the limit as it is.
    The merchant is notified, and reads `told`, or a standard sentence without; `reason` is for
    colleagues. Raises AlreadyDecided, Invalid without a reason, LimitReview.DoesNotExist. It locks
    the line, whose ended days are worked off first (lines.lock).
    """
    reason, told = wording.checked("reason", reason), wording.optional("told", told)
    with transaction.atomic():
        line, review = _lock_pending(review_id, now)
        _decide(review, Action.REVIEW_REJECTED, actor, reason, told, line.now)
        return review


def _lock_pending(review_id: int, now: datetime) -> tuple[CreditLine, LimitReview]:
    """Lock the review's line. Returns the line and the review. Raises AlreadyDecided unless the
    review's raise waits, and LimitReview.DoesNotExist. Ended days of the line are worked off first
    (lines.lock).
    """
    line_id = LimitReview.objects.values_list("line_id", flat=True).get(pk=review_id)
    line = lines.lock(line_id, now=now)  # the line first, as everywhere
    review = LimitReview.objects.get(pk=review_id)
    if review.status != LimitReview.Status.PENDING:
        raise AlreadyDecided(f"The review of {review.on} is {review.get_status_display()}.")
    return line, review


def _most_by_now(line: CreditLine) -> Money:
    """The highest limit that the locked line's sales and the policy in force allow now. It
    may be less than the present limit: the caller compares. The line has been reviewed, is
    open and has a limit above 0. Raises RaiseBlocked while an order of the line is overdue
    or the line is frozen.
    """
    policy = policies.in_force(line.currency, line.open_on)
    start = Start(line.pk, line.timezone, line.open_on, line.now, policy)
    known = inputs_of([start])[line.pk]  # a raise waits only of a line that has been reviewed
    if known.is_frozen:
        raise RaiseBlocked("The line is frozen.")
    if known.overdue > 0:
        raise RaiseBlocked("Something is overdue.")
    return money.of(scoring.most(known, policy), line.currency)


def _decide(
    review: LimitReview, action: Action, actor: str, reason: str, told: str, now: datetime
) -> None:
    """Save the decision on the review, with the status that the trail's `action` stands for
    (approved, rejected or void), a trail row and a notice to the merchant. The review that is given
    is changed, too; the caller has set `limit_given` of one that is approved. The limit is not
    changed here. The merchant reads `told`; `reason` is for colleagues.
    """
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
    review.decision_reason, review.decision_told = reason, told
    review.decided_at = now
    review.save(
        update_fields=[
            *("status", "limit_given", "decided_by", "decision_reason", "decision_told"),
            "decided_at",
        ]
    )
    notify(review, cause=f"{review.on} {review.status}", at=now)
