"""The operations that carry out proposals about credit (credit.proposals)."""

from credit import proposals
from credit.operations import (
    corrections,
    limits,
    policies,
    requests,
    review_decisions,
    unmatched,
    withdrawals_undone,
    write_offs,
)
from merchants.operations.two_people import calling
from merchants.proposals import register as register_kind


def register() -> None:
    """Register the kinds of proposals about credit, each with the operation that carries it out.
    Called once, when a program starts.
    """
    register_kind(proposals.LIMIT, calling(limits.set_limit))
    register_kind(proposals.RAISE, calling(requests.approve_raise))
    register_kind(
        proposals.REVIEW, calling(review_decisions.approve), review_decisions.tell_overtaken
    )
    register_kind(proposals.CASH_RELEASED, calling(unmatched.release))
    register_kind(proposals.CASH_RETURNED, calling(unmatched.give_back))
    register_kind(proposals.SENT_BACK, calling(withdrawals_undone.send_back))
    register_kind(proposals.CORRECTION, calling(corrections.correct))
    register_kind(proposals.COUNTER_ENTRY, calling(corrections.take_back))
    register_kind(proposals.WRITE_OFF, calling(write_offs.write_off))
    register_kind(proposals.CREDIT_POLICY, calling(policies.introduce))
