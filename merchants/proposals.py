"""The kinds of decisions that take two people, and the operation that carries each out.

Kinds name operations by dotted path, so that this module imports none of them. Each book registers
its own when it starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from merchants.roles import MANAGES_PEOPLE


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of decision that takes two people.

    `operation` is the dotted path of what is called with the proposal's arguments, its `reason`,
    `actor` (the address of who confirms), `now`, and the `proposal` itself. It runs in the
    transaction that confirms: it takes its locks, checks everything anew, and writes.
    `carry_out` calls it; a kind whose decisions are made otherwise has another one, which takes
    the proposal, `actor` (a User) and `now`. `afterwards`, where there is one, is called with the
    proposal once that is committed, such as to mail a letter.
    """

    code: str
    title: str
    permission: str  # of who may propose, confirm and refuse such a decision
    operation: str = ""
    carry_out: str = "merchants.operations.two_people.carry_out"
    afterwards: str = ""


OPERATOR_ROLES = Kind(
    code="OPERATOR_ROLES",
    title="Operator's roles",
    permission=MANAGES_PEOPLE,
    carry_out="merchants.operations.operators.carry_out",
    afterwards="merchants.operations.operators.write_to_new",
)
OPERATOR_POLICY = Kind(
    code="OPERATOR_POLICY",
    title="Operator policy",
    permission="merchants.change_operatorpolicy",
    operation="merchants.operations.policies.introduce",
)

KINDS: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Add kinds. Raises ValueError for a code that is taken."""
    for kind in kinds:
        if kind.code in KINDS:
            raise ValueError(f"the kind {kind.code} is taken")
        KINDS[kind.code] = kind


def codes(*kinds: Kind) -> Iterator[str]:
    """The codes of these kinds."""
    return (kind.code for kind in kinds)
