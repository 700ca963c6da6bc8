"""Withdrawals that a schedule requests for a merchant each day or week (rule 10.13)."""

import secrets
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from credit.models import CreditLine, PayoutRun, PayoutSchedule, Withdrawal
from credit.notices.proceeds import AUTOMATIC_SET_UP
from credit.operations import destinations, lines, withdrawals
from credit.operations.automatic_ends import end, words
from credit.queries import proceeds
from credit.queries.automatic import in_force
from credit.trail import Action
from lib import calendar, money
from lib.refusals import Invalid, Refused
from merchants.queries import local_day
from notices.operations import notices
from trail import operations as trail

USABLE_AFTER = destinations.USABLE_AFTER
Every = PayoutSchedule.Every
Outcome = PayoutRun.Outcome


class AutomaticChanged(Refused):
    """Somebody has set up or stopped automatic withdrawals since who sets them up looked."""

    code = "automatic_changed"
    sentence = _(
        "Automatic withdrawals were changed while you were filling this in. See what is set up now;"
        " if yours are to take its place, set them up again."
    )


@transaction.atomic
def set_up(
    *,
    merchant_id: int,
    destination_id: int,
    every: str,
    weekday: int | None = None,
    from_amount: Money,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> tuple[PayoutSchedule, bool]:
    """Set up automatic withdrawals: each day, or each week on `weekday` from 1 (Monday) to 7, all
    available proceeds go to the destination if they are `from_amount` or more, fees included. The
    first one can come 24 hours from now.

    All owners are notified, and a trail row is written. The new schedule replaces the one in force,
    which is ended. If that has the same terms, nothing changes, and it is returned. `seen` is the
    key of the schedule in force that the page showed on which somebody filled these in, 0 for none;
    None skips that check. Returns the schedule and whether it is new. Raises UnknownDestination,
    DestinationNotUsable if the destination was removed, CurrencyMismatch, Invalid, and
    AutomaticChanged if the one in force is another than was `seen`. It locks the line, whose ended
    days are worked off first (lines.lock). Rule 10.13.
    """
    line = lines.lock(merchant_id, now=now)
    from_amount = money.accepted(from_amount, line.currency, field="from_amount")
    if from_amount.amount <= 0:
        raise Invalid("from_amount", "must be more than 0")
    _check_rhythm(every, weekday)
    destination = destinations.load(line, destination_id)
    if destination.is_removed:
        raise destinations.DestinationNotUsable(f"{destination} was removed.")
    usable_from = line.now + USABLE_AFTER
    rule = PayoutSchedule(
        line=line,
        destination=destination,
        every=every,
        weekday=weekday,
        currency=line.currency,
        from_amount=from_amount,
        set_up_at=line.now,
        set_up_by=actor,
        usable_from=usable_from,
        next_on=_due_from(local_day(line, usable_from), weekday),
    )
    present = in_force(line)
    if present is not None and _is_same(present, rule):
        return present, False
    if seen is not None and seen != (present.pk if present else 0):
        raise AutomaticChanged("automatic: it was set up anew or stopped meanwhile")
    if present is not None:
        end(present, actor=actor, now=line.now)
    rule.save()
    _notify(rule)
    return rule, True


@transaction.atomic
def stop(*, merchant_id: int, actor: str, now: datetime) -> None:
    """End the merchant's automatic withdrawals, with a trail row; does nothing if there are none.
    It locks the line, whose ended days are worked off first (lines.lock).
    """
    line = lines.lock(merchant_id, now=now)
    rule = in_force(line)
    if rule is not None:
        end(rule, actor=actor, now=line.now)


@transaction.atomic
def run(rule_id: int, *, now: datetime) -> PayoutRun | None:
    """Request the automatic withdrawal of schedule `rule_id` for the line's open day, in the name
    of the person who set the schedule up and with a trail row, and return the run with its outcome:
    requested, too little available, or stopped by suspected fraud. What is requested is sent later,
    as any withdrawal is. After each of these outcomes the schedule is due again on its next day.
    Returns None and does nothing if the schedule has ended, is not usable yet, or is not due on the
    open day.

    A run that comes days late is for the day that is open by then; missed days are not made up for.
    Raises PayoutSchedule.DoesNotExist, DestinationNotUsable, UnknownDestination. It locks the line,
    whose ended days are worked off first (lines.lock). Rule 10.14.
    """
    line_id = PayoutSchedule.objects.values_list("line_id", flat=True).get(pk=rule_id)
    line = lines.lock(line_id, now=now)
    rule = PayoutSchedule.objects.select_related("destination").get(pk=rule_id)
    if rule.has_ended or line.now < rule.usable_from or line.open_on < rule.next_on:
        return None
    available = proceeds.withdrawable(line, today=line.open_on)
    outcome, withdrawal = _try_to_withdraw(rule, line, available)
    rule.next_on = _due_from(line.open_on + calendar.ONE_DAY, rule.weekday)
    rule.save(update_fields=["next_on"])
    return rule.runs.create(
        on=line.open_on,
        at=line.now,
        outcome=outcome,
        available=available,
        withdrawal=withdrawal,
    )


def _try_to_withdraw(
    rule: PayoutSchedule, line: CreditLine, available: Money
) -> tuple[PayoutRun.Outcome, Withdrawal | None]:
    """Request a withdrawal of all that can be withdrawn, less the fee, with a trail row, if
    `available` is at least the schedule's amount. Returns the outcome and the withdrawal, which is
    None unless one was requested: TOO_LITTLE if `available` is below that amount or no more than
    the fee, STOPPED if a freeze forbids withdrawals, otherwise REQUESTED. Raises
    DestinationNotUsable, UnknownDestination.
    """
    if available < rule.from_amount:
        return Outcome.TOO_LITTLE, None
    try:
        withdrawal = withdrawals.request_all(
            line,
            destination_id=rule.destination_id,
            request_key=f"automatic-{secrets.token_urlsafe(16)}",
            actor=rule.set_up_by,
        )
    except withdrawals.WithdrawalsStopped:
        return Outcome.STOPPED, None
    except withdrawals.InsufficientProceeds:  # the fee alone would take it all
        return Outcome.TOO_LITTLE, None
    return Outcome.REQUESTED, withdrawal


def _check_rhythm(every: str, weekday: int | None) -> None:
    """Raise Invalid unless `every` is known and `weekday` is given exactly for a weekly
    schedule.
    """
    if every not in Every.values:
        raise Invalid("every", f"{every!r} is none of {', '.join(Every.values)}")
    if every == Every.WEEKLY and weekday not in PayoutSchedule.Weekday.values:
        raise Invalid("weekday", "must be from 1 (Monday) to 7")
    if every == Every.DAILY and weekday is not None:
        raise Invalid("weekday", "only a weekly one has a day")


def _due_from(day: date, weekday: int | None) -> date:
    """The first day on or after `day` on which a schedule is due: `day` itself without a
    weekday.
    """
    return day if weekday is None else day + timedelta(days=(weekday - day.isoweekday()) % 7)


def _is_same(present: PayoutSchedule, rule: PayoutSchedule) -> bool:
    """Whether both schedules have the same destination, rhythm, weekday and amount."""
    names = ("destination_id", "every", "weekday", "from_amount")
    return all(getattr(present, name) == getattr(rule, name) for name in names)


def _notify(rule: PayoutSchedule) -> None:
    """Notify the owners of the new schedule, and write its trail row."""
    notices.write(
        merchant_id=rule.line_id,
        kind=AUTOMATIC_SET_UP,
        cause=str(rule.pk),
        at=rule.set_up_at,
        destination=rule.destination.kind,
        **rule.destination.shown_by,
        by=rule.set_up_by,
    )
    trail.write(
        Action.AUTOMATIC_SET_UP,
        merchant_id=rule.line_id,
        subject="automatic withdrawal",
        after=words(rule),
        actor=rule.set_up_by,
        now=rule.set_up_at,
    )
