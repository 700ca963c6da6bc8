"""Decisions of the admin that take a second person above a policy's figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from backoffice.decisions import Act, Call
from merchants.models import Proposal
from merchants.operations import two_people


@dataclass(frozen=True)
class CallOrPropose(Call):
    """Carries out a decision by one operation as Call does, or proposes it to a second person."""

    warning: ClassVar[str] = (
        "Above the figures of the policies it is not done at once, but waits for a second person to"
        " confirm it."
    )

    def __call__(self, act: Act) -> Any:
        return two_people.decide(self.operation, self.arguments(act), actor=act.user, now=act.now)


def done(sentence: str) -> Callable[[Any], str]:
    """The function that tells, from what an operation returned, what a decision came to:
    `sentence`, or that it waits for a second person if a Proposal was returned.
    """

    def told(outcome: Any) -> str:
        """The sentence of what was done, or that it waits for a second person."""
        return _waits(outcome) if isinstance(outcome, Proposal) else sentence

    return told


def _waits(proposal: Proposal) -> str:
    """The sentence that nothing has changed yet, and until which day the proposal waits."""
    return (
        "Nothing has changed yet: this takes a second person. It waits among the proposals until"
        f" {proposal.lapses_at:%d %B %Y}."
    )
