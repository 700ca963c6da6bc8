"""Credits: asking for them, granting, approving and rejecting them (rule 14.1)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing import sorts
from billing.models import BillingAccount, BillingCredit, Charge, Fee
from billing.models.fees import CREDIT_FOR, Category
from billing.notices.answers import CREDIT_ANSWERED
from billing.operations import accounts, charges, rests
from billing.proposals import CREDIT, CREDIT_REQUEST
from billing.trail import Action
from lib import form_keys, money, second_person, wording
from lib.refusals import AlreadyDecided, Conflict, Invalid, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.proposals import Kind
from notices.operations import notices
from trail import operations as trail

STATUSES = {
    Action.CREDIT_GRANTED: BillingCredit.Status.APPROVED,
    Action.CREDIT_APPROVED: BillingCredit.Status.APPROVED,
    Action.CREDIT_REJECTED: BillingCredit.Status.REJECTED,
}


class UnknownCharge(Refused):
    """The account has no such charge, or it is a credit itself."""

    code = "unknown_charge"
    sentence = _("This charge can't be credited.")


class UnknownCredit(Refused):
    """There is no such credit."""

    code = "unknown_credit"


class CreditTooLarge(Refused):
    """Together with other credits on the charge, granted or asked for, it would exceed the
    charge.
    """

    code = "credit_too_large"
    sentence = _("With the credits before, that is more than the charge.")
    fields = ("amount",)


class CreditConflict(Conflict):
    """The same form was sent before, with other content."""

    sentence = _("This form was sent before, with other content. See under Credits.")


@transaction.atomic
def ask(
    *,
    merchant_id: int,
    charge: str,
    fee: str,
    amount: Money,
    message: str,
    request_key: str,
    actor: str,
    now: datetime,
) -> BillingCredit:
    """Ask for `amount` back on a charge, named by its reference; `fee` is the code of the fee that
    stands for the reason, and `message` says what went wrong. An operator decides about it later.
    Writes a trail row.

    The same form sent twice, recognised by its `request_key`, makes one credit. Raises
    UnknownCharge, CreditTooLarge, CreditConflict, CurrencyMismatch, Invalid. It locks the account,
    whose ended days are worked off first (accounts.lock). Rule 14.1, rule 14.3.
    """
    account = accounts.lock(merchant_id, now=now)
    now = account.now
    corrected = _charge(account, charge)
    credit, is_new = _ask(account, corrected, fee, amount, message, request_key, actor, now)
    if is_new:
        trail.write(
            Action.CREDIT_REQUESTED,
            merchant_id=merchant_id,
            subject=f"credit {credit.pk}",
            after={"amount": _amount_text(credit), "fee": fee, "charge": charge},
            actor=actor,
            reason=credit.message,
            now=now,
        )
    return credit


@transaction.atomic
def grant(
    *,
    merchant_id: int,
    charge: str = "",
    fee: str,
    amount: Money,
    reason: str,
    told: str,
    request_key: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> BillingCredit:
    """Give `amount` back at once, as a negative charge that corrects the charge with this reference
    or none; only operators do so. `fee` is the code of the fee that stands for the reason. The
    merchant is notified and reads `told`; `reason` is for colleagues, on the trail; the credit is
    also written among operators' decisions. On a closed account, unpaid bills are paid with what is
    then left in its favour.

    The same form sent twice, recognised by its `request_key`, makes one credit. Above the day's
    figure for credits it takes the `proposal` that a second person confirms. Raises TakesTwoPeople,
    UnknownCharge, CreditTooLarge, CreditConflict, CurrencyMismatch, Invalid. It locks account and
    credit line, whose ended days are worked off first (accounts.lock_both). Rule 14.1, rule 22.7.
    """
    account, _ = accounts.lock_both(merchant_id, now=now)
    now = account.now
    corrected = _charge(account, charge) if charge else None
    asked_by = proposal.proposed_by if proposal else actor
    credit, _ = _ask(account, corrected, fee, amount, told, request_key, asked_by, now)
    if not credit.is_pending:
        return credit
    _check_alone(account, credit, CREDIT, proposal)
    return _approve(account, credit, Action.CREDIT_GRANTED, actor, reason, told, now, proposal)


@transaction.atomic
def approve(
    *,
    credit_id: int,
    actor: str,
    reason: str,
    told: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> BillingCredit:
    """Turn a credit that was asked for into a negative charge, dated today, that posts at once. The
    merchant is notified and reads `told`; `reason` is for colleagues, on the trail. On a closed
    account, unpaid bills are paid with what is then left in its favour.

    Above the day's figure for credits it takes the `proposal` that a second person confirms. Raises
    TakesTwoPeople, UnknownCredit, AlreadyDecided, SamePerson if `actor` asked for it,
    CreditTooLarge, Invalid without both texts. It locks account and credit line, whose ended days
    are worked off first (accounts.lock_both). Rule 14.2, rule 22.7.
    """
    account, credit = _hold_pending(credit_id, now)
    now = account.now
    second_person.check(actor, credit.asked_by, otherwise=f"{actor} has asked for this credit.")
    _check_alone(account, credit, CREDIT_REQUEST, proposal)
    return _approve(account, credit, Action.CREDIT_APPROVED, actor, reason, told, now, proposal)


@transaction.atomic
def reject(*, credit_id: int, actor: str, reason: str, told: str, now: datetime) -> BillingCredit:
    """Refuse a credit that was asked for, and notify the merchant, who reads `told`; `reason` is
    for colleagues, on the trail. Raises UnknownCredit, AlreadyDecided, Invalid without both texts.
    It locks account and credit line, whose ended days are worked off first (accounts.lock_both).
    """
    account, credit = _hold_pending(credit_id, now)
    return _decide(credit, Action.CREDIT_REJECTED, actor, reason, told, account.now)


def _check_alone(
    account: BillingAccount, credit: BillingCredit, kind: Kind, proposal: Proposal | None
) -> None:
    """Raise TakesTwoPeople if the credit takes a second person, and nobody confirms it as
    `proposal`.
    """
    after = {"amount": _amount_text(credit), "fee": credit.fee_id}
    corrected = ""
    if credit.charge:
        corrected = f" on charge {credit.charge.reference}"
        after["charged"] = money.full(credit.charge.amount)
    wanted = two_people.Change(
        kind=kind,
        subject=f"credit{corrected}",
        merchant_id=account.pk,
        before={},
        after=after,
        asked_by=credit.asked_by if kind == CREDIT_REQUEST else "",
    )
    two_people.check_figure(
        sorts.CREDIT, credit.amount.amount, wanted, currency=account.currency, day=account.open_on,
        proposal=proposal,
    )  # fmt: skip


def _charge(account: BillingAccount, reference: str) -> Charge:
    """The account's charge with this reference. Raises UnknownCharge if there is none, or it is a
    credit or of another category that has no credits.
    """
    charge = account.charges.select_related("fee").filter(reference=reference).first()
    if charge is None or charge.fee.category not in CREDIT_FOR:
        raise UnknownCharge(f"charge: there is no charge {reference} that could be credited")
    return charge


def _ask(
    account: BillingAccount,
    charge: Charge | None,
    fee: str,
    amount: Money,
    message: str,
    request_key: str,
    actor: str,
    now: datetime,
) -> tuple[BillingCredit, bool]:
    """Write the credit that is asked for, or find the one that the form with this request key made
    before; returns the credit, and whether it is new. `fee` is the code of its reason, and `charge`
    what it corrects, if anything. Writes no trail row. Raises CreditTooLarge, CreditConflict,
    CurrencyMismatch, Invalid.
    """
    message = wording.checked("message", message)
    amount = money.accepted(amount, account.currency)
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    known = form_keys.sent_before(
        account.credits.all(),
        request_key,
        conflict=CreditConflict,
        charge=charge,
        fee_id=fee,
        amount=amount,
    )
    if known:
        return known, False
    credit_fee = _credit_fee(fee, charge)
    if charge is not None:
        _check_room(charge, amount, Q(status__in=BillingCredit.COUNTED))
    credit = BillingCredit.objects.create(
        account=account,
        charge=charge,
        fee=credit_fee,
        currency=account.currency,
        amount=amount,
        message=message,
        request_key=request_key,
        asked_at=now,
        asked_by=actor,
    )
    return credit, True


def _credit_fee(code: str, charge: Charge | None) -> Fee:
    """The fee with this code, if it may be the reason of a credit on this charge or, without a
    charge, of any credit. Raises Invalid otherwise.
    """
    categories = {CREDIT_FOR[Category(charge.fee.category)]} if charge else CREDIT_FOR.values()
    fee = (
        Fee.objects.filter(pk=code, category__in=categories).exclude(pk__in=Fee.NOT_GRANTED).first()
    )
    if fee is None:
        raise Invalid("reason", f"{code!r} is no reason for this credit")
    return fee


def _check_room(charge: Charge, amount: Money, counted: Q) -> None:
    """Raise CreditTooLarge if `amount`, together with those of the charge's credits that the
    condition `counted` selects, is more than the charge.
    """
    before = (credit.amount for credit in charge.credits.filter(counted))
    left = charge.amount - money.total(before, charge.currency)
    if amount > left:
        shown = money.text(max(left, money.zero(charge.currency)))
        raise CreditTooLarge(
            f"amount: {money.text(amount)} is more than the {shown} left of the charge"
        )


def _hold_pending(credit_id: int, now: datetime) -> tuple[BillingAccount, BillingCredit]:
    """Lock the account and credit line of a credit that waits to be decided; returns the account
    and the credit. Of two decisions at once, the second waits here.

    The line is locked since a credit may pay the bill that froze it. Raises UnknownCredit,
    AlreadyDecided.
    """
    account_id = (
        BillingCredit.objects.filter(pk=credit_id).values_list("account", flat=True).first()
    )
    if account_id is None:
        raise UnknownCredit(f"credit: there is no credit {credit_id}")
    account, _ = accounts.lock_both(account_id, now=now)
    credit = BillingCredit.objects.select_related("charge", "fee").get(pk=credit_id)
    if not credit.is_pending:
        raise AlreadyDecided(f"credit: {credit_id} is {credit.status} already")
    return account, credit


def _approve(
    account: BillingAccount,
    credit: BillingCredit,
    action: Action,
    actor: str,
    reason: str,
    told: str,
    now: datetime,
    proposal: Proposal | None,
) -> BillingCredit:
    """Make the negative charge, record the decision, also on the trail and among operators'
    decisions, and notify the merchant; on a closed account, pay unpaid bills with what is left in
    its favour. Raises CreditTooLarge, and Invalid without a reason or an answer. The credit that is
    given is changed and saved. The merchant reads `told`; `reason` is for colleagues.
    """
    if credit.charge is not None:
        _check_room(credit.charge, credit.amount, Q(status=BillingCredit.Status.APPROVED))
    credit.made = charges.record_own(
        account,
        fee=credit.fee,
        reference=f"credit:{credit.pk}",
        amount=-credit.amount,
        request=credit.charge.request if credit.charge else "",
        description=credit.charge.reference if credit.charge else "",
        now=now,
    )
    decided = _decide(credit, action, actor, reason, told, now, proposal)
    two_people.note(
        sorts.CREDIT, subject=f"credit {credit.pk}", merchant_id=account.pk,
        currency=account.currency, figure=credit.amount.amount, day=account.open_on,
        proposal=proposal, actor=actor, now=now,
    )  # fmt: skip
    if account.is_closed:
        account.refresh_from_db()
        rests.pay_invoices(account, actor=actor, now=now)
    return decided


def _decide(
    credit: BillingCredit,
    action: Action,
    actor: str,
    reason: str,
    told: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> BillingCredit:
    """Give the credit the status that `action` stands for, by whom and when; write it on the trail
    and notify the merchant, who reads `told`. Raises Invalid without a reason or an answer.
    """
    before, credit.status = credit.status, STATUSES[action]
    credit.decided_at = now
    credit.decided_by = actor
    reason, credit.reason = wording.checked("reason", reason), wording.checked("told", told)
    credit.save(update_fields=["status", "decided_at", "decided_by", "reason", "made"])
    _write_trail(action, credit, before, reason, now, proposal)
    notices.write(
        merchant_id=credit.account_id,
        kind=CREDIT_ANSWERED,
        cause=str(credit.pk),
        at=now,
        status=str(credit.status),
        answer=credit.reason,
        amount=money.text(credit.amount),
        currency=credit.currency,
    )
    return credit


def _write_trail(
    action: Action,
    credit: BillingCredit,
    before: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None,
) -> None:
    """Write the decision about the credit on the trail, with its status before and after; the
    amount counts as credited only if there is a charge for it.
    """
    nothing = money.full(money.zero(credit.currency))
    trail.write(
        action,
        merchant_id=credit.account_id,
        subject=f"credit {credit.pk}",
        before={"status": before, "credited": nothing},
        after={
            "status": str(credit.status),
            "credited": _amount_text(credit) if credit.made else nothing,
            "fee": credit.fee_id,
            "charge": credit.charge.reference if credit.charge else "",
        }
        | two_people.proposed_by(proposal),
        actor=credit.decided_by,
        reason=reason,
        now=now,
    )


def _amount_text(credit: BillingCredit) -> str:
    """The credit's amount as text with its currency, for the trail."""
    return money.full(credit.amount)
