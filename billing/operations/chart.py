"""Chooses codes and names for the accounts of the journal (rule 29.4)."""

import re
from datetime import datetime

from django.db import transaction

from billing.models import ChartAccount
from billing.models.journal import LONGEST_CODE, LONGEST_NAME
from billing.queries import chart
from billing.trail import Action
from lib import locks, wording
from lib.refusals import Invalid, Refused
from trail import operations as trail

TURN = "journal"  # the lock under which months are locked and accounts chosen
CODE = re.compile(rf"[A-Z0-9][A-Z0-9-]{{0,{LONGEST_CODE - 1}}}")


class CodeTaken(Refused):
    """Another account has this code, and another name or nature."""

    code = "code_taken"


@transaction.atomic
def choose(
    *, key: str, code: str, name: str, actor: str, reason: str, now: datetime
) -> ChartAccount | None:
    """Have the account of the journal with this key be called by this code and name from now on, in
    all months that are not locked; with a trail row. Waits for its turn (wait_turn).

    Two accounts may be one by having the same code and name, if they are of the same nature.
    Returns the choice, or None if it was so already. Raises CodeTaken, and Invalid for an unknown
    key, a code or a name that cannot be, or without a reason. Rule 29.4.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    name = wording.line("name", name, LONGEST_NAME)
    if not CODE.fullmatch(code):
        raise Invalid("code", f"must be capitals, digits and hyphens, {LONGEST_CODE} at most")
    wait_turn()
    keys = chart.choosable()
    if key not in keys:
        raise Invalid("key", f"the journal has no account {key!r}")
    present = chart.in_force()
    before = present[key]
    if (before.code, before.name) == (code, name):
        return None
    for other in (present[one] for one in keys if one != key):
        is_same = (other.name, other.nature) == (name, before.nature)
        if other.code == code and not is_same:
            raise CodeTaken(f"code: {code} is {other.name}, which is another account")
    chosen = ChartAccount.objects.create(
        key=key, code=code, name=name, chosen_at=now, chosen_by=actor, reason=reason
    )
    trail.write(
        Action.CHART_CHANGED,
        subject=f"account {key}",
        before={"code": before.code, "name": before.name},
        after={"code": code, "name": name},
        actor=actor,
        reason=reason,
        now=now,
    )
    return chosen


def wait_turn() -> None:
    """Take the lock under which months are locked and accounts of the journal chosen, one at a
    time; it is kept until the transaction ends.
    """
    locks.wait_for_advisory_lock(TURN)
