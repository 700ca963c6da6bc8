"""The admin page of proposals, on which a second person decides about them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from backoffice.briefs import BOOKS, Brief
from backoffice.decisions import Call, ConfirmForm, Deciding, Decision, Reasoned
from backoffice.list_pages import ReadOnly, waiting
from backoffice.queues import QUEUES
from merchants.models import Proposal
from merchants.operations import proposals
from merchants.proposals import KINDS


def _what(proposal: Proposal) -> str:
    """The sentences about a proposal: its kind, subject, values before and after, proposer and
    reason.
    """
    about = f" of {proposal.subject}"
    if proposal.merchant:
        about = f" ({proposal.subject}) of {proposal.merchant}"
    asked = f" Asked for by {proposal.asked_by}." if proposal.asked_by else ""
    return (
        f"{KINDS[proposal.kind].title}{about}: from"
        f" {_values(proposal.before)} to {_values(proposal.after)}.{asked} Proposed by"
        f" {proposal.proposed_by}: {proposal.reason}{_told(proposal)}"
    )


def _told(proposal: Proposal) -> str:
    """What the merchant is going to read, where something was written for it."""
    told = proposal.arguments.get("told", "")
    return f"\n\nThe merchant will read: {told}\n\n" if told else ""


def _shown(proposal: Proposal) -> dict[str, Any]:
    """The state of a proposal; nothing else of it ever changes."""
    return {"Status": proposal.get_status_display()}


def _values(values: dict[str, Any]) -> str:
    """The values as one text; "nothing" if all are empty."""
    told = {
        name: ", ".join(one) if isinstance(one, list) else str(one)
        for name, one in values.items()
        if one
    }
    if len(told) > 1:
        told = {name: f"{name.replace('_', ' ')} {one}" for name, one in told.items()}
    return "; ".join(told.values()) or "nothing"


def _may_decide(request: HttpRequest, proposal: Any) -> bool:
    """Whether the operator's role takes decisions of this kind. Who proposed it, or asked for it,
    is up to the operation.
    """
    return request.user.has_perm(KINDS[proposal.kind].permission)


@admin.register(Proposal)
class ProposalAdmin(Deciding, ReadOnly):
    merchant = "merchant"
    list_display = (
        "subject",
        "merchant",
        "kind",
        "proposed_by",
        "proposed_at",
        "lapses_at",
        "status",
    )
    list_filter = ("status",)
    list_select_related = ("merchant",)
    search_fields = ("subject__startswith",)
    ordering = ("-pk",)
    decisions = (
        Decision(
            "confirm",
            "Confirm",
            form=ConfirmForm,
            effect=lambda proposal: (
                f"{_what(proposal)} Confirmed, it counts at once. Nobody confirms what they"
                " proposed or asked for."
            ),
            shown=_shown,
            commits_itself=True,
            carry_out=Call(proposals.confirm, "proposal_id", takes_person=True),
            done="It is confirmed, and done.",
            is_open=lambda proposal: proposal.waits,
        ),
        Decision(
            "refuse",
            "Refuse",
            form=Reasoned,
            effect=lambda proposal: f"{_what(proposal)} Refused, nothing changes.",
            shown=_shown,
            carry_out=Call(proposals.refuse, "proposal_id", takes_person=True),
            done="The proposal is refused.",
            is_open=lambda proposal: proposal.waits,
        ),
        Decision(
            "withdraw",
            "Withdraw",
            form=Reasoned,
            effect=lambda proposal: (
                f"{_what(proposal)} Withdrawn by {proposal.proposed_by}, nothing changes."
            ),
            shown=_shown,
            carry_out=Call(proposals.withdraw, "proposal_id", takes_person=True),
            done="The proposal is withdrawn.",
            is_open=lambda proposal: proposal.waits,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """How the merchant's book stands that the proposal is about."""
        book = KINDS[row.kind].permission.partition(".")[0]
        of_merchant = BOOKS.get(book)
        return of_merchant(row.merchant) if of_merchant and row.merchant else None

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        # Each book registers its own queues of proposals, when all of them have started.
        return (waiting(*(queue for queue in QUEUES if queue.model is Proposal)), "status")

    def buttons(self, request: HttpRequest, row: Model) -> Any:
        return super().buttons(request, row) if _may_decide(request, row) else []

    def _decision_buttons(self, request: HttpRequest, row: Model) -> list[dict[str, Any]]:
        return super()._decision_buttons(request, row) if _may_decide(request, row) else []

    def _row(self, request: HttpRequest, object_id: int) -> Model:
        row = super()._row(request, object_id)
        if not _may_decide(request, row):
            raise PermissionDenied
        return row

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return (
            "kind", "merchant", "subject", "before", "after", "reason", "asked_by", "proposed_by",
            "proposed_at", "lapses_at", "status", "decided_by", "decided_at", "answer",
        )  # fmt: skip
