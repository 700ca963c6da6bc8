"""The kinds of decisions that take two people, and the operation that carries each out.

Kinds name operations by dotted path, so that this module imports none of them.
"""

from dataclasses import dataclass

from merchants.roles import MANAGES_PEOPLE


@dataclass(frozen=True)
class Kind:
    """A kind of decision that takes two people.

    `carry_out` is the dotted path of a function that takes the proposal, `actor` (a User) and
    `now`. It runs in the transaction that confirms: it takes its locks, compares the present values
    with the proposal's `before`, checks everything anew, and writes. `afterwards`, if given, is the
    path of a function that is called with the proposal after that is committed, such as to mail a
    letter.
    """

    code: str
    title: str
    permission: str  # of who may propose, confirm and refuse such a decision
    carry_out: str
    afterwards: str = ""


OPERATOR_ROLES = Kind(
    "OPERATOR_ROLES",
    "Operator's roles",
    permission=MANAGES_PEOPLE,
    carry_out="merchants.operations.operators.carry_out",
    afterwards="merchants.operations.operators.write_to_new",
)

KINDS = {kind.code: kind for kind in (OPERATOR_ROLES,)}
