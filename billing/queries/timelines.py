"""Reads the history of a bill, step by step. Nothing here writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from moneyed import Money

from billing import payment_failures
from billing.models import (
    BankTransfer,
    Invoice,
    Payment,
    PaymentPlan,
    Reversal,
    UnappliedEntry,
)
from billing.queries import arrivals, unapplied
from billing.queries.collecting import ByHand
from lib.formats import day_text
from merchants.queries import local_day


@dataclass(frozen=True)
class Step:
    """One thing that happened to a bill, for its history."""

    at: datetime
    what: StrOrPromise
    amount: Money | None = None
    note: str = ""  # what it was collected from
    payment: Payment | None = None  # the attempt that it was


def of_invoice(
    invoice: Invoice,
    attempts: Sequence[Payment],
    by_hand: ByHand,
    taken_back: Sequence[Reversal],
) -> Sequence[Step]:
    """What happened to a bill, oldest first: its issue, attempts, a missed due date, money beyond
    what it needed, what our team did about its collecting, reversals, transfers that were booked
    elsewhere or taken back by the bank since, decisions that a merchant is shown, and its payment.
    `attempts` are all of the bill's, and so is what was done `by_hand` and `taken_back`.
    """
    dated = _at_the_end_of(invoice.issued_on, invoice, invoice.issued_at)
    steps = [Step(invoice.issued_at, _("Issued"), amount=invoice.total, note=dated)]
    waived = {waiver.payment_id for waiver in by_hand.waivers}
    steps += [
        Step(payment.started_at, _("Payment"), payment.amount, means(invoice, payment), payment)
        for payment in attempts
        if payment.pk not in waived
    ]
    by_attempt = any(payment.ended_at == invoice.first_failed_at for payment in attempts)
    in_time = arrivals.was_in_time(invoice, attempts)
    if invoice.first_failed_at and not by_attempt and not in_time:
        missed = payment_failures.in_words("not_paid_when_due")
        steps.append(Step(invoice.first_failed_at, _("Not paid"), note=missed))
    more = list(unapplied.more_than_wanted(invoice, attempts))
    steps += [
        Step(entry.at, _("More than was to be paid"), entry.amount, _whence(entry))
        for entry in more
    ]
    steps += _by_hand(by_hand)
    came = [(paid.amount, _transfer_of(paid)) for paid in attempts]
    # All of it was more than the bill wanted.
    came += [(one.amount, one.transfer) for one in more if _is_whole(one)]
    steps += [
        # The bill stays paid; a charge asks for it again.
        Step(transfer.moved_at, _why_moved(transfer), amount, transfer.moved_reason)
        for amount, transfer in came
        if transfer and transfer.moved_at
    ]
    steps += [step for reversal in taken_back for step in _of_reversal(reversal)]
    steps += [Step(one.at, one.get_decision_display()) for one in by_hand.decisions]
    if invoice.paid_at:
        was_given_up = any(one.decision == one.Decision.UNCOLLECTIBLE for one in by_hand.decisions)
        what = _("Paid after it was given up") if was_given_up else _("Paid")
        paid_on = arrivals.collected_on(invoice, attempts)
        dated = _at_the_end_of(paid_on, invoice, invoice.paid_at) if paid_on else ""
        steps.append(Step(invoice.paid_at, what, amount=invoice.amount_paid, note=dated))
    return sorted(steps, key=lambda step: step.at)


ENDS = {
    PaymentPlan.Status.KEPT: _("Payment plan paid"),
    PaymentPlan.Status.BROKEN: _("Payment plan ended: a part was not paid"),
    PaymentPlan.Status.CANCELLED: _("Payment plan cancelled"),
}


def _at_the_end_of(day: date, invoice: Invoice, at: datetime) -> str:
    """The words that something of the bill, which happened `at` the day-end after its `day`, counts
    on that day; "" if it happened on the day itself.
    """
    if local_day(invoice.account, at) == day:
        return ""
    return gettext("at the end of %(day)s") % {"day": day_text(day)}


def _by_hand(done: ByHand) -> Iterator[Step]:
    """Yields the steps of what our team did about the collecting of the bill: due days,
    pauses, waivers and payment plans, each with what was written for the merchant. A
    pause that was ended before its last day has a second step without words, and so has
    a plan that has ended, also if payments or a job ended it. The steps come kind by
    kind, for the caller to sort by time, and `done.decisions` are not among them.
    """
    for moved in done.due_days:
        yield Step(moved.at, _("Due day moved"), note=_until(moved.due_on, moved.told))
    for pause in done.pauses:
        yield Step(pause.at, _("Collecting paused"), note=_until(pause.until_on, pause.told))
        if pause.ended_at and pause.ended_by:
            yield Step(pause.ended_at, _("Collecting goes on"))
    for waiver in done.waivers:
        yield Step(waiver.at, _("Waived"), waiver.amount, waiver.told)
    for plan in done.plans:
        yield Step(plan.at, _("Payment plan made"), note=plan.told)
        if plan.ended_at:
            yield Step(plan.ended_at, ENDS[PaymentPlan.Status(plan.status)])


def _until(day: date, told: str) -> str:
    """The words "until" and the day, and what our team wrote of it for the merchant."""
    return gettext("Until %(day)s. %(told)s") % {"day": day_text(day), "told": told}


def _whence(entry: UnappliedEntry) -> str:
    """The words for money that the bill did not want, which became unapplied, with the reference of
    its transfer if it came by one.
    """
    kept = gettext("Unapplied money")
    transfer = getattr(entry, "transfer", None)
    return f"{kept} ({transfer.reference})" if transfer else kept


def _why_moved(transfer: BankTransfer) -> StrOrPromise:
    """What became of a transfer that was taken off its account: the bank took it back, it never
    came, or else it was booked elsewhere.
    """
    if unapplied.was_returned(transfer):
        return _("Payment taken back")
    if transfer.becomes_id is None:
        return _("Transfer never came")
    return _("Transfer booked elsewhere")


def _is_whole(entry: UnappliedEntry) -> bool:
    """Whether the entry is all of a transfer, which paid nothing of the bill that it named."""
    transfer = getattr(entry, "transfer", None)
    return transfer is not None and transfer.payment_id is None


def _of_reversal(reversal: Reversal) -> Iterator[Step]:
    """Yields the steps of a reversal: the money taken back, the decision if there was one, and the
    money's return if it came back.
    """
    kind = reversal.get_kind_display()
    yield Step(reversal.recorded_at, _("Payment taken back"), reversal.amount, kind)
    if reversal.status in (Reversal.Status.CHARGED, Reversal.Status.ACCEPTED):
        assert reversal.decided_at is not None
        what = reversal.get_status_display()
        yield Step(reversal.decided_at, what, reversal.rest or None, reversal.message)
    if reversal.came_back_at:
        yield Step(reversal.came_back_at, _("Came back to us"), reversal.amount, kind)


def means(invoice: Invoice, payment: Payment) -> str:
    """What the attempt was to be paid from: its card, or else its provider; of a transfer also the
    day on which its money arrived, if that is another than the day on which it was recorded.
    """
    if payment.card:
        return str(payment.card)
    transfer = _transfer_of(payment)
    if transfer is None or transfer.arrived_on == local_day(invoice.account, payment.started_at):
        return payment.provider_name
    said = gettext("%(means)s, arrived on %(day)s")
    return said % {
        "means": payment.provider_name,
        "day": day_text(transfer.arrived_on),
    }


def _transfer_of(payment: Payment) -> BankTransfer | None:
    """The transfer that the payment was, or None."""
    return getattr(payment, "transfer", None)
