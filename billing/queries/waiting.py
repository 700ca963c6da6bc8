"""The queues of billing rows that wait for an operator (backoffice.queues)."""

from django.db.models import F, Q

from backoffice.queues import ANSWERS, STUCK, Group, Queue, with_status
from billing.models import (
    BillingAccount,
    BillingCredit,
    BillingQuestion,
    Invoice,
    Payment,
    Reversal,
    ThresholdRequest,
)
from billing.proposals import KINDS
from billing.queries import without_an_answer
from merchants.queues import proposals_of

INVOICES = Group("Bills", 50)

THRESHOLDS = Queue(
    name="to-decide",
    title="Higher thresholds asked for",
    model=ThresholdRequest,
    which=with_status(ThresholdRequest.Status.PENDING),
    since="asked_at",
    merchant="account_id",
    group=ANSWERS,
    place=30,
    amount=F("threshold_wanted") - F("threshold_before"),
)
QUESTIONS = Queue(
    name="questions",
    title="Questions about charges and bills",
    model=BillingQuestion,
    which=with_status(BillingQuestion.Status.PENDING),
    since="asked_at",
    merchant="account_id",
    group=ANSWERS,
    place=25,
)
CREDITS = Queue(
    name="to-decide",
    title="Credits asked for",
    model=BillingCredit,
    which=with_status(BillingCredit.Status.REQUESTED),
    since="asked_at",
    merchant="account_id",
    group=ANSWERS,
    place=40,
    amount=F("amount"),
)
DRAFTS = Queue(
    name="drafts",
    title="Draft bills to look at",
    model=Invoice,
    which=with_status(Invoice.Status.DRAFT),
    since="issued_at",
    merchant="account_id",
    group=INVOICES,
    place=20,
    amount=F("total"),
)
FAILED = Queue(
    name="failed",
    title="Bills that were not paid when due",
    model=Invoice,
    which=with_status(Invoice.Status.OPEN, first_failed_at__isnull=False),
    since="first_failed_at",
    merchant="account_id",
    group=INVOICES,
    place=10,
    amount=F("total") - F("amount_paid"),
)
UNANSWERED = Queue(
    name="unanswered",
    title="Payments without an answer",
    model=Payment,
    which=without_an_answer,
    since="started_at",
    merchant="invoice__account_id",
    group=STUCK,
    place=20,
    amount=F("amount"),
)
REVERSALS = Queue(
    name="to-decide",
    title="Payments taken back",
    model=Reversal,
    which=with_status(Reversal.Status.RECORDED),
    since="recorded_at",
    merchant="account_id",
    group=INVOICES,
    place=30,
    amount=F("amount") - F("taken"),
)
UNAPPLIED = Queue(
    name="unapplied",
    title="Money that no bill wanted",
    model=BillingAccount,
    which=lambda now: Q(unapplied_since__isnull=False),
    since="unapplied_since",
    merchant="merchant_id",
    group=INVOICES,
    place=40,
    amount=F("unapplied"),
)
TO_CONFIRM = proposals_of(
    KINDS,
    name="billing",
    title="Credits, pay-outs, thresholds and prices to confirm",
    like=BillingAccount,
    place=30,
)
QUEUES = (
    *(THRESHOLDS, QUESTIONS, CREDITS, DRAFTS, FAILED, UNANSWERED, REVERSALS, UNAPPLIED),
    TO_CONFIRM,
)
