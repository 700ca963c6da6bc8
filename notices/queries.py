"""Questions about notices and the e-mails that tell of them. Nothing here writes."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from merchants.models import Merchant
from merchants.queries import MAIL_WINDOW
from notices.models import Notice, NoticeMail


def latest_notice() -> Subquery:
    """A subquery, for queries of memberships, for the key of the latest notice of the membership's
    merchant.

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
    """The keys of notices no older than MAIL_WINDOW whose e-mails were not created yet, or not all
    sent.
    """
    since = now - MAIL_WINDOW
    unaddressed = Notice.objects.filter(addressed_at__isnull=True, at__gt=since)
    unsent = NoticeMail.objects.filter(sent_at__isnull=True, notice__at__gt=since)
    return sorted(
        {*unaddressed.values_list("pk", flat=True), *unsent.values_list("notice", flat=True)}
    )
