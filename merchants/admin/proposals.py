"""The admin page of proposals, on which a second person decides about them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from backoffice.decisions import Call, ConfirmForm, Deciding, Decision, Reasoned
from backoffice.list_pages import ReadOnly, waiting
from merchants.models import Proposal
from merchants.operations import proposals
from merchants.proposals import KINDS
from merchants.queues import PROPOSALS


def _what(proposal: Proposal) -> str:
    """The sentences about a proposal: its kind, subject, values before and after, proposer and
    reason.
    """
    return (
        f"{KINDS[proposal.kind].title} of {proposal.subject}: from {_values(proposal.before)} to"
        f" {_values(proposal.after)}. Proposed by {proposal.proposed_by}: {proposal.reason}"
    )


def _values(values: dict[str, Any]) -> str:
    """The values as one text; "nothing" if all are empty."""
    told = [", ".join(one) if isinstance(one, list) else str(one) for one in values.values()]
    return "; ".join(filter(None, told)) or "nothing"


@admin.register(Proposal)
class ProposalAdmin(Deciding, ReadOnly):
    merchant = "merchant"
    list_display = ("subject", "kind", "proposed_by", "proposed_at", "lapses_at", "status")
    list_filter = (waiting(PROPOSALS), "status")
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
            carry_out=Call(proposals.confirm, "proposal_id", takes_person=True),
            done="It is confirmed, and done.",
            is_open=lambda proposal: proposal.waits,
        ),
        Decision(
            "refuse",
            "Refuse",
            form=Reasoned,
            effect=lambda proposal: f"{_what(proposal)} Refused, nothing changes.",
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
            carry_out=Call(proposals.withdraw, "proposal_id", takes_person=True),
            done="The proposal is withdrawn.",
            is_open=lambda proposal: proposal.waits,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return (
            "kind", "subject", "before", "after", "reason", "asked_by", "proposed_by",
            "proposed_at", "lapses_at", "status", "decided_by", "decided_at", "answer",
        )  # fmt: skip
