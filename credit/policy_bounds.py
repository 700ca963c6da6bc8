"""The bounds within which the figures of a credit policy make sense (rule 22.17). A slip of the
hand, such as a factor of 1000 or no day until a write-off, is refused, and the form says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credit.rules import MOST_PAYMENT_DAYS


@dataclass(frozen=True)
class Bounds:
    """The least and the most that a figure may be, and why."""

    least: Decimal
    most: Decimal
    why: str

    def __str__(self) -> str:
        return f"From {self.least:f} to {self.most:f}: {self.why}"


def _bounds(least: str, most: str, why: str) -> Bounds:
    """The Bounds of a figure from `least` to `most`, which are decimals as text, and the reason for
    them.
    """
    return Bounds(Decimal(least), Decimal(most), why)


_POINTS = _bounds("0", "100", "points of a score of 100.")
_SCORE = _bounds("0", "100", "a score is at most 100.")
_RAISE = _bounds("1", "5", "a raise never lowers, and five times a limit is no small step.")

BOUNDS: dict[str, Bounds] = {
    "rating_weight": _POINTS,
    "volume_weight": _POINTS,
    "listing_weight": _POINTS,
    "profile_weight": _POINTS,
    "after_sales_weight": _POINTS,
    "rating_floor": _bounds("0", "5", "a shop has at most five stars."),
    "rating_span": _bounds("0.1", "5", "a shop has at most five stars."),
    "volume_multiple": _bounds("0.1", "50", "how many times its limit a good shop sells."),
    "paid_days": _bounds("7", "366", "a week at least, so that one day does not decide."),
    "a_from": _SCORE,
    "b_from": _SCORE,
    "c_from": _SCORE,
    "a_factor": _RAISE,
    "b_factor": _RAISE,
    "d_factor": _bounds("0.1", "1", "a cut leaves a tenth at least, and raises nothing."),
    "overdue_ratio": _bounds("0.01", "1", "below a hundredth each late payment freezes a line."),
    "write_off_days": _bounds("7", "730", "payments that are some days late still come."),
    "payment_days": _bounds("0", str(MOST_PAYMENT_DAYS), "as on a line."),
    "withdrawal_fee_percent": _bounds("0", "10", "a tenth is more than any bank takes."),
    "free_withdrawals_a_month": _bounds("0", "1000", "more is as good as no fee."),
}


WEIGHTS = (
    *("rating_weight", "volume_weight", "listing_weight", "profile_weight"),
    "after_sales_weight",
)


def faults(figures: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name of a figure, sentence that says what is wrong with it) for each figure of a
    policy that is out of its BOUNDS, and for figures that do not go together: weights that do not
    add up to 100, grades and factors that are out of order, limits and steps that leave no limit.
    A figure may come twice. The database refuses what is named here, too, but for the bounds.
    `figures` has them all by name; amounts are bare, and in the policy's currency.
    """
    for name, bounds in BOUNDS.items():
        figure = figures.get(name)
        if figure is not None and not bounds.least <= Decimal(figure) <= bounds.most:
            yield name, f"{bounds}"
    weights = sum((Decimal(figures[name]) for name in WEIGHTS), Decimal(0))
    if weights != 100:
        yield WEIGHTS[0], f"The five weights come to {weights.normalize():f}, and not to 100."
    for better, worse in (("a_from", "b_from"), ("b_from", "c_from"), ("a_factor", "b_factor")):
        if figures[better] < figures[worse]:
            yield better, "Less than that of the next grade."
    yield from _faults_of_amounts(figures)


def _faults_of_amounts(figures: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name of a figure, sentence that says what is wrong with it) for amounts that cannot
    be, or do not go together.
    """
    most = figures["maximum_limit"]
    if figures["step"] <= 0:
        yield "step", "New limits are whole multiples of it, so that it is more than 0."
    elif figures["step"] > most:
        yield "step", "More than the maximum limit: every limit would be rounded down to 0."
    for name in ("minimum_limit", "withdrawal_fee_fixed"):
        if figures[name] < 0:
            yield name, "Less than 0."
    if figures["minimum_limit"] > most:
        yield "minimum_limit", "More than the maximum limit."
    if figures["withdrawal_fee_fixed"] > figures["approval_above"]:
        yield "withdrawal_fee_fixed", "More than a withdrawal that needs no approval."
