"""Lets operators look at a merchant's pages as its people see them (rule 21.12)."""

from datetime import datetime

from django.db import transaction

from lib import locks, wording
from merchants import queries
from merchants.models import Look, Merchant, User
from merchants.models.looks import LASTS
from merchants.trail import Action
from trail import operations as trail


@transaction.atomic
def start(*, merchant_id: int, reason: str, actor: User, now: datetime) -> Look:
    """Let the operator look at the merchant's pages until LASTS from now, with a trail row. A look
    of theirs at this merchant that goes on is returned instead.

    Raises Invalid without a reason, Merchant.DoesNotExist. Of two calls at once by the operator for
    the merchant, the second waits. Rule 21.12.
    """
    reason = wording.checked("reason", reason)
    locks.wait_for_advisory_lock(f"look {actor.pk} {merchant_id}")
    merchant = Merchant.objects.get(pk=merchant_id)
    going_on = queries.look(actor, merchant.reference, now)
    if going_on is not None:
        return going_on
    look = Look.objects.create(
        operator=actor, merchant=merchant, reason=reason, started_at=now, ends_at=now + LASTS
    )
    trail.write(
        Action.PAGES_LOOKED_AT,
        merchant_id=merchant_id,
        subject=merchant.reference,
        after={"until": look.ends_at.isoformat()},
        reason=reason,
        actor=actor.email,
        now=now,
    )
    return look


@transaction.atomic
def end(*, look_id: int, actor: User, now: datetime) -> Look:
    """End the operator's own look, with a trail row; does nothing if it is over. It locks the
    look's row. Raises Look.DoesNotExist for another's.
    """
    look = Look.objects.select_for_update(of=("self",)).select_related("merchant")
    found: Look = look.get(pk=look_id, operator=actor)
    if found.ended_at is None and now < found.ends_at:
        found.ended_at = now
        found.save(update_fields=["ended_at"])
        trail.write(
            Action.LOOK_ENDED,
            merchant_id=found.merchant_id,
            subject=found.merchant.reference,
            actor=actor.email,
            now=now,
        )
    return found


def note_download(look: Look, *, address: str, actor: str, now: datetime) -> None:
    """Put a file that was taken during a look on the trail, with the look's reason and the
    `address` from which it was taken: path and query.
    """
    trail.write(
        Action.FILE_TAKEN,
        merchant_id=look.merchant_id,
        subject=look.merchant.reference,
        after={"file": address},
        reason=look.reason,
        actor=actor,
        now=now,
    )
