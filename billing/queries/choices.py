"""Reads what a choice of a payment method has tried at once. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from moneyed import Money

from billing.models import BillingAccount, Invoice, Payment
from billing.providers import minimums
from billing.queries import payment_plans, standings
from lib import calendar
from merchants.queries import local_day

WITHIN = timedelta(hours=24)
MOST_ATTEMPTS = 5  # of a bill, made or caused by people


@dataclass(frozen=True)
class Collected:
    """What a choice collects in the request that makes it, of the oldest bill that is due."""

    number: str
    amount: Money
    others: int  # bills that are tried after it
    is_short: bool = False  # of proceeds, there are not enough now


def collected(
    account: BillingAccount, waiting: Sequence[tuple[Invoice, Money]], method: str
) -> Collected | None:
    """What choosing the method collects, of the bills that `waiting` found; None if nothing."""
    if method == BillingAccount.Method.MANUAL:
        return None
    least = minimums.least(method, account.currency)
    found = [(invoice, amount) for invoice, amount in waiting if amount >= least]
    if not found:
        return None
    invoice, amount = found[0]
    return Collected(str(invoice), amount, others=len(found) - 1)


def waiting(
    account: BillingAccount, *, collector: str, now: datetime
) -> Sequence[tuple[Invoice, Money]]:
    """The account's bills that a new method tries at once, oldest first, each with how much of it:
    open ones that have failed or are due, and parts of payment plans whose day has come. Nothing
    while the oldest was tried too often by people.

    `collector` is the actor of attempts that the bills' own dates make. Rule 16.8, rule 16.10.
    """
    unpaid = account.invoices.filter(status__in=Invoice.UNPAID).order_by("issued_on", "pk")
    amounts = ((invoice, _due(account, invoice, now)) for invoice in standings.placed(unpaid))
    found = [(invoice, amount) for invoice, amount in amounts if amount is not None]
    if found and next_attempt_from(found[0][0], collector=collector, now=now) > now:
        return []
    return found


def _due(account: BillingAccount, invoice: Invoice, now: datetime) -> Money | None:
    """What a new method is to collect of the placed unpaid bill at once; None if nothing."""
    standing = standings.of(invoice)
    if standing.is_checked:
        return None
    if standing.is_in_parts:
        plan = payment_plans.in_force(invoice)
        return (
            payment_plans.due_by(plan, invoice, local_day(account, now)) or None if plan else None
        )
    is_due = calendar.day_start(invoice.due_on, account.timezone) <= now
    if not invoice.is_open or not (is_due or invoice.first_failed_at):
        return None
    return invoice.left_to_pay


def next_attempt_from(invoice: Invoice, *, collector: str, now: datetime) -> datetime:
    """The instant from which people may have the bill tried again: `now`, or, after five attempts
    by people within 24 hours, 24 hours after the first of the latest five.

    `collector` is the actor of attempts that the bill's own dates make, which don't count. Rule
    16.10.
    """
    by_people = ~Q(actor=collector) | ~Q(chosen_by="")
    tried = invoice.payments.filter(by_people, started_at__gt=now - WITHIN)
    asked = tried.exclude(provider__in=Payment.OWN_PROVIDERS).order_by("-started_at", "-pk")
    latest = list(asked.values_list("started_at", flat=True)[:MOST_ATTEMPTS])
    return now if len(latest) < MOST_ATTEMPTS else latest[-1] + WITHIN
