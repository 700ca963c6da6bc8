"""The monthly limit review (chapter 8 of docs/rules.md)."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .credit import CreditLine
from .money import ZERO, floor_to
from .refusals import Refused

SCALE = {"USD": 1, "CNY": 1, "BRL": 1, "THB": 5, "JPY": 100}  # currencies with a CreditPolicy
GRADES = (("A", 80, "2"), ("B", 65, "1.5"), ("C", 50, "1"), ("D", 0, "0.75"))
PAID_DAYS = 90


@dataclass
class Review:
    on: date
    paid: Decimal
    score: Decimal
    grade: str
    limit_before: Decimal
    limit_after: Decimal
    outcome: str  # RAISED, CUT, UNCHANGED, WAITING or, after that, RAISED, REJECTED or VOID
    proposed: Decimal = ZERO  # of one that waits


def clamp(value: Decimal) -> Decimal:
    """The value, but at least 0 and at most 1."""
    return min(max(value, ZERO), Decimal(1))


def paid_before(line: CreditLine, today: date) -> Decimal:
    """Payments net of refunds in the 90 local days before today, and nothing else."""
    first = today - timedelta(days=PAID_DAYS)
    here = (entry for entry in line.proceeds if entry.kind in ("SALE", "REFUND"))
    return sum((entry.amount for entry in here if first <= entry.on < today), ZERO)


def score(metrics: dict[str, Any], paid: Decimal, limit: Decimal) -> Decimal:
    """The points of a shop with these metrics and payments, from 0 to 100, unrounded."""
    found: Decimal = (
        clamp((metrics["rating"] - Decimal("4.0")) / Decimal("0.8")) * 30
        + clamp(paid / (3 * limit)) * 25
        + metrics["listing_quality"] / 100 * 15
        + metrics["profile_completeness"] / 100 * 15
        + metrics["after_sales"] / 100 * 15
    )
    return found


def new_limit(line: CreditLine, grade: str, factor: Decimal, paid: Decimal, today: date) -> Decimal:
    """What the grade makes of the limit, before an operator is asked."""
    scale = SCALE[line.currency]
    hundred, lowest, highest = 100 * scale, 1000 * scale, 100_000 * scale
    if grade == "C":
        return line.limit
    if grade == "D":
        cut = floor_to(line.limit * factor, Decimal(hundred))
        return min(max(cut, Decimal(lowest)), line.limit)
    if line.overdue(today) > 0 or line.frozen_by():
        return line.limit
    capped = min(line.limit * factor, paid, Decimal(highest))
    return max(floor_to(capped, Decimal(hundred)), line.limit)


def review(line: CreditLine, metrics: dict[str, Any] | None, today: date) -> Review | None:
    """Review the line at the start of the first day of a month: set its limit, or have a raise
    above 20,000 units wait. None, and nothing changes, without metrics, with a limit of 0, or in a
    currency without reviews.
    """
    if metrics is None or line.limit == 0 or line.currency not in SCALE:
        return None
    line.overtake()
    before, paid = line.limit, paid_before(line, today)
    points = score(metrics, paid, before)
    grade, _, factor = next(row for row in GRADES if points >= row[1])
    after = new_limit(line, grade, Decimal(factor), paid, today)
    if after > before and after > 20_000 * SCALE[line.currency]:
        line.waiting = Review(today, paid, points, grade, before, before, "WAITING", after)
        return line.waiting
    line.change("REVIEW", limit=after - before)
    outcome = "RAISED" if after > before else "CUT" if after < before else "UNCHANGED"
    return Review(today, paid, points, grade, before, after, outcome)


def possible(line: CreditLine, today: date) -> Decimal | None:
    """What the raise that waits would give by now: what was proposed, but no more than what buyers
    paid before and than the most a limit may be; None if no raise waits.
    """
    if line.waiting is None:
        return None
    scale = SCALE[line.currency]
    most = floor_to(min(paid_before(line, today), Decimal(100_000 * scale)), Decimal(100 * scale))
    return min(line.waiting.proposed, most)


def approve(line: CreditLine, today: date) -> None:
    """Give the raise that waits or, if less, what is possible by now; if that is none, it is
    void.
    """
    review, given = line.waiting, possible(line, today)
    if review is None or given is None:
        raise Refused("none")
    if line.frozen_by() or line.overdue(today) > 0:
        raise Refused("raise_blocked")
    if given <= line.limit:
        line.overtake()
        raise Refused("review_overtaken")
    line.waiting = None
    review.outcome, review.limit_after = "RAISED", given
    line.change("REVIEW", limit=given - line.limit)


def reject(line: CreditLine) -> None:
    """Reject the raise that waits. Raises Refused."""
    if line.waiting is None:
        raise Refused("none")
    line.waiting.outcome, line.waiting = "REJECTED", None
