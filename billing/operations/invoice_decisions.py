"""Operators' decisions about bills (rule 15.22 to rule 15.24)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount, Invoice, InvoiceDecision, InvoiceItem
from billing.models.accounts import DAYS_TO_PAY
from billing.notices.invoices import BILL_ISSUED
from billing.operations import accounts, credit_notes, dunning, plan_parts, rests
from billing.operations.numbers import next_number
from billing.queries import invoices, payment_references
from billing.trail import Action
from lib import money, wording
from lib.refusals import Refused
from notices.operations import notices
from trail import operations as trail

Status = Invoice.Status
Decided = InvoiceDecision.Decision
# What each decision is called on the trail, and what the bill becomes by it.
STEPS = {
    Decided.ISSUED: (Action.BILL_ISSUED, Status.OPEN),
    Decided.SENT_BACK: (Action.INVOICE_SENT_BACK, Status.VOID),
    Decided.VOIDED: (Action.INVOICE_VOIDED, Status.VOID),
    Decided.UNCOLLECTIBLE: (Action.INVOICE_UNCOLLECTIBLE, Status.UNCOLLECTIBLE),
}


class UnknownInvoice(Refused):
    """There is no such bill."""

    code = "unknown_invoice"


class InvoiceNotOpen(Refused):
    """The bill's status does not allow this step."""

    code = "invoice_not_open"
    sentence = _("Nothing is to be paid for this bill any more.")


class InvoiceHasPayments(Refused):
    """Money has come in for the bill, or is on its way, so that it can't be voided any more."""

    code = "invoice_has_payments"


@transaction.atomic
def issue_draft(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Issue a draft under the next number of its date's year, and notify the merchant. It is to be
    collected at once, which the job does, or due in 7 days if the account pays by transfer. The
    decision is recorded, also on the trail.

    The merchant's unapplied money pays unpaid bills at once, this one too. Raises UnknownInvoice,
    InvoiceNotOpen for what is no draft, Invalid without a reason. It locks the bill, its account
    and its credit line. Rule 15.21.
    """
    account, invoice = hold(invoice_id, now=now)
    now = account.now
    _check_step(invoice, Status.OPEN)
    prefix = invoice.issuer.issuer.prefix if invoice.issuer else ""
    invoice.number = next_number(prefix, invoice.issued_on.year)
    _decide(invoice, Decided.ISSUED, actor, reason, now)
    invoice.status = Status.OPEN
    invoice.issued_at = now
    invoice.due_on = account.open_on
    if account.pays_by_itself:
        invoice.next_attempt_at = now
    else:
        invoice.due_on += timedelta(days=DAYS_TO_PAY)
    invoice.save(update_fields=["number", "status", "issued_at", "due_on", "next_attempt_at"])
    notices.write(
        merchant_id=account.pk,
        kind=BILL_ISSUED,
        cause=invoice.number,
        at=now,
        number=invoice.number,
        total=money.text(invoice.total),
        currency=invoice.currency,
        invoice_kind=invoice.kind,
        status="DATED_COLLECTED" if account.collects_by_itself else "DATED_TO_PAY",
        issued_on=str(invoice.issued_on),
        due_on=str(invoice.due_on),
        has_reference="yes" if payment_references.of_invoice(invoice) else "",
    )
    rests.pay_invoices(account, actor=actor, now=now)
    invoice.refresh_from_db()
    return invoice


def send_back(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Discard a draft: its items are outstanding again, and it never gets a number. The decision is
    recorded, also on the trail. The freeze of the credit line for unpaid bills is adjusted. The
    merchant is notified of a freeze that is lifted.

    Raises UnknownInvoice, InvoiceNotOpen for what is no draft, Invalid without a reason. It locks
    the bill, its account and its credit line. Rule 15.22.
    """
    return _undo(invoice_id, Decided.SENT_BACK, actor, reason, now)


def void(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Void an open bill that has no payments, nor any that is being checked: its items are
    outstanding again, and it keeps its number. The decision is recorded, also on the trail. The
    freeze of the credit line for unpaid bills is adjusted. The merchant is notified of a freeze
    that is lifted by it, but not of the voiding.

    The items go on the next bill; voiding itself makes none. An issuer's bill gets a credit note
    that mirrors it (rule 28.5). Raises UnknownInvoice, InvoiceNotOpen, InvoiceHasPayments,
    UnderAPlan, Invalid without a reason. It locks the bill, its account and its credit line. Rule
    15.24.
    """
    return _undo(invoice_id, Decided.VOIDED, actor, reason, now)


@transaction.atomic
def mark_uncollectible(*, invoice_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Stop collecting an open bill automatically, and record the decision, also on the trail; the
    merchant is not notified. The merchant still owes it and can pay it; a freeze of its line stays,
    and one that is to come for it comes.

    Raises UnknownInvoice, InvoiceNotOpen, UnderAPlan, Invalid without a reason. It locks the bill,
    its account and its credit line. Rule 15.23.
    """
    account, invoice = hold(invoice_id, now=now)
    now = account.now
    _check_step(invoice, Status.UNCOLLECTIBLE)
    plan_parts.check_none(invoice)
    _decide(invoice, Decided.UNCOLLECTIBLE, actor, reason, now)
    invoice.status = Status.UNCOLLECTIBLE
    invoice.next_attempt_at = None
    invoice.save(update_fields=["status", "next_attempt_at"])
    return invoice


def hold(invoice_id: int, *, now: datetime) -> tuple[BillingAccount, Invoice]:
    """Lock the bill's account, its credit line, both with their ended days worked off
    (accounts.lock_both), and the bill; returns the account and the bill. What is done to the bill
    counts at `account.now`.

    The line is locked since a decision about a bill may freeze it or lift a freeze. Raises
    UnknownInvoice.
    """
    found = Invoice.objects.filter(pk=invoice_id)
    account_id = found.values_list("account", flat=True).first()
    if account_id is None:
        raise UnknownInvoice(f"bill: there is no bill {invoice_id}")
    account, _ = accounts.lock_both(account_id, now=now)
    return account, found.select_for_update().get()


@transaction.atomic
def _undo(invoice_id: int, decision: Decided, actor: str, reason: str, now: datetime) -> Invoice:
    """Void the bill or discard the draft, so that its items are outstanding again; record the
    decision, also on the trail, write the credit note of an issuer's void bill, and adjust the
    credit line's freeze for unpaid bills; the merchant is notified of one that is lifted. Raises
    UnknownInvoice, InvoiceNotOpen, InvoiceHasPayments, UnderAPlan, Invalid without a reason. It
    locks the bill, its account and its credit line.
    """
    account, invoice = hold(invoice_id, now=now)
    now = account.now
    if invoice.is_draft != (decision == Decided.SENT_BACK):
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")
    _check_step(invoice, Status.VOID)
    plan_parts.check_none(invoice)
    if any(not payment.has_failed for payment in invoice.payments.all()):
        raise InvoiceHasPayments(f"bill: {invoice} has payments, or one that is being checked")
    _decide(invoice, decision, actor, reason, now)
    if decision == Decided.VOIDED:
        credit_notes.write(account, invoice)
    invoice.status = Status.VOID
    invoice.next_attempt_at = None
    invoice.save(update_fields=["status", "next_attempt_at"])
    InvoiceItem.objects.filter(invoice=invoice).update(invoice=None)
    BillingAccount.objects.filter(pk=account.pk).update(
        outstanding=F("outstanding") + invoice.net.amount,
        billed_through=invoices.billed_through(account),
    )
    dunning.reconsider(account, by=actor, now=now)
    return invoice


def _check_step(invoice: Invoice, status: Status) -> None:
    """Raise InvoiceNotOpen unless the bill's status may change to `status`."""
    if not invoice.may_become(status):
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")


def _decide(invoice: Invoice, decision: Decided, actor: str, reason: str, now: datetime) -> None:
    """Record the decision with its reason, also on the trail; the caller then changes the bill.
    Raises Invalid without a reason.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    InvoiceDecision.objects.create(
        invoice=invoice,
        decision=decision,
        actor=actor,
        reason=reason,
        at=now,
    )
    action, becomes = STEPS[decision]
    trail.write(
        action,
        merchant_id=invoice.account_id,
        subject=invoice.number or f"draft {invoice.pk}",
        before={"status": invoice.status, "total": money.full(invoice.total)},
        after={"status": str(becomes), "total": money.full(invoice.total)},
        actor=actor,
        reason=reason,
        now=now,
    )
