"""The admin page of proposals, on which a second person decides about them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString

from backoffice import changes
from backoffice.briefs import BOOKS, OF_PROPOSALS, Brief
from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, ConfirmForm, Decision, Reasoned
from backoffice.filters import waiting
from backoffice.list_pages import ReadOnly
from backoffice.queues import QUEUES
from lib import clock
from merchants.models import Proposal
from merchants.operations import proposals
from merchants.proposals import KINDS


def _what(proposal: Proposal) -> str:
    """The text above each decision about a proposal: what it is about, each value before and after,
    who proposed it and who asked for it, why, and what the merchant is going to read.
    """
    people = f"Proposed by {proposal.proposed_by}: {proposal.reason}"
    if proposal.asked_by:
        people = f"Asked for by {proposal.asked_by}.\n{people}"
    # What there was nothing of before is named once.
    values = changes.sentences(proposal.after | proposal.before, proposal.after)
    return "\n".join([str(proposal), *values, "", people, *_told(proposal), "", ""])


def _told(proposal: Proposal) -> list[str]:
    """A list with the line that says what the merchant is going to read; empty if nothing was
    written for it.
    """
    told = proposal.arguments.get("told", "")
    return [f"The merchant will read: {told}"] if told else []


def _shown(proposal: Proposal) -> dict[str, Any]:
    """The proposal's status in words, in a dict under the label "Status", as pages of
    decisions show it and compare it. Nothing else of a proposal ever changes.
    """
    return {"Status": proposal.get_status_display()}


def _may_decide(request: HttpRequest, proposal: Any) -> bool:
    """Whether the operator's role takes decisions of this kind. Whether they proposed this one or
    asked for it is not looked at here: the operations refuse that.
    """
    return request.user.has_perm(KINDS[proposal.kind].permission)


@admin.register(Proposal)
class ProposalAdmin(Deciding, ReadOnly):
    merchant = "merchant"
    list_display = (
        "__str__",
        "merchant",
        "proposed_by",
        "proposed_at",
        "lapses_at",
        "status",
    )
    list_filter = ("status",)
    list_select_related = ("merchant",)
    search_fields = ("subject__startswith",)
    ordering = ("-pk",)
    readonly_fields = ("changes",)
    decisions = (
        Decision(
            "confirm",
            "Confirm",
            form=ConfirmForm,
            effect=lambda proposal: (
                f"{_what(proposal)}Confirmed, it is carried out at once, if nothing of it has"
                " changed meanwhile. Nobody confirms what they proposed or asked for."
            ),
            shown=_shown,
            commits_itself=True,
            takes_second_factor=True,  # as to propose some of them does: of two people, both do
            carry_out=Call(proposals.confirm, "proposal_id", takes_person=True),
            done="It is confirmed, and done.",
            is_open=lambda proposal: proposal.waits,
        ),
        Decision(
            "refuse",
            "Refuse",
            form=Reasoned,
            effect=lambda proposal: f"{_what(proposal)}Refused, nothing changes.",
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
                f"{_what(proposal)}Withdrawn by {proposal.proposed_by}, nothing changes."
            ),
            shown=_shown,
            carry_out=Call(proposals.withdraw, "proposal_id", takes_person=True),
            done="The proposal is withdrawn.",
            is_open=lambda proposal: proposal.waits,
        ),
    )

    @admin.display(description="from → to")
    def changes(self, proposal: Proposal) -> SafeString:
        """What it would change, as a table of the values before and after."""
        return changes.table(proposal.before, proposal.after)

    def brief(self, row: Any, name: str) -> Brief | None:
        """What operators read before they decide: the brief that is registered for this kind of
        proposal, or else that of the book which the proposal is about, for its merchant; None where
        there is neither.
        """
        if of_proposal := OF_PROPOSALS.get(row.kind):
            return of_proposal(row, clock.now())
        book = KINDS[row.kind].permission.partition(".")[0]
        of_merchant = BOOKS.get(book)
        return of_merchant(row.merchant) if of_merchant and row.merchant else None

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        # Each book registers its own queues of proposals, when all of them have started.
        here = waiting(*(queue for queue in QUEUES if queue.model is Proposal))
        return (here, *self.list_filter)

    def buttons(self, request: HttpRequest, row: Model) -> Any:
        """The buttons of the row's decisions; none for operators whose role does not take decisions
        of its kind.
        """
        return super().buttons(request, row) if _may_decide(request, row) else []

    def _decision_buttons(self, request: HttpRequest, row: Model) -> list[dict[str, Any]]:
        """The decisions' buttons on the row's page; none for operators whose role does not take
        decisions of its kind.
        """
        return super()._decision_buttons(request, row) if _may_decide(request, row) else []

    def _row(self, request: HttpRequest, object_id: int) -> Model:
        """The proposal with this key. Raises Http404 if there is none, and PermissionDenied if the
        operator's role does not take decisions of its kind.
        """
        row = super()._row(request, object_id)
        if not _may_decide(request, row):
            raise PermissionDenied
        return row

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return (
            "__str__", "merchant", "changes", "reason", "asked_by", "proposed_by", "proposed_at",
            "lapses_at", "status", "decided_by", "decided_at", "answer",
        )  # fmt: skip
