"""Monthly limit reviews (domain: limit review)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from credit import scoring
from credit.models import CreditLine, LimitReview
from credit.operations import usage
from credit.queries.reviews import Start, inputs_of
from merchants import money
from merchants.models import Notice
from merchants.operations import notices

ACTOR = "limit review"


APPLY = """
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
"""


def hold(starts: Sequence[Start]) -> None:
    """Review each locked line as its month starts: write the review, and what applies at once.

    Lines of a currency without a policy, without metrics, with a limit of 0, or of a closed
    merchant are not reviewed.
    """
    by_line = {start.line_id: start for start in starts if start.policy.holds_reviews}
    if not by_line:
        return
    reviews = [
        _review(by_line[line_id], inputs) for line_id, inputs in inputs_of(by_line.values()).items()
    ]
    _overtake_pending(reviews)
    LimitReview.objects.bulk_create(reviews)
    _apply([review for review in reviews if review.status == LimitReview.Status.APPLIED])
    for review in reviews:
        tell(review, cause=str(review.on), at=review.at)
    _tell_of_cuts(
        [
            review
            for review in reviews
            if review.status == LimitReview.Status.APPLIED
            and review.limit_proposed < review.limit_before
        ]
    )


def tell(review: LimitReview, *, cause: str, at: datetime) -> None:
    """Tell the merchant what came of a review."""
    notices.write(
        merchant_id=review.line_id,
        kind=Notice.Kind.REVIEW,
        cause=cause,
        at=at,
        grade=review.grade,
        status=str(review.status),
        currency=review.currency,
        limit_before=money.text(review.limit_before, review.currency),
        limit_proposed=money.text(review.limit_proposed, review.currency),
        reason=review.decision_reason,
    )


def _review(start: Start, inputs: scoring.Inputs) -> LimitReview:
    result = scoring.review(inputs, start.policy)
    points = result.points
    return LimitReview(
        line_id=start.line_id,
        policy=start.policy,
        on=start.today,
        at=start.at,
        currency=start.policy.currency,
        limit_before=inputs.limit,
        rating=inputs.rating,
        paid=inputs.paid,
        listing_quality=inputs.listing_quality,
        profile_completeness=inputs.profile_completeness,
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
        notes=[str(note) for note in result.notes],
        status=result.status,
    )


def overtake(line: CreditLine, *, actor: str, now: datetime) -> None:
    """What waits for a decision about the locked line is VOID, and the merchant is told."""
    waiting = LimitReview.objects.filter(line=line, status=LimitReview.Status.PENDING).first()
    if waiting is None:
        return
    waiting.status = LimitReview.Status.VOID
    waiting.decided_at = now
    waiting.decided_by = actor
    waiting.save(update_fields=["status", "decided_at", "decided_by"])
    tell(waiting, cause=f"{waiting.on} {waiting.status}", at=now)


def _overtake_pending(reviews: Sequence[LimitReview]) -> None:
    """What still waits from an earlier month is overtaken by a newer look."""
    for review in reviews:
        LimitReview.objects.filter(
            line_id=review.line_id, status=LimitReview.Status.PENDING
        ).update(status=LimitReview.Status.VOID, decided_at=review.at, decided_by=ACTOR)


def _tell_of_cuts(reviews: Sequence[LimitReview]) -> None:
    lines = CreditLine.objects.in_bulk([review.line_id for review in reviews])
    for review in reviews:
        usage.tell_of_cut(
            lines[review.line_id],
            limit_before=review.limit_before,
            limit=review.limit_proposed,
            cause=f"review of {review.on}",
            at=review.at,
        )


def _apply(reviews: Sequence[LimitReview]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            APPLY,
            {
                "lines": [review.line_id for review in reviews],
                "limits": [review.limit_proposed for review in reviews],
                "instants": [review.at for review in reviews],
                "actor": ACTOR,
            },
        )
