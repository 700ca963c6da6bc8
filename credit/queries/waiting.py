"""The queues of credit's rows that wait for an operator (backoffice.queues)."""

from datetime import datetime

from django.db.models import F, Q

from backoffice.queues import ANSWERS, STUCK, Group, Queue, with_status
from credit.models import (
    CreditLine,
    CreditPolicy,
    LimitRequest,
    LimitReview,
    OrderFlag,
    OrderPayment,
    RefusedCash,
    Withdrawal,
)
from credit.proposals import CREDIT_POLICY, OF_OFFICERS
from credit.queries.withdrawals import is_sendable
from merchants.queues import proposals_of

MONEY_OUT = Group("Money to pay out", 20)
TO_LOOK_INTO = Group("To look into", 60)

UNDER_WAY = Q(ended_at__isnull=True)
TOTAL = F("amount") + F("fee")


def _to_send(now: datetime) -> Q:
    """The filter for the withdrawals that operators may put into a file for the bank. It does not
    depend on `now`.
    """
    return is_sendable() & Q(provider=Withdrawal.MANUAL)


REVIEWS = Queue(
    name="to-decide",
    title="Raises after a review",
    model=LimitReview,
    which=with_status(LimitReview.Status.PENDING),
    since="at",
    merchant="line_id",
    group=ANSWERS,
    place=50,
    amount=F("limit_proposed") - F("limit_before"),
)
RAISES = Queue(
    name="raises",
    title="Raises asked for",
    model=LimitRequest,
    which=with_status(LimitRequest.Status.PENDING, kind=LimitRequest.Kind.RAISE),
    since="asked_at",
    merchant="line_id",
    group=ANSWERS,
    place=10,
    amount=F("limit_wanted") - F("line__limit"),
)
QUESTIONS = Queue(
    name="questions",
    title="Questions about limits",
    model=LimitRequest,
    which=with_status(LimitRequest.Status.PENDING, kind=LimitRequest.Kind.QUESTION),
    since="asked_at",
    merchant="line_id",
    group=ANSWERS,
    place=20,
)
TO_APPROVE = Queue(
    name="to-approve",
    title="Withdrawals to approve",
    model=Withdrawal,
    which=lambda now: UNDER_WAY & Q(status=Withdrawal.Status.REQUESTED, needs_approval=True),
    since="requested_at",
    merchant="line_id",
    group=MONEY_OUT,
    place=10,
    amount=TOTAL,
)
TO_SEND = Queue(
    name="to-send",
    title="Withdrawals to send",
    model=Withdrawal,
    which=_to_send,
    since="requested_at",
    merchant="line_id",
    group=MONEY_OUT,
    place=20,
    amount=TOTAL,
)
LATE = Queue(
    name="late",
    title="Withdrawals later than 24 hours",
    model=Withdrawal,
    which=lambda now: UNDER_WAY & Q(flagged_late_at__isnull=False),
    since="requested_at",
    merchant="line_id",
    group=STUCK,
    place=40,
    amount=TOTAL,
)
UNKNOWN = Queue(
    name="unknown",
    title="Withdrawals without an answer",
    model=Withdrawal,
    which=lambda now: UNDER_WAY & Q(status=Withdrawal.Status.UNKNOWN),
    since="requested_at",
    merchant="line_id",
    group=STUCK,
    place=30,
    amount=TOTAL,
)
FLAGS = Queue(
    name="to-look-at",
    title="Flagged orders",
    model=OrderFlag,
    which=with_status(OrderFlag.Status.OPEN),
    since="at",
    merchant="line_id",
    group=TO_LOOK_INTO,
    place=10,
)
UNMATCHED = Queue(
    name="unmatched",
    title="Cash that no order could take",
    model=OrderPayment,
    which=lambda now: Q(status=OrderPayment.Status.UNMATCHED, settled__lt=F("amount")),
    since="arrived_at",
    merchant="line_id",
    group=TO_LOOK_INTO,
    place=20,
    amount=F("amount") - F("settled"),
)
REFUSED = Queue(
    name="refused",
    title="Payments and refunds that were refused",
    model=RefusedCash,
    which=with_status(RefusedCash.Status.OPEN),
    since="arrived_at",
    merchant="line_id",
    group=TO_LOOK_INTO,
    place=30,
)
TO_CONFIRM = proposals_of(
    OF_OFFICERS,
    name="credit",
    title="Limits and unmatched cash to confirm",
    like=CreditLine,
    place=20,
)
POLICIES = proposals_of(
    (CREDIT_POLICY,),
    name="credit-policies",
    title="Credit policies to confirm",
    like=CreditPolicy,
    place=40,
)
QUEUES = (
    REVIEWS, RAISES, QUESTIONS, TO_APPROVE, TO_SEND, LATE, UNKNOWN, FLAGS, UNMATCHED, REFUSED,
    TO_CONFIRM, POLICIES,
)  # fmt: skip
