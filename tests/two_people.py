"""Decisions of two operators: one proposes, by the operation that decides, and another confirms.

by_two(limits.set_limit, merchant_id=shop.merchant.pk, limit=usd(50_000), now=now, **WHY)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from lib import audit, clock
from merchants.models import Proposal, User
from merchants.operations import proposals, two_people
from merchants.operations.two_people import TakesTwoPeople
from tests.factories.people import operator

FIRST, SECOND = "olga@tael.example", "otto@tael.example"
ALONE = FIRST
OFFICERS = ("Credit officer", "Billing officer")

WHY: dict[str, Any] = {"reason": "I have looked at it."}
ANSWER: dict[str, Any] = WHY | {"told": "We have looked at it."}
WAITS = ["merchants_proposal", "trail_trailentry", "django_admin_log"]


def officer(email: str) -> User:
    """The operator with this address, who decides about both books; made if there is none yet."""
    return User.objects.filter(email=email).first() or operator(*OFFICERS, email=email)


def propose(
    operation: Callable[..., Any], *, now: datetime, by: User | None = None, **arguments: Any
) -> Proposal:
    """The proposal of the operation, which takes two people; it waits for the second one."""
    outcome = two_people.decide(operation, arguments, actor=by or officer(FIRST), now=now)
    assert isinstance(outcome, Proposal), outcome
    return outcome


def confirm(proposal: Proposal, *, now: datetime, by: User | None = None) -> Proposal:
    """Confirm the proposal, as the second officer unless told otherwise."""
    return proposals.confirm(proposal_id=proposal.pk, actor=by or officer(SECOND), now=now)


def decided(operation: Callable[..., Any], *, now: datetime, actor: str, **arguments: Any) -> Any:
    """What the operation returns where `actor` decides alone, or the proposal of by_two."""
    try:
        with transaction.atomic():
            return operation(now=now, actor=actor, **arguments)
    except TakesTwoPeople:
        return by_two(operation, now=now, **arguments)


_away = ContextVar("the second officer is away", default=False)


@contextmanager
def second_is_away() -> Iterator[None]:
    """A context in which what takes two officers is only proposed, and waits."""
    token = _away.set(True)
    try:
        yield
    finally:
        _away.reset(token)


def by_two(operation: Callable[..., Any], *, now: datetime, **arguments: Any) -> Proposal:
    """Have two officers take the decision at the same instant; it is only proposed while the second
    one is away.
    """
    proposal = propose(operation, now=now, **arguments)
    return proposal if _away.get() else confirm(proposal, now=now)


def policy_by_two(operation: Callable[..., Any], *, now: datetime, **arguments: Any) -> Proposal:
    """Have two administrators introduce a policy."""
    first, second = (
        User.objects.filter(email=email).first() or operator("Administrator", email=email)
        for email in ("boss@tael.example", "other@tael.example")
    )
    return confirm(propose(operation, now=now, by=first, **arguments), now=now, by=second)


def found_alone(check: str) -> list[str]:
    """What this check of the audit finds where nobody has confirmed anything."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger fires
        cursor.execute("UPDATE merchants_operatordecision SET proposal_id = NULL")
        cursor.execute("SET LOCAL session_replication_role = origin")
    (its_own,) = (one for one in audit.registered() if one.name == check)
    (finding,) = audit.run([its_own], now=clock.now())
    return [violation.subject for violation in finding.listed]
