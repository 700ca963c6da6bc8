"""Walks the coming days of a billing account by the billing rules, at a given pace: a pure function
(rule 15.27).

It is the day of `operations/charges.py` and `operations/days.py` told once more, without rows: what
posts when, the threshold's check and its guard, the bills of the dates, what carries forward. A
test holds it against what those write at exactly that pace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.models import Invoice
from billing.models.accounts import CYCLE, CYCLE_DAYS
from billing.models.fees import Posting
from lib import calendar, money

PACE_DAYS = 14  # a pace is what was charged in so many days
NOTHING = Decimal(0)
# The order in which the charges of a day come.
ORDER = (Posting.IMMEDIATE, Posting.DAILY, Posting.MONTHLY)


@dataclass(frozen=True)
class Pace:
    """What one fee brings: so much in PACE_DAYS days, and of today's so much already."""

    fee: str
    posting: str
    charged: Decimal
    today: Decimal = NOTHING


@dataclass(frozen=True)
class Plan:
    """A plan's fee and the days between two of them."""

    price: Decimal
    interval: timedelta


@dataclass(frozen=True)
class Standing:
    """What is known of an open account, as figures of its currency."""

    currency: str
    open_on: date  # the day that ends first
    today: date  # from which on there are charges; later than `open_on` while a day-end is late
    threshold: Decimal
    minimum: Decimal  # the least that its provider collects
    outstanding: Decimal
    carried_plans: Decimal  # plan fees among it
    accruing: Decimal | None  # None: nothing waits for the day's end
    waiting: Decimal | None  # None: nothing waits for the month's end
    next_plan_on: date
    next_cycle_on: date
    plan: Plan  # in force
    plan_to_come: Plan  # from the next plan date on
    last_invoice_on: date | None  # of its last bill that has a number


@dataclass(frozen=True)
class ComingInvoice:
    """A bill that comes if charges go on at the pace."""

    kind: Invoice.Kind
    issued_on: date
    total: Decimal
    plan_fee: Decimal  # in it, of its own date


def walk(standing: Standing, paces: Sequence[Pace], *, until: date) -> list[ComingInvoice]:
    """The bills that are dated up to `until`, in their order, if each fee of `paces` is charged
    once a day from today on, and today only what it lacks of its pace. Rule 15.27.
    """
    walked = _Walk(standing)
    ordered = sorted(paces, key=lambda pace: (ORDER.index(Posting(pace.posting)), pace.fee))
    while walked.day <= until:
        number = (walked.day - standing.today).days + 1
        for pace in ordered:
            amount = amount_of(pace, number, standing.currency) if number > 0 else NOTHING
            if amount:
                walked.charge(pace.posting, amount)
        walked.end_day()
    return [invoice for invoice in walked.invoices if invoice.issued_on <= until]


def amount_of(pace: Pace, number: int, currency: str) -> Decimal:
    """What a fee is charged on a day of the walk, of which today is number 1, rounded to the
    currency's digits. The days' amounts add up to the pace, rounded once; today's is less by what
    was charged today already, and never on the other side of 0.
    """
    before, after = (
        money.rounded(pace.charged * days / PACE_DAYS, currency) for days in (number - 1, number)
    )
    amount = after - before
    if number > 1:
        return amount
    # Today has had some of it, or more than all.
    left = amount - pace.today
    return left if left * amount > 0 else NOTHING


class _Walk:
    """The account on the day that the walk has come to, and the bills that came on the way."""

    def __init__(self, standing: Standing) -> None:
        self.invoices: list[ComingInvoice] = []
        self.day = standing.open_on
        self._threshold, self._minimum = standing.threshold, standing.minimum
        self._others = standing.outstanding - standing.carried_plans
        self._plans = standing.carried_plans
        self._accruing, self._waiting = standing.accruing, standing.waiting
        self._next_plan_on, self._next_cycle_on = standing.next_plan_on, standing.next_cycle_on
        self._plan, self._plan_to_come = standing.plan, standing.plan_to_come

    @property
    def _outstanding(self) -> Decimal:
        """What has posted and is on no bill, carried plan fees included."""
        return self._others + self._plans

    def charge(self, posting: str, amount: Decimal) -> None:
        """Charge the amount of a fee that posts as `posting` says. One that posts at once may bring
        a threshold bill; and what accrues posts now, too, once it makes twice the threshold
        together with what is outstanding (rule 15.7). A MONTHLY amount waits, and brings neither.
        """
        if posting == Posting.MONTHLY:
            self._waiting = (self._waiting or NOTHING) + amount
            return
        if posting == Posting.IMMEDIATE:
            self._others += amount
            self._check_threshold()
        else:
            self._accruing = (self._accruing or NOTHING) + amount
        if self._outstanding + (self._accruing or NOTHING) >= 2 * self._threshold:
            self._post(self._accrued())

    def end_day(self) -> None:
        """End the day: post what accrues and, as a month ends, what has waited for that, which may
        bring a threshold bill; then draw up the plan or cycle bill of the next day, if that is a
        date of one (rule 20.1).
        """
        is_month_end = self.day == calendar.month_end(self.day)
        self._post([*self._accrued(), *(self._waited() if is_month_end else ())])
        self.day += calendar.ONE_DAY
        if self._next_plan_on == self.day:
            self._charge_plan()
        elif self._next_cycle_on == self.day and self._plan.interval.days > CYCLE_DAYS:
            self._issue(Invoice.Kind.CYCLE, self._outstanding)
        if self._next_cycle_on == self.day:
            self._next_cycle_on += CYCLE

    def _accrued(self) -> Iterator[Decimal]:
        """Yields the amount that accrues in the walk, and takes it away, so that the next call
        yields nothing; nothing if no amount accrues.
        """
        if self._accruing is not None:
            accrued, self._accruing = self._accruing, None
            yield accrued

    def _waited(self) -> Iterator[Decimal]:
        """Yields what has waited for the month's end, which is then gone; nothing if nothing
        has.
        """
        if self._waiting is not None:
            waited, self._waiting = self._waiting, None
            yield waited

    def _post(self, amounts: Iterator[Decimal] | Sequence[Decimal]) -> None:
        """Post these amounts, and check the threshold once after all of them; not at all if there
        are none.
        """
        posted = list(amounts)
        self._others += sum(posted)
        if posted:
            self._check_threshold()

    def _check_threshold(self) -> None:
        """Draw up a bill if the threshold is reached, and not by carried plan fees alone (rule
        15.3).
        """
        is_reached = self._outstanding >= self._threshold
        if is_reached and (self._others >= self._threshold or self._plans < self._threshold):
            self._issue(Invoice.Kind.THRESHOLD, self._others)

    def _charge_plan(self) -> None:
        """Charge the plan fee of the day, and draw up its bill (rule 15.4)."""
        self._plan = self._plan_to_come
        self._plans += self._plan.price
        self._issue(Invoice.Kind.SUBSCRIPTION, self._outstanding, self._plan.price)
        self._next_plan_on += self._plan.interval

    def _issue(self, kind: Invoice.Kind, total: Decimal, plan_fee: Decimal = NOTHING) -> None:
        """Add the bill to those that come in the walk; nothing is written to the database. If
        its total is 0 or less, or less than its provider's minimum, there is no bill and all
        stays outstanding (rule 15.10, rule 15.11). `plan_fee` is the part of `total` that is
        the plan fee of its own date. After the bill nothing is outstanding, except that a
        THRESHOLD bill leaves the plan fees that earlier bill dates carried forward.
        """
        if total <= 0 or total < self._minimum:
            return
        self.invoices.append(ComingInvoice(kind, self.day, total, plan_fee))
        self._others = NOTHING
        if kind != Invoice.Kind.THRESHOLD:
            self._plans = NOTHING
