"""Creates merchants that join the marketplace."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from lib import arrival, calendar, wording
from lib.refusals import Conflict, Invalid, Refused, differing
from merchants.models import Merchant, TimeZonePeriod
from merchants.trail import Action
from trail import operations as trail


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
    it is new: a repeat with the same terms changes nothing. Raises MerchantConflict, Invalid.
    """
    calendar.check_zone(timezone)
    _check_language(language)
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
        others = differing(merchant.joined_with, terms)
        raise MerchantConflict(f"merchant: {reference} joined before with other terms", others)
    return merchant, is_new


def change(
    *, merchant_id: int, name: str, language: str, reason: str, actor: str, now: datetime
) -> Merchant:
    """Change the merchant's name, and the language of documents that are made for it from now on.

    Raises UnknownMerchant, and Invalid for a name or language that cannot be, if neither changes,
    and without a reason. Rule 21.9.
    """
    reason, name = wording.checked("reason", reason), wording.line("name", name)
    _check_language(language)
    with transaction.atomic():
        found = Merchant.objects.select_for_update(no_key=True).filter(pk=merchant_id)
        merchant = found.first()
        if merchant is None:
            raise UnknownMerchant(f"there is no merchant {merchant_id}")
        before = {"name": merchant.name, "language": merchant.language}
        after = {"name": name, "language": language}
        if before == after:
            raise Invalid("name", "and language are these already")
        merchant.name, merchant.language = name, language
        merchant.save(update_fields=["name", "language"])
        trail.write(
            Action.MERCHANT_CHANGED,
            merchant_id=merchant_id,
            subject=merchant.reference,
            before=before,
            after=after,
            actor=actor,
            reason=reason,
            now=now,
        )
    return merchant


@transaction.atomic
def choose_years(*, merchant_id: int, buddhist: bool, actor: str, now: datetime) -> Merchant:
    """Choose whether years on the merchant's documents in Thai are those of the Buddhist era. What
    is so already is not written again. Rule 13.14. Raises UnknownMerchant.
    """
    merchant = Merchant.objects.select_for_update(no_key=True).filter(pk=merchant_id).first()
    if merchant is None:
        raise UnknownMerchant(f"there is no merchant {merchant_id}")
    if merchant.buddhist_years != buddhist:
        trail.write(
            Action.YEARS_CHOSEN,
            merchant_id=merchant_id,
            subject=merchant.reference,
            before={"buddhist_years": merchant.buddhist_years},
            after={"buddhist_years": buddhist},
            actor=actor,
            now=now,
        )
        merchant.buddhist_years = buddhist
        merchant.save(update_fields=["buddhist_years"])
    return merchant


def _check_language(language: str) -> None:
    known = dict(settings.LANGUAGES)
    if language not in known:
        raise Invalid("language", f"{language!r} is none of {', '.join(known)}")
