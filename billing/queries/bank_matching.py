"""Finds whose a payment on a bank's statement is, and for which bill (rule 29.13 to rule 29.15).
Nothing here writes.
"""

from dataclasses import dataclass, replace

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from moneyed import Money

from billing.models import BankLine, BankTransfer, BillingAccount, Invoice, other_sides
from billing.queries import bank_statements, payment_references
from lib import cells, money

Why, Status = BankLine.Why, BankLine.Status
MOST = 10  # lines that a return may name, of which the rest makes no difference


@dataclass(frozen=True)
class Match:
    """What a line is likely to be: `status` is what it becomes, BOOKED if it is certain."""

    status: BankLine.Status
    why: BankLine.Why
    account_id: int | None = None
    invoice: Invoice | None = None
    returns: BankLine | None = None
    cell: int | None = None  # that it is to be handed to


def find(line: BankLine) -> Match:
    """What the line is, as the books stand: BOOKED if it is certain, ELSEWHERE if it is to be
    handed to another cell, OUTGOING if it went out and is no merchant's, and else what an operator
    is to see it as (PROPOSED, OPEN or RETURN). Nothing is written. What is found may change until
    the account that it names is locked, so that it is asked again under the lock.

    Nothing is certain of a line that came in and may have been taken before, in a statement that
    this one overlaps (bank_statements.repeated_by): an operator says whether it came twice.
    """
    if line.amount.amount < 0:
        return _taken_back(line)
    found = _came_in(line)
    if not bank_statements.repeated_by(line).exists():
        return found
    if found.status == Status.ELSEWHERE:
        return Match(Status.OPEN, Why.UNKNOWN)
    if found.status == Status.BOOKED:
        return replace(found, status=Status.PROPOSED if found.invoice else Status.OPEN)
    return found


def _came_in(line: BankLine) -> Match:
    """What a line is that came in: certain, which is BOOKED or ELSEWHERE, or what an operator is to
    see it as (PROPOSED or OPEN).
    """
    if line.return_reason or line.is_reversal:
        return Match(Status.OPEN, Why.OURS)
    said = (line.reference, line.other.text, line.end_to_end_id)
    named, others = payment_references.found_in(*said), payment_references.cells_of(*said)
    if len(named) + len(others) > 1:
        return Match(Status.OPEN, Why.SEVERAL)
    if others:
        return Match(Status.ELSEWHERE, Why.REFERENCE, cell=others[0])
    if named:
        return _of_invoice(line, named[0])
    return _of_payer(line)


def _of_invoice(line: BankLine, invoice: Invoice) -> Match:
    """What a line is that names this bill: OPEN if its currency is another; PROPOSED if no money is
    wanted for the bill (it is neither OPEN nor UNCOLLECTIBLE), or if the line's amount is not just
    what is left to pay; and else certain, which is BOOKED.
    """
    account = invoice.account_id
    if invoice.currency != line.currency:
        return Match(Status.OPEN, Why.CURRENCY, account, invoice)
    if not invoice.is_unpaid:
        return Match(Status.PROPOSED, Why.WANTS_NONE, account, invoice)
    if invoice.left_to_pay != line.amount:
        return Match(Status.PROPOSED, Why.AMOUNT, account, invoice)
    return Match(Status.BOOKED, Why.REFERENCE, account, invoice)


def _of_payer(line: BankLine) -> Match:
    """What a line is that names no bill, by the one merchant of all cells whom its payer has paid
    for before in its currency. The payer is known by the account or, for a line without one, by the
    name. It is open if there is no such merchant, or several. It is proposed for the merchant's
    unpaid bill of this amount, if there is just one. Otherwise it is the merchant's for certain,
    for no bill, if the payer has paid from this account under this name before, and else open: many
    pay through one account of a payment service.
    """
    other = line.other
    if other.account:
        why, payer = Why.PAYER, Q(other_account_mark__in=other_sides.account_marks(other.account))
    elif other.name:
        why, payer = Why.NAME, Q(other_name_mark__in=other_sides.name_marks(other.name))
    else:
        return Match(Status.OPEN, Why.UNKNOWN)
    before = BankLine.objects.filter(
        payer, status=Status.BOOKED, amount__gt=0, account__currency=line.currency
    )
    known = before.filter(transfer__status=BankTransfer.Status.RECORDED)
    accounts = list(known.order_by().values_list("account_id", flat=True).distinct()[:2])
    if (
        len(accounts) != 1
        or _is_of_another(before, accounts[0])
        or _paid_elsewhere(line, accounts[0], payer)
    ):
        return Match(Status.OPEN, Why.UNKNOWN)
    unpaid = list(_unpaid(accounts[0], line)[:2])
    if len(unpaid) == 1:
        return Match(Status.PROPOSED, why, accounts[0], unpaid[0])
    same_name = known.filter(other_name_mark__in=other_sides.name_marks(other.name))
    if why == Why.PAYER and other.name and same_name.exists():
        return Match(Status.BOOKED, Why.KNOWN, accounts[0])
    return Match(Status.OPEN, Why.UNKNOWN, accounts[0])


def _is_of_another(before: "QuerySet[BankLine]", account_id: int) -> bool:
    """Whether money of one of these lines, which were booked in this cell, is by now another
    account's than this one's, as that was where it belonged (rule 17.9). Money that is on no
    account any more does not count.
    """
    moved = before.filter(transfer__becomes__isnull=False).select_related("transfer")
    transfers = [present(one) for one in moved]
    return any(not one.is_moved and one.account_id != account_id for one in transfers)


def _paid_elsewhere(line: BankLine, account_id: int, payer: Q) -> bool:
    """Whether whoever the condition `payer` names has paid before, in the line's currency, for
    another merchant than this account's in another cell. That is so if a line of theirs was handed
    to another cell, or booked here for a merchant who was moved since, or if one was booked in
    another cell, unless for this account, as before its merchant was moved here. False where there
    are no cells.
    """
    if not cells.are_on():
        return False
    paid = BankLine.objects.filter(payer, currency=line.currency, amount__gt=0)
    is_here = Exists(BankTransfer.objects.filter(pk=OuterRef("transfer")))
    if paid.filter(Q(cell__isnull=False) | Q(~is_here, status=Status.BOOKED)).exists():
        return True
    # Lines stay in the cell in which they were booked, with the key of their account.
    of_others = paid.filter(status=Status.BOOKED).exclude(account=account_id)
    for number in cells.numbers():
        if number != cells.number():
            with cells.elsewhere(number):
                if of_others.exists():
                    return True
    return False


def _unpaid(account_id: int, line: BankLine) -> "QuerySet[Invoice]":
    """The account's unpaid bills of which just the line's amount is left to pay, those due first
    first.
    """
    found = Invoice.objects.filter(account=account_id, status__in=Invoice.UNPAID)
    found = found.annotate(left=F("total") - F("amount_paid"))
    return found.filter(left=line.amount.amount).order_by("due_on", "pk")


def _taken_back(line: BankLine) -> Match:
    """What a line is that went out: OUTGOING, which is no merchant's, unless it says that it takes
    something back. Then it is a return if it names just one line of its amount, or one line in all,
    of more than its amount. It is ELSEWHERE if no line here is named and just one other cell has
    what it may take back, and otherwise open.
    """
    if not (line.is_reversal or line.return_reason):
        return Match(Status.OUTGOING, Why.DEBIT)
    named = _named(line)
    others = set() if named else _elsewhere(line)
    if len(others) == 1:
        return Match(Status.ELSEWHERE, Why.TAKEN_BACK, cell=others.pop())
    same = [one for one in named if one.amount == -line.amount]
    if len(same) == 1:
        return _return_of(same[0], Status.RETURN, Why.TAKEN_BACK)
    if len(named) != 1:
        return Match(Status.OPEN, Why.UNCLEAR)
    if named[0].amount > -line.amount:
        return _return_of(named[0], Status.RETURN, Why.LESS)
    return Match(Status.OPEN, Why.MORE, account_of(named[0]))


def _return_of(returned: BankLine, status: BankLine.Status, why: BankLine.Why) -> Match:
    """The match, with this status and reason, that says that a line takes back the line `returned`;
    its account is the one that has the money of that.
    """
    return Match(status, why, account_of(returned), None, returned)


def to_take_back() -> "QuerySet[BankLine]":
    """The lines that came in and were booked, in no order, except those of which another line takes
    back all or a part, or may do so, as it waits as a return of them. What was booked for a
    merchant who was moved to another cell since is no longer here.
    """
    is_here = Exists(BankTransfer.objects.filter(pk=OuterRef("transfer")))
    booked = BankLine.objects.filter(is_here, status=Status.BOOKED, amount__gt=0)
    return booked.exclude(returned_by__status__in=(Status.BOOKED, Status.RETURN))


def _named(line: BankLine) -> list[BankLine]:
    """The lines of this cell that may be taken back (to_take_back) and that this one names, by the
    bank's or the payer's reference, or by the reference of the bill for which they were booked.
    They came in on the same account of ours, in the same currency. They are in the order in which
    they came, at most MOST.
    """
    booked = to_take_back().filter(
        statement__account=line.statement.account, currency=line.currency
    )
    invoices = payment_references.found_in(line.reference, line.other.text)
    named = Q(invoice__in=[one.pk for one in invoices]) | _same_references(line)
    found = booked.filter(named).select_related("transfer")
    return list(found.order_by("pk")[:MOST])


def _same_references(line: BankLine) -> Q:
    """The condition that a line has the bank's or the payer's reference of this one. No line meets
    it if this one has neither.
    """
    named = Q(pk__in=[])
    for field in ("bank_reference", "end_to_end_id"):
        if said := getattr(line, field):
            named |= Q(**{field: said})
    return named


def _elsewhere(line: BankLine) -> set[int]:
    """The numbers of the other cells that have what a line may take back: lines that they were
    handed and that it names, or bills. A line may have been handed on since, with its merchant's
    books (rule 30.22), so the cells that have it booked count before that which it was handed to.
    """
    handed = BankLine.objects.filter(
        _same_references(line),
        status=Status.ELSEWHERE,
        amount__gt=0,
        statement__account=line.statement.account,
        currency=line.currency,
    )
    to = {one.cell for one in handed.only("cell") if one.cell is not None}
    if to:
        booked = _booked_in_others(line)
        # What was handed over itself is not sent on by what was so before: nobody may have it.
        to = booked or (set() if line.statement.is_handed_over else to)
    return {*to, *payment_references.cells_of(line.reference, line.other.text)}


def _booked_in_others(line: BankLine) -> set[int]:
    """The numbers of the other cells that have booked a line which this one names (_named), and
    which no other line there takes back.
    """
    found = set()
    for number in cells.numbers():
        if number != cells.number():
            with cells.elsewhere(number):
                if _named(line):
                    found.add(number)
    return found


def present(line: BankLine) -> BankTransfer:
    """The transfer that a line which was booked is by now: where it was booked elsewhere since,
    that one; if it is on no account any more, the last one, which is moved. The line has to be
    booked as a transfer.
    """
    assert line.transfer is not None
    transfer = line.transfer
    while transfer.becomes is not None:
        transfer = transfer.becomes
    return transfer


def same_money(transfer: BankTransfer) -> list[BankTransfer]:
    """The transfers that the money of this one was and is, as it was booked elsewhere (rule 17.9):
    those of before, this one, and those since, in that order.
    """
    before, after = [transfer], []
    while came_from := BankTransfer.objects.filter(becomes=before[-1]).first():
        before.append(came_from)
    while transfer.becomes is not None:
        transfer = transfer.becomes
        after.append(transfer)
    return [*reversed(before), *after]


def is_of_a_line(transfer: BankTransfer) -> bool:
    """Whether a line of any cell became the transfer, or one that was booked elsewhere before and
    became it since. Lines stay where they were booked, when their merchant is moved.
    """
    same = same_money(transfer)
    found = cells.in_every(lambda: BankLine.objects.filter(transfer__in=same).exists())
    return any(found.values())


def account_of(line: BankLine) -> int:
    """The key of the account that has the money of a line which was booked, or had it last."""
    return int(present(line).account_id)


def being_taken_back(account: BillingAccount) -> Money:
    """How much of the account's money the bank takes back by lines of which an operator has not
    decided yet what becomes of them (RETURN), wherever that money was booked first; 0 if none.
    """
    waiting = BankLine.objects.filter(status=Status.RETURN).select_related("returns__transfer")
    amounts = (
        -line.amount
        for line in waiting
        if line.returns
        and not present(line.returns).is_moved
        and account_of(line.returns) == account.pk
    )
    return money.total(amounts, account.currency)


def decided_under(line: BankLine) -> int | None:
    """The key of the account under whose lock is decided about a line: of a return the one that has
    the money which it takes back, or had it last, and else the line's own; None for a line of none.
    """
    return account_of(line.returns) if line.is_return and line.returns else line.account_id


def paid_one_invoice(transfer: BankTransfer) -> bool:
    """Whether all of the transfer paid one bill, and it was not booked elsewhere since, so that a
    return of it is a reversal.
    """
    return not transfer.is_moved and transfer.payment_id is not None and transfer.entry_id is None


def is_part_for_people(line: BankLine, transfer: BankTransfer) -> bool:
    """Whether a return takes back only a part of this transfer, of which nothing is booked (rule
    29.16): its money did not pay one bill alone, or is on no account any more.
    """
    return transfer.amount != -line.amount and not paid_one_invoice(transfer)


def merchants_account(reference: str) -> BillingAccount | None:
    """The billing account of the merchant with this reference; None if this cell has none."""
    return BillingAccount.objects.filter(merchant__reference=reference).first()
