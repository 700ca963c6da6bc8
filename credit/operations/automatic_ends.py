"""Ends automatic withdrawals, for the operations that stop or replace a schedule or remove its
destination.
"""

from datetime import datetime

from credit.models import PayoutSchedule
from credit.trail import Action
from lib import money
from trail import operations as trail


def end(rule: PayoutSchedule, *, actor: str, now: datetime) -> None:
    """End the schedule, whose line is locked, and write a trail row; nobody is notified.
    Withdrawals that it has requested go on. Does nothing if it has ended already.
    """
    if rule.has_ended:
        return
    rule.ended_at, rule.ended_by = now, actor
    rule.save(update_fields=["ended_at", "ended_by"])
    trail.write(
        Action.AUTOMATIC_ENDED,
        merchant_id=rule.line_id,
        subject="automatic withdrawal",
        before=words(rule),
        actor=actor,
        now=now,
    )


def words(rule: PayoutSchedule) -> dict[str, str]:
    """The terms of the schedule as texts by their names, for a trail row: rhythm, weekday of a
    weekly one, least amount with its currency, destination, and from when on it can be used.
    """
    return {
        "every": rule.every,
        **({"weekday": rule.Weekday(rule.weekday).name} if rule.weekday else {}),
        "from": money.full(rule.from_amount),
        "destination": rule.destination.called,
        "usable_from": rule.usable_from.isoformat(),
    }
