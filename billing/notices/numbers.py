"""How notices call a bill and what pays it, by its number, which is stored in their details as the
books have it.
"""

from billing.queries import payment_references
from lib.bank_files import references
from merchants import installation
from notices.details import Details


def invoice_number(detail: str, details: Details) -> str:
    """The number of a bill as others see it, with the installation's prefix in front (rule 16.12),
    from the notice's detail that is called `detail`, which has it without.
    """
    return installation.outside(details[detail])


def transfer_reference(detail: str, details: Details) -> str:
    """What a transfer for the bill names, as documents.settling.transfer_reference says it of a
    bill: its structured reference in groups of four, or else its number as others see it. It is
    made from the details `number` and `has_reference` ("" for none); which `detail` is asked for
    makes no difference.
    """
    number = details["number"]
    structured = payment_references.of_number(number) if details["has_reference"] else ""
    return references.spaced(structured) if structured else installation.outside(number)
