"""Explains a line's limit: what its next review looks at, and what would come of it. See chapter 8
of docs/rules.md. Nothing here writes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from moneyed import Money

from credit import scoring
from credit.models import CreditLine, CreditPolicy, Freeze, LimitReview
from credit.queries import policies, reviews
from lib import calendar, money
from merchants.queries import starts_of


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
        """Whether its figure is an amount of money, and no share."""
        return self.name == "volume"

    def value_for(self, more: Decimal) -> Decimal | None:
        """The value at which the factor would give `more` points than now, rounded up (to whole
        units for an amount, to 2 decimals otherwise). None if it cannot give that many more, or
        `more` is not above 0.
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
    profile_gain: Gain | None

    @property
    def is_at_maximum(self) -> bool:
        """Whether no review raises the limit, since it is as high as reviews go."""
        return self.limit >= self.policy.maximum_limit

    @property
    def is_blocked_by_overdue(self) -> bool:
        """Whether the limit is not raised because of overdue orders."""
        return LimitReview.Note.BLOCKED_BY_OVERDUE in self.notes

    @property
    def costliest(self) -> Factor:
        """The factor that misses the most points."""
        return self.factors[0]

    @property
    def ways_up(self) -> list[tuple[Factor, Decimal]]:
        """(factor, value) for each factor that could reach the next grade alone; `value` is what it
        would have to be. Those that miss the most points come first. Empty for grade A.
        """
        needed = self.points_to_next_grade or Decimal(0)
        values = [(factor, factor.value_for(needed)) for factor in self.factors]
        return [(factor, value) for factor, value in values if value is not None]


@dataclass(frozen=True)
class Outlook:
    """What the first review of a line will look at, before any figures of its shop have come."""

    factors: tuple[Factor, ...]  # the weightiest first; as if nothing were known
    policy: CreditPolicy
    profile_points: Decimal  # that a profile that is confirmed whole will give


def of_line(line: CreditLine) -> Explanation | None:
    """What the line's next review would decide as things stand, or None if the line would not be
    reviewed.

    That is a line without metrics, with a limit of 0, in a currency that has no policy, or of a
    merchant whose account is closed. Rule 8.15.
    """
    on = calendar.next_month(line.open_on)
    policy = policies.in_force(line.currency, on)
    if not policy.holds_reviews:
        return None
    inputs = _inputs(line, on, policy)
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


def _inputs(line: CreditLine, on: date, policy: CreditPolicy) -> scoring.Inputs | None:
    """The inputs of the line's review of day `on` as things stand; None if it would not be
    reviewed.
    """
    first = on - timedelta(days=policy.paid_days)
    since, today, at = starts_of(line, [first, line.open_on, on])
    # Only what is overdue now is assumed to be overdue then: the rest may be paid in time. What was
    # paid before today changes no more: it is not added up again for each reader.
    start = reviews.Start(
        line.pk, line.timezone, on, at, policy, line.open_on, paid_from=max(since, today)
    )
    inputs = reviews.inputs_of([start]).get(line.pk)
    if inputs is None:
        return None
    return replace(inputs, paid=inputs.paid + reviews.paid_between(line.pk, since, today))


def are_held(line: CreditLine) -> bool:
    """Whether the line is reviewed as months start, once there are figures of its shop: it is open
    and has a limit, and next month's policy of its currency holds reviews.
    """
    return _are_held(line, policies.in_force(line.currency, calendar.next_month(line.open_on)))


def _are_held(line: CreditLine, policy: CreditPolicy) -> bool:
    """Whether `are_held` is so by this policy, that of next month."""
    return not line.is_closed and bool(line.limit) and policy.holds_reviews


def before_figures(line: CreditLine) -> Outlook | None:
    """What the first review will look at: the five factors without any points, the weightiest
    first, the policy of next month, and the points that a profile which is confirmed whole will
    give. None for a line that no figures will bring a review: with a limit of 0, in a currency
    without a policy, or of a closed account. Rule 8.26.
    """
    policy = policies.in_force(line.currency, calendar.next_month(line.open_on))
    if not _are_held(line, policy):
        return None
    nothing = scoring.Inputs(line.limit.amount, *(Decimal(0),) * 5)
    confirmed = replace(nothing, profile_completeness=2 * scoring.HALF)
    factors = _factors(nothing, scoring.points_of(nothing, policy), policy)
    return Outlook(factors, policy, scoring.decimal(scoring.points_of(confirmed, policy).profile))


def factors_of(review: LimitReview) -> tuple[Factor, ...]:
    """The factors of a past review with the points that they gave by the policy that it was held
    by; the one that missed most points comes first.
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


def _profile_gain(line: CreditLine, inputs: scoring.Inputs, policy: CreditPolicy) -> Gain | None:
    """The points and the amount of limit, which may be 0, that it would add to the review if the
    profile's licence and contacts were both confirmed. None if that would add no points.
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


def _once_paid(line: CreditLine, inputs: scoring.Inputs, policy: CreditPolicy) -> Money:
    """The limit that the review would give once what is overdue is paid: that counts as paid then,
    and a freeze for overdue payments is lifted; a freeze for another reason still blocks a raise.
    """
    others = line.freezes.filter(lifted_at__isnull=True).exclude(reason=Freeze.Reason.OVERDUE)
    paid = replace(
        inputs,
        overdue=Decimal(0),
        paid=inputs.paid + inputs.overdue,
        is_frozen=inputs.is_frozen and others.exists(),
    )
    return money.of(scoring.review(paid, policy).limit, line.currency)
