"""Credit notes as PDF, in the language of the bill that they take back (rule 28.5).

All of it is frozen: the bill's lines, taxes and parties, taken back.
"""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.documents import line_tables, parties
from billing.documents.einvoices import files
from billing.models import CreditNote
from billing.queries import clearances, invoices, taxes
from lib.formats import day_text, figure
from lib.typesetting import Paper, Words, typeset
from merchants import installation
from merchants.documents import as_merchant_reads


def credit_note_pdf(note: CreditNote) -> bytes:
    """The PDF of the credit note: the bill that it takes back, with its lines, taxes and total
    turned round. If the note is an e-invoice that lacks nothing (files.of_note), that is in the
    file.
    """
    invoice = note.invoice
    lines = invoices.lines(invoice)
    sums = taxes.of_invoice(invoice, lines)
    number, of_invoice = installation.outside(str(note)), installation.outside(str(invoice))

    def write(words: Words) -> Paper:
        """The document's data for the template, in the language in force."""
        title = _("Credit note %(number)s") % {"number": number}
        return {
            "title": title,
            "heading": _("Credit note"),
            "currency": note.currency,
            "headline": [figure(note.total), _("taken back")],
            "facts": [
                [_("Number of the note"), number],
                [pgettext("date", "Issued"), day_text(note.issued_on)],
                [_("Takes back bill"), of_invoice],
                [_("Date of the bill"), day_text(invoice.issued_on)],
                *parties.cleared(clearances.of_note(note), words),
            ],
            "explained": _("The bill is void. Nothing is to be paid for it."),
            **parties.billed_to(invoice, words),
            **line_tables.of_invoice(lines, is_taxed=bool(sums), sign=-1),
            **parties.issued_by(invoice, words),
            "sums": line_tables.sums(invoice, sums, -1),
            "tax_notes": [words.shown(one.note) for one in sums if one.note],
            "footer": title,
            "page": _("Page {page} of {pages}"),
        }

    with as_merchant_reads(note.account.merchant):
        return typeset(
            "note",
            invoice.language,
            write,
            made_at=note.issued_at,
            e_invoice=files.of_note(note),
        )
