"""What of credit waits for an operator (backoffice.queues)."""

from datetime import datetime

from django.db.models import F, Q

from backoffice.queues import Queue, with_status
from credit.models import (
    LimitRequest,
    LimitReview,
    OrderFlag,
    OrderPayment,
    RefusedCash,
    Withdrawal,
)
from credit.queries.withdrawals import is_sendable

UNDER_WAY = Q(ended_at__isnull=True)
TOTAL = F("amount") + F("fee")


def _to_send(now: datetime) -> Q:
    """As queries.withdrawals.to_export has it."""
    return is_sendable() & Q(provider=Withdrawal.MANUAL)


REVIEWS = Queue(
    "to-decide",
    "Raises after a review",
    LimitReview,
    with_status(LimitReview.Status.PENDING),
    since="at",
    merchant="line_id",
    amount=F("limit_proposed") - F("limit_before"),
)
RAISES = Queue(
    "raises",
    "Raises asked for",
    LimitRequest,
    with_status(LimitRequest.Status.PENDING, kind=LimitRequest.Kind.RAISE),
    since="asked_at",
    merchant="line_id",
    amount=F("limit_wanted") - F("line__limit"),
)
QUESTIONS = Queue(
    "questions",
    "Questions about limits",
    LimitRequest,
    with_status(LimitRequest.Status.PENDING, kind=LimitRequest.Kind.QUESTION),
    since="asked_at",
    merchant="line_id",
)
TO_APPROVE = Queue(
    "to-approve",
    "Withdrawals to approve",
    Withdrawal,
    lambda now: UNDER_WAY & Q(status=Withdrawal.Status.REQUESTED, needs_approval=True),
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
TO_SEND = Queue(
    "to-send",
    "Withdrawals to send",
    Withdrawal,
    _to_send,
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
LATE = Queue(
    "late",
    "Withdrawals later than 24 hours",
    Withdrawal,
    lambda now: UNDER_WAY & Q(flagged_late_at__isnull=False),
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
UNKNOWN = Queue(
    "unknown",
    "Withdrawals without an answer",
    Withdrawal,
    lambda now: UNDER_WAY & Q(status=Withdrawal.Status.UNKNOWN),
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
FLAGS = Queue(
    "to-look-at",
    "Flagged orders",
    OrderFlag,
    with_status(OrderFlag.Status.OPEN),
    since="at",
    merchant="line_id",
)
UNMATCHED = Queue(
    "unmatched",
    "Cash that no order could take",
    OrderPayment,
    lambda now: Q(status=OrderPayment.Status.UNMATCHED, settled__lt=F("amount")),
    since="arrived_at",
    merchant="line_id",
    amount=F("amount") - F("settled"),
)
REFUSED = Queue(
    "refused",
    "Payments and refunds that were refused",
    RefusedCash,
    with_status(RefusedCash.Status.OPEN),
    since="arrived_at",
    merchant="line_id",
)
QUEUES = (
    REVIEWS, RAISES, QUESTIONS, TO_APPROVE, TO_SEND, LATE, UNKNOWN, FLAGS, UNMATCHED, REFUSED,
)  # fmt: skip
