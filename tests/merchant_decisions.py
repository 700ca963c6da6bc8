"""What merchants say of themselves and ask back, and what operators do about it, about the days on
which transfers arrived, about cards, and about fees, as the operations that do it.

tests/reference/by_hand.py is what the rules make of each.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db.models import Count, Sum

from billing.models import BankTransfer, BillingAccount, BillingCredit, Card, Charge
from billing.operations import cards_blocked, credits, disputes, fees, transfers, value_dates
from lib import money
from merchants.models import Merchant, ProfilePart, Proposal
from merchants.operations import profiles, proposals
from tests import two_people
from tests.by_hand_decisions import BOTH, CREDITS, UNPAID, WHY
from tests.cash_decisions import OWNER, Act, billed, decide, invoices_of, nth

_numbers = count(1)

# Fees and profiles


def add_fee(fee: dict[str, Any], now: datetime) -> None:
    """Add a fee, with the same text in each language."""
    texts = dict.fromkeys(fees.languages(), f"Of {fee['category']}")
    fees.add(
        code=fee["fee"], category=fee["category"], posting=fee["posting"], names=texts,
        definitions=texts, actor=two_people.FIRST, now=now, **WHY,
    )  # fmt: skip


def say_profile(merchant: Merchant, what: tuple[str, str], now: datetime) -> None:
    """Fill in a part of the profile, in the merchant's name."""
    part, said = what
    document = None
    if part == "licence":
        fields = {"licence_number": said}
        document = profiles.Document("licence.pdf", b"%PDF-1.4 " + said.encode())
    else:
        fields = {"contact_name": said, "contact_email": said and f"{said}@shop.example"}
    profiles.complete(
        merchant_id=merchant.pk, fields=fields, document=document, actor=OWNER, now=now
    )


def confirm_profile(merchant: Merchant, part: str, now: datetime) -> None:
    """Confirm a part of the profile."""
    of_part = ProfilePart(part.upper())
    profiles.confirm(merchant_id=merchant.pk, part=of_part, actor=two_people.FIRST, now=now)


def reject_profile(merchant: Merchant, part: str, now: datetime) -> None:
    """Reject a part of the profile."""
    of_part = ProfilePart(part.upper())
    profiles.reject(merchant_id=merchant.pk, part=of_part, actor=two_people.FIRST, now=now, **BOTH)


# Credits that a merchant asks for


def charge_called(merchant: Merchant, reference: str) -> Charge | None:
    """The merchant's charge that the platform gave this reference or, if there is none, an operator
    by the form; None if neither did.
    """
    found = Charge.objects.filter(account=merchant.pk).select_related("fee")
    return (
        found.filter(reference=reference).first()
        or found.filter(reference=f"tael:by-hand:{reference}").first()
    )


def credit_fee(charge: Charge | None) -> str:
    """The code of the fee that credits on this charge have, or those on none."""
    return CREDITS.get(charge.fee.category, "credit-account") if charge else "credit-account"


def ask_credit(merchant: Merchant, what: tuple[str, Decimal], now: datetime) -> None:
    """Ask for a credit on the charge with this reference."""
    reference, amount = what
    on = charge_called(merchant, reference)
    credits.ask(
        merchant_id=merchant.pk, charge=on.reference if on else reference, fee=credit_fee(on),
        amount=billed(merchant, amount), message="It was wrong.",
        request_key=f"asked-{next(_numbers)}", actor=OWNER, now=now,
    )  # fmt: skip


def dispute(merchant: Merchant, references: list[str], now: datetime) -> None:
    """Ask for all that is left of these charges, or for what there is of it."""
    charges = [charge_called(merchant, reference) for reference in references]
    found = [charge for charge in charges if charge]
    total = sum((charge.amount.amount for charge in found), Decimal(0))
    counted = BillingCredit.objects.filter(
        charge__in=found, status__in=("REQUESTED", "APPROVED")
    ).aggregate(sum=Sum("amount"))["sum"]
    reasons = {
        charge.reference if charge else reference: credit_fee(charge)
        for charge, reference in zip(charges, references, strict=True)
    }
    disputes.ask(
        merchant_id=merchant.pk, reasons=reasons, total=billed(merchant, total - (counted or 0)),
        message="All of it was wrong.", request_key=f"asked-{next(_numbers)}", actor=OWNER,
        now=now,
    )  # fmt: skip


def answer_credit(merchant: Merchant, what: tuple[int, bool], now: datetime) -> bool:
    """Approve or reject the `which`-th credit that waits. Returns whether it took two people."""
    which, is_approved = what
    waiting = BillingCredit.objects.filter(account=merchant.pk, status="REQUESTED").order_by("pk")
    operation = credits.approve if is_approved else credits.reject
    return decide(operation, credit_id=nth(waiting, which).pk, now=now, **BOTH)


# Transfers and cards


def late_transfer(
    merchant: Merchant, sent: tuple[str, int | None, Decimal, int], now: datetime
) -> None:
    """Record a transfer that arrived so many days ago: reference, for which bill if for any,
    amount.
    """
    reference, which, amount, days = sent
    said: dict[str, Any] = {
        "amount": billed(merchant, amount), "reference": reference, "now": now,
        "arrived_on": _days_ago(merchant, days), "actor": two_people.FIRST,
    }  # fmt: skip
    if which is None:
        transfers.receive(merchant_id=merchant.pk, **said)
    else:
        invoice = nth(invoices_of(merchant, *UNPAID, "PAID", "DRAFT"), which)
        transfers.record(invoice_id=invoice.pk, **said)


def _days_ago(merchant: Merchant, days: int) -> date:
    """The day that is so many days before the account's open day."""
    return BillingAccount.objects.get(pk=merchant.pk).open_on - timedelta(days=days)


def correct_value_date(merchant: Merchant, what: tuple[int, int], now: datetime) -> None:
    """Say that the `which`-th transfer arrived so many days ago."""
    which, days = what
    found = nth(BankTransfer.objects.filter(account=merchant.pk).order_by("pk"), which)
    value_dates.correct(
        transfer_id=found.pk, arrived_on=_days_ago(merchant, days), actor=two_people.FIRST,
        now=now, **WHY,
    )  # fmt: skip


def block_card(merchant: Merchant, which: int, now: datetime) -> None:
    """Block the `which`-th card that is not."""
    cards = Card.objects.filter(account=merchant.pk, blocked_at=None).order_by("pk")
    cards_blocked.block(card_id=nth(cards, which).pk, actor=two_people.FIRST, now=now, **BOTH)


# Proposals


def _waiting(merchant: Merchant, which: int) -> int:
    """The key of the `which`-th proposal that waits."""
    found = Proposal.objects.filter(merchant=merchant.pk, status="PROPOSED").order_by("pk")
    return int(nth(found, which).pk)


def confirm(merchant: Merchant, which: int, now: datetime) -> None:
    """Confirm the `which`-th proposal that waits, as the second person."""
    second = two_people.officer(two_people.SECOND)
    proposals.confirm(proposal_id=_waiting(merchant, which), actor=second, now=now)


def end_proposal(merchant: Merchant, what: tuple[int, str], now: datetime) -> None:
    """Refuse the `which`-th proposal as the second person, or withdraw it as the first."""
    which, status = what
    operation, actor = {
        "REFUSED": (proposals.refuse, two_people.SECOND),
        "WITHDRAWN": (proposals.withdraw, two_people.FIRST),
    }[status]
    found = _waiting(merchant, which)
    operation(proposal_id=found, actor=two_people.officer(actor), now=now, **WHY)


def proposed(merchant: Merchant) -> dict[str, int]:
    """How many proposals there are that were not confirmed, by what became of them."""
    found = Proposal.objects.filter(merchant=merchant.pk).exclude(status="CONFIRMED")
    return dict(found.values_list("status").annotate(Count("pk")).order_by("status"))


def asked(merchant: Merchant) -> list[str]:
    """What credits come to that nobody has answered."""
    waiting = BillingCredit.objects.filter(account=merchant.pk, status="REQUESTED")
    return sorted(money.text(one.amount) for one in waiting)


ACTS: dict[str, Act] = {
    "confirm": confirm,
    "end proposal": end_proposal,
    "profile": say_profile,
    "confirm profile": confirm_profile,
    "reject profile": reject_profile,
    "ask credit": ask_credit,
    "dispute": dispute,
    "answer credit": answer_credit,
    "late transfer": late_transfer,
    "value date": correct_value_date,
    "block card": block_card,
}
