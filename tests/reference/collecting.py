"""How bills are collected, and what is done without an answer (chapters 16 to 18 of docs/rules.md).

How the bank of a card answers: `good` pays, `refused` declines for good, `short` lacks funds today,
`silent` pays without an answer, and of `lost` the first request never arrives.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .billing import Account
from .invoices import Attempt, Card, Invoice
from .ledger import MINIMUMS
from .orders import ProceedsEntry
from .refusals import Refused
from .withdrawals import run_automatic, send_withdrawals

if TYPE_CHECKING:
    from .model import Merchant

RETRY_DAYS = (1, 3, 5, 7)
ANSWERED_WITHIN = timedelta(minutes=10)
A_DAY = timedelta(hours=24)
MOST_BY_PEOPLE = 5  # attempts of a bill, and cards of an account, in a day
MOST_SILENCES = 3  # in a row; then a run asks that provider no more
OF_CARDS = ("sandbox", "stripe")


def run_jobs(merchants: "list[Merchant]", now: datetime, look_at_bank: Callable[[], None]) -> None:
    """Run all jobs that are not tied to days, once."""
    collect(merchants, now)
    reconcile(merchants, now)
    look_at_bank()
    for owner in merchants:
        run_automatic(owner)
    send_withdrawals(merchants, now)


def collect(merchants: "list[Merchant]", now: datetime) -> None:
    """Collect all bills that are due, as the hourly job does."""
    due = [
        (invoice.undecided is not None, invoice.number, invoice, owner)
        for owner in merchants
        for invoice in owner.account.invoices
        if is_collected(invoice) and is_due(invoice, now)
    ]
    silences = dict.fromkeys(OF_CARDS, 0)
    for _, _, invoice, owner in sorted(due, key=lambda row: row[:2]):
        method = owner.account.method
        if silences.get(method, 0) >= MOST_SILENCES:
            continue
        attempts = len(invoice.attempts)
        collect_one(owner, invoice)
        made = invoice.attempts[attempts:]
        if invoice.attempts and method in OF_CARDS:
            is_silent = any(one.status == "UNKNOWN" for one in made)
            silences[method] = silences[method] + 1 if is_silent else 0


def reconcile(merchants: "list[Merchant]", now: datetime) -> None:
    """Ask about all attempts without an answer, as the job does."""
    for owner in merchants:
        for invoice in owner.account.invoices:
            decide(owner, invoice)


def collect_chosen(owner: "Merchant") -> None:
    """Try the oldest bill that is due, as right after a choice of method."""
    due = [one for one in owner.account.invoices if is_collected(one)]
    due = [one for one in due if is_due(one, owner.account.now)]
    if due:
        collect_one(owner, min(due, key=lambda one: (one.on, one.number)))


def is_collected(invoice: Invoice) -> bool:
    """Whether anything tries it by itself."""
    return invoice.status == "OPEN" or (invoice.is_unpaid and invoice.is_planned)


def is_due(invoice: Invoice, now: datetime) -> bool:
    """Whether the bill is to be tried now; while it is held only a choice has it tried."""
    if invoice.next_attempt_at is None or invoice.next_attempt_at > now:
        return False
    return invoice.paused_until_at <= now or invoice.is_next_of_choice


def collect_one(owner: "Merchant", invoice: Invoice) -> None:
    """Ask about what is undecided, then try the bill, if it is still due."""
    account = owner.account
    decide(owner, invoice)
    if invoice.undecided or not is_collected(invoice) or not is_due(invoice, account.now):
        return
    if account.method == "manual":
        return
    if invoice.left < account.minimum:
        invoice.next_attempt_at = None
        return
    if invoice.is_next_of_choice and tried_too_often(invoice, account.now):
        latest = by_people(invoice, account.now)[-MOST_BY_PEOPLE:]
        invoice.next_attempt_at = latest[0].at + A_DAY
        return
    attempt(owner, invoice, by_person=False)


def pay_now(owner: "Merchant", invoice: Invoice) -> None:
    """A person has the bill tried, which uses up no retry. Raises Refused."""
    account = owner.account
    decide(owner, invoice)
    if invoice.undecided:
        raise Refused("payment_under_way")
    if not invoice.is_unpaid:
        raise Refused("invoice_not_open")
    if account.method == "manual":
        raise Refused("no_payment_method")
    if invoice.left < account.minimum:
        raise Refused("too_little")
    if account.is_card_disputed:
        raise Refused("card_disputed")
    if tried_too_often(invoice, account.now):
        raise Refused("too_many_attempts")
    attempt(owner, invoice, by_person=True)


def by_people(invoice: Invoice, now: datetime) -> list[Attempt]:
    """The attempts that people made, or made due by a choice, in the 24 hours before."""
    return [
        one
        for one in invoice.attempts
        if (one.by_person or one.is_of_choice) and one.is_asked and one.at > now - A_DAY
    ]


def tried_too_often(invoice: Invoice, now: datetime) -> bool:
    """Whether people have had the bill tried as often as they may."""
    return len(by_people(invoice, now)) >= MOST_BY_PEOPLE


def attempt(owner: "Merchant", invoice: Invoice, *, by_person: bool) -> None:
    """Try to collect the bill, or what is due of its plan."""
    account = owner.account
    amount = invoice.left
    if invoice.plan is not None and invoice.is_planned and not by_person:
        amount = invoice.plan.due_by(owner.open_day) - invoice.paid
        if amount < account.minimum:  # it waits for the next part
            later = [on for on, _ in invoice.plan.parts if on > owner.open_day]
            invoice.next_attempt_at = account.start_of(later[0]) if later else None
            return
    made = Attempt(
        account.method,
        amount,
        "UNKNOWN",
        account.now,
        account.card,
        by_person=by_person,
        is_of_choice=is_due(invoice, account.now) and invoice.is_next_of_choice,
    )
    invoice.attempts.append(made)
    if account.is_card_disputed:  # not asked again, which is as good as its declining for good
        fail(owner, invoice, made, is_hard=True)
    elif account.method == "proceeds":
        if made.amount <= owner.line.withdrawable():
            entry = ProceedsEntry("BILL_PAYMENT", "", -made.amount, owner.open_day)
            owner.line.proceeds.append(entry)
            succeed(owner, invoice, made)
        else:
            fail(owner, invoice, made, is_hard=False)
    else:
        ask_to_pay(owner, invoice, made)


def ask_to_pay(owner: "Merchant", invoice: Invoice, made: Attempt) -> None:
    """Ask the card, which answers as its kind does."""
    kind = made.card.kind if made.card else "good"
    is_first, made.asked_at = made.asked_at is None, owner.account.now
    made.is_received = kind != "lost" or not is_first
    if kind == "refused":
        fail(owner, invoice, made, is_hard=True)
    elif kind == "short":
        fail(owner, invoice, made, is_hard=False)
    elif made.is_received and kind != "silent":
        succeed(owner, invoice, made)


def decide(owner: "Merchant", invoice: Invoice) -> None:
    """Ask the provider about the attempt that it has not answered; nothing else happens to the bill
    before that.
    """
    made, account = invoice.undecided, owner.account
    if made is None:
        return
    if made.is_received:
        succeed(owner, invoice, made)
        return
    assert made.asked_at is not None
    if made.asked_at + ANSWERED_WITHIN > account.now:
        return  # it may still arrive
    is_wanted = is_collected(invoice) or (invoice.is_unpaid and made.by_person)
    is_same = (made.provider, made.card) == (account.method, account.card)
    if is_wanted and is_same and not account.is_card_disputed:
        ask_to_pay(owner, invoice, made)
    else:
        fail(owner, invoice, made, is_hard=False)


def succeed(owner: "Merchant", invoice: Invoice, made: Attempt) -> None:
    """The attempt succeeded: it pays the bill."""
    made.status, made.ended_on = "SUCCEEDED", owner.open_day
    owner.account.take_in(invoice, made.amount)


def fail(owner: "Merchant", invoice: Invoice, made: Attempt, *, is_hard: bool) -> None:
    """The attempt failed: the first failure of a bill starts its retries; a decline for good waits
    for another method.
    """
    account = owner.account
    made.status = "FAILED"
    if (made.provider, made.card) != (account.method, account.card):
        plan_for_method(account, invoice)
        invoice.is_next_of_choice = invoice.next_attempt_at == account.now
        give_days_to_pay(account, invoice)
    elif not made.is_received:
        invoice.next_attempt_at = account.now if is_collected(invoice) else None
        invoice.is_next_of_choice = False
    elif made.by_person and invoice.is_planned:
        pass  # it ends no plan
    elif not made.by_person or is_hard:
        if invoice.is_planned:
            account.end_plan(invoice, "BROKEN", owner.open_day)
        is_first = invoice.first_failed_at is None
        account.note_failure(invoice, owner.open_day)
        if is_first and invoice.asks_again:
            owner.freeze_if_dunned()
        invoice.waits_for_method = is_hard
        retry = None if is_hard else next_retry(invoice, account.now)
        invoice.next_attempt_at = retry if invoice.status == "OPEN" else None
        invoice.is_next_of_choice = False
    account.pay_from_rest(owner.open_day)


def next_retry(invoice: Invoice, now: datetime) -> datetime | None:
    """When a failed bill is tried next; None after the last time."""
    assert invoice.first_failed_at is not None
    retries = [invoice.first_failed_at + timedelta(days=days) for days in RETRY_DAYS]
    return next((retry for retry in retries if retry > now), None)


# Methods


def choose(owner: "Merchant", method: str, card: Card | None = None) -> None:
    """Choose a payment method: bills that have failed or are due are tried at once, others on their
    due day.
    """
    account = owner.account
    is_same = (account.method, account.card) == (method, card)
    if is_same and not account.is_card_disputed:
        return
    account.method, account.card, account.is_card_disputed = method, card, False
    for invoice in account.invoices:
        if is_collected(invoice) and invoice.undecided is None:
            was_due = is_due(invoice, account.now)
            plan_for_method(account, invoice)
            if invoice.next_attempt_at != account.now:
                invoice.is_next_of_choice = False
            elif not was_due:
                invoice.is_next_of_choice = True
            give_days_to_pay(account, invoice)
    account.pay_from_rest(owner.open_day)


def plan_for_method(account: Account, invoice: Invoice) -> None:
    """Set when the bill is tried by the account's method, which it had not when the bill was tried
    last.
    """
    invoice.next_attempt_at, invoice.waits_for_method = None, False
    if account.method == "manual" or invoice.left < account.minimum:
        return
    if invoice.is_planned:
        account.plan_next_part(invoice)
        return
    if invoice.status != "OPEN":
        return
    is_late = invoice.first_failed_at is not None or invoice.due_on <= account.open_day
    invoice.next_attempt_at = account.now if is_late else account.start_of(invoice.due_on)


def give_days_to_pay(account: Account, invoice: Invoice) -> None:
    """Have the bill fall due seven days from its issue, if no attempt has reached a provider."""
    if account.method != "manual" or invoice.status != "OPEN" or invoice.first_failed_at:
        return
    if not any(one.is_asked and one.is_received for one in invoice.attempts):
        seven_days = account.days_to_pay(invoice)
        invoice.due_on = max(invoice.due_on, seven_days)


def add_card(owner: "Merchant", kind: str, provider: str = "sandbox") -> None:
    """Add a card at this provider, from which bills are collected. Raises Refused."""
    account = owner.account
    blocked = [(card.kind, card.provider) for card in account.cards if card.is_blocked]
    if (kind, provider) in blocked:
        raise Refused("card_blocked")  # it is known by what is kept of it
    lately = [card for card in account.cards if card.added_at > account.now - A_DAY]
    if len(lately) >= MOST_BY_PEOPLE:
        raise Refused("too_many_cards")
    if account.currency not in MINIMUMS.get(provider, account.currency):
        raise Refused("currency_not_taken")
    card = Card(kind, account.now, provider=provider)
    account.cards.append(card)
    choose(owner, provider, card)
    collect_chosen(owner)
