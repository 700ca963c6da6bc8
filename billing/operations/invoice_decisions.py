"""Operators' decisions about bills (rule 15.22 to rule 15.24)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from billing import queries
from billing.models import BillDecision, BillingAccount, Invoice, InvoiceItem, NumberSeries
from billing.models.accounts import DAYS_TO_PAY
from billing.notices import BILL_ISSUED
from billing.operations import accounts, dunning, rests
from billing.trail import Action
from lib import money, wording
from lib.refusals import Refused
from notices.operations import notices
from trail import operations as trail

Status = Invoice.Status
Decided = BillDecision.Decision
# What each decision is called on the trail, and what the bill becomes by it.
STEPS = {
    Decided.ISSUED: (Action.BILL_ISSUED, Status.OPEN),
    Decided.SENT_BACK: (Action.BILL_SENT_BACK, Status.VOID),
    Decided.VOIDED: (Action.BILL_VOIDED, Status.VOID),
    Decided.UNCOLLECTIBLE: (Action.BILL_UNCOLLECTIBLE, Status.UNCOLLECTIBLE),
}


class UnknownBill(Refused):
    """There is no such bill."""

    code = "unknown_bill"


class BillNotOpen(Refused):
    """The bill's status does not allow this step."""

    code = "bill_not_open"
    sentence = _("Nothing is to be paid for this bill any more.")


class BillHasPayments(Refused):
    """Money has come in for the bill, or is on its way, so that it can't be voided any more."""

    code = "bill_has_payments"


@transaction.atomic
def issue_draft(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Issue a reviewed draft under the next number of its date's year; it is collected from now on.

    Unapplied money of the merchant's pays it first. Raises UnknownBill, BillNotOpen, Invalid
    without a reason. Rule 15.21.
    """
    account, bill = hold(invoice_id, now=now)
    now = account.now
    _check_step(bill, Status.OPEN)
    bill.number = _next_number(bill.issued_on.year)
    _decide(bill, Decided.ISSUED, actor, reason, now)
    bill.status = Status.OPEN
    bill.issued_at = now
    bill.due_on = account.open_on
    if account.pays_by_itself:
        bill.next_attempt_at = now
    else:
        bill.due_on += timedelta(days=DAYS_TO_PAY)
    bill.save(update_fields=["number", "status", "issued_at", "due_on", "next_attempt_at"])
    notices.write(
        merchant_id=account.pk,
        kind=BILL_ISSUED,
        cause=bill.number,
        at=now,
        number=bill.number,
        total=money.text(bill.total),
        currency=bill.currency,
        bill_kind=bill.kind,
    )
    rests.pay_bills(account, actor=actor, now=now)
    bill.refresh_from_db()
    return bill


def send_back(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Discard a draft: its items are outstanding again, and it never gets a number.

    Raises UnknownBill, BillNotOpen, Invalid without a reason. Rule 15.22.
    """
    return _undo(invoice_id, Decided.SENT_BACK, actor, reason, now)


def void(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Void an open bill before any payment: its items are outstanding again, and its number stays.

    The items go on the next bill; voiding itself makes none. Raises UnknownBill, BillNotOpen,
    BillHasPayments, Invalid without a reason. Rule 15.24.
    """
    return _undo(invoice_id, Decided.VOIDED, actor, reason, now)


@transaction.atomic
def mark_uncollectible(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Stop collecting an open bill by ourselves. It can still be paid.

    Raises UnknownBill, BillNotOpen, Invalid without a reason. Rule 15.23.
    """
    account, bill = hold(invoice_id, now=now)
    now = account.now
    _check_step(bill, Status.UNCOLLECTIBLE)
    _decide(bill, Decided.UNCOLLECTIBLE, actor, reason, now)
    bill.status = Status.UNCOLLECTIBLE
    bill.next_attempt_at = None
    bill.save(update_fields=["status", "next_attempt_at"])
    return bill


def hold(invoice_id: int, *, now: datetime) -> tuple[BillingAccount, Invoice]:
    """The bill and its account, both locked; what is done to the bill counts at `account.now`.

    A decision about a bill may freeze the merchant's credit line or lift a freeze, so the line is
    locked, too, after the account. Raises UnknownBill.
    """
    found = Invoice.objects.filter(pk=invoice_id)
    account_id = found.values_list("account", flat=True).first()
    if account_id is None:
        raise UnknownBill(f"bill: there is no bill {invoice_id}")
    account, _ = accounts.lock_both(account_id, now=now)
    return account, found.select_for_update().get()


@transaction.atomic
def _undo(invoice_id: int, decision: Decided, actor: str, reason: str, now: datetime) -> Invoice:
    account, bill = hold(invoice_id, now=now)
    now = account.now
    if bill.is_draft != (decision == Decided.SENT_BACK):
        raise BillNotOpen(f"bill: {bill} is {bill.status}")
    _check_step(bill, Status.VOID)
    if any(not payment.has_failed for payment in bill.payments.all()):
        raise BillHasPayments(f"bill: {bill} has payments, or one that is being checked")
    _decide(bill, decision, actor, reason, now)
    InvoiceItem.objects.filter(invoice=bill).update(invoice=None)
    bill.status = Status.VOID
    bill.next_attempt_at = None
    bill.save(update_fields=["status", "next_attempt_at"])
    BillingAccount.objects.filter(pk=account.pk).update(
        outstanding=F("outstanding") + bill.total.amount,
        billed_through=queries.billed_through(account),
    )
    dunning.reconsider(account, actor=actor, now=now)
    return bill


def _check_step(bill: Invoice, status: Status) -> None:
    if not bill.may_become(status):
        raise BillNotOpen(f"bill: {bill} is {bill.status}")


def _decide(bill: Invoice, decision: Decided, actor: str, reason: str, now: datetime) -> None:
    """Record the decision and who took it; the caller then changes the bill."""
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    BillDecision.objects.create(
        invoice=bill,
        decision=decision,
        actor=actor,
        reason=reason,
        at=now,
    )
    action, becomes = STEPS[decision]
    trail.write(
        action,
        merchant_id=bill.account_id,
        subject=bill.number or f"draft {bill.pk}",
        before={"status": bill.status, "total": money.full(bill.total)},
        after={"status": str(becomes), "total": money.full(bill.total)},
        actor=actor,
        reason=reason,
        now=now,
    )


def _next_number(year: int) -> str:
    """The next number of the year. It is given out with the transaction or not at all, and so
    without a gap.
    """
    series, _ = NumberSeries.objects.select_for_update().get_or_create(
        series=Invoice.SERIES, year=year
    )
    series.last += 1
    series.save(update_fields=["last"])
    return series.number_of(series.last)
