"""What operators charge, credit and bill by hand, and how they have bills collected (chapters 12,
14 to 16 and 27). Each act says whether it takes two operators.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from . import collecting, two_people
from .billing import BY_HAND
from .days import NO_INSTANT, ONE_DAY
from .invoices import Charge, Credit, CreditAsked, Invoice, Plan
from .meant import UNPAID, invoice_of, one_of
from .money import Invalid, nearest, split
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant

LONGEST_PAUSE, LONGEST_PAUSES = 28, 56
LATEST_DUE = timedelta(days=90)
CREDITS = {  # of what is charged, by its category: fee and category of its credit
    "FULFILMENT": ("credit-pick-pack", "FULFILMENT_CREDIT"),
    "SHIPPING": ("credit-label", "SHIPPING_CREDIT"),
}


# Charges and credits (rule 12.12, rule 14.1, rule 14.5)


def charge(owner: "Merchant", what: tuple[str, str, Decimal | None, int, int]) -> bool:
    """Charge by hand an amount, or so many at the price of the day, for a service of so many days
    ago. Returns whether it takes two people. Raises Refused.
    """
    reference, fee, amount, quantity, days_ago = what
    account, served_on = owner.account, owner.open_day - timedelta(days=days_ago)
    if served_on < account.joined_on or fee not in {**account.fees, **BY_HAND}:
        raise Invalid("of a day before it joined, or of no fee")
    if account.start_of(served_on) == account.start_of(served_on + ONE_DAY):
        raise Invalid("of a day that a change of time zone has left no length")
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
    """Give a credit on a charge: with what was credited and is not undone, or asked for, it is no
    more than the charge. Returns whether it takes two people. Raises Refused.
    """
    reference, amount = what
    found = charge_of(owner, reference)
    if amount > left_of(owner, found, is_asked=True):
        raise Refused("credit_too_large")
    return grant(owner, found, amount)


def charge_of(owner: "Merchant", reference: str) -> Charge:
    """The charge with this reference. Raises Refused."""
    found = owner.account.charges.get(reference)
    if found is None:
        raise Refused("unknown_charge")
    return found


def grant(owner: "Merchant", found: Charge, amount: Decimal) -> bool:
    """Give a credit on the charge. Returns whether it takes two people. Raises Refused."""
    if amount > left_of(owner, found):
        raise Refused("credit_too_large")
    takes_two = two_people.credits_(owner, amount)
    fee, category = CREDITS.get(found.category, ("credit-account", "ACCOUNT_CREDIT"))
    account = owner.account
    account.grant(
        f"credit {len(account.credits)}", category, amount, owner.open_day, fee=fee, corrects=found
    )
    return takes_two


def left_of(owner: "Merchant", found: Charge, *, is_asked: bool = False) -> Decimal:
    """What can still be credited of a charge: its amount less its credits and, with `is_asked`,
    less the credits that are asked for.
    """
    given = (one.charge.amount for one in credits_of(owner) if one.charge.corrects is found)
    left = sum(given, found.amount)
    if is_asked:
        left -= sum(one.amount for one in owner.account.credits_asked if one.charge is found)
    return left


def ask_credit(owner: "Merchant", what: tuple[str, Decimal]) -> None:
    """Ask for a credit on a charge. Raises Refused."""
    reference, amount = what
    found = charge_of(owner, reference)
    if amount > left_of(owner, found, is_asked=True):
        raise Refused("credit_too_large")
    owner.account.credits_asked.append(CreditAsked(found, amount))


def dispute(owner: "Merchant", references: list[str]) -> None:
    """All that is left of several charges is asked back at once, or nothing (rule 16.26)."""
    charges = owner.account.charges
    found = [charges[one] for one in references if one in charges]
    lefts = [left_of(owner, one, is_asked=True) for one in found]
    if len(found) < len(references) or any(left <= 0 for left in lefts):
        raise Refused("cannot_be_disputed")
    owner.account.credits_asked += map(CreditAsked, found, lefts)


def answer_credit(owner: "Merchant", what: tuple[int, bool]) -> bool:
    """Approve or reject the `which`-th credit that was asked for; one that cannot be approved any
    more goes on waiting. Returns whether it takes two people. Raises Refused.
    """
    which, is_approved = what
    asked = one_of(owner.account.credits_asked, which)
    takes_two = is_approved and grant(owner, asked.charge, asked.amount)
    owner.account.credits_asked.remove(asked)
    return takes_two


def credits_of(owner: "Merchant") -> list[Credit]:
    """The credits that were not taken back."""
    return [one for one in owner.account.credits if not one.is_undone]


def undo_credit(owner: "Merchant", which: int) -> None:
    """Take back the `which`-th credit."""
    owner.account.undo_credit(one_of(credits_of(owner), which), owner.open_day)


def waive(owner: "Merchant", what: tuple[int, Decimal | None]) -> bool:
    """Waive so much of the `which`-th unpaid bill, or all that is left. Returns whether it takes
    two people. Raises Refused.
    """
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


def issue_now(owner: "Merchant", _: None) -> None:
    """Bill what is outstanding now. Raises Refused."""
    if owner.line.is_closed:
        raise Refused("account_closed")
    if any(one.status == "DRAFT" for one in owner.account.invoices):
        raise Refused("draft_waits")
    owner.account.issue_on_request(owner.open_day)


def move_due_day(owner: "Merchant", what: tuple[int, int]) -> None:
    """Move a bill's due day to so many days from today. Raises Refused."""
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
    """Hold a bill for so many days. Raises Refused."""
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
    """Whether the bill is held today."""
    return any(since <= owner.open_day < until for since, until in invoice.pauses)


def resume(owner: "Merchant", which: int) -> None:
    """End a bill's hold: it may fail and freeze from the next day on, and is tried as it would have
    been. Raises Refused.
    """
    invoice = invoice_of(owner, which, ("OPEN",))
    if not is_paused(owner, invoice):
        raise Refused("not_paused")
    end_pause(owner, invoice)
    invoice.held_until = owner.open_day + ONE_DAY


def end_pause(owner: "Merchant", invoice: Invoice) -> None:
    """End the hold of the bill today."""
    since, _ = invoice.pauses[-1]
    invoice.pauses[-1] = since, owner.open_day
    invoice.paused_until_at = NO_INSTANT


def plan(owner: "Merchant", what: tuple[int, int, int, int]) -> None:
    """Make a payment plan of what is left of a bill: in so many parts, the first in so many days,
    and each so many days later. Raises Refused.
    """
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
    """The same day of the next year; 28 Feb for 29 Feb."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if is_leap_day else day.day)


def cancel_plan(owner: "Merchant", which: int) -> None:
    """Cancel a bill's payment plan: the schedule of before goes on, retries or the first attempt.
    Raises Refused.
    """
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
