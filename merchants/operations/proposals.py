"""Decisions that take two people: proposed by one, confirmed by another (rule 22.6).

Who confirms has a role that may take that decision, and neither proposed it nor asked for it. What
a confirmed proposal changes is up to what its kind is registered with (merchants.proposals).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import override

from jobs.chunks import TRANSIENT_ERRORS, Failures
from lib import locks, second_person, wording
from lib.letters import Letter
from lib.refusals import AlreadyDecided, Refused
from merchants.models import Proposal, User
from merchants.models.proposals import LAPSES_AFTER
from merchants.proposals import CONFIRMING, KINDS, Kind
from merchants.trail import Action
from trail import operations as trail

Status = Proposal.Status


class UnknownProposal(Refused):
    """There is no such proposal."""

    code = "unknown_proposal"


class ProposalWaits(Refused):
    """Another proposal about the same subject waits to be decided."""

    code = "proposal_waits"


class Lapsed(Refused):
    """The proposal expired before anybody confirmed it."""

    code = "lapsed"


class MayNotDecide(Refused):
    """The person's role may not take decisions of this kind."""

    code = "may_not_decide"


class NotTheProposer(Refused):
    """Only the proposer can withdraw a proposal; others refuse it."""

    code = "not_the_proposer"


def propose(
    kind: Kind,
    *,
    subject: str,
    before: dict[str, Any],
    after: dict[str, Any],
    reason: str,
    actor: User,
    now: datetime,
    arguments: dict[str, Any] | None = None,
    asked_by: str = "",
    merchant_id: int | None = None,
) -> Proposal:
    """Propose to a second person to change `subject` from `before` to `after`, in the caller's
    transaction, with a trail row; `arguments` are what the kind's operation is then called with. It
    lapses after LAPSES_AFTER. Nobody is mailed.

    When the same person proposes the same again, as by a double click, the first proposal is
    returned. `asked_by` is who asked for the change, and may not confirm it. Raises MayNotDecide,
    ProposalWaits, Invalid without a reason. Of two calls at once for the subject, the second waits.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    _check_role(kind, actor)
    arguments = arguments or {}
    locks.wait_for_advisory_lock(f"proposal {merchant_id} {subject}")
    about = Proposal.objects.filter(Q(merchant=merchant_id), subject=subject)
    _lapse(about, now)
    waiting = about.filter(status=Status.PROPOSED).first()
    if waiting is not None:
        content = (waiting.kind, waiting.after, waiting.arguments)
        if waiting.proposed_by == actor.email and content == (kind.code, after, arguments):
            return waiting
        raise ProposalWaits(
            f"A proposal about {subject} by {waiting.proposed_by} waits: decide that first."
        )
    proposal = Proposal.objects.create(
        kind=kind.code,
        subject=subject,
        merchant_id=merchant_id,
        before=before,
        after=after,
        arguments=arguments,
        reason=reason,
        asked_by=asked_by,
        proposed_by=actor.email,
        proposed_at=now,
        lapses_at=now + LAPSES_AFTER,
    )
    _note(Action.PROPOSED, proposal, actor, now, reason=reason)
    return proposal


def confirm(*, proposal_id: int, actor: User, now: datetime) -> Proposal:
    """Confirm a proposal as a second person, and carry it out in the same transaction, with a trail
    row.

    Raises UnknownProposal, AlreadyDecided, Lapsed, SamePerson, MayNotDecide, ChangedMeanwhile, and
    what the kind's operation raises; then nothing has changed. What the kind does afterwards, such
    as mailing a letter, may raise as well; then the proposal is confirmed all the same. Rule 22.12.
    """
    with transaction.atomic():
        proposal = _load(proposal_id, now)
        kind, confirming = KINDS[proposal.kind], CONFIRMING[proposal.kind]
        second_person.check(
            actor.email,
            proposal.proposed_by,
            proposal.asked_by,
            otherwise=f"{actor} proposed it or asked for it: somebody else has to confirm it.",
        )
        _check_role(kind, actor)
        # The operation takes its locks before the proposal's status changes. Of two decisions at
        # once, the first to change the status counts.
        confirming.carry_out(proposal, actor=actor, now=now)
        _decide(proposal, Status.CONFIRMED, actor, now)
        _note(Action.PROPOSAL_CONFIRMED, proposal, actor, now, reason=proposal.reason)
    if confirming.afterwards:
        confirming.afterwards(proposal)
    return proposal


def refuse(*, proposal_id: int, reason: str, actor: User, now: datetime) -> Proposal:
    """Refuse another person's proposal, with a trail row; nothing else changes. Who only asked for
    the change may refuse it.

    Raises UnknownProposal, AlreadyDecided, Lapsed, SamePerson if `actor` proposed it, MayNotDecide,
    Invalid without a reason.
    """
    with transaction.atomic():
        proposal = _load(proposal_id, now)
        problem = f"{actor} proposed it: withdraw it, or let somebody else decide."
        second_person.check(actor.email, proposal.proposed_by, otherwise=problem)
        _check_role(KINDS[proposal.kind], actor)
        return _end(proposal, Status.REFUSED, Action.PROPOSAL_REFUSED, reason, actor, now)


def withdraw(*, proposal_id: int, reason: str, actor: User, now: datetime) -> Proposal:
    """Withdraw one's own proposal, with a trail row; nothing else changes.

    Raises UnknownProposal, AlreadyDecided, Lapsed, NotTheProposer, Invalid without a reason.
    """
    with transaction.atomic():
        proposal = _load(proposal_id, now)
        if proposal.proposed_by != actor.email:
            raise NotTheProposer(f"{proposal.proposed_by} proposed it; you can refuse it.")
        return _end(proposal, Status.WITHDRAWN, Action.PROPOSAL_WITHDRAWN, reason, actor, now)


def to_lapse(now: datetime) -> Sequence[int]:
    """Look up the ids, rising, of the proposals that have expired, and of lapsed ones whose
    proposers have not been e-mailed yet.
    """
    return list(
        Proposal.objects.filter(
            Q(status=Status.PROPOSED, lapses_at__lte=now)
            | Q(status=Status.LAPSED, told_at__isnull=True)
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def lapse(proposal_ids: Sequence[int], now: datetime) -> Failures:
    """Mark those of these proposals that wait and have expired as LAPSED, without a trail row, and
    e-mail here and now the proposers of lapsed ones who were not told yet. An e-mail that fails
    does not hold up the others, and is tried again by the next call. Returns the errors of e-mails
    that failed, by the proposal's id; one of TRANSIENT_ERRORS is raised at once. Rule 22.6.
    """
    _lapse(Proposal.objects.filter(pk__in=proposal_ids), now)
    failures: Failures = {}
    untold = Proposal.objects.filter(
        pk__in=proposal_ids, status=Status.LAPSED, told_at__isnull=True
    )
    for proposal in untold:
        try:
            _letter(proposal).send()
        except TRANSIENT_ERRORS:
            raise
        except Exception as error:  # whatever a mail backend raises: they have no common ancestor
            failures[proposal.pk] = error
            continue
        Proposal.objects.filter(pk=proposal.pk).update(told_at=now)
    return failures


def _lapse(proposals: Any, now: datetime) -> None:
    """Mark those of these proposals that wait and have expired as LAPSED, without a trail row;
    nobody is told here.
    """
    proposals.filter(status=Status.PROPOSED, lapses_at__lte=now).update(
        status=Status.LAPSED, decided_at=now
    )


def _letter(proposal: Proposal) -> Letter:
    """The e-mail, in English, that tells a proposer that the proposal has lapsed. It is not
    sent.
    """
    title = KINDS[proposal.kind].title
    with override("en"):
        return Letter(
            subject=f"Not confirmed in time: {title}, {proposal.subject}",
            body=(
                f"Nobody confirmed within {LAPSES_AFTER.days} days what you proposed on"
                f" {proposal.proposed_at:%d %B %Y} about {proposal.subject}. It has lapsed, and"
                " nothing has changed. Propose it again if it is still wanted."
            ),
            to=[proposal.proposed_by],
        )


def _load(proposal_id: int, now: datetime) -> Proposal:
    """Look up the proposal, which must wait for a decision; it is not locked. Raises
    UnknownProposal, AlreadyDecided for one that was confirmed, refused, withdrawn or marked
    as LAPSED, and Lapsed for one whose time is up at `now` and that is not marked yet.
    """
    proposal = Proposal.objects.filter(pk=proposal_id).first()
    if proposal is None:
        raise UnknownProposal("There is no such proposal.")
    if not proposal.waits:
        raise _already(proposal)
    if proposal.has_lapsed(now):
        raise Lapsed(f"It lapsed on {proposal.lapses_at:%d %B %Y}: propose it again.")
    return proposal


def _already(proposal: Proposal) -> AlreadyDecided:
    """The refusal, for the caller to raise, of a decision about a proposal that was decided before;
    it says how, and by whom.
    """
    by = proposal.decided_by and f" by {proposal.decided_by}"
    return AlreadyDecided(f"The proposal is {proposal.status}{by}.")


def _check_role(kind: Kind, actor: User) -> None:
    """Raise MayNotDecide unless `actor` is an operator who may take decisions of this kind."""
    found = User.objects.filter(pk=actor.pk, is_active=True, is_staff=True).first()
    if found is None or not found.has_perm(kind.permission):
        raise MayNotDecide(f"{actor} may not decide about this.")


def _end(
    proposal: Proposal, to: Status, action: Action, reason: str, actor: User, now: datetime
) -> Proposal:
    """Save that the proposal was refused or withdrawn, which is its new status `to`, with a trail
    row. Raises AlreadyDecided, Invalid.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    _decide(proposal, to, actor, now, answer=reason)
    _note(action, proposal, actor, now, reason=reason)
    return proposal


def _decide(proposal: Proposal, to: Status, actor: User, now: datetime, answer: str = "") -> None:
    """Save the decision on the proposal: its new status `to`, by whom, when, and with which answer.
    Raises AlreadyDecided if somebody else was first. The proposal that is given is changed, too.
    """
    step: dict[str, Any] = {
        "status": to,
        "decided_by": actor.email,
        "decided_at": now,
        "answer": answer,
    }
    waiting = Proposal.objects.filter(pk=proposal.pk, status=Status.PROPOSED)
    if not waiting.update(**step):
        proposal.refresh_from_db()
        raise _already(proposal)
    for name, value in step.items():
        setattr(proposal, name, value)


def _note(action: Action, proposal: Proposal, actor: User, now: datetime, reason: str) -> None:
    """Write a trail row with the proposed values of a new proposal, and with the statuses of a
    decided one.
    """
    is_new = action == Action.PROPOSED
    trail.write(
        action,
        merchant_id=proposal.merchant_id,
        subject=proposal.subject,
        before=_as_texts(proposal.before) if is_new else {"status": str(Status.PROPOSED)},
        after=_as_texts(proposal.after) if is_new else {"status": str(proposal.status)},
        actor=actor.email,
        reason=reason,
        now=now,
    )


def _as_texts(values: dict[str, Any]) -> dict[str, str]:
    """The values by their names as texts, lists with commas."""
    return {
        name: ", ".join(value) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }
