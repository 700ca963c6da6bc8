"""Reads accounts, statements and bills. Nothing here writes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from moneyed import Money

from billing.models import (
    AccountChange,
    BillingAccount,
    Charge,
    Invoice,
    InvoiceDecision,
    InvoiceLine,
    Payment,
    Statement,
    StatementTotal,
    UnappliedEntry,
)
from billing.models.fees import Category
from billing.queries import arrivals
from lib import money, prepared
from merchants.models import Merchant
from merchants.queries import local_day

# A provider's answer comes, or is given up, long before that (billing.providers.registry): if none
# is recorded, the process that asked has died.
ANSWERED_WITHIN = timedelta(minutes=10)
UNDECIDED = Q(status__in=[Payment.Status.PENDING, Payment.Status.UNKNOWN])
PROMPT = timedelta(hours=1)  # how long after a day-end its bills' first attempts are a part of it


def accounts_with_a_day_to_work_off(now: datetime) -> Sequence[int]:
    """The keys of the accounts whose open day has ended by `now`."""
    return list(
        BillingAccount.objects.filter(open_until__lte=now)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


DAY_ENDS_FROM = "SELECT min(open_until) FROM billing_billingaccount"
COLLECTED_FROM = f"""
SELECT min(next_attempt_at) FROM billing_invoice
WHERE status IN ({", ".join(f"'{status}'" for status in Invoice.UNPAID)})
"""


def day_ends_from() -> datetime | None:
    """The instant at which the next of all accounts has a day to work off; None without any."""
    row = prepared.row(DAY_ENDS_FROM, ())
    return row[0] if row else None


def collected_from() -> datetime | None:
    """The instant from which the next of all bills is to be tried automatically; None without
    any.
    """
    row = prepared.row(COLLECTED_FROM, ())
    return row[0] if row else None


def invoices_to_collect(now: datetime) -> Sequence[int]:
    """The keys of bills that are due to be tried automatically by `now`: open ones, and those that
    a payment plan collects.

    Bills with an attempt that has no answer come last: a provider that does not answer about them
    is asked nothing more by the same run.
    """
    due = Invoice.objects.filter(status__in=Invoice.UNPAID, next_attempt_at__lte=now)
    waits = Exists(Payment.objects.filter(UNDECIDED, invoice=OuterRef("pk")))
    return list(due.order_by(waits, "pk").values_list("pk", flat=True))


def invoices_to_collect_of(account_id: int, now: datetime) -> Sequence[int]:
    """The keys of the account's open bills that are due to be tried automatically by `now`, oldest
    first.
    """
    due = Invoice.objects.filter(
        account=account_id, status__in=Invoice.UNPAID, next_attempt_at__lte=now
    )
    return list(due.order_by("issued_on", "pk").values_list("pk", flat=True))


def method_chosen_by(account: BillingAccount) -> str:
    """Who changed the account's payment method last; "" if it was never changed."""
    chosen = account.changes.filter(what=AccountChange.What.PAYMENT_METHOD).order_by("-pk")
    return chosen.values_list("actor", flat=True).first() or ""


def without_an_answer(now: datetime) -> Q:
    """The condition that an attempt is undecided and nobody is asking its provider: its status is
    UNKNOWN, or the process that asked must have died.
    """
    left_alone = Q(status=Payment.Status.PENDING, started_at__lte=now - ANSWERED_WITHIN)
    return left_alone | Q(status=Payment.Status.UNKNOWN)


def payments_to_reconcile(now: datetime) -> Sequence[int]:
    """The keys of the attempts that a provider is to be asked about, in random order.

    A run stops asking a provider that keeps silent. In a fixed order, the same attempts would come
    first each time, and the others never.
    """
    found = Payment.objects.filter(without_an_answer(now))
    return list(found.order_by("?").values_list("pk", flat=True))


S = TypeVar("S", StatementTotal, InvoiceLine)  # a sum of charges of one fee


@dataclass(frozen=True)
class Section(Generic[S]):
    """The sums of one category, and their total; a row is the sum of one fee, on a bill of one fee
    and day.
    """

    category: Category
    rows: Sequence[S]
    currency: str

    @property
    def amount(self) -> Money:
        return money.total((row.amount for row in self.rows), self.currency)

    @property
    def charge_count(self) -> int:
        return sum(row.charge_count for row in self.rows)


@dataclass(frozen=True)
class Sections(Generic[S]):
    """The sums of a statement or a bill by category, in the order in which categories are always
    shown.
    """

    sections: Sequence[Section[S]]
    currency: str

    @classmethod
    def of(cls, rows: Iterable[S], currency: str) -> "Sections[S]":
        """Group these sums by category; categories without any are left out."""
        by_category: dict[str, list[S]] = defaultdict(list)
        for row in rows:
            by_category[row.category].append(row)
        there = (category for category in Category if category in by_category)
        return cls([Section(one, by_category[one], currency) for one in there], currency)

    @property
    def amount(self) -> Money:
        return money.total((section.amount for section in self.sections), self.currency)

    @property
    def charge_count(self) -> int:
        return sum(section.charge_count for section in self.sections)


def _drafts() -> Subquery:
    """A subquery, for queries of accounts, for what their drafts come to; NULL without any."""
    drafts = Invoice.objects.filter(account=OuterRef("pk"), status=Invoice.Status.DRAFT)
    return Subquery(drafts.order_by().values("account").annotate(sum=Sum("total")).values("sum"))


def account_of(merchant: Merchant) -> BillingAccount | None:
    """The merchant's billing account, with what its drafts come to in `held_by_drafts`, or None."""
    found = BillingAccount.objects.annotate(held_by_drafts=_drafts())
    return found.filter(merchant=merchant).first()


def account_with_line(merchant: Merchant) -> BillingAccount | None:
    """The same with `merchant.credit_line` and the card loaded; None unless the merchant has both
    an account and a line.
    """
    both = BillingAccount.objects.select_related("merchant__credit_line", "card")
    both = both.annotate(held_by_drafts=_drafts())
    return both.filter(merchant=merchant, merchant__credit_line__isnull=False).first()


def month_so_far(account: BillingAccount, month: date) -> Sections[StatementTotal]:
    """The totals of the account's statement of `month`, as of now, by category and fee; empty if it
    has no charge.
    """
    of_month = StatementTotal.objects.filter(statement__account=account, statement__month=month)
    rows = of_month.select_related("statement", "fee").order_by("fee__name")
    return Sections.of(rows, account.currency)


def statements(account: BillingAccount) -> QuerySet[Statement]:
    """The account's statements, open ones too, each with its `amount` and `charge_count`."""
    return account.statements.annotate(
        amount=Sum("totals__amount"), charge_count=Sum("totals__charge_count")
    )


def statements_of(account: BillingAccount, *, year: str = "") -> QuerySet[Statement]:
    """The same as `statements`, but only of one year, such as "2026"; "" means all years."""
    found = statements(account)
    return found.filter(month__year=int(year)) if year else found


def years(account: BillingAccount) -> list[str]:
    """The years from the account's last statement back to its first, such as "2026", without a gap;
    empty if it has none.
    """
    found = account.statements.aggregate(first=Min("month"), last=Max("month"))
    if not found["first"]:
        return []
    return [str(year) for year in range(found["last"].year, found["first"].year - 1, -1)]


def statement(account: BillingAccount, month: date) -> Statement | None:
    """The account's statement of the month, or None."""
    return account.statements.filter(month=month).first()


def totals(statement: Statement) -> Sections[StatementTotal]:
    """The totals of the statement's charges, by category and fee."""
    rows = statement.totals.select_related("fee").order_by("fee__name")
    return Sections.of(rows, statement.currency)


def charges(statement: Statement, *, reference: str = "") -> QuerySet[Charge]:
    """The statement's charges, each with its fee and the bill it is on.

    With a `reference`, only the charge with this reference, and the charges of the request with
    this reference.
    """
    found = statement.charges.select_related("fee", "item__invoice")
    if not reference:
        return found
    account = Q(account=statement.account_id)  # so that both indexes can be used
    return found.filter(account & Q(request=reference) | account & Q(reference=reference))


def invoices(account: BillingAccount, *, kind: str = "", number: str = "") -> QuerySet[Invoice]:
    """The account's bills that have a number, optionally of one kind, and with a number that starts
    as given. Drafts are left out, also those that were sent back.
    """
    found = account.invoices.filter(number__isnull=False)
    if number:
        found = found.filter(number__startswith=number)
    return found.filter(kind=kind) if kind else found


def billed_through(account: BillingAccount) -> date | None:
    """The last day whose charges the account's bills may include, drafts among them; void bills do
    not count. None without any bill.
    """
    theirs = Case(
        When(kind__in=Invoice.TAKES_ITS_DATE, then=F("issued_on")),
        default=F("issued_on") - timedelta(days=1),
        output_field=DateField(),
    )
    invoices = account.invoices.exclude(status=Invoice.Status.VOID)
    through: datetime | date | None = invoices.aggregate(through=Max(theirs))["through"]
    return through.date() if isinstance(through, datetime) else through


def collected_on(invoice: Invoice, attempts: Sequence[Payment]) -> date | None:
    """The local day on which a bill was collected; None while it is not paid.

    That is the day by which all its money had arrived. A bill that a day-end made is collected on
    its own date if its first attempt paid it within an hour, since jobs run a little after the
    day-end.
    `attempts` are all of the bill's, oldest first.
    """
    paid = [payment for payment in attempts if payment.status == Payment.Status.SUCCEEDED]
    if invoice.paid_at is None or not paid:
        return None
    made_by_day_end = invoice.drafted_at is None and (
        invoice.kind in Invoice.SCHEDULED
        or local_day(invoice.account, invoice.issued_at) > invoice.issued_on
    )
    is_prompt = paid[-1].attempt == 1 and paid[-1].started_at - invoice.issued_at <= PROMPT
    if made_by_day_end and is_prompt:
        return invoice.issued_on
    return arrivals.all_on(invoice, attempts)


def invoice(account: BillingAccount, number: str) -> Invoice | None:
    """The account's bill with this number, or None."""
    return account.invoices.filter(number=number).first()


def lines(invoice: Invoice) -> Sections[InvoiceLine]:
    """The lines of the bill by category, each category's oldest first."""
    rows = invoice.lines.order_by("posting_on", "fee_name", "pk")
    return Sections.of(rows, invoice.currency)


@dataclass(frozen=True)
class FeeSum:
    """What one fee comes to on a bill: the sum of its lines, of which there is one for each day."""

    lines: Sequence[InvoiceLine]  # oldest first
    currency: str

    @property
    def amount(self) -> Money:
        return money.total((line.amount for line in self.lines), self.currency)

    @property
    def charge_count(self) -> int:
        return sum(line.charge_count for line in self.lines)


def fee_sums(section: Section[InvoiceLine]) -> Sequence[FeeSum]:
    """The sums of a bill's category fee by fee, in the order of each fee's first line."""
    by_fee: dict[str, list[InvoiceLine]] = defaultdict(list)
    for line in section.rows:
        by_fee[line.fee_name].append(line)
    return [FeeSum(lines, section.currency) for lines in by_fee.values()]


def line(invoice: Invoice, pk: int) -> InvoiceLine | None:
    """The bill's line with this key, or None; with the bill that its charges are on now, which may
    be another one after a void.
    """
    return invoice.lines.select_related("item__invoice").filter(pk=pk).first()


def charges_of(line: InvoiceLine) -> QuerySet[Charge]:
    """The charges that make up a line of a bill, each with its fee."""
    return Charge.objects.filter(item=line.item_id).select_related("fee")


def was_asked_for(invoice: Invoice) -> bool:
    """Whether a provider was asked, or may have been, to pay the bill. Attempts that did not reach
    it, that it does not take or that a person ended don't count.
    """
    reached = invoice.payments.exclude(provider__in=Payment.OWN_PROVIDERS)
    return reached.exclude(
        status=Payment.Status.FAILED, failure__in=Payment.NOBODYS_FAILURES
    ).exists()


def decisions(invoice: Invoice) -> QuerySet[InvoiceDecision]:
    """The operators' decisions about the bill that a merchant is shown (voided, marked
    uncollectible), oldest first.
    """
    shown = (InvoiceDecision.Decision.VOIDED, InvoiceDecision.Decision.UNCOLLECTIBLE)
    return invoice.decisions.filter(decision__in=shown).order_by("at", "pk")


def unapplied(account: BillingAccount, *, kind: str = "") -> QuerySet[UnappliedEntry]:
    """The entries of the account's unapplied money, each with its payment and that payment's bill,
    if it has one; only those of this kind if one is given.
    """
    found = account.unapplied_entries.select_related("payment__invoice")
    return found.filter(kind=kind) if kind else found


def more_than_wanted(invoice: Invoice, attempts: Sequence[Payment]) -> QuerySet[UnappliedEntry]:
    """The entries of unapplied money that came for the bill, beyond what it needed: unexpectedly
    for one of its attempts, or by a transfer that named it, all of it or what it did not pay.
    `attempts` are all of the bill's.
    """
    theirs = [one.pk for one in attempts if one.provider == Payment.Provider.MANUAL]
    came = invoice.account.unapplied_entries.filter(kind=UnappliedEntry.Kind.RECEIVED)
    by_transfer = Q(transfer__payment__in=theirs) | Q(transfer__named=invoice)
    return came.filter(Q(payment__invoice=invoice) | by_transfer).select_related("transfer")


def attempts(invoice: Invoice) -> QuerySet[Payment]:
    """The attempts to collect a bill, oldest first, each with its card, or the transfer that it
    was.
    """
    return invoice.payments.select_related("card", "transfer").order_by("attempt")
