"""Creates merchants that join the marketplace."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction

from lib import arrival, calendar, cells, rows, wording
from lib.refusals import Conflict, Invalid, Refused, differing
from merchants.models import Merchant, TimeZonePeriod
from merchants.trail import Action
from trail import operations as trail


class UnknownMerchant(Refused):
    """No merchant has this reference."""

    code = "unknown_merchant"


class MerchantConflict(Conflict):
    """The merchant joined before, with other terms."""


class NewMerchant(NamedTuple):
    """A merchant that joins, whose books begin at `now`; `at` is when the platform says that it
    joined, and `terms` is all that the event said, kept to recognise a repeat.
    """

    reference: str
    name: str
    language: str
    timezone: str
    terms: dict[str, Any]
    at: datetime
    now: datetime

    def check(self) -> None:
        """Raise Invalid if no merchant can have this time zone or language."""
        calendar.check_zone(self.timezone)
        _check_language(self.language)


def join(new: NewMerchant) -> tuple[Merchant, bool]:
    """Create the merchant with the first period of its time zone, in the cell that we are inside,
    unless it joined before. Returns it, and whether it is new: a repeat with the same terms changes
    nothing. No trail row is written. Raises MerchantConflict for other terms, and Invalid for a
    time zone or language that cannot be or, of a new one, an instant of joining more than 5 minutes
    after `now`.
    """
    known = Merchant.objects.filter(reference=new.reference).first()
    if known is None:
        try:
            (merchant,) = join_many([new])
        except IntegrityError:
            known = Merchant.objects.filter(reference=new.reference).first()
            if known is None:
                raise
        else:  # nobody was faster
            return merchant, True
    new.check()
    if known.joined_with != new.terms:
        others = differing(known.joined_with, new.terms)
        raise MerchantConflict(f"merchant: {new.reference} joined before with other terms", others)
    return known, False


@transaction.atomic
def join_many(new: Sequence[NewMerchant]) -> list[Merchant]:
    """Create merchants that did not join before, each with the first period of its time zone, in
    the cell that we are inside. Returns them as they are given, so that their keys rise. No trail
    row is written.

    Raises Invalid for a time zone or language that cannot be, or an instant of joining more than 5
    minutes after `now`, and IntegrityError if one of them joined before, or is given twice; then
    none is created.
    """
    for one in new:
        one.check()
        arrival.check(one.at, arrived=one.now)
    merchants = Merchant.objects.bulk_create(
        Merchant(
            reference=one.reference,
            name=one.name,
            language=one.language,
            timezone=one.timezone,
            joined_at=one.now,
            joined_said_at=one.at,
            joined_with=one.terms,
            cell=cells.number(),
        )
        for one in new
    )
    rows.insert(
        [
            TimeZonePeriod(
                merchant=merchant,
                timezone=merchant.timezone,
                starts_on=calendar.FIRST_DAY,
                starts_at=calendar.FIRST_INSTANT,
            )
            for merchant in merchants
        ]
    )
    return merchants


def change(
    *, merchant_id: int, name: str, language: str, reason: str, actor: str, now: datetime
) -> Merchant:
    """Change the merchant's name, and the language of documents that are made for it from now on,
    with a trail row.

    Raises UnknownMerchant, and Invalid for a name or language that cannot be, if neither changes,
    and without a reason. It locks the merchant's row. Rule 21.9.
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
    """Choose whether years on the merchant's documents in Thai are those of the Buddhist era, with
    a trail row. What is so already is not written again. Rule 13.14. Raises UnknownMerchant. It
    locks the merchant's row.
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
    """Raise Invalid unless it is the code of one of Tael's languages."""
    known = dict(settings.LANGUAGES)
    if language not in known:
        raise Invalid("language", f"{language!r} is none of {', '.join(known)}")
