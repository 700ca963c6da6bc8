"""Mails bills and statements to the addresses that a merchant has named (rule 11.9).

A document goes to an address once: what was mailed is written down in the transaction that mails
it, under the address's lock.
"""

from collections.abc import Sequence
from datetime import datetime

from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from billing import document_letters
from billing.models import BillingAddress, DocumentMail, Invoice
from billing.queries import documents
from merchants.operations import mailing


def send(address_ids: Sequence[int], *, now: datetime) -> mailing.Sending:
    """Mail these addresses what they have not had: the link by which they confirm, or their
    documents. One that fails does not hold up the others; a later run mails it again.
    """
    rows = [(pk, pk) for pk in address_ids]
    return mailing.deliver(rows, send_one=_send_one, model=BillingAddress, now=now)


def _send_one(address_id: int, server: BaseEmailBackend, now: datetime) -> bool:
    """Mail one address all that waits for it, a transaction for each mail. Returns whether anything
    was sent.
    """
    sent = False
    while _send_next(address_id, server, now):
        sent = True
    return sent


@transaction.atomic
def _send_next(address_id: int, server: BaseEmailBackend, now: datetime) -> bool:
    """Send the next mail to the address. Returns False if there is none, or another worker is at
    it.
    """
    address = (
        BillingAddress.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("account__merchant")
        .filter(pk=address_id, ended_at__isnull=True)
        .first()
    )
    if address is None:
        return False
    if address.confirmed_at is None:
        return _ask(address, server, now)
    waiting = documents.documents_for(address, now)
    if not waiting:
        return False
    letter = document_letters.with_documents(address, waiting[0], now=now)
    server.open()
    letter.connection = server
    letter.send()
    for document in waiting[0]:
        column = "invoice" if isinstance(document, Invoice) else "statement"
        DocumentMail.objects.create(address=address, sent_at=now, **{column: document})
    return True


def _ask(address: BillingAddress, server: BaseEmailBackend, now: datetime) -> bool:
    """Mail the address the link by which it confirms, once."""
    if address.asked_at is not None:
        return False
    letter = document_letters.to_confirm(address)
    server.open()
    letter.connection = server
    letter.send()
    address.asked_at = now
    address.save(update_fields=["asked_at"])
    return True
