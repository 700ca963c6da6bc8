"""What leaves little of a bill, and cards at a provider that collects no little amounts, as the
operations that do it.
"""

from datetime import datetime
from decimal import Decimal

from billing.operations import transfers
from merchants.models import Merchant
from tests import two_people
from tests.cash_decisions import Act, NothingThere, adding_card, billed, invoices_of, nth


def transfer_all_but(merchant: Merchant, sent: tuple[str, int, Decimal], now: datetime) -> None:
    """Record a transfer for the `which`-th unpaid bill that leaves so much of it."""
    reference, which, rest = sent
    invoice = nth(invoices_of(merchant, "OPEN", "UNCOLLECTIBLE"), which)
    amount = invoice.left_to_pay - billed(merchant, rest)
    if amount.amount <= 0:
        raise NothingThere("not as much is left of it")
    transfers.record(
        invoice_id=invoice.pk, amount=amount, reference=reference, actor=two_people.FIRST, now=now
    )


ACTS: dict[str, Act] = {
    "card at stripe": adding_card("stripe"),
    "transfer all but": transfer_all_but,
}
