"""Pauses the collecting of a bill, and goes on with it (rule 16.22)."""

from datetime import date, datetime, timedelta

from django.db import transaction

from billing.models import BillingAccount, CollectionPause, Invoice
from billing.notices.invoices import PAUSED
from billing.operations import dunning, plan_parts
from billing.operations.invoice_decisions import InvoiceNotOpen, hold
from billing.queries.pauses import in_force
from billing.trail import Action
from lib import calendar, wording
from lib.refusals import Invalid, Refused
from merchants.queries import day_start
from notices.operations import notices
from trail import operations as trail

LONGEST = timedelta(days=28)  # of one pause
MOST_DAYS = 56  # of all pauses of a bill together


class AlreadyPaused(Refused):
    """The collecting of the bill is paused already."""

    code = "already_paused"


class NotPaused(Refused):
    """The collecting of the bill is not paused."""

    code = "not_paused"


class PausedTooLong(Refused):
    """With the pauses before, the bill would be paused for more than 56 days."""

    code = "paused_too_long"


@transaction.atomic
def pause(
    *, invoice_id: int, until_on: date, reason: str, told: str, actor: str, now: datetime
) -> CollectionPause:
    """Pause the collecting of an open bill until local day `until_on` starts, at most 28 days
    ahead: nothing tries it by itself, it does not fail, and it does not freeze the credit line (a
    freeze that there is stays); with a trail row. The merchant is notified and reads `told`;
    `reason` is for colleagues.

    People can still pay it. What was to be tried meanwhile is tried once as the pause ends. Raises
    UnknownInvoice, InvoiceNotOpen, AlreadyPaused, UnderAPlan, PausedTooLong if all its pauses would
    come to more than 56 days, Invalid for another day or without both texts. It locks the bill, its
    account and its credit line. Rule 16.22.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    account, invoice = hold(invoice_id, now=now)
    _check(account, invoice, until_on)
    end_what_is_over(account, invoice)
    made = CollectionPause.objects.create(
        invoice=invoice,
        began_on=account.open_on,
        until_on=until_on,
        until_at=day_start(account, until_on),
        tried_next_at=invoice.next_attempt_at,
        actor=actor,
        reason=reason,
        told=told,
        at=account.now,
    )
    invoice.held_until = until_on
    if invoice.next_attempt_at is not None:
        invoice.next_attempt_at = max(invoice.next_attempt_at, made.until_at)
    invoice.save(update_fields=["held_until", "next_attempt_at"])
    dunning.reconsider(account, now=account.now)
    _tell(account, invoice, Action.COLLECTING_PAUSED, ("", until_on), actor, reason)
    notices.write(
        merchant_id=account.pk, kind=PAUSED, cause=str(made.pk), at=account.now,
        status="PAUSED", number=str(invoice), day=until_on.isoformat(), reason=told,
    )  # fmt: skip
    return made


@transaction.atomic
def resume(*, invoice_id: int, reason: str, told: str, actor: str, now: datetime) -> Invoice:
    """End the bill's pause before its time, with a trail row: what was to be tried by now is due at
    once, and the bill may fail or freeze the line from tomorrow on. The merchant is notified and
    reads `told`; `reason` is for colleagues.

    Raises UnknownInvoice, NotPaused, also for a bill that is open no more, and Invalid without both
    texts. It locks the bill, its account and its credit line. Rule 16.22.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    account, invoice = hold(invoice_id, now=now)
    found = in_force(invoice, account.open_on)
    if found is None or not invoice.is_open:
        raise NotPaused(f"bill: the collecting of {invoice} is not paused")
    _end(account, invoice, found, by=actor)
    _tell(account, invoice, Action.COLLECTING_RESUMED, (found.until_on, ""), actor, reason)
    notices.write(
        merchant_id=account.pk, kind=PAUSED, cause=f"{found.pk} ended", at=account.now,
        status="RESUMED", number=str(invoice), day=found.until_on.isoformat(), reason=told,
    )  # fmt: skip
    return invoice


def end_what_is_over(account: BillingAccount, invoice: Invoice) -> None:
    """Note the end of those pauses of the locked bill whose last day has passed and whose end is
    not noted.
    """
    over = invoice.pauses.filter(ended_at__isnull=True, until_on__lte=account.open_on)
    for pause in over:
        pause.ended_at, pause.ended_on = pause.until_at, pause.until_on
        pause.save(update_fields=["ended_at", "ended_on"])


def end_for_a_plan(account: BillingAccount, invoice: Invoice, *, by: str) -> None:
    """End the pause of the locked bill now, if it is paused, as it is paid by a payment
    plan from now on; `by` is the actor on record as who ended it. The bill's `held_until`
    is set to tomorrow then, which the caller saves. Pauses that were over before get their
    end noted in any case. The trail, the notice, when the bill is tried next, and the
    freezes are for the caller.
    """
    end_what_is_over(account, invoice)
    pause = in_force(invoice, account.open_on)
    if pause is not None:
        _note_end(account, invoice, pause, by=by)


def _check(account: BillingAccount, invoice: Invoice, until_on: date) -> None:
    """Raise InvoiceNotOpen, UnderAPlan, AlreadyPaused, Invalid for a day that is not from tomorrow
    to LONGEST ahead, or PausedTooLong if all the bill's pauses together would be longer than
    MOST_DAYS.
    """
    if not invoice.is_open:
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")
    plan_parts.check_none(invoice)
    if in_force(invoice, account.open_on):
        raise AlreadyPaused(f"bill: the collecting of {invoice} is paused already")
    if not account.open_on < until_on <= account.open_on + LONGEST:
        raise Invalid("until_on", f"must be from tomorrow to {account.open_on + LONGEST}")
    days = (until_on - account.open_on).days
    if sum(pause.days for pause in invoice.pauses.all()) + days > MOST_DAYS:
        raise PausedTooLong(
            f"bill: with the pauses before, {invoice} would be paused for more than"
            f" {MOST_DAYS} days"
        )


def _end(account: BillingAccount, invoice: Invoice, pause: CollectionPause, *, by: str) -> None:
    """End the pause in force of the locked bill now: what it kept from being tried becomes due, and
    the days on which bills freeze the line are set anew (dunning.reconsider), which may lift a
    freeze. The bill is saved. `by` is the actor on record as who ended it.
    """
    _note_end(account, invoice, pause, by=by)
    if pause.tried_next_at is not None and invoice.next_attempt_at == pause.until_at:
        invoice.next_attempt_at = max(pause.tried_next_at, account.now)
    invoice.save(update_fields=["held_until", "next_attempt_at"])
    dunning.reconsider(account, now=account.now)


def _note_end(
    account: BillingAccount, invoice: Invoice, pause: CollectionPause, *, by: str
) -> None:
    """Save that the pause ends now, by whom, and set `invoice.held_until` to tomorrow; the caller
    saves the bill.
    """
    pause.ended_at, pause.ended_on, pause.ended_by = account.now, account.open_on, by
    pause.save(update_fields=["ended_at", "ended_on", "ended_by"])
    invoice.held_until = account.open_on + calendar.ONE_DAY


def _tell(
    account: BillingAccount,
    invoice: Invoice,
    action: Action,
    until: tuple[date | str, date | str],
    actor: str,
    reason: str,
) -> None:
    """Write the trail row of a pause that was made or ended; `until` is the day until which the
    bill is paused, before and after. The merchant is not told here.
    """
    before, after = ({"paused_until": str(day)} for day in until)
    trail.write(
        action,
        merchant_id=account.pk,
        subject=str(invoice),
        before=before,
        after=after,
        actor=actor,
        reason=reason,
        now=account.now,
    )
