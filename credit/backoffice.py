"""Credit's part of the operators' home page and of a merchant's page."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from backoffice import briefs
from backoffice.checklist import ENTRIES, Entry, Item
from backoffice.columns import list_of, page_of
from backoffice.figures import DAILY, PERMISSIONS, PICTURES, TOTALS, Daily, Picture, Total, Totals
from backoffice.merchant_page import FEW, PARTS, Area, Part, Placed, Section, Step, Visit
from backoffice.panels import Panel
from backoffice.queues import QUEUES
from backoffice.reports.report import REPORTS
from credit import reports
from credit.models import (
    CreditLine,
    LimitEntry,
    LimitRequest,
    LimitReview,
    Order,
    PayoutDestination,
    Withdrawal,
)
from credit.proposals import CREDIT_POLICY
from credit.queries import (
    destinations,
    dry_run,
    freezes,
    orders,
    proceeds,
    sums,
    waiting,
    withdrawals,
)
from credit.queries.briefs import of_merchant
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.queries import local_day


def register() -> None:
    """Register credit's queues, its part of a merchant's page, its steps in the list of what a
    merchant needs until it trades, its briefs for decisions, its reports, and its figures and
    picture of the home page. Called once, when a program starts.
    """
    QUEUES.register(*waiting.QUEUES)
    PARTS.register(Part(30, _of_merchant, related=["credit_line"]))
    ENTRIES.register(Entry(40, _destination), Entry(60, _first_order, ends=True))
    PERMISSIONS.register("credit.view_creditline")
    briefs.register("credit", of_merchant)
    briefs.OF_PROPOSALS[CREDIT_POLICY.code] = _of_policy
    TOTALS.register(Totals(10, TOTAL_ROWS, _totals))
    DAILY.register(*KINDS_BY_DAY)
    REPORTS.register(*reports.ALL)
    PICTURES.register(ORDERS)


# The figures of the home page.

TOTAL_ROWS = (
    Total("lines", "Credit lines", is_count=True),
    Total("frozen", "Frozen lines", is_count=True),
    Total("limits", "Limits"),
    Total("in_use", "Used"),
    Total("free", "Available"),
    Total("overdue", "Overdue"),
    Total("owed", "Proceeds owed"),  # not asked for yet
    Total("on_their_way", "Withdrawals on their way"),
)
KINDS_BY_DAY = (
    Daily(10, "placed", "Orders placed", lambda since: sums.placed_by_day(since, declined=False)),
    Daily(
        20, "declined", "Orders declined", lambda since: sums.placed_by_day(since, declined=True)
    ),
    Daily(60, "withdrawn", "Withdrawals asked for", sums.withdrawn_by_day),
)
ORDERS = Picture(
    10,
    "orders",
    "Orders placed and declined",
    worth="orders placed and declined",
    kinds=("placed", "declined"),
)


def _totals() -> Mapping[str, Mapping[str, Decimal]]:
    """For each currency code, the figures of TOTAL_ROWS by name. A figure that would be 0 may be
    missing.
    """
    found: dict[str, dict[str, Any]] = {row.pop("currency"): row for row in sums.lines()}
    for name, amounts in (("overdue", sums.overdue()), ("on_their_way", sums.on_their_way())):
        for code, amount in amounts.items():
            found.setdefault(code, {})[name] = amount
    return found


# The page of a merchant.


def _of_merchant(visit: Visit) -> Section:
    """Credit's section of a merchant's page: panels of its line, and what it asked for lately. It
    is empty if the merchant has no credit line, or the operator may not look at it.
    """
    line: CreditLine | None = visit.own("credit_line", CreditLine)
    if line is None:
        return Section()
    today = local_day(line, visit.now)
    own_withdrawals = list(withdrawals.of_line(line)[:FEW])
    requests = list(LimitRequest.objects.filter(line=line).order_by("-pk")[:FEW])
    return Section(
        panels=[
            *_freezes(line),
            Placed(Area.STANDING, 10, _standing(visit, line, today)),
            Placed(Area.ROWS, 10, _orders(line, today)),
            Placed(Area.ROWS, 20, _proceeds(line, today, own_withdrawals)),
            Placed(Area.ROWS, 40, _limits(line, requests)),
        ],
        steps=[*_steps_of_requests(requests), *_steps_of_withdrawals(own_withdrawals)],
    )


def _freezes(line: CreditLine) -> Iterator[Placed]:
    """The panel of the freezes in force, or nothing while the line is not frozen."""
    if line.is_frozen:
        shown = {"freezes": freezes.in_force(line)}
        yield Placed(Area.TOP, 10, Panel("admin/backoffice/freezes.html", shown))


def _standing(visit: Visit, line: CreditLine, today: date) -> Panel:
    """The panel of the line's figures, with the amount that is overdue, the overdue amount that
    freezes the line by the policy in force on `today`, and the buttons of the decisions about the
    line that the operator may take.
    """
    shown = {
        "line": line,
        "overdue": freezes.overdue(line, today=today),
        "buttons": visit.decisions(line),
    }
    return Panel("admin/backoffice/line.html", shown)


def _orders(line: CreditLine, today: date) -> Panel:
    """Return the panel with three lists of the line's orders, each of at most FEW: those
    that are overdue on the local day `today`, longest overdue first; all orders, latest
    first; and declined orders, latest first.
    """
    declined = orders.of_line(line, today=today, standing=Order.Status.DECLINED)
    shown = {
        "overdue_orders": orders.of_line(line, today=today, standing="OVERDUE", by="due_on")[:FEW],
        "orders": orders.of_line(line, today=today)[:FEW],
        "declined": declined[:FEW],
    }
    return Panel("admin/backoffice/orders.html", shown)


def _proceeds(line: CreditLine, today: date, own_withdrawals: Sequence[Withdrawal]) -> Panel:
    """The panel of proceeds: its buckets, the given withdrawals, and the first few destinations."""
    shown = {
        "line": line,
        "buckets": proceeds.buckets(line.pk, today=today),
        "withdrawals": own_withdrawals,
        "destinations": list(destinations.of_line(line)[:FEW]),
    }
    return Panel("admin/backoffice/proceeds.html", shown)


def _limits(line: CreditLine, requests: Sequence[LimitRequest]) -> Panel:
    """The panel with the latest changes of the limit by operators and reviews, its opening among
    them (write-offs are left out), and the latest reviews, at most FEW of each; and the given
    requests.
    """
    raised = (LimitEntry.Kind.OPENED, LimitEntry.Kind.LIMIT_SET, LimitEntry.Kind.REVIEW)
    history = LimitEntry.objects.filter(line=line, kind__in=raised)
    shown = {
        "limit_entries": history.order_by("-at", "-pk")[:FEW],
        "reviews": LimitReview.objects.filter(line=line).order_by("-on")[:FEW],
        "requests": requests,
    }
    return Panel("admin/backoffice/limits.html", shown)


def _steps_of_requests(requests: Sequence[LimitRequest]) -> Iterator[Step]:
    """Yield a step of the merchant's history for each of these requests about the limit: when it
    was asked, what kind it is, the merchant's message, who asked, and the address of the request's
    page in the admin.
    """
    for one in requests:
        what = f"Asked: {one.get_kind_display()}"
        yield Step(one.asked_at, what, one.message, one.asked_by, page_of(one))


def _steps_of_withdrawals(own_withdrawals: Sequence[Withdrawal]) -> Iterator[Step]:
    """Yield a step of the merchant's history for each of these withdrawals: when it was asked for,
    its reference, who asked, and the address of its page in the admin.
    """
    for one in own_withdrawals:
        what = f"Asked: withdrawal {one}"
        yield Step(one.requested_at, what, "", one.requested_by, page_of(one))


# Until the merchant trades.


def _destination(visit: Visit) -> Item | None:
    """The step "it has a destination" of a list of what a merchant still needs, done if a
    destination is there that was not removed. None if the merchant has no line, or the operator may
    not see destinations.
    """
    line: CreditLine | None = visit.own("credit_line", CreditLine)
    if line is None or not visit.may_see(PayoutDestination):
        return None
    there = PayoutDestination.objects.filter(line=line, removed_at__isnull=True)
    address = list_of(visit.merchant, PayoutDestination)
    return Item("It has a destination for withdrawals", there.exists(), "", address)


def _first_order(visit: Visit) -> Item | None:
    """The step "the first order came through" of a list of what a merchant still needs, done if any
    order was not DECLINED. None if the merchant has no line, or the operator may not look at it.
    """
    line: CreditLine | None = visit.own("credit_line", CreditLine)
    if line is None:
        return None
    taken = Order.objects.filter(line=line).exclude(status=Order.Status.DECLINED)
    return Item("The first order came through", taken.exists(), "", list_of(visit.merchant, Order))


def _of_policy(proposal: Proposal, now: datetime) -> briefs.Brief:
    """What the proposed version of a credit policy would change, for the person who is to confirm
    it; or why it cannot be, with the figures of the version before it as they are by now.
    """
    try:
        return dry_run.of_arguments(two_people.arguments_of(proposal), now)
    except ValidationError as error:
        return briefs.Brief(facts=[briefs.Fact("Cannot be", " ".join(error.messages))])
