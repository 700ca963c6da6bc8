"""Structured references of bills (ISO 11649), and which bill one is of (rule 29.12)."""

import re

from billing.models import Invoice, Issuer
from lib import cells
from lib.bank_files import references
from merchants import installation, moved

# What the two prefixes of a bill's number may have together, so that a year's ten millionth bill
# has a reference, too.
LONGEST_PREFIXES = 10
NUMBER = r"(\d{4})(\d{6,})"
CELL = r"([1-9]\d{0,3})?"  # in which the number was given, if not in the first


def of_invoice(invoice: Invoice) -> str:
    """The reference that a transfer for the bill states, such as RF71TDE2026000001; "" for a draft,
    for a bill whose number is too long, and for one whose issuer, as it was when the bill was
    issued, had no account in its currency or was not to have references (`has_references`).

    It follows from the bill's number and from the version of its issuer, neither of which changes.
    """
    issuer = invoice.issuer
    if issuer is None or not issuer.has_references or invoice.number is None:
        return ""
    if not issuer.bank_lines(invoice.currency):
        return ""
    return of_number(invoice.number)


def of_number(number: str) -> str:
    """The reference of a bill with this number that has one, "" if the number is too long."""
    body = installation.outside(number).replace("-", "")
    return references.make(body) if len(body) <= references.LONGEST_BODY else ""


def found_in(*texts: str) -> list[Invoice]:
    """The bills of this cell whose references are in the texts, each once, in the order of their
    finding.
    """
    candidates = [one for text in texts for one in references.found_in(text)]
    return _known(candidates) if candidates else []


def cells_of(*texts: str) -> list[int]:
    """The numbers of the other cells that have bills whose references are in the texts, in their
    order: those that gave the bills' numbers, or that their merchants were moved to since. No other
    cell is asked where no reference leads to one.
    """
    candidates = [one for text in texts for one in references.found_in(text)]
    if not cells.are_on() or not candidates:
        return []
    numbers = _numbers_of(candidates)
    left = moved.cells_of(numbers) if numbers else {}
    places = {left.get(one) or installation.cell_of(installation.outside(one)) for one in numbers}
    found = []
    for number in cells.numbers() if places - {cells.number()} else ():
        if number in places and number != cells.number():
            with cells.elsewhere(number):
                if _known(candidates):
                    found.append(number)
    return found


def _known(candidates: list[str]) -> list[Invoice]:
    """The bills of this cell with these references, each once, in the order of the references."""
    numbers = _numbers_of(candidates)
    known = Invoice.objects.select_related("issuer", "account").filter(number__in=numbers)
    by_reference = {of_invoice(invoice): invoice for invoice in known}
    return list({by_reference[one].pk: by_reference[one] for one in candidates
                 if one in by_reference}.values())  # fmt: skip


def _numbers_of(candidates: list[str]) -> set[str]:
    """The numbers of bills that these references may be of."""
    own = installation.own()
    prefixes = list(Issuer.objects.values_list("prefix", flat=True))
    return {
        number
        for candidate in candidates
        for number in _numbers(candidate[4:].removeprefix(own), prefixes)
    }


def _numbers(body: str, prefixes: list[str]) -> list[str]:
    """Return the numbers of bills that a reference may be of, at most one for each of
    `prefixes`, which are those of the issuers' numbers. `body` is what stands in the
    reference behind RF, the check digits and the installation's prefix. It has no hyphens,
    so these are put back; digits before the issuer's prefix are the number of a cell. The
    list is empty if nothing fits.
    """
    found = []
    for prefix in prefixes:
        parts = re.fullmatch(f"{CELL}{prefix}{NUMBER}", body)
        if parts:
            mark = f"{parts[1]}-" if parts[1] else ""
            found.append(f"{mark}{prefix}-{parts[2]}-{parts[3]}")
    return found
