"""Credits that merchants ask for, and those that were granted."""

from django.contrib import admin

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision, Telling
from backoffice.filters import waiting
from backoffice.list_pages import OfMerchant
from backoffice.several import DecidingSeveral
from billing.admin import shown
from billing.admin.shown import AboutAccount
from billing.models import BillingCredit
from billing.operations import credits, credits_undone
from billing.queries import waiting as queues
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("account__merchant")


def _approve_effect(credit: BillingCredit) -> str:
    """What an operator reads before approving the credit: its amount and fee, that it is a negative
    charge of today, what is outstanding before and after, and that the merchant is told.
    """
    account = credit.account
    return (
        f"{figure(credit.amount)} is given back as a negative charge of today, {credit.fee}."
        f" Outstanding goes from {figure(account.outstanding)} to"
        f" {figure(account.outstanding - credit.amount)}. The merchant is told."
    )


def _reject_effect(credit: BillingCredit) -> str:
    """What an operator reads before rejecting the credit: the amount that is not credited, and that
    the merchant is told why.
    """
    return (
        f"{figure(credit.amount)} is not credited, and what is outstanding stays as it is. The"
        " merchant is told why."
    )


def _undo_effect(credit: BillingCredit) -> str:
    """What an operator reads before taking the credit back: that a charge of its amount does so,
    what is outstanding before and after, that a closed account gets a final bill for it, that what
    the credit was for can be credited again, and that the merchant is told why.
    """
    account = credit.account
    billed = " A final bill takes it." if account.is_closed else ""
    return (
        f"A charge of {figure(credit.amount)}, which is in no statement, takes the credit back."
        f" Outstanding goes from {figure(account.outstanding)} to"
        f" {figure(account.outstanding + credit.amount)}.{billed} What the credit was for can be"
        " credited again. The merchant is told why."
    )


def _waits(credit: BillingCredit) -> bool:
    """Whether a merchant asked for the credit and nobody has approved or rejected it yet."""
    return credit.is_pending


@admin.register(BillingCredit)
class BillingCreditAdmin(DecidingSeveral, AboutAccount, OfMerchant):
    several = ("approve", "reject")
    merchant = "account__merchant"
    reference = "charge__reference"
    list_display = (
        "__str__",
        MERCHANT,
        "charge",
        "fee",
        amount("amount"),
        "status",
        "asked_at",
        "asked_by",
        "decided_by",
    )
    list_filter = (waiting(queues.CREDITS), "status")
    list_select_related = ("account__merchant", "charge", "fee")
    search_help_text = "Merchant's reference, the charge's reference"
    decisions = (
        Decision(
            "approve",
            "Approve",
            form=Telling,
            effect=_approve_effect,
            shown=shown.status,
            carry_out=CallOrPropose(credits.approve, "credit_id"),
            done=done("The credit is approved."),
            is_open=_waits,
        ),
        Decision(
            "reject",
            "Reject",
            form=Telling,
            effect=_reject_effect,
            shown=shown.status,
            carry_out=Call(credits.reject, "credit_id"),
            done="The credit is rejected.",
            is_open=_waits,
        ),
        Decision(
            "undo",
            "Take back",
            form=Telling,
            effect=_undo_effect,
            shown=shown.status,
            carry_out=Call(credits_undone.undo, "credit_id"),
            done="The credit is taken back.",
            is_open=lambda credit: credit.is_given,
        ),
    )
