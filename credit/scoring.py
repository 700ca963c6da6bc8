"""Computes a limit review from its inputs and a policy, by pure functions.

See chapter 8 of docs/rules.md. Scores are exact fractions, so that a grade never depends on a
rounded digit.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from credit.models import CreditPolicy, LimitReview

Grade = LimitReview.Grade
Note = LimitReview.Note
Status = LimitReview.Status


@dataclass(frozen=True)
class Inputs:
    """What a review of a line is computed from; amounts are in the line's currency."""

    limit: Decimal
    rating: Decimal  # 0 to 5
    paid: Decimal  # in the policy's days before
    listing_quality: Decimal  # these three: 0 to 100
    profile_completeness: Decimal
    after_sales: Decimal
    overdue: Decimal = Decimal(0)
    is_frozen: bool = False
    # The inputs of `profile_completeness`: see `completeness`.
    profile_reported: Decimal = Decimal(0)
    profile_confirmed: Decimal = Decimal(0)
    profile_rejected: bool = False


@dataclass(frozen=True)
class Points:
    """The points that each factor gave, from 0 to its weight."""

    rating: Fraction
    volume: Fraction
    listing: Fraction
    profile: Fraction
    after_sales: Fraction

    @property
    def score(self) -> Fraction:
        """The points of all factors together."""
        return self.rating + self.volume + self.listing + self.profile + self.after_sales


@dataclass(frozen=True)
class Result:
    """The outcome of a review."""

    points: Points
    grade: LimitReview.Grade
    limit: Decimal  # proposed: what it becomes, at once or when an operator agrees
    status: LimitReview.Status
    notes: tuple[LimitReview.Note, ...]


HALF = Decimal(50)  # of a profile: its licence, or its contacts


def completeness(reported: Decimal, confirmed: Decimal, *, is_rejected: bool) -> Decimal:
    """The completeness of a profile, from 0 to 100: the larger of what the platform `reported` and
    what was `confirmed` here.

    A confirmed licence and confirmed contacts give 50 each. While one of the two is rejected, the
    result is 50 at most. Rule 8.4.
    """
    larger = max(reported, confirmed)
    return min(larger, HALF) if is_rejected else larger


def review(inputs: Inputs, policy: CreditPolicy) -> Result:
    """What a review of these inputs comes to by the policy: the points, the grade, the proposed
    limit, why it is not another one (notes), and the status: UNCHANGED, APPLIED if it holds at
    once, PENDING if an operator has to agree to the raise. Nothing is read or written. The limit
    must be above 0. Rule 8.6 to rule 8.9.
    """
    points = points_of(inputs, policy)
    grade = grade_of(points.score, policy)
    if grade in (Grade.A, Grade.B):
        limit, notes = _raised(inputs, grade, policy)
    elif grade == Grade.D:
        limit, notes = _cut(inputs, policy)
    else:
        limit, notes = inputs.limit, ()
    if limit == inputs.limit:
        status = Status.UNCHANGED
    elif limit > inputs.limit and limit > policy.automatic_up_to.amount:
        status, notes = Status.PENDING, (*notes, Note.NEEDS_APPROVAL)
    else:
        status = Status.APPLIED
    return Result(points, grade, limit, status, notes)


def points_of(inputs: Inputs, policy: CreditPolicy) -> Points:
    """The points that each factor gives for these inputs, as exact fractions from 0 to its weight
    by the policy. The limit must be above 0. Rule 8.2.
    """
    stars = Fraction(inputs.rating - policy.rating_floor) / Fraction(policy.rating_span)
    volume = Fraction(inputs.paid) / (Fraction(policy.volume_multiple) * Fraction(inputs.limit))
    return Points(
        rating=_clamped(stars) * Fraction(policy.rating_weight),
        volume=_clamped(volume) * Fraction(policy.volume_weight),
        listing=Fraction(inputs.listing_quality) / 100 * Fraction(policy.listing_weight),
        profile=Fraction(inputs.profile_completeness) / 100 * Fraction(policy.profile_weight),
        after_sales=Fraction(inputs.after_sales) / 100 * Fraction(policy.after_sales_weight),
    )


def grade_of(score: Fraction, policy: CreditPolicy) -> LimitReview.Grade:
    """The grade for a score; a score equal to a grade's lowest one has that grade."""
    if score >= policy.a_from:
        return Grade.A
    if score >= policy.b_from:
        return Grade.B
    return Grade.C if score >= policy.c_from else Grade.D


def most(inputs: Inputs, policy: CreditPolicy) -> Decimal:
    """The highest limit that a raise may give, whatever the grade: what buyers paid, up to the
    policy's maximum, in whole steps. It may be less than the present limit.
    """
    return _whole_steps(min(inputs.paid, policy.maximum_limit.amount), policy)


def decimal(value: Fraction) -> Decimal:
    """A score or points, rounded to 6 decimals, to be stored and shown."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.000001"))


def _clamped(share: Fraction) -> Fraction:
    """The share, but at least 0 and at most 1."""
    return min(max(share, Fraction(0)), Fraction(1))


def _raised(
    inputs: Inputs, grade: LimitReview.Grade, policy: CreditPolicy
) -> tuple[Decimal, tuple[LimitReview.Note, ...]]:
    """The limit that grade A or B gives, in whole steps, and why it is less than the grade's factor
    would give. It is the present limit while something is overdue or the line is frozen, and never
    lower than that.
    """
    if inputs.overdue > 0:
        return inputs.limit, (Note.BLOCKED_BY_OVERDUE,)
    if inputs.is_frozen:
        return inputs.limit, (Note.BLOCKED_BY_FREEZE,)
    factor = policy.a_factor if grade == Grade.A else policy.b_factor
    wanted = inputs.limit * factor
    cap = min(inputs.paid, policy.maximum_limit.amount)
    notes: tuple[LimitReview.Note, ...] = ()
    if cap < wanted:
        by_paid = inputs.paid <= policy.maximum_limit.amount
        notes = (Note.CAPPED_BY_PAID if by_paid else Note.CAPPED_BY_MAXIMUM,)
    return max(_whole_steps(min(wanted, cap), policy), inputs.limit), notes


def _cut(inputs: Inputs, policy: CreditPolicy) -> tuple[Decimal, tuple[LimitReview.Note, ...]]:
    """The limit that grade D gives, in whole steps, and why it is not the whole cut: it does not
    fall below the policy's minimum, nor rise.
    """
    wanted = _whole_steps(inputs.limit * policy.d_factor, policy)
    least = policy.minimum_limit.amount
    if wanted >= least:
        return wanted, ()
    return min(least, inputs.limit), (Note.STOPPED_AT_MINIMUM,)


def _whole_steps(value: Decimal, policy: CreditPolicy) -> Decimal:
    """The value, rounded down to a multiple of the policy's step."""
    step = policy.step.amount
    return value // step * step
