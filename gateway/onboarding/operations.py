"""Takes in a merchant as the event of its joining does; invites its first owner (rule 21.10)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from lib import wording
from lib.events import DUPLICATE, Event
from lib.refusals import Refused
from merchants import events
from merchants.models import Merchant
from merchants.operations import team
from merchants.trail import Action
from trail import operations as trail

JOINED = "merchant.joined"


class AlreadyThere(Refused):
    """A merchant with this reference has joined."""

    code = "already_there"


def add(
    *,
    reference: str,
    terms: dict[str, Any],
    owner_email: str,
    reason: str,
    actor: str,
    now: datetime,
) -> Merchant:
    """Take in the merchant: its books are opened with `terms`, the members of the event
    `merchant.joined`. Then its first owner is invited.

    A mail server that does not take the invitation leaves the merchant without one. Raises
    AlreadyThere, MerchantConflict, and Invalid for terms, a reference or an address that cannot
    be, and without a reason; then nothing is written.
    """
    reason = wording.checked("reason", reason)
    owner_email = wording.address("owner_email", owner_email)
    reference = wording.line("reference", reference)
    joined = Event(f"added by {actor}", JOINED, now, reference, terms)
    with transaction.atomic():
        if events.join(joined, now) == DUPLICATE:
            raise AlreadyThere(f"{reference} has joined, with these terms.")
        merchant = Merchant.objects.get(reference=reference)
        trail.write(
            Action.MERCHANT_ADDED,
            merchant_id=merchant.pk,
            subject=reference,
            after={name: str(value) for name, value in terms.items()},
            actor=actor,
            reason=reason,
            now=now,
        )
    team.invite_first_owner(merchant_id=merchant.pk, email=owner_email, actor=actor, now=now)
    return merchant
