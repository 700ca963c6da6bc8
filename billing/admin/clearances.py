"""Bills and credit notes that tax offices clear."""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from backoffice.columns import related
from backoffice.decisions import Act, Call, Decision, Reasoned
from backoffice.filters import waiting
from backoffice.list_pages import FoundByKeys
from backoffice.outcomes import LastDecision
from billing.admin.shown import AboutAccount
from billing.models import Clearance
from billing.operations import clearances
from billing.queries.waiting import CLEARANCES
from lib.text_fields import LineField


class NumberForm(Reasoned):
    """The number that a tax office gave a document, and the file that came with it."""

    number = LineField(
        label="Number",
        max_length=clearances.LONGEST_NUMBER,
        widget=UnfoldAdminTextInputWidget,
        help_text="As the tax office gave it. The merchant reads it on the bill and its PDF.",
    )
    file = forms.FileField(
        label="File",
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="The document as the tax office made it, of at most 1 MB. The merchant gets it.",
    )
    field_order = ("number", "file", "reason")


def _enter(act: Act) -> Clearance:
    """Enter the tax office's number for the document, and the file that came with it, as the
    operator's form states them, with a trail row; this ends the clearance. It locks the clearance.
    Raises UnknownClearance, AlreadyDecided once the clearance has a number, NotByHand while a
    provider is at it, and Invalid without a reason or number, or for a file that is too large.
    """
    file = act.cleaned_data["file"]
    return clearances.enter(
        clearance_id=act.row.pk,
        number=act.cleaned_data["number"],
        file=file.read() if file else b"",
        file_name=file.name if file else "",
        reason=act.reason,
        actor=act.actor,
        now=act.now,
    )


def _shown(clearance: Clearance) -> dict[str, Any]:
    """What a page of decisions shows of a clearance, and compares when the form comes back: its
    status and the number of its attempt.
    """
    return {"Status": clearance.get_status_display(), "Attempt": clearance.attempt}


@admin.register(Clearance)
class ClearanceAdmin(AboutAccount, FoundByKeys):
    keys = ("number", "invoice__number", "note__number", "account__merchant__reference")
    search_help_text = "The document’s number, that of the tax office, or the merchant’s reference."
    list_display = (
        *("__str__", related("account__merchant"), "provider", "stands", "number", "refusal"),
        *("taken_up_at", "sent_at", "ended_at", "ended_by"),
    )
    list_filter = (waiting(CLEARANCES), "status", "provider")
    list_select_related = ("invoice", "note", "account__merchant")
    exclude = ("content", "file")
    decisions = (
        Decision(
            "enter",
            "Enter number",
            form=NumberForm,
            effect=lambda clearance: (
                "The document is registered with the tax office under this number. It stays so:"
                " look twice."
            ),
            shown=_shown,
            carry_out=_enter,
            done="The number is on the document.",
            is_open=lambda clearance: clearance.is_by_hand,
        ),
        Decision(
            "again",
            "Send again",
            form=Reasoned,
            effect=lambda clearance: (
                f"It was refused: {clearance.refusal} It is sent once more, as a new attempt."
            ),
            shown=_shown,
            carry_out=Call(clearances.send_again, "clearance_id"),
            done="It is sent again within minutes.",
            is_open=lambda clearance: clearance.was_refused,
        ),
    )

    @admin.display(description="status", ordering="status")
    def stands(self, clearance: Clearance) -> str:
        """Its status; of an open one that is cleared by hand, that it waits for its number."""
        if clearance.is_open and clearance.is_by_hand:
            return "Waits for you to enter its number"
        return str(clearance.get_status_display())

    def last_decision(self, row: Any) -> LastDecision | None:
        """The clearance's status, with who ended it and when, a person or the job; with nobody and
        None for one that has not ended.
        """
        return LastDecision(str(row.get_status_display()), row.ended_by, row.ended_at)
