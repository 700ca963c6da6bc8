"""Has a merchant treated otherwise than its parties' countries say (rule 28.15)."""

from datetime import date, datetime

from django.db import transaction

from billing.models import BillingAccount, TaxTreatment
from billing.operations import accounts
from billing.tax import Treatment
from billing.trail import Action
from lib import wording
from lib.refusals import Invalid
from trail import operations as trail

AS_DERIVED = "as derived"  # what records call the treatment that nobody decided


@transaction.atomic
def decide(
    *,
    merchant_id: int,
    treatment: str,
    starts_on: date,
    actor: str,
    reason: str,
    now: datetime,
) -> BillingAccount:
    """Have the merchant be taxed by `treatment` (domestic, reverse charge or outside the scope of
    tax) for services from local day `starts_on` on, in bills that are written from now on; "" is as
    follows from both parties' countries and the tax number. Writes a trail row.

    The day may be over: what is on no bill yet goes by it. Of two from the same day the later one
    holds; the same again changes nothing. Raises Invalid for an unknown treatment or without a
    reason. It locks the account, whose ended days are worked off first (accounts.lock). Rule 28.15.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    if treatment and treatment not in Treatment.values:
        raise Invalid("treatment", f"{treatment!r} is no treatment")
    account = accounts.lock(merchant_id, now=now)
    known = account.tax_treatments.filter(starts_on__lte=starts_on)
    before = known.order_by("-starts_on", "-pk").first()
    if before and (before.starts_on, before.treatment) == (starts_on, treatment):
        return account
    account.tax_treatments.create(
        treatment=treatment,
        starts_on=starts_on,
        decided_at=account.now,
        decided_by=actor,
        reason=reason,
    )
    trail.write(
        Action.TAX_TREATMENT_DECIDED,
        merchant_id=merchant_id,
        subject="billing account",
        before={"tax_treatment": name_of(before)},
        after={"tax_treatment": treatment or AS_DERIVED, "from": starts_on.isoformat()},
        actor=actor,
        reason=reason,
        now=account.now,
    )
    return account


def name_of(decided: TaxTreatment | None) -> str:
    """The text for a decision about tax treatment on the trail: the treatment's code; or AS_DERIVED
    if nothing was decided, or if the decision is that it follows from the countries again.
    """
    return (decided.treatment if decided else "") or AS_DERIVED
