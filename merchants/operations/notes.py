"""Keeps what our people note about merchants for their colleagues."""

from datetime import datetime

from django.db import transaction

from lib import form_keys, locks, wording
from merchants.models import Note
from merchants.trail import Action
from trail import operations as trail


@transaction.atomic
def add(*, merchant_id: int, text: str, request_key: str, actor: str, now: datetime) -> Note:
    """Keep a note about the merchant, which is never changed, with a trail row that has its text. A
    form that is sent twice, with the same `request_key`, keeps one, which is returned; without a
    key each call keeps one.

    Raises FormConflict for another text under the same key, Invalid without a text. Of two calls at
    once with the same key, the second waits.
    """
    text = wording.checked("text", text)
    locks.wait_for_advisory_lock(f"note {merchant_id} {request_key}")
    known = Note.objects.filter(merchant=merchant_id)
    if found := form_keys.sent_before(known, request_key, text=text):
        return found
    note = Note.objects.create(
        merchant_id=merchant_id, text=text, request_key=request_key, written_by=actor,
        written_at=now,
    )  # fmt: skip
    trail.write(
        Action.NOTE_WRITTEN,
        merchant_id=merchant_id,
        subject="note",
        after={"text": text},
        actor=actor,
        now=now,
    )
    return note
