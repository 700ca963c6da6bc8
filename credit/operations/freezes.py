"""Places MANUAL and SUSPECTED_FRAUD freezes, and lifts any freeze by an operator's decision (rule
7.1).
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from credit.models import Freeze
from credit.notices.line import FREEZE_PLACED
from credit.operations import lines
from credit.operations.overdue import count, end, notice_of
from credit.trail import Action
from lib import form_keys, wording
from lib.refusals import Refused
from notices.operations import notices
from trail import operations as trail


class AlreadyFrozen(Refused):
    """A freeze for this reason is in force, and a rule's reason can be in force only once."""

    code = "already_frozen"


class AlreadyLifted(Refused):
    """The freeze is no longer in force."""

    code = "already_lifted"


@transaction.atomic
def place(
    *,
    merchant_id: int,
    reason: Freeze.Reason,
    actor: str,
    note: str,
    told: str = "",
    request_key: str = "",
    now: datetime,
) -> Freeze:
    """Freeze the line: it declines new orders, and open ones go on; suspected fraud also stops
    withdrawals that are not sent yet, and pay-outs. The merchant is notified, and reads `told`, or
    a standard sentence without; `note` is for colleagues, on the trail. A form that is sent twice,
    with the same `request_key`, places one freeze.

    A closed line takes no new orders anyway, and is frozen for suspected fraud alone. Raises
    FormConflict, LineClosed, AlreadyFrozen if a freeze that rules place (OVERDUE, UNPAID_BILL) is
    in force for the same reason, Invalid without a note. It locks the line, whose ended days are
    worked off first (lines.lock). Rule 7.1.
    """
    note, told = wording.checked("note", note), wording.optional("told", told)
    line = lines.lock(merchant_id, now=now)
    now = line.now
    content: dict[str, Any] = {"reason": reason, "note": note, "told": told}
    if known := form_keys.sent_before(line.freezes.all(), request_key, **content):
        return known
    if reason != Freeze.Reason.SUSPECTED_FRAUD:
        lines.check_open(line)
    in_force = Freeze.objects.filter(line=line, reason=reason, lifted_at__isnull=True)
    if reason in Freeze.AUTOMATIC and in_force.exists():
        raise AlreadyFrozen(f"The line is frozen for {reason} already.")
    freeze = Freeze.objects.create(
        line=line,
        reason=reason,
        note=note,
        told=told,
        placed_at=now,
        placed_by=actor,
        request_key=request_key,
    )
    count(line, +1)
    notices.write(
        merchant_id=line.pk,
        kind=FREEZE_PLACED,
        cause=str(freeze.pk),
        at=now,
        reason=str(reason),
        **notice_of(told),
    )
    _note(Action.FREEZE_PLACED, freeze, before="", after=str(reason), actor=actor, now=now)
    return freeze


@transaction.atomic
def lift(*, freeze_id: int, actor: str, note: str, told: str = "", now: datetime) -> Freeze:
    """Lift one freeze by an operator's decision, with a trail row; the others stay in force. The
    merchant is notified, and reads `told`, or a standard sentence without; `note` is for
    colleagues, on the trail.

    An OVERDUE freeze comes back at the next day start while its cause holds. An UNPAID_BILL one
    does not come back for the bills whose day has come, but on the day of another one that is
    unpaid. Raises AlreadyLifted, Invalid without a note, Freeze.DoesNotExist. It locks the line,
    whose ended days are worked off first (lines.lock). Rule 7.1.
    """
    note, told = wording.checked("note", note), wording.optional("told", told)
    line_id = Freeze.objects.values_list("line_id", flat=True).get(pk=freeze_id)
    line = lines.lock(line_id, now=now)
    now = line.now
    freeze = Freeze.objects.get(pk=freeze_id)
    if freeze.lifted_at is not None:
        raise AlreadyLifted(f"The freeze was lifted at {freeze.lifted_at.isoformat()}.")
    end(freeze, line, by=actor, note=note, told=told, now=now)
    _note(Action.FREEZE_LIFTED, freeze, before=freeze.reason, after="", actor=actor, now=now)
    return freeze


def _note(
    action: Action, freeze: Freeze, *, before: str, after: str, actor: str, now: datetime
) -> None:
    """Write the trail row of a freeze that was placed or lifted, with the operator's note. `before`
    and `after` are the reason for which it froze the line, or "".
    """
    trail.write(
        action,
        merchant_id=freeze.line_id,
        subject=f"freeze {freeze.pk}",
        before={"frozen_for": before},
        after={"frozen_for": after},
        actor=actor,
        reason=freeze.lift_note or freeze.note,
        now=now,
    )
