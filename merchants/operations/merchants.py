"""Creates merchants that join the marketplace."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from lib import arrival, calendar
from lib.refusals import Conflict, Invalid, Refused
from merchants.models import Merchant, TimeZonePeriod


class UnknownMerchant(Refused):
    """No merchant has this reference."""

    code = "unknown_merchant"


class MerchantConflict(Conflict):
    """The merchant joined before, with other terms."""


def join(
    *,
    reference: str,
    name: str,
    language: str,
    timezone: str,
    terms: dict[str, Any],
    at: datetime,
    now: datetime,
) -> tuple[Merchant, bool]:
    """Create the merchant, whose books begin at `now`; `at` is when the platform says that it
    joined.

    `terms` is all that the event said, kept to recognise a repeat. Returns the merchant and whether
    it is new. Raises MerchantConflict, Invalid.
    """
    calendar.check_zone(timezone)
    if language not in dict(settings.LANGUAGES):
        raise Invalid("language", f"{language!r} is none of {', '.join(dict(settings.LANGUAGES))}")
    with transaction.atomic():
        merchant, is_new = Merchant.objects.get_or_create(
            reference=reference,
            defaults={
                "name": name,
                "language": language,
                "timezone": timezone,
                "joined_at": now,
                "joined_said_at": at,
                "joined_with": terms,
            },
        )
        if is_new:
            arrival.check(at, arrived=now)
            TimeZonePeriod.objects.create(
                merchant=merchant,
                timezone=timezone,
                starts_on=calendar.FIRST_DAY,
                starts_at=calendar.FIRST_INSTANT,
            )
    if not is_new and merchant.joined_with != terms:
        raise MerchantConflict(f"merchant: {reference} joined before with other terms")
    return merchant, is_new
