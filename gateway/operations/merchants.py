"""Changes what a merchant is called, reached by, and counted by, for a system of ours."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from credit.operations import lines, terms
from lib import wording
from merchants.models import Merchant
from merchants.operations import merchants, profiles

NAMES, DAYS = ("name", "language"), ("payment_days", "settlement_days")
CONTACTS = ("contact_name", "contact_email", "contact_phone")


def change(
    *,
    merchant_id: int,
    wanted: Mapping[str, str | int],
    reason: str,
    actor: str,
    now: datetime,
) -> Merchant:
    """Set those of a merchant's names, contacts, payment days and settlement days (NAMES, CONTACTS,
    DAYS) that `wanted` has, all or nothing, with trail rows; those that it has not stay as they are
    under the locks. New days count from now on, and the merchant is notified of them; contacts that
    change have to be confirmed anew.

    Values that are the present ones are left alone, so the same change may be asked for again.
    Raises Invalid for values that cannot be, and without a reason, whatever is to change; and
    Merchant.DoesNotExist. It locks the merchant's row, for contacts the profile, and for days the
    credit line, whose ended days are worked off then (lines.lock).
    """
    reason = wording.checked("reason", reason)
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
        who = {"merchant_id": merchant_id, "reason": reason, "actor": actor, "now": now}
        names = {name: str(wanted.get(name, getattr(merchant, name))) for name in NAMES}
        if names != {name: getattr(merchant, name) for name in NAMES}:
            merchants.change(**names, **who)  # type: ignore[arg-type]
        contacts = {name: str(wanted[name]) for name in CONTACTS if name in wanted}
        if contacts:
            profiles.complete(fields=contacts, **who)  # type: ignore[arg-type]
        if wanted.keys() & set(DAYS):
            line = lines.lock(merchant_id, now=now, notes_instant=False)
            days = {name: int(wanted.get(name, getattr(line, name))) for name in DAYS}
            if days != {name: getattr(line, name) for name in DAYS}:
                terms.change_days(**days, **who)  # type: ignore[arg-type]
        merchant.refresh_from_db()
    return merchant
