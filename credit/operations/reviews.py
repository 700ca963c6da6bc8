"""Holds the monthly limit reviews (rule 8.1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from credit import scoring
from credit.models import CreditLine, LimitReview
from credit.notices.line import REVIEW
from credit.operations import usage
from credit.queries.reviews import Start, inputs_of
from lib import money, prepared, rows
from lib.parts import InSteps
from notices.operations import notices

ACTOR = "limit review"


APPLY = InSteps("""
WITH applied AS (
    UPDATE credit_creditline line SET "limit" = new.amount
    FROM unnest(%(lines)s::bigint[], %(limits)s::numeric[], %(instants)s::timestamptz[])
         AS new(line_id, amount, at)
    JOIN credit_creditline old ON old.merchant_id = new.line_id
    WHERE line.merchant_id = new.line_id
    RETURNING line.merchant_id, line.currency, new.amount, old."limit" AS before, line.used, new.at
)
INSERT INTO credit_limitentry (line_id, kind, currency, limit_change, used_change, limit_after,
                               used_after, actor, reason, at)
SELECT merchant_id, 'REVIEW', currency, amount - before, 0, amount, used, %(actor)s, '', at
FROM applied ORDER BY merchant_id
""")

# Mostly there is none, and a whole month's reviews are held at once.
WAITING = """
SELECT id FROM credit_limitreview
WHERE line_id = ANY(%(lines)s::bigint[]) AND status = 'PENDING'
"""


def hold(starts: Sequence[Start]) -> None:
    """Review the limit of each locked line as its month starts, and apply the outcomes that need no
    decision. Raises that need one wait for an operator, and one that waited from before becomes
    VOID. Every merchant reviewed is notified of the outcome, and besides if a cut leaves four
    fifths or all of the limit used.

    Lines without metrics, with a limit of 0, of a closed merchant, or of a currency without a
    policy are not reviewed. Rule 8.1.
    """
    by_line = {start.line_id: start for start in starts if start.policy.holds_reviews}
    if not by_line:
        return
    reviews = [
        _review(by_line[line_id], inputs) for line_id, inputs in inputs_of(by_line.values()).items()
    ]
    overtake_all({review.line_id: review.at for review in reviews}, actor=ACTOR)
    rows.insert(reviews)
    _apply([review for review in reviews if review.status == LimitReview.Status.APPLIED])
    notices.write_all(
        REVIEW, [_told(review, cause=str(review.on), at=review.at) for review in reviews]
    )
    _notify_of_cuts(
        [
            review
            for review in reviews
            if review.status == LimitReview.Status.APPLIED
            and review.limit_proposed < review.limit_before
        ]
    )


def notify(review: LimitReview, *, cause: str, at: datetime) -> None:
    """Notify the merchant of a review's outcome. `cause` distinguishes this notice from others
    about the same review.
    """
    notices.write_all(REVIEW, [_told(review, cause=cause, at=at)])


def _told(review: LimitReview, *, cause: str, at: datetime) -> notices.Told:
    """The notice of a review's outcome, which is not written yet. `cause` tells it from other
    notices of its kind: there is one notice of a kind and cause.
    """
    return notices.Told(
        merchant_id=review.line_id,
        cause=cause,
        at=at,
        details={
            "grade": review.grade,
            "status": str(review.status),
            "currency": review.currency,
            "limit_before": money.text(review.limit_before),
            "limit_proposed": money.text(review.limit_proposed),
            "limit_given": money.text(review.limit_given or review.limit_before),
            "told": review.decision_told,
        },
    )


def _review(start: Start, inputs: scoring.Inputs) -> LimitReview:
    """The review of a line as a row that is not saved yet: its inputs, points, grade and
    outcome.
    """
    result = scoring.review(inputs, start.policy)
    points = result.points
    return rows.new(
        LimitReview,
        line_id=start.line_id,
        policy_id=start.policy.pk,
        on=start.today,
        at=start.at,
        currency=start.policy.currency,
        limit_before=inputs.limit,
        rating=inputs.rating,
        paid=inputs.paid,
        listing_quality=inputs.listing_quality,
        profile_completeness=inputs.profile_completeness,
        profile_reported=inputs.profile_reported,
        profile_confirmed=inputs.profile_confirmed,
        profile_rejected=inputs.profile_rejected,
        after_sales=inputs.after_sales,
        overdue=inputs.overdue,
        was_frozen=inputs.is_frozen,
        rating_points=scoring.decimal(points.rating),
        volume_points=scoring.decimal(points.volume),
        listing_points=scoring.decimal(points.listing),
        profile_points=scoring.decimal(points.profile),
        after_sales_points=scoring.decimal(points.after_sales),
        score=scoring.decimal(points.score),
        grade=result.grade,
        limit_proposed=result.limit,
        limit_given=result.limit if result.status == LimitReview.Status.APPLIED else None,
        notes=[str(note) for note in result.notes],
        status=result.status,
    )


def overtake(line: CreditLine, *, actor: str, now: datetime) -> None:
    """Mark the raise that waits on the locked line after a review as VOID, and notify the merchant.
    Does nothing if none waits.

    Every operation that changes a limit calls this, and so does the closing of an account. Rule
    8.10.
    """
    overtake_all({line.pk: now}, actor=actor)


def overtake_all(instants: Mapping[int, datetime], *, actor: str) -> None:
    """Mark the raises that wait on these locked lines after a review as VOID, and notify their
    merchants. `instants` gives the instant for each line's key.
    """
    found = prepared.rows(WAITING, {"lines": list(instants)}) if instants else []
    if not found:
        return
    waiting = LimitReview.objects.filter(pk__in=[pk for (pk,) in found])
    for review in waiting.order_by("line_id"):
        review.status = LimitReview.Status.VOID
        review.decided_at, review.decided_by = instants[review.line_id], actor
        review.save(update_fields=["status", "decided_at", "decided_by"])
        notify(review, cause=f"{review.on} {review.status}", at=review.decided_at)


def _notify_of_cuts(reviews: Sequence[LimitReview]) -> None:
    """Notify the merchants whose limit these reviews cut so far that four fifths or all of it is
    used.
    """
    lines = CreditLine.objects.in_bulk([review.line_id for review in reviews])
    for review in reviews:
        usage.notify_of_cut(
            lines[review.line_id],
            limit_before=review.limit_before,
            limit=review.limit_proposed,
            cause=f"review of {review.on}",
            at=review.at,
        )


def _apply(reviews: Sequence[LimitReview]) -> None:
    """Set the limits that these reviews propose, and write their entries in the history of
    limits.
    """
    prepared.run(
        APPLY,
        {
            "lines": [review.line_id for review in reviews],
            "limits": [review.limit_proposed.amount for review in reviews],
            "instants": [review.at for review in reviews],
            "actor": ACTOR,
        },
    )
