"""Lines of banks that were booked for a merchant whose books went to another cell without them, as
an earlier version moved them (rule 29.31): what they were booked as is there (rule 25.27).

No cell has both a line and its transfer then, so this is no question of SQL in one of them.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from billing.models import BankLine, BankTransfer
from billing.queries import bank_matching
from lib import cells, money
from lib.audit import Reading, Violation
from merchants.models import Merchant


def _check(_now: datetime) -> Iterator[Violation | None]:
    """Yield something for each line here that was booked as a transfer which is not here: None if
    the transfer is the merchant's in the merchant's cell, and no other line's, and else a
    violation, also where it is not to be found. `_now` is not used.
    """
    for line in _stayed().iterator():
        merchant = Merchant.objects.filter(pk=line.account_id or 0).first()
        where = merchant.cell if merchant else cells.number()
        with cells.elsewhere(where):
            found = _found(line)
        reference = merchant.reference if merchant else ""
        expected = f"{money.full(line.amount)} of {reference}"
        if found == expected:
            yield None
        else:
            yield Violation(reference, f"bank line {line.pk}", expected, found)


def _stayed() -> "QuerySet[BankLine]":
    """The lines of banks in the present cell that were booked as a transfer which this cell
    does not have, by their keys. Whether another cell has the transfer is not looked at
    here.
    """
    is_here = Exists(BankTransfer.objects.filter(pk=OuterRef("transfer")))
    booked = BankLine.objects.filter(status=BankLine.Status.BOOKED, transfer__isnull=False)
    return booked.filter(~is_here).order_by("pk")


def _found(line: BankLine) -> str:
    """What the line was booked as, in the cell that we are inside: the amount and the merchant of
    the transfer, with the other line if it is that of the same money, too; "nothing" for none.
    """
    transfer = BankTransfer.objects.select_related("account__merchant")
    booked = transfer.filter(pk=line.transfer_id or 0).first()
    if booked is None:
        return "nothing"
    said = f"{money.full(booked.amount)} of {booked.account.merchant.reference}"
    others = BankLine.objects.filter(transfer__in=bank_matching.same_money(booked))
    other = others.exclude(pk=line.pk).first()
    return f"{said}, as bank line {other.pk}" if other else said


CHECKS = (
    Reading(
        27,
        "a bank's line that its merchant left in a former cell is booked in the new one, once",
        "amount, merchant",
        _check,
    ),
)
