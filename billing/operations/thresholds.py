"""The billing threshold: asking for a higher one, answering, changing it (rule 15.20)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing import sorts
from billing.models import AccountChange, BillingAccount, ThresholdRequest
from billing.notices.answers import THRESHOLD_ANSWERED
from billing.operations import accounts
from billing.operations.charges import AccountClosed
from billing.proposals import THRESHOLD, THRESHOLD_REQUEST
from billing.trail import Action
from lib import form_keys, money, second_person, wording
from lib.refusals import AlreadyDecided, Invalid, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.proposals import Kind
from notices.operations import notices
from trail import operations as trail

STATUSES = {
    Action.THRESHOLD_GRANTED: ThresholdRequest.Status.APPROVED,
    Action.THRESHOLD_REFUSED: ThresholdRequest.Status.REJECTED,
}


class RequestPending(Refused):
    """A threshold was asked for and is not answered yet; only one request may wait at a time."""

    code = "request_pending"
    sentence = _(
        "You have asked for a higher threshold already. You can ask again once we have answered."
    )


class NotHigher(Refused):
    """The threshold named is not above the present one."""

    code = "not_higher"
    sentence = _("Name a threshold that is above the present one.")
    fields = ("threshold",)


class UnknownRequest(Refused):
    """There is no such request."""

    code = "unknown_request"


@transaction.atomic
def ask(
    *,
    merchant_id: int,
    threshold: Money,
    message: str,
    request_key: str = "",
    actor: str,
    now: datetime,
) -> ThresholdRequest:
    """Ask for a higher threshold; `message` says why. An operator answers later. Writes a trail
    row.

    The same form sent twice, recognised by its `request_key`, makes one request. Raises
    FormConflict, AccountClosed, RequestPending, NotHigher, CurrencyMismatch, Invalid. It locks the
    account, whose ended days are worked off first (accounts.lock). Rule 15.20.
    """
    message = wording.checked("message", message)
    account = accounts.lock(merchant_id, now=now)
    now = account.now
    wanted = money.accepted(threshold, account.currency, field="threshold")
    asked = account.threshold_requests.all()
    content: dict[str, Any] = {"threshold_wanted": wanted, "message": message}
    if known := form_keys.sent_before(asked, request_key, **content):
        return known
    _check_open(account)
    _check_raises(account, wanted)
    if account.threshold_requests.filter(status=ThresholdRequest.Status.PENDING).exists():
        raise RequestPending("request: a threshold was asked for and is not answered yet")
    request = ThresholdRequest.objects.create(
        account=account,
        currency=account.currency,
        threshold_before=account.threshold,
        threshold_wanted=wanted,
        message=message,
        request_key=request_key,
        asked_at=now,
        asked_by=actor,
    )
    trail.write(
        Action.THRESHOLD_REQUESTED,
        merchant_id=account.pk,
        subject=f"threshold request {request.pk}",
        after={"threshold_wanted": money.full(wanted)},
        actor=actor,
        reason=message,
        now=now,
    )
    return request


@transaction.atomic
def approve(
    *,
    request_id: int,
    threshold: Money | None = None,
    actor: str,
    reason: str,
    told: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> ThresholdRequest:
    """Raise the threshold to the one that was asked for, or to `threshold`, which may be less or
    more than that. The merchant is notified and reads `told`; `reason` is for colleagues. Both the
    change and the answer are on the trail, and the change is among operators' decisions.

    Above the policy's figure it takes the `proposal` that a second person confirms. Raises
    TakesTwoPeople, ChangedMeanwhile, UnknownRequest, AlreadyDecided, AccountClosed, SamePerson if
    `actor` asked for it, NotHigher, CurrencyMismatch, Invalid without both texts. It locks the
    account, whose ended days are worked off first (accounts.lock). Rule 15.20.
    """
    account, request = _hold_pending(request_id, now)
    now = account.now
    _check_open(account)
    second_person.check(actor, request.asked_by, otherwise=f"{actor} has asked for this threshold.")
    given = request.threshold_wanted if threshold is None else threshold
    given = money.accepted(given, account.currency, field="threshold")
    _check_raises(account, given)
    wanted = _wanted(account, given, THRESHOLD_REQUEST, asked_by=request.asked_by)
    _set(account, given, wanted, proposal, actor, reason, now)
    request.threshold_given = given
    return _answer(request, account, Action.THRESHOLD_GRANTED, actor, reason, told, now)


@transaction.atomic
def reject(
    *, request_id: int, actor: str, reason: str, told: str, now: datetime
) -> ThresholdRequest:
    """Reject the request, notify the merchant, who reads `told`, and leave the threshold as it is;
    `reason` is for colleagues, on the trail. Raises UnknownRequest, AlreadyDecided, Invalid without
    both texts. It locks the account, whose ended days are worked off first (accounts.lock).
    """
    account, request = _hold_pending(request_id, now)
    now = account.now
    return _answer(request, account, Action.THRESHOLD_REFUSED, actor, reason, told, now)


def reject_as_closed(account: BillingAccount, *, actor: str, now: datetime) -> None:
    """Reject the request that waits on the locked account because the account was closed, with a
    trail row and a notice. Does nothing if none waits.

    The answer is written in the merchant's language.
    """
    waiting = account.threshold_requests.filter(status=ThresholdRequest.Status.PENDING).first()
    if waiting:
        with override(account.merchant.language):
            told = gettext("Your account was closed.")
        why = "The account was closed."
        _answer(waiting, account, Action.THRESHOLD_REFUSED, actor, why, told, now)


@transaction.atomic
def change(
    *,
    merchant_id: int,
    threshold: Money,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> BillingAccount:
    """Set the threshold, higher or lower, and record that, also on the trail if it differs, and a
    higher one among operators' decisions. Nothing is billed until the next posting. The merchant is
    not notified, and a request of theirs for a higher one goes on waiting.

    A higher one above the policy's figure takes the `proposal` that a second person confirms.
    Raises TakesTwoPeople, ChangedMeanwhile, AccountClosed, CurrencyMismatch, Invalid for one below
    0 or without a reason. It locks the account, whose ended days are worked off first
    (accounts.lock). Rule 15.8.
    """
    account = accounts.lock(merchant_id, now=now)
    now = account.now
    _check_open(account)
    threshold = money.accepted(threshold, account.currency, field="threshold")
    if threshold.amount < 0:
        raise Invalid("threshold", "must not be negative")
    _set(account, threshold, _wanted(account, threshold, THRESHOLD), proposal, actor, reason, now)
    return account


def _check_open(account: BillingAccount) -> None:
    """Raise AccountClosed if the account is closed, as no threshold bills it any more."""
    if account.is_closed:
        raise AccountClosed(f"threshold: the account was closed on {account.closed_on}")


def _check_raises(account: BillingAccount, threshold: Money) -> None:
    """Raise NotHigher unless the threshold is above the present one."""
    if threshold <= account.threshold:
        named, present = money.text(threshold), money.text(account.threshold)
        raise NotHigher(f"threshold: {named} is not above the present one of {present}")


def _wanted(
    account: BillingAccount, threshold: Money, kind: Kind, asked_by: str = ""
) -> two_people.Change:
    """The change of the threshold as a second person is shown it; `asked_by` is who asked for it,
    if somebody did.
    """
    return two_people.Change(
        kind=kind,
        subject="threshold",
        merchant_id=account.pk,
        before={"threshold": money.full(account.threshold)},
        after={"threshold": money.full(threshold)},
        asked_by=asked_by,
    )


def _set(
    account: BillingAccount,
    threshold: Money,
    wanted: two_people.Change,
    proposal: Proposal | None,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Change the locked account's threshold, and record that, also on the trail if it differs; a
    higher one also among operators' decisions. A lower one only protects, and takes nobody else.
    Raises TakesTwoPeople if a higher one takes a second person and nobody confirms `wanted` as
    `proposal`; ChangedMeanwhile if a `proposal` is given, and the threshold is no more as it was
    when that was proposed; Invalid without a reason.
    """
    is_raise = threshold > account.threshold
    if is_raise or proposal:
        two_people.check_figure(
            sorts.THRESHOLD, threshold.amount, wanted, currency=account.currency,
            day=account.open_on, proposal=proposal,
        )  # fmt: skip
    change = accounts.note_change(
        account,
        AccountChange.What.THRESHOLD,
        before=money.text(account.threshold),
        after=money.text(threshold),
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={
            "threshold": (
                money.full(account.threshold),
                money.full(threshold),
            )
        },
        proposal=proposal,
    )
    if is_raise:
        two_people.note(
            sorts.THRESHOLD, subject=f"account change {change.pk}", merchant_id=account.pk,
            currency=account.currency, figure=threshold.amount, day=account.open_on,
            proposal=proposal, actor=actor, now=now,
        )  # fmt: skip
    account.threshold = threshold
    account.save(update_fields=["threshold"])


def _hold_pending(request_id: int, now: datetime) -> tuple[BillingAccount, ThresholdRequest]:
    """Lock the account of a request that still waits for an answer; returns the account and the
    request. Of two answers at once, the second waits here. Raises UnknownRequest, AlreadyDecided.
    Ended days are worked off first (accounts.lock).
    """
    found = ThresholdRequest.objects.filter(pk=request_id)
    account_id = found.values_list("account", flat=True).first()
    if account_id is None:
        raise UnknownRequest(f"request: there is no threshold request {request_id}")
    account = accounts.lock(account_id, now=now)
    request = found.get()
    if not request.is_pending:
        raise AlreadyDecided(f"request: {request_id} is {request.status} already")
    return account, request


def _answer(
    request: ThresholdRequest,
    account: BillingAccount,
    action: Action,
    actor: str,
    reason: str,
    told: str,
    now: datetime,
) -> ThresholdRequest:
    """Record the answer that `action` stands for, write it on the trail and notify the merchant,
    who reads `told`. Raises Invalid without a reason or an answer.
    """
    reason = wording.checked("reason", reason)
    before, request.status = request.status, STATUSES[action]
    request.answer = wording.checked("told", told)
    request.answered_at = now
    request.answered_by = actor
    request.save(
        update_fields=["status", "threshold_given", "answer", "answered_at", "answered_by"]
    )
    trail.write(
        action,
        merchant_id=account.pk,
        subject=f"threshold request {request.pk}",
        before={"status": before},
        after={"status": str(request.status)},
        actor=actor,
        reason=reason,
        now=now,
    )
    notices.write(
        merchant_id=account.pk,
        kind=THRESHOLD_ANSWERED,
        cause=str(request.pk),
        at=now,
        status=str(request.status),
        answer=request.answer,
        threshold=money.text(account.threshold),
        currency=account.currency,
    )
    return request
