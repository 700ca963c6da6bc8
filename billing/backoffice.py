"""The figures, queues, facts and merchant panels of billing on the operators' pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from backoffice import briefs
from backoffice.checklist import ENTRIES, Entry, Item
from backoffice.columns import list_of, page_of
from backoffice.figures import DAILY, PERMISSIONS, PICTURES, TOTALS, Daily, Picture, Total, Totals
from backoffice.merchant_page import FEW, PARTS, Area, Part, Placed, Section, Step, Visit
from backoffice.panels import Panel
from backoffice.queues import QUEUES
from backoffice.reports.report import REPORTS
from billing import reports
from billing.models import (
    AccountChange,
    BillingAccount,
    BillingCredit,
    BillingQuestion,
    Charge,
    Payment,
    ThresholdRequest,
)
from billing.proposals import PRICE
from billing.queries import forecast, progress, statements, sums, waiting
from billing.queries import invoices as invoice_queries
from billing.queries.briefs import of_merchant, of_prices
from jobs.facts import FACTS, Fact
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.queries import local_day


def register() -> None:
    """Register billing's figures, queues, facts and panels with the pages that show them;
    BillingConfig.ready calls it.
    """
    briefs.register("billing", of_merchant)
    briefs.OF_PROPOSALS[PRICE.code] = _of_price
    QUEUES.register(*waiting.QUEUES)
    PARTS.register(Part(40, _of_merchant, related=["billing_account__card"]))
    ENTRIES.register(Entry(30, _method), Entry(55, _first_charge))
    PERMISSIONS.register("billing.view_billingaccount")
    TOTALS.register(Totals(20, TOTAL_ROWS, _totals))
    DAILY.register(*KINDS_BY_DAY)
    REPORTS.register(*reports.ALL)
    PICTURES.register(PAYMENTS)
    FACTS.register(Fact(10, _months_closed), Fact(20, _last_cycle_run))


def _of_price(proposal: Proposal, now: datetime) -> briefs.Brief:
    """What stands beside a proposed price: the prices of that fee and currency so far, for the
    proposal's merchant or for all.
    """
    said = two_people.arguments_of(proposal)
    return of_prices(said["fee"], said["currency"], proposal.merchant)


# The figures of the home page.

TOTAL_ROWS = (
    Total("unbilled", "Charges on no bill yet"),
    Total("unpaid", "Unpaid bills"),
)
KINDS_BY_DAY = (
    Daily(30, "billed", "Bills issued", sums.billed_by_day),
    Daily(40, "collected", "Payments collected", sums.collected_by_day),
    Daily(50, "failed", "Payments failed", sums.failed_by_day),
)
PAYMENTS = Picture(
    20,
    "payments",
    "Bills issued, payments collected and failed",
    worth="bills issued and of payments collected and failed",
    kinds=("billed", "collected", "failed"),
)


def _totals() -> Mapping[str, Mapping[str, Decimal]]:
    """Return the figures of the home page by currency code and then by name: `unbilled` is what
    charges on no bill come to, outstanding or accruing, and `unpaid` what is left to pay of bills.
    Figures that are 0 may be left out.
    """
    found: dict[str, dict[str, Decimal]] = {}
    for name, amounts in (("unbilled", sums.unbilled()), ("unpaid", sums.unpaid())):
        for code, amount in amounts.items():
            found.setdefault(code, {})[name] = amount
    return found


# The page of a merchant.


def _of_merchant(visit: Visit) -> Section:
    """Billing's part of a merchant's page, with the latest FEW rows of each kind; empty if the
    merchant has no account, or the operator may not see it.
    """
    account: BillingAccount | None = visit.own("billing_account", BillingAccount)
    if account is None:
        return Section()
    found = BillingCredit.objects.filter(account=account).select_related("fee", "charge")
    asked_credits = list(found.order_by("-pk")[:FEW])
    thresholds = list(ThresholdRequest.objects.filter(account=account).order_by("-pk")[:FEW])
    questions = account.questions.order_by("-pk")[:FEW]
    return Section(
        panels=[
            *_closed(account),
            Placed(Area.STANDING, 20, _standing(visit, account)),
            Placed(Area.ROWS, 30, _invoices(account, asked_credits, thresholds)),
        ],
        steps=[
            *_asked_for_thresholds(thresholds),
            *_asked_for_credits(asked_credits),
            *_asked_questions(questions),
        ],
    )


def _closed(account: BillingAccount) -> Iterator[Placed]:
    """Yields a panel that says that the account is closed; nothing for an open one."""
    if account.is_closed:
        yield Placed(Area.TOP, 20, Panel("admin/backoffice/closed.html", {"account": account}))


def _standing(visit: Visit, account: BillingAccount) -> Panel:
    """The panel with the account's figures, its forecast, and the buttons of the decisions about it
    that are open and that the operator may take.
    """
    shown = {
        "account": account,
        "forecast": forecast.forecast(account, today=local_day(account, visit.now)),
        "buttons": visit.decisions(account),
    }
    return Panel("admin/backoffice/account.html", shown)


def _invoices(
    account: BillingAccount,
    credits: Sequence[BillingCredit],
    thresholds: Sequence[ThresholdRequest],
) -> Panel:
    """The panel with the account's latest FEW bills, drafts left out, the latest FEW of all
    attempts to collect these bills, its latest FEW statements, and the given credits and threshold
    requests.
    """
    invoices = invoice_queries.of_account(account).order_by("-issued_at", "-pk")[:FEW]
    payments = Payment.objects.filter(invoice__in=[invoice.pk for invoice in invoices])
    shown = {
        "invoices": invoices,
        "payments": list(payments.select_related("invoice", "card").order_by("-pk")[:FEW]),
        "statements": statements.of_account(account).order_by("-month")[:FEW],
        "credits": credits,
        "thresholds": thresholds,
    }
    return Panel("admin/backoffice/invoices.html", shown)


def _asked_for_thresholds(thresholds: Sequence[ThresholdRequest]) -> Iterator[Step]:
    """Yields a step of the merchant's history for each of these requests for a higher threshold:
    when it was asked, the merchant's message, who asked, and the address of the request's page in
    the admin.
    """
    for one in thresholds:
        what = "Asked: a higher threshold"
        yield Step(one.asked_at, what, one.message, one.asked_by, page_of(one))


def _asked_questions(questions: Iterable[BillingQuestion]) -> Iterator[Step]:
    """Yields a step of the merchant's history for each of these questions about charges and bills:
    when it was asked, its text, who asked, and the address of its page in the admin.
    """
    for one in questions:
        what = "Asked: about charges and bills"
        yield Step(one.asked_at, what, one.message, one.asked_by, page_of(one))


def _asked_for_credits(credits: Sequence[BillingCredit]) -> Iterator[Step]:
    """Yield a step of the merchant's history for each of these credits: when it was asked for or
    granted, in which words, by whom, and the address of its page in the admin.
    """
    for one in credits:
        yield Step(one.asked_at, "Asked: a credit", one.message, one.asked_by, page_of(one))


# Until the merchant trades.


def _method(visit: Visit) -> Item | None:
    """The line of a new merchant's checklist about the payment method: done once somebody has
    chosen one, or if it is any but bank transfer. None without a billing account, or if the
    operator may not look at it.
    """
    account: BillingAccount | None = visit.own("billing_account", BillingAccount)
    if account is None:
        return None
    what = AccountChange.What.PAYMENT_METHOD
    chosen = account.pays_by_itself or account.changes.filter(what=what).exists()
    note = f"bills are paid by: {account.get_payment_method_display()}".lower()
    if account.has_disputed_card:
        note += ", from which nothing is collected, as a payment from it was disputed"
    return Item("A payment method is chosen", chosen, note, page_of(account))


def _first_charge(visit: Visit) -> Item | None:
    """The line of a new merchant's checklist about the first charge: done once there is a charge of
    a fee that the marketplace's systems send, which is looked up. None without a billing account,
    or if the operator may not look at it.
    """
    account: BillingAccount | None = visit.own("billing_account", BillingAccount)
    if account is None:
        return None
    charged = Charge.objects.filter(account=account, fee__is_sent_by_platform=True)
    return Item(
        "The first charge came through", charged.exists(), "", list_of(visit.merchant, Charge)
    )


# Beside the jobs.


def _months_closed() -> str:
    """A sentence about up to which month all accounts have closed theirs, and, if some are further,
    up to which the first has, and who is furthest behind; "" without accounts.
    """
    closed = progress.closed()
    if closed is None:
        return ""
    said = f"Last month closed: {closed.by_all:%Y-%m} for everybody"
    if closed.by_first == closed.by_all:
        return said
    return f"{said}, {closed.by_first:%Y-%m} for the first; {closed.behind} is furthest behind"


def _last_cycle_run() -> str:
    """A sentence about the latest date of cycle and plan bills among the latest bills
    (progress.LATEST_INVOICES), and how many there were; "" if none of these is such a bill.
    """
    last = progress.last_invoice_date()
    if last is None:
        return ""
    return f"Last cycle run: {last.on}, {last.invoices} bill{'' if last.invoices == 1 else 's'}"
