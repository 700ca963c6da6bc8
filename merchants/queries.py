"""Questions about people and the merchants they act for. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet

from merchants.models import Membership, Merchant, Notice, NoticeMail, User

NEWS = timedelta(hours=48)  # nobody wants to be written to of what is older


def membership(user: User, merchant_reference: str) -> Membership | None:
    """The person's role at the merchant; None for a stranger, or if there is no such merchant."""
    return (
        Membership.objects.select_related("merchant")
        .filter(user=user, merchant__reference=merchant_reference)
        .first()
    )


def merchants_of(user: User) -> QuerySet[Merchant]:
    """The merchants a person acts for, each with the person's membership in `own`."""
    own = Prefetch("memberships", Membership.objects.filter(user=user), to_attr="own")
    return Merchant.objects.filter(memberships__user=user).prefetch_related(own)


def notices_to_mail(now: datetime) -> Sequence[int]:
    """The notices that are news at `now` with e-mails to be made out, or to be sent."""
    since = now - NEWS
    unaddressed = Notice.objects.filter(addressed_at__isnull=True, at__gt=since)
    unsent = NoticeMail.objects.filter(sent_at__isnull=True, notice__at__gt=since)
    return sorted(
        {*unaddressed.values_list("pk", flat=True), *unsent.values_list("notice", flat=True)}
    )
