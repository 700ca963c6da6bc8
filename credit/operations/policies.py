"""Introduces new versions of the credit policy (rule 8.13)."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from credit.models import CreditPolicy
from credit.queries.policies import in_force, without
from credit.trail import Action
from lib import money, wording
from lib.refusals import Invalid
from trail import operations as trail

__all__ = ["in_force", "introduce"]


@transaction.atomic
def introduce(
    *,
    currency: str,
    starts_on: date,
    today: date,
    actor: str,
    reason: str,
    now: datetime,
    **figures: Decimal | int,
) -> CreditPolicy:
    """Introduce a new version of the policy of `currency` from local day `starts_on`. Figures that
    are not given are those of the newest version, or the defaults if there is none.

    Raises Invalid without a reason, or if it would start on `today` or earlier, or not after the
    newest version: what was decided stays as it was. Rule 22.10.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    money.check_currency(currency)
    newest = (
        CreditPolicy.objects.select_for_update()
        .filter(currency=currency)
        .order_by("version")
        .last()
    )
    if starts_on <= today:
        raise Invalid("starts_on", "must be after today")
    if newest is not None and starts_on <= newest.starts_on:
        raise Invalid("starts_on", f"must be after {newest.starts_on}, when the newest starts")
    base = newest or without(currency)
    kept = {
        field.name: getattr(base, field.name)
        for field in CreditPolicy._meta.concrete_fields
        if field.name not in ("id", "currency", "version", "starts_on")
    }
    policy = CreditPolicy(
        currency=currency, version=base.version + 1, starts_on=starts_on, **(kept | figures)
    )
    policy.full_clean()
    policy.save()
    changed = [name for name in figures if getattr(base, name) != getattr(policy, name)]
    trail.write(
        Action.POLICY_INTRODUCED,
        subject=f"policy {policy}",
        before=_words(base, changed) if newest else {},
        after=_words(policy, changed),
        actor=actor,
        reason=reason,
        now=now,
    )
    return policy


def _words(policy: CreditPolicy, figures: Sequence[str]) -> dict[str, str]:
    """The version, its first day, and the named figures, as texts for a trail row."""
    words = {"version": str(policy.version), "starts_on": policy.starts_on.isoformat()}
    return words | {name: f"{Decimal(policy.figure(name)).normalize():f}" for name in figures}
