"""Sends e-mails of notices, and records who wants which (rule 11.1).

A notice gets its e-mails once, for the people who belong to the merchant then and want to hear of
its kind. Each e-mail is claimed, sent and marked in one transaction, so that two workers send it
once; only where a process dies between the server's "yes" and the commit is it sent again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F

from lib import parts
from lib.parts import InSteps
from lib.refusals import Invalid
from merchants.models import Membership
from merchants.operations.mailing import Sending, deliver
from notices import letters
from notices.kinds import registered
from notices.models import NoticeMail

# Of kinds with `owners_always` every owner gets an e-mail, even one who has muted the kind.
ADDRESS = InSteps("""
WITH notice AS (
    SELECT id, merchant_id, kind FROM notices_notice
    WHERE id = ANY(%(notices)s) AND addressed_at IS NULL
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), mail AS (
    INSERT INTO notices_noticemail (notice_id, user_id, failures)
    SELECT notice.id, member.user_id, 0
    FROM notice JOIN merchants_membership member USING (merchant_id)
    JOIN merchants_user person ON person.id = member.user_id AND person.is_active
    WHERE notice.kind <> ALL(member.muted)
       OR (notice.kind = ANY(%(owners_always)s) AND member.role = 'OWNER')
    ORDER BY notice.id, member.user_id
    ON CONFLICT (notice_id, user_id) DO NOTHING
)
UPDATE notices_notice SET addressed_at = %(now)s FROM notice
WHERE notices_notice.id = notice.id
""")


def mute(*, membership_id: int, kinds: Collection[str]) -> None:
    """Set the kinds of notices, by their codes, of which the member gets no e-mails, from the next
    notice on; this replaces the former choice. No trail row is written.

    Owners get e-mails of some kinds whatever they chose. Raises Invalid for an unknown kind, and
    Membership.DoesNotExist.
    """
    known = {kind.code for kind in registered()}
    for kind in kinds:
        if kind not in known:
            raise Invalid("muted", f"{kind!r} is no kind of notice")
    membership = Membership.objects.filter(pk=membership_id)
    if not membership.update(muted=sorted(map(str, set(kinds)))):
        raise Membership.DoesNotExist(f"there is no membership {membership_id}")


def send(notice_ids: Sequence[int], *, now: datetime) -> Sending:
    """Create the e-mails of those of these notices that have none yet, and send all that were not
    sent, each under its lock; returns how many were sent and which notices failed.

    E-mails to readers who have left the merchant, or are not active, are passed over. One that
    fails does not hold up the others; a later run sends it, as long as the notice is recent enough
    to be mailed. After three failures in a row nothing more is tried, and the notices
    of the rest count as failed, too. One of TRANSIENT_ERRORS is raised at once.
    """
    _address(notice_ids, now)
    waiting = NoticeMail.objects.filter(notice__in=notice_ids, sent_at__isnull=True)
    rows = waiting.order_by("failures", "pk").values_list("pk", "notice")
    return deliver(rows, send_one=_send_one, model=NoticeMail, now=now)


def _address(notice_ids: Sequence[int], now: datetime) -> None:
    """Create the e-mails of these notices, one for each active member who has not muted the kind,
    and for owners also of kinds that owners always get, and mark the notices as addressed, also
    those of which nobody gets one. Nothing is sent. Notices that have been addressed, or that
    another worker has locked, are left out.
    """
    always = [kind.code for kind in registered() if kind.owners_always]
    parts.rows(ADDRESS, {"notices": list(notice_ids), "owners_always": always, "now": now})


@transaction.atomic
def _send_one(mail_id: int, server: BaseEmailBackend, now: datetime) -> bool:
    """Lock the e-mail's row, send it in the reader's language, mark it as sent at `now`, and return
    True. Returns False, and changes nothing, if it was sent before, if another worker has it
    locked, or if its reader has left the merchant or is not active.
    """
    claimed = (
        NoticeMail.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("notice__merchant", "user")
        .filter(
            pk=mail_id,
            sent_at__isnull=True,
            user__is_active=True,
            user__memberships__merchant=F("notice__merchant"),
        )
        .first()
    )
    if claimed is None:
        return False
    letter = letters.write(claimed.notice, claimed.user)
    server.open()
    letter.connection = server
    letter.send()
    claimed.sent_at = now
    claimed.save(update_fields=["sent_at"])
    return True
