"""Writes and sends e-mails about how people sign in and who belongs to a merchant (rule 21.5, rule
21.7).

They are sent whatever other e-mails somebody has chosen. They are written in the transaction that
they are about, and sent by a job that runs each minute: nobody waits for a mail server, and the
time that a response takes does not reveal whether an address is known.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q

from merchants import security_letter
from merchants.models import Membership, SecurityMail, User
from merchants.operations import mailing

Kind = SecurityMail.Kind


def write(
    kind: SecurityMail.Kind,
    user: User,
    *,
    now: datetime,
    address: str = "",
    merchant_id: int | None = None,
    details: Mapping[str, str] | None = None,
) -> None:
    """Keep an e-mail of this kind to the person for a job to send, to `address` if that is given,
    and otherwise to the address they have now. `details` are what its text says besides.
    """
    SecurityMail.objects.create(
        kind=kind,
        user=user,
        address=address or user.email,
        merchant_id=merchant_id,
        details=dict(details or {}),
        at=now,
    )


def write_to_owners(
    kind: SecurityMail.Kind,
    merchant_id: int,
    *,
    now: datetime,
    also: User | None = None,
    **details: str,
) -> None:
    """Keep an e-mail of this kind, for a job to send, to everybody who is an owner of the merchant
    now and is active, including the one who caused it; and to `also`, an active member who was an
    owner until now. `details` are what its text says besides.
    """
    told = Q(role=Membership.Role.OWNER)
    if also is not None:
        told |= Q(user=also)
    owners = Membership.objects.filter(told, merchant=merchant_id, user__is_active=True)
    for owner in owners.select_related("user").order_by("pk"):
        write(kind, owner.user, now=now, merchant_id=merchant_id, details=details)


def send(mail_ids: Sequence[int], *, now: datetime) -> mailing.Sending:
    """Send those of these e-mails that were not sent yet, those with the fewest failures first.
    Each is locked while it is sent. Returns how many were sent, and the failures by key. One that
    fails does not hold up the others; after three failures in a row no more are tried, and the rest
    count as failed, too. One of TRANSIENT_ERRORS is raised at once.
    """
    waiting = SecurityMail.objects.filter(pk__in=mail_ids, sent_at__isnull=True)
    rows = [(pk, pk) for pk in waiting.order_by("failures", "pk").values_list("pk", flat=True)]
    return mailing.deliver(rows, send_one=_send_one, model=SecurityMail, now=now)


@transaction.atomic
def _send_one(mail_id: int, server: BaseEmailBackend, now: datetime) -> bool:
    """Lock the row of the e-mail, send it, mark it as sent at `now`, and return True. Returns False
    if it was sent already, or another worker is sending it.
    """
    claimed = (
        SecurityMail.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("merchant", "user")
        .filter(pk=mail_id, sent_at__isnull=True)
        .first()
    )
    if claimed is None:
        return False
    letter = security_letter.write(claimed)
    server.open()
    letter.connection = server
    letter.send()
    claimed.sent_at = now
    claimed.save(update_fields=["sent_at"])
    return True
