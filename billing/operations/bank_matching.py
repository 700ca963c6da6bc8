"""Books what a bank's statement says came in: what is certain by a job, the rest as an operator
decides (rule 29.13 to rule 29.15).

A line is looked at under the lock of its account and its own, and becomes a transfer by the same
operation as one that an operator records, in one transaction. So it is booked once, whoever comes
how often.
"""

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from billing.models import BankLine, BankTransfer, BillingAccount, Invoice
from billing.operations import accounts, handing_over, transfers
from billing.queries import bank_matching as queries
from billing.queries import undecided
from billing.trail import Action
from lib import cells, money, wording
from lib.refusals import AlreadyDecided, ChangedMeanwhile, Invalid, Refused
from merchants import directory, installation
from merchants.operations.merchants import UnknownMerchant
from trail import operations as trail

Status, Why = BankLine.Status, BankLine.Why
JOB = "match-bank-lines"  # the actor of what is certain


class UnknownLine(Refused):
    """There is no such line of a statement."""

    code = "unknown_line"


def match(line_id: int, *, now: datetime) -> BankLine:
    """Look at a line that nobody has looked at, of a statement that was taken: book it if it is
    certain, as transfers.record or transfers.receive does with trail row and notices, and else
    write down what it probably is, for an operator. Returns the line.

    One that is another cell's is handed to it. Any other line stays as it is. So does, until the
    next run, one for a bill that has a payment under way, and one that turns out to be another
    merchant's meanwhile. It locks the line, and before it the account that it may be about, with
    its credit line. Raises UnknownLine, and Undecryptable if who is on its other side cannot be
    read. Rule 29.13.
    """
    line = _match(line_id, now)
    if line.is_to_be_handed_over:
        handing_over.deliver(line, now=now)
    return line


def _match(line_id: int, now: datetime) -> BankLine:
    """Look at a line that nobody has looked at: book it if it is certain, mark one that is another
    cell's, and else write down what it probably is, for an operator; returns it. Other lines stay
    as they are, and so does one for a bill that has a payment under way, or that is another
    merchant's meanwhile. It locks the line and the account that it may be about. Raises
    UnknownLine.
    """
    with transaction.atomic():
        line = BankLine.objects.select_related("statement").filter(pk=line_id).first()
        if line is None:
            raise UnknownLine(f"line: there is no line {line_id}")
        if line.is_to_be_handed_over:
            return line
        likely = queries.find(line)
        account = lock(likely.account_id, now)
        line = lock_line(line_id)
        if line.status != Status.WAITING or line.cell or not line.statement.is_taken:
            return line
        line.looked_at = now
        found = queries.find(line)
        if found.account_id != likely.account_id:
            return line  # it is another's since; the next run sees to it
        if found.cell is not None:
            handing_over.mark(line, found.cell, found.why)
            return line
        if account is not None and _is_recorded_for_another(line, account, found.invoice):
            found = replace(found, status=Status.PROPOSED, why=Why.RECORDED)
        if found.status != Status.BOOKED:
            line.status, line.why, line.returns = found.status, found.why, found.returns
            line.account_id, line.invoice = found.account_id, found.invoice
            line.save()
            return line
        if found.invoice is not None and undecided.exists(found.invoice):
            return line
        assert account is not None
        _book(line, account, found.invoice, found.why, JOB)
        return line


def lock(account_id: int | None, now: datetime) -> BillingAccount | None:
    """Lock the account and its credit line, with their ended days worked off (accounts.lock_both),
    and return the account; None for no account.
    """
    return accounts.lock_both(account_id, now=now)[0] if account_id is not None else None


def lock_line(line_id: int) -> BankLine:
    """Lock the line until the transaction ends, and return it with its statement. Raises
    UnknownLine if there is none with this key.
    """
    found = BankLine.objects.select_for_update(of=("self",)).select_related("statement")
    line = found.filter(pk=line_id).first()
    if line is None:
        raise UnknownLine(f"line: there is no line {line_id}")
    return line


def _book(
    line: BankLine, account: BillingAccount, invoice: Invoice | None, why: BankLine.Why, actor: str
) -> None:
    """Book the locked line as a transfer to the locked account: for the bill, or without one as
    unapplied money. One that was recorded by hand before, under the bank's reference and not for
    another bill, is that transfer. A new one has a trail row, and the merchant is notified of
    unapplied money. Raises what transfers.record and transfers.receive do. The line is saved, with
    who decided (`actor`) and when. `why` is the reason on record.
    """
    reference = _reference(line, account, invoice)
    day = _day(account, line.value_on)
    if invoice is not None:
        transfers.record(
            invoice_id=invoice.pk, amount=line.amount, reference=reference, arrived_on=day,
            actor=actor, now=account.now,
        )  # fmt: skip
    else:
        transfers.receive(
            merchant_id=account.pk, amount=line.amount, reference=reference, arrived_on=day,
            actor=actor, now=account.now,
        )  # fmt: skip
    line.transfer = account.transfers.get(reference=reference, status=BankTransfer.Status.RECORDED)
    line.status, line.why, line.account, line.invoice = Status.BOOKED, why, account, invoice
    line.booked_at = max(account.now, line.transfer.recorded_at)
    line.decided_at, line.decided_by = line.booked_at, actor
    line.save()


def _reference(line: BankLine, account: BillingAccount, invoice: Invoice | None) -> str:
    """The reference of the line's transfer: the bank's own, or that of a transfer of the same
    amount that was recorded by hand under it, which has its key behind it where it was moved to an
    account that had another one of it (rule 17.9). It is one for this line alone if the bank gave
    none, or if it is that of a transfer of the account that was moved, is another line's, has
    another amount, or named another bill than `invoice`. Both together have the length that
    references may have.
    """
    own = f"{line.statement.name[:40]}/{line.statement_id}-{line.number}"
    if not line.bank_reference:
        return own
    for known in _recorded(line, account):
        if not _names_another(known, invoice):
            return known.reference
    is_in_use = _under_its_reference(line, account).exists()
    return f"{line.bank_reference} {own}" if is_in_use else line.bank_reference


def _under_its_reference(line: BankLine, account: BillingAccount) -> QuerySet[BankTransfer]:
    """Return the account's transfers, whatever became of them, that have the reference
    which the bank gave the line, sorted by primary key. A transfer that was moved to the
    account while this had another one of the same reference is found, too: its reference
    has its key behind it, as in "NONREF (17)" (rule 17.9). The line must have a reference.
    """
    moved_here = Q(reference__startswith=f"{line.bank_reference} (")
    return account.transfers.filter(Q(reference=line.bank_reference) | moved_here).order_by("pk")


def _recorded(line: BankLine, account: BillingAccount) -> list[BankTransfer]:
    """The transfers of the line's amount that were recorded by hand on the account, under the
    bank's reference of it, and that no line became yet, by their keys; none for a line without a
    reference.
    """
    if not line.bank_reference:
        return []
    recorded = _under_its_reference(line, account).filter(
        status=BankTransfer.Status.RECORDED, amount=line.amount.amount, bank_line__isnull=True
    )
    return [one for one in recorded if not queries.is_of_a_line(one)]


def _is_recorded_for_another(
    line: BankLine, account: BillingAccount, invoice: Invoice | None
) -> bool:
    """Whether all transfers that may be the line, of which there is one at least, were recorded by
    hand for other bills than this one: either that was wrong, or the bank gave several payments one
    reference. Nothing but a person can tell.
    """
    recorded = _recorded(line, account) if invoice is not None else []
    return bool(recorded) and all(_names_another(one, invoice) for one in recorded)


def _names_another(transfer: BankTransfer, invoice: Invoice | None) -> bool:
    """Whether the transfer was recorded for another bill than `invoice`. False if it was recorded
    for none, and for None as `invoice`.
    """
    return invoice is not None and transfer.named not in (None, invoice)


def _day(account: BillingAccount, value_on: date) -> date:
    """The day on which the line's money arrived, as the account's books take it: its value date,
    but not before the merchant joined, nor after the account's open day, as the bank may be a day
    ahead.
    """
    return min(max(value_on, account.joined_on), account.open_on)


@transaction.atomic
def confirm(*, line_id: int, actor: str, now: datetime) -> BankLine:
    """Book a line that is proposed for the bill that is proposed, with a trail row, as
    transfers.record does. Raises UnknownLine, AlreadyDecided for one that is not proposed,
    ChangedMeanwhile, and what transfers.record does. It locks the line and the account that it is
    about. Rule 29.14.
    """
    line, account = hold(line_id, (Status.PROPOSED,), now)
    assert account is not None
    _book(line, account, line.invoice, BankLine.Why(line.why), actor)
    write_trail(Action.BANK_LINE_BOOKED, line, actor, "")
    return line


@transaction.atomic
def refuse(*, line_id: int, actor: str, reason: str, now: datetime) -> BankLine:
    """Refuse what is proposed for a line, with a trail row: it waits for somebody who says whose it
    is. Raises UnknownLine, AlreadyDecided for one that is not proposed, ChangedMeanwhile, Invalid
    without a reason. It locks the line and the account that it is about. Rule 29.14.
    """
    line, _ = hold(line_id, (Status.PROPOSED,), now)
    return _decide(line, Status.OPEN, Action.BANK_LINE_REFUSED, actor, reason, now)


@transaction.atomic
def set_aside(*, line_id: int, actor: str, reason: str, now: datetime) -> BankLine:
    """Say that a line that is open, or a return, is no merchant's, such as interest, with a trail
    row: nothing is booked for it. Raises UnknownLine, AlreadyDecided for any other line,
    ChangedMeanwhile, Invalid without a reason. It locks the line and the account that it is about.
    Rule 29.15.
    """
    line, _ = hold(line_id, (Status.OPEN, Status.RETURN), now)
    return _decide(line, Status.SET_ASIDE, Action.BANK_LINE_SET_ASIDE, actor, reason, now)


def _decide(
    line: BankLine, status: BankLine.Status, action: Action, actor: str, reason: str, now: datetime
) -> BankLine:
    """Write the operator's decision by which the locked line belongs to nobody, or to nobody yet:
    its new status, with a trail row, and without the account and bill that were proposed. Raises
    Invalid without a reason.
    """
    line.reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    line.status, line.why = status, Why.BY_HAND
    line.decided_at, line.decided_by = now, actor
    write_trail(action, line, actor, line.reason)
    line.account, line.invoice = None, None
    line.save()
    return line


@transaction.atomic
def place(*, line_id: int, merchant: str, number: str = "", actor: str, now: datetime) -> BankLine:
    """Say whose a line is, with a trail row, by the merchant's reference, and perhaps for which
    bill of theirs, by its number; without one it is unapplied money, of which the merchant is
    notified, and which pays unpaid bills at once. The line may be proposed, open, or set aside
    before. That of a merchant in another cell is handed to that cell, and booked there.

    Raises UnknownLine, AlreadyDecided for any other line, UnknownMerchant, Invalid for a number
    that is none of the merchant's bills' and for a line that went out, and what transfers.record
    does. It locks account and credit line, whose ended days are worked off first
    (accounts.lock_both). Rule 29.15.
    """
    wanted = queries.merchants_account(merchant.strip())
    if wanted is None:
        return _place_elsewhere(line_id, merchant, number, actor, now)
    account = accounts.lock_both(wanted.pk, now=now)[0]
    line = lock_line(line_id)
    check(line, (Status.PROPOSED, Status.OPEN, Status.SET_ASIDE))
    invoice = None
    if number.strip():
        invoice = account.invoices.filter(number=installation.inside(number)).first()
        if invoice is None:
            raise Invalid("number", f"{merchant} has no bill {number.strip()}")
    _book(line, account, invoice, Why.BY_HAND, actor)
    write_trail(Action.BANK_LINE_BOOKED, line, actor, "")
    return line


def _place_elsewhere(
    line_id: int, merchant: str, number: str, actor: str, now: datetime
) -> BankLine:
    """Do as `place` for a merchant in another cell: the line is handed to it, and returned as it is
    booked there, with a trail row. Raises UnknownMerchant if no cell has the merchant. It locks the
    line here, and the account there.
    """
    cell = directory.cells_of([merchant.strip()]).get(merchant.strip(), cells.number())
    if cell == cells.number():
        raise UnknownMerchant(f"merchant: there is none with the reference {merchant}")
    line = lock_line(line_id)
    check(line, (Status.PROPOSED, Status.OPEN, Status.SET_ASIDE))
    there = handing_over.by_hand(line, cell, actor=actor, now=now)
    with cells.elsewhere(cell):
        return place(line_id=there.pk, merchant=merchant, number=number, actor=actor, now=now)


def hold(
    line_id: int, statuses: tuple[BankLine.Status, ...], now: datetime
) -> tuple[BankLine, BillingAccount | None]:
    """Lock and return the line, which has one of these statuses, and the account under whose lock
    is decided about it (queries.decided_under), locked before; None for a line of no account.
    Raises UnknownLine, AlreadyDecided for another status, and ChangedMeanwhile if that became
    another account while it was locked.
    """
    found = BankLine.objects.filter(pk=line_id).select_related("returns__transfer").first()
    if found is None:
        raise UnknownLine(f"line: there is no line {line_id}")
    check(found, statuses)
    key = queries.decided_under(found)
    account = lock(key, now)
    line = lock_line(line_id)
    check(line, statuses)
    if queries.decided_under(line) != key:
        raise ChangedMeanwhile("line: it, or the money that it takes back, is another’s meanwhile")
    return line, account


def check(line: BankLine, statuses: tuple[BankLine.Status, ...]) -> None:
    """Raises AlreadyDecided unless the line has one of these statuses."""
    if line.status not in statuses:
        raise AlreadyDecided(f"line: it is {line.get_status_display().lower()} already")


def write_trail(action: Action, line: BankLine, actor: str, reason: str) -> None:
    """Write the trail row of what was decided about the line: its status, amount and bill as it has
    them now, at the instant of the decision, which the line must have. It is under the merchant
    whose the line is, or under none.
    """
    assert line.decided_at is not None
    trail.write(
        action,
        merchant_id=line.account_id,
        subject=str(line),
        after={
            "status": str(line.status),
            "amount": money.full(line.amount),
            "bill": str(line.invoice or ""),
        },
        actor=actor,
        reason=reason,
        now=line.decided_at,
    )
