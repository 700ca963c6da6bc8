"""Records what merchants ask about their limits, and operators' answers (rule 8.16)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from credit.models import CreditLine, LimitEntry, LimitRequest
from credit.notices.line import REQUEST_ANSWERED
from credit.operations import limits, lines
from credit.operations.lines import LineClosed as LineClosed
from credit.proposals import RAISE
from credit.trail import Action
from lib import form_keys, money, second_person, wording
from lib.refusals import AlreadyDecided, Refused
from merchants.models import Proposal
from notices.operations import notices
from trail import operations as trail

PENDING = LimitRequest.Status.PENDING
STATUSES = {
    Action.RAISE_GRANTED: LimitRequest.Status.APPROVED,
    Action.RAISE_REFUSED: LimitRequest.Status.REJECTED,
    Action.QUESTION_ANSWERED: LimitRequest.Status.ANSWERED,
}


class RaiseAlreadyAsked(Refused):
    """The merchant has asked for a raise that is not answered yet; only one may wait at a time."""

    code = "raise_already_asked"
    sentence = _(
        "You have asked for a higher limit already. You can ask again once we have answered."
    )


class NotARaise(Refused):
    """The limit named is not above the present one."""

    code = "not_a_raise"
    sentence = _("Name a limit that is above the present one.")
    fields = ("limit",)


class UnknownRequest(Refused):
    """There is no such request of the kind that was asked for, a raise or a question."""

    code = "unknown_request"


@transaction.atomic
def ask_raise(
    *,
    merchant_id: int,
    limit_wanted: Money,
    message: str,
    request_key: str = "",
    actor: str,
    now: datetime,
) -> LimitRequest:
    """Record, with a trail row, that the merchant asks for a limit of `limit_wanted`; `message`
    says why. A form that is sent twice, with the same `request_key`, makes one request.

    Raises FormConflict, LineClosed, RaiseAlreadyAsked, NotARaise, CurrencyMismatch, Invalid. It
    locks the line, whose ended days are worked off first (lines.lock). Rule 8.16.
    """
    message = wording.checked("message", message)
    line = lines.lock(merchant_id, now=now)
    now = line.now
    wanted = money.accepted(limit_wanted, line.currency, field="limit_wanted")
    kind = LimitRequest.Kind.RAISE
    content: dict[str, Any] = {"kind": kind, "limit_wanted": wanted, "message": message}
    if known := form_keys.sent_before(line.requests.all(), request_key, **content):
        return known
    lines.check_open(line)
    _check_raises(line, wanted)
    if line.requests.filter(kind=kind, status=PENDING).exists():
        raise RaiseAlreadyAsked("request: a raise was asked for and is not answered yet")
    request = line.requests.create(
        **content, currency=line.currency, request_key=request_key, asked_at=now, asked_by=actor
    )
    trail.write(
        Action.RAISE_REQUESTED,
        merchant_id=line.pk,
        subject=f"limit request {request.pk}",
        after={"limit_wanted": money.full(wanted)},
        actor=actor,
        reason=message,
        now=now,
    )
    return request


@transaction.atomic
def ask_question(
    *, merchant_id: int, message: str, request_key: str = "", actor: str, now: datetime
) -> LimitRequest:
    """Record a merchant's question about its limit, also of a closed line; it has no trail row. A
    form that is sent twice, with the same `request_key`, makes one question. Raises FormConflict,
    Invalid. It locks the line, whose ended days are worked off first (lines.lock).
    """
    message = wording.checked("message", message)
    line = lines.lock(merchant_id, now=now)
    content: dict[str, Any] = {"kind": LimitRequest.Kind.QUESTION, "message": message}
    known = form_keys.sent_before(line.requests.all(), request_key, **content)
    return known or line.requests.create(
        **content,
        currency=line.currency,
        request_key=request_key,
        asked_at=line.now,
        asked_by=actor,
    )


def approve_raise(
    *,
    request_id: int,
    limit: Money | None = None,
    actor: str,
    reason: str,
    told: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> LimitRequest:
    """Raise the limit to the one that the merchant wanted, or to `limit`, which may be less or
    more, and answer the request by `told`, which the merchant is notified of; `reason` is for
    colleagues. It writes an entry and trail rows, and voids a raise that waits after a review
    (limits.change).

    Above the caps it takes the `proposal` that a second person confirms (limits.set_limit). Raises
    TakesTwoPeople, ChangedMeanwhile, AlreadyDecided, UnknownRequest, NotARaise when the limit is
    that high by now, LineClosed, SamePerson for who asked, CurrencyMismatch, Invalid. It locks the
    line, whose ended days are worked off first (lines.lock). Rule 8.16.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    with transaction.atomic():
        line, request = _lock_pending(request_id, LimitRequest.Kind.RAISE, now)
        now = line.now
        second_person.check(actor, request.asked_by, otherwise=f"{actor} has asked for this raise.")
        raised = request.limit_wanted if limit is None else limit
        assert raised is not None  # a raise has one: the database says so
        raised = money.accepted(raised, line.currency, field="limit")
        _check_raises(line, raised)
        limits.change(
            line, raised, entry=LimitEntry.Kind.LIMIT_SET, kind=RAISE,
            about={"request": str(request.pk)}, asked_by=request.asked_by, actor=actor,
            reason=reason, told=told, now=now, proposal=proposal,
        )  # fmt: skip
        return _answer(request, line, Action.RAISE_GRANTED, actor, reason, told, now)


def reject(*, request_id: int, actor: str, reason: str, told: str, now: datetime) -> LimitRequest:
    """Reject a raise that the merchant asked for, with a trail row, and leave the limit as it is.
    The merchant is notified, and reads `told`; `reason` is for colleagues.

    Raises AlreadyDecided, UnknownRequest, Invalid without a reason or an answer. It locks the line,
    whose ended days are worked off first (lines.lock).
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    with transaction.atomic():
        line, request = _lock_pending(request_id, LimitRequest.Kind.RAISE, now)
        return _answer(request, line, Action.RAISE_REFUSED, actor, reason, told, line.now)


def reject_as_closed(line: CreditLine, *, actor: str, now: datetime) -> None:
    """Reject the raise that the merchant asked for and that waits on the locked line, because the
    account was closed: with a trail row, and a notice in the merchant's language. Does nothing if
    none waits.
    """
    waiting = line.requests.filter(kind=LimitRequest.Kind.RAISE, status=PENDING).first()
    if waiting:
        with override(line.merchant.language):
            told = gettext("Your account was closed.")
        _answer(waiting, line, Action.RAISE_REFUSED, actor, "The account was closed.", told, now)


def answer(*, request_id: int, actor: str, reason: str, told: str, now: datetime) -> LimitRequest:
    """Answer a merchant's question by `told`, with a trail row, and notify the merchant; `reason`
    is for colleagues.

    Raises AlreadyDecided, UnknownRequest, Invalid without a reason or an answer. It locks the line,
    whose ended days are worked off first (lines.lock).
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    with transaction.atomic():
        line, request = _lock_pending(request_id, LimitRequest.Kind.QUESTION, now)
        return _answer(request, line, Action.QUESTION_ANSWERED, actor, reason, told, line.now)


def _check_raises(line: CreditLine, limit: Money) -> None:
    """Raise NotARaise unless the limit is above the line's present one."""
    if limit <= line.limit:
        present = money.text(line.limit)
        raise NotARaise(f"limit: {money.text(limit)} is not above the present limit of {present}")


def _lock_pending(
    request_id: int, kind: LimitRequest.Kind, now: datetime
) -> tuple[CreditLine, LimitRequest]:
    """Lock the line of a request of this kind. Returns the line and the request. Raises
    UnknownRequest if there is no such request of this kind, and AlreadyDecided if it does not wait
    any more. Ended days of the line are worked off first (lines.lock).
    """
    asked = LimitRequest.objects.filter(pk=request_id, kind=kind)
    line_id = asked.values_list("line", flat=True).first()
    if line_id is None:
        raise UnknownRequest(f"request: there is no {kind.label} {request_id}")
    line = lines.lock(line_id, now=now)
    request = asked.get()
    if request.status != LimitRequest.Status.PENDING:
        raise AlreadyDecided(f"request: {request_id} is {request.status} already")
    return line, request


def _answer(
    request: LimitRequest,
    line: CreditLine,
    action: Action,
    actor: str,
    reason: str,
    told: str,
    now: datetime,
) -> LimitRequest:
    """Save the operator's answer on the request with the status that the action gives it, write a
    trail row, and notify the merchant. The merchant reads `told`; `reason` is for colleagues.
    """
    trail.write(
        action,
        merchant_id=line.pk,
        subject=f"limit request {request.pk}",
        before={"status": request.status},
        after={"status": str(STATUSES[action])},
        actor=actor,
        reason=reason,
        now=now,
    )
    request.status = STATUSES[action]
    request.answer = told
    request.answered_at = now
    request.answered_by = actor
    request.save(update_fields=["status", "answer", "answered_at", "answered_by"])
    notices.write(
        merchant_id=line.pk,
        kind=REQUEST_ANSWERED,
        cause=str(request.pk),
        at=now,
        request=str(request.pk),
        status=str(request.status),
        answer=told,
        limit=money.text(line.limit),
        currency=line.currency,
    )
    return request
