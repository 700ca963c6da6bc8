"""The files of bills and credit notes that are e-invoices (rule 28.18)."""

from collections.abc import Callable
from typing import Literal, get_args

from billing.documents import file_names
from billing.documents.einvoices import cii, content, ubl
from billing.documents.einvoices.content import Content
from billing.models import CreditNote, Invoice

Syntax = Literal["factur-x", "ubl"]
SYNTAXES: tuple[Syntax, ...] = get_args(Syntax)
WRITERS: dict[Syntax, Callable[[Content], bytes]] = {"factur-x": cii.xml, "ubl": ubl.xml}


def of_invoice(invoice: Invoice, syntax: Syntax = "factur-x") -> bytes | None:
    """The bill as XML; None if it is no e-invoice, or lacks something."""
    found = content.of_invoice(invoice)
    return WRITERS[syntax](found) if found else None


def of_note(note: CreditNote, syntax: Syntax = "factur-x") -> bytes | None:
    """The credit note as XML; None if its bill is no e-invoice, or lacks something."""
    found = content.of_note(note)
    return WRITERS[syntax](found) if found else None


def invoice_name(invoice: Invoice, syntax: Syntax) -> str:
    """The name of the file of the bill's e-invoice in this syntax."""
    return f"{file_names.of_invoice(invoice)}.{syntax}.xml"


def note_name(note: CreditNote, syntax: Syntax) -> str:
    """The name of the file of the credit note's e-invoice in this syntax."""
    return f"{file_names.of_note(note)}.{syntax}.xml"
