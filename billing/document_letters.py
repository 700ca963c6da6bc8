"""The mails to the addresses that get a merchant's documents, in the merchant's language."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, override

from billing.documents import file_names, pdf, settling
from billing.models import BillingAddress, Invoice
from billing.operations.addresses import CONFIRM, STOP, link
from billing.queries.documents import Document, month_of
from lib.formats import day_text, month, plain_money
from lib.letters import Letter
from merchants import installation


def to_confirm(address: BillingAddress) -> Letter:
    """The letter, in the merchant's language, that asks its reader to confirm that the merchant's
    bills and statements go to this address. It has the link to confirm by, and goes to the address;
    it is not sent here.
    """
    merchant = address.account.merchant
    with override(merchant.language):
        subject = gettext("Bills and statements of %(merchant)s") % {"merchant": merchant.name}
        body = gettext(
            "%(by)s of %(merchant)s asks us to send its bills and statements to this address."
            " Confirm that within seven days:\n\n%(link)s\n\nIf you don't want them, do nothing:"
            " you get no further mail."
        ) % {
            "by": address.added_by,
            "merchant": merchant.name,
            "link": _address("confirm_address", link(address, CONFIRM)),
        }
        return Letter(
            subject=subject, body=body, to=[address.email], opens=gettext("Confirm the address")
        )


def with_documents(
    address: BillingAddress, documents: Sequence[Document], *, now: datetime
) -> Letter:
    """The letter to the address, in the merchant's language, with these documents as PDF, one or
    all of a month, and a link that stops such mails, which mail programs may offer as a button,
    too. There has to be at least one. The PDFs are made here, those of bills as of `now`; the
    letter is not sent here.
    """
    merchant = address.account.merchant
    stop = _address("stop_address", link(address, STOP))
    with override(merchant.language):
        lines = [_said(document) for document in documents]
        if len(documents) == 1:
            subject = gettext("%(merchant)s: %(title)s") % {
                "merchant": merchant.name,
                "title": lines[0],
            }
        else:
            subject = gettext("%(merchant)s: documents of %(month)s") % {
                "merchant": merchant.name,
                "month": month(month_of(documents[0])),
            }
        body = gettext(
            "Attached as PDF:\n%(documents)s\n\n-- \nYou get the bills and statements of"
            " %(merchant)s because this address was named for them. Stop these mails:\n%(link)s"
        ) % {"documents": "\n".join(lines), "merchant": merchant.name, "link": stop}
        letter = Letter(
            subject=subject,
            body=body,
            to=[address.email],
            # Mail programs offer their own button for that (RFC 8058).
            headers={
                "List-Unsubscribe": f"<{stop}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
    for document in documents:
        letter.attach(*_file(document, now), "application/pdf")
    return letter


def _said(document: Document) -> str:
    """A line that names the document, in the language in force: a bill's number, day, total and due
    day and, if it is unpaid and nothing collects it by itself, what a transfer for it names; or a
    statement's month.
    """
    if isinstance(document, Invoice):
        said = gettext("Bill %(number)s, issued on %(day)s: %(total)s, due on %(due)s")
        if document.is_unpaid and not document.account.collects_by_itself:
            said = gettext(
                "Bill %(number)s, issued on %(day)s: %(total)s, due on %(due)s, reference of the"
                " transfer %(reference)s"
            )
        return said % {
            "number": installation.outside(str(document)),
            "day": day_text(document.issued_on),
            "total": plain_money(document.total),
            "due": day_text(document.due_on),
            "reference": settling.transfer_reference(document),
        }
    return gettext("Statement of %(month)s") % {"month": month(document.month)}


def _file(document: Document, now: datetime) -> tuple[str, bytes]:
    """The name and the content of the document's PDF."""
    if isinstance(document, Invoice):
        return f"{file_names.of_invoice(document)}.pdf", pdf.invoice_pdf(document, now=now)
    reference = document.account.merchant.reference
    return f"statement-{reference}-{document}.pdf", pdf.statement_pdf(document)


def _address(route: str, token: str) -> str:
    """The full address of the page at this route of billing, with this token."""
    return str(settings.TAEL_BASE_URL + reverse(route, args=[token]))
