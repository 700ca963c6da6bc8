"""The days to come of a merchant's money: limit that comes free, proceeds that mature, withdrawals
on their way, bills; and what would be free on one of these days (rule 15.34). Nothing here writes.

It computes nothing of its own that a book knows: what is due is `credit.queries.coming`, what
matures `credit.queries.proceeds`, and bills that are likely `billing.queries.forecast`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing.models import BillingAccount
from billing.queries import due, forecast
from credit.models import CreditLine, Withdrawal
from credit.queries import coming, proceeds, withdrawals
from lib import money
from merchants.queries import local_day

DAYS_AHEAD = forecast.DAYS_AHEAD  # today included
WITHDRAWALS = 50  # under way; more are on their own page


class Kind(TextChoices):
    """What comes on a day."""

    LIMIT = "LIMIT", _("Limit comes back")
    PROCEEDS = "PROCEEDS", _("Proceeds mature")
    WITHDRAWAL = "WITHDRAWAL", _("Withdrawals arrive")
    INVOICE = "INVOICE", _("Bills")


@dataclass(frozen=True)
class Item:
    """One thing that comes on a local day, and how much it is."""

    kind: Kind
    on: date
    amount: Money
    since: date  # the day that it was to come on: before `on`, which is today, for what is late
    is_likely: bool = False  # it depends on buyers, or on charges to come
    payments: int = 0  # LIMIT: of so many orders
    due_on: date | None = None  # PROCEEDS that are likely: when buyers are to pay them
    withdrawal: Withdrawal | None = None
    invoice: due.Due | None = None
    coming_invoice: forecast.ComingInvoice | None = None
    is_from_proceeds: bool = False  # INVOICE: the proceeds pay it

    @property
    def is_late(self) -> bool:
        """Whether it was due before the day on which it stands."""
        return self.since < self.on


@dataclass(frozen=True)
class Free:
    """What would be free as a local day ends, if all comes as it is expected; amounts are in the
    line's currency. Limit and proceeds have nothing to do with each other.
    """

    on: date
    returned: Money  # of the limit: what buyers are to pay by then
    used: Money  # of the limit, still
    limit: Money  # free
    matured: Money  # of the proceeds by then: what has been paid already
    likely: Money  # the same of what buyers are to pay
    invoices: Money  # paid from the proceeds by then
    withdrawable: Money


@dataclass(frozen=True)
class MoneyCalendar:
    """What comes to a merchant on the local days from `today` to `until`."""

    line: CreditLine
    billing_currency: str
    today: date
    until: date
    items: Sequence[Item]  # soonest first
    buckets: proceeds.Buckets  # where the proceeds are today
    expected: coming.Expected

    @property
    def is_short(self) -> bool:
        """Whether it ends early, as there are very many open orders."""
        return self.until < self.today + timedelta(DAYS_AHEAD - 1)

    def listed(self, *, kind: str = "", until: date | None = None) -> Sequence[Item]:
        """The items up to and including the day `until`, or of all days, soonest first; only those
        of one kind if it is given.
        """
        last = until or self.until
        return [one for one in self.items if one.on <= last and kind in ("", one.kind)]

    def total(self, kind: str, *, until: date, is_likely: bool | None = None) -> Money:
        """The sum of the items of a kind up to and including the day `until`, in the billing
        currency for bills and in the line's for all else; only of those that are merely likely to
        come if `is_likely` is True, only of the others if it is False, and of both for None.
        """
        found = (
            one.amount
            for one in self.listed(kind=kind, until=until)
            if is_likely in (None, one.is_likely)
        )
        currency = self.billing_currency if kind == Kind.INVOICE else self.line.currency
        return money.total(found, currency)

    def free_on(self, day: date) -> Free:
        """How much of the credit line's limit would be free, and how much of the proceeds could be
        withdrawn, as `day` ends, if all comes as it is expected, and what both are made of. Neither
        is below 0. Rule 15.34.
        """
        nothing = money.zero(self.line.currency)
        returned = money.of(self.expected.by(day), self.line.currency)
        used = self.line.used - returned
        matured = self.total(Kind.PROCEEDS, until=day, is_likely=False)
        likely = self.total(Kind.PROCEEDS, until=day, is_likely=True)
        invoices = money.total(
            (
                one.amount
                for one in self.listed(kind=Kind.INVOICE, until=day)
                if one.is_from_proceeds
            ),
            self.line.currency,
        )
        earned = min(self.buckets.matured + matured + likely, self.buckets.balance + returned)
        return Free(
            on=day,
            returned=returned,
            used=used,
            limit=max(self.line.limit - used, nothing),
            matured=matured,
            likely=likely,
            invoices=invoices,
            withdrawable=max(earned - invoices, nothing),
        )


def of(line: CreditLine, account: BillingAccount, *, now: datetime) -> MoneyCalendar:
    """Read from both books the merchant's money calendar, as things stand at `now`: what comes on
    the next days, DAYS_AHEAD of them with today, or fewer if there are very many open orders. Rule
    15.34.
    """
    today = local_day(line, now)
    expected = coming.expected(line, today=today, until=today + timedelta(DAYS_AHEAD - 1))
    buckets = proceeds.buckets(line.pk, today=today)
    found = [
        *_limit(expected),
        *_maturing(buckets, expected, line),
        *_under_way(line, today),
        *_invoices(line, account, local_day(account, now)),
    ]
    places = list(Kind)
    found.sort(key=lambda one: (one.on, places.index(one.kind), one.is_likely, one.since))
    return MoneyCalendar(
        line=line,
        billing_currency=account.currency,
        today=today,
        until=expected.until,
        items=[one for one in found if one.on <= expected.until],
        buckets=buckets,
        expected=expected,
    )


def _limit(expected: coming.Expected) -> Iterator[Item]:
    """Yield an item for each day on which some of the credit line's limit comes free, as buyers are
    to pay then; only likely.
    """
    for one in expected.days:
        yield Item(Kind.LIMIT, one.on, one.amount, one.on, is_likely=True, payments=one.parts)


def _maturing(
    buckets: proceeds.Buckets, expected: coming.Expected, line: CreditLine
) -> Iterator[Item]:
    """Yield an item of proceeds for each day on which something matures: of what buyers have paid,
    and, only likely, of what they are to pay, settlement days later.
    """
    for day in buckets.maturing_days:
        yield Item(Kind.PROCEEDS, day.on, day.amount, day.on)
    for one in expected.days:
        on = one.on + timedelta(line.settlement_days)
        yield Item(Kind.PROCEEDS, on, one.amount, on, is_likely=True, due_on=one.on)


def _under_way(line: CreditLine, today: date) -> Iterator[Item]:
    """Yield an item for each withdrawal under way, up to WITHDRAWALS of them, on the line's local
    day by which it is expected; on `today`, the line's present one, if that is over.
    """
    for one in withdrawals.under_way(line)[:WITHDRAWALS]:
        by = local_day(line, one.expected_by)
        yield Item(Kind.WITHDRAWAL, max(by, today), one.amount, by, withdrawal=one)


def _invoices(line: CreditLine, account: BillingAccount, today: date) -> Iterator[Item]:
    """Yield an item for each bill that is to be paid, on `today` if its day is over, and for each
    that is likely to come. `today` is the account's local day.
    """
    by_proceeds = account.payment_method == BillingAccount.Method.PROCEEDS
    by_proceeds = by_proceeds and account.currency == line.currency
    for one in due.unpaid(account):
        on, from_proceeds = max(one.on, today), by_proceeds and one.is_collected
        yield Item(
            Kind.INVOICE, on, one.amount, one.on, invoice=one, is_from_proceeds=from_proceeds
        )  # fmt: skip
    for coming_one in forecast.forecast(account, today=today).coming:
        yield Item(
            Kind.INVOICE,
            coming_one.issued_on,
            coming_one.total,
            coming_one.issued_on,
            is_likely=True,
            coming_invoice=coming_one,
            is_from_proceeds=by_proceeds,
        )
