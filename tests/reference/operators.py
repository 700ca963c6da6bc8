"""What people decide of a merchant, which no event tells (chapters 6, 7, 8, 14, 15 and 19).

Each act says whether it takes two operators (chapter 22). What they do by hand is in by_hand.py.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import by_hand, collecting, reversals, review, transfers, two_people, withdrawals
from .invoices import Invoice
from .meant import UNPAID, invoice_of
from .orders import Freeze
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant


def change_zone(owner: "Merchant", zone: str) -> None:
    """Count days in another time zone from the next local month on; a later choice before that
    takes its place.
    """
    next_month = (owner.open_day.replace(day=1) + timedelta(days=32)).replace(day=1)
    owner.calendar.change(next_month, zone)


def change_plan(owner: "Merchant", plan: tuple[Decimal, int]) -> None:
    """Change the plan (price, days) from the next plan date on, without proration."""
    check_open(owner)
    owner.account.next_plan = plan


def change_threshold(owner: "Merchant", threshold: Decimal) -> bool:
    """Set the threshold, which bills nothing by itself. Returns whether it takes two people."""
    check_open(owner)
    takes_two = two_people.threshold(owner, owner.account.threshold, threshold)
    owner.account.threshold = threshold
    return takes_two


def grant_credit(owner: "Merchant", credit: tuple[str, str, Decimal]) -> bool:
    """Give a credit. Returns whether it takes two people; it is done in any case."""
    fee, category, amount = credit
    takes_two = two_people.credits_(owner, amount)
    reference = f"credit {len(owner.account.credits)}"
    owner.account.grant(reference, category, amount, owner.open_day, fee=fee)
    return takes_two


def void(owner: "Merchant", _: None) -> None:
    """Void the bill issued last of those that are open. Raises Refused."""
    owner.account.void()
    owner.lift_if_paid()


def set_limit(owner: "Merchant", limit: Decimal) -> bool:
    """Set the limit. Returns whether it takes two people. Raises Refused."""
    if limit == owner.line.limit:
        raise Refused("invalid")
    check_open(owner)
    takes_two = two_people.limit(owner.line, limit)
    owner.line.change("LIMIT_SET", limit=limit - owner.line.limit)
    return takes_two


def change_days(owner: "Merchant", days: tuple[int, int]) -> None:
    """Change payment and settlement days for deliveries and payments from now on."""
    if days == (owner.line.payment_days, owner.line.settlement_days):
        raise Refused("invalid")
    owner.line.payment_days, owner.line.settlement_days = days


def pause(owner: "Merchant", is_paused: bool) -> None:
    """Have the merchant pause new orders, or resume."""
    check_open(owner)
    owner.line.is_paused = is_paused


def set_caps(owner: "Merchant", caps: tuple[Decimal | None, Decimal | None]) -> None:
    """Set the merchant's own caps, for an order and for a buyer."""
    check_open(owner)
    owner.line.order_cap, owner.line.buyer_cap = caps


def freeze(owner: "Merchant", reason: str) -> None:
    """Freeze the line: a person's freezes add up; on a closed line only that for suspected fraud
    does anything.
    """
    if reason != "SUSPECTED_FRAUD":
        check_open(owner)
    owner.line.freezes.append(Freeze(reason, owner.open_day))


def lift(owner: "Merchant", reason: str) -> None:
    """Lift the oldest freeze in force for this reason; one for overdue orders comes back while its
    cause holds.
    """
    if reason not in owner.line.frozen_by():
        raise Refused("none")
    owner.line.lift(reason, owner.open_day)


def check_open(owner: "Merchant") -> None:
    """Raise Refused if the line is closed."""
    if owner.line.is_closed:
        raise Refused("account_closed")


# Bills and their money (chapters 15 to 18)


def review_invoices(owner: "Merchant", is_wanted: bool) -> None:
    """Have bills be drafts from now on, or no longer."""
    owner.account.reviews_bills = is_wanted


def first_draft(owner: "Merchant") -> Invoice:
    """The oldest draft. Raises Refused."""
    for invoice in owner.account.invoices:
        if invoice.status == "DRAFT":
            return invoice
    raise Refused("none")


def issue_draft(owner: "Merchant", _: None) -> None:
    """Issue the oldest draft: it is collected, or due, from that day on."""
    owner.account.put_out(first_draft(owner), owner.open_day)
    owner.account.pay_from_rest(owner.open_day)


def send_back(owner: "Merchant", _: None) -> None:
    """Send the oldest draft back."""
    owner.account.undo(first_draft(owner))


def give_up(owner: "Merchant", _: None) -> None:
    """Give the oldest open bill up: it is tried no more, and still owed."""
    invoice = invoice_of(owner, 0, ("OPEN",))
    if invoice.is_planned:
        raise Refused("under_a_plan")
    invoice.status, invoice.next_attempt_at = "UNCOLLECTIBLE", None


def add_card(owner: "Merchant", kind: str) -> None:
    """Add a card of this kind."""
    collecting.add_card(owner, kind)


def add_card_at_stripe(owner: "Merchant", kind: str) -> None:
    """Add a card of this kind at the provider that collects no little amounts."""
    collecting.add_card(owner, kind, "stripe")


def choose_method(owner: "Merchant", method: str) -> None:
    """Choose a method: one without a card, or `card`, which is the one added last."""
    account = owner.account
    if method == "proceeds" and account.currency != owner.line.currency:
        raise Refused("invalid")
    if method == "card" and not account.cards:
        raise Refused("none")
    card = account.cards[-1] if method == "card" else None
    if card is not None and card.is_blocked:
        raise Refused("unknown_card")
    collecting.choose(owner, card.provider if card else method, card)
    collecting.collect_chosen(owner)


def pay_now(owner: "Merchant", which: int) -> None:
    """Have the `which`-th unpaid bill be tried, or where there is none, one that is paid."""
    is_any_unpaid = any(one.is_unpaid for one in owner.account.invoices)
    statuses = UNPAID if is_any_unpaid else ("PAID",)
    collecting.pay_now(owner, invoice_of(owner, which, statuses))


def give_back(owner: "Merchant", sent: tuple[str, Decimal]) -> bool:
    """Give unapplied money back to the merchant outside. Returns whether it takes two people.
    Raises Refused.
    """
    reference, amount = sent
    account = owner.account
    if reference in account.given_back:
        if account.given_back[reference] != amount:
            raise Refused("conflict")
        return False
    check_open(owner)
    if withdrawals.is_suspected(owner.line):
        raise Refused("withdrawals_stopped")
    if amount > account.unapplied:
        raise Refused("more_than_is_unapplied")
    account.given_back[reference] = amount
    account.unapplied_entries.append(("GIVEN_BACK", -amount))
    return two_people.pays_out(owner, amount, from_account=True)


# Proceeds and cash (chapters 5, 8 and 10)


def add_destination(owner: "Merchant", kind: str) -> None:
    """Add a destination of this kind."""
    withdrawals.add_destination(owner.line, kind)


def remove_destination(owner: "Merchant", which: int) -> None:
    """Remove the `which`-th destination."""
    withdrawals.remove_destination(owner.line, which)


def withdraw(owner: "Merchant", what: tuple[int, Decimal]) -> None:
    """Request a withdrawal: to which destination, and how much."""
    withdrawals.request(owner.line, *what)


def approve_withdrawal(owner: "Merchant", _: None) -> None:
    """Approve the oldest withdrawal that waits for it."""
    withdrawals.approve(owner.line)


def end_withdrawal(owner: "Merchant", status: str) -> None:
    """End the oldest withdrawal that was not sent: REJECTED by an operator, or CANCELLED by the
    merchant.
    """
    withdrawals.give_back(owner.line, withdrawals.waiting(owner.line), status)


def withdraw_by_itself(owner: "Merchant", terms: tuple[int, int | None, Decimal] | None) -> None:
    """Set automatic withdrawals up, or stop them."""
    if terms is None:
        owner.line.automatic = None
    else:
        withdrawals.set_up(owner.line, *terms)


def settle(owner: "Merchant", what: tuple[str, int, Decimal | None, str]) -> bool:
    """Settle all that is left of an UNMATCHED payment, or so much of it. Returns whether it takes
    two people. Raises Refused.
    """
    kind, which, wanted, order = what
    kept = {
        reference: row["amount"] - row["settled"]
        for reference, row in owner.line.unmatched.items()
        if row["settled"] < row["amount"]
    }
    if not kept:
        raise Refused("none")
    reference = list(kept)[which % len(kept)]
    amount = kept[reference] if wanted is None else wanted
    owner.line.settle(kind, reference, amount, order, owner.open_day)
    return kind != "APPLIED" and two_people.pays_out(owner, amount, from_account=False)


def decide_raise(owner: "Merchant", is_approved: bool) -> bool:
    """Approve or reject the raise that waits after a review. Returns whether approving it takes two
    people; it is done in any case.
    """
    if not is_approved:
        review.reject(owner.line)
        return False
    given = review.possible(owner.line, owner.open_day)
    takes_two = given is not None and two_people.limit(owner.line, given)
    review.approve(owner.line, owner.open_day)
    return takes_two


ACTS: dict[str, Callable[["Merchant", Any], bool | None]] = {
    "zone": change_zone,
    "plan": change_plan,
    "threshold": change_threshold,
    "credit": grant_credit,
    "void": void,
    "limit": set_limit,
    "days": change_days,
    "pause": pause,
    "caps": set_caps,
    "freeze": freeze,
    "lift": lift,
    "review bills": review_invoices,
    "issue draft": issue_draft,
    "send back": send_back,
    "give up": give_up,
    "card": add_card,
    "card at stripe": add_card_at_stripe,
    "method": choose_method,
    "pay now": pay_now,
    "transfer": transfers.transfer,
    "transfer all but": transfers.transfer_all_but,
    "give back": give_back,
    "late money": reversals.receive_late,
    "take late money back": reversals.take_late_back,
    "take back": reversals.take_back,
    "charge reversal": reversals.charge,
    "accept reversal": reversals.accept,
    "win dispute": reversals.win,
    "destination": add_destination,
    "remove destination": remove_destination,
    "withdraw": withdraw,
    "approve withdrawal": approve_withdrawal,
    "end withdrawal": end_withdrawal,
    "automatic": withdraw_by_itself,
    "settle": settle,
    "raise": decide_raise,
    **by_hand.ACTS,
}
