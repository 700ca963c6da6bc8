"""Questions about people and the merchants they act for. Nothing here writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject

from lib import calendar, cells, prepared, words
from lib.compiled import Compiled
from merchants.models import (
    EnrolledFactor,
    Installation,
    Invitation,
    Look,
    Membership,
    Merchant,
    OperatorDecision,
    OperatorPolicy,
    Profile,
    ProfileStep,
    SavedView,
    SecurityMail,
    TimeZonePeriod,
    User,
)
from merchants.models.people import NAMED_BY

TIME_ZONES = "SELECT DISTINCT timezone FROM merchants_timezoneperiod"
TIME_ZONES_FROM = """
SELECT merchant_id, timezone FROM merchants_timezoneperiod
WHERE merchant_id = ANY(%(merchants)s::bigint[]) AND starts_on = %(day)s::date
"""
LOOKS_AT_MERCHANTS = "merchants.view_look"  # whoever has a role
# Recovery codes alone are no second factor: they stand in for one that was lost.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
FACTOR_WAITS = timedelta(hours=24)  # before what somebody set up first opens money's ways out

OTHERS = 8  # merchants that a membership comes with; a page lists all
MAIL_WINDOW = timedelta(hours=48)  # nobody wants to be written to of what is older


# The annotations of the membership of every request, by name: ours, and those that other packages
# add.
_on_every_page: dict[str, Combinable] = {
    "others": ArraySubquery(
        Merchant.objects.filter(memberships__user=OuterRef("user"))
        .exclude(pk=OuterRef("merchant"))
        .order_by("name", "pk")
        .values(shown=JSONObject(reference="reference", name="name"))[:OTHERS]
    ),
    # By which numbers are called on the page (installation.outside).
    "prefix": Subquery(Installation.objects.values("prefix")[:1]),
}


def _membership(user: int, reference: str) -> QuerySet[Membership]:
    """The query for the membership of the person with this key in the merchant with this reference,
    with its merchant and all that `annotate_membership` added; of one row at most.
    """
    return (
        Membership.objects.select_related("merchant")
        .annotate(**_on_every_page)
        .filter(user=user, merchant__reference=reference)
        .order_by("pk")[:1]
    )


_MEMBERSHIP = Compiled(_membership, user=-2_000_000_001, reference="the reference")


def annotate_membership(**expressions: Combinable) -> None:
    """Add these expressions, in terms of the membership, under their names to every membership that
    `membership` returns; one of the same name is replaced. Other packages call it as they start.
    """
    _on_every_page.update(expressions)
    _MEMBERSHIP.forget()


def membership(user: User, merchant_reference: str) -> Membership | None:
    """The person's membership of the merchant with this reference, or None if the person has none
    or there is no such merchant. Where books are in cells it has to be asked inside the merchant's;
    inside none, where requests for unknown merchants are, it is None without a query.

    It has the person's first OTHERS other merchants, and the annotations of `annotate_membership`,
    such as the merchant's latest notice.
    """
    if cells.are_on() and not cells.entered():
        return None  # what other packages add to a membership is in no table there
    return _MEMBERSHIP.first(user=user.pk, reference=merchant_reference)


def is_member(user: User, merchant_reference: str) -> bool:
    """Whether the person belongs to the merchant with this reference. It can be asked outside of
    all cells, where `membership` cannot.
    """
    found = Membership.objects.filter(user=user, merchant__reference=merchant_reference)
    return found.exists()


def saved_views(membership: Membership, page: str) -> list[SavedView]:
    """The member's own views of the list of this page, by name; none of an operator who looks at
    the merchant's pages.
    """
    return list(membership.views.filter(page=page).order_by("name")) if membership.pk else []


def look(operator: User, merchant_reference: str, now: datetime) -> Look | None:
    """The look by which the operator may see this merchant's pages at `now`, with its merchant;
    None if they have started none there or it is over, or if the person is no operator who may look
    at merchants (any more).
    """
    if not (operator.is_active and operator.is_staff and operator.has_perm(LOOKS_AT_MERCHANTS)):
        return None
    going_on = Look.objects.filter(
        operator=operator, merchant__reference=merchant_reference, ended_at__isnull=True,
        started_at__lte=now, ends_at__gt=now,
    )  # fmt: skip
    return going_on.select_related("merchant").order_by("-ends_at").first()


def merchants_of(user: User) -> QuerySet[Merchant]:
    """The query for the merchants that the person belongs to, not sorted. Each has the person's own
    membership in the list `own`.
    """
    own = Prefetch("memberships", Membership.objects.filter(user=user), to_attr="own")
    return Merchant.objects.filter(memberships__user=user).prefetch_related(own)


def members(merchant: Merchant) -> QuerySet[Membership]:
    """The query for the merchant's memberships, with their people, not sorted. People who are kept
    from signing in are among them.
    """
    return Membership.objects.filter(merchant=merchant).select_related("user")


def with_second_factor(found: QuerySet[Membership]) -> QuerySet[Membership]:
    """The same memberships, each with `has_factor`: whether its person has an authenticator app or
    a passkey; recovery codes alone do not count.
    """
    having = Authenticator.objects.filter(user=OuterRef("user"), type__in=FACTORS)
    return found.annotate(has_factor=Exists(having))


def members_without_factor(merchant: Merchant) -> QuerySet[Membership]:
    """The members of the merchant who have neither an authenticator app nor a passkey, not sorted.
    Recovery codes alone do not count.
    """
    having = Authenticator.objects.filter(type__in=FACTORS).values("user")
    return members(merchant).exclude(user__in=having)


def open_invitations(merchant: Merchant, now: datetime) -> QuerySet[Invitation]:
    """The merchant's invitations that can still be accepted, newest first. `operations.inviting`
    keeps them few.
    """
    return (
        Invitation.objects.filter(
            merchant=merchant,
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=now,
        )
        .select_related("invited_by")
        .order_by("-invited_at", "-pk")
    )


def digest(token: str) -> str:
    """The SHA-256 digest of an invitation's token, which is stored instead of the token."""
    return sha256(token.encode()).hexdigest()


def open_invitation(token: str, now: datetime) -> Invitation | None:
    """The invitation with this link's token if it can still be accepted, or None."""
    return (
        Invitation.objects.filter(
            token_digest=digest(token),
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=now,
        )
        .select_related("merchant", "invited_by")
        .first()
    )


def has_account(email: str) -> bool:
    """Whether somebody has an account with this address, in capital or small letters; also a
    deactivated one.
    """
    return User.objects.filter(email__iexact=email).exists()


def profile(merchant: Merchant) -> Profile:
    """The merchant's profile, without loading its document (up to 5 MB); an empty one that is not
    saved if there is none.
    """
    found = Profile.objects.filter(merchant=merchant).defer("licence_document").first()
    return found or Profile(merchant=merchant)


def profile_steps(merchant: Merchant) -> list[ProfileStep]:
    """The latest step of each part of the merchant's profile, the step that says how the part
    stands now. Parts that are not filled in are left out, also those that once were.
    """
    steps = ProfileStep.objects.filter(profile=merchant.pk).order_by("part", "-at", "-id")
    return [step for step in steps.distinct("part") if step.standing]


def security_mails_to_send(now: datetime) -> Sequence[int]:
    """The ids, rising, of e-mails about sign-ins and teams that were not sent and are younger than
    MAIL_WINDOW; older ones are given up.
    """
    unsent = SecurityMail.objects.filter(sent_at__isnull=True, at__gt=now - MAIL_WINDOW)
    return sorted(unsent.values_list("pk", flat=True))


def person(address: str) -> User | None:
    """The person whose account has this e-mail address, in any case, also one who is deactivated;
    None if there is none.
    """
    return User.objects.filter(email__iexact=address.strip()).first()


def has_second_factor(user: User) -> bool:
    """Whether the person has an authenticator app or a passkey; recovery codes alone do not
    count.
    """
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def factor_names(user: User) -> list[str]:
    """The kinds of the person's second factors as people call them, recovery codes among them,
    sorted by allauth's codes for the kinds. Each kind comes once for each factor.
    """
    kinds = Authenticator.objects.filter(user=user).values_list("type", flat=True)
    return [str(Authenticator.Type(kind).label) for kind in sorted(kinds)]


def factor_counts_from(user: User, authenticator_ids: Iterable[int]) -> datetime | None:
    """The earliest instant from which one of these second factors opens what takes money out. They
    are given by allauth's keys, and may have been removed.

    None if none of them is, or was, the person's.
    """
    ids = set(authenticator_ids)
    noted = EnrolledFactor.objects.filter(user=user, authenticator_id__in=ids)
    instants = dict(noted.values_list("authenticator_id", "counts_from"))
    unnoted = Authenticator.objects.filter(user=user, pk__in=ids - instants.keys())
    made = [at + FACTOR_WAITS for at in unnoted.values_list("created_at", flat=True)]
    return min([*instants.values(), *made], default=None)


class CountsDays(Protocol):
    """A line or account, which counts in local days: its open day, the time zone of that, and since
    when it has that zone; None if it never had another one.
    """

    merchant_id: int
    open_on: date
    timezone: str
    timezone_since_on: date | None
    timezone_since_at: datetime | None


def local_day(books: CountsDays, instant: datetime) -> date:
    """The merchant's local day that contains `instant`, by the time zone that was in force then.

    A change of time zone neither repeats nor skips a day: an instant that days of both zones would
    contain, or neither, belongs to the last day before the change or the first one after it.
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


def day_start(books: CountsDays, day: date) -> datetime:
    """The instant at which the merchant's local day `day` starts, by the time zone that is, or is
    planned to be, in force on it. Rule 19.2.
    """
    return starts_of(books, [day])[0]


def starts_of(books: CountsDays, days: Sequence[date]) -> list[datetime]:
    """The instants at which these days of the merchant start, as the days are given, each by the
    time zone that is, or is planned to be, in force on it. Nothing is asked of the database where
    no day is later than the one after the open day, and the merchant has always had one time zone.
    """
    latest = max(days, default=books.open_on)
    if books.timezone_since_at is None and latest <= books.open_on + calendar.ONE_DAY:
        return [calendar.day_start(day, books.timezone) for day in days]
    return day_starts([(books.merchant_id, books.timezone, day) for day in days])


def day_starts(days: Sequence[tuple[int, str, date]]) -> list[datetime]:
    """The instants at which local days start, one for each of `days`: a merchant's key, the time
    zone in which its open day is counted, and the day. Each is by the time zone that is, or is
    planned to be, in force on that day.
    """
    if not days:
        return []
    merchants = {merchant for merchant, *_ in days}
    periods: dict[int, list[TimeZonePeriod]] = {}
    # Also one before all of these days: it may be planned, and begin after the open day.
    changes = TimeZonePeriod.objects.filter(
        merchant__in=merchants, starts_on__gt=calendar.FIRST_DAY
    )
    changed = set(changes.values_list("merchant", flat=True))  # few, so most need no more
    if changed:
        for period in TimeZonePeriod.objects.filter(merchant__in=changed).order_by("starts_on"):
            periods.setdefault(period.merchant_id, []).append(period)
    return [
        _day_start(periods[merchant], day)
        if merchant in periods
        else calendar.day_start(day, timezone)
        for merchant, timezone, day in days
    ]


def _day_start(periods: Sequence[TimeZonePeriod], day: date) -> datetime:
    """The instant at which the day starts, by a merchant's periods, the earliest one first. The
    first day of a period starts as the day before it ends in the former zone.
    """
    period = next(one for one in reversed(periods) if one.starts_on <= day)
    if period.starts_on == day:
        return period.starts_at
    return max(calendar.day_start(day, period.timezone), period.starts_at)


@dataclass(frozen=True)
class LocalDays:
    """The local days of a merchant, as its lists are asked for them: which one it has now, and when
    each of them starts. `timezone` is the one in force.
    """

    merchant_id: int
    timezone: str
    today: date

    @classmethod
    def of(cls, books: CountsDays, today: date) -> "LocalDays":
        """The local days of the merchant of a line or an account (`books`), of which `today` is the
        present one.
        """
        return cls(books.merchant_id, books.timezone, today)

    def start_of(self, day: date) -> datetime:
        """The first instant for which `local_day` gives `day` or a later one, by the time zones
        that were, are or will be in force (rule 19.2).
        """
        if not self._periods:
            return calendar.day_start(day, self.timezone)
        return _day_start(self._periods, day)

    @cached_property
    def _periods(self) -> list[TimeZonePeriod]:
        """The merchant's periods, the earliest one first."""
        found = TimeZonePeriod.objects.filter(merchant=self.merchant_id)
        return list(found.order_by("starts_on"))


def time_zones_in_use() -> list[str]:
    """The time zones in which merchants count, counted or are going to count their days."""
    return [zone for (zone,) in prepared.rows(TIME_ZONES, ())]


def time_zones_from(merchant_ids: Sequence[int], starts_on: date) -> dict[int, str]:
    """The new time zones, by merchant id, of those of these merchants of whose periods one starts
    with local day `starts_on`.
    """
    values = {"merchants": list(merchant_ids), "day": starts_on}
    return dict(prepared.rows(TIME_ZONES_FROM, values))


def operator_policy(currency: str, on: date) -> OperatorPolicy | None:
    """The version of the operator policy of `currency` that is in force on local day `on`: of those
    that were not withdrawn and start on that day or before, the one that starts last. None if there
    is none.
    """
    versions = OperatorPolicy.objects.filter(
        currency=currency, starts_on__lte=on, withdrawn_at__isnull=True
    )
    return versions.order_by("starts_on").last()


def decided_on(day: date, sort_code: str, *, merchant_id: int | None, currency: str) -> Decimal:
    """The sum of the figures of operators' decisions on local day `day` about the merchant, or
    about none if that is None, of the sort with this code and in `currency`; 0 if there were none.
    """
    decisions = OperatorDecision.objects.filter(
        Q(merchant=merchant_id), day=day, what=sort_code, currency=currency
    )
    return decisions.aggregate(sum=Sum("figure"))["sum"] or Decimal(0)


def called(text: str) -> Q:
    """A filter for people whose e-mail address starts with `text`, in any case. Unless there is an
    @ in `text`, it also lets through those in whose name, or address before its @, each of its
    first words (lib.words.begin) begins a word, in any case. `text` must not be empty: all
    addresses start with that.
    """
    address = Q(email__startswith=text.lower())
    return address if "@" in text else address | words.begin(text, *NAMED_BY)


def is_operator(email: str) -> bool:
    """Whether the address is one of our operators', also of one who is deactivated."""
    return User.objects.filter(email__iexact=email, is_staff=True).exists()


def operators_among(emails: Iterable[str]) -> set[str]:
    """Those of these addresses, which are in lower case, that are one of our operators', also of
    one who is deactivated.
    """
    staff = User.objects.filter(is_staff=True).values_list("email", flat=True)
    return {email.lower() for email in staff} & set(emails)
