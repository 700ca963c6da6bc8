"""Records money of payments that their providers took back, and what is decided about it (rule
18.1).

A reversal is recorded once, by the provider's own id, from whatever source we hear of it first. The
payment stays succeeded and its bill paid: what follows is decided by a billing officer.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from moneyed import Money

from billing import sorts
from billing.models import BankTransfer, BillingAccount, Fee, Invoice, Payment, Reversal
from billing.notices.invoices import PAYMENT_REVERSED
from billing.operations import accounts, charges, closing, rests, unapplied
from billing.operations.invoice_decisions import hold
from billing.proposals import REVERSAL
from billing.trail import Action
from lib import money, wording
from lib.refusals import AlreadyDecided, ChangedMeanwhile, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from notices.operations import notices
from trail import operations as trail

log = logging.getLogger(__name__)

Status = Reversal.Status
# What the merchant is told of a reversal; RECORDED, CHARGED and ACCEPTED are its states.
REFUNDED, TAKEN, CAME_BACK = "REFUNDED", "TAKEN", "CAME_BACK"


class UnknownReversal(Refused):
    """There is no such reversal."""

    code = "unknown_reversal"


@dataclass(frozen=True)
class ProviderReport:
    """What a provider says about money that it took back."""

    provider: str
    reference: str  # its own id of the reversal
    kind: Reversal.Kind
    money_reference: str  # its own id of the money
    amount: Money
    state: str  # in its own word
    came_back: bool  # it was taken for a time, and is with us again
    is_ours: bool  # we gave it back ourselves


@transaction.atomic
def record(
    report: ProviderReport, *, payment_id: int, actor: str, now: datetime
) -> Reversal | None:
    """Record that a provider took back money of a payment; or, if this reversal is on record, what
    the provider says about it now, and follow up if the money came back. The merchant is notified
    of a new one, and of money that came back. A repeat changes nothing.

    If this money did not pay a bill by itself but became unapplied, it is taken from unapplied
    money as far as there is any (unapplied.take_back). A reversal is ACCEPTED at once if it is a
    refund of ours, or all of it was taken so; any other one waits for a billing officer. After a
    dispute, nothing more is collected from the account's card if it is the disputed one. Returns
    the reversal, of at most what is left of the payment's money; None if it is new and the money
    has come back already, or nothing is left that could be taken, as with a transfer that was
    booked elsewhere since (rule 17.9). The amount is in the payment's
    currency, which the caller checks. Raises Payment.DoesNotExist. It locks the bill, its account
    and its credit line. Rule 18.1, rule 18.2.
    """
    payment = Payment.objects.get(pk=payment_id)
    account, invoice = hold(payment.invoice_id, now=now)
    known = Reversal.objects.filter(
        provider=report.provider, provider_reference=report.reference
    ).first()
    if known is not None:
        return _update(account, known, report, actor)
    amount = min(report.amount, _left(payment, report.money_reference))
    if report.came_back or amount.amount <= 0:
        _log_nothing_left(report, payment)
        return None
    if amount < report.amount:
        log.error("%s takes more than is left of payment %s", report.reference, payment)
    rest = unapplied.take_back(
        account,
        source=unapplied.of_attempt(payment, report.money_reference),
        reversal=report.reference,
        amount=amount,
        actor=actor,
        now=account.now,
    )
    is_decided = report.is_ours or not rest
    reversal = Reversal.objects.create(
        account=account,
        payment=payment,
        money_reference=report.money_reference,
        provider=report.provider,
        provider_reference=report.reference,
        kind=report.kind,
        state=report.state,
        status=Status.ACCEPTED if is_decided else Status.RECORDED,
        currency=payment.currency,
        amount=amount,
        taken=amount - rest,
        recorded_at=account.now,
        recorded_by=actor,
        decided_at=account.now if is_decided else None,
        decided_by=actor if is_decided else "",
    )
    _stop_collecting(account, reversal)
    said = REFUNDED if report.is_ours else TAKEN if is_decided else str(Status.RECORDED)
    _notify(reversal, invoice, said, account.now)
    return reversal


def _left(payment: Payment, money_reference: str) -> Money:
    """How much of the money of the payment, which the provider calls `money_reference`, has not
    been taken back; what was and has come back counts as not taken. Of a transfer that was booked
    elsewhere nothing is left here.
    """
    if BankTransfer.objects.filter(payment=payment, status=BankTransfer.Status.MOVED).exists():
        return money.zero(payment.currency)
    before = payment.reversals.filter(money_reference=money_reference, came_back_at__isnull=True)
    return payment.amount - money.total((one.amount for one in before), payment.currency)


def _log_nothing_left(report: ProviderReport, payment: Payment) -> None:
    """Log an error for a report that takes back money of which nothing is left, unless that money
    has come back.
    """
    if not report.came_back:
        log.error("%s takes back what payment %s has no more", report.reference, payment)


def _stop_collecting(account: BillingAccount, reversal: Reversal) -> None:
    """If the reversal is a dispute of a payment from the account's present card, note and
    save on the locked account that the card is disputed. Then nothing is collected from it
    until the merchant has chosen a payment method, which may be the same card. A refund,
    and a dispute of a payment from another card or from none, change nothing; an earlier
    dispute's instant stays.
    """
    card_id = reversal.payment.card_id
    if reversal.is_dispute and card_id is not None and card_id == account.card_id:
        account.card_disputed_at = account.card_disputed_at or account.now
        account.save(update_fields=["card_disputed_at"])


def _update(
    account: BillingAccount, reversal: Reversal, report: ProviderReport, actor: str
) -> Reversal:
    """Record what the provider now says of a reversal that is on record, and follow up if the money
    has come back, of which the merchant is notified. Nothing is changed if it says the same as
    before. One that is not given back after all is only logged. The caller holds the locks of
    `record`.
    """
    if reversal.state != report.state:
        reversal.state = report.state
        reversal.save(update_fields=["state"])
    if report.came_back and reversal.came_back_at is None:
        _record_return(account, reversal, actor)
    elif reversal.came_back_at is not None and not report.came_back:
        log.error("%s came back, and is %s now", reversal, report.state)
    return reversal


def _record_return(account: BillingAccount, reversal: Reversal, actor: str) -> None:
    """Record that the provider gave the money back, and notify the merchant.

    A reversal that waits for a decision becomes CANCELLED; a decision stands. What the merchant has
    lost by the reversal becomes unapplied money and pays unpaid bills at once, which are locked:
    the whole amount if it was charged again, otherwise the part that was taken from unapplied
    money. The reversal that is given is changed and saved.
    """
    reversal.came_back_at = account.now
    if reversal.is_undecided:
        reversal.status = Status.CANCELLED
        reversal.decided_at, reversal.decided_by = account.now, actor
    reversal.save(update_fields=["came_back_at", "status", "decided_at", "decided_by"])
    lost = reversal.amount if reversal.status == Status.CHARGED else reversal.taken
    if lost:
        unapplied.receive(
            account,
            source=unapplied.of_return(reversal.provider_reference),
            amount=lost,
            reference=reversal.provider_reference,
            actor=actor,
            now=account.now,
        )
        rests.pay_invoices(account, actor=actor, now=account.now)
    _notify(reversal, reversal.payment.invoice, CAME_BACK, account.now)


@transaction.atomic
def charge(
    *, reversal_id: int, seen: str, actor: str, reason: str, message: str, now: datetime
) -> Reversal:
    """Charge the merchant again for what was taken back, except for the part that was taken from
    unapplied money; the charge posts at once. The merchant is notified and reads `message`;
    `reason` is for colleagues, on the trail.

    On a closed account a FINAL bill takes it. `seen` is the state that the page showed
    (`Reversal.seen`). Raises UnknownReversal, AlreadyDecided, ChangedMeanwhile, Invalid without a
    reason or a message. It locks account and credit line, whose ended days are worked off first
    (accounts.lock_both). Rule 18.5.
    """
    account, reversal = _hold_undecided(reversal_id, seen, now)
    reversal.charge = charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.REVERSAL),
        reference=f"{Fee.REVERSAL}:{reversal.pk}",
        amount=reversal.rest,
        description=str(reversal.payment.invoice),
        now=account.now,
    )
    decided = _decide(account, reversal, Status.CHARGED, actor, reason, message)
    closing.invoice_again(account, actor=actor)
    return decided


@transaction.atomic
def accept(
    *,
    reversal_id: int,
    seen: str,
    actor: str,
    reason: str,
    message: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> Reversal:
    """Decide that the merchant is charged nothing for what was taken back, and notify the merchant,
    who reads `message`; `reason` is for colleagues, on the trail. `seen` is the state that the page
    showed. Raises UnknownReversal, AlreadyDecided, ChangedMeanwhile, Invalid without a reason or a
    message.

    It is given to the merchant like a credit, and written among operators' decisions: above the
    day's figure for those it takes the `proposal` that a second person confirms, and raises
    TakesTwoPeople without. It locks account and credit line, whose ended days are worked off first
    (accounts.lock_both). Rule 18.4, rule 18.9.
    """
    message = wording.checked("message", message, wording.LONGEST_REASON)
    account, reversal = _hold_undecided(reversal_id, seen, now)
    wanted = two_people.Change(
        kind=REVERSAL,
        subject=f"reversal {reversal}",
        merchant_id=account.pk,
        before={"status": str(reversal.status)},
        after={
            "status": str(Status.ACCEPTED),
            "not_charged_again": money.full(reversal.rest),
            "told_to_merchant": message,
        },
    )
    two_people.check_figure(
        sorts.CREDIT, reversal.rest.amount, wanted, currency=account.currency, day=account.open_on,
        proposal=proposal,
    )  # fmt: skip
    decided = _decide(account, reversal, Status.ACCEPTED, actor, reason, message, proposal)
    two_people.note(
        sorts.CREDIT, subject=f"reversal {reversal.pk}", merchant_id=account.pk,
        currency=account.currency, figure=reversal.rest.amount, day=account.open_on,
        proposal=proposal, actor=actor, now=account.now,
    )  # fmt: skip
    return decided


def _hold_undecided(reversal_id: int, seen: str, now: datetime) -> tuple[BillingAccount, Reversal]:
    """Lock the account and credit line of a reversal that still waits for a decision and is in the
    state `seen`; returns the account and the reversal. Raises UnknownReversal, AlreadyDecided,
    ChangedMeanwhile. Ended days are worked off first (accounts.lock_both).
    """
    account_id = Reversal.objects.filter(pk=reversal_id).values_list("account", flat=True).first()
    if account_id is None:
        raise UnknownReversal(f"reversal: there is no reversal {reversal_id}")
    account, _ = accounts.lock_both(account_id, now=now)
    reversal = Reversal.objects.select_related("payment__invoice").get(pk=reversal_id)
    if not reversal.is_undecided:
        raise AlreadyDecided(f"reversal: {reversal} is {reversal.status} already")
    if reversal.seen != seen:
        raise ChangedMeanwhile(
            f"reversal: its provider says {reversal.state} of it by now; look at it again"
        )
    return account, reversal


ACTIONS = {
    Status.CHARGED: Action.REVERSAL_CHARGED,
    Status.ACCEPTED: Action.REVERSAL_ACCEPTED,
}


def _decide(
    account: BillingAccount,
    reversal: Reversal,
    status: Reversal.Status,
    actor: str,
    reason: str,
    message: str,
    proposal: Proposal | None = None,
) -> Reversal:
    """Record the decision, with the reversal's charge if the caller has given it one, write it on
    the trail and notify the merchant, who reads `message`. The trail names who proposed the
    `proposal` that a second person confirmed, if there was one. Raises Invalid without a reason or
    a message.
    """
    before, reversal.status = reversal.status, status
    reversal.decided_at, reversal.decided_by = account.now, actor
    reversal.reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    reversal.message = wording.checked("message", message, wording.LONGEST_REASON)
    reversal.save(
        update_fields=["status", "decided_at", "decided_by", "reason", "message", "charge"]
    )
    nothing = money.zero(reversal.currency)
    charged = reversal.rest if reversal.charge else nothing
    trail.write(
        ACTIONS[status],
        merchant_id=account.pk,
        subject=str(reversal),
        before={"status": before, "charged": money.full(nothing)},
        after={"status": str(status), "charged": money.full(charged)}
        | two_people.proposed_by(proposal),
        actor=actor,
        reason=reversal.reason,
        now=account.now,
    )
    _notify(reversal, reversal.payment.invoice, str(status), account.now)
    return reversal


def _notify(reversal: Reversal, invoice: Invoice, status: str, now: datetime) -> None:
    """Write the merchant's notice of what became of the reversal of the bill's payment, once for
    each status.
    """
    notices.write(
        merchant_id=reversal.account_id,
        kind=PAYMENT_REVERSED,
        cause=f"{reversal.provider_reference} {status}",
        at=now,
        number=str(invoice),
        amount=money.text(
            reversal.rest if status in (Status.CHARGED, Status.ACCEPTED) else reversal.amount
        ),
        currency=reversal.currency,
        status=f"RETURN_{status}" if reversal.is_return else status,
        answer=reversal.message,
    )
