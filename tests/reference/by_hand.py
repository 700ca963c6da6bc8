"""What operators do by hand, and how they tax (chapters 4, 9, 10, 12, 14 to 17, 19, 27 and 28).

An act that is about one of several things names which by its place among those it could be about,
or by a reference. Each says whether it takes two operators.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from . import collecting, two_people, withdrawals
from .billing import BY_HAND, Charge, Credit, Invoice, Plan, Transfer
from .credit import Correction, Order, ProceedsEntry, Refused
from .days import NO_INSTANT, ONE_DAY
from .money import ZERO, Invalid, nearest, split
from .parsing import FEES

if TYPE_CHECKING:
    from .model import Merchant

UNPAID = ("OPEN", "UNCOLLECTIBLE")
LONGEST_PAUSE, LONGEST_PAUSES = 28, 56
LATEST_DUE = timedelta(days=90)
CREDITS = {  # of what is charged, by its category: fee and category of its credit
    "FULFILMENT": ("credit-pick-pack", "FULFILMENT_CREDIT"),
    "SHIPPING": ("credit-label", "SHIPPING_CREDIT"),
}
T = TypeVar("T")


def one_of(found: Sequence[T], which: int) -> T:
    if not found:
        raise Refused("none")
    return found[which % len(found)]


def invoice_of(owner: "Merchant", which: int, statuses: Sequence[str]) -> Invoice:
    return one_of([one for one in owner.account.invoices if one.status in statuses], which)


def order_of(owner: "Merchant", reference: str) -> Order:
    found = owner.line.orders.get(reference)
    if found is None:
        raise Refused("none")
    return found


# Orders and proceeds (rule 4.21, rule 4.22, rule 9.6)


def cancel_order(owner: "Merchant", reference: str) -> None:
    """As the platform's own word would; with the same reason that is a repeat from then on."""
    order_of(owner, reference)
    content = {"order": reference, "reason": "We have looked at it."}
    owner.line.cancel(content, owner.line.now, owner.line.now)
    owner.seen["order.cancelled", reference] = content


def refund_order(owner: "Merchant", what: tuple[str, str, Decimal]) -> None:
    """Under a reference of the operator's among the refunds of the merchant."""
    reference, refund, amount = what
    line, content = owner.line, {
        "order": reference, "refund": refund, "amount": amount, "currency": owner.line.currency,
    }  # fmt: skip
    order_of(owner, reference)
    if ("order.refunded", refund) in owner.seen:
        raise Refused("conflict")
    line.refund(content, line.now, line.now, owner.open_day)
    owner.seen["order.refunded", refund] = content


def write_off(owner: "Merchant", reference: str) -> bool:
    line, order = owner.line, order_of(owner, reference)
    if order.status != "OPEN":
        raise Refused("order_not_open")
    if order.overdue(owner.open_day) == 0:
        raise Refused("order_not_overdue")
    takes_two = two_people.pays_out(owner, order.outstanding, from_account=False)
    line.give_up(order)
    line.lift_overdue(owner.open_day)
    return takes_two


def correct(owner: "Merchant", amount: Decimal) -> bool:
    """Added or taken, whatever is there; it has matured."""
    owner.line.corrections.append(Correction(amount))
    return enter_correction(owner, amount)


def take_correction_back(owner: "Merchant", which: int) -> bool:
    found = one_of([one for one in owner.line.corrections if not one.is_over], which)
    found.is_over = True
    owner.line.corrections.append(Correction(-found.amount, is_over=True))
    return enter_correction(owner, -found.amount)


def enter_correction(owner: "Merchant", amount: Decimal) -> bool:
    owner.line.proceeds.append(ProceedsEntry("CORRECTION", "", amount, owner.open_day))
    return two_people.pays_out(owner, abs(amount), from_account=False)


# Withdrawals (rule 10.16, rule 10.18)


def withdrawal_of(owner: "Merchant", which: int, status: str) -> withdrawals.Withdrawal:
    return one_of([one for one in owner.line.withdrawals if one.status == status], which)


def send_back(owner: "Merchant", which: int) -> bool:
    """The bank sent it back: its amount is there again, its fee is kept."""
    found = withdrawal_of(owner, which, "PAID")
    found.status = "RETURNED_BY_BANK"
    entry = ProceedsEntry("SENT_BACK", "", found.amount, owner.open_day)
    owner.line.proceeds.append(entry)
    return two_people.pays_out(owner, found.amount, from_account=False)


def paid_after_all(owner: "Merchant", which: int) -> None:
    """Amount and fee that had come back are taken again, whatever is there."""
    found = withdrawal_of(owner, which, "FAILED")
    found.status = "PAID"
    taken = found.amount + found.fee
    owner.line.proceeds.append(ProceedsEntry("TAKEN_AGAIN", "", -taken, owner.open_day))


def block_destination(owner: "Merchant", which: int) -> None:
    """What was not sent to it comes back with its fee; what was sent goes on."""
    line = owner.line
    found = one_of([one for one in line.destinations if not one.is_blocked], which)
    found.is_blocked = found.is_removed = True
    for one in line.withdrawals:
        if one.destination is found and one.status in ("REQUESTED", "APPROVED"):
            withdrawals.give_back(line, one, "REJECTED")
    if line.automatic is not None and line.automatic.destination is found:
        line.automatic = None


# Charges and credits (rule 12.12, rule 14.1, rule 14.5)


def charge(owner: "Merchant", what: tuple[str, str, Decimal | None, int, int]) -> bool:
    """An amount, or so many at the price of the day; for a service of so many days ago."""
    reference, fee, amount, quantity, days_ago = what
    account, served_on = owner.account, owner.open_day - timedelta(days=days_ago)
    if served_on < account.joined_on or fee not in {**FEES, **BY_HAND}:
        raise Invalid("of a day before it joined, or of no fee")
    if amount is None:
        price = owner.price_on(served_on, fee)
        if price is None:
            raise Invalid("no amount, and no price")
        amount = nearest(quantity * price, account.currency)
    if amount <= 0:
        raise Invalid("nothing to charge")
    if owner.line.is_closed:
        raise Refused("account_closed")
    takes_two = two_people.credits_(owner, amount)
    content = {"charge": reference, "fee": fee, "amount": amount}
    account.record(content, served_on, owner.open_day)
    return takes_two


def credit_on(owner: "Merchant", what: tuple[str, Decimal]) -> bool:
    """With what was credited before and is not undone it is no more than the charge."""
    reference, amount = what
    account = owner.account
    found = account.charges.get(reference)
    if found is None:
        raise Refused("unknown_charge")
    given = (-one.charge.amount for one in credits_of(owner) if one.charge.corrects is found)
    if sum(given, amount) > found.amount:
        raise Refused("credit_too_large")
    takes_two = two_people.credits_(owner, amount)
    fee, category = CREDITS.get(found.category, ("credit-account", "ACCOUNT_CREDIT"))
    account.grant(
        f"credit {len(account.credits)}", category, amount, owner.open_day, fee=fee, corrects=found
    )
    return takes_two


def credits_of(owner: "Merchant") -> list[Credit]:
    return [one for one in owner.account.credits if not one.is_undone]


def undo_credit(owner: "Merchant", which: int) -> None:
    owner.account.undo_credit(one_of(credits_of(owner), which), owner.open_day)


def waive(owner: "Merchant", what: tuple[int, Decimal | None]) -> bool:
    which, wanted = what
    account, invoice = owner.account, invoice_of(owner, which, UNPAID)
    amount = invoice.left if wanted is None else wanted
    if invoice.undecided:
        raise Refused("payment_under_way")
    if amount > invoice.left:
        raise Refused("more_than_is_left")
    if 0 < invoice.left - amount < account.minimum:
        raise Invalid("too little to be collected is left")
    takes_two = two_people.credits_(owner, amount)
    account.waive(invoice, amount, owner.open_day)
    return takes_two


# Bills and how they are collected (rule 15.26, rule 16.21, rule 16.22, rule 27.2)


def bill_now(owner: "Merchant", _: None) -> None:
    if owner.line.is_closed:
        raise Refused("account_closed")
    if any(one.status == "DRAFT" for one in owner.account.invoices):
        raise Refused("draft_waits")
    owner.account.bill_on_request(owner.open_day)


def move_due_day(owner: "Merchant", what: tuple[int, int]) -> None:
    """To so many days from today."""
    which, days = what
    account, invoice = owner.account, invoice_of(owner, which, ("OPEN",))
    if invoice.is_planned:
        raise Refused("under_a_plan")
    if invoice.first_failed_at is not None or account.method != "manual":
        raise Refused("not_due_by_itself")
    wanted = owner.open_day + timedelta(days=days)
    latest = account.day_of(invoice.issued_at) + LATEST_DUE
    if not max(invoice.due_on, owner.open_day) < wanted <= latest:
        raise Invalid("not later, or too late")
    invoice.due_on = wanted


def pause(owner: "Merchant", what: tuple[int, int]) -> None:
    """For so many days."""
    which, days = what
    account, invoice = owner.account, invoice_of(owner, which, ("OPEN",))
    if is_paused(owner, invoice):
        raise Refused("already_paused")
    if invoice.is_planned:
        raise Refused("under_a_plan")
    if not 0 < days <= LONGEST_PAUSE:
        raise Invalid("not a later day, or too late")
    so_far = sum((until - since).days for since, until in invoice.pauses)
    if so_far + days > LONGEST_PAUSES:
        raise Refused("paused_too_long")
    until = owner.open_day + timedelta(days=days)
    invoice.pauses.append((owner.open_day, until))
    invoice.held_until, invoice.paused_until_at = until, account.start_of(until)


def is_paused(owner: "Merchant", invoice: Invoice) -> bool:
    return any(since <= owner.open_day < until for since, until in invoice.pauses)


def resume(owner: "Merchant", which: int) -> None:
    """It may fail and freeze from the next day on, and is tried as it would have been."""
    invoice = invoice_of(owner, which, ("OPEN",))
    if not is_paused(owner, invoice):
        raise Refused("not_paused")
    end_pause(owner, invoice)
    invoice.held_until = owner.open_day + ONE_DAY


def end_pause(owner: "Merchant", invoice: Invoice) -> None:
    since, _ = invoice.pauses[-1]
    invoice.pauses[-1] = since, owner.open_day
    invoice.paused_until_at = NO_INSTANT


def plan(owner: "Merchant", what: tuple[int, int, int, int]) -> None:
    """What is left in so many parts, the first in so many days, and each so many days later."""
    which, count, first, every = what
    account, invoice = owner.account, invoice_of(owner, which, UNPAID)
    if invoice.is_planned:
        raise Refused("under_a_plan")
    if invoice.undecided:
        raise Refused("payment_under_way")
    days = [owner.open_day + timedelta(days=first + every * place) for place in range(count)]
    amounts = split(invoice.left, count, account.currency)
    if not 2 <= count <= 12 or first < 1 or days[-1] > a_year_later(owner.open_day):
        raise Invalid("too few or too many parts, or not in time")
    if any(amount <= 0 or amount < account.minimum for amount in amounts):
        raise Invalid("a part is too little")
    if is_paused(owner, invoice):
        end_pause(owner, invoice)
    invoice.plan = Plan(list(zip(days, amounts, strict=True)), invoice.paid)
    account.plan_next_part(invoice)
    invoice.is_next_of_choice = False
    owner.lift_if_paid()


def a_year_later(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if is_leap_day else day.day)


def cancel_plan(owner: "Merchant", which: int) -> None:
    """The schedule of before goes on: retries, or the first attempt."""
    account, invoice = owner.account, invoice_of(owner, which, UNPAID)
    if not invoice.is_planned:
        raise Refused("no_plan")
    if invoice.undecided:
        raise Refused("payment_under_way")
    account.end_plan(invoice, "CANCELLED", owner.open_day)
    waits_for_method = invoice.waits_for_method
    collecting.plan_for_method(account, invoice)
    if invoice.first_failed_at is not None and invoice.next_attempt_at is not None:
        retry = collecting.next_retry(invoice, account.now)
        invoice.next_attempt_at = None if waits_for_method else retry


# Money that is elsewhere (rule 17.9, rule 19.3, rule 19.7)


def move_transfer(owner: "Merchant", what: tuple[int, str]) -> bool:
    """To another merchant, to another bill of the same one, or nowhere, as it never came."""
    which, to = what
    account = owner.account
    transfer = one_of([one for one in account.transfers if not one.is_moved], which)
    other = owner.find(to) if to else None
    if to and other is None:
        raise Refused("unknown_merchant")
    if other is owner and transfer.paid == 0:
        raise Refused("booked_there")
    if other is not None and other is not owner:
        if other.account.currency != account.currency:
            raise Refused("currency_mismatch")
        if any(one.reference == transfer.reference and not one.is_moved
               for one in other.account.transfers):  # fmt: skip
            raise Refused("booked_there")
    transfer.is_moved = True
    taken = min(transfer.rest, account.unapplied)
    if taken:
        account.unapplied_entries.append(("MOVED", -taken))
    takes_two = False
    rest = transfer.amount - taken
    if rest:
        fee, today = "transfer-moved", owner.open_day
        moved = Charge(f"moved {id(transfer)}", fee, "TRANSACTION", rest, today)
        account.post([moved], today)
        if account.closed_on is None:
            account.check_threshold(today)
            account.guard(today)
    if other is not None:
        other.account.transfers.append(Transfer(transfer.reference, transfer.amount, ZERO))
        other.account.receive_unapplied(transfer.amount)
        if other is not owner:
            takes_two = two_people.pays_out(other, transfer.amount, from_account=True)
    if account.closed_on is not None:
        account.bill_all(owner.open_day)
        account.pay_from_rest(owner.open_day)
    return takes_two


def pay_out_rest(owner: "Merchant", _: None) -> bool:
    """What a closed account has in its merchant's favour, unapplied money included."""
    account = owner.account
    if account.closed_on is None:
        raise Refused("nothing_to_pay_out")
    if withdrawals.is_suspected(owner.line):
        raise Refused("withdrawals_stopped")
    if any(one.status == "DRAFT" for one in account.invoices):
        raise Refused("draft_waits")
    if any(one.undecided for one in account.invoices):
        raise Refused("payment_under_way")
    reversals = [
        reversal
        for invoice in account.invoices
        for attempt in invoice.attempts
        for reversal in attempt.reversals
    ]
    if any(one.status == "RECORDED" for one in reversals):
        raise Refused("reversal_undecided")
    if max(-account.outstanding, ZERO) + account.unapplied == 0:
        raise Refused("nothing_to_pay_out")
    if any(one.is_unpaid for one in account.invoices):
        raise Refused("invoices_unpaid")
    return pay_out(owner)


def pay_out(owner: "Merchant") -> bool:
    account, today = owner.account, owner.open_day
    rest, unapplied = max(-account.outstanding, ZERO), account.unapplied
    if rest:
        reference, fee = f"paid out {len(owner.given)}", "payout"
        account.post([Charge(reference, fee, "ACCOUNT_CREDIT", rest, today)], today)
    if unapplied:
        account.unapplied_entries.append(("GIVEN_BACK", -unapplied))
    return two_people.pays_out(owner, rest + unapplied, from_account=True)


def bill_rest(owner: "Merchant", _: None) -> None:
    account = owner.account
    if account.closed_on is None or account.outstanding <= 0:
        raise Refused("nothing_to_bill")
    account.bill_all(owner.open_day)
    account.pay_from_rest(owner.open_day)


# Requests (rule 8.16, rule 15.20)


def ask_limit(owner: "Merchant", wanted: Decimal) -> None:
    line = owner.line
    if line.is_closed:
        raise Refused("account_closed")
    if wanted <= line.limit:
        raise Refused("not_a_raise")
    if line.asked is not None:
        raise Refused("raise_already_asked")
    line.asked = wanted


def answer_limit(owner: "Merchant", is_approved: bool) -> bool:
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
    account = owner.account
    if account.closed_on is not None:
        raise Refused("account_closed")
    if account.asked is not None:
        raise Refused("request_pending")
    if wanted <= account.threshold:
        raise Refused("not_higher")
    account.asked = wanted


def answer_threshold(owner: "Merchant", is_approved: bool) -> bool:
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
    """Of the next bill."""
    owner.account.taxation.issuer = prefix


def confirm_details(owner: "Merchant", party: tuple[str, str]) -> None:
    """Country and tax number of whom bills are made out to."""
    details = owner.account.taxation.details
    if details and details[-1][1] == party:
        raise Refused("same_billing_details")
    details.append((owner.open_day, party))


def decide_treatment(owner: "Merchant", what: tuple[str, int]) -> None:
    """From so many days from today on, or ago."""
    treatment, days = what
    day = owner.open_day + timedelta(days=days)
    owner.account.taxation.decided.append((day, treatment))


ACTS: dict[str, Callable[["Merchant", Any], bool | None]] = {
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
    "bill now": bill_now,
    "due day": move_due_day,
    "hold": pause,
    "go on": resume,
    "plan parts": plan,
    "cancel plan": cancel_plan,
    "move transfer": move_transfer,
    "pay out": pay_out_rest,
    "bill rest": bill_rest,
    "ask limit": ask_limit,
    "answer limit": answer_limit,
    "ask threshold": ask_threshold,
    "answer threshold": answer_threshold,
    "issuer": choose_issuer,
    "details": confirm_details,
    "treatment": decide_treatment,
}
