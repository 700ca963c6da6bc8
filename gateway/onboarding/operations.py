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
    """A merchant with this reference has joined already, with the same terms."""

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
    """Take in the merchant: open its books with `terms`, which are members of the event
    `merchant.joined`, and then invite its first owner.

    If the mail server does not take the invitation, the merchant is there without one. Raises
    AlreadyThere, MerchantConflict if it joined with other terms, and Invalid for terms, a reference
    or an address that cannot be, and without a reason; then nothing is written.
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
