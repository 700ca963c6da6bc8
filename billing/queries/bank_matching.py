"""Finds whose a payment on a bank's statement is, and for which bill (rule 29.13 to rule 29.15).
Nothing here writes.
"""

from dataclasses import dataclass

from django.db.models import F, QuerySet

from billing.models import BankLine, BankTransfer, BillingAccount, Invoice
from billing.queries import payment_references

Why, Status = BankLine.Why, BankLine.Status


@dataclass(frozen=True)
class Match:
    """What a line is likely to be: `status` is what it becomes, BOOKED if it is certain."""

    status: BankLine.Status
    why: BankLine.Why
    account_id: int | None = None
    invoice: Invoice | None = None
    returns: BankLine | None = None


def find(line: BankLine) -> Match:
    """What the line is, as the books stand: BOOKED if it is certain, and else what an operator is
    to see it as, or that it went out. Nothing is written.
    """
    if line.amount.amount < 0:
        returned = _returned(line)
        if returned is not None:
            return Match(Status.RETURN, Why.TAKEN_BACK, returned.account_id, None, returned)
        return Match(Status.OUTGOING, Why.DEBIT)
    if line.return_reason or line.is_reversal:
        return Match(Status.OPEN, Why.OURS)
    named = payment_references.found_in(line.reference, line.text, line.end_to_end_id)
    if len(named) > 1:
        return Match(Status.OPEN, Why.SEVERAL)
    if named:
        return _of_invoice(line, named[0])
    return _of_payer(line)


def _of_invoice(line: BankLine, invoice: Invoice) -> Match:
    """What a line is that names this bill: certain if it is just what is left to pay, open if its
    currency is another, and else proposed.
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
    """What a line is that names no bill, by the one merchant whom its payer has paid for before,
    who is known by the account or else by the name. It is proposed for the merchant's only unpaid
    bill of this amount; without one it is the merchant's for certain if the account is known, and
    else open.
    """
    before = BankLine.objects.filter(
        status=Status.BOOKED,
        amount__gt=0,
        transfer__status=BankTransfer.Status.RECORDED,
        account__currency=line.currency,
    )
    if line.other_account:
        why, known = Why.PAYER, before.filter(other_account=line.other_account)
    elif line.other_name:
        why, known = Why.NAME, before.filter(other_name__iexact=line.other_name)
    else:
        return Match(Status.OPEN, Why.UNKNOWN)
    accounts = list(known.order_by().values_list("account_id", flat=True).distinct()[:2])
    if len(accounts) != 1:
        return Match(Status.OPEN, Why.UNKNOWN)
    unpaid = list(_unpaid(accounts[0], line)[:2])
    if len(unpaid) == 1:
        return Match(Status.PROPOSED, why, accounts[0], unpaid[0])
    if why == Why.PAYER:
        return Match(Status.BOOKED, Why.KNOWN, accounts[0])
    return Match(Status.OPEN, Why.UNKNOWN, accounts[0])


def _unpaid(account_id: int, line: BankLine) -> "QuerySet[Invoice]":
    """The account's unpaid bills of which just this amount is left to pay."""
    found = Invoice.objects.filter(account=account_id, status__in=Invoice.UNPAID)
    found = found.annotate(left=F("total") - F("amount_paid"))
    return found.filter(left=line.amount.amount).order_by("due_on", "pk")


def _returned(line: BankLine) -> BankLine | None:
    """The line that was booked, of the same account and amount, which this one takes back: by the
    bank's or the payer's reference, or by the bill's. None unless this one says that it takes
    something back, and it is just one.
    """
    if not (line.is_reversal or line.return_reason):
        return None
    booked = BankLine.objects.filter(
        status=Status.BOOKED,
        statement__account=line.statement.account,
        currency=line.currency,
        amount=-line.amount.amount,
        transfer__status=BankTransfer.Status.RECORDED,
    ).exclude(returned_by__status__in=(Status.BOOKED, Status.RETURN))
    named = {one.pk for one in payment_references.found_in(line.reference, line.text)}
    found = [
        one
        for one in booked.select_related("account")
        if (line.bank_reference and one.bank_reference == line.bank_reference)
        or (line.end_to_end_id and one.end_to_end_id == line.end_to_end_id)
        or (one.invoice_id and one.invoice_id in named)
    ]
    return found[0] if len(found) == 1 else None


def merchants_account(reference: str) -> BillingAccount | None:
    """The billing account of the merchant with this reference; None if there is none."""
    return BillingAccount.objects.filter(merchant__reference=reference).first()
