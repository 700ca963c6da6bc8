"""Writes messages of our people to merchants, as notices that are also mailed (rule 11.5)."""

from datetime import datetime

from django.db import transaction

from lib import wording
from lib.refusals import Invalid
from merchants.models import Merchant
from notices.models import Notice
from notices.operations import notices
from notices.own_kinds import MESSAGE
from notices.trail import Action
from trail import operations as trail


@transaction.atomic
def send(
    *, merchant: Merchant, text: str, reason: str, request_key: str, actor: str, now: datetime
) -> Notice:
    """Write a notice with this text to the merchant's people, in the language in which it is
    written, with a trail row. A job mails it: to owners whatever they chose, and to others who want
    such mails. `reason` is for colleagues. A form that is sent twice, with the same `request_key`,
    writes one notice, with the text of the first. Returns it. Raises Invalid without a key, a text
    or a reason. Rule 11.5.
    """
    text, reason = wording.checked("text", text), wording.checked("reason", reason)
    if not request_key:
        raise Invalid("request_key", "is missing")
    is_new = notices.write(
        merchant_id=merchant.pk, kind=MESSAGE, cause=request_key, at=now, text=text
    )
    notice = Notice.objects.get(merchant=merchant, kind=MESSAGE.code, cause=request_key)
    if is_new:
        trail.write(
            Action.MESSAGE_SENT,
            merchant_id=merchant.pk,
            subject="message",
            after={"text": text},
            reason=reason,
            actor=actor,
            now=now,
        )
    return notice
