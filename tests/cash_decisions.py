"""What merchants, operators and providers do with money, as the operations that do it: bills and
how they are collected, unapplied money, reversals, withdrawals, UNMATCHED cash, waiting raises.

tests/reference/operators.py is what the rules make of each.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.db.models import QuerySet

from billing.models import BillingAccount, Card, Invoice, Payment, Reversal, UnappliedEntry
from billing.operations import (
    invoice_decisions,
    payment_methods,
    payments,
    prices,
    reversals,
    settling,
    terms,
    transfers,
)
from billing.operations.reversals import ProviderReport
from billing.providers.registry import Answer
from credit.models import CreditLine, LimitReview, OrderPayment, PayoutDestination, Withdrawal
from credit.operations import (
    automatic,
    destination_fields,
    destinations,
    review_decisions,
    unmatched,
    withdrawals,
)
from lib import money
from lib.refusals import Refused
from merchants.models import Merchant
from merchants.operations.two_people import TakesTwoPeople
from tests import two_people
from tests.lost_requests import LAST_FOUR

Act = Callable[[Merchant, Any, datetime], bool | None]  # whether it took two operators
OWNER = "owner@shop.example"
WHY, TOLD = two_people.WHY, {"message": "We have looked at it."}
_numbers = count(1)


class NothingThere(Refused):
    """There is nothing that could be decided about."""

    code = "none"


def nth(found: Sequence[Any] | QuerySet[Any], which: int = 0) -> Any:
    """The one at this place, going round. Raises NothingThere if there is none."""
    if not found:
        raise NothingThere("nothing")
    return found[which % len(found)]


def invoices_of(merchant: Merchant, *statuses: str) -> list[Invoice]:
    """The merchant's bills with these statuses, oldest first."""
    found = Invoice.objects.filter(account=merchant.pk, status__in=statuses)
    return list(found.order_by("pk"))


def billed(merchant: Merchant, figure: Decimal) -> Any:
    """The figure in the currency of the merchant's billing account."""
    return money.of(figure, BillingAccount.objects.get(pk=merchant.pk).currency)


def sold(merchant: Merchant, figure: Decimal) -> Any:
    """The figure in the currency of the merchant's credit line."""
    return money.of(figure, CreditLine.objects.get(pk=merchant.pk).currency)


def decide(operation: Callable[..., Any], *, now: datetime, **arguments: Any) -> bool:
    """Carry out the operation outside any transaction, as a refusal may keep what it has marked; by
    two people where it takes two. Returns whether it took two.
    """
    try:
        operation(now=now, actor=two_people.FIRST, **arguments)
    except TakesTwoPeople:
        two_people.by_two(operation, now=now, **arguments)
        return True
    return False


# Bills


def review_invoices(merchant: Merchant, is_wanted: bool, now: datetime) -> None:
    """Have the merchant's bills be drafts from now on, or no longer."""
    decide(terms.review_invoices, merchant_id=merchant.pk, wanted=is_wanted, now=now, **WHY)


def _of_first(operation: Callable[..., Any], status: str) -> Act:
    """The act that does this to the oldest bill with this status."""

    def act(merchant: Merchant, _: None, now: datetime) -> bool:
        """Do this to the oldest bill with the status. Returns whether it took two people."""
        invoice = nth(invoices_of(merchant, status))
        return decide(operation, invoice_id=invoice.pk, now=now, **WHY)

    return act


def adding_card(provider: str) -> Act:
    """The act that adds a card at this provider."""

    def act(merchant: Merchant, kind: str, now: datetime) -> None:
        """Add a card that behaves as its kind says, and try what is due."""
        payment_methods.add_card(
            merchant_id=merchant.pk, provider=provider, token=f"tok-{next(_numbers)}", brand="Visa",
            last_four=LAST_FOUR[kind], actor=OWNER, now=now,
        )  # fmt: skip
        payments.collect_chosen(merchant.pk, now=now)

    return act


def choose_method(merchant: Merchant, method: str, now: datetime) -> None:
    """Choose a payment method, and try what is due; a card is the latest."""
    card = None
    if method == "card":
        card = nth(Card.objects.filter(account=merchant.pk).order_by("-pk"))
    payment_methods.choose(
        merchant_id=merchant.pk, method=card.provider if card else method,
        card_id=card.pk if card else None, actor=OWNER, now=now,
    )  # fmt: skip
    payments.collect_chosen(merchant.pk, now=now)


def pay_now(merchant: Merchant, which: int, now: datetime) -> None:
    """Have the `which`-th unpaid bill be tried, or a paid one if there is none."""
    unpaid = invoices_of(merchant, "OPEN", "UNCOLLECTIBLE")
    invoice = nth(unpaid or invoices_of(merchant, "PAID"), which)
    payments.pay_now(invoice_id=invoice.pk, actor=OWNER, now=now)


def transfer(merchant: Merchant, sent: tuple[str, int | None, Decimal], now: datetime) -> None:
    """Record a transfer: reference, for which bill if for any, and amount."""
    reference, which, amount = sent
    said = {"amount": billed(merchant, amount), "reference": reference, "now": now}
    if which is None:
        transfers.receive(merchant_id=merchant.pk, actor=two_people.FIRST, **said)
    else:
        invoice = nth(invoices_of(merchant, "OPEN", "UNCOLLECTIBLE", "PAID", "DRAFT"), which)
        transfers.record(invoice_id=invoice.pk, actor=two_people.FIRST, **said)


def give_back(merchant: Merchant, sent: tuple[str, Decimal], now: datetime) -> bool:
    """Give unapplied money back. Returns whether it took two people."""
    reference, amount = sent
    return decide(
        transfers.give_back, merchant_id=merchant.pk, amount=billed(merchant, amount),
        reference=reference, now=now, **WHY,
    )  # fmt: skip


# Reversals


def take_back(merchant: Merchant, what: tuple[int, bool, Decimal | None], now: datetime) -> None:
    """Have the provider take back the money of a payment: which, whether as a dispute, and how
    much.
    """
    payment = nth(attempts_of(merchant, "SUCCEEDED"), what[0])
    _take_back(merchant, payment, payment.provider_reference, *what[1:], now=now)


def attempts_of(merchant: Merchant, *statuses: str) -> QuerySet[Payment]:
    """The merchant's attempts at providers of cards with these statuses."""
    found = Payment.objects.filter(
        invoice__account=merchant.pk, status__in=statuses, provider__in=("sandbox", "stripe")
    )
    return found.order_by("invoice", "attempt")


def receive_late(merchant: Merchant, which: int, now: datetime) -> None:
    """Have money come for an attempt that was given up, or a second time."""
    payment = nth(attempts_of(merchant, "FAILED", "SUCCEEDED"), which)
    came = Answer(Payment.Status.SUCCEEDED, reference=f"late-{next(_numbers)}")
    settling.settle(payment.pk, came, now=now)


def take_late_back(
    merchant: Merchant, what: tuple[int, bool, Decimal | None], now: datetime
) -> None:
    """Have the provider take back money that came late and became unapplied."""
    kept = UnappliedEntry.objects.filter(
        account=merchant.pk, kind="RECEIVED", payment__isnull=False
    ).select_related("payment")
    entry = nth(kept.order_by("payment__invoice", "payment__attempt", "pk"), what[0])
    assert entry.payment
    _take_back(merchant, entry.payment, entry.reference, *what[1:], now=now)


def _take_back(
    merchant: Merchant, payment: Payment, money_reference: str, is_dispute: bool,
    wanted: Decimal | None, now: datetime,
) -> None:  # fmt: skip
    """Record that the provider took back so much of this money; None: all."""
    kind = Reversal.Kind.DISPUTE if is_dispute else Reversal.Kind.REFUND
    amount = payment.amount if wanted is None else billed(merchant, wanted)
    report = ProviderReport(
        provider=payment.provider, reference=f"reversal-{next(_numbers)}", kind=kind,
        money_reference=money_reference, amount=amount, state="lost",
        came_back=False, is_ours=False,
    )  # fmt: skip
    if reversals.record(report, payment_id=payment.pk, actor="sandbox", now=now) is None:
        raise NothingThere("nothing is left of it")


def _recorded(operation: Callable[..., Any]) -> Act:
    """The act that does this to the oldest reversal that waits."""

    def act(merchant: Merchant, _: None, now: datetime) -> bool:
        """Do this to the oldest reversal that waits. Returns whether it took two people."""
        found = Reversal.objects.filter(account=merchant.pk, status="RECORDED").order_by("pk")
        reversal = nth(found)
        return decide(
            operation, reversal_id=reversal.pk, seen=reversal.seen, now=now, **WHY, **TOLD
        )

    return act


def win_dispute(merchant: Merchant, which: int, now: datetime) -> None:
    """Have the `which`-th reversal come back."""
    found = Reversal.objects.filter(account=merchant.pk, came_back_at=None).order_by("pk")
    reversal = nth(found, which)
    report = ProviderReport(
        provider=reversal.provider, reference=reversal.provider_reference, kind=reversal.kind,
        money_reference=reversal.money_reference, amount=reversal.amount, state="won",
        came_back=True, is_ours=False,
    )  # fmt: skip
    reversals.record(report, payment_id=reversal.payment_id, actor="sandbox", now=now)


# Withdrawals


def _card_number(last_four: str) -> str:
    """A number of a bank card with these last digits that passes its check, another one at each
    call.
    """
    start = f"6222{next(_numbers):07d}"
    return next(
        number
        for number in (f"{start}{digit}{last_four}" for digit in range(10))
        if destination_fields._passes_luhn(number)
    )


def add_destination(merchant: Merchant, kind: str, now: datetime) -> None:
    """Add a card as a destination; its last digits say how the sandbox's bank behaves."""
    destinations.add(
        merchant_id=merchant.pk, kind=PayoutDestination.Kind.BANK_CARD, holder="Mei Lin",
        bank="ICBC", number=_card_number(LAST_FOUR[kind]), actor=OWNER, now=now,
    )  # fmt: skip


def _destination(merchant: Merchant, which: int) -> int:
    """The key of the `which`-th destination."""
    found = PayoutDestination.objects.filter(line=merchant.pk).order_by("pk")
    return int(nth(found, which).pk)


def remove_destination(merchant: Merchant, which: int, now: datetime) -> None:
    """Remove the `which`-th destination."""
    destinations.remove(
        merchant_id=merchant.pk, destination_id=_destination(merchant, which), actor=OWNER, now=now
    )


def withdraw(merchant: Merchant, what: tuple[int, Decimal], now: datetime) -> None:
    """Request a withdrawal: to which destination, and how much."""
    withdrawals.request(
        merchant_id=merchant.pk, destination_id=_destination(merchant, what[0]),
        amount=sold(merchant, what[1]), request_key=f"key-{next(_numbers)}", actor=OWNER, now=now,
    )  # fmt: skip


def approve_withdrawal(merchant: Merchant, _: None, now: datetime) -> None:
    """Approve the oldest withdrawal that waits for it."""
    waiting = Withdrawal.objects.filter(line=merchant.pk, status="REQUESTED", needs_approval=True)
    withdrawal = nth(waiting.order_by("pk"))
    withdrawals.approve(withdrawal_id=withdrawal.pk, actor=two_people.FIRST, now=now)


def end_withdrawal(merchant: Merchant, status: str, now: datetime) -> None:
    """Cancel or reject the oldest withdrawal that was not sent."""
    waiting = Withdrawal.objects.filter(line=merchant.pk, status__in=["REQUESTED", "APPROVED"])
    withdrawal = nth(waiting.order_by("pk"))
    if status == "CANCELLED":
        withdrawals.cancel(
            merchant_id=merchant.pk, withdrawal_id=withdrawal.pk, actor=OWNER, now=now
        )
    else:
        withdrawals.reject(
            withdrawal_id=withdrawal.pk, actor=two_people.FIRST, now=now, **two_people.ANSWER
        )


def withdraw_by_itself(
    merchant: Merchant, rule: tuple[int, int | None, Decimal] | None, now: datetime
) -> None:
    """Set automatic withdrawals up (destination, weekday, from which amount), or stop them."""
    if rule is None:
        automatic.stop(merchant_id=merchant.pk, actor=OWNER, now=now)
        return
    which, weekday, from_amount = rule
    automatic.set_up(
        merchant_id=merchant.pk, destination_id=_destination(merchant, which),
        every="WEEKLY" if weekday else "DAILY", weekday=weekday,
        from_amount=sold(merchant, from_amount), actor=OWNER, now=now,
    )  # fmt: skip


# Cash and limits


def settle(merchant: Merchant, what: tuple[str, int, Decimal | None, str], now: datetime) -> bool:
    """Settle UNMATCHED cash in part: as what, which, how much, for which order. Returns whether it
    took two people.
    """
    kind, which, wanted, order = what
    kept = OrderPayment.objects.filter(line=merchant.pk, status="UNMATCHED").order_by("pk")
    cash = nth([one for one in kept if one.unsettled.amount > 0], which)
    said: dict[str, Any] = {
        "payment_id": cash.pk, "settled": cash.settled, "now": now,
        "amount": cash.unsettled if wanted is None else sold(merchant, wanted),
    }  # fmt: skip
    if kind == "APPLIED":
        return decide(unmatched.apply, order=order, **said, **WHY)
    if kind == "RELEASED":
        return decide(unmatched.release, **said, **WHY)
    return decide(unmatched.give_back, reference=f"bank-{next(_numbers)}", **said, **WHY)


def decide_raise(merchant: Merchant, is_approved: bool, now: datetime) -> bool:
    """Approve or reject the raise that waits after a review. Returns whether it took two people."""
    pending = LimitReview.objects.filter(line=merchant.pk, status="PENDING").order_by("pk")
    operation = review_decisions.approve if is_approved else review_decisions.reject
    return decide(operation, review_id=nth(pending).pk, now=now, **WHY)


def set_price(price: dict[str, Any], now: datetime) -> bool:
    """Introduce the price of a fee, for everybody or for one merchant. Returns whether it took two
    people.
    """
    whose = price["merchant"] and Merchant.objects.get(reference=price["merchant"]).pk
    return decide(
        prices.introduce, fee=price["fee"], currency=price["currency"],
        unit_price=price["price"], from_on=price["from_on"], merchant_id=whose, now=now, **WHY,
    )  # fmt: skip


ACTS: dict[str, Act] = {
    "review bills": review_invoices,
    "issue draft": _of_first(invoice_decisions.issue_draft, "DRAFT"),
    "send back": _of_first(invoice_decisions.send_back, "DRAFT"),
    "give up": _of_first(invoice_decisions.mark_uncollectible, "OPEN"),
    "card": adding_card("sandbox"),
    "method": choose_method,
    "pay now": pay_now,
    "transfer": transfer,
    "give back": give_back,
    "late money": receive_late,
    "take late money back": take_late_back,
    "take back": take_back,
    "charge reversal": _recorded(reversals.charge),
    "accept reversal": _recorded(reversals.accept),
    "win dispute": win_dispute,
    "destination": add_destination,
    "remove destination": remove_destination,
    "withdraw": withdraw,
    "approve withdrawal": approve_withdrawal,
    "end withdrawal": end_withdrawal,
    "automatic": withdraw_by_itself,
    "settle": settle,
    "raise": decide_raise,
}
