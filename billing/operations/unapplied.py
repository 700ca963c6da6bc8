"""Records what happens to unapplied money, which no bill has used: it comes in, pays bills, is
given back, taken back, or was never the merchant's (rule 17.2).

The caller has locked the account, and everything is part of the caller's transaction. The `source`
of an entry names what the money came from or went to.
"""

from datetime import datetime

from django.db.models import Case, F, When
from django.db.models.functions import Coalesce
from moneyed import Money

from billing.models import BankTransfer, BillingAccount, Invoice, Payment, UnappliedEntry
from billing.notices.unapplied import UNAPPLIED
from billing.operations import attempts
from billing.providers.minimums import minimum
from lib import money
from notices.operations import notices

Kind = UnappliedEntry.Kind


def of_transfer(reference: str, nth: int = 1) -> str:
    """The source of money that came by the bank transfer with this reference; `nth` counts those
    of an account that were recorded under it, one after the other was booked elsewhere.
    """
    return f"transfer:{reference}" if nth == 1 else f"transfer {nth}:{reference}"


def of_moving(transfer: BankTransfer) -> str:
    """The source of the entry by which the money of a transfer leaves the account's
    unapplied money again: it belongs elsewhere, or the bank took it back (move_away). The
    entry by which it came has another source (of_transfer).
    """
    return f"moved:{transfer.pk}"


def of_attempt(payment: Payment, reference: str) -> str:
    """The source of money that came for an attempt unexpectedly: after the attempt had failed, or a
    second time. `reference` is the provider's own for the money.
    """
    return f"attempt:{payment}:{reference}"


def of_return(reversal: str) -> str:
    """The source of money that a provider took back and then returned; `reversal` is the provider's
    id of the reversal.
    """
    return f"returned:{reversal}"


def receive(
    account: BillingAccount,
    *,
    source: str,
    amount: Money,
    reference: str,
    payment: Payment | None = None,
    actor: str,
    now: datetime,
) -> UnappliedEntry:
    """Add money that no bill wants to the account's unapplied money, notify the merchant,
    and return the entry. The caller has locked the account, and this is part of the
    caller's transaction. It pays no bill by itself: the caller calls rests.pay_invoices
    next. `source` says what the money came from (such as of_transfer), `reference` is what
    the merchant reads of it, and `payment` is the attempt for which it came, if any. The
    caller has made sure that no money from this source was received on the account: the
    database would refuse it (IntegrityError).
    """
    return _enter(
        account, Kind.RECEIVED, source, amount,
        payment=payment, reference=reference, actor=actor, now=now,
    )  # fmt: skip


def pay_invoices(account: BillingAccount, *, actor: str, now: datetime) -> None:
    """Pay the account's unpaid bills with its unapplied money, oldest due day first, and notify the
    merchant of each; nothing if it has none. Bills with an attempt that has no answer yet are left
    out.

    A bill is paid in full, or so that no less than the provider's minimum is left to pay. It locks
    the unpaid bills. Rule 17.3, rule 17.4.
    """
    if account.unapplied.amount <= 0:
        return
    least = minimum(account)
    for invoice in attempts.payable(account):
        amount = _share(invoice.left_to_pay, account.unapplied, least)
        if amount.amount > 0:
            _use(account, invoice, amount, actor, now)


def _share(left_to_pay: Money, unapplied: Money, least: Money) -> Money:
    """How much of a bill to pay out of `unapplied` money: all that is left to pay if there is
    enough, otherwise at most so much that `least` of the bill is still to pay, as a provider takes
    no less. It may be 0 or less, which means nothing.
    """
    if unapplied >= left_to_pay:
        return left_to_pay
    return min(unapplied, left_to_pay - least)


def _use(
    account: BillingAccount, invoice: Invoice, amount: Money, actor: str, now: datetime
) -> None:
    """Pay the amount of the bill with unapplied money, which is less by that: a payment and an
    entry are written, and the merchant is notified. A bill that is paid by it may lift a freeze or
    end a payment plan.
    """
    payment = attempts.pay(
        account, invoice, provider=Payment.Provider.UNAPPLIED, amount=amount, actor=actor, now=now
    )
    _enter(
        account, Kind.USED, f"payment:{payment}", -amount,
        payment=payment, number=str(invoice), actor=actor, now=now,
    )  # fmt: skip


def give_back(
    account: BillingAccount,
    *,
    amount: Money,
    reference: str,
    actor: str,
    reason: str,
    now: datetime,
) -> UnappliedEntry:
    """Lower the account's unapplied money by the amount that was paid back to the merchant, under
    the bank's reference, and notify the merchant. Writes no trail row.

    The caller has checked that there is as much (transfers.give_back).
    """
    return _enter(
        account, Kind.GIVEN_BACK, of_giving_back(reference), -amount,
        reference=reference, actor=actor, reason=reason, now=now,
    )  # fmt: skip


def of_giving_back(reference: str) -> str:
    """The source of an entry for money that was given back under this reference of the bank's."""
    return f"given back:{reference}"


def take_back(
    account: BillingAccount,
    *,
    source: str,
    reversal: str,
    amount: Money,
    actor: str,
    now: datetime,
) -> Money:
    """Record that a provider took back `amount` of the money that came from `source` (of_attempt,
    of_transfer), and notify the merchant of what is taken.

    It is taken from the account's unapplied money, wherever that is from by now: at most what
    `source` brought there and no other reversal has taken for good, and at most what there is.
    Returns the rest of `amount`, which is 0 if all was taken; all of it if `source` brought
    nothing. `reversal` is the provider's id of the reversal: a repeat changes nothing and returns
    the same rest. Rule 17.6.
    """
    of_reversal = f"reversal:{reversal}"
    known = account.unapplied_entries.filter(kind=Kind.REVERSED, source=of_reversal).first()
    if known:
        return amount + known.amount
    brought = account.unapplied_entries.filter(kind=Kind.RECEIVED, source=source).first()
    if brought is None:
        return amount
    before = account.unapplied_entries.filter(kind=Kind.REVERSED, reference=source)
    gone = [entry.amount for entry in before if not _has_come_back(account, entry)]
    left = brought.amount + money.total(gone, account.currency)
    taking = min(amount, left, account.unapplied)
    if taking.amount > 0:
        _enter(account, Kind.REVERSED, of_reversal, -taking, reference=source, actor=actor, now=now)
        return amount - taking
    return amount


def _has_come_back(account: BillingAccount, entry: UnappliedEntry) -> bool:
    """Look up whether what a reversal took by this entry is unapplied money again, as that was
    undone.
    """
    returned = of_return(entry.source.removeprefix("reversal:"))
    return account.unapplied_entries.filter(kind=Kind.RECEIVED, source=returned).exists()


def move_away(
    account: BillingAccount,
    transfer: BankTransfer,
    *,
    left_as: str,
    actor: str,
    now: datetime,
) -> Money:
    """Take the money of a transfer that does not belong to the account from its unapplied money: at
    most what the transfer brought there, and at most what there is now, wherever that is from.
    Notify the merchant if anything is taken, who reads that it was another's (`left_as` is MOVED),
    that the bank took it back (REVERSED), or that it never came (NEVER_CAME). Returns how much that
    was; the caller charges the rest.
    """
    came = transfer.entry.amount if transfer.entry else money.zero(account.currency)
    taking = min(came, account.unapplied)
    if taking:
        _enter(
            account, Kind.MOVED, of_moving(transfer), -taking,
            reference=transfer.reference, told=left_as, actor=actor, now=now,
        )  # fmt: skip
    return taking


def _enter(
    account: BillingAccount,
    kind: Kind,
    source: str,
    amount: Money,
    *,
    payment: Payment | None = None,
    reference: str = "",
    number: str = "",
    told: str = "",
    actor: str,
    reason: str = "",
    now: datetime,
) -> UnappliedEntry:
    """Write an entry, add its amount (negative for money that goes) to the account's unapplied
    money, and notify the merchant; `number` is the bill that it paid, if any. The merchant is told
    of it as of an entry of the kind `told`, where that is another one, or as NEVER_CAME. `source`
    says where the money is from or goes to, once for each kind of entry on the account.
    """
    after = F("unapplied") + amount.amount
    since = Case(
        When(unapplied=-amount.amount, then=None), default=Coalesce("unapplied_since", now)
    )
    BillingAccount.objects.filter(pk=account.pk).update(unapplied=after, unapplied_since=since)
    account.refresh_from_db(fields=["unapplied", "unapplied_since"])
    entry = UnappliedEntry.objects.create(
        account=account,
        kind=kind,
        source=source,
        payment=payment,
        reference=reference,
        currency=account.currency,
        amount=amount,
        balance=account.unapplied,
        actor=actor,
        reason=reason,
        at=now,
    )
    notices.write(
        merchant_id=account.pk,
        kind=UNAPPLIED,
        cause=str(entry.pk),
        at=now,
        status=str(told or kind),
        amount=money.text(abs(amount)),
        balance=money.text(account.unapplied),
        currency=account.currency,
        number=number,
        reference=reference,
    )
    return entry
