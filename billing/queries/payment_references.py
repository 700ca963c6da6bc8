"""Structured references of bills (ISO 11649), and which bill one is of (rule 29.12)."""

import re

from billing.models import Invoice, Issuer
from lib.bank_files import references
from merchants import installation

# What the two prefixes of a bill's number may have together, so that a year's ten millionth bill
# has a reference, too.
LONGEST_PREFIXES = 10
NUMBER = r"(\d{4})(\d{6,})"
CELL = r"([1-9]\d{0,3})?"  # in which the number was given, if not in the first


def of_invoice(invoice: Invoice) -> str:
    """The bill's reference, such as RF71TDE2026000001; "" for a draft, for a bill whose issuer had
    no account in its currency, or none of whose statements were taken, when it was issued, and for
    one whose number is too long.

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
    """The bills whose references are in the texts, each once, in the order of their finding."""
    candidates = [one for text in texts for one in references.found_in(text)]
    if not candidates:
        return []
    own = installation.own()
    prefixes = list(Issuer.objects.values_list("prefix", flat=True))
    numbers = {
        number
        for candidate in candidates
        for number in _numbers(candidate[4:].removeprefix(own), prefixes)
    }
    known = Invoice.objects.select_related("issuer", "account").filter(number__in=numbers)
    by_reference = {of_invoice(invoice): invoice for invoice in known}
    return list({by_reference[one].pk: by_reference[one] for one in candidates
                 if one in by_reference}.values())  # fmt: skip


def _numbers(body: str, prefixes: list[str]) -> list[str]:
    """The numbers of bills that a reference may be of: `body` is what stands in it behind RF, the
    check digits and the installation's prefix.
    """
    found = []
    for prefix in prefixes:
        parts = re.fullmatch(f"{CELL}{prefix}{NUMBER}", body)
        if parts:
            mark = f"{parts[1]}-" if parts[1] else ""
            found.append(f"{mark}{prefix}-{parts[2]}-{parts[3]}")
    return found
