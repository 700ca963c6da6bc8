"""Who issued a document to whom, for its PDF, as the document has frozen it (rule 28.1)."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from billing.models import BillingDetails, Clearance, Invoice, IssuerVersion, Statement
from lib.formats import country
from lib.typesetting import Paper, Words


def issued_by(invoice: Invoice, words: Words) -> Paper:
    """The members `issuer` and `logo` of the template's data: the lines of the name and address of
    the bill's issuer, with its country and numbers, and the bytes of its logo, each as a number
    (empty without a logo). A bill of the installation's own issuer has neither country, numbers nor
    the member `logo`.
    """
    version = invoice.issuer
    if version is None:
        return {"issuer": issuer(invoice, words)}
    lines = [*issuer(invoice, words), *map(words.shown, _numbers(version))]
    return {"issuer": lines, "logo": list(bytes(version.logo))}


def issuer(document: Invoice | Statement, words: Words) -> list[str]:
    """The lines of the issuer's name and address that the document has copied, as its fonts can
    show them.
    """
    lines = [document.issuer_name, *document.issuer_address.split("\n")]
    return [words.shown(line) for line in lines if line]


def cleared(clearance: Clearance | None, words: Words) -> list[list[str]]:
    """A list with one row, the label and the number that the tax office gave the document; empty
    unless the document is cleared.
    """
    if clearance is None or not clearance.is_cleared:
        return []
    return [[_("Number at the tax office"), words.shown(clearance.number)]]


def billed_to(invoice: Invoice, words: Words) -> Paper:
    """The members `for` and `merchant` of the template's data, which say whom the bill is made out
    to: the label, and the lines of its billing details, if it has some, with the merchant's name
    and reference below them, each line once.
    """
    details = invoice.details
    named = words.made_out_to(_("Billed to"), invoice.merchant_name, invoice.merchant_reference)
    if details is None:
        return named
    lines = [words.name(details.legal_name, invoice.merchant_reference)]
    lines += [words.shown(line) for line in _of_details(details)]
    return {**named, "merchant": list(dict.fromkeys([*lines, *named["merchant"]]))}


def _numbers(version: IssuerVersion) -> Iterator[str]:
    """Yields the issuer's country and the numbers that offices know it by."""
    yield country(version.country)
    if version.tax_number:
        yield _("Tax number %(number)s") % {"number": version.tax_number}
    if version.registration_number:
        yield _("Registration number %(number)s") % {"number": version.registration_number}


def _of_details(details: BillingDetails) -> Iterator[str]:
    """Yields the lines below the legal name of billing details: the address, the country, and the
    tax number and purchase order, if there are some.
    """
    yield from details.address_lines
    yield country(details.country)
    if details.tax_number:
        yield _("Tax number %(number)s") % {"number": details.tax_number}
    if details.purchase_order:
        yield _("Purchase order %(number)s") % {"number": details.purchase_order}
