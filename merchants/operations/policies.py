"""Introduces new versions of the operator policy, and withdraws them before they start (rule
22.9).

What versions of all policies have in common is here: the books' own policies are introduced by the
same steps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction

from lib import calendar, locks, money, wording
from lib.refusals import AlreadyDecided, Invalid, Refused
from merchants.models import OperatorPolicy, Proposal
from merchants.models.policies import PolicyVersion
from merchants.operations import two_people
from merchants.proposals import OPERATOR_POLICY, Kind
from merchants.trail import Action
from trail import operations as trail

FIRST_DAY_STARTS_IN = "Pacific/Kiritimati"  # nobody's day is further on

Version = TypeVar("Version", bound=PolicyVersion)


class UnknownVersion(Refused):
    """There is no such version of the policy."""

    code = "unknown_version"


class HasStarted(Refused):
    """The version has started somewhere, and what was decided by it stays."""

    code = "has_started"


@dataclass(frozen=True)
class Policy:
    """A policy as its versions are introduced: its name, the kind of its proposals, and what the
    trail calls a new and a withdrawn version.
    """

    name: str  # of its versions on the trail
    kind: Kind
    introduced: Any  # an action of the trail
    withdrawn: Any


OPERATORS = Policy(
    "operator policy",
    OPERATOR_POLICY,
    Action.OPERATOR_POLICY_INTRODUCED,
    Action.OPERATOR_POLICY_WITHDRAWN,
)


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
) -> OperatorPolicy:
    """Introduce a new version of the operator policy of `currency` from local day `starts_on`, with
    a trail row, and with `figures` by the codes of their sorts; those that are not named are those
    of the newest version.

    It takes two people: raises TakesTwoPeople without the `proposal` that is confirmed. Raises what
    `add_version` raises, and Invalid for an unknown currency and a code that is none. Of two calls
    at once for the currency, the second waits. Rule 22.9.
    """
    base = lock_newest(OperatorPolicy, currency) or OperatorPolicy(currency=currency, version=0)
    return add_version(
        OPERATORS, base, figures, starts_on=starts_on, actor=actor, reason=reason, now=now,
        proposal=proposal,
    )  # fmt: skip


def withdraw(*, policy_id: int, actor: str, reason: str, now: datetime) -> OperatorPolicy:
    """Withdraw a version that has started nowhere, with a trail row: the one before stays in force.
    Raises UnknownVersion, HasStarted, AlreadyDecided, Invalid without a reason. Of two calls at
    once for the currency, the second waits. Rule 22.9.
    """
    return withdraw_version(
        OPERATORS, OperatorPolicy, policy_id, actor=actor, reason=reason, now=now
    )


def lock_newest(model: type[Version], currency: str) -> Version | None:
    """The version of the policy in this currency that starts last and was not withdrawn, or None.
    Others that introduce or withdraw one of this policy and currency wait until the transaction
    ends. Raises Invalid for an unknown currency.
    """
    money.check_currency(currency)
    _lock(model, currency)
    versions = model._default_manager.filter(currency=currency, withdrawn_at__isnull=True)
    return versions.order_by("starts_on").last()


def _lock(model: type[PolicyVersion], currency: str) -> None:
    """Wait until nobody else introduces or withdraws a version of this policy and currency, and
    have others wait until the transaction ends.
    """
    locks.wait_for_advisory_lock(f"{model._meta.model_name} {currency}")


def add_version(
    policy: Policy,
    base: Version,
    figures: dict[str, Decimal | int],
    *,
    starts_on: date,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None,
) -> Version:
    """Add the version after `base`, the locked newest one, with other `figures`, and a trail row.
    Raises Invalid without a reason, when `starts_on` is not after the present day where days begin
    first, and when it is not after the day on which the newest version starts: what was decided
    stays as it was. Raises TakesTwoPeople without the `proposal` that is confirmed,
    ChangedMeanwhile, ValidationError for figures that cannot be. Rule 22.10.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    if starts_on <= calendar.local_date(now, FIRST_DAY_STARTS_IN):
        raise Invalid("starts_on", "must be after today")
    is_first = base.pk is None
    if not is_first and starts_on <= base.starts_on:
        raise Invalid("starts_on", f"must be after {base.starts_on}, when the newest starts")
    number = type(base)._default_manager.filter(currency=base.currency).count() + 1
    version = base.next_version(number, starts_on, figures)
    version.full_clean()
    changed = [name for name in figures if base.figures.get(name) != version.figures[name]]
    was = {} if is_first else _words(base, changed)
    becomes = _words(version, changed)
    change = two_people.Change(
        kind=policy.kind,
        subject=f"{policy.name} {base.currency}",
        before=was,
        after=becomes,
    )
    two_people.check(change, is_above=True, proposal=proposal)
    version.save()
    trail.write(
        policy.introduced,
        subject=f"{policy.name} {version}",
        before=was,
        after=becomes | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=now,
    )
    return version


@transaction.atomic
def withdraw_version(
    policy: Policy, model: type[Version], version_id: int, *, actor: str, reason: str, now: datetime
) -> Version:
    """Withdraw the version of a policy with this primary key before it starts, with a trail row.
    Raises UnknownVersion, HasStarted if it has started anywhere, AlreadyDecided if it was
    withdrawn, Invalid without a reason. Others that introduce or withdraw one of this policy and
    currency wait until the transaction ends.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    version = model._default_manager.filter(pk=version_id).first()
    if version is None:
        raise UnknownVersion(f"{policy.name}: there is no version {version_id}")
    _lock(model, version.currency)
    version.refresh_from_db()
    if version.withdrawn_at is not None:
        raise AlreadyDecided(f"{policy.name} {version} was withdrawn already")
    if not version.may_be_withdrawn(calendar.local_date(now, FIRST_DAY_STARTS_IN)):
        raise HasStarted(f"{policy.name} {version} started on {version.starts_on}")
    version.withdrawn_at, version.withdrawn_by = now, actor
    version.save(update_fields=["withdrawn_at", "withdrawn_by"])
    trail.write(
        policy.withdrawn,
        subject=f"{policy.name} {version}",
        before={"starts_on": version.starts_on.isoformat()},
        after={"starts_on": "never"},
        actor=actor,
        reason=reason,
        now=now,
    )
    return version


def _words(version: PolicyVersion, names: Iterable[str]) -> dict[str, str]:
    """Return texts for a trail row and a proposal: the number of the version as "version",
    its first day as "starts_on", and its figures of these names, each under its name. A
    figure is written without needless zeros. A name that the version has no figure of is
    left out.
    """
    words = {"version": str(version.version), "starts_on": version.starts_on.isoformat()}
    has = version.figures
    return words | {name: f"{Decimal(has[name]).normalize():f}" for name in names if name in has}
