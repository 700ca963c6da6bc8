"""Questions about people and the merchants they act for. Nothing here writes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from django.db.models import Prefetch, QuerySet

from merchants import calendar
from merchants.models import Membership, Merchant, Notice, NoticeMail, TimeZonePeriod, User

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


class CountsDays(Protocol):
    """A credit line or a billing account: it knows its time zone, and since when it has it."""

    merchant_id: int
    timezone: str
    timezone_since_on: date | None
    timezone_since_at: datetime | None


def local_day(books: CountsDays, instant: datetime) -> date:
    """The merchant's day that `instant` is in, by the time zone that was in force then.

    A change of time zone neither doubles nor skips a day: what the clocks of the old and the new
    zone would both claim, or neither, goes to the last day before the change or the first after it.
    """
    since_on, since_at = books.timezone_since_on, books.timezone_since_at
    if since_on is None or since_at is None:
        return calendar.local_date(instant, books.timezone)
    if instant >= since_at:
        return max(calendar.local_date(instant, books.timezone), since_on)
    periods = TimeZonePeriod.objects.filter(merchant_id=books.merchant_id).order_by("starts_at")
    earlier = [period for period in periods if period.starts_at < since_at]
    period = next((one for one in reversed(earlier) if one.starts_at <= instant), earlier[0])
    after = next((one.starts_on for one in earlier if one.starts_at > instant), since_on)
    day = max(calendar.local_date(instant, period.timezone), period.starts_on)
    return min(day, after - calendar.ONE_DAY)


def time_zones_from(merchant_ids: Sequence[int], starts_on: date) -> dict[int, str]:
    """The time zones that these merchants change to with a local day; most change nothing."""
    changes = TimeZonePeriod.objects.filter(merchant__in=merchant_ids, starts_on=starts_on)
    return dict(changes.values_list("merchant", "timezone"))
