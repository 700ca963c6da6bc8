"""The journal as a test reads it, and its proof by beancount, which shares no code with us."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from beancount import loader
from beancount.core.data import Transaction
from django.core.management import call_command
from django.db.models import F, Sum

from billing.models import BillingAccount, Invoice, Reversal
from billing.queries import journal
from credit.models import CreditLine, Order, OrderPayment, Withdrawal
from lib import money
from tests.shops import Shop

# By merchant and code of the account; above 0 for a debit.
Balances = dict[tuple[str, str], Decimal]

CODES = {
    "receivable": "1100",
    "unbilled": "1110",
    "given up": "1120",
    "taken back": "1150",
    "between books": "1310",
    "between charges": "1320",
    "proceeds": "2000",
    "on their way": "2010",
    "unmatched": "2020",
    "unapplied": "2030",
    "limit": "9000",
    "used": "9010",
    "written off": "9020",
}


def told(shop: Shop, start: str = "2026-01-01", end: str = "2029-12-31") -> list[str]:
    """The shop's entries of these days but for those of limits and orders, as
    `day document: account amount, account amount`, in their order.
    """
    asked = journal.Asked(date.fromisoformat(start), date.fromisoformat(end), shop.merchant.pk)
    return [
        f"{entry.dated_on} {entry.document}: " + ", ".join(
            f"{one.account} {money.figure_text(one.amount, one.currency)}" for one in entry.postings
        )
        for entry in journal.entries(asked)
        if entry.source != "limit"
    ]  # fmt: skip


def prove() -> int:
    """beancount takes the journal of all merchants for right, and its balances are the figures of
    the books to the cent. Returns how many entries it has.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.beancount"
        call_command("journal", format="beancount", output=path)
        found, errors, _ = loader.load_file(str(path))
    assert errors == []
    entries = [one for one in found if isinstance(one, Transaction)]
    balances = balances_of(entries)
    figures = figures_of_books()
    named = set(CODES.values())
    ours = {key: sum_ for key, sum_ in balances.items() if key[1] in named}
    assert {key: sum_ for key, sum_ in ours.items() if sum_} == figures
    return len(entries)


def balances_of(entries: Iterable[Transaction]) -> Balances:
    """What the accounts of each merchant come to, by beancount's postings."""
    sums: Balances = defaultdict(Decimal)
    for entry in entries:
        for posting in entry.postings:
            code = posting.account.rpartition(":")[2].partition("-")[0]
            assert posting.units is not None
            sums[entry.meta["merchant"], code] += posting.units.number or Decimal(0)
    return dict(sums)


def figures_of_books() -> Balances:
    """The books' own figures as the accounts have to come to them; without those that are 0."""
    found: Balances = defaultdict(Decimal)

    def add(name: str, rows: Iterable[tuple[str, Decimal | None]], sign: int = 1) -> None:
        """Add these figures to what the accounts of this name come to."""
        for reference, figure in rows:
            found[reference, CODES[name]] += sign * (figure or 0)

    merchant = "merchant__reference"
    accounts, lines = BillingAccount.objects, CreditLine.objects
    add("unbilled", accounts.values_list(merchant, "outstanding"))
    add("unapplied", accounts.values_list(merchant, "unapplied"), -1)
    add("proceeds", lines.values_list(merchant, "proceeds"), -1)
    add("limit", lines.values_list(merchant, "limit"))
    add("used", lines.values_list(merchant, "used"))
    invoices = Invoice.objects.order_by().values_list(f"account__{merchant}")
    left = Sum(F("total") - F("amount_paid"))
    add("receivable", invoices.filter(status="OPEN").annotate(figure=left))
    add("given up", invoices.filter(status="UNCOLLECTIBLE").annotate(figure=left))
    add("unbilled", invoices.filter(status="DRAFT").annotate(figure=Sum(F("total") - F("tax"))))
    by_line = f"line__{merchant}"
    waiting = Withdrawal.objects.filter(ended_at=None).order_by().values_list(by_line)
    add("on their way", waiting.annotate(figure=Sum("amount")), -1)
    cash = OrderPayment.objects.filter(status="UNMATCHED").order_by().values_list(by_line)
    add("unmatched", cash.annotate(figure=Sum(F("amount") - F("settled"))), -1)
    orders = Order.objects.order_by().values_list(by_line)
    lost = F("written_off") - F("recovered") - F("refunded_written_off")
    add("written off", orders.annotate(figure=Sum(lost)))
    taken = Reversal.objects.filter(status="RECORDED").order_by()
    add(
        "taken back",
        taken.values_list(f"account__{merchant}").annotate(figure=Sum(F("amount") - F("taken"))),
    )
    return {key: figure for key, figure in found.items() if figure}
