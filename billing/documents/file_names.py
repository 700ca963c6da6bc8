"""What the files of bills and credit notes are called: by whose they are, and by the number that
stands on them (rule 16.12).
"""

from billing.models import CreditNote, Invoice
from merchants import installation


def of_invoice(invoice: Invoice) -> str:
    """The name of a bill's files, without their ending, such as bill-rosewood-T-2026-000001."""
    return f"bill-{invoice.merchant_reference}-{installation.outside(str(invoice))}"


def of_note(note: CreditNote) -> str:
    """The name of a credit note's files, without their ending."""
    return f"credit-note-{note.invoice.merchant_reference}-{installation.outside(str(note))}"
