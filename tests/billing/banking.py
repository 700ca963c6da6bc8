"""A shop whose bills carry references, and statements of the account that they name."""

from datetime import datetime
from typing import Any

from billing.models import BankFile, BankLine, BankStatement, Invoice
from billing.operations import bank_matching, bank_statements, issuers
from billing.queries import bank_statements as queries
from billing.queries.payment_references import of_invoice
from lib import money
from tests import shops
from tests.bank_files import Paid, camt
from tests.factories import IssuerFactory
from tests.shops import Shop

BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "as agreed"}
PAYER = "DE89370400440532013000"


def issuer_with_references() -> None:
    """A German issuer with an account in dollars of which statements are taken."""
    now = shops.instant("2026-10-01 10:00")
    banks = (issuers.BankAccount("USD", "DE02 1203 0000 0000 2020 51", "BYLADEM1001", "DKB"),)
    found = IssuerFactory.create(
        prefix="DE", country="DE", tax_number="DE136695976", bank_accounts=banks, now=now
    )
    issuers.take_statements(issuer_id=found.pk, is_on=True, now=now, **BY)


def joined(reference: str = "rosewood", now: str = "2026-11-01 09:00", **terms: Any) -> Shop:
    """A shop that pays that issuer by transfer."""
    shop = shops.join(now, reference, plan_price="0.00", **terms)
    issuers.choose(merchant_id=shop.merchant.pk, prefix="DE", now=shop.at(now), **BY)
    return shop


def billed(shop: Shop, amount: str = "210.00", at: str = "2026-11-02 10:00") -> Invoice:
    """A bill over the amount, which reaches the threshold by itself."""
    assert shop.charge(at, "pick-pack", amount) == "applied"
    return shop.account.invoices.latest("pk")


def paying(invoice: Invoice, amount: str = "", **said: Any) -> Paid:
    """What a statement says of a transfer for the bill."""
    said = {"reference": of_invoice(invoice), "name": "Rosewood GmbH", "account": PAYER} | said
    return Paid(amount or money.text(invoice.left_to_pay), **said)


def at(text: str = "2026-11-05 22:00") -> datetime:
    """The instant in UTC."""
    return shops.instant(text)


def take(*paid: Paid, now: str = "2026-11-05 22:00", **statement: Any) -> BankFile:
    """Take a statement of the account with these movements, and nothing more."""
    return bank_statements.take(
        content=camt(*paid, **statement), file_name="statement.xml", now=at(now),
        actor="olga@tael.example",
    )  # fmt: skip


def match(now: str = "2026-11-05 22:01") -> None:
    """Match the lines of the bank that wait, as the job does."""
    for key in queries.to_match(at(now)):
        bank_matching.match(key, now=at(now))


def matched(*paid: Paid, now: str = "2026-11-05 22:00", **statement: Any) -> list[str]:
    """Take such a statement and match its lines. Returns what became of each."""
    take(*paid, now=now, **statement)
    match(now)
    return lines()


def lines() -> list[str]:
    """`amount STATUS WHY merchant bill` of the lines of the last statement."""
    last = BankStatement.objects.latest("pk")
    found = BankLine.objects.filter(statement=last).select_related("account__merchant", "invoice")
    return [
        " ".join(
            [
                money.text(one.amount), one.status, one.why,
                one.account.merchant.reference if one.account else "-", str(one.invoice or "-"),
            ]
        )
        for one in found.order_by("number")
    ]  # fmt: skip


def statements() -> list[str]:
    """`name STATUS previous` of each statement."""
    return [
        f"{one.name} {one.status} {one.previous.name if one.previous else '-'}"
        for one in BankStatement.objects.select_related("previous").order_by("pk")
    ]


def of_bank(invoice: Invoice) -> str:
    """How the bill stands: `STATUS paid/total`."""
    invoice.refresh_from_db()
    return f"{invoice.status} {money.text(invoice.amount_paid)}/{money.text(invoice.total)}"
