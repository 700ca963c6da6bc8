"""Records bank transfers that came in, and money that was given back (rule 16.6, rule 17.1).

A transfer is known by the bank's reference: an account has each once, whatever it paid.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from moneyed import Money

from billing.models import BankTransfer, BillingAccount, Invoice, Payment, UnappliedEntry
from billing.operations import accounts, attempts, payments, rests, unapplied, value_dates
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
    *,
    invoice_id: int,
    amount: Money,
    reference: str,
    arrived_on: date | None = None,
    actor: str,
    now: datetime,
) -> Transfer:
    """Record a bank transfer that came in for a bill, with a trail row.

    It pays what is left of the bill; the rest becomes unapplied money, and so does all of it if the
    bill is paid or void. Unapplied money then pays other unpaid bills, and the merchant is notified
    of what comes and goes. Returns what went to the bill that it named (`paid`), what became
    unapplied money, whatever that has paid since, and whether the transfer is new.

    `reference` is the bank's own; the same transfer of the same amount is recorded once on the
    account, whichever bill it names. `arrived_on` is the local day on which the money arrived at
    our bank; None: today. If it is an earlier day, the freeze of the line for unpaid bills is
    adjusted. Raises UnknownInvoice, InvoiceNotOpen for a draft and for what was one and was sent
    back, PaymentUnderWay, TransferConflict, CurrencyMismatch, Invalid. It locks the bill, its
    account and its credit line. Rule 17.1.
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
    arrived_on = value_dates.checked(account, arrived_on)
    paid = min(amount, invoice.left_to_pay) if invoice.is_unpaid else money.zero(account.currency)
    payment = None
    if paid:
        payment = attempts.pay(
            account, invoice, provider=MANUAL, amount=paid, reference=reference,
            actor=actor, now=account.now,
        )  # fmt: skip
    after = _paid_state(invoice)
    rest = amount - paid
    if rest:
        kept = {"unapplied": money.full(account.unapplied + rest)}
        before["unapplied"], after = money.full(account.unapplied), after | kept
    named = {"reference": reference, "arrived_on": arrived_on.isoformat()}
    _write_trail(account, str(invoice), before, after | named, actor)
    write(
        account, reference, amount, arrived_on, named=invoice, payment=payment, rest=rest,
        actor=actor,
    )  # fmt: skip
    return Transfer(paid, rest, is_new=True)


@transaction.atomic
def receive(
    *,
    merchant_id: int,
    amount: Money,
    reference: str,
    arrived_on: date | None = None,
    actor: str,
    now: datetime,
) -> Transfer:
    """Record a bank transfer that names no bill, with a trail row: it becomes unapplied money,
    which pays unpaid bills, oldest due day first. The merchant is notified. In the result `paid` is
    0, whatever bills the money paid.

    The same transfer of the same amount is recorded once on the account. `arrived_on` is the local
    day on which the money arrived at our bank; None: today. Raises TransferConflict,
    CurrencyMismatch, Invalid. It locks account and credit line, whose ended days are worked off
    first (accounts.lock_both). Rule 17.1.
    """
    reference = wording.line("reference", reference)
    account, _ = accounts.lock_both(merchant_id, now=now)
    amount = _positive(amount, account)
    known = _known_transfer(account, reference, amount)
    if known:
        return known
    arrived_on = value_dates.checked(account, arrived_on)
    before = {"unapplied": money.full(account.unapplied)}
    after = {
        "unapplied": money.full(account.unapplied + amount),
        "reference": reference,
        "arrived_on": arrived_on.isoformat(),
    }
    _write_trail(account, "billing account", before, after, actor)
    write(account, reference, amount, arrived_on, rest=amount, actor=actor)
    return Transfer(money.zero(account.currency), amount, is_new=True)


def _positive(amount: Money, account: BillingAccount) -> Money:
    """The amount with exactly the digits of the account's currency. Raises CurrencyMismatch, and
    Invalid if it has more digits or is not above 0.
    """
    amount = money.accepted(amount, account.currency)
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    return amount


def _known_transfer(account: BillingAccount, reference: str, amount: Money) -> Transfer | None:
    """What became of the transfer that is recorded on the locked account under this reference; None
    if there is none, or if its money was booked elsewhere since. Raises TransferConflict if it has
    another amount.
    """
    known = account.transfers.select_related("payment").filter(
        reference=reference, status=BankTransfer.Status.RECORDED
    )
    transfer = known.first()
    if transfer is None:
        return None
    if transfer.amount != amount:
        raise TransferConflict(f"reference: {reference} is known with another amount")
    paid = transfer.payment.amount if transfer.payment else money.zero(account.currency)
    return Transfer(paid, amount - paid, is_new=False)


def is_recorded(merchant_id: int, reference: str) -> bool:
    """Whether a transfer is on record for the merchant's account under the bank's reference, and
    was not booked elsewhere.
    """
    return BankTransfer.objects.filter(
        account=merchant_id, reference=reference, status=BankTransfer.Status.RECORDED
    ).exists()


def is_given_back(merchant_id: int, reference: str) -> bool:
    """Whether unapplied money of the merchant's account was given back under the bank's
    reference.
    """
    return UnappliedEntry.objects.filter(
        account=merchant_id,
        kind=UnappliedEntry.Kind.GIVEN_BACK,
        source=unapplied.of_giving_back(reference),
    ).exists()


def write(
    account: BillingAccount,
    reference: str,
    amount: Money,
    arrived_on: date,
    *,
    named: Invoice | None = None,
    payment: Payment | None = None,
    rest: Money,
    actor: str,
) -> BankTransfer:
    """Write the row of a transfer to the locked account, with the bill that it `named`, of which
    `payment` is what it paid. The `rest`, if it is above 0, becomes unapplied money and pays unpaid
    bills, and the merchant is notified of both. If the money arrived before today, the freeze of
    the line for unpaid bills is adjusted. Writes no trail row. The caller has checked the day, and
    that no transfer is recorded on the account under this reference.
    """
    entry = _receive(account, rest, reference, actor) if rest else None
    transfer = BankTransfer.objects.create(
        account=account,
        reference=reference,
        currency=account.currency,
        amount=amount,
        arrived_on=arrived_on,
        recorded_at=account.now,
        recorded_by=actor,
        named=named,
        payment=payment,
        entry=entry,
        taken=money.zero(account.currency),
    )
    if entry:
        rests.pay_invoices(account, actor=actor, now=account.now)
    value_dates.reconsider_freeze(account, transfer)
    return transfer


def _receive(account: BillingAccount, amount: Money, reference: str, actor: str) -> UnappliedEntry:
    """Add money of a transfer to unapplied money, and notify the merchant. Other transfers that
    were booked elsewhere since may have come under the same reference before.
    """
    before = account.transfers.filter(reference=reference, entry__isnull=False).count()
    return unapplied.receive(
        account,
        source=unapplied.of_transfer(reference, before + 1),
        amount=amount,
        reference=reference,
        actor=actor,
        now=account.now,
    )


def _paid_state(invoice: Invoice) -> dict[str, str]:
    """The bill's status and amount paid, for the trail."""
    paid = money.full(invoice.amount_paid)
    return {"status": str(invoice.status), "amount_paid": paid}


def _write_trail(
    account: BillingAccount, subject: str, before: dict[str, str], after: dict[str, str], actor: str
) -> None:
    """Write the trail row of a transfer that was recorded, about the bill or account called
    `subject`.
    """
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
    """Record that unapplied money was paid back to the merchant, under the bank's reference. Writes
    a trail row, and the pay-out among operators' decisions. The merchant is notified. Returns the
    entry, whose amount is below 0.

    The same reference and amount is recorded once. The money of a closed account is paid out with
    its rest instead (closing.pay_out_rest). Above the day's figure for pay-outs it takes the
    `proposal` that a second person confirms. Raises TakesTwoPeople, AccountClosed,
    MoreThanIsUnapplied, TransferConflict, WithdrawalsStopped while fraud is suspected,
    CurrencyMismatch, Invalid. It locks account and credit line, whose ended days are worked off
    first (accounts.lock_both). Rule 17.5.
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
    """Raise TakesTwoPeople if to give this amount back, by a payment of ours with this reference,
    takes a second person, and nobody confirms it as `proposal`.
    """
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
