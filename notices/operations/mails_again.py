"""Has the e-mail of a notice sent once more, when somebody of ours decides so (rule 11.6)."""

from datetime import datetime

from django.db import transaction

from lib import wording
from lib.refusals import Refused
from merchants.models import Membership
from notices import queries
from notices.models import MOST_AGAIN, NoticeMail
from notices.trail import Action
from trail import operations as trail


class StillWaits(Refused):
    """The e-mail was not sent yet, and the job still tries to."""

    code = "mail_waits"


class SentOftenEnough(Refused):
    """The e-mail was sent again as often as it may be."""

    code = "mail_sent_often_enough"


class NoReader(Refused):
    """Its reader does not belong to the merchant any more, or can't sign in."""

    code = "no_reader"


@transaction.atomic
def send_again(*, mail_id: int, actor: str, reason: str, now: datetime) -> NoticeMail:
    """Have the job send this e-mail once more, within minutes, to the e-mail address that its
    reader has now, with a trail row; it is tried for as long as a new one. What it says is written
    anew from the notice, in the reader's language. It locks the row of the e-mail.

    Raises StillWaits while the job still tries to send it, SentOftenEnough after MOST_AGAIN times,
    NoReader if the reader has left the merchant or is not active, Invalid without a reason,
    NoticeMail.DoesNotExist. Rule 11.6.
    """
    reason = wording.checked("reason", reason)
    held = NoticeMail.objects.select_for_update(of=("self",)).select_related("notice", "user")
    mail: NoticeMail = held.get(pk=mail_id)
    notice, reader = mail.notice, mail.user
    if queries.waits(mail, now):
        raise StillWaits("mail: it was not sent yet, and is still tried")
    if mail.asked_again >= MOST_AGAIN:
        raise SentOftenEnough(f"mail: it was sent again {MOST_AGAIN} times already")
    member = Membership.objects.filter(user=reader, merchant=notice.merchant_id)
    if not reader.is_active or not member.exists():
        raise NoReader(f"mail: {reader.email} does not belong to the merchant any more")
    before = mail.sent_at
    mail.sent_at, mail.failures = None, 0
    mail.asked_again, mail.asked_again_at = mail.asked_again + 1, now
    mail.save(update_fields=["sent_at", "failures", "asked_again", "asked_again_at"])
    trail.write(
        Action.MAIL_SENT_AGAIN,
        merchant_id=notice.merchant_id,
        subject=reader.email,
        before={"sent_at": before.isoformat() if before else ""},
        after={"sent_at": "", "notice": f"{notice.kind} {notice.cause}"},
        reason=reason,
        actor=actor,
        now=now,
    )
    return mail
