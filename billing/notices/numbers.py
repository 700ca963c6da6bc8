"""How notices call a bill and what pays it, by its number, which is stored in their details as the
books have it.
"""

from billing.queries import payment_references
from lib.bank_files import references
from merchants import installation
from notices.details import Details


def invoice_number(detail: str, details: Details) -> str:
    """The bill's number in the detail with this name, as the bill itself has it (rule 16.12)."""
    return installation.outside(details[detail])


def transfer_reference(detail: str, details: Details) -> str:
    """What a transfer for the bill names, as documents.settling.transfer_reference says it of a
    bill: its structured reference, or else its number.
    """
    number = details["number"]
    structured = payment_references.of_number(number) if details["has_reference"] else ""
    return references.spaced(structured) if structured else installation.outside(number)
