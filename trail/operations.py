"""Writes the audit trail, in the transaction that makes the change."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import TextChoices

from lib import wording
from trail.models import TrailEntry

Values = Mapping[str, str | int | bool | None]


def write(
    action: TextChoices,
    *,
    actor: str,
    subject: str,
    now: datetime,
    merchant_id: int | None = None,
    before: Values | None = None,
    after: Values | None = None,
    reason: str = "",
) -> None:
    """Write a trail row, in the caller's transaction: who (`actor`, mostly an e-mail address)
    changed `subject`, from what to what, and why; `action` is a registered one. `actor` and
    `subject` have 254 characters at most, which is up to the caller.

    `before` and `after` have the same names if both are given: money as "12.50 USD", days and
    instants in ISO form, and never a secret or a whole account number. A reason is optional here.
    Raises Invalid for a reason that is longer than 500 characters, which is not cut, that has only
    spaces, or that has control characters in it.
    """
    TrailEntry.objects.create(
        at=now,
        actor=actor,
        action=action,
        merchant_id=merchant_id,
        subject=subject,
        before=dict(before or {}),
        after=dict(after or {}),
        reason=wording.checked("reason", reason) if reason else "",
    )
