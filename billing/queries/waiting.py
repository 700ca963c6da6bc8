"""What of billing waits for an operator (backoffice.queues)."""

from django.db.models import F

from backoffice.queues import Queue, with_status
from billing.models import BillingCredit, Invoice, Payment, Reversal, ThresholdRequest
from billing.queries import without_an_answer

THRESHOLDS = Queue(
    "to-decide",
    "Higher thresholds asked for",
    ThresholdRequest,
    with_status(ThresholdRequest.Status.PENDING),
    since="asked_at",
    merchant="account_id",
    amount=F("threshold_wanted") - F("threshold_before"),
)
CREDITS = Queue(
    "to-decide",
    "Credits asked for",
    BillingCredit,
    with_status(BillingCredit.Status.REQUESTED),
    since="asked_at",
    merchant="account_id",
    amount=F("amount"),
)
DRAFTS = Queue(
    "drafts",
    "Draft bills to look at",
    Invoice,
    with_status(Invoice.Status.DRAFT),
    since="issued_at",
    merchant="account_id",
    amount=F("total"),
)
FAILED = Queue(
    "failed",
    "Bills that were not paid when due",
    Invoice,
    with_status(Invoice.Status.OPEN, first_failed_at__isnull=False),
    since="first_failed_at",
    merchant="account_id",
    amount=F("total") - F("amount_paid"),
)
UNANSWERED = Queue(
    "unanswered",
    "Payments without an answer",
    Payment,
    without_an_answer,
    since="started_at",
    merchant="invoice__account_id",
    amount=F("amount"),
)
REVERSALS = Queue(
    "to-decide",
    "Payments taken back",
    Reversal,
    with_status(Reversal.Status.RECORDED),
    since="recorded_at",
    merchant="account_id",
    amount=F("amount") - F("taken"),
)
QUEUES = (THRESHOLDS, CREDITS, DRAFTS, FAILED, UNANSWERED, REVERSALS)
