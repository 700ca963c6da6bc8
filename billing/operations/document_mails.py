"""Mails bills and statements to the addresses that a merchant has named (rule 11.9).

A document goes to an address once: what was mailed is written down in the transaction that mails
it, under the address's lock. An address whose mail server refuses is tried ever more seldom, and
then no more (rule 11.11).
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F

from billing import document_letters
from billing.models import BillingAddress, DocumentMail, Invoice
from billing.notices.account import DOCUMENTS_REFUSED
from billing.operations import addresses
from billing.queries import documents
from merchants.operations import mailing
from notices.operations import notices

log = logging.getLogger(__name__)

REFUSED = (SMTPRecipientsRefused, SMTPDataError)  # by the address's side; all else may be our own
LEAST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(days=1)
GIVEN_UP_AFTER = timedelta(days=5)
GIVEN_UP_BY = "document mails"  # who ends an address that is given up


def send(address_ids: Sequence[int], *, now: datetime) -> mailing.Sending:
    """Mail these addresses what they have not had, each under its lock: the link by which they
    confirm, or their documents. Returns to how many addresses anything was sent, and the failures
    by the address's key. One that fails does not hold up the others; a later run mails it again.
    After three failures in a row the rest count as failed, untried, and one of TRANSIENT_ERRORS is
    raised at once. An address whose mail server refuses is no failure: it is put off, and ended
    after days of that, with a trail row and a notice to the merchant.
    """
    rows = [(pk, pk) for pk in address_ids]
    return mailing.deliver(rows, send_one=_send_one, model=BillingAddress, now=now)


def _send_one(address_id: int, server: BaseEmailBackend, now: datetime) -> bool:
    """Mail one address all that waits for it, a transaction for each mail, with the address locked.
    Returns whether anything was sent. What its mail server refuses is put off (_put_off), logged
    and not raised: it is no failure of ours. Other errors are raised. Of an address that is given
    up there is a trail row, and its merchant is notified.
    """
    sent = False
    try:
        while _send_next(address_id, server, now):
            sent = True
    except REFUSED as error:
        log.warning("Address %s was refused: %s", address_id, error)
        _put_off(address_id, now)
    return sent


@transaction.atomic
def _put_off(address_id: int, now: datetime) -> None:
    """Set when a refused address is tried again: after as long as it has been refused so far, at
    least 5 minutes and at most a day later. One that was refused for 5 days is ended, with a trail
    row and under the account's lock, and the merchant is notified.
    """
    address = BillingAddress.objects.get(pk=address_id)
    since = address.refused_since or now
    if now >= since + GIVEN_UP_AFTER:
        _give_up(address, now)
        return
    wait = min(max(now - since, LEAST_WAIT), LONGEST_WAIT)
    BillingAddress.objects.filter(pk=address_id, ended_at__isnull=True).update(
        refused_since=since,
        next_mail_at=min(now + wait, since + GIVEN_UP_AFTER),
        failures=F("failures") + 1,
    )


def _give_up(address: BillingAddress, now: datetime) -> None:
    """End the address, unless somebody has meanwhile, and tell the merchant. It writes a trail row,
    and locks the account.
    """
    with suppress(addresses.UnknownAddress):
        ended = addresses.end(address_id=address.pk, actor=GIVEN_UP_BY, now=now)
        notices.write(
            merchant_id=ended.account_id,
            kind=DOCUMENTS_REFUSED,
            cause=str(ended.pk),
            at=now,
            email=ended.email,
        )


@transaction.atomic
def _send_next(address_id: int, server: BaseEmailBackend, now: datetime) -> bool:
    """Lock the address and send it its next mail, the link by which it confirms or its documents,
    and write down what was sent. Returns False if there is none, the address has ended or has that
    link and is not confirmed, or another worker is at it.
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
    _note_taken(address)
    return True


def _note_taken(address: BillingAddress) -> None:
    """Forget that the locked address was refused, since it has taken a mail; saves it if it was."""
    if address.refused_since is not None:
        address.refused_since = address.next_mail_at = None
        address.save(update_fields=["refused_since", "next_mail_at"])


def _ask(address: BillingAddress, server: BaseEmailBackend, now: datetime) -> bool:
    """Mail the locked address the link by which it confirms, unless it got that before; returns
    whether it was mailed.
    """
    if address.asked_at is not None:
        return False
    letter = document_letters.to_confirm(address)
    server.open()
    letter.connection = server
    letter.send()
    address.asked_at = now
    address.save(update_fields=["asked_at"])
    _note_taken(address)
    return True
