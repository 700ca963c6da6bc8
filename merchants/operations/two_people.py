"""Decisions of which a policy says how far one person goes alone (rule 22.7).

An operation that comes to such a decision first calls `check` with what it would change. Above the
policy's figures it is refused with TakesTwoPeople, unless it is carried out for a proposal that a
second person confirms. What it then writes it notes as an OperatorDecision (`note`). Whoever calls
the operation for an operator does so by `decide`, which proposes what takes two people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from moneyed import Money

from lib.refusals import ChangedMeanwhile, Refused
from merchants import queries
from merchants.models import OperatorDecision, Proposal, User
from merchants.operations import proposals
from merchants.proposals import Kind
from merchants.sorts import Sort


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a decision would change, as the second person is shown it.

    `before` is compared when it is confirmed. Proposals about the same `subject` of the same
    merchant wait for each other. `asked_by` asked for it, and does not confirm it.
    """

    kind: Kind
    subject: str
    merchant_id: int | None = None
    before: Mapping[str, str]
    after: Mapping[str, str]
    asked_by: str = ""


class TakesTwoPeople(Refused):
    """The decision is above what one person decides alone, so it has to be proposed to a second
    one.
    """

    code = "takes_two_people"

    def __init__(self, change: Change) -> None:
        super().__init__(
            f"{change.kind.title}: this takes a second person, to whom it has to be proposed."
        )
        self.change = change


def is_above(
    sort: Sort, figure: Decimal, *, currency: str, merchant_id: int | None, day: date
) -> bool:
    """Whether this figure takes two people by the operator policy of `currency` in force on local
    day `day`. If the sort is summed, what operators decided for the merchant on that day, alone or
    as a second person, is added to it first; `figure` itself must not be noted yet (`note`).
    Without a figure of the policy it always does. Rule 22.7.
    """
    policy = queries.operator_policy(currency, day)
    up_to = policy.figures.get(sort.code) if policy else None
    if up_to is None:
        return True
    if sort.is_summed:
        figure += queries.decided_on(day, sort.code, merchant_id=merchant_id, currency=currency)
    return figure > up_to


def check_figure(
    sort: Sort,
    figure: Decimal,
    change: Change,
    *,
    currency: str,
    day: date,
    proposal: Proposal | None,
) -> None:
    """Raise TakesTwoPeople if `figure` is above what one person decides alone of this sort
    (is_above) and nobody confirms it as `proposal`; ChangedMeanwhile if what a `proposal` changes
    is no more as it was when it was proposed.
    """
    above = is_above(sort, figure, currency=currency, merchant_id=change.merchant_id, day=day)
    check(change, is_above=above, proposal=proposal)


def check(change: Change, *, is_above: bool, proposal: Proposal | None) -> None:
    """Raise TakesTwoPeople for a decision above the figures that nobody confirms, and
    ChangedMeanwhile if `proposal` is given and what it changes is no more as it was when it was
    proposed.

    `proposal` is the one that is being confirmed, if any.
    """
    if proposal is None:
        if is_above:
            raise TakesTwoPeople(change)
    elif proposal.before != dict(change.before):
        raise ChangedMeanwhile(
            f"{change.subject}: it has changed since this was proposed; refuse it, and propose"
            " anew."
        )


def note(
    sort: Sort,
    *,
    subject: str,
    merchant_id: int | None,
    currency: str,
    figure: Decimal,
    day: date,
    proposal: Proposal | None,
    actor: str,
    now: datetime,
) -> OperatorDecision:
    """Record that an operator decided, alone or as a second person, so that it counts to the sum of
    the day; `figure` is what it gave or set, and `subject` names the row that it made, of which
    there is one decision: IntegrityError is raised for a second. The caller holds the lock under
    which it has called `check_figure`.
    """
    return OperatorDecision.objects.create(
        what=sort.code,
        subject=subject,
        merchant_id=merchant_id,
        currency=currency,
        figure=figure,
        day=day,
        proposal=proposal,
        actor=actor,
        at=now,
    )


def proposed_by(proposal: Proposal | None) -> dict[str, str]:
    """The entry of a trail row that says who proposed the decision that a second person confirms;
    empty without a proposal.
    """
    return {"proposed_by": proposal.proposed_by} if proposal else {}


def decide(
    operation: Callable[..., Any], arguments: Mapping[str, Any], *, actor: User, now: datetime
) -> Any:
    """Carry out the operation for an operator, or propose it, with a trail row, if it takes two
    people: returns what the operation does, or the Proposal. `arguments` are those of the operation
    without `actor` and `now`; the `reason` is among them. What is proposed is kept as JSON: the
    others have to be amounts, decimals, instants, days, texts, whole numbers, bools or None, and
    TypeError is raised otherwise.

    Raises what the operation and proposals.propose raise. Of two proposals at once about one
    subject, the second waits.
    """
    try:
        return operation(**arguments, actor=actor.email, now=now)
    except TakesTwoPeople as found:
        change = found.change
    told = dict(arguments)
    reason = told.pop("reason")
    with transaction.atomic():
        return proposals.propose(
            change.kind,
            subject=change.subject,
            before=dict(change.before),
            after=dict(change.after),
            arguments={name: _written(value) for name, value in told.items()},
            reason=reason,
            asked_by=change.asked_by,
            merchant_id=change.merchant_id,
            actor=actor,
            now=now,
        )


def calling(operation: Callable[..., object]) -> Callable[..., None]:
    """The function that carries out a proposal by calling this operation with the proposal's
    arguments, its reason, `actor` (the address of who confirms), `now`, and the `proposal` itself.
    """

    def carry_out(proposal: Proposal, *, actor: User, now: datetime) -> None:
        """Call the operation with what was proposed, in the name of who confirms it."""
        operation(
            **arguments_of(proposal),
            reason=proposal.reason,
            actor=actor.email,
            now=now,
            proposal=proposal,
        )

    return carry_out


def arguments_of(proposal: Proposal) -> dict[str, Any]:
    """The arguments with which the proposal's operation is called, without its reason: amounts,
    decimals, instants and days as such again.
    """
    return {name: _read(value) for name, value in proposal.arguments.items()}


def _written(value: Any) -> Any:
    """An argument of a proposal as JSON keeps it: an amount, a decimal, an instant or a day is an
    object with one member, of which `_read` makes it again. Raises TypeError for what cannot be an
    argument.
    """
    match value:
        case Money():
            return {"money": [str(value.amount), value.currency.code]}
        case Decimal():
            return {"decimal": str(value)}
        case datetime():  # before days, as Python takes an instant for one, too
            return {"instant": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case None | bool() | int() | str():
            return value
    raise TypeError(f"{value!r} can't be an argument of a proposal")


def _read(value: Any) -> Any:
    """The value that was kept as JSON, as an amount, a decimal, an instant or a day again; others
    are returned unchanged.
    """
    match value:
        case {"money": [amount, currency]}:
            return Money(amount, currency)
        case {"decimal": figure}:
            return Decimal(figure)
        case {"instant": at}:
            return datetime.fromisoformat(at)
        case {"date": day}:
            return date.fromisoformat(day)
    return value
