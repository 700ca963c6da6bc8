"""What tests of payments have in common: paying, deciding, and what the books say of a bill."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from moneyed import Money

from billing.models import Card, Invoice, Payment
from billing.operations import invoice_decisions, payment_methods, payments, settling, transfers
from billing.providers.registry import Answer
from lib import money
from lib.refusals import Refused
from tests import shops
from tests.factories import CardFactory, ShopFactory

MEI = "mei@rosewood.example"
OPERATOR = "olga@tael.example"
FIRST = "2026-000001"
SECOND = "2026-000002"
GOOD, REFUSED, SHORT, SILENT = "4242", "0002", "9995", "0119"  # billing.providers.registry.Sandbox


def billed(reference: str = "rosewood", card: str = "", **terms: Any) -> shops.Shop:
    """A shop with a bill of 39.00, issued on 1 November at 10:00, which the sandbox collects from
    the card.
    """
    shop = manual(reference, **{"payment_method": "sandbox"} | terms)
    if card:
        add_card(shop, "2026-11-01 10:00", card)
    return shop


def manual(reference: str = "rosewood", **terms: Any) -> shops.Shop:
    """A shop that pays by transfer, with a bill of 39.00, issued on 1 November at 10:00 and due on
    the 8th.
    """
    return ShopFactory.create(reference=reference, is_billed=True, **terms)


# What people and jobs do; the answer is a word, or the code of a refusal.


def _said(doing: Callable[[], str]) -> str:
    """What the doing answers, or the code of its refusal."""
    try:
        return doing()
    except Refused as refusal:
        return refusal.code


def pay_now(shop: shops.Shop, at: str, number: str = FIRST, *, seen: int | None = None) -> str:
    """What becomes of the bill's payment that a member starts: its status and failure, or the code
    of the refusal.
    """

    def pay() -> str:
        """Status and failure of the attempt."""
        payment = payments.pay_now(
            invoice_id=invoice(number).pk, attempts_seen=seen, actor=MEI, now=shop.at(at)
        )
        return f"{payment.status} {payment.failure}".strip()

    return _said(pay)


def transfer(
    shop: shops.Shop,
    at: str,
    amount: str,
    reference: str = "BANK-1",
    number: str = FIRST,
    currency: str = "",
) -> str:
    """Record a bank transfer for the bill with this number: "new", "known", or the code of the
    refusal.
    """
    return transfer_to(invoice(number).pk, shop, at, amount, reference, currency)


def transfer_to(
    invoice_id: int,
    shop: shops.Shop,
    at: str,
    amount: str,
    reference: str = "BANK-1",
    currency: str = "",
) -> str:
    """Record a bank transfer for this bill: "new", "known", or the code of the refusal."""

    def record() -> str:
        """ "new" or "known"."""
        recorded = transfers.record(
            invoice_id=invoice_id,
            amount=Money(amount, currency or shop.billing_currency),
            reference=reference,
            actor=OPERATOR,
            now=shop.at(at),
        )
        return "new" if recorded.is_new else "known"

    return _said(record)


def choose(shop: shops.Shop, at: str, method: str, card: Card | None = None) -> str:
    """The payment method that the account has after this choice, or the code of the refusal."""

    def chosen() -> str:
        """The method that the account has then."""
        account = payment_methods.choose(
            merchant_id=shop.merchant.pk,
            method=method,
            card_id=card.pk if card else None,
            actor=MEI,
            now=shop.at(at),
        )
        return str(account.payment_method)

    return _said(chosen)


def add_card(shop: shops.Shop, at: str, last_four: str, **said: Any) -> Card:
    return CardFactory.create(shop=shop, at=at, last_four=last_four, **said)


def _decide(operation: Callable[..., Invoice], shop: shops.Shop, at: str, pk: int) -> str:
    """The bill's status after the operator's decision, or the code of the refusal."""
    return _said(
        lambda: str(
            operation(invoice_id=pk, actor=OPERATOR, reason="as agreed", now=shop.at(at)).status
        )
    )


def void(shop: shops.Shop, at: str, number: str | None = FIRST) -> str:
    """Void the bill: its status, or the code of the refusal."""
    return _decide(invoice_decisions.void, shop, at, invoice(number).pk)


def give_up(shop: shops.Shop, at: str, number: str = FIRST) -> str:
    """Mark the bill as uncollectible: its status, or the code of the refusal."""
    return _decide(invoice_decisions.mark_uncollectible, shop, at, invoice(number).pk)


def issue(shop: shops.Shop, at: str, draft: Invoice) -> str:
    """Issue the draft: its status, or the code of the refusal."""
    return _decide(invoice_decisions.issue_draft, shop, at, draft.pk)


def send_back(shop: shops.Shop, at: str, draft: Invoice) -> str:
    """Send the draft back: its status, or the code of the refusal."""
    return _decide(invoice_decisions.send_back, shop, at, draft.pk)


def give_back(
    shop: shops.Shop, at: str, amount: str, reference: str = "BACK-1", reason: str = "as asked"
) -> str:
    """Give unapplied money back: kind and amount of its entry, or the code of the refusal."""

    def given() -> str:
        """Kind and amount of the entry."""
        entry = transfers.give_back(
            merchant_id=shop.merchant.pk,
            amount=Money(amount, shop.billing_currency),
            reference=reference,
            actor=OPERATOR,
            reason=reason,
            now=shop.at(at),
        )
        return f"{entry.kind} {money.text(-entry.amount)}"

    return _said(given)


def receive(shop: shops.Shop, at: str, amount: str, reference: str = "BANK-1") -> str:
    """Record a transfer that names no bill: "new", "known", or the code of the refusal."""

    def recorded() -> str:
        """ "new" or "known"."""
        transfer = transfers.receive(
            merchant_id=shop.merchant.pk,
            amount=Money(amount, shop.billing_currency),
            reference=reference,
            actor=OPERATOR,
            now=shop.at(at),
        )
        return "new" if transfer.is_new else "known"

    return _said(recorded)


def unapplied(shop: shops.Shop) -> list[str]:
    """`KIND amount balance` of each entry."""
    return [
        f"{entry.kind} {money.text(entry.amount)} {money.text(entry.balance)}"
        for entry in shop.account.unapplied_entries.order_by("pk")
    ]


def means(number: str = FIRST) -> list[str]:
    """`provider amount STATUS` of each attempt on the bill."""
    return [
        f"{payment.provider} {money.text(payment.amount)} {payment.status}"
        for payment in invoice(number).payments.order_by("attempt")
    ]


def hear(shop: shops.Shop, at: str, answer: Answer, key: str = f"T-{FIRST}-1") -> None:
    """The provider tells us of an attempt by itself, as its messages do."""
    payment = Payment.objects.get(idempotency_key=key)
    settling.settle(payment.pk, answer, now=shop.at(at))


# What the books say, read anew each time.


def invoice(number: str | None = FIRST) -> Invoice:
    return Invoice.objects.get(number=number)


def draft() -> Invoice:
    return Invoice.objects.get(number=None, status="DRAFT")


def state(number: str = FIRST) -> str:
    """`STATUS paid/total`."""
    found = invoice(number)
    paid, total = (money.text(sum) for sum in (found.amount_paid, found.total))
    return f"{found.status} {paid}/{total}"


def attempts(shop: shops.Shop, number: str = FIRST) -> list[str]:
    """`instant STATUS failure` of each, in the merchant's time."""
    return [
        f"{clock(shop, payment.started_at)} {payment.status} {payment.failure}".strip()
        for payment in invoice(number).payments.order_by("attempt")
    ]


def next_attempt(shop: shops.Shop, number: str = FIRST) -> str | None:
    """When the bill is tried next, by the shop's clock; None if it is not."""
    at = invoice(number).next_attempt_at
    return clock(shop, at) if at else None


def first_failure(shop: shops.Shop, number: str = FIRST) -> str | None:
    """When the bill first failed, by the shop's clock; None if it has not."""
    at = invoice(number).first_failed_at
    return clock(shop, at) if at else None


def told(shop: shops.Shop) -> list[str]:
    """`instant number amount failure` of each notice that a payment failed."""
    return [
        " ".join(
            [
                clock(shop, notice.at),
                notice.details["number"],
                money.figure_text(Decimal(notice.details["amount"]), notice.details["currency"]),
                notice.details["currency"],
                notice.details["failure"],
            ]
        )
        for notice in shop.merchant.notices.filter(kind="PAYMENT_FAILED").order_by("pk")
    ]


def clock(shop: shops.Shop, at: datetime) -> str:
    """The instant on the merchant's wall clock, to the second where it is not a whole minute."""
    return str(at.astimezone(ZoneInfo(shop.zone)).replace(tzinfo=None)).removesuffix(":00")


# A provider that answers as it is told.


class Told:
    """Knows every attempt it was asked to collect, by key, and takes what `answers` says."""

    is_local = False
    needs_card = False

    def __init__(self) -> None:
        self.sent: list[str] = []  # the keys it was asked to collect, in order
        self.asked: list[str] = []  # the keys it was asked about
        # What the next requests meet; an exception is raised. It pays when nothing is said.
        self.answers: list[Answer | BaseException] = []
        self.known: dict[str, Answer] = {}  # what it says when it is asked about a key
        self.meanwhile: Callable[[Payment], None] = lambda payment: None

    def check_ready(self) -> None:
        """The provider of these tests needs no configuration."""

    def collect(self, payment: Payment, *, now: datetime) -> Answer:
        """Answer as the test has told it to, in turn; success at the end of these. A refusal that
        is told is raised, as if nothing had arrived.
        """
        self.sent.append(payment.idempotency_key)
        self.meanwhile(payment)
        answer = self.answers.pop(0) if self.answers else paid(payment.idempotency_key)
        if isinstance(answer, BaseException):
            raise answer
        self.known[payment.idempotency_key] = answer
        return answer

    def find(self, payment: Payment) -> Answer | None:
        """What it has answered about this key, None for one that never arrived."""
        self.asked.append(payment.idempotency_key)
        return self.known.get(payment.idempotency_key)


def paid(reference: str = f"T-{FIRST}-1") -> Answer:
    """The answer that the money was taken, with this reference of the provider's."""
    return Answer.succeeded(f"pi-{reference}")


def told_shop(at: str = "2026-11-01 10:00", reference: str = "rosewood") -> shops.Shop:
    """A shop like that of `billed`, collected by the provider that a test tells what to answer."""
    shop = billed(reference)
    assert choose(shop, at, "stripe") == "stripe"
    return shop
