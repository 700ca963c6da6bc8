"""What a new version of the credit policy would change, before it is saved: the reviews of all
lines of its currency, held now by the version that it follows and by the new one.

The database computes them as credit.scoring does (chapter 8 of the rule book): a page has no time
to compute a hundred thousand lines one by one.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from backoffice.briefs import Brief, Change, Fact
from credit.models import CreditLine, CreditPolicy
from credit.queries.overdue import OVERDUE_BY_LINE
from credit.queries.policies import in_force
from credit.queries.reviews import INPUTS
from credit.rules import INSTALMENT_DAYS
from lib import cells, money
from lib.cells import adding_up
from merchants.queries import day_starts

# Scores are computed to 40 decimals and compared at 20: one that is exactly at a grade's lowest
# score has that grade.
RESULTS = f"""
WITH inputs AS (
    SELECT * FROM ({INPUTS}) AS inputs(
        line_id, before, is_frozen, overdue, rating, listing, reported, after_sales, paid,
        confirmed, is_rejected)
), scored AS (
    SELECT inputs.*, round(
        least(greatest((rating - %(rating_floor)s)::numeric(60, 40) / %(rating_span)s, 0), 1)
            * %(rating_weight)s
        + least(greatest(paid::numeric(60, 40) / (%(volume_multiple)s * before), 0), 1)
            * %(volume_weight)s
        + listing::numeric(60, 40) / 100 * %(listing_weight)s
        + least(greatest(reported, confirmed), CASE WHEN is_rejected THEN 50 ELSE 100 END)
            ::numeric(60, 40) / 100 * %(profile_weight)s
        + after_sales::numeric(60, 40) / 100 * %(after_sales_weight)s, 20) AS score
    FROM inputs
), graded AS (
    SELECT scored.*, CASE WHEN score >= %(a_from)s THEN 'A' WHEN score >= %(b_from)s THEN 'B'
                          WHEN score >= %(c_from)s THEN 'C' ELSE 'D' END AS grade
    FROM scored
), decided AS (
    SELECT graded.*, CASE
        WHEN grade = 'C' OR grade < 'C' AND (overdue > 0 OR is_frozen) THEN before
        WHEN grade < 'C' THEN greatest(before, %(step)s * floor(least(
            before * CASE grade WHEN 'A' THEN %(a_factor)s ELSE %(b_factor)s END,
            paid, %(maximum_limit)s) / %(step)s))
        WHEN %(step)s * floor(before * %(d_factor)s / %(step)s) >= %(minimum_limit)s
            THEN %(step)s * floor(before * %(d_factor)s / %(step)s)
        ELSE least(%(minimum_limit)s, before) END AS wanted
    FROM graded
), steps AS (
    SELECT decided.*, wanted > before AND wanted > %(automatic_up_to)s AS waits FROM decided
)
SELECT count(*), count(*) FILTER (WHERE grade = 'A'), count(*) FILTER (WHERE grade = 'B'),
       count(*) FILTER (WHERE grade = 'C'), count(*) FILTER (WHERE grade = 'D'),
       count(*) FILTER (WHERE wanted > before AND NOT waits),
       coalesce(sum(wanted - before) FILTER (WHERE wanted > before AND NOT waits), 0),
       count(*) FILTER (WHERE waits), coalesce(sum(wanted - before) FILTER (WHERE waits), 0),
       count(*) FILTER (WHERE wanted < before),
       coalesce(sum(before - wanted) FILTER (WHERE wanted < before), 0),
       coalesce(sum(CASE WHEN waits THEN before ELSE wanted END), 0)
FROM steps
"""
# As credit.operations.overdue freezes lines, which has one day for each of them, too.
OVERDUE_ENOUGH = f"""
WITH day AS (
    SELECT merchant_id AS line_id, open_on AS today, "limit" FROM credit_creditline
    WHERE currency = %(currency)s
), overdue AS ({OVERDUE_BY_LINE}
)
SELECT count(*) FROM day JOIN overdue USING (line_id)
WHERE overdue.amount > 0 AND overdue.amount >= %(overdue_ratio)s * day."limit"
"""


@dataclass(frozen=True)
class Outcome:
    """What reviews of all lines come to by one policy: how many lines, by grade and by what becomes
    of their limits; sums are bare, in the policy's currency.
    """

    lines: int
    grade_a: int
    grade_b: int
    grade_c: int
    grade_d: int
    raised: int
    raised_by: Decimal
    waiting: int  # raises that an operator decides
    waiting_for: Decimal
    cut: int
    cut_by: Decimal
    limits: Decimal  # afterwards, without the raises that wait

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(*(getattr(self, one) + getattr(other, one) for one in NAMES))


NAMES = [one.name for one in fields(Outcome)]
NOTHING = Decimal(0)
NO_LINES = Outcome(0, 0, 0, 0, 0, 0, NOTHING, 0, NOTHING, 0, NOTHING, NOTHING)


def outcome(policy: CreditPolicy, now: datetime) -> Outcome:
    """What reviews held now by this policy would do to the lines of its currency, where books are
    in cells to those of the cell that we are inside. Lines that have no review are not counted:
    without metrics, with a limit of 0, and closed ones. Nothing is written.
    """
    lines = list(
        CreditLine.objects.filter(currency=policy.currency).values_list("pk", "timezone", "open_on")
    )
    figures = {name: Decimal(figure) for name, figure in policy.figures.items()}
    asked: dict[str, Any] = {
        **figures,
        "lines": [line for line, _zone, _day in lines],
        "todays": [day for _line, _zone, day in lines],
        "instants": [now] * len(lines),
        "paid_from": day_starts(
            [(line, zone, day - timedelta(days=policy.paid_days)) for line, zone, day in lines]
        ),
        "instalment_days": INSTALMENT_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(RESULTS, asked)
        return Outcome(*cursor.fetchone())


def overdue_enough(policy: CreditPolicy) -> int:
    """How many lines of the policy's currency, where books are in cells of the cell that we are
    inside, have so much overdue on their open day as freezes a line by this policy; with a limit of
    0 that is any amount (rule 7.5). Whether they are frozen or closed makes no difference.
    """
    asked = {
        "currency": policy.currency,
        "overdue_ratio": policy.overdue_ratio,
        "instalment_days": INSTALMENT_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE_ENOUGH, asked)
        (found,) = cursor.fetchone()
    return int(found)


LABELS = {
    "lines": "Lines that have a review",
    "grade_a": "Grade A",
    "grade_b": "Grade B",
    "grade_c": "Grade C",
    "grade_d": "Grade D",
    "raised": "Lines that go up",
    "raised_by": "By so much in all",
    "waiting": "Raises that wait for an operator",
    "waiting_for": "Of so much in all",
    "cut": "Lines that go down",
    "cut_by": "By so much in all, down",
    "limits": "All limits together, afterwards",
}


def compare(base: CreditPolicy, new: CreditPolicy, now: datetime) -> Brief:
    """What a page shows of a new version before it is saved: what reviews of all lines would come
    to now by the version before (`base`) and by the new one, and how many lines have as much
    overdue as freezes them (overdue_enough). Where books are in cells, that is of the lines of all
    cells, whichever we are inside, since they share policies; a cell that has not answered in time
    is named. Rule 22.18.
    """
    both = (base, new)
    with cells.outside():
        answers = adding_up.each(
            lambda: [(outcome(policy, now), overdue_enough(policy)) for policy in both]
        )
    by_base, by_new = (
        sum((found[at][0] for found in answers.found.values()), NO_LINES) for at in range(2)
    )
    changes = [
        Change(LABELS[name], *(_shown(found, name, new) for found in (by_base, by_new)))
        for name in NAMES
    ]
    frozen = Change(
        "Lines with enough overdue to freeze them",
        *(sum(found[at][1] for found in answers.found.values()) for at in range(2)),
    )
    silent = " ".join(f"Cell {cell} has not answered." for cell in answers.silent)
    return Brief(
        facts=[
            Fact("Currency", new.currency),
            *([Fact("Lines", "of all cells")] if cells.are_on() else []),
            *([Fact("Missing", silent, "What it has is missing here.")] if silent else []),
            Fact("Now", f"by version {base.version}" if base.version else "without a policy"),
            Fact("Then", f"by the new version, if all reviews were held at {now:%H:%M} UTC today"),
        ],
        changes=[*changes, frozen],
    )


def of_arguments(asked: dict[str, Any], now: datetime) -> Brief:
    """The comparison of `compare` for a version that is proposed, with the one that is in force
    when it starts. `asked` has the arguments of operations.policies.introduce: currency,
    `starts_on`, and the figures that differ from those of the version before. Raises Invalid for an
    unknown currency, and ValidationError, by the figures' names, for figures that could not be
    saved: with more digits than their columns have, or that policy_bounds.faults names.
    """
    figures = {name: asked[name] for name in asked.keys() - {"currency", "starts_on"}}
    currency = money.check_currency(asked["currency"])
    base = in_force(currency, asked["starts_on"])
    new = base.next_version(base.version + 1, asked["starts_on"], figures)
    others = {field.name for field in new._meta.fields} - set(new.figure_names())
    new.clean_fields(exclude=others)
    new.clean()
    return compare(base, new, now)


def _shown(found: Outcome, name: str, policy: CreditPolicy) -> Any:
    """The figure `name` of the outcome: a sum as an amount of the policy's currency, a count as it
    is.
    """
    value = getattr(found, name)
    return value if isinstance(value, int) else money.of(value, policy.currency)
