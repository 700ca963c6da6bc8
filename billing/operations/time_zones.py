"""Takes another version of the time-zone data for counting days (rule 2.13).

Days that were worked off stay as they are. The open day ends when the new data says, but not before
what was written on it; the days after it are the first ones that `audit` counts by the new data.
Where the books are in cells, all of them take it, in one transaction (rule 30.13).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from django.db import connection, transaction
from django.db.models import F, QuerySet

from billing.models import AccountChange, BillingAccount
from billing.trail import Action
from credit.models import CreditLine
from lib import calendar, cells, locks, zones
from lib.refusals import Invalid, Refused
from merchants import time_zone_data
from merchants.models import Merchant, TimeZoneData, TimeZonePeriod
from trail import operations as trail

# Other sessions of people and programs who may write to the books.
OTHERS = """
SELECT usename || ' (' || coalesce(nullif(application_name, ''), 'no name') || ')'
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND coalesce(backend_type, 'client backend') = 'client backend'
  AND has_table_privilege(usesysid, 'merchants_timezonedata', 'UPDATE')
"""

# Where both books of a merchant have the same day open, it ends at the same instant for both.
END_OPEN_DAYS = """
WITH ends AS (
    SELECT account.merchant_id, account.open_on = line.open_on AS is_same,
           greatest(account_end.at, account.last_wrote_at) AS account_ends,
           greatest(line_end.at, line.last_wrote_at) AS line_ends
    FROM billing_billingaccount account
    JOIN credit_creditline line USING (merchant_id)
    JOIN unnest(%(zones)s::text[], %(days)s::date[], %(ends)s::timestamptz[])
         AS account_end(timezone, day, at)
         ON account_end.timezone = account.timezone AND account_end.day = account.open_on
    JOIN unnest(%(zones)s::text[], %(days)s::date[], %(ends)s::timestamptz[])
         AS line_end(timezone, day, at)
         ON line_end.timezone = line.timezone AND line_end.day = line.open_on
    WHERE account.merchant_id = ANY(%(merchants)s)
), agreed AS (
    SELECT merchant_id,
           CASE WHEN is_same THEN greatest(account_ends, line_ends) ELSE account_ends END
               AS account_ends,
           CASE WHEN is_same THEN greatest(account_ends, line_ends) ELSE line_ends END
               AS line_ends
    FROM ends
), account AS (
    UPDATE billing_billingaccount SET open_until = agreed.account_ends
    FROM agreed WHERE agreed.merchant_id = billing_billingaccount.merchant_id
), line AS (
    UPDATE credit_creditline SET open_until = agreed.line_ends
    FROM agreed WHERE agreed.merchant_id = credit_creditline.merchant_id
)
UPDATE merchants_merchant
SET recounted_from = greatest(recounted_from, agreed.account_ends, agreed.line_ends)
FROM agreed WHERE agreed.merchant_id = merchants_merchant.id
"""


class BooksInUse(Refused):
    """Somebody else is connected who may write to the books."""

    code = "books_in_use"


class UnknownZones(Refused):
    """Merchants count days in time zones that the new data does not have."""

    code = "unknown_zones"


@dataclass(frozen=True)
class Taken:
    """The result of taking a version of the data: the version before, and the one in use now."""

    before: str
    version: str
    merchants: int  # whose open day got its end computed anew


@transaction.atomic
def take(*, instead: Mapping[str, str], actor: str, now: datetime) -> Taken:
    """Have the books count days by this process's time-zone data, while nothing else is connected
    that may write. The ends of open days and the starts of planned zones are computed anew. A new
    version, and each account whose zone is replaced, gets a trail row. It waits while another
    process does so.

    `instead` maps a zone that the data does not have to the one in which its merchants count from
    now on. If the version is the same, only merchants of replaced zones are concerned. Raises
    BooksInUse; UnknownZones while merchants use zones that the data does not have; Invalid for a
    zone in `instead` that is not a place's, or that needs no replacement.
    """
    for name, other in instead.items():
        calendar.check_zone(other)
        if zones.is_name(name):
            raise Invalid(
                "timezone", f"{name!r} is a place; its merchants change it one by one in the admin"
            )
    before = time_zone_data.current().version
    locks.wait_for_advisory_lock(time_zone_data.TURN)
    data = TimeZoneData.objects.select_for_update().get()
    _check_alone()
    renamed = _replace_zones(instead, actor=actor, now=now)
    if unknown := unknown_zones():
        raise UnknownZones(_sentence(unknown))
    is_new = data.version != zones.VERSION
    merchant_ids = list(Merchant.objects.values_list("pk", flat=True)) if is_new else renamed
    cells.in_each(partial(_count_anew, merchant_ids))
    if is_new:
        data.version, data.taken_at, data.taken_by = zones.VERSION, now, actor
        data.save()
        trail.write(
            Action.TIME_ZONE_DATA_TAKEN,
            subject="installation",
            before={"version": before},
            after={"version": data.version},
            actor=actor,
            now=now,
        )
    return Taken(before, data.version, len(merchant_ids))


def unknown_zones() -> dict[str, int]:
    """The zones in use that this process's data does not have, each with how many merchants use it,
    by the alphabet.

    Merchants that had such a zone, or will have it, count too: a late event is of a day of the zone
    in force then.
    """
    theirs = {
        *Merchant.objects.values_list("pk", "timezone"),
        *TimeZonePeriod.objects.values_list("merchant", "timezone"),
    }
    theirs.update(*cells.in_each(_zones_of_books))
    found = Counter(name for _, name in theirs)
    return {name: count for name, count in sorted(found.items()) if not zones.is_name(name)}


def _zones_of_books() -> set[tuple[int, str]]:
    """The zones that merchants' books count in here, each with the merchant's key."""
    return {
        *BillingAccount.objects.values_list("pk", "timezone"),
        *CreditLine.objects.values_list("pk", "timezone"),
    }


def _planned() -> QuerySet[TimeZonePeriod]:
    """The periods of merchants' time zones that begin after the open day of their billing account,
    in no order.
    """
    return TimeZonePeriod.objects.filter(starts_on__gt=F("merchant__billing_account__open_on"))


def _sentence(unknown: Mapping[str, int]) -> str:
    """The sentence that names the unknown zones, and how to replace them."""
    names = ", ".join(f"{name} ({count} merchants)" for name, count in unknown.items())
    return (
        f"tzdata {zones.VERSION} has no such place: {names}. Name another zone for each, such as"
        f" --instead {next(iter(unknown))}=Asia/Bangkok."
    )


def _check_alone() -> None:
    """Raise BooksInUse while another session is connected that may write.

    A process that connects later waits for the row that is locked, and then finds the new version.
    """
    with connection.cursor() as cursor:
        cursor.execute(OTHERS)
        others = Counter(name for (name,) in cursor.fetchall())
    if others:
        names = ", ".join(f"{count} × {name}" for name, count in sorted(others.items()))
        raise BooksInUse(
            f"the database has other sessions: {names}. Stop web servers, workers, the timetable"
            " and whatever else is connected, and try again."
        )


def _replace_zones(instead: Mapping[str, str], *, actor: str, now: datetime) -> list[int]:
    """Replace the zones named in `instead` in both books and in the merchants' history, with
    records and trail rows for the accounts that count in them; returns the keys, rising, of the
    merchants that have, had or planned one of them.

    Their whole history is changed: days that were worked off are not counted again.
    """
    concerned = TimeZonePeriod.objects.filter(timezone__in=instead)
    theirs = sorted(set(concerned.values_list("merchant", flat=True)))
    cells.in_each(partial(_replace_in_books, theirs, instead, actor=actor, now=now))
    for name, other in instead.items():
        Merchant.objects.filter(timezone=name).update(timezone=other)
        TimeZonePeriod.objects.filter(timezone=name).update(timezone=other)
    return theirs


def _replace_in_books(
    merchant_ids: Sequence[int], instead: Mapping[str, str], *, actor: str, now: datetime
) -> None:
    """Replace the zones in both books of those of these merchants whose books are here, with
    records and trail rows. It locks these accounts.
    """
    found = BillingAccount.objects.select_for_update().filter(pk__in=merchant_ids)
    for account in found.order_by("pk"):
        becomes = instead.get(account.timezone, account.timezone)
        if becomes != account.timezone:
            _record_change(account, becomes, actor=actor, now=now)
    for name, other in instead.items():
        for books in (BillingAccount, CreditLine):
            books.objects.filter(timezone=name).update(timezone=other)


def _record_change(account: BillingAccount, becomes: str, *, actor: str, now: datetime) -> None:
    """Record, also on the trail, that the locked account counts in the zone `becomes` from its open
    day on; the account itself is changed by the caller.

    The record has the account's last instant: days between that and now are still to be worked off.
    """
    reason = f"tzdata {zones.VERSION} has no {account.timezone}"
    AccountChange.objects.create(
        account=account,
        what=AccountChange.What.TIMEZONE,
        before=account.timezone,
        after=becomes,
        effective_on=account.open_on,
        actor=actor,
        reason=reason,
        at=account.last_wrote_at,
    )
    trail.write(
        Action.TIME_ZONE_CHANGED,
        merchant_id=account.pk,
        subject="billing account",
        before={"time_zone": account.timezone},
        after={"time_zone": becomes},
        actor=actor,
        reason=reason,
        now=now,
    )


def _count_anew(merchant_ids: Sequence[int]) -> None:
    """Compute anew the ends of open days, and the starts of planned zones, of those of these
    merchants whose books are here.
    """
    _end_open_days(merchant_ids)
    _start_planned_zones(merchant_ids)


def _end_open_days(merchant_ids: Sequence[int]) -> None:
    """Set the end of the open days of these merchants' books, where they are here, by the new data,
    but not before what was last written on them; if both books have the same day open, the later
    end holds for both. That instant is noted with the merchant: days from it on are counted by the
    new data (`recounted_from`).
    """
    open_days: set[tuple[str, date]] = {
        *BillingAccount.objects.filter(pk__in=merchant_ids).values_list("timezone", "open_on"),
        *CreditLine.objects.filter(pk__in=merchant_ids).values_list("timezone", "open_on"),
    }
    days = sorted(open_days)
    with connection.cursor() as cursor:
        cursor.execute(
            END_OPEN_DAYS,
            {
                "merchants": list(merchant_ids),
                "zones": [timezone for timezone, _ in days],
                "days": [day for _, day in days],
                "ends": [calendar.day_end(day, timezone) for timezone, day in days],
            },
        )


def _start_planned_zones(merchant_ids: Sequence[int]) -> None:
    """Set the start of these merchants' planned time zones to the end of the day before, which the
    new data may have moved.
    """
    planned = _planned().filter(merchant__in=merchant_ids)
    for period in planned.select_related("merchant__billing_account").order_by("pk"):
        account = period.merchant.billing_account
        period.starts_at = (
            account.open_until
            if period.starts_on == account.open_on + calendar.ONE_DAY
            else calendar.day_start(period.starts_on, account.timezone)
        )
        period.save(update_fields=["starts_at"])
