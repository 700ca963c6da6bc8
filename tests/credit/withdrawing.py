"""What tests of withdrawals have in common: shops with earnings, destinations, and their books."""

from decimal import Decimal
from itertools import count
from typing import Any

from moneyed import Money

from config.timetable import TIMETABLE
from credit.models import Freeze, PayoutDestination, ProceedsEntry, Withdrawal
from credit.operations import payout_files, payouts, withdrawals
from lib import money
from notices.models import Notice
from tests import shops
from tests.factories import (
    CreditPolicyFactory,
    DestinationFactory,
    FreezeFactory,
    SoldFactory,
    WithdrawalFactory,
)

CARD_SHOWN = {"destination": "BANK_CARD", "masked": "", "last_four": "0003"}  # CARD in notices
CARD = "6212 2620 0000 0050 003"  # no refusal, no silence (credit.providers.Sandbox)
REFUSED_CARD = "4000 0000 0000 0002"
SILENT_CARD = "4000 0000 0000 0119"
MERCHANT = "mei@rosewood.example"
OPERATOR = "olga@tael.example"
OTHER_OPERATOR = "otto@tael.example"

JOINED = "2026-11-01 10:00"
NOW = "2026-11-03 10:00"

_numbers = count(1)


def shop_with(proceeds: str, reference: str = "rosewood", **terms: Any) -> shops.Shop:
    """A shop that earned so much on 1 November, with a destination usable from the 2nd, 10:00."""
    shop = shops.join(JOINED, reference, **{"credit_limit": "100000", "settlement_days": 0} | terms)
    add(shop)
    sell(shop, "2026-11-01 12:00", proceeds)
    return shop


def sell(shop: shops.Shop, at: str, amount: str, order: str = "") -> str:
    """An order that is placed and paid at once; its reference."""
    named = {"reference": order} if order else {}
    return SoldFactory.create(shop=shop, at=at, amount=amount, **named).reference


def refund(shop: shops.Shop, at: str, order: str, amount: str) -> None:
    """Refund so much of the order."""
    data = {"order": order, "refund": f"refund-{next(_numbers)}"}
    data |= {"amount": amount, "currency": shop.line.currency}
    assert shop.send("order.refunded", at, **data) == "applied"


def add(shop: shops.Shop, at: str = JOINED, number: str = CARD, **said: Any) -> PayoutDestination:
    """Add a destination."""
    return DestinationFactory.create(shop=shop, at=at, number=number, **said)


def ask(
    shop: shops.Shop, amount: str | Money, at: str = NOW, key: str = "", **said: Any
) -> tuple[Withdrawal, bool]:
    """Request a withdrawal by the operation: it, and whether it is new."""
    content: dict[str, Any] = {
        "destination_id": shop.destination.pk,
        "amount": amount if isinstance(amount, Money) else Money(amount, shop.line.currency),
        "actor": MERCHANT,
        "request_key": key or f"form-{next(_numbers)}",
    }
    return withdrawals.request(merchant_id=shop.line.pk, now=shop.at(at), **content | said)


def withdraw(
    shop: shops.Shop, amount: str, at: str = NOW, key: str = "", **said: Any
) -> Withdrawal:
    """A new withdrawal to the shop's destination."""
    if key:
        said["request_key"] = key
    return WithdrawalFactory.create(shop=shop, at=at, amount=amount, **said)


def approve(withdrawal: Withdrawal, at: str = NOW, by: str = OPERATOR) -> Withdrawal:
    """Approve the withdrawal, by an operator."""
    return withdrawals.approve(withdrawal_id=withdrawal.pk, actor=by, now=shops.instant(at))


def reject(withdrawal: Withdrawal, at: str = NOW, reason: str = "unclear") -> Withdrawal:
    """Reject the withdrawal, by an operator."""
    return withdrawals.reject(
        withdrawal_id=withdrawal.pk,
        actor=OPERATOR,
        told=reason,
        reason=reason,
        now=shops.instant(at),
    )


def cancel(withdrawal: Withdrawal, at: str = NOW, merchant_id: int | None = None) -> Withdrawal:
    """Cancel the withdrawal, in the merchant's name."""
    return withdrawals.cancel(
        merchant_id=withdrawal.line_id if merchant_id is None else merchant_id,
        withdrawal_id=withdrawal.pk,
        actor=MERCHANT,
        now=shops.instant(at),
    )


def pay_out(withdrawal: Withdrawal, at: str = NOW, by: str = OPERATOR) -> Withdrawal:
    """Have the withdrawal be sent by hand, in a file for the bank, which pays it."""
    now = shops.instant(at)
    batch = payout_files.export(withdrawal_ids=[withdrawal.pk], actor=by, now=now)
    assert not batch.refused
    return payouts.mark_paid(
        withdrawal_id=withdrawal.pk, reference=f"bank-{next(_numbers)}", actor=by, now=now
    )


def fees(percent: str = "0", fixed: str = "0", free: int = 0, currency: str = "USD") -> None:
    """Introduce a policy with fees, in force from the day all shops here join on."""
    CreditPolicyFactory.create(
        currency=currency,
        withdrawal_fee_percent=Decimal(percent),
        withdrawal_fee_fixed=Money(fixed, currency),
        free_withdrawals_a_month=free,
    )


def status(withdrawal: Withdrawal) -> str:
    """The withdrawal's status, as the database has it now."""
    return str(Withdrawal.objects.get(pk=withdrawal.pk).status)


def paid_out(shop: shops.Shop) -> str:
    """What was paid out to the shop, as a figure."""
    return money.text(shop.line.paid_out)


def entries(shop: shops.Shop) -> list[str]:
    """`KIND amount` of all that moved the proceeds, in order."""
    return [
        f"{entry.kind} {entry.amount.amount}"
        for entry in ProceedsEntry.objects.filter(line=shop.line).order_by("pk")
    ]


def notices(shop: shops.Shop) -> list[tuple[str, str]]:
    """Kind and cause of what was told about withdrawals."""
    told = Notice.objects.filter(merchant=shop.merchant, kind__startswith="WITHDRAWAL")
    return list(told.order_by("pk").values_list("kind", "cause"))


def run(job: str, at: str) -> None:
    """Run the job of this name here."""
    (found,) = (one for one in TIMETABLE if one.name == job)
    found.run_here(shops.instant(at))


def send_all(at: str = NOW) -> None:
    """Run the job that sends withdrawals."""
    run("send-withdrawals", at)


def reconcile_all(at: str) -> None:
    """Run the job that asks about withdrawals without an answer."""
    run("reconcile-withdrawals", at)


def fresh(withdrawal: Withdrawal) -> Withdrawal:
    """The withdrawal as the database has it now."""
    return Withdrawal.objects.get(pk=withdrawal.pk)


def suspect(shop: shops.Shop, at: str = NOW) -> Freeze:
    """Freeze the shop for suspected fraud."""
    return FreezeFactory.create(shop=shop, at=at, reason=Freeze.Reason.SUSPECTED_FRAUD)
