"""Writes the credit note of a bill that is voided (rule 28.5)."""

from billing.models import BillingAccount, CreditNote, Invoice
from billing.models.credit_notes import SUFFIX
from billing.operations.numbers import next_number


def write(account: BillingAccount, invoice: Invoice) -> CreditNote | None:
    """Write the credit note that mirrors this bill of the locked account, which is being voided:
    its total and tax are those of the bill, below 0. It gets the next number of its issuer's notes,
    and is dated by the open day.

    A bill of the installation's own issuer gets none: None. Rule 28.5.
    """
    if invoice.issuer is None:
        return None
    day = account.open_on
    return CreditNote.objects.create(
        account=account,
        invoice=invoice,
        number=next_number(f"{invoice.issuer.issuer.prefix}{SUFFIX}", day.year),
        issued_on=day,
        issued_at=account.now,
        currency=invoice.currency,
        total=-invoice.total,
        tax=-invoice.tax,
    )
