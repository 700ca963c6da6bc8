"""Explains a line's limit, and answers what a merchant asks about it. Nothing here writes.

See chapter 8 of docs/rules.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import connection
from django.db.models import QuerySet
from moneyed import Money

from credit import scoring
from credit.models import (
    CreditLine,
    CreditPolicy,
    Freeze,
    LimitEntry,
    LimitRequest,
    LimitReview,
    Order,
)
from credit.queries import coming, overdue, policies, reviews
from credit.queries.declining import decline_code
from credit.rules import INSTALMENT_DAYS
from lib import calendar, money
from merchants.queries import day_start, local_day

LOWEST_OF = timedelta(days=30)  # by which a raise that an operator decides is measured
ANY_ZONE = timedelta(days=2)  # by which days of two time zones can differ, at most


def lowest(line: CreditLine) -> Money:
    """The lowest limit that the line had on its open day and the 30 local days before it: also the
    one with which these began. Rule 8.18.
    """
    first = line.open_on - LOWEST_OF
    moved = LimitEntry.objects.filter(line=line).exclude(limit_change=0).order_by("-pk")
    before = calendar.day_start(first - ANY_ZONE, line.timezone)
    latest_first = [*moved.filter(at__gte=before), *moved.filter(at__lt=before)[:1]]
    found = [line.limit]
    for entry in latest_first:
        found.append(entry.limit_after)
        if local_day(line, entry.at) < first:
            break
    return min(found)


@dataclass(frozen=True)
class Factor:
    """One of the five factors of a review, with the points that it gives."""

    name: str  # rating, volume, listing, profile, after_sales
    value: Decimal  # stars, an amount, or a mark of 100
    points: Decimal
    most: Decimal  # its weight
    nothing_at: Decimal  # the value that gives nothing; from there on points rise evenly
    full_at: Decimal  # the value that gives all

    @property
    def missing(self) -> Decimal:
        """How many more points the factor could give."""
        return self.most - self.points

    @property
    def is_amount(self) -> bool:
        return self.name == "volume"

    def value_for(self, more: Decimal) -> Decimal | None:
        """The value at which the factor would give `more` points than now, rounded up. None if it
        cannot give that many more.
        """
        if not 0 < more <= self.missing:
            return None
        span = Fraction(self.full_at - self.nothing_at)
        value = (
            Fraction(self.nothing_at) + Fraction(self.points + more) / Fraction(self.most) * span
        )
        # Rounded up, to a whole amount or to two decimals, so that the value is enough.
        digits = 0 if self.is_amount else 2
        return min(Decimal(math.ceil(value * 10**digits)).scaleb(-digits), self.full_at)


@dataclass(frozen=True)
class Gain:
    """What something would add to the next review."""

    points: Decimal
    limit: Money


@dataclass(frozen=True)
class Explanation:
    """What the line's next review would decide if nothing changed until then."""

    on: date  # of the next review
    factors: tuple[Factor, ...]  # the costliest first
    score: Decimal
    grade: LimitReview.Grade
    next_grade: LimitReview.Grade | None  # None for A
    points_to_next_grade: Decimal | None
    limit: Money
    limit_then: Money
    status: LimitReview.Status
    notes: tuple[LimitReview.Note, ...]
    policy: CreditPolicy  # the numbers it is held by
    profile_reported: Decimal
    profile_confirmed: Decimal
    profile_rejected: bool
    overdue: Money
    once_paid: Money | None  # the limit then, once what is overdue is paid; None if nothing is
    # What a profile that is confirmed whole would add; None if it is, or would add nothing.
    profile_gain: "Gain | None"

    @property
    def is_at_maximum(self) -> bool:
        """Whether no review raises the limit, since it is as high as reviews go."""
        return self.limit >= self.policy.maximum_limit

    @property
    def is_blocked_by_overdue(self) -> bool:
        return LimitReview.Note.BLOCKED_BY_OVERDUE in self.notes

    @property
    def costliest(self) -> Factor:
        """The factor that misses the most points."""
        return self.factors[0]

    @property
    def ways_up(self) -> list[tuple[Factor, Decimal]]:
        """(factor, value) for each factor that could reach the next grade alone; `value` is what it
        would have to be.
        """
        needed = self.points_to_next_grade or Decimal(0)
        values = [(factor, factor.value_for(needed)) for factor in self.factors]
        return [(factor, value) for factor, value in values if value is not None]


def explain(line: CreditLine) -> Explanation | None:
    """What the line's next review would decide as things stand, or None if the line would not be
    reviewed.

    That is a line without metrics, with a limit of 0, in a currency that has no policy, or of a
    merchant whose account is closed. Rule 8.15.
    """
    on = calendar.next_month(line.open_on)
    policy = policies.in_force(line.currency, on)
    if not policy.holds_reviews:
        return None
    at = day_start(line, on)
    # Only what is overdue now is assumed to be overdue then: the rest may be paid in time.
    start = reviews.Start(line.pk, line.timezone, on, at, policy, overdue_on=line.open_on)
    inputs = reviews.inputs_of([start]).get(line.pk)
    if inputs is None:
        return None
    result = scoring.review(inputs, policy)
    once_paid = _once_paid(line, inputs, policy) if inputs.overdue > 0 else None
    next_grade, needed = _next_grade(result, policy)
    return Explanation(
        on=on,
        factors=_factors(inputs, result.points, policy),
        score=scoring.decimal(result.points.score),
        grade=result.grade,
        next_grade=next_grade,
        points_to_next_grade=needed,
        limit=line.limit,
        limit_then=money.of(result.limit, line.currency),
        status=result.status,
        notes=result.notes,
        policy=policy,
        profile_reported=inputs.profile_reported,
        profile_confirmed=inputs.profile_confirmed,
        profile_rejected=inputs.profile_rejected,
        overdue=money.of(inputs.overdue, line.currency),
        once_paid=once_paid,
        profile_gain=_profile_gain(line, inputs, policy),
    )


def _profile_gain(line: CreditLine, inputs: scoring.Inputs, policy: CreditPolicy) -> Gain | None:
    """What it would add to the review if licence and contacts were both confirmed by then. None if
    that would add no points.
    """
    whole = 2 * scoring.HALF
    complete = scoring.completeness(inputs.profile_reported, whole, is_rejected=False)
    confirmed = replace(
        inputs,
        profile_completeness=complete,
        profile_confirmed=whole,
        profile_rejected=False,
    )
    now, then = scoring.review(inputs, policy), scoring.review(confirmed, policy)
    points = scoring.decimal(then.points.score - now.points.score)
    return Gain(points, money.of(then.limit - now.limit, line.currency)) if points > 0 else None


@dataclass(frozen=True)
class Outlook:
    """What the first review of a line will look at, before any figures of its shop have come."""

    factors: tuple[Factor, ...]  # the weightiest first; as if nothing were known
    policy: CreditPolicy
    profile_points: Decimal  # that a profile that is confirmed whole will give


def before_figures(line: CreditLine) -> Outlook | None:
    """What the first review will look at; None for a line that no figures will bring a review:
    with a limit of 0, in a currency without a policy, or of a closed account. Rule 8.26.
    """
    policy = policies.in_force(line.currency, calendar.next_month(line.open_on))
    if line.is_closed or not line.limit or not policy.holds_reviews:
        return None
    nothing = scoring.Inputs(line.limit.amount, *(Decimal(0),) * 5)
    confirmed = replace(nothing, profile_completeness=2 * scoring.HALF)
    factors = _factors(nothing, scoring.points_of(nothing, policy), policy)
    return Outlook(factors, policy, scoring.decimal(scoring.points_of(confirmed, policy).profile))


def _once_paid(line: CreditLine, inputs: scoring.Inputs, policy: CreditPolicy) -> Money:
    """The limit that the review would give once what is overdue is paid: that counts as paid then,
    and a freeze for it is lifted.
    """
    others = line.freezes.filter(lifted_at__isnull=True).exclude(reason=Freeze.Reason.OVERDUE)
    paid = replace(
        inputs,
        overdue=Decimal(0),
        paid=inputs.paid + inputs.overdue,
        is_frozen=inputs.is_frozen and others.exists(),
    )
    return money.of(scoring.review(paid, policy).limit, line.currency)


def past_reviews(line: CreditLine, *, status: str = "") -> QuerySet[LimitReview]:
    """The line's reviews, only those of this status if one is given."""
    found = line.reviews.select_related("policy")
    return found.filter(status=status) if status else found


def review_of(line: CreditLine, on: date) -> LimitReview | None:
    """The line's review made on local day `on`, or None."""
    return past_reviews(line).filter(on=on).first()


def what_overtook(review: LimitReview) -> LimitReview | LimitEntry | None:
    """What made a review VOID that waited for a decision: a newer review, or the entry by which the
    limit changed. None if neither did, so that the account was closed or nothing was left to raise.
    """
    if review.decided_at is None:
        return None
    newer = LimitReview.objects.filter(
        line=review.line_id, on__gt=review.on, at__lte=review.decided_at
    )
    changes = LimitEntry.objects.filter(line=review.line_id, at=review.decided_at)
    return newer.order_by("on").first() or changes.exclude(limit_change=0).first()


def requests(line: CreditLine, *, kind: str = "", status: str = "") -> QuerySet[LimitRequest]:
    """The merchant's requests and questions about the line, answered or not. A filter that is ""
    is not applied.
    """
    found = LimitRequest.objects.filter(line=line)
    if kind:
        found = found.filter(kind=kind)
    return found.filter(status=status) if status else found


def raise_asked(line: CreditLine) -> LimitRequest | None:
    """The raise that the merchant asked for and that is not answered yet, or None."""
    waiting = {"kind": LimitRequest.Kind.RAISE, "status": LimitRequest.Status.PENDING}
    return requests(line).filter(**waiting).first()


def factors_of(review: LimitReview) -> tuple[Factor, ...]:
    """The factors of a past review with the points that they gave; the one that missed most points
    comes first.
    """
    inputs = scoring.Inputs(
        limit=review.limit_before.amount,
        rating=review.rating,
        paid=review.paid.amount,
        listing_quality=review.listing_quality,
        profile_completeness=review.profile_completeness,
        after_sales=review.after_sales,
    )
    return _factors(inputs, scoring.points_of(inputs, review.policy), review.policy)


def _factors(
    inputs: scoring.Inputs, points: scoring.Points, policy: CreditPolicy
) -> tuple[Factor, ...]:
    """The five factors with their points and scales; the one that misses most points comes
    first.
    """
    nothing, whole = Decimal(0), Decimal(100)
    floor = policy.rating_floor
    stars, paid = floor + policy.rating_span, policy.volume_multiple * inputs.limit
    rows: Sequence[tuple[str, Decimal, Fraction, Decimal, Decimal, Decimal]] = (
        ("rating", inputs.rating, points.rating, policy.rating_weight, floor, stars),
        ("volume", inputs.paid, points.volume, policy.volume_weight, nothing, paid),
        ("listing", inputs.listing_quality, points.listing, policy.listing_weight, nothing, whole),
        ("profile", inputs.profile_completeness, points.profile, policy.profile_weight,
         nothing, whole),
        ("after_sales", inputs.after_sales, points.after_sales, policy.after_sales_weight,
         nothing, whole),
    )  # fmt: skip
    factors = [
        Factor(name, value, scoring.decimal(got), *scale) for name, value, got, *scale in rows
    ]
    return tuple(sorted(factors, key=lambda factor: -factor.missing))


def _next_grade(
    result: scoring.Result, policy: CreditPolicy
) -> tuple[LimitReview.Grade | None, Decimal | None]:
    """The grade above the result's, and the points that are missing for it; (None, None) for grade
    A.
    """
    grade = LimitReview.Grade
    above = {
        grade.D: (grade.C, policy.c_from),
        grade.C: (grade.B, policy.b_from),
        grade.B: (grade.A, policy.a_from),
    }
    if result.grade == grade.A:
        return None, None
    next_grade, score = above[result.grade]
    return next_grade, scoring.decimal(Fraction(score) - result.points.score)


@dataclass(frozen=True)
class Acceptance:
    """Whether an order of some amount would be accepted now; if not, why, and when it could be."""

    is_accepted: bool
    decline_code: str = ""
    # First local date on which enough is back if every buyer pays each part on its due date; None
    # when no payment to come would be enough, or the line is frozen. Who is overdue is not counted
    # on: such parts are in `overdue`.
    possible_on: date | None = None
    missing: Money | None = None  # of the limit, when it is not enough
    # With very many open orders: enough is free on this local date at the earliest.
    not_before: date | None = None
    overdue: Money | None = None  # what buyers owe past its day, when the limit is not enough
    overdue_is_enough: bool = False  # the order would go through once that is paid

    @property
    def decline_label(self) -> str:
        return str(Order.Decline(self.decline_code).label) if self.decline_code else ""


def would_accept(
    line: CreditLine, amount: Money, *, buyer: str | None = None, buyer_risk: int = 0
) -> Acceptance:
    """Whether an order of `amount` would be accepted now: of this buyer, whose risk was told so, or
    without a buyer whoever that is. Then neither risk nor the cap on one buyer are considered.

    Raises CurrencyMismatch, Invalid.
    """
    amount = money.accepted(amount, line.currency)
    code = decline_code(line, amount, buyer=buyer, buyer_risk=buyer_risk)
    if code != Order.Decline.INSUFFICIENT_CREDIT:
        return Acceptance(not code, code)
    late = overdue.overdue_of(line)
    return Acceptance(
        False,
        Order.Decline.INSUFFICIENT_CREDIT,
        missing=amount - line.available,
        overdue=late or None,
        overdue_is_enough=line.used - late + amount <= line.limit,
        **_enough_on(line, amount),
    )


MANY = 1000  # open orders that are looked at

# Parts past their due date are not counted: who has not paid on time is not taken to pay today.
ENOUGH_ON = f"""
WITH {coming.PARTS}, day AS (
    SELECT due_on, sum(sum(owed)) OVER (ORDER BY due_on) AS back
    FROM part WHERE due_on >= %(today)s GROUP BY due_on
)
SELECT min(day.due_on) FILTER (WHERE day.due_on <= coalesce(horizon.day, 'infinity')), horizon.day
FROM horizon LEFT JOIN day ON day.back >= %(missing)s
GROUP BY horizon.day
"""


def _enough_on(line: CreditLine, amount: Money) -> dict[str, date | None]:
    """When the limit will have room for `amount`, as fields of Acceptance: `possible_on` a day or,
    if very many orders are open, `not_before` a day. No day is given if that never comes.
    """
    if amount > line.limit:
        return {}
    given = {
        "line": line.pk,
        "today": line.open_on,
        "missing": (amount - (line.limit - line.used)).amount,
        "instalment_days": INSTALMENT_DAYS,
        "many": MANY,
    }
    with connection.cursor() as cursor:
        cursor.execute(ENOUGH_ON, given)
        due_on, horizon = cursor.fetchone()
    return {"possible_on": due_on} if due_on else {"not_before": horizon}


@dataclass(frozen=True)
class Preview:
    """What a review of one line would decide, and from which inputs."""

    line: CreditLine
    inputs: scoring.Inputs
    result: scoring.Result


def preview(
    lines: Sequence[CreditLine], policy_of: dict[str, CreditPolicy], now: datetime
) -> list[Preview]:
    """What a review of each line on its open day would decide, from what is known by `now`.

    `policy_of` has the policy for each currency. Lines of other currencies are left out, and those
    of which no metrics were reported, since these have no reviews.
    """
    starts = [
        reviews.Start(line.pk, line.timezone, line.open_on, now, policy_of[line.currency])
        for line in lines
        if line.currency in policy_of
    ]
    inputs = reviews.inputs_of(starts)
    return [
        Preview(line, inputs[line.pk], scoring.review(inputs[line.pk], policy_of[line.currency]))
        for line in lines
        if line.pk in inputs
    ]
