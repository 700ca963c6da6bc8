"""Changes a limit by an operator's decision (rule 8.17, rule 8.18)."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit import sorts
from credit.models import CreditLine, LimitEntry
from credit.operations import lines, reviews, usage
from credit.proposals import LIMIT
from credit.queries import history, policies
from credit.trail import Action
from lib import money, wording
from lib.refusals import Invalid
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.proposals import Kind
from trail import operations as trail


def set_limit(
    *,
    merchant_id: int,
    limit: Money,
    actor: str,
    reason: str,
    told: str = "",
    now: datetime,
    proposal: Proposal | None = None,
) -> LimitEntry:
    """Set the line's limit, even below what is used: then nothing is available until payments come.
    It writes an entry and a trail row, voids a raise that waits after a review, and notifies the
    merchant if a cut leaves four fifths or all of the limit used (`change`). The merchant reads
    `told`, or a standard sentence without; `reason` is for colleagues.

    A raise above the caps takes the `proposal` that a second person confirms. Raises LineClosed,
    TakesTwoPeople, ChangedMeanwhile, CurrencyMismatch, Invalid for a negative or unchanged limit,
    or without a reason. It locks the line, whose ended days are worked off first (lines.lock). Rule
    8.17, rule 8.18.
    """
    reason, told = wording.checked("reason", reason), wording.optional("told", told)
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now = line.now
        limit = money.accepted(limit, line.currency, field="limit")
        if limit.amount < 0:
            raise Invalid("limit", "must not be negative")
        if limit == line.limit and proposal is None:
            raise Invalid("limit", f"is {money.text(limit)} already")
        return change(
            line, limit, entry=LimitEntry.Kind.LIMIT_SET, kind=LIMIT, actor=actor, reason=reason,
            told=told, now=now, proposal=proposal,
        )  # fmt: skip


def change(
    line: CreditLine,
    limit: Money,
    *,
    entry: LimitEntry.Kind,
    kind: Kind,
    about: Mapping[str, str] | None = None,
    asked_by: str = "",
    actor: str,
    reason: str,
    told: str,
    now: datetime,
    proposal: Proposal | None,
) -> LimitEntry:
    """Change the locked line's limit by a person's decision of this kind, and write its entry (of
    kind `entry`) and a trail row; a raise also among operators' decisions.

    A raise above the caps takes the confirmed `proposal`; `about` is what the second person is
    shown besides the two limits, and `asked_by` who wanted it. A raise that waits after a review
    becomes VOID, and the merchant is notified if a cut leaves four fifths or all of the limit used.
    Raises LineClosed, TakesTwoPeople, ChangedMeanwhile. The merchant reads `told`. Rule 4.3, rule
    8.10, rule 8.18.
    """
    wanted = two_people.Change(
        kind=kind,
        subject="limit",
        merchant_id=line.pk,
        before={"limit": money.full(line.limit)},
        after={"limit": money.full(limit), **(about or {})},
        asked_by=asked_by,
    )
    lines.check_open(line)
    two_people.check(wanted, is_above=_is_above(line, limit), proposal=proposal)
    before, line.limit = line.limit, limit
    line.save(update_fields=["limit"])
    trail.write(
        Action.LIMIT_CHANGED,
        merchant_id=line.pk,
        subject="credit line",
        before={"limit": money.full(before)},
        after={"limit": money.full(limit)} | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=now,
    )
    made = LimitEntry.objects.create(
        line=line,
        kind=entry,
        currency=line.currency,
        limit_change=limit - before,
        limit_after=limit,
        used_after=line.used,
        actor=actor,
        reason=reason,
        told=told,
        at=now,
    )
    if limit > before:
        two_people.note(
            sorts.LIMIT, subject=f"limit entry {made.pk}", merchant_id=line.pk,
            currency=line.currency, figure=limit.amount, day=line.open_on, proposal=proposal,
            actor=actor, now=now,
        )  # fmt: skip
    reviews.overtake(line, actor=actor, now=now)
    usage.notify_of_cut(line, limit_before=before, limit=limit, cause=f"entry {made.pk}", at=now)
    return made


def _is_above(line: CreditLine, limit: Money) -> bool:
    """Whether raising the locked line's limit to `limit` is above the caps: above the maximum of
    the credit policy in force, or above double the lowest limit that the line had in the last 30
    local days. Where the currency has no credit policy, and so no reviews, any raise is above them.
    A limit that is no higher than the present one never is.
    """
    if limit <= line.limit:
        return False
    policy = policies.in_force(line.currency, line.open_on)
    if not policy.holds_reviews:
        return True
    return limit > policy.maximum_limit or limit > 2 * history.lowest_limit(line)
