"""The queues of billing rows that wait for an operator (backoffice.queues)."""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q

from backoffice.queues import ANSWERS, STUCK, Group, Queue, with_status
from billing.models import (
    BankLine,
    BankStatement,
    BillingAccount,
    BillingCredit,
    BillingDetails,
    BillingQuestion,
    Clearance,
    ClearingProvider,
    Invoice,
    InvoiceDecision,
    Issuer,
    Payment,
    PaymentPlan,
    ProviderDifference,
    Reversal,
    ThresholdRequest,
)
from billing.proposals import ISSUER_BANKS, KINDS
from billing.queries import bank_statements, undecided
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
DETAILS = Queue(
    name="to-confirm",
    title="Billing details to confirm",
    model=BillingDetails,
    which=with_status(BillingDetails.Status.WAITING),
    since="said_at",
    merchant="account_id",
    group=ANSWERS,
    place=45,
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
    which=undecided.without_an_answer,
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


BANK_STATEMENTS = Queue(
    name="bank-statements",
    title="Bank statements that do not follow",
    model=BankStatement,
    which=with_status(BankStatement.Status.WAITING),
    since="taken_at",
    merchant="lines__account_id",  # none's, as long as it waits
    group=INVOICES,
    place=48,
)
BANK_LINES = Queue(
    name="bank-lines",
    title="Lines of bank statements to decide",
    model=BankLine,
    which=bank_statements.to_decide,
    since="looked_at",
    merchant="account_id",
    group=INVOICES,
    place=47,
    amount=F("amount"),
)


DIFFERENCES = Queue(
    name="differences",
    title="Differences between payouts and our books",
    model=ProviderDifference,
    which=lambda now: Q(ended_at__isnull=True, closed_at__isnull=True),
    since="found_at",
    merchant="payment__invoice__account_id",
    group=INVOICES,
    place=49,
)


def _by_hand(now: datetime) -> Q:
    """The condition that an operator has to do something about a clearance: it is entered by hand,
    or was refused. `now` is not used.
    """
    by_hand = Q(status=Clearance.Status.OPEN, provider=ClearingProvider.MANUAL)
    return by_hand | Q(status=Clearance.Status.REFUSED)


CLEARANCES = Queue(
    name="clearances",
    title="Numbers of tax offices to enter",
    model=Clearance,
    which=_by_hand,
    since="taken_up_at",
    merchant="account_id",
    group=INVOICES,
    place=45,
)


def _broken(now: datetime) -> Q:
    """The condition that a payment plan ended as a part was not paid, while its bill is not paid
    and nobody has made another plan or decided anything about the bill since. `now` is not used.
    """
    later = PaymentPlan.objects.filter(invoice=OuterRef("invoice"), pk__gt=OuterRef("pk"))
    decided = InvoiceDecision.objects.filter(
        invoice=OuterRef("invoice"), at__gte=OuterRef("ended_at")
    )
    of_unpaid = Q(status=PaymentPlan.Status.BROKEN, invoice__status__in=Invoice.UNPAID)
    return of_unpaid & ~Q(Exists(later)) & ~Q(Exists(decided))


PLANS_BROKEN = Queue(
    name="broken",
    title="Payment plans that were broken",
    model=PaymentPlan,
    which=_broken,
    since="ended_at",
    merchant="invoice__account_id",
    group=INVOICES,
    place=12,
    amount=F("invoice__total") - F("invoice__amount_paid"),
    like=Invoice,
)
PARTS_DUE = Queue(
    name="due",
    title="Parts of payment plans due within days",
    model=PaymentPlan,
    which=with_status(PaymentPlan.Status.IN_FORCE, reminded_at__isnull=False),
    since="reminded_at",
    merchant="invoice__account_id",
    group=INVOICES,
    place=14,
    like=Invoice,
)
TO_CONFIRM = proposals_of(
    KINDS,
    name="billing",
    title="Credits, pay-outs, thresholds and prices to confirm",
    like=BillingAccount,
    place=30,
)
BANKS_TO_CONFIRM = proposals_of(
    (ISSUER_BANKS,),
    name="issuers",
    title="Issuers’ bank accounts to confirm",
    like=Issuer,
    place=35,
)
QUEUES = (
    *(THRESHOLDS, QUESTIONS, CREDITS, DETAILS, DRAFTS, FAILED, PLANS_BROKEN, PARTS_DUE, UNANSWERED),
    *(REVERSALS, UNAPPLIED, BANK_LINES, BANK_STATEMENTS, DIFFERENCES, CLEARANCES),
    *(TO_CONFIRM, BANKS_TO_CONFIRM),
)
