"""Draws up a bill at once, by an operator's decision (rule 15.26)."""

from datetime import datetime

from django.db import transaction

from billing.models import Invoice, InvoiceDecision
from billing.operations import accounts, invoices
from billing.operations.charges import AccountClosed
from billing.operations.closing import DraftWaits, NothingToBill
from billing.trail import Action
from lib import money, wording
from trail import operations as trail


@transaction.atomic
def draw_up(*, merchant_id: int, actor: str, reason: str, now: datetime) -> Invoice:
    """Write an ON_REQUEST bill for what the open account has outstanding, plan fees left aside; a
    draft, if its bills are reviewed. The dates of later bills stay. The merchant is notified of a
    bill that is no draft. Its unapplied money pays unpaid bills at once, this one too unless it is
    a draft. The decision is recorded, also on the trail.

    Raises AccountClosed, DraftWaits while a draft of the account waits, NothingToBill for 0 or less
    or less than the provider's minimum, Invalid without a reason. It locks account and credit line,
    whose ended days are worked off first (accounts.lock_both). Rule 15.26.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    account, _ = accounts.lock_both(merchant_id, now=now)
    if account.is_closed:
        raise AccountClosed("account: it is closed; bill its rest")
    if account.invoices.filter(status=Invoice.Status.DRAFT).exists():
        raise DraftWaits("account: a draft of it waits to be issued or sent back")
    due = invoices.Due(account.pk, Invoice.Kind.ON_REQUEST, account.open_on, account.now)
    written = invoices.issue([due])
    if not written:
        raise NothingToBill(
            "account: what is outstanding, without plan fees, is nothing, or less than its"
            " provider collects"
        )
    invoice = Invoice.objects.select_related("account").get(pk=written[0])
    InvoiceDecision.objects.create(
        invoice=invoice,
        decision=InvoiceDecision.Decision.REQUESTED,
        actor=actor,
        reason=reason,
        at=account.now,
    )
    trail.write(
        Action.BILLED_ON_REQUEST,
        merchant_id=merchant_id,
        subject="billing account",
        before={"outstanding": money.full(account.outstanding), "bill": ""},
        after={
            "outstanding": money.full(invoice.account.outstanding),
            "bill": invoice.number or "draft",
        },
        actor=actor,
        reason=reason,
        now=account.now,
    )
    return invoice
