"""Closes accounts: what is outstanding is billed (rule 19.3), or paid out (rule 19.7).

reopening.py opens them again.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from moneyed import Money

from billing.models import AccountChange, BillingAccount, Fee, Invoice, Reversal
from billing.notices.account import ACCOUNT_CLOSED
from billing.operations import (
    accounts,
    charges,
    invoices,
    items,
    rest_taxes,
    rests,
    thresholds,
    unapplied,
)
from billing.operations.payments import PaymentUnderWay
from billing.operations.terms import check_open
from billing.proposals import REST
from billing.providers.minimums import is_too_little
from billing.queries import bank_matching, undecided
from billing.queries.effects import not_posted_yet
from credit.operations import closing as closing_lines
from credit.operations.withdrawal_transitions import stop_if_suspected
from lib import money, wording
from lib.refusals import Conflict, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.sorts import PAY_OUT
from notices.operations import notices


class NothingToPayOut(Refused):
    """The account is open, or has nothing left in its merchant's favour."""

    code = "nothing_to_pay_out"


class InvoicesUnpaid(Refused):
    """Bills of the account have to be paid first, before any money is paid out."""

    code = "invoices_unpaid"


class DraftWaits(Refused):
    """A draft of the account waits for an operator, and may still become a bill."""

    code = "draft_waits"


class ReversalUndecided(Refused):
    """A payment of the account was taken back, and may still be charged again."""

    code = "reversal_undecided"


class ReturnUndecided(Refused):
    """The bank takes back money of the account, about which has to be decided first."""

    code = "return_undecided"


class NothingToBill(Refused):
    """The account is open, or has nothing outstanding."""

    code = "nothing_to_bill"


@transaction.atomic
def close(
    *, merchant_id: int, actor: str, reason: str, told: str = "", now: datetime
) -> BillingAccount:
    """Close the account: post everything, and bill all that is outstanding in a FINAL bill (a draft
    where bills are reviewed); less than its provider collects is waived instead. The merchant is
    notified, of the bill too unless it is a draft, and reads `told`, or a standard sentence
    without; `reason` is for colleagues. Writes a trail row.

    From then on it takes no charge of the platform's and has no bill dates, and its credit line
    takes no new order. Requests for a higher threshold or credit limit are rejected, a raise that
    waits after a review becomes void, and no more reviews are held. Its statement closes with its
    month. What is outstanding in the merchant's favour pays its unpaid bills; the rest waits to be
    paid out. Raises AccountClosed, Invalid without a reason. It locks account and credit line,
    whose ended days are worked off first (accounts.lock_both). Rule 19.3.
    """
    told = wording.optional("told", told)
    account, _ = accounts.lock_both(merchant_id, now=now)
    check_open(account)
    now = account.now
    closing_lines.close(merchant_id=merchant_id, actor=actor, now=now)
    accounts.note_change(
        account,
        AccountChange.What.CLOSED,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"account": ("open", "closed")},
    )
    account.closed_at = now
    account.closed_on = account.open_on
    account.save(update_fields=["closed_at", "closed_on"])
    notices.write(
        merchant_id=merchant_id,
        kind=ACCOUNT_CLOSED,
        cause=now.isoformat(),
        at=now,
        told=told,
    )
    thresholds.reject_as_closed(account, actor=actor, now=now)
    items.post_everything(account, now=now)
    bill_all(account, now=now)
    account.refresh_from_db()
    rests.pay_invoices(account, actor=actor, now=now)
    return account


@transaction.atomic
def bill_rest(*, merchant_id: int, actor: str, reason: str, now: datetime) -> BillingAccount:
    """Write a FINAL bill for what a closed account has outstanding, as after a bill was
    voided. If that is less than its provider collects, without or with its tax, it is
    waived instead; if it is in the merchant's favour with its tax, there is no bill, and
    the tax is credited. The merchant is notified of a bill that is no draft, and a trail
    row says what became of the amount.

    Raises NothingToBill if the account is open or has nothing outstanding, Invalid without
    a reason. It locks account and credit line, whose ended days are worked off first
    (accounts.lock_both; rule 19.3).
    """
    account, _ = accounts.lock_both(merchant_id, now=now)
    now = account.now
    if not account.is_closed or account.outstanding.amount <= 0:
        raise NothingToBill("account: it is open, or has nothing outstanding")
    rest = foreseen(account, now=now)
    became = (
        "on a final bill" if rest.amount.amount > 0 else "in the merchant's favour with its tax"
    )
    if rest.is_waived:
        became = "waived"
    accounts.note_change(
        account,
        AccountChange.What.REST_BILLED,
        after=money.text(account.outstanding),
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"outstanding": (_outstanding_text(account), became)},
    )
    bill_all(account, now=now)
    account.refresh_from_db()
    return account


@transaction.atomic
def pay_out_rest(
    *,
    merchant_id: int,
    reference: str,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> BillingAccount:
    """Record that a closed account was paid out, under the bank's reference, on the trail and among
    operators' decisions: what is outstanding in the merchant's favour, and its unapplied money. Its
    unpaid bills are paid from that first. The merchant is notified of unapplied money that is given
    back.

    Above the day's figure for pay-outs it takes the `proposal` that a second person confirms.
    Raises TakesTwoPeople, ChangedMeanwhile, NothingToPayOut, DraftWaits, PaymentUnderWay,
    ReversalUndecided, ReturnUndecided, InvoicesUnpaid, WithdrawalsStopped while fraud is suspected,
    Conflict for a reference under which money was given back before, Invalid without a reason or
    reference. It locks account and credit line, whose ended days are worked off first
    (accounts.lock_both). Rule 19.7.
    """
    reference = wording.line("reference", reference)
    account, line = accounts.lock_both(merchant_id, now=now)
    if not account.is_closed:
        raise NothingToPayOut("account: it is open")
    stop_if_suspected(line)
    _check_all_is_decided(account)
    rests.pay_invoices(account, actor=actor, now=account.now)
    if account.outstanding.amount > 0 or not (account.outstanding or account.unapplied):
        raise NothingToPayOut("account: it has nothing in the merchant's favour")
    if account.invoices.filter(status__in=Invoice.UNPAID).exists():
        raise InvoicesUnpaid("account: bills of it are not paid yet")
    outstanding, kept = account.outstanding, account.unapplied
    _check_pay_out(account, kept - outstanding, reference, proposal)
    nothing = money.full(money.zero(account.currency))
    trailed = {"outstanding": (_outstanding_text(account), nothing), "reference": ("", reference)}
    if kept:
        trailed["unapplied"] = (money.full(kept), nothing)
    change = accounts.note_change(
        account,
        AccountChange.What.PAID_OUT,
        before=money.text(outstanding),
        after=reference,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=account.now,
        trailed=trailed,
        proposal=proposal,
    )
    two_people.note(
        PAY_OUT, subject=f"account change {change.pk}", merchant_id=account.pk,
        currency=account.currency, figure=(kept - outstanding).amount, day=account.open_on,
        proposal=proposal, actor=actor, now=account.now,
    )  # fmt: skip
    if kept:
        _give_back(account, kept, reference, actor, reason)
    if outstanding:
        _charge_payout(account, reference)
    account.refresh_from_db()
    return account


def _check_pay_out(
    account: BillingAccount, rest: Money, reference: str, proposal: Proposal | None
) -> None:
    """Raise TakesTwoPeople if to pay out this rest takes a second person, and nobody confirms it as
    `proposal`; ChangedMeanwhile if it was another rest that was proposed.
    """
    wanted = two_people.Change(
        kind=REST,
        subject="rest",
        merchant_id=account.pk,
        before={"rest": money.full(rest)},
        after={"rest": "paid out", "reference": reference},
    )
    two_people.check_figure(
        PAY_OUT, rest.amount, wanted, currency=account.currency, day=account.open_on,
        proposal=proposal,
    )  # fmt: skip


def _check_all_is_decided(account: BillingAccount) -> None:
    """Raise DraftWaits, PaymentUnderWay, ReversalUndecided or ReturnUndecided while something may
    still need the account's money.
    """
    if account.invoices.filter(status=Invoice.Status.DRAFT).exists():
        raise DraftWaits("account: a draft of it waits to be issued or sent back")
    if undecided.of_account(account.pk):
        raise PaymentUnderWay("payment: one of the account's bills is being checked")
    if account.reversals.filter(status=Reversal.Status.RECORDED).exists():
        raise ReversalUndecided("reversal: one of the account's waits to be decided")
    if taken := bank_matching.being_taken_back(account):
        raise ReturnUndecided(
            f"bank: it takes back {money.full(taken)} of the account's money; decide about its line"
            " first"
        )


def _give_back(
    account: BillingAccount, amount: Money, reference: str, actor: str, reason: str
) -> None:
    """Record that this amount of unapplied money was given back, lower it by that, and notify the
    merchant. Raises Conflict for a reference under which money was given back before.
    """
    source = unapplied.of_giving_back(reference)
    if account.unapplied_entries.filter(source=source).exists():
        raise Conflict(f"reference: {reference} is known of money that was given back")
    unapplied.give_back(
        account, amount=amount, reference=reference, actor=actor, reason=reason, now=account.now
    )


def _charge_payout(account: BillingAccount, reference: str) -> None:
    """Charge the locked account what was paid out, so that nothing is outstanding in the merchant's
    favour any more.
    """
    number = account.changes.filter(what=AccountChange.What.PAID_OUT).count()
    charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.PAYOUT),
        reference=f"payout:{number}",
        amount=-account.outstanding,
        description=reference,
        now=account.now,
    )


def _outstanding_text(account: BillingAccount) -> str:
    """The account's outstanding amount as text with its currency, for the trail."""
    return money.full(account.outstanding)


def _waive_too_little(account: BillingAccount, now: datetime) -> None:
    """Waive what the locked closed account has outstanding, by a negative charge, if it is less
    than its provider collects; otherwise nothing changes. The tax on it is waived, too.
    """
    account.refresh_from_db(fields=["outstanding"])
    if account.outstanding.amount <= 0 or not is_too_little(account, account.outstanding):
        return
    number = account.charges.filter(fee=Fee.WAIVER).count() + 1
    waiver = charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.WAIVER),
        reference=f"waiver:{number}",
        amount=-account.outstanding,
        description="",
        now=now,
    )
    rest_taxes.forgo(account, waiver.pk)


@dataclass(frozen=True)
class Rest:
    """What becomes of all that an account has outstanding, once it is closed: a FINAL bill over
    `amount`, a waiver of it, or, where it is not above 0, what is left in the merchant's favour.
    """

    amount: Money
    is_waived: bool = False


def foreseen(account: BillingAccount, *, at_closing: bool = False, now: datetime) -> Rest:
    """What bill_all would make of what the account has outstanding and, with `at_closing`, of what
    is not posted yet. Nothing is written. Rule 15.14, rule 28.17.

    It is waived if it is less than its provider collects, without its tax or with it: credits may
    have more tax than what they are billed with, and no bill is issued of either (invoices.issue).
    Tax below 0 is credited where nothing above 0, or too little, is left with it.
    """
    outstanding = account.outstanding
    if at_closing:
        outstanding += not_posted_yet(account)
    tax = rest_taxes.tax_of_all(account, at_closing=at_closing, now=now)
    with_tax = outstanding + tax
    if tax.amount < 0 and with_tax.amount <= 0:
        return Rest(with_tax)
    if outstanding.amount <= 0:
        return Rest(outstanding)
    if is_too_little(account, outstanding):
        return Rest(outstanding, is_waived=True)
    return Rest(with_tax, is_waived=is_too_little(account, with_tax))


def invoice_again(account: BillingAccount, *, actor: str) -> None:
    """After a charge on the locked account: if that is closed, write a FINAL bill of what it has
    outstanding, and pay it and others with money of the merchant that we hold. The merchant is
    notified of the bill, unless it is a draft, and of unapplied money that pays. Does nothing to an
    account that is open.
    """
    if account.is_closed:
        bill_all(account, now=account.now)
        account.refresh_from_db()
        rests.pay_invoices(account, actor=actor, now=account.now)


def bill_all(account: BillingAccount, *, now: datetime) -> None:
    """Write a FINAL bill for all that the locked closed account has outstanding; less than its
    provider collects is waived instead. The merchant is notified of the bill unless it is a draft,
    which it is where bills are reviewed. Does nothing if it has nothing outstanding. What is in the
    merchant's favour has its tax credited. The caller loads `account` again, which has the figures
    of before, and pays bills (rests.pay_invoices).
    """
    rest_taxes.settle(account, now=now)
    _waive_too_little(account, now)
    invoices.issue([invoices.Due(account.pk, Invoice.Kind.FINAL, account.open_on, now)])
