"""Lines of banks' statements, and what operators decide about them, as the operations that do it.

tests/reference/bank.py is what the rules make of each.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from billing.models import BankLine, Invoice
from billing.operations import accounts, bank_matching, bank_returns, bank_statements, issuers
from billing.queries import bank_matching as matching
from billing.queries import bank_statements as queries
from billing.queries import payment_references
from lib import money
from merchants.models import Merchant
from tests import two_people
from tests.bank_files import IBAN, Paid, camt
from tests.cash_decisions import nth

BILLED = ("OPEN", "UNCOLLECTIBLE", "PAID")
FOR_NOTHING = 7
CURRENCIES = ("USD", "JPY", "KWD", "THB")
IBANS = {"DE": IBAN, "FR": "FR1420041010050500013M02606"}  # of issuers
SAID: dict[str, Any] = two_people.WHY | {"actor": two_people.FIRST}


def accounts_of(prefix: str) -> tuple[issuers.BankAccount, ...]:
    """An issuer's bank accounts, of whose statements lines come."""
    bank = ("BYLADEM1001", "DKB") if prefix == "DE" else ("PSSTFRPPPAR", "La Banque")
    return tuple(issuers.BankAccount(one, IBANS[prefix], *bank) for one in CURRENCIES)


def take_statements(issuer_id: int, now: datetime) -> None:
    """Have statements of the issuer's accounts be taken."""
    issuers.take_statements(issuer_id=issuer_id, is_on=True, now=now, **SAID)


def _billed(reference: str, which: int, now: datetime) -> Invoice | None:
    """The `which`-th of the bills that carry a reference and that somebody may pay, once the
    merchant's days are worked off; None if there are none.
    """
    merchant = Merchant.objects.get(reference=reference)
    with transaction.atomic():
        accounts.lock_both(merchant.pk, now=now)
    found = Invoice.objects.filter(
        account=merchant.pk, status__in=BILLED, issuer__isnull=False
    ).order_by("pk")
    return nth(found, which) if found else None


def _take(paid: Paid, currency: str, number: int, now: datetime) -> None:
    """A statement with this line alone, which is matched as the job does it."""
    last = queries.last(IBAN, currency)
    content = camt(
        paid, name=f"S-{number}", currency=currency, on=str(now.date()),
        opening=money.text(last.closing) if last else _text(Decimal(0), currency),
    )  # fmt: skip
    bank_statements.take(
        content=content, file_name="statement.xml", actor=two_people.FIRST, now=now
    )
    line = BankLine.objects.latest("pk")
    assert line.statement.is_taken, queries.why_it_waits(line.statement)
    bank_matching.match(line.pk, now=now)


def _text(amount: Decimal, currency: str) -> str:
    return money.figure_text(amount, currency)


def come_in(said: dict[str, Any], now: datetime) -> None:
    """Take a statement with one transfer that came in, which names the bills that it is said to."""
    named: list[Invoice] = []
    for reference, which in said["named"]:
        if Merchant.objects.filter(reference=reference).exists():
            invoice = _billed(reference, which, now)
            if invoice and invoice not in named:
                named.append(invoice)
    amount = said["amount"]
    if amount is None:
        wants = bool(named) and named[0].is_unpaid
        amount = named[0].left_to_pay.amount if wants else Decimal(FOR_NOTHING)
    name, account = said["payer"]
    references = [payment_references.of_invoice(one) for one in named]
    paid = Paid(
        _text(amount, said["currency"]), text=" ".join(references), name=name, account=account,
        bank_reference=f"B-{said['number']}", returned="AC04" if said["returned"] else "",
        value_on=str(now.date() - timedelta(days=said["days"])),
    )  # fmt: skip
    _take(paid, said["currency"], said["number"], now)


def go_out(said: dict[str, Any], now: datetime) -> None:
    """Take a statement with one transfer that went out, which takes back an earlier one if it is
    said to.
    """
    there = _to_take_back(said["currency"])
    which = said["takes_back"]
    names = nth(there, which) if there and which is not None else None
    amount = said["amount"]
    if amount is None:
        amount = names.amount.amount if names else Decimal(FOR_NOTHING)
    paid = Paid(
        _text(amount, said["currency"]), name="Somebody", is_credit=False,
        bank_reference=names.bank_reference if names else f"B-{said['number']}",
        returned="AC04" if said["returned"] else "",
    )  # fmt: skip
    _take(paid, said["currency"], said["number"], now)


def _to_take_back(currency: str) -> QuerySet[BankLine]:
    """Booked lines in this currency that a return may be about, oldest first."""
    return matching.to_take_back().filter(currency=currency).order_by("pk")


def _line(which: int, *statuses: str) -> BankLine:
    """The `which`-th of the bank's lines with one of these statuses, going round."""
    found: BankLine = nth(BankLine.objects.filter(status__in=statuses).order_by("pk"), which)
    return found


def confirm(which: int, now: datetime) -> None:
    """Confirm the `which`-th proposed line."""
    line = _line(which, "PROPOSED")
    bank_matching.confirm(line_id=line.pk, actor=two_people.FIRST, now=now)


def refuse(which: int, now: datetime) -> None:
    """Refuse the `which`-th proposed line."""
    bank_matching.refuse(line_id=_line(which, "PROPOSED").pk, now=now, **SAID)


def set_aside(which: int, now: datetime) -> None:
    """Set aside the `which`-th line that is open or a return."""
    bank_matching.set_aside(line_id=_line(which, "OPEN", "RETURN").pk, now=now, **SAID)


def place(what: tuple[int, str, int | None], now: datetime) -> None:
    """Say that a line is the merchant's with this reference, perhaps for one of its bills."""
    which, reference, of_invoice = what
    line = _line(which, "PROPOSED", "OPEN", "SET_ASIDE")
    invoice = None
    if of_invoice is not None and Merchant.objects.filter(reference=reference).exists():
        invoice = _billed(reference, of_invoice, now)
    bank_matching.place(
        line_id=line.pk, merchant=reference, number=str(invoice.number) if invoice else "",
        actor=two_people.FIRST, now=now,
    )  # fmt: skip


def say(what: tuple[int, int], now: datetime) -> None:
    """Say which line an open line takes back, or name one that it cannot."""
    line = _line(what[0], "OPEN")
    there = _to_take_back(line.currency)
    of = nth(there, what[1]) if line.amount.amount < 0 else BankLine.objects.latest("pk")
    bank_returns.say(
        line_id=line.pk, statement=of.statement.name, number=of.number, actor=two_people.FIRST,
        now=now,
    )  # fmt: skip


def take_back(which: int, now: datetime) -> None:
    """Take the money of the `which`-th return back from the bill it paid."""
    bank_returns.take_back(line_id=_line(which, "RETURN").pk, now=now, **SAID)


def take_off(which: int, now: datetime) -> None:
    """Take the money of the `which`-th return off the account."""
    told = two_people.ANSWER["told"]
    bank_returns.take_off(line_id=_line(which, "RETURN").pk, told=told, now=now, **SAID)


def of_merchant(merchant: Merchant) -> list[list[str]]:
    """What came in for the merchant, or is likely to have, and what takes some of that back."""
    found = BankLine.objects.filter(
        account=merchant.pk, status__in=("BOOKED", "PROPOSED", "RETURN")
    )
    return sorted([money.text(one.amount), one.status] for one in found)


def act(doing: dict[str, Any], now: datetime) -> None:
    """Carry out one of the acts above, by its name."""
    ACTS[doing["what"]](doing["to"], now)


ACTS: dict[str, Callable[[Any, datetime], None]] = {
    "line in": come_in,
    "line out": go_out,
    "confirm line": confirm,
    "refuse line": refuse,
    "set line aside": set_aside,
    "place line": place,
    "say what it takes back": say,
    "take line back": take_back,
    "take line off": take_off,
}
