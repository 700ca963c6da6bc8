"""Corrects a merchant's proceeds by an operator's decision, and takes that back by a counter-entry
(rule 9.6).
"""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit.models import CreditLine, ProceedsCorrection, ProceedsEntry
from credit.notices.proceeds import PROCEEDS_CORRECTED
from credit.operations import lines
from credit.proposals import CORRECTION, COUNTER_ENTRY
from credit.trail import Action
from lib import form_keys, money, wording
from lib.refusals import AlreadyDecided, Invalid, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.sorts import PAY_OUT
from notices.operations import notices
from trail import operations as trail

ADDED, TAKEN = "ADDED", "TAKEN"  # what the merchant is told


class UnknownCorrection(Refused):
    """There is no such correction."""

    code = "unknown_correction"


@transaction.atomic
def correct(
    *,
    merchant_id: int,
    amount: Money,
    reason: str,
    told: str,
    request_key: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> ProceedsCorrection:
    """Add `amount` to the merchant's proceeds or, if it is below 0, take it from them, also where
    that leaves them below 0, with an entry and a trail row. It has matured at once, and is no part
    of what reviews count as paid. The merchant is notified and reads `told`; `reason` is for
    colleagues.

    The same form sent twice, recognised by its `request_key`, corrects once. What is added can be
    withdrawn, so it counts as a pay-out, and so does what is taken from the merchant: above the
    day's figure either takes the `proposal` that a second person confirms (TakesTwoPeople). Raises
    FormConflict, CurrencyMismatch, Invalid for an amount of 0 or one with more digits than the
    currency, or without both texts. It locks the line, whose ended days are worked off first
    (lines.lock). Rule 9.6.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    line = lines.lock(merchant_id, now=now)
    amount = money.accepted(amount, line.currency)
    if not amount:
        raise Invalid("amount", "must not be 0")
    known = form_keys.sent_before(
        line.proceeds_corrections.all(), request_key, amount=amount, told=told
    )
    if known:
        return known
    wanted = two_people.Change(
        kind=CORRECTION,
        subject="proceeds",
        merchant_id=line.pk,
        before={},  # proceeds move with every payment
        after={
            "added": money.full(amount),
            "proceeds_when_proposed": money.full(line.proceeds),
        },
    )
    _check_figure(line, amount, wanted, proposal)
    correction = ProceedsCorrection(
        line=line, amount=amount, reason=reason, told=told, request_key=request_key
    )
    return _write(correction, actor, proposal)


@transaction.atomic
def take_back(
    *,
    correction_id: int,
    reason: str,
    told: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> ProceedsCorrection:
    """Take a correction back by its counter-entry of exactly the opposite amount, once, with a
    trail row. The merchant is notified and reads `told`; `reason` is for colleagues. Returns the
    counter-entry.

    Above the day's figure for pay-outs it takes a second person, whichever way it goes. Raises
    TakesTwoPeople, ChangedMeanwhile, UnknownCorrection, AlreadyDecided for one that was taken back
    or is a counter-entry itself, and Invalid without both texts. It locks the line, whose ended
    days are worked off first (lines.lock). Rule 9.6.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    found = ProceedsCorrection.objects.filter(pk=correction_id)
    line_id = found.values_list("line", flat=True).first()
    if line_id is None:
        raise UnknownCorrection(f"correction: there is no correction {correction_id}")
    line = lines.lock(line_id, now=now)
    first = found.get()
    if first.is_counter_entry:
        raise AlreadyDecided(f"correction: {first} is a counter-entry; correct anew")
    if ProceedsCorrection.objects.filter(undoes=first).exists():
        raise AlreadyDecided(f"correction: {first} was taken back already")
    wanted = two_people.Change(
        kind=COUNTER_ENTRY,
        subject=f"correction {first.pk}",
        merchant_id=line.pk,
        before={"added": money.full(first.amount)},
        after={"added": money.full(money.zero(line.currency))},
    )
    _check_figure(line, first.amount, wanted, proposal)
    counter = ProceedsCorrection(
        line=line, amount=-first.amount, undoes=first, reason=reason, told=told
    )
    return _write(counter, actor, proposal)


def _check_figure(
    line: CreditLine, amount: Money, wanted: two_people.Change, proposal: Proposal | None
) -> None:
    """Raise TakesTwoPeople if the amount, whichever its sign, is above what one person may pay out
    that day, and nobody confirms it as `proposal`; ChangedMeanwhile if what a `proposal` changes is
    no more as it was when that was proposed. `wanted` is what a second person would be shown.
    """
    two_people.check_figure(
        PAY_OUT, abs(amount.amount), wanted, currency=line.currency, day=line.open_on,
        proposal=proposal,
    )  # fmt: skip


def _write(
    correction: ProceedsCorrection, actor: str, proposal: Proposal | None
) -> ProceedsCorrection:
    """Save the correction with its entry, change the line's proceeds, write it on the trail, count
    it among the day's pay-outs, and notify the merchant.
    """
    line = correction.line
    before = money.full(line.proceeds)
    correction.currency = line.currency
    correction.actor, correction.at = actor, line.now
    correction.save()
    ProceedsEntry.objects.create(
        line=line,
        kind=ProceedsEntry.Kind.CORRECTION,
        currency=line.currency,
        amount=correction.amount,
        correction=correction,
        at=line.now,
    )
    line.proceeds += correction.amount
    line.save(update_fields=["proceeds"])
    first = correction.undoes
    trail.write(
        Action.CORRECTION_TAKEN_BACK if first else Action.PROCEEDS_CORRECTED,
        merchant_id=line.pk,
        subject=f"correction {first.pk if first else correction.pk}",
        before={"proceeds": before},
        after={"proceeds": money.full(line.proceeds)} | two_people.proposed_by(proposal),
        actor=actor,
        reason=correction.reason,
        now=line.now,
    )
    two_people.note(
        PAY_OUT, subject=f"correction {correction.pk}", merchant_id=line.pk,
        currency=line.currency, figure=abs(correction.amount.amount), day=line.open_on,
        proposal=proposal, actor=actor, now=line.now,
    )  # fmt: skip
    _notify(correction)
    return correction


def _notify(correction: ProceedsCorrection) -> None:
    """Notify the merchant by how much its proceeds were corrected, how they stand, and why, in the
    words written for it.
    """
    notices.write(
        merchant_id=correction.line_id,
        kind=PROCEEDS_CORRECTED,
        cause=str(correction.pk),
        at=correction.at,
        status=ADDED if correction.amount.amount > 0 else TAKEN,
        amount=money.text(abs(correction.amount)),
        proceeds=money.text(correction.line.proceeds),
        currency=correction.currency,
        answer=correction.told,
    )
