"""Records bank transfers that came in, and money that was given back (rule 16.6, rule 17.1).

A transfer is known by the bank's reference: an account has each once, whatever it paid.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from moneyed import Money

from billing.models import BillingAccount, Invoice, Payment, UnappliedEntry
from billing.operations import accounts, attempts, payments, rests, unapplied
from billing.operations.charges import AccountClosed
from billing.operations.invoice_decisions import InvoiceNotOpen, hold
from billing.proposals import UNAPPLIED
from billing.queries import undecided
from billing.trail import Action
from credit.operations.withdrawal_transitions import stop_if_suspected
from lib import money, wording
from lib.refusals import Conflict, Invalid, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.sorts import PAY_OUT
from trail import operations as trail

MANUAL = Payment.Provider.MANUAL


class TransferConflict(Conflict):
    """A transfer of another amount is recorded on the account under this reference."""


class MoreThanIsUnapplied(Refused):
    """The account has less unapplied money than the amount to be given back."""

    code = "more_than_is_unapplied"


@dataclass(frozen=True)
class Transfer:
    """What a bank transfer became: `paid` went to the bill that it named, and `unapplied` became
    unapplied money, whatever that has paid since.
    """

    paid: Money
    unapplied: Money
    is_new: bool


@transaction.atomic
def record(
    *, invoice_id: int, amount: Money, reference: str, actor: str, now: datetime
) -> Transfer:
    """Record a bank transfer that came in for a bill.

    It pays what is left of the bill; the rest becomes unapplied money, and so does all of it if the
    bill is paid or void. Unapplied money then pays other unpaid bills. `reference` is the bank's
    own; the same transfer of the same amount is recorded once on the account. Raises
    UnknownInvoice, InvoiceNotOpen for a draft, PaymentUnderWay, TransferConflict, CurrencyMismatch,
    Invalid. Rule 17.1.
    """
    reference = wording.line("reference", reference)
    account, invoice = hold(invoice_id, now=now)
    amount = _positive(amount, account)
    known = _known_transfer(account, reference, amount)
    if known:
        return known
    if invoice.number is None:
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")
    if undecided.exists(invoice):
        raise payments.PaymentUnderWay(f"payment: one of bill {invoice} is being checked")
    before = _paid_state(invoice)
    paid = min(amount, invoice.left_to_pay) if invoice.is_unpaid else money.zero(account.currency)
    if paid:
        attempts.pay(
            account, invoice, provider=MANUAL, amount=paid, reference=reference,
            actor=actor, now=account.now,
        )  # fmt: skip
    after = _paid_state(invoice)
    rest = amount - paid
    if rest:
        kept = {"unapplied": money.full(account.unapplied + rest)}
        before["unapplied"], after = money.full(account.unapplied), after | kept
    _write_trail(account, str(invoice), before, after | {"reference": reference}, actor)
    if rest:
        _receive_unapplied(account, rest, reference, actor)
    return Transfer(paid, rest, is_new=True)


@transaction.atomic
def receive(
    *, merchant_id: int, amount: Money, reference: str, actor: str, now: datetime
) -> Transfer:
    """Record a bank transfer that names no bill: it becomes unapplied money, which pays unpaid
    bills, oldest due day first.

    In the result `paid` is 0, whatever bills the money paid. The same transfer of the same amount
    is recorded once on the account. Raises TransferConflict, CurrencyMismatch, Invalid. Rule 17.1.
    """
    reference = wording.line("reference", reference)
    account, _ = accounts.lock_both(merchant_id, now=now)
    amount = _positive(amount, account)
    known = _known_transfer(account, reference, amount)
    if known:
        return known
    before = money.full(account.unapplied)
    after = money.full(account.unapplied + amount)
    _write_trail(
        account,
        "billing account",
        {"unapplied": before},
        {"unapplied": after, "reference": reference},
        actor,
    )
    _receive_unapplied(account, amount, reference, actor)
    return Transfer(money.zero(account.currency), amount, is_new=True)


def _positive(amount: Money, account: BillingAccount) -> Money:
    """The amount with exactly the account's digits. Raises CurrencyMismatch, or Invalid if it is
    not above 0.
    """
    amount = money.accepted(amount, account.currency)
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    return amount


def _known_transfer(account: BillingAccount, reference: str, amount: Money) -> Transfer | None:
    """The transfer that is recorded on the locked account under this reference, or None. Raises
    TransferConflict if it has another amount.
    """
    payments_of_it = Payment.objects.filter(
        invoice__account=account, provider=MANUAL, provider_reference=reference
    )
    entries = account.unapplied_entries.filter(
        kind=UnappliedEntry.Kind.RECEIVED, source=unapplied.of_transfer(reference)
    )
    paid, kept = (
        money.total((row.amount for row in found), account.currency)
        for found in (payments_of_it, entries)
    )
    if not paid + kept:
        return None
    if paid + kept != amount:
        raise TransferConflict(f"reference: {reference} is known with another amount")
    return Transfer(paid, kept, is_new=False)


def is_recorded(merchant_id: int, reference: str) -> bool:
    """Whether a transfer is on record for the account under the bank's reference."""
    paid = Payment.objects.filter(
        invoice__account=merchant_id, provider=MANUAL, provider_reference=reference
    )
    kept = UnappliedEntry.objects.filter(
        account=merchant_id,
        kind=UnappliedEntry.Kind.RECEIVED,
        source=unapplied.of_transfer(reference),
    )
    return paid.exists() or kept.exists()


def is_given_back(merchant_id: int, reference: str) -> bool:
    """Whether unapplied money of the account was given back under the bank's reference."""
    return UnappliedEntry.objects.filter(
        account=merchant_id,
        kind=UnappliedEntry.Kind.GIVEN_BACK,
        source=unapplied.of_giving_back(reference),
    ).exists()


def _receive_unapplied(account: BillingAccount, amount: Money, reference: str, actor: str) -> None:
    """Record the amount as unapplied money, and pay unpaid bills with it."""
    unapplied.receive(
        account,
        source=unapplied.of_transfer(reference),
        amount=amount,
        reference=reference,
        actor=actor,
        now=account.now,
    )
    rests.pay_invoices(account, actor=actor, now=account.now)


def _paid_state(invoice: Invoice) -> dict[str, str]:
    """The bill's status and amount paid, for the trail."""
    paid = money.full(invoice.amount_paid)
    return {"status": str(invoice.status), "amount_paid": paid}


def _write_trail(
    account: BillingAccount, subject: str, before: dict[str, str], after: dict[str, str], actor: str
) -> None:
    trail.write(
        Action.TRANSFER_RECORDED,
        merchant_id=account.pk,
        subject=subject,
        before=before,
        after=after,
        actor=actor,
        now=account.now,
    )


@transaction.atomic
def give_back(
    *,
    merchant_id: int,
    amount: Money,
    reference: str,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> UnappliedEntry:
    """Record that unapplied money was paid back to the merchant, under the bank's reference.

    The same reference and amount is recorded once. The money of a closed account is paid out with
    its rest instead (terms.pay_out_rest). Above the day's figure for pay-outs it takes the
    `proposal` that a second person confirms. Raises TakesTwoPeople, AccountClosed,
    MoreThanIsUnapplied, TransferConflict, WithdrawalsStopped while fraud is suspected,
    CurrencyMismatch, Invalid. Rule 17.5.
    """
    reference = wording.line("reference", reference)
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    account, line = accounts.lock_both(merchant_id, now=now)
    amount = _positive(amount, account)
    known = account.unapplied_entries.filter(
        kind=UnappliedEntry.Kind.GIVEN_BACK, source=unapplied.of_giving_back(reference)
    ).first()
    if known:
        if known.amount != -amount:
            raise TransferConflict(f"reference: {reference} is known with another amount")
        return known
    if account.is_closed:
        raise AccountClosed("account: it is closed; pay out its rest")
    stop_if_suspected(line)
    if amount > account.unapplied:
        left = money.text(account.unapplied)
        raise MoreThanIsUnapplied(f"amount: {money.text(amount)} is more than the {left} there is")
    _check_giving_back(account, amount, reference, proposal)
    before = money.full(account.unapplied)
    entry = unapplied.give_back(
        account, amount=amount, reference=reference, actor=actor, reason=reason, now=account.now
    )
    trail.write(
        Action.UNAPPLIED_GIVEN_BACK,
        merchant_id=account.pk,
        subject="billing account",
        before={"unapplied": before},
        after={
            "unapplied": money.full(account.unapplied),
            "reference": reference,
        }
        | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=account.now,
    )
    two_people.note(
        PAY_OUT, subject=f"unapplied entry {entry.pk}", merchant_id=account.pk,
        currency=account.currency, figure=amount.amount, day=account.open_on, proposal=proposal,
        actor=actor, now=account.now,
    )  # fmt: skip
    return entry


def _check_giving_back(
    account: BillingAccount, amount: Money, reference: str, proposal: Proposal | None
) -> None:
    """Raise TakesTwoPeople if this takes a second person, and nobody confirms it as `proposal`."""
    wanted = two_people.Change(
        kind=UNAPPLIED,
        subject="unapplied money",
        merchant_id=account.pk,
        before={},  # what there is unapplied moves by itself
        after={
            "given_back": money.full(amount),
            "unapplied_when_proposed": money.full(account.unapplied),
            "reference": reference,
        },
    )
    two_people.check_figure(
        PAY_OUT, amount.amount, wanted, currency=account.currency, day=account.open_on,
        proposal=proposal,
    )  # fmt: skip
