"""What operators do by hand, and how they tax, as the operations that do it.

tests/reference/by_hand.py is what the rules make of each.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from billing.models import (
    BankTransfer,
    BillingAccount,
    BillingCredit,
    Charge,
    ThresholdRequest,
)
from billing.operations import (
    billing_details,
    charges_by_hand,
    closing,
    credits,
    credits_undone,
    due_days,
    invoices_on_request,
    issuers,
    pauses,
    payment_plans,
    tax_rates,
    tax_treatments,
    thresholds,
    transfers_moved,
    waivers,
)
from credit.models import (
    CreditLine,
    LimitRequest,
    Order,
    PayoutDestination,
    ProceedsCorrection,
    Withdrawal,
)
from credit.operations import (
    corrections,
    destinations_blocked,
    orders_by_hand,
    requests,
    withdrawals_undone,
    write_offs,
)
from lib import money
from merchants.models import Merchant
from tests import bank_decisions, two_people
from tests.cash_decisions import OWNER, Act, NothingThere, billed, decide, invoices_of, nth, sold
from tests.factories import IssuerFactory

WHY, BOTH = two_people.WHY, two_people.ANSWER
UNPAID = ("OPEN", "UNCOLLECTIBLE")
ISSUERS = {"DE": "DE136695976", "FR": "FR40303265045"}  # prefix and country, and its tax number
FIRST_RATES = (("DE", "STANDARD", "19"), ("DE", "REDUCED", "7"), ("FR", "STANDARD", "20"))
LONG_AGO, SINCE = datetime.fromisoformat("2017-01-02T00:00+00:00"), date(2017, 1, 10)
_numbers = count(1)


def put_taxes_in_force() -> None:
    """Make the issuers of two countries, with bank accounts whose statements are taken, and
    introduce the rates that hold before a history begins.
    """
    for prefix, number in ISSUERS.items():
        issuer = IssuerFactory.create(
            prefix=prefix, country=prefix, tax_number=number, now=LONG_AGO,
            bank_accounts=bank_decisions.accounts_of(prefix),
        )  # fmt: skip
        bank_decisions.take_statements(issuer.pk, LONG_AGO)
    for country, tax_class, percent in FIRST_RATES:
        introduce_rate(
            {"country": country, "class": tax_class, "percent": percent, "starts_on": SINCE},
            LONG_AGO,
        )


def introduce_rate(rate: dict[str, Any], now: datetime) -> None:
    """Introduce a tax rate; one without percent ends the rate before."""
    percent = rate["percent"] and Decimal(rate["percent"])
    tax_rates.introduce(
        country=rate["country"], tax_class=rate["class"], percent=percent,
        starts_on=rate["starts_on"], actor=two_people.FIRST, now=now, **WHY,
    )  # fmt: skip


def classify(of_fee: dict[str, Any], now: datetime) -> None:
    """Put a fee into a class of tax."""
    tax_rates.classify(
        fee=of_fee["fee"], tax_class=of_fee["class"], starts_on=of_fee["starts_on"],
        actor=two_people.FIRST, now=now, **WHY,
    )  # fmt: skip


def _line(merchant: Merchant) -> CreditLine:
    return CreditLine.objects.get(pk=merchant.pk)


def _invoice(merchant: Merchant, which: int, statuses: Sequence[str]) -> int:
    """The key of the `which`-th of the merchant's bills with these statuses, going round."""
    return int(nth(invoices_of(merchant, *statuses), which).pk)


# Orders and proceeds


def _order(merchant: Merchant, reference: str) -> Order:
    """The merchant's order. Raises NothingThere."""
    found = Order.objects.filter(line=merchant.pk, reference=reference).first()
    if found is None:
        raise NothingThere("nothing")
    return found


def cancel_order(merchant: Merchant, reference: str, now: datetime) -> bool:
    """Cancel the order with this reference. Returns whether it took two."""
    order = _order(merchant, reference)
    return decide(orders_by_hand.cancel, order_id=order.pk, now=now, **BOTH)


def refund_order(merchant: Merchant, what: tuple[str, str, Decimal], now: datetime) -> bool:
    """Refund an order by hand: its reference, the refund's, and the amount. Returns whether it took
    two.
    """
    reference, refund, amount = what
    order = _order(merchant, reference)
    return decide(
        orders_by_hand.refund, order_id=order.pk, amount=sold(merchant, amount), reference=refund,
        refunded=order.refunded, now=now, **WHY,
    )  # fmt: skip


def write_off(merchant: Merchant, reference: str, now: datetime) -> bool:
    """Write the order off. Returns whether it took two."""
    order = _order(merchant, reference)
    return decide(write_offs.write_off, order_id=order.pk, now=now, **BOTH)


def correct(merchant: Merchant, amount: Decimal, now: datetime) -> bool:
    """Correct the merchant's proceeds by this amount. Returns whether it took two."""
    return decide(
        corrections.correct, merchant_id=merchant.pk, amount=sold(merchant, amount),
        request_key=f"by-hand-{next(_numbers)}", now=now, **BOTH,
    )  # fmt: skip


def take_correction_back(merchant: Merchant, which: int, now: datetime) -> bool:
    """Take back the `which`-th correction that was not. Returns whether it took two."""
    found = ProceedsCorrection.objects.filter(line=merchant.pk).order_by("pk")
    undone = {one.undoes_id for one in found}
    left = [one for one in found if one.undoes_id is None and one.pk not in undone]
    return decide(corrections.take_back, correction_id=nth(left, which).pk, now=now, **BOTH)


# Withdrawals


def _withdrawal(merchant: Merchant, which: int, status: str) -> int:
    """The key of the `which`-th withdrawal with this status."""
    found = Withdrawal.objects.filter(line=merchant.pk, status=status).order_by("pk")
    return int(nth(found, which).pk)


def send_back(merchant: Merchant, which: int, now: datetime) -> bool:
    """Say that the money of a paid withdrawal came back. Returns whether it took two."""
    found = _withdrawal(merchant, which, "PAID")
    return decide(withdrawals_undone.send_back, withdrawal_id=found, now=now, **BOTH)


def paid_after_all(merchant: Merchant, which: int, now: datetime) -> bool:
    """Say that a failed withdrawal was paid after all. Returns whether it took two."""
    return decide(
        withdrawals_undone.correct_to_paid, withdrawal_id=_withdrawal(merchant, which, "FAILED"),
        reference=f"found-{next(_numbers)}", now=now, **WHY,
    )  # fmt: skip


def block_destination(merchant: Merchant, which: int, now: datetime) -> bool:
    """Block the `which`-th destination that is not. Returns whether it took two."""
    found = PayoutDestination.objects.filter(line=merchant.pk, blocked_at=None).order_by("pk")
    return decide(destinations_blocked.block, destination_id=nth(found, which).pk, now=now, **BOTH)


# Charges and credits


def charge(
    merchant: Merchant, what: tuple[str, str, Decimal | None, int, int], now: datetime
) -> bool:
    """Charge the merchant by hand; without an amount, by the price of so many days ago. Returns
    whether it took two.
    """
    key, fee, amount, quantity, days_ago = what
    account = BillingAccount.objects.get(pk=merchant.pk)
    return decide(
        charges_by_hand.charge, merchant_id=merchant.pk, fee=fee, description="By hand",
        service_on=account.open_on - timedelta(days=days_ago), quantity=Decimal(quantity),
        amount=None if amount is None else billed(merchant, amount), request_key=key, now=now,
        **BOTH,
    )  # fmt: skip


CREDITS = {"FULFILMENT": "credit-pick-pack", "SHIPPING": "credit-label"}


def credit_on(merchant: Merchant, what: tuple[str, Decimal], now: datetime) -> bool:
    """Give a credit on the charge with this reference, or without one if there is none. Returns
    whether it took two.
    """
    reference, amount = what
    found = Charge.objects.filter(account=merchant.pk)
    on = found.filter(reference=reference).select_related("fee").first()
    if on is None:
        on = found.filter(reference=f"tael:by-hand:{reference}").select_related("fee").first()
    fee = CREDITS.get(on.fee.category, "credit-account") if on else "credit-account"
    return decide(
        credits.grant, merchant_id=merchant.pk, charge=on.reference if on else reference, fee=fee,
        amount=billed(merchant, amount), request_key=f"by-hand-{next(_numbers)}", now=now, **BOTH,
    )  # fmt: skip


def undo_credit(merchant: Merchant, which: int, now: datetime) -> bool:
    """Take back the `which`-th credit. Returns whether it took two."""
    found = BillingCredit.objects.filter(account=merchant.pk, status="APPROVED").order_by("made")
    return decide(credits_undone.undo, credit_id=nth(found, which).pk, now=now, **BOTH)


def waive(merchant: Merchant, what: tuple[int, Decimal | None], now: datetime) -> bool:
    """Waive so much of the `which`-th unpaid bill, or all that is left. Returns whether it took
    two.
    """
    which, amount = what
    invoice = nth(invoices_of(merchant, *UNPAID), which)
    return decide(
        waivers.waive, invoice_id=invoice.pk, request_key=f"by-hand-{next(_numbers)}",
        amount=invoice.left_to_pay if amount is None else billed(merchant, amount), now=now,
        **BOTH,
    )  # fmt: skip


# Bills and how they are collected


def issue_now(merchant: Merchant, _: None, now: datetime) -> bool:
    """Bill what is outstanding now. Returns whether it took two."""
    return decide(invoices_on_request.draw_up, merchant_id=merchant.pk, now=now, **WHY)


def _in_days(merchant: Merchant, days: int) -> date:
    """The account's open day and so many days more."""
    return BillingAccount.objects.get(pk=merchant.pk).open_on + timedelta(days=days)


def move_due_day(merchant: Merchant, what: tuple[int, int], now: datetime) -> bool:
    """Move the due day of a bill: which, and to how many days from now. Returns whether it took
    two.
    """
    return decide(
        due_days.move, invoice_id=_invoice(merchant, what[0], ("OPEN",)),
        due_on=_in_days(merchant, what[1]), now=now, **BOTH,
    )  # fmt: skip


def pause(merchant: Merchant, what: tuple[int, int], now: datetime) -> bool:
    """Hold a bill: which, and for how many days. Returns whether it took two."""
    return decide(
        pauses.pause, invoice_id=_invoice(merchant, what[0], ("OPEN",)),
        until_on=_in_days(merchant, what[1]), now=now, **BOTH,
    )  # fmt: skip


def resume(merchant: Merchant, which: int, now: datetime) -> bool:
    """End the hold of a bill. Returns whether it took two."""
    found = _invoice(merchant, which, ("OPEN",))
    return decide(pauses.resume, invoice_id=found, now=now, **BOTH)


def plan(merchant: Merchant, what: tuple[int, int, int, int], now: datetime) -> bool:
    """Make a payment plan for a bill: which, of how many parts, the first in how many days, and
    every how many. Returns whether it took two.
    """
    which, parts, first, every = what
    invoice = nth(invoices_of(merchant, *UNPAID), which)
    days = [_in_days(merchant, first + every * place) for place in range(parts)]
    each = money.part_of(invoice.left_to_pay, parts)
    amounts = [each] * (parts - 1) + [invoice.left_to_pay - each * (parts - 1)]
    return decide(
        payment_plans.make, invoice_id=invoice.pk, parts=list(zip(days, amounts, strict=True)),
        now=now, **BOTH,
    )  # fmt: skip


def cancel_plan(merchant: Merchant, which: int, now: datetime) -> bool:
    """Cancel the payment plan of the `which`-th unpaid bill. Returns whether it took two."""
    found = _invoice(merchant, which, UNPAID)
    return decide(payment_plans.cancel, invoice_id=found, now=now, **BOTH)


# Money that is elsewhere


def move_transfer(merchant: Merchant, what: tuple[int, str], now: datetime) -> bool:
    """Move the `which`-th transfer to another merchant, or away from its bill. Returns whether it
    took two.
    """
    which, to = what
    found = BankTransfer.objects.filter(account=merchant.pk, status="RECORDED").order_by("pk")
    return decide(transfers_moved.move, transfer_id=nth(found, which).pk, to=to, now=now, **BOTH)


def pay_out(merchant: Merchant, _: None, now: datetime) -> bool:
    """Record that the closed account's rest was paid out. Returns whether it took two."""
    reference = f"paid-out-{next(_numbers)}"
    return decide(
        closing.pay_out_rest, merchant_id=merchant.pk, reference=reference, now=now, **WHY
    )


def bill_rest(merchant: Merchant, _: None, now: datetime) -> bool:
    """Bill what the closed account owes. Returns whether it took two."""
    return decide(closing.bill_rest, merchant_id=merchant.pk, now=now, **WHY)


# Requests


def ask_limit(merchant: Merchant, wanted: Decimal, now: datetime) -> None:
    """Ask for a limit, in the merchant's name."""
    requests.ask_raise(
        merchant_id=merchant.pk, limit_wanted=sold(merchant, wanted), message="For spring.",
        actor=OWNER, now=now,
    )  # fmt: skip


def _answering(approve: Callable[..., Any], reject: Callable[..., Any], model: Any) -> Act:
    """The act that approves or rejects what waits of this model."""

    def act(merchant: Merchant, is_approved: bool, now: datetime) -> bool:
        """Approve or reject the oldest request that waits. Returns whether it took two."""
        whose = {"line": merchant.pk} if model is LimitRequest else {"account": merchant.pk}
        found = nth(model.objects.filter(status="PENDING", **whose).order_by("pk"))
        return decide(approve if is_approved else reject, request_id=found.pk, now=now, **BOTH)

    return act


def ask_threshold(merchant: Merchant, wanted: Decimal, now: datetime) -> None:
    """Ask for a threshold, in the merchant's name."""
    thresholds.ask(
        merchant_id=merchant.pk, threshold=billed(merchant, wanted), message="For spring.",
        actor=OWNER, now=now,
    )  # fmt: skip


# Tax


def choose_issuer(merchant: Merchant, prefix: str, now: datetime) -> bool:
    """Have the merchant be billed by the issuer with this prefix. Returns whether it took two."""
    return decide(issuers.choose, merchant_id=merchant.pk, prefix=prefix, now=now, **WHY)


def confirm_details(merchant: Merchant, said: tuple[str, str], now: datetime) -> bool:
    """Have the merchant say billing details with this country and tax number, and confirm them.
    Returns whether it took two.
    """
    country, number = said
    party = billing_details.Party(
        legal_name="Rosewood Dresses", address="1 Some Street\nSome Town", country=country,
        tax_number=number, purchase_order="",
    )  # fmt: skip
    waiting = billing_details.say(merchant_id=merchant.pk, party=party, actor=OWNER, now=now)
    return decide(billing_details.confirm, details_id=waiting.pk, now=now, **WHY)


def decide_treatment(merchant: Merchant, what: tuple[str, int], now: datetime) -> bool:
    """Have the merchant be taxed in this way from so many days from now on. Returns whether it took
    two.
    """
    return decide(
        tax_treatments.decide, merchant_id=merchant.pk, treatment=what[0],
        starts_on=_in_days(merchant, what[1]), now=now, **WHY,
    )  # fmt: skip


ACTS: dict[str, Act] = {
    "cancel order": cancel_order,
    "refund order": refund_order,
    "write off": write_off,
    "correct": correct,
    "take correction back": take_correction_back,
    "send back withdrawal": send_back,
    "paid after all": paid_after_all,
    "block destination": block_destination,
    "charge": charge,
    "credit on": credit_on,
    "undo credit": undo_credit,
    "waive": waive,
    "bill now": issue_now,
    "due day": move_due_day,
    "hold": pause,
    "go on": resume,
    "plan parts": plan,
    "cancel plan": cancel_plan,
    "move transfer": move_transfer,
    "pay out": pay_out,
    "bill rest": bill_rest,
    "ask limit": ask_limit,
    "answer limit": _answering(requests.approve_raise, requests.reject, LimitRequest),
    "ask threshold": ask_threshold,
    "answer threshold": _answering(thresholds.approve, thresholds.reject, ThresholdRequest),
    "issuer": choose_issuer,
    "details": confirm_details,
    "treatment": decide_treatment,
}
