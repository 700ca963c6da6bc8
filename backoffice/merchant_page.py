"""One merchant on one page: what an operator needs who has it on the telephone.

Every list is the latest few rows by an index that starts with the merchant; what the operator may
not look at is not read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from backoffice import home
from billing import queries as billing
from billing.models import BillingAccount, BillingCredit, Payment, ThresholdRequest
from billing.queries import forecast
from credit import queries as credit
from credit.models import CreditLine, LimitEntry, LimitRequest, LimitReview, Order
from credit.queries import freezes, proceeds, withdrawals
from merchants import queries
from merchants.models import Membership, Merchant, Profile
from merchants.queries import local_day
from pages import activity
from trail.actions import Action
from trail.models import TrailEntry

FEW = 6  # rows of a list
MANY = 25  # of what happened


@dataclass(frozen=True)
class Step:
    """Something that happened."""

    at: datetime
    what: str
    more: str = ""
    who: str = ""
    address: str = ""


@dataclass(frozen=True)
class Button:
    title: str
    address: str


def of(request: HttpRequest, merchant: Merchant, now: datetime) -> dict[str, Any]:
    """The page's context. The merchant comes with line, account and profile where it has them."""
    line = _one(request, merchant, "credit_line", CreditLine)
    account = _one(request, merchant, "billing_account", BillingAccount)
    queues = [queue for queue in home.QUEUES if home.may_see(request, queue)]
    told: dict[str, Any] = {
        "title": merchant.name,
        "merchant": merchant,
        "now": now,
        "waiting": home.read(queues, now, merchant.pk),
        "line": line,
        "account": account,
        "profile": _one(request, merchant, "profile", Profile),
        "people": _people(request, merchant),
    }
    if line is not None:
        told |= _of_line(line, now) | {"line_buttons": _buttons(request, line)}
    if account is not None:
        told |= _of_account(account, now) | {"account_buttons": _buttons(request, account)}
    return told | {"steps": _steps(request, merchant, told)}


def _one(request: HttpRequest, merchant: Merchant, name: str, model: type[Model]) -> Any:
    if not admin.site._registry[model].has_view_permission(request):
        return None
    return getattr(merchant, name, None)


def _buttons(request: HttpRequest, row: Model) -> list[Button]:
    """The decisions about it that are open to this person."""
    pages: Any = admin.site._registry[type(row)]
    return [Button(str(title), address) for title, address in pages.buttons(request, row)]


def _people(request: HttpRequest, merchant: Merchant) -> Sequence[Membership]:
    if not admin.site._registry[Membership].has_view_permission(request):
        return []
    return list(queries.members(merchant).order_by("role", "pk")[:MANY])


def _of_line(line: CreditLine, now: datetime) -> dict[str, Any]:
    today = local_day(line, now)
    history = LimitEntry.objects.filter(line=line)
    raised = (LimitEntry.Kind.OPENED, LimitEntry.Kind.LIMIT_SET, LimitEntry.Kind.REVIEW)
    declined = credit.orders(line, today=today, standing=Order.Status.DECLINED)
    return {
        "today": today,
        "freezes": freezes.in_force(line) if line.is_frozen else [],
        "overdue": freezes.overdue(line, today=today),
        "overdue_orders": credit.orders(line, today=today, standing="OVERDUE", by="due_on")[:FEW],
        "orders": credit.orders(line, today=today)[:FEW],
        "declined": declined[:FEW],
        "buckets": proceeds.buckets(line.pk, today=today),
        "withdrawals": list(withdrawals.withdrawals(line)[:FEW]),
        "destinations": list(withdrawals.destinations(line)[:FEW]),
        "reviews": LimitReview.objects.filter(line=line).order_by("-on")[:FEW],
        "limit_entries": history.filter(kind__in=raised).order_by("-at", "-pk")[:FEW],
        "requests": list(LimitRequest.objects.filter(line=line).order_by("-pk")[:FEW]),
    }


def _of_account(account: BillingAccount, now: datetime) -> dict[str, Any]:
    bills = billing.bills(account).order_by("-issued_at", "-pk")[:FEW]
    payments = Payment.objects.filter(invoice__in=[bill.pk for bill in bills])
    asked = BillingCredit.objects.filter(account=account).select_related("fee", "charge")
    return {
        "forecast": forecast.forecast(account, today=local_day(account, now)),
        "statements": billing.statements(account).order_by("-month")[:FEW],
        "bills": bills,
        "payments": list(payments.select_related("invoice", "card").order_by("-pk")[:FEW]),
        "credits": list(asked.order_by("-pk")[:FEW]),
        "thresholds": list(ThresholdRequest.objects.filter(account=account).order_by("-pk")[:FEW]),
    }


# What happened, of all kinds: notices and the trail, and of the rows above what these tell not.


def _steps(request: HttpRequest, merchant: Merchant, told: Mapping[str, Any]) -> Sequence[Step]:
    steps: list[Step] = []
    if request.user.has_perm("notices.view_notice"):
        latest = activity.latest(merchant, MANY)
        steps += [Step(one.at, one.title, one.sentence) for one in latest]
    if request.user.has_perm("trail.view_trailentry"):
        steps += _trail(merchant)
    steps += _asked(told)
    return sorted(steps, key=attrgetter("at"), reverse=True)[:MANY]


def _trail(merchant: Merchant) -> Iterator[Step]:
    for entry in TrailEntry.objects.filter(merchant=merchant).order_by("-id")[:MANY]:
        changed = "; ".join(
            f"{name}: {entry.before.get(name, '–')} → {entry.after.get(name, '–')}"
            for name in {**entry.before, **entry.after}
        )
        words = [entry.subject, changed, entry.reason]
        known = entry.action in Action.values
        title = str(Action(entry.action).label) if known else entry.action
        yield Step(entry.at, title, " · ".join(filter(None, words)), entry.actor)


def _asked(told: Mapping[str, Any]) -> Iterator[Step]:
    for one in told.get("requests", ()):
        address = _address(one)
        yield Step(
            one.asked_at, f"Asked: {one.get_kind_display()}", one.message, one.asked_by, address
        )
    for one in told.get("thresholds", ()):
        what = "Asked: a higher threshold"
        yield Step(one.asked_at, what, one.message, one.asked_by, _address(one))
    for one in told.get("credits", ()):
        yield Step(one.asked_at, "Asked: a credit", one.message, one.asked_by, _address(one))
    for one in told.get("withdrawals", ()):
        what = f"Asked: withdrawal {one}"
        yield Step(one.requested_at, what, "", one.requested_by, _address(one))


def _address(row: Model) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
