"""Money that operators see come in or give back (domain: payment, manual)."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from moneyed import Money

from billing.models import Invoice, Payment, StrayPayment
from billing.operations import payments
from billing.operations.bill_decisions import BillNotOpen, hold
from billing.queries import undecided
from merchants import installation, money, wording
from merchants.operations import trail
from merchants.refusals import Conflict, Invalid, Refused
from merchants.trail import Action

MANUAL = "manual"


class MoreThanIsLeft(Refused):
    """The transfer is larger than what is left of the bill; nothing is overpaid."""

    code = "more_than_is_left"


class TransferConflict(Conflict):
    """A transfer of another amount is recorded on the bill under this reference."""


class AlreadySettled(Refused):
    """Somebody has dealt with this money."""

    code = "already_settled"


@transaction.atomic
def record(
    *, invoice_id: int, amount: Money, reference: str, actor: str, now: datetime
) -> tuple[Payment, bool]:
    """Write down that a bank transfer came in for an unpaid bill, all of it or a part.

    `reference` is the bank's own; the same transfer of the same amount is recorded once. Returns
    the payment and whether it is new. Raises UnknownBill, BillNotOpen, PaymentUnderWay,
    MoreThanIsLeft, TransferConflict, CurrencyMismatch, Invalid.
    """
    reference = wording.line("reference", reference)
    account, bill = hold(invoice_id, now=now)
    now = account.now
    figure = money.figure(amount, bill.currency)
    if figure <= 0:
        raise Invalid("amount", "must be more than 0")
    known = bill.payments.filter(provider=MANUAL, provider_reference=reference).first()
    if known:
        if known.amount != figure:
            raise TransferConflict(f"reference: {reference} is known with another amount")
        return known, False
    if not bill.is_unpaid:
        raise BillNotOpen(f"bill: {bill} is {bill.status}")
    if undecided.exists(bill):
        raise payments.PaymentUnderWay(f"payment: one of bill {bill} is being checked")
    if figure > bill.left_to_pay:
        left = money.text(bill.left_to_pay, bill.currency)
        raise MoreThanIsLeft(f"amount: {figure:f} is more than the {left} left of bill {bill}")
    payment = _payment(bill, figure, reference, actor, now)
    before = _paid(bill)
    payments.take_in(account, bill, payment, now=now)
    trail.write(
        Action.TRANSFER_RECORDED,
        merchant_id=account.pk,
        subject=str(bill),
        before=before,
        after=_paid(bill) | {"reference": reference},
        actor=actor,
        now=now,
    )
    return payment, True


def _payment(bill: Invoice, figure: Decimal, reference: str, actor: str, now: datetime) -> Payment:
    attempt = bill.payments.count() + 1
    return Payment.objects.create(
        invoice=bill,
        attempt=attempt,
        provider=MANUAL,
        actor=actor,
        idempotency_key=installation.outside(f"{bill.number}-{attempt}"),
        provider_reference=reference,
        status=Payment.Status.SUCCEEDED,
        currency=bill.currency,
        amount=figure,
        started_at=now,
        ended_at=now,
    )


def _paid(bill: Invoice) -> dict[str, str]:
    paid = money.full(bill.amount_paid, bill.currency)
    return {"status": str(bill.status), "amount_paid": paid}


@transaction.atomic
def settle_stray(*, stray_id: int, actor: str, reason: str, now: datetime) -> StrayPayment:
    """Write down what was done with money that no bill wanted, such as giving it back.

    Raises AlreadySettled, Invalid without a reason.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    found = StrayPayment.objects.select_related("payment__invoice")
    account, _ = hold(found.get(pk=stray_id).payment.invoice_id, now=now)
    now = account.now
    stray = found.select_for_update(of=("self",)).get(pk=stray_id)
    if stray.status != StrayPayment.Status.OPEN:
        raise AlreadySettled(f"payment: {stray.settled_by} has dealt with it")
    stray.status = StrayPayment.Status.SETTLED
    stray.settled_at = now
    stray.settled_by = actor
    stray.reason = reason
    stray.save(update_fields=["status", "settled_at", "settled_by", "reason"])
    what = {"amount": money.full(stray.amount, stray.currency)}
    trail.write(
        Action.STRAY_SETTLED,
        merchant_id=stray.payment.invoice.account_id,
        subject=str(stray.payment),
        before={"status": str(StrayPayment.Status.OPEN), **what},
        after={"status": str(stray.status), **what},
        actor=actor,
        reason=reason,
        now=now,
    )
    return stray
