"""Introduces versions of the credit policy, and withdraws them before they start (rule 8.13)."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from credit.models import CreditPolicy
from credit.proposals import CREDIT_POLICY
from credit.queries.policies import in_force, without
from credit.trail import Action
from merchants.models import Proposal
from merchants.operations.policies import Policy, add_version, lock_newest, withdraw_version

__all__ = ["in_force", "introduce", "withdraw"]

POLICY = Policy("policy", CREDIT_POLICY, Action.POLICY_INTRODUCED, Action.POLICY_WITHDRAWN)


@transaction.atomic
def introduce(
    *,
    currency: str,
    starts_on: date,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
    **figures: Decimal | int,
) -> CreditPolicy:
    """Introduce a new version of the policy of `currency` from local day `starts_on`, with a trail
    row; figures that `figures` does not name are those of the newest version, or the defaults for a
    currency without a policy.

    It takes two people: raises TakesTwoPeople without the `proposal` that is confirmed. Raises what
    merchants.operations.policies.add_version raises, such as Invalid without a reason, and for a
    first day that has begun anywhere or is not after the newest version's. If two calls come at
    once for the currency, the second waits. Rule 22.9, rule 22.10.
    """
    base = lock_newest(CreditPolicy, currency) or without(currency)
    return add_version(
        POLICY, base, figures, starts_on=starts_on, actor=actor, reason=reason, now=now,
        proposal=proposal,
    )  # fmt: skip


def withdraw(*, policy_id: int, actor: str, reason: str, now: datetime) -> CreditPolicy:
    """Withdraw a version that has started nowhere, with a trail row: the one before stays in force.
    Raises UnknownVersion, HasStarted, AlreadyDecided, Invalid without a reason. If two calls come
    at once for the currency, the second waits. Rule 22.9.
    """
    return withdraw_version(POLICY, CreditPolicy, policy_id, actor=actor, reason=reason, now=now)
