"""The kinds of decisions that take two people, and what carries each of them out.

Kinds know no operation, so that operations can name them. Each book registers its own kinds, with
the operations, when it starts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from merchants.roles import MANAGES_PEOPLE


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of decision that takes two people."""

    code: str
    title: str
    permission: str  # of who may propose, confirm and refuse such a decision


@dataclass(frozen=True, kw_only=True)
class Confirming:
    """What is done when a proposal of a kind is confirmed.

    `carry_out` is called with the proposal, `actor` (the User who confirms) and `now`, in the
    transaction that confirms: it takes its locks, checks everything anew, and writes. Then, once
    that is committed, `afterwards` is called with the proposal, such as to mail a letter.
    """

    carry_out: Callable[..., object]
    afterwards: Callable[..., object] | None = None


OPERATOR_ROLES = Kind(code="OPERATOR_ROLES", title="Operator's roles", permission=MANAGES_PEOPLE)
OPERATOR_POLICY = Kind(
    code="OPERATOR_POLICY",
    title="Operator policy",
    permission="merchants.change_operatorpolicy",
)

KINDS: dict[str, Kind] = {}
CONFIRMING: dict[str, Confirming] = {}


def register(
    kind: Kind,
    carry_out: Callable[..., object],
    afterwards: Callable[..., object] | None = None,
) -> None:
    """Add a kind, with what is done when a proposal of it is confirmed (Confirming). Raises
    ValueError for a code that is taken.
    """
    if kind.code in KINDS:
        raise ValueError(f"the kind {kind.code} is taken")
    KINDS[kind.code] = kind
    CONFIRMING[kind.code] = Confirming(carry_out=carry_out, afterwards=afterwards)
