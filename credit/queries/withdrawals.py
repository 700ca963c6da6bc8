"""Finds withdrawals: a line's own, and those that a job or an operator has to deal with. Nothing
here writes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Case, DecimalField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from credit import withdrawal_failures
from credit.models import CreditLine, Freeze, Withdrawal
from credit.models.withdrawals import EXPECTED_WITHIN
from credit.queries.timelines import Step

# Providers give up on an answer long before (credit.providers), so the process that asked has died.
ANSWERED_WITHIN = timedelta(minutes=10)

# Nobody has to approve it, and nobody has sent it (Withdrawal.may_be_sent).
MAY_BE_SENT = Q(status=Withdrawal.Status.APPROVED) | Q(
    status=Withdrawal.Status.REQUESTED, needs_approval=False
)

# The groups by which a merchant filters its withdrawals.
UNDER_WAY, PAID, RETURNED, KEPT = "UNDER_WAY", "PAID", "RETURNED", "KEPT"
CAME_BACK = Q(status__in=[*Withdrawal.RETURNED, Withdrawal.Status.RETURNED_BY_BANK])
STANDINGS = {
    UNDER_WAY: Q(ended_at__isnull=True),
    PAID: Q(status=Withdrawal.Status.PAID),
    RETURNED: CAME_BACK,
    KEPT: ~CAME_BACK,
}


def of_line(line: CreditLine, *, standing: str = "", reference: str = "") -> QuerySet[Withdrawal]:
    """The line's withdrawals, newest first. A filter that is "" is not applied. `standing` is
    UNDER_WAY, PAID, RETURNED (those that failed, were rejected or cancelled, or were sent back by
    the bank) or KEPT (all but these); `reference` stands somewhere in the reference, in any case.
    """
    found = line.withdrawals.select_related("destination").order_by("-requested_at", "-pk")
    if reference:
        # Among the line's own: references are unique, and indexed, among those of all lines.
        found = found.filter(reference__icontains=reference)
    return found.filter(STANDINGS[standing]) if standing else found


def with_kept(found: QuerySet[Withdrawal]) -> QuerySet[Withdrawal]:
    """The withdrawals, each annotated with its amount as `kept`, or as `not_kept` if it came back;
    the other one of the two is 0. Rule 23.18.
    """
    amount, nothing = F("amount"), Value(Decimal(0))
    return found.annotate(
        kept=Case(When(CAME_BACK, then=nothing), default=amount, output_field=DecimalField()),
        not_kept=Case(When(CAME_BACK, then=amount), default=nothing, output_field=DecimalField()),
    )


def by_reference(line: CreditLine, reference: str) -> Withdrawal | None:
    """The line's withdrawal with exactly this reference, or None."""
    found = of_line(line).select_related("payout_run")
    return found.filter(reference=reference).first()


def under_way(line: CreditLine) -> QuerySet[Withdrawal]:
    """The line's withdrawals that have not ended, newest first."""
    return of_line(line, standing=UNDER_WAY)


def stopped_by(line: CreditLine) -> Freeze | None:
    """The first SUSPECTED_FRAUD freeze in force, which stops the line's withdrawals, or None."""
    suspicions = line.freezes.filter(reason=Freeze.Reason.SUSPECTED_FRAUD, lifted_at__isnull=True)
    return suspicions.order_by("placed_at", "pk").first() if line.is_frozen else None


def timeline(withdrawal: Withdrawal) -> list[Step]:
    """What happened to the withdrawal, oldest first: request, approval, sending, that it was
    flagged as late, its end with the reason, that it was paid after all, and that the bank sent it
    back, with the reason. Reasons of Tael's own are in the language in force. It names the
    merchant's people who requested or cancelled it, and no operators.
    """
    steps = [
        Step(
            withdrawal.requested_at,
            pgettext_lazy("withdrawal", "Requested"),
            note=withdrawal.requested_by,
        )
    ]
    if withdrawal.approved_at:
        steps.append(Step(withdrawal.approved_at, _("Approved")))
    if withdrawal.sent_at:
        steps.append(Step(withdrawal.sent_at, _("Sent")))
    if withdrawal.flagged_late_at:
        steps.append(
            Step(withdrawal.flagged_late_at, _("Not there after 24 hours: we are looking into it"))
        )
    if withdrawal.ended_at:
        is_cancelled = withdrawal.status == Withdrawal.Status.CANCELLED
        reason = withdrawal_failures.in_words(withdrawal.reason)
        note = withdrawal.ended_by if is_cancelled else reason
        steps.append(Step(withdrawal.ended_at, _how_it_ended(withdrawal), note=note))
    if withdrawal.corrected_at:
        steps.append(Step(withdrawal.corrected_at, _("Paid after all")))
    if withdrawal.returned_at:
        returned = Withdrawal.Status.RETURNED_BY_BANK.label
        note = withdrawal_failures.in_words(withdrawal.returned_reason)
        steps.append(Step(withdrawal.returned_at, returned, note=note))
    return sorted(steps, key=lambda step: step.at)


def _how_it_ended(withdrawal: Withdrawal) -> StrOrPromise:
    """The name of the status with which the withdrawal ended first, whatever was found later."""
    if withdrawal.corrected_at:
        return Withdrawal.Status.FAILED.label
    return Withdrawal.Status.PAID.label if withdrawal.was_paid else withdrawal.get_status_display()


def to_export() -> QuerySet[Withdrawal]:
    """All withdrawals that operators may put into a file for the bank now, oldest first: those that
    people send, on lines without suspected fraud, if they may be sent.
    """
    return _sendable().filter(provider=Withdrawal.MANUAL)


def to_send(now: datetime) -> Sequence[int]:
    """The ids of the withdrawals that the job sends to their providers: those that may be sent,
    except by people, on lines without suspected fraud. It does not depend on `now`.
    """
    return _keys(_sendable().exclude(provider=Withdrawal.MANUAL))


def to_reconcile(now: datetime) -> Sequence[int]:
    """The ids of the withdrawals about which a provider has to be asked, in random order: those
    that are UNKNOWN, or SENT without an answer for ten minutes.

    In a fixed order, those that a provider leaves unanswered would always come first, and after a
    few of them a run asks that provider nothing more.
    """
    left_alone = Q(status=Withdrawal.Status.SENT, sent_at__lte=now - ANSWERED_WITHIN)
    found = (
        _under_way()
        .filter(left_alone | Q(status=Withdrawal.Status.UNKNOWN))
        .exclude(provider=Withdrawal.MANUAL)
    )
    return list(found.order_by("?").values_list("pk", flat=True))


def to_flag_as_late(now: datetime) -> Sequence[int]:
    """The ids of the withdrawals requested 24 hours or longer before `now` that have not ended and
    are not marked as late.
    """
    return _keys(
        _under_way().filter(requested_at__lte=now - EXPECTED_WITHIN, flagged_late_at__isnull=True)
    )


def _under_way() -> QuerySet[Withdrawal]:
    """All withdrawals that have not ended, oldest first."""
    return Withdrawal.objects.filter(ended_at__isnull=True).order_by("requested_at", "pk")


def is_sendable() -> Q:
    """The condition that a withdrawal may be sent and that no suspected fraud stops its line."""
    suspected = Freeze.objects.filter(
        line=OuterRef("line"), reason=Freeze.Reason.SUSPECTED_FRAUD, lifted_at__isnull=True
    )
    return Q(ended_at__isnull=True) & MAY_BE_SENT & ~Q(Exists(suspected))


def _sendable() -> QuerySet[Withdrawal]:
    """All withdrawals that may be sent now, by people or by providers, on lines without suspected
    fraud, oldest first.
    """
    return _under_way().filter(is_sendable())


def _keys(found: QuerySet[Withdrawal]) -> Sequence[int]:
    """The ids of these withdrawals, sorted."""
    return list(found.order_by("pk").values_list("pk", flat=True))
