"""Questions about notices and the e-mails that tell of them. Nothing here writes."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from merchants.models import Merchant
from merchants.queries import MAIL_WINDOW
from notices.models import Notice, NoticeMail


def latest_notice() -> Subquery:
    """A subquery, for queries of memberships, for the key of the latest notice of the membership's
    merchant; NULL if it has none.

    It compares with >= and <= so that PostgreSQL uses the merchant's own index: with "=", it may
    walk the latest notices of all merchants until it meets one of this merchant.
    """
    own = {"merchant__gte": OuterRef("merchant"), "merchant__lte": OuterRef("merchant")}
    latest = Notice.objects.filter(**own).order_by("merchant_id", "-id").values("id")
    return Subquery(latest[:1])


def notices_of(merchant: Merchant, *, kinds: Collection[str] = ()) -> QuerySet[Notice]:
    """The merchant's notices, in no particular order; only those of these kinds, by their codes, if
    any are given.
    """
    found = Notice.objects.filter(merchant=merchant)
    return found.filter(kind__in=kinds) if kinds else found


def notices_to_mail(now: datetime) -> Sequence[int]:
    """The keys, rising, of notices younger than MAIL_WINDOW whose e-mails were not created
    yet, or not all sent; and of older ones of which somebody asked within that time for a
    mail to be sent again, which was not sent yet. An unsent e-mail counts even if its
    reader has left: `mails.send` passes it over, and its notice is found until that time is
    over.
    """
    since = now - MAIL_WINDOW
    unaddressed = Notice.objects.filter(addressed_at__isnull=True, at__gt=since)
    unsent = NoticeMail.objects.filter(
        Q(notice__at__gt=since) | Q(asked_again_at__gt=since), sent_at__isnull=True
    )
    return sorted(
        {*unaddressed.values_list("pk", flat=True), *unsent.values_list("notice", flat=True)}
    )


def waits(mail: NoticeMail, now: datetime) -> bool:
    """Whether the job still tries to send this e-mail: it was not sent yet, or is to be sent again,
    and its notice, or the asking for it again, is younger than MAIL_WINDOW. Whether its reader
    still belongs to the merchant does not matter.
    """
    began = max(filter(None, (mail.notice.at, mail.asked_again_at)))
    return mail.sent_at is None and began > now - MAIL_WINDOW


def standing(mail: NoticeMail, now: datetime) -> str:
    """What became of the e-mail by `now`, for operators to read, in English: "sent", "given up"
    once the job no longer tries, "waits" if it was not tried yet, or how often it failed and that
    it is tried again.
    """
    if mail.sent_at is not None:
        return "sent"
    if not waits(mail, now):
        return "given up"
    return f"failed {mail.failures} times, and is tried again" if mail.failures else "waits"
