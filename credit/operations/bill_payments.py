"""Pays bills out of proceeds (rule 16.16)."""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit.models import ProceedsEntry
from credit.operations import lines
from credit.queries import proceeds
from lib import money
from lib.refusals import Refused


class NotEnoughProceeds(Refused):
    """Less can be withdrawn than the bill asks for. Proceeds never pay a part of a bill."""

    code = "not_enough_proceeds"


@transaction.atomic
def take(*, merchant_id: int, amount: Money, payment: str, now: datetime) -> ProceedsEntry:
    """Take `amount` out of the proceeds that can be withdrawn, to pay a bill, and return the entry,
    whose amount is below 0; also while suspected fraud stops withdrawals. `payment` is the
    idempotency key of that payment. No notice and no trail row is written here.

    A second call for the same payment takes nothing and returns the first call's entry, whatever
    its amount. Raises NotEnoughProceeds, CurrencyMismatch, CreditLine.DoesNotExist. It locks the
    line, whose ended days are worked off first (lines.lock). Rule 16.16.
    """
    line = lines.lock(merchant_id, now=now)
    now = line.now
    taken = ProceedsEntry.objects.filter(line=line, bill_payment=payment).first()
    if taken:
        return taken
    wanted = money.accepted(amount, line.currency)
    available = proceeds.withdrawable(line, today=line.open_on)
    if wanted > available:
        left = money.text(available)
        raise NotEnoughProceeds(f"{money.full(wanted)} asked, {left} available")
    entry = ProceedsEntry.objects.create(
        line=line,
        kind=ProceedsEntry.Kind.BILL_PAYMENT,
        currency=line.currency,
        amount=-wanted,
        bill_payment=payment,
        at=now,
    )
    line.proceeds -= wanted
    line.save(update_fields=["proceeds"])
    return entry
