"""Takes in a merchant as the event of its joining does; invites its first owner (rule 21.10)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from credit.models import CreditLine
from credit.queries import policies
from lib import money, wording
from lib.events import DUPLICATE, Event
from lib.refusals import Invalid, Refused
from merchants import events
from merchants.models import Merchant
from merchants.operations import inviting
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
    """Take in the merchant with this reference, with a trail row: its books are opened with
    `terms`, the members of the event `merchant.joined`. Then its first owner is invited by
    e-mail, with a trail row. If the mail server does not take the e-mail, the invitation is
    revoked, with another trail row, and nothing is raised: the merchant has no open
    invitation then, and a second call raises AlreadyThere.

    Raises AlreadyThere, MerchantConflict for other terms than it joined with,
    OperatorsAddress, and Invalid for terms, a reference or an address that cannot be, for a
    limit above the credit policy's maximum, or above 0 in a currency without that policy,
    and without a reason; then nothing is written.
    """
    reason = wording.checked("reason", reason)
    owner_email = wording.address("owner_email", owner_email)
    inviting.check_address(owner_email)
    reference = wording.line("reference", reference)
    joined = Event(f"added by {actor}", JOINED, now, reference, terms)
    with transaction.atomic():
        if events.join(joined, now) == DUPLICATE:
            raise AlreadyThere(f"{reference} has joined, with these terms.")
        merchant = Merchant.objects.get(reference=reference)
        _check_limit(merchant)
        trail.write(
            Action.MERCHANT_ADDED,
            merchant_id=merchant.pk,
            subject=reference,
            after={name: str(value) for name, value in terms.items()},
            actor=actor,
            reason=reason,
            now=now,
        )
    inviting.invite_first_owner(merchant_id=merchant.pk, email=owner_email, actor=actor, now=now)
    return merchant


def _check_limit(merchant: Merchant) -> None:
    """Raise Invalid if the merchant's line was opened with a higher limit than one person opens a
    line with: the credit policy's maximum, or 0 in a currency without that policy (rule 8.19).
    """
    line = CreditLine.objects.get(merchant=merchant)
    most = money.of(policies.most_to_open_with(line.currency, line.open_on), line.currency)
    if line.limit > most:
        raise Invalid(
            "credit_limit",
            f"is above {money.full(most)}, which is the most that one person opens a line with:"
            " open it with less, and propose a raise",
        )
