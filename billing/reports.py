"""The operators' reports about billing: what is owed, earned and collected, of all merchants."""

from django.db.models import Count, F, Q, Sum

from backoffice.reports.report import COUNT, Figure, Key, Report, Span
from billing.models import Invoice, Payment, UnappliedEntry
from billing.queries import reports as rows
from lib.formats import day_text, plain_money

SEES = "billing.view_billingaccount"
DAY = Key("day", "Day (UTC)", day_text)


def _difference(said: dict[str, str]) -> str:
    """One of the differences of a provider's day, as `ProviderDay.differences` has it, as text: its
    reference, what differs, and the amounts there and here.
    """
    sides = [f"{side} {said[side]}" for side in ("there", "here") if said[side]]
    return f"{said['reference']}: {said['what']} ({', '.join(sides)})"


RECEIVABLES = Report(
    110,
    "receivables-by-age",
    "Receivables by age",
    about="Unpaid bills by how long they are past their due day, with what is left to pay of them.",
    permission=SEES,
    span=Span.TODAY,
    rows=rows.unpaid,
    keys=[
        Key("age", "Past due", lambda age: age.partition(": ")[2]),
        Key("status", "Status", lambda status: str(Invoice.Status(status).label)),
    ],
    figures=[COUNT, Figure("owed", "Left to pay", Sum("left"))],
    columns={
        "Bill": str,
        "Merchant": lambda invoice: invoice.account.merchant.name,
        "Due": lambda invoice: day_text(invoice.due_on),
        "Total": lambda invoice: plain_money(invoice.total),
        "Left to pay": lambda invoice: plain_money(invoice.left_to_pay),
    },
)
REVENUE = Report(
    120,
    "revenue",
    "Revenue by fee and month",
    about="What was posted to merchants' bills, by the month of the posting day and by fee. Credits"
    " lower it, until they are taken back. What settles something is left out: credit that was used"
    " or paid out, what was waived, and payments and transfers that are charged again.",
    permission=SEES,
    span=Span.MONTHS,
    rows=rows.revenue,
    keys=[Key("month", "Month", lambda month: f"{month:%Y-%m}"), Key("fee_name", "Fee")],
    figures=[
        Figure("charges", "Charges", Sum("charge_count"), is_count=True),
        Figure("worth", "Amount", Sum("amount")),
    ],
    columns={
        "Posted on": lambda item: day_text(item.posting_on),
        "Merchant": lambda item: item.account.merchant.name,
        "Fee": lambda item: item.fee.name,
        "Charges": lambda item: str(item.charge_count),
        "Amount": lambda item: plain_money(item.amount),
    },
)
COLLECTED = Report(
    130,
    "payments-collected",
    "Cash in: bills paid",
    about="Payments of bills with money from outside, by provider, and how many of them carry the"
    " provider's or the bank's own reference. A transfer that was booked elsewhere, never came or"
    " was taken off when the bank took it back is left out.",
    permission=SEES,
    span=Span.DAYS,
    rows=rows.collected,
    keys=[DAY, Key("provider", "Provider", lambda code: str(Payment.Provider(code).label))],
    figures=[
        COUNT,
        Figure(
            "known_outside", "With their reference", Count("pk", filter=~Q(provider_reference="")),
            is_count=True,
        ),
        Figure("worth", "Amount", Sum("amount")),
    ],
    columns={
        "Payment": lambda payment: payment.idempotency_key,
        "Bill": lambda payment: str(payment.invoice),
        "Merchant": lambda payment: payment.invoice.account.merchant.name,
        "Amount": lambda payment: plain_money(payment.amount),
        "Their reference": lambda payment: payment.provider_reference,
        "What cannot be right": lambda payment: payment.problem,
    },
)  # fmt: skip
AT_PROVIDERS = Report(
    135,
    "payments-at-providers",
    "Cash in: against the provider's figures",
    about="What Stripe says that it took on each day, beside the payments of ours that succeeded."
    " A job asks once a day about the three days before; the rows name each difference.",
    permission=SEES,
    span=Span.DAYS,
    rows=rows.at_providers,
    keys=[DAY, Key("provider", "Provider", lambda code: str(Payment.Provider(code).label))],
    figures=[
        Figure("there_many", "How many there", Sum("count"), is_count=True),
        Figure("here_many", "How many here", Sum("known_count"), is_count=True),
        Figure("difference", "Difference", Sum(F("amount") - F("known_amount"))),
        Figure("here", "Here", Sum("known_amount")),
        Figure("there", "At the provider", Sum("amount")),
    ],
    columns={
        "Day": lambda one: day_text(one.day),
        "At the provider": lambda one: plain_money(one.amount),
        "Here": lambda one: plain_money(one.known_amount),
        "Differences": lambda one: "; ".join(map(_difference, one.differences)) or "none",
        "Asked": lambda one: f"{one.looked_at:%Y-%m-%d %H:%M}",
    },
)
UNAPPLIED = Report(
    140,
    "unapplied-money",
    "Cash in and out: unapplied money",
    about="Money that came in beyond what bills wanted, and what of such money went back. It counts"
    " where it is booked now: a transfer that was booked elsewhere counts there, and one that never"
    " came or was taken off when the bank took it back is left out.",
    permission=SEES,
    span=Span.DAYS,
    rows=rows.unapplied,
    keys=[DAY, Key("kind", "Kind", lambda kind: str(UnappliedEntry.Kind(kind).label))],
    figures=[COUNT, Figure("worth", "Amount", Sum("amount"))],
    columns={
        "Entry": lambda entry: str(entry.get_kind_display()),
        "Merchant": lambda entry: entry.account.merchant.name,
        "Amount": lambda entry: plain_money(entry.amount),
        "Written": lambda entry: f"{entry.at:%Y-%m-%d %H:%M}",
    },
)
ALL = (RECEIVABLES, REVENUE, COLLECTED, AT_PROVIDERS, UNAPPLIED)
