"""Credits that merchants ask for, and those that were granted."""

from django.contrib import admin
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from backoffice.decisions import Call, Deciding, Decision, Reasoned
from backoffice.list_pages import OfMerchant, amount, figure, related, waiting
from billing.models import BillingCredit
from billing.operations import credits
from billing.queries import waiting as queues

MERCHANT = related("account__merchant")


def _approve_effect(credit: BillingCredit) -> str:
    account = credit.account
    return translated(
        "{amount} is given back as a negative charge of today, {fee}. Outstanding goes from"
        " {before} to {after}. The merchant is told.\n\n{person} writes: {message}"
    ).format(
        amount=figure(credit.amount),
        fee=credit.fee,
        before=figure(account.outstanding),
        after=figure(account.outstanding - credit.amount),
        person=credit.asked_by,
        message=credit.message,
    )


def _reject_effect(credit: BillingCredit) -> str:
    return translated(
        "{amount} is not given back; nothing outstanding changes. The merchant is told why."
        "\n\n{person} writes: {message}"
    ).format(
        amount=figure(credit.amount),
        person=credit.asked_by,
        message=credit.message,
    )


def _waits(credit: BillingCredit) -> bool:
    return credit.is_pending


@admin.register(BillingCredit)
class BillingCreditAdmin(Deciding, OfMerchant):
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
            _("Approve"),
            form=Reasoned,
            effect=_approve_effect,
            carry_out=Call(credits.approve, "credit_id"),
            done=_("The credit is approved."),
            is_open=_waits,
        ),
        Decision(
            "reject",
            _("Reject"),
            form=Reasoned,
            effect=_reject_effect,
            carry_out=Call(credits.reject, "credit_id"),
            done=_("The credit is rejected."),
            is_open=_waits,
        ),
    )
