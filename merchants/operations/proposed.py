"""What carries out the proposals that belong to no book (merchants.proposals)."""

from merchants.operations import operators, policies
from merchants.operations.two_people import calling
from merchants.proposals import OPERATOR_POLICY, OPERATOR_ROLES
from merchants.proposals import register as register_kind


def register() -> None:
    """Register the kinds of proposals about operators' roles and operator policies, with what
    carries each out. Called once, when a program starts.
    """
    register_kind(OPERATOR_ROLES, operators.carry_out, operators.write_to_new)
    register_kind(OPERATOR_POLICY, calling(policies.introduce))
