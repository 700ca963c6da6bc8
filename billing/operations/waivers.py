"""Waives what is left of a bill, or a part of it (rule 14.5).

A waiver is a credit that pays the bill at once: a negative charge, a payment of provider `credit`,
and the charge that uses the credit up. So what is outstanding stays as it was, and the bill is paid
by exactly the payments that it has.
"""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from billing import sorts
from billing.models import BillingAccount, Fee, Invoice, Payment, Waiver
from billing.notices.invoices import WAIVED
from billing.operations import attempts, charges
from billing.operations.invoice_decisions import InvoiceNotOpen, hold
from billing.operations.payments import PaymentUnderWay
from billing.proposals import WAIVER
from billing.providers.minimums import is_too_little
from billing.queries import undecided
from billing.trail import Action
from lib import form_keys, money, wording
from lib.refusals import Invalid, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from notices.operations import notices
from trail import operations as trail


class MoreThanIsLeft(Refused):
    """The bill has less left to pay than would be waived."""

    code = "more_than_is_left"


@transaction.atomic
def waive(
    *,
    invoice_id: int,
    amount: Money,
    reason: str,
    told: str,
    request_key: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> Waiver:
    """Waive `amount` of what is left of an open or uncollectible bill, under locks of the
    bill, its account and its credit line, with a trail row and an entry among operators'
    decisions; what is then left has to be 0, or enough for its provider to collect it. The
    merchant is notified and reads `told`, while `reason` is for colleagues; the same form
    sent twice, recognised by its `request_key`, makes one waiver.

    It takes the `proposal` that a second person confirms if it would bring the credits that
    all operators together have given this merchant on its local day above the operator
    policy's figure, or if the policy has none. Raises TakesTwoPeople, ChangedMeanwhile,
    UnknownInvoice, InvoiceNotOpen, PaymentUnderWay, MoreThanIsLeft, FormConflict,
    CurrencyMismatch, Invalid. Rule 14.5.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    account, invoice = hold(invoice_id, now=now)
    amount = money.accepted(amount, account.currency)
    known = form_keys.sent_before(invoice.waivers.all(), request_key, amount=amount)
    if known:
        return known
    _check(account, invoice, amount)
    _check_alone(account, invoice, amount, proposal)
    before = _standing(invoice)
    waiver = _write(account, invoice, amount, actor, reason, told, request_key)
    trail.write(
        Action.INVOICE_WAIVED,
        merchant_id=account.pk,
        subject=str(invoice),
        before=before,
        after=_standing(invoice) | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=account.now,
    )
    two_people.note(
        sorts.CREDIT, subject=f"waiver {waiver.pk}", merchant_id=account.pk,
        currency=account.currency, figure=amount.amount, day=account.open_on,
        proposal=proposal, actor=actor, now=account.now,
    )  # fmt: skip
    notices.write(
        merchant_id=account.pk,
        kind=WAIVED,
        cause=str(waiver.pk),
        at=account.now,
        number=str(invoice),
        amount=money.text(amount),
        left=money.text(invoice.left_to_pay),
        currency=account.currency,
        reason=told,
    )
    return waiver


def is_made(invoice_id: int, request_key: str) -> bool:
    """Look up whether the form with this request key has made its waiver of the bill."""
    return Waiver.objects.filter(invoice=invoice_id, request_key=request_key).exists()


def _check(account: BillingAccount, invoice: Invoice, amount: Money) -> None:
    """Raise InvoiceNotOpen if the bill is not unpaid, PaymentUnderWay, MoreThanIsLeft, or Invalid
    for an amount that is not above 0 or would leave too little to be collected.
    """
    if not invoice.is_unpaid:
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")
    if undecided.exists(invoice):
        raise PaymentUnderWay(f"payment: one of bill {invoice} is being checked")
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    left = invoice.left_to_pay - amount
    if left.amount < 0:
        raise MoreThanIsLeft(
            f"amount: {money.text(amount)} is more than the {money.text(invoice.left_to_pay)} left"
        )
    if left and is_too_little(account, left):
        raise Invalid(
            "amount", f"would leave {money.text(left)}, which is too little to be collected"
        )


def _check_alone(
    account: BillingAccount, invoice: Invoice, amount: Money, proposal: Proposal | None
) -> None:
    """Raise TakesTwoPeople if the waiver takes a second person, and nobody confirms it as
    `proposal`; ChangedMeanwhile if another amount was left to pay when that was proposed.
    """
    left = invoice.left_to_pay
    wanted = two_people.Change(
        kind=WAIVER,
        subject=f"rest of bill {invoice}",
        merchant_id=account.pk,
        before={"left_to_pay": money.full(left)},
        after={"left_to_pay": money.full(left - amount), "waived": money.full(amount)},
    )
    two_people.check_figure(
        sorts.CREDIT, amount.amount, wanted, currency=account.currency, day=account.open_on,
        proposal=proposal,
    )  # fmt: skip


def _write(
    account: BillingAccount,
    invoice: Invoice,
    amount: Money,
    actor: str,
    reason: str,
    told: str,
    request_key: str,
) -> Waiver:
    """Write the negative charge, the payment of the bill by it, the charge that uses it up, and the
    waiver that names them; returns that. `amount` is above 0. The payment may lift a freeze or end
    a payment plan, of which the merchant is notified.
    """
    number = Waiver.objects.filter(invoice=invoice).count() + 1
    credit = charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.INVOICE_WAIVER),
        reference=f"waived:{invoice}:{number}",
        amount=-amount,
        description=str(invoice),
        is_half=True,
        now=account.now,
    )
    account.refresh_from_db()
    invoice.refresh_from_db()
    payment = attempts.pay(
        account, invoice, provider=Payment.Provider.CREDIT, amount=amount, actor=actor,
        now=account.now,
    )  # fmt: skip
    charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.CREDIT_USED),
        reference=f"{Fee.CREDIT_USED}:{payment}",
        amount=amount,
        description=str(invoice),
        is_half=True,
        now=account.now,
    )
    return Waiver.objects.create(
        invoice=invoice,
        currency=account.currency,
        amount=amount,
        charge=credit,
        payment=payment,
        actor=actor,
        reason=reason,
        told=told,
        request_key=request_key,
        at=account.now,
    )


def _standing(invoice: Invoice) -> dict[str, str]:
    """The bill's status and what is left of it, as texts for the trail."""
    return {"status": str(invoice.status), "left_to_pay": money.full(invoice.left_to_pay)}
