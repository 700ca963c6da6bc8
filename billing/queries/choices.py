"""Reads what a choice of a payment method has tried at once. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import DecimalField, IntegerField, Q
from django.db.models.expressions import RawSQL
from moneyed import Money

from billing.models import BillingAccount, Invoice, Payment
from billing.providers import minimums
from billing.queries import standings
from lib import money
from merchants.queries import day_start, local_day

WITHIN = timedelta(hours=24)
MOST_ATTEMPTS = 5  # of a bill, made or caused by people

# Of the bill of a query: what is not paid of its plan's parts whose day has come (due_by), and how
# often people had it tried lately (next_attempt_from).
PART_DUE = """(
    SELECT sum(part.amount) - greatest(billing_invoice.amount_paid - plan.paid_before, 0)
    FROM billing_paymentplan plan
    JOIN billing_paymentplanpart part ON part.plan_id = plan.id AND part.due_on <= %s
    WHERE plan.invoice_id = billing_invoice.id AND plan.status = 'IN_FORCE'
    GROUP BY plan.id)"""
TRIES = f"""(
    SELECT count(*) FROM billing_payment payment
    WHERE payment.invoice_id = billing_invoice.id AND payment.started_at > %s
      AND (payment.actor <> %s OR payment.chosen_by <> '')
      AND payment.provider NOT IN ({standings.quoted(Payment.OWN_PROVIDERS)}))"""


@dataclass(frozen=True)
class Collected:
    """What a choice collects in the request that makes it, of the oldest bill that is due."""

    number: str
    amount: Money
    others: int  # bills that are tried after it
    is_by_proceeds: bool = False  # which may not be enough


def collected(
    account: BillingAccount, waiting: Sequence[tuple[Invoice, Money]], method: str
) -> Collected | None:
    """The first bill that choosing the payment method `method` collects at once, with its amount
    and the number of those that are tried after it. It is the oldest of those that `waiting` found
    of which enough is due for the method.

    None if nothing is collected: for bank transfer, or if each is too little for the method.
    """
    if method == BillingAccount.Method.MANUAL:
        return None
    least = minimums.least(method, account.currency)
    found = [(invoice, amount) for invoice, amount in waiting if amount >= least]
    if not found:
        return None
    invoice, amount = found[0]
    is_by_proceeds = method == BillingAccount.Method.PROCEEDS
    return Collected(str(invoice), amount, len(found) - 1, is_by_proceeds)


def waiting(
    account: BillingAccount, *, collector: str, now: datetime
) -> Sequence[tuple[Invoice, Money]]:
    """The account's bills that a new method tries at once, oldest first, each with how much of it:
    all that is left of open ones that have failed or are due, and what is due of payment plans'
    parts whose day has come. A bill of which a payment has no answer yet is left out. Nothing while
    people had the oldest of them tried MOST_ATTEMPTS times within 24 hours.

    `collector` is the actor of attempts that the bills' own dates make, which do not count unless
    somebody had them made by choosing a method. Rule 16.8, rule 16.10.
    """
    unpaid = standings.placed(account.invoices.filter(status__in=Invoice.UNPAID))
    today = local_day(account, now)
    rows = unpaid.annotate(
        part_due=RawSQL(PART_DUE, (today,), output_field=DecimalField()),
        tries=RawSQL(TRIES, (now - WITHIN, collector), output_field=IntegerField()),
    ).order_by("issued_on", "pk")
    amounts = ((row, _due(account, row, row.part_due, now)) for row in rows)
    found = [(row, amount) for row, amount in amounts if amount]
    return [] if found and found[0][0].tries >= MOST_ATTEMPTS else found


def _due(
    account: BillingAccount, invoice: Invoice, part_due: Decimal | None, now: datetime
) -> Money | None:
    """What a new method is to collect at once of the unpaid bill, which standings.placed has read:
    nothing while a payment is checked, the part that is due of a payment plan (`part_due`), and
    otherwise all that is left, if the bill is open and has failed or is due. None or 0 means
    nothing, as for a bill that was given up and has no plan.
    """
    standing = standings.of(invoice)
    if standing.is_checked:
        return None
    if standing.is_in_parts:
        return money.of(max(part_due or Decimal(0), Decimal(0)), account.currency)
    is_due = day_start(account, invoice.due_on) <= now
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
