"""The kinds of decisions that take two people, and what carries each out.

An app that has such a decision adds its kind here by name: operations are found when they are
needed, so that this module knows none of them.
"""

from dataclasses import dataclass

from merchants.roles import MANAGES_PEOPLE


@dataclass(frozen=True)
class Kind:
    """`carry_out` names a function that takes the proposal, `actor` (a User) and `now`.

    It runs in the transaction that confirms: it takes its locks, checks everything anew against
    what the proposal saw (`before`), and writes. `afterwards`, where there is one, takes the
    proposal once that is committed, such as to send a letter.
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
