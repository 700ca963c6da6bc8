"""Gives a bill that is paid by transfer another, later due day (rule 16.21)."""

from datetime import date, datetime, timedelta

from django.db import transaction

from billing.models import DueDay
from billing.notices.invoices import DUE_DAY
from billing.operations import plan_parts
from billing.operations.invoice_decisions import InvoiceNotOpen, hold
from billing.trail import Action
from lib import wording
from lib.refusals import Invalid, Refused
from notices.operations import notices
from trail import operations as trail

LONGEST = timedelta(days=90)  # after the bill's issue


class NotDueByItself(Refused):
    """The account's bills are collected, or the bill has failed: it has no due day to move."""

    code = "not_due_by_itself"


@transaction.atomic
def move(
    *, invoice_id: int, due_on: date, reason: str, told: str, actor: str, now: datetime
) -> DueDay:
    """Give an open bill of an account that pays by transfer a later due day, from which its first
    failure and the freeze of the line are counted; with a trail row. The merchant is notified and
    reads `told`; `reason` is for colleagues.

    The day must be later than the present one and than today, and within LONGEST after the issue.
    Raises UnknownInvoice, InvoiceNotOpen, UnderAPlan, NotDueByItself once it has failed or if the
    account is collected from, and Invalid for another day or without both texts. It locks the bill,
    its account and its credit line. Rule 16.21.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    account, invoice = hold(invoice_id, now=now)
    if not invoice.is_open:
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")
    plan_parts.check_none(invoice)
    if account.pays_by_itself or invoice.first_failed_at is not None:
        raise NotDueByItself(f"bill: {invoice} is collected by itself, or has failed already")
    if not max(invoice.due_on, account.open_on) < due_on <= invoice.issued_on + LONGEST:
        raise Invalid(
            "due_on",
            f"must be later than {max(invoice.due_on, account.open_on)}, and within"
            f" {LONGEST.days} days after the issue",
        )
    moved = DueDay.objects.create(
        invoice=invoice,
        before=invoice.due_on,
        due_on=due_on,
        actor=actor,
        reason=reason,
        told=told,
        at=account.now,
    )
    invoice.due_on = due_on
    invoice.save(update_fields=["due_on"])
    trail.write(
        Action.DUE_DAY_MOVED,
        merchant_id=account.pk,
        subject=str(invoice),
        before={"due_on": moved.before.isoformat()},
        after={"due_on": due_on.isoformat()},
        actor=actor,
        reason=reason,
        now=account.now,
    )
    notices.write(
        merchant_id=account.pk,
        kind=DUE_DAY,
        cause=str(moved.pk),
        at=account.now,
        number=str(invoice),
        day=due_on.isoformat(),
        reason=told,
    )
    return moved
