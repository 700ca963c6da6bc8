"""Payments that their providers took back, and whether they are charged again."""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision, Reasoned
from backoffice.filters import waiting
from backoffice.list_pages import FoundByKeys
from billing.admin import shown
from billing.admin.shown import AboutAccount
from billing.models import Reversal
from billing.operations import reversals
from billing.queries import waiting as queues
from lib import wording
from lib.text_fields import LineField, WordsField
from merchants.admin.two_people import CallOrPropose, done


class ReversalDecision(Reasoned):
    """The form that decides about a reversal. `seen` is its state when the page was shown, by which
    the operation can tell whether it has changed since.
    """

    message = WordsField(
        label="For the merchant",
        max_length=wording.LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="The merchant reads it.",
    )
    seen = LineField(max_length=60, widget=forms.HiddenInput)
    field_order = ("reason", "message", "seen")


def _what(reversal: Reversal) -> str:
    """Sentences about how much was taken back, what the provider says, and how much of it was
    unapplied money.
    """
    said = (
        f"{figure(reversal.amount)} of payment {reversal.payment} were taken"
        f" back; its provider says {reversal.state} of it. "
    )
    if not reversal.taken:
        return said
    return f"{said}{figure(reversal.taken)} of that were unapplied money. "


def _charge_effect(reversal: Reversal) -> str:
    """What an operator reads before charging the merchant again for money that was taken back: how
    much was, that the rest is charged at once and comes with the next bill, on a closed account
    with a final one, that the line is frozen if that bill fails, that the money is unapplied if it
    comes back later, and that the merchant is told.
    """
    return (
        f"{_what(reversal)}A charge of {figure(reversal.rest)} posts at once,"
        " and comes with the next bill; a closed account gets a final one. The line is frozen as"
        " soon as that bill fails. If the money comes back later, it is unapplied money of the"
        " merchant. The merchant is told."
    )


def _accept_effect(reversal: Reversal) -> str:
    """What an operator reads before not charging the merchant again: how much was taken back, how
    much of it is lost to us, and that the merchant is told.
    """
    return (
        f"{_what(reversal)}{figure(reversal.rest)} are lost to us: the merchant"
        " is asked for nothing, and is told."
    )


def _seen(reversal: Reversal) -> dict[str, Any]:
    """The initial data of the form: the status and state of the reversal that the page shows
    (Reversal.seen).
    """
    return {"seen": reversal.seen}


def _waits(reversal: Reversal) -> bool:
    """Whether the reversal waits for a decision."""
    return reversal.is_undecided


@admin.register(Reversal)
class ReversalAdmin(AboutAccount, FoundByKeys):
    merchant = "account__merchant"
    keys = ("provider_reference", "payment__idempotency_key", "account__merchant__reference")
    search_help_text = "The provider's reference, the payment's key, or the merchant's reference."
    list_display = (
        "__str__",
        related("account__merchant"),
        "payment",
        amount("amount"),
        "state",
        "status",
        "recorded_at",
        "decided_by",
    )
    list_filter = (waiting(queues.REVERSALS), "status", "kind")
    list_select_related = ("account__merchant", "payment")
    decisions = (
        Decision(
            "charge",
            "Charge again",
            form=ReversalDecision,
            effect=_charge_effect,
            shown=shown.reversal,
            carry_out=Call(reversals.charge, "reversal_id"),
            done="It is charged again.",
            initial=_seen,
            is_open=_waits,
        ),
        Decision(
            "accept",
            "Do not charge again",
            form=ReversalDecision,
            effect=_accept_effect,
            shown=shown.reversal,
            carry_out=CallOrPropose(reversals.accept, "reversal_id"),
            done=done("Nothing is asked of the merchant."),
            initial=_seen,
            is_open=_waits,
        ),
    )
