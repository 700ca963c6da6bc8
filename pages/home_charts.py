"""The charts of the start page: how much of the limit was used, and what everything cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.queries.costs import DAYS, Costs
from credit.models import CreditLine
from credit.queries import history
from lib import charts, formats
from lib.charts import SMALL, Figure, Series
from merchants.models import Merchant
from merchants.queries import local_day


@dataclass(frozen=True)
class Use:
    """The limit and what was used of it in the last days."""

    balances: Sequence[history.Balance]  # of each day, oldest first
    drawing: SafeString

    @property
    def highest(self) -> history.Balance:
        """The limit and use of the day on which most was used, the latest such day."""
        return max(self.balances, key=lambda balance: (balance.used, balance.on))


def use_of(line: CreditLine, merchant: Merchant, *, today: date) -> Use | None:
    """How the credit line's limit was used in the last DAYS local days, `today` included, with its
    drawing, at most back to the day on which the merchant joined; None if there is nothing to draw:
    fewer than two days, or nothing used on any of them.
    """
    joined_on = local_day(line, merchant.joined_at)
    since = max(joined_on, today - timedelta(DAYS - 1))
    balances = history.balances(line, since=since, today=today)
    if len(balances) < 2 or not any(balance.used for balance in balances):
        return None
    svg = charts.lines(
        [
            Series(_("Limit"), [balance.limit for balance in balances], is_step=True),
            Series(_("Used"), [balance.used for balance in balances], is_step=True, is_area=True),
        ],
        [formats.day_and_month(balance.on) for balance in balances],
        figure=formats.whole,
        told=_told(line.currency),
        size=SMALL,
    )
    label = _("Chart of the limit and what was used of it, day by day. Its figures follow.")
    return Use(balances, charts.inline(svg, label, is_small=True))


def drawing_of(costs: Costs) -> SafeString | None:
    """The chart of the merchant's costs in the last days, added up day by day, beside those of as
    many days before if these can be compared; None if it would show nothing.
    """
    if not costs.has_any:
        return None
    dates, later, earlier = zip(*costs.added_up, strict=True)
    series = [Series(_("Last %(days)d days") % {"days": DAYS}, later, is_area=True)]
    if costs.is_comparable:
        series += [Series(_("%(days)d days before") % {"days": DAYS}, earlier)]
    svg = charts.lines(
        series,
        [formats.day_and_month(on) for on in dates],
        figure=formats.whole,
        told=_told(costs.currency),
        size=SMALL,
    )
    label = _("Chart of your costs, added up day by day. Its figures follow.")
    return charts.inline(svg, label, is_small=True)


def _told(currency: str) -> Figure:
    """The function that writes a figure of a chart for people: as an amount of the currency."""
    return lambda value: formats.plain_money(formats.as_money(value, currency))
