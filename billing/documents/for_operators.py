"""Files of a merchant's bills and statements for operators, who give a reason that is put on the
trail (rule 21.13).
"""

from datetime import datetime

from django.db import transaction

from billing.documents import file_names, invoice_csv, note_pdf, pdf, statement_csv
from billing.documents.einvoices import files
from billing.documents.einvoices.files import Syntax
from billing.models import CreditNote, Invoice, Statement
from lib import csv_files, wording
from lib.refusals import Refused
from merchants.trail import Action
from trail import operations as trail

File = tuple[str, bytes]  # name and content


class NotOne(Refused):
    """The document is no e-invoice, or lacks something."""

    code = "no_e_invoice"


def invoice_as_pdf(*, invoice_id: int, actor: str, reason: str, now: datetime) -> File:
    """Make the PDF of the bill as it stands now, and put on the trail that `actor` took it
    and why. Returns the file's name and content. Raises Invoice.DoesNotExist, and Invalid
    without a reason. The caller sees to it that the bill is no draft, as drafts have no
    files.
    """
    invoice = _invoice(invoice_id)
    name = f"{file_names.of_invoice(invoice)}.pdf"
    with transaction.atomic():
        _note(invoice.account_id, str(invoice), name, actor, reason, now)
        return name, pdf.invoice_pdf(invoice, now=now)


def credit_note_as_pdf(*, note_id: int, actor: str, reason: str, now: datetime) -> File:
    """Return the file name and the PDF of the credit note, and put on the trail that `actor` took
    it and why. Raises CreditNote.DoesNotExist, and Invalid without a reason.
    """
    note = CreditNote.objects.select_related("account__merchant", "invoice").get(pk=note_id)
    name = f"{file_names.of_note(note)}.pdf"
    with transaction.atomic():
        _note(note.account_id, str(note), name, actor, reason, now)
        return name, note_pdf.credit_note_pdf(note)


def invoice_as_xml(
    *, invoice_id: int, syntax: Syntax, actor: str, reason: str, now: datetime
) -> File:
    """Return the file name and the XML of the bill as an e-invoice, and put on the trail that
    `actor` took it and why. Raises Invoice.DoesNotExist, Invalid without a reason, and NotOne if
    the bill is no e-invoice or lacks something.
    """
    invoice = _invoice(invoice_id)
    found, name = files.of_invoice(invoice, syntax), files.invoice_name(invoice, syntax)
    return _xml(found, invoice.account_id, str(invoice), name, actor, reason, now)


def credit_note_as_xml(
    *, note_id: int, syntax: Syntax, actor: str, reason: str, now: datetime
) -> File:
    """Return the file name and the XML of the credit note as an e-invoice, and put on the trail
    that `actor` took it and why. Raises CreditNote.DoesNotExist, Invalid without a reason, and
    NotOne if its bill is no e-invoice or lacks something.
    """
    note = CreditNote.objects.select_related("account__merchant", "invoice").get(pk=note_id)
    found, name = files.of_note(note, syntax), files.note_name(note, syntax)
    return _xml(found, note.account_id, str(note), name, actor, reason, now)


def _xml(
    found: bytes | None,
    merchant_id: int,
    subject: str,
    name: str,
    actor: str,
    reason: str,
    now: datetime,
) -> File:
    """Return the file's name and its content `found`, and put on the trail that `actor` took it and
    why. `subject` is the document's number. Raises NotOne if `found` is None, and Invalid without a
    reason; the trail has nothing of it then.
    """
    if found is None:
        raise NotOne(f"number: {subject} lacks what an e-invoice has to have")
    with transaction.atomic():
        _note(merchant_id, subject, name, actor, reason, now)
        return name, found


def invoice_as_csv(*, invoice_id: int, actor: str, reason: str, now: datetime) -> File:
    """Return the file name and the CSV of the bill's charges, in English and with the mark
    of UTF-8 in front, and put on the trail that `actor` took it and why. The caller sees to
    it that the bill is no draft, as drafts have no files. Raises Invoice.DoesNotExist,
    Invalid without a reason, and csv_export.Incomplete if its charges, lines and taxes do
    not make the bill; the trail has nothing of it then.
    """
    invoice = _invoice(invoice_id)
    export = invoice_csv.Export(invoice)
    with transaction.atomic():
        _note(invoice.account_id, str(invoice), export.file_name, actor, reason, now)
        return export.file_name, csv_files.MARK + b"".join(export.blocks())


def statement_as_pdf(*, statement_id: int, actor: str, reason: str, now: datetime) -> File:
    """Return the file name and the PDF of the closed month's statement, and put on the trail that
    `actor` took it and why. Raises Statement.DoesNotExist, NotClosed, and Invalid without a reason.
    """
    found = _statement(statement_id)
    merchant = found.account.merchant
    statement = statement_csv.closed_statement(merchant, found.month)
    name = f"statement-{merchant.reference}-{statement}.pdf"
    with transaction.atomic():
        _note(merchant.pk, str(statement), name, actor, reason, now)
        return name, pdf.statement_pdf(statement)


def statement_as_csv(*, statement_id: int, actor: str, reason: str, now: datetime) -> File:
    """Return the file name and the CSV of the closed month's charges, with the mark of UTF-8 in
    front, and put on the trail that `actor` took it and why. Raises Statement.DoesNotExist,
    NotClosed, Invalid without a reason, and csv_export.Incomplete if the charges do not make the
    statement's totals; the trail has nothing of it then.
    """
    found = _statement(statement_id)
    export = statement_csv.Export.of(found.account.merchant, found.month)
    with transaction.atomic():
        _note(found.account_id, str(found), export.file_name, actor, reason, now)
        return export.file_name, csv_files.MARK + b"".join(export.blocks())


def _invoice(invoice_id: int) -> Invoice:
    """Read the bill with this primary key, with its account and merchant. Raises
    Invoice.DoesNotExist.
    """
    found: Invoice = Invoice.objects.select_related("account__merchant").get(pk=invoice_id)
    return found


def _statement(statement_id: int) -> Statement:
    """Read the statement with this primary key, with its account and merchant. Raises
    Statement.DoesNotExist.
    """
    found: Statement = Statement.objects.select_related("account__merchant").get(pk=statement_id)
    return found


def _note(
    merchant_id: int, subject: str, name: str, actor: str, reason: str, now: datetime
) -> None:
    """Put on the trail that `actor` took the file called `name` of the document `subject`, and why.
    Raises Invalid without a reason, or for one that is no valid text.
    """
    trail.write(
        Action.FILE_TAKEN,
        merchant_id=merchant_id,
        subject=subject,
        after={"file": name},
        actor=actor,
        reason=wording.checked("reason", reason),
        now=now,
    )
