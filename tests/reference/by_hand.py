"""What operators do by hand, and how they tax (chapters 8, 15 and 28 here; the others in
by_hand_invoices.py and by_hand_money.py).

An act that is about one of several things names which by its place among those it could be about,
or by a reference. Each says whether it takes two operators.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import by_hand_invoices, by_hand_money, profiles, transfers, two_people
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant


# Requests (rule 8.16, rule 15.20)


def ask_limit(owner: "Merchant", wanted: Decimal) -> None:
    """Ask for a higher limit. Raises Refused."""
    line = owner.line
    if line.is_closed:
        raise Refused("account_closed")
    if wanted <= line.limit:
        raise Refused("not_a_raise")
    if line.asked is not None:
        raise Refused("raise_already_asked")
    line.asked = wanted


def answer_limit(owner: "Merchant", is_approved: bool) -> bool:
    """Approve or reject the raise that was asked for. Returns whether it takes two people. Raises
    Refused.
    """
    line = owner.line
    if line.asked is None:
        raise Refused("none")
    if not is_approved:
        line.asked = None
        return False
    if line.asked <= line.limit:
        raise Refused("not_a_raise")
    takes_two = two_people.limit(line, line.asked)
    line.change("LIMIT_SET", limit=line.asked - line.limit)
    line.asked = None
    return takes_two


def ask_threshold(owner: "Merchant", wanted: Decimal) -> None:
    """Ask for a higher threshold. Raises Refused."""
    account = owner.account
    if account.closed_on is not None:
        raise Refused("account_closed")
    if wanted <= account.threshold:
        raise Refused("not_higher")
    if account.asked is not None:
        raise Refused("request_pending")
    account.asked = wanted


def answer_threshold(owner: "Merchant", is_approved: bool) -> bool:
    """Approve or reject the threshold that was asked for. Returns whether it takes two people.
    Raises Refused.
    """
    account = owner.account
    if account.asked is None:
        raise Refused("none")
    if not is_approved:
        account.asked = None
        return False
    if account.asked <= account.threshold:
        raise Refused("not_higher")
    takes_two = two_people.threshold(owner, account.threshold, account.asked)
    account.threshold, account.asked = account.asked, None
    return takes_two


# Tax (chapter 28)


def choose_issuer(owner: "Merchant", prefix: str) -> None:
    """Have this issuer make the next bill and those after it."""
    owner.account.taxation.issuer = prefix


def confirm_details(owner: "Merchant", party: tuple[str, str]) -> None:
    """Set country and tax number of whom bills are made out to."""
    details = owner.account.taxation.details
    if details and details[-1][1] == party:
        raise Refused("same_billing_details")
    details.append((owner.open_day, party))


def decide_treatment(owner: "Merchant", what: tuple[str, int]) -> None:
    """Have the merchant be taxed in this way from so many days from today on, or ago."""
    treatment, days = what
    day = owner.open_day + timedelta(days=days)
    owner.account.taxation.decided.append((day, treatment))


ACTS: dict[str, Callable[["Merchant", Any], bool | None]] = {
    "cancel order": by_hand_money.cancel_order,
    "refund order": by_hand_money.refund_order,
    "write off": by_hand_money.write_off,
    "correct": by_hand_money.correct,
    "take correction back": by_hand_money.take_correction_back,
    "send back withdrawal": by_hand_money.send_back,
    "paid after all": by_hand_money.paid_after_all,
    "block destination": by_hand_money.block_destination,
    "charge": by_hand_invoices.charge,
    "credit on": by_hand_invoices.credit_on,
    "undo credit": by_hand_invoices.undo_credit,
    "ask credit": by_hand_invoices.ask_credit,
    "dispute": by_hand_invoices.dispute,
    "answer credit": by_hand_invoices.answer_credit,
    "waive": by_hand_invoices.waive,
    "bill now": by_hand_invoices.issue_now,
    "due day": by_hand_invoices.move_due_day,
    "hold": by_hand_invoices.pause,
    "go on": by_hand_invoices.resume,
    "plan parts": by_hand_invoices.plan,
    "cancel plan": by_hand_invoices.cancel_plan,
    "late transfer": transfers.late_transfer,
    "value date": transfers.correct_value_date,
    "block card": transfers.block_card,
    "move transfer": by_hand_money.move_transfer,
    "pay out": by_hand_money.pay_out_rest,
    "bill rest": by_hand_money.bill_rest,
    "profile": profiles.say,
    "confirm profile": profiles.confirm,
    "reject profile": profiles.reject,
    "ask limit": ask_limit,
    "answer limit": answer_limit,
    "ask threshold": ask_threshold,
    "answer threshold": answer_threshold,
    "issuer": choose_issuer,
    "details": confirm_details,
    "treatment": decide_treatment,
}
