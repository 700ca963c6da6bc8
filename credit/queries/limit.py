"""Why a line's limit is what it is, and what would happen next. Nothing here writes.

Domain: limit review; the questions are those a merchant asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, Sum
from moneyed import Money

from credit import scoring
from credit.models import CreditLine, CreditPolicy, LimitReview, Order
from credit.queries import policies, reviews
from merchants import calendar, money


@dataclass(frozen=True)
class Factor:
    """One of the five things a review looks at."""

    name: str  # rating, volume, listing, profile, after_sales
    value: Decimal  # stars, an amount, or a mark of 100
    points: Decimal
    most: Decimal  # its weight

    @property
    def missing(self) -> Decimal:
        """What it costs: the points it could give and does not."""
        return self.most - self.points


@dataclass(frozen=True)
class Explanation:
    """What the next review would make of the line if nothing changed until then."""

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

    @property
    def costliest(self) -> Factor:
        return self.factors[0]


def explain(line: CreditLine) -> Explanation | None:
    """The line's next review as things stand; None when it would not be reviewed at all.

    It would not without metrics, with a limit of 0, or in a currency that has no policy.
    """
    on = calendar.next_month(line.open_on)
    policy = policies.in_force(line.currency, on)
    if not policy.holds_reviews:
        return None
    start = reviews.Start(line.pk, line.timezone, on, calendar.day_start(on, line.timezone), policy)
    inputs = reviews.inputs_of([start]).get(line.pk)
    if inputs is None:
        return None
    result = scoring.review(inputs, policy)
    next_grade, needed = _next_grade(result, policy)
    return Explanation(
        on=on,
        factors=_factors(inputs, result.points, policy),
        score=scoring.decimal(result.points.score),
        grade=result.grade,
        next_grade=next_grade,
        points_to_next_grade=needed,
        limit=money.of(line.limit, line.currency),
        limit_then=money.of(result.limit, line.currency),
        status=result.status,
        notes=result.notes,
    )


def _factors(
    inputs: scoring.Inputs, points: scoring.Points, policy: CreditPolicy
) -> tuple[Factor, ...]:
    rows: Sequence[tuple[str, Decimal, Fraction, Decimal]] = (
        ("rating", inputs.rating, points.rating, policy.rating_weight),
        ("volume", inputs.paid, points.volume, policy.volume_weight),
        ("listing", inputs.listing_quality, points.listing, policy.listing_weight),
        ("profile", inputs.profile_completeness, points.profile, policy.profile_weight),
        ("after_sales", inputs.after_sales, points.after_sales, policy.after_sales_weight),
    )
    factors = [Factor(name, value, scoring.decimal(got), most) for name, value, got, most in rows]
    return tuple(sorted(factors, key=lambda factor: -factor.missing))


def _next_grade(
    result: scoring.Result, policy: CreditPolicy
) -> tuple[LimitReview.Grade | None, Decimal | None]:
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
    """Whether an order of some size would go through now; if not why, and when it might."""

    is_accepted: bool
    decline_code: str = ""
    # First local date on which enough is back if every buyer pays each part on its due date; None
    # when no payment to come would be enough, or the line is frozen.
    possible_on: date | None = None


def would_accept(line: CreditLine, amount: Money) -> Acceptance:
    """Whether an order of `amount` would go through now. Raises CurrencyMismatch, Invalid."""
    figure = money.figure(amount, line.currency)
    if line.is_frozen:
        return Acceptance(False, Order.Decline.LINE_FROZEN)
    if figure <= line.available:
        return Acceptance(True)
    return Acceptance(False, Order.Decline.INSUFFICIENT_CREDIT, _enough_on(line, figure))


def _enough_on(line: CreditLine, figure: Decimal) -> date | None:
    # Parts past their due date are counted on today: the earliest they can come.
    back = sorted(
        (max(part.due_on, line.open_on), part.outstanding)
        for order in Order.objects.filter(line=line).open().filter(due_on__isnull=False)
        for part in order.parts()
        if part.due_on is not None and part.outstanding
    )
    used = line.used
    for due_on, outstanding in back:
        used -= outstanding
        if line.limit - used >= figure:
            return due_on
    return None


@dataclass(frozen=True)
class Exposure:
    """How much of what is used hangs on one buyer, or on buyers of one risk."""

    buyer: str
    buyer_risk: int | None
    orders: int
    outstanding: Money
    share: Decimal  # of what is used, 0 to 1


def exposure_by_buyer(line: CreditLine, most: int = 20) -> list[Exposure]:
    """The buyers who owe most, largest first."""
    rows = (
        Order.objects.filter(line=line)
        .open()
        .values("buyer")
        .annotate(orders=Count("pk"), owed=Sum("outstanding"))
        .order_by("-owed", "buyer")[:most]
    )
    return [_exposure(line, row["buyer"], None, row["orders"], row["owed"]) for row in rows]


def exposure_by_risk(line: CreditLine) -> list[Exposure]:
    """What buyers of each risk rank owe, by rank."""
    rows = (
        Order.objects.filter(line=line)
        .open()
        .values("buyer_risk")
        .annotate(orders=Count("pk"), owed=Sum("outstanding"))
        .order_by("buyer_risk")
    )
    return [_exposure(line, "", row["buyer_risk"], row["orders"], row["owed"]) for row in rows]


def _exposure(
    line: CreditLine, buyer: str, risk: int | None, orders: int, owed: Decimal
) -> Exposure:
    share = owed / line.used if line.used else Decimal(0)
    return Exposure(buyer, risk, orders, money.of(owed, line.currency), share)


@dataclass(frozen=True)
class Preview:
    """What a policy would do to one line."""

    line: CreditLine
    inputs: scoring.Inputs
    result: scoring.Result


def preview(
    lines: Sequence[CreditLine], policy_of: dict[str, CreditPolicy], now: datetime
) -> list[Preview]:
    """What a review on each line's open day would do, under the policy given for its currency."""
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
