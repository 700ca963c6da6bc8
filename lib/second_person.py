"""Decisions that take two people: nobody decides about what they asked for themselves.

Actors are known by their e-mail addresses. An operator's never changes
(merchants.sign_in.accounts), and operators belong to no merchant (operations.operators), so that
one person has one name.
"""

from lib.refusals import Refused


class SamePerson(Refused):
    """The person has asked for this themselves, so another one has to decide."""

    code = "same_person"


def check(actor: str, *others: str, otherwise: str) -> None:
    """Raise SamePerson, with the sentence `otherwise`, if `actor` is one of the others; all are
    e-mail addresses, whose case and surrounding spaces don't matter.
    """
    if _plain(actor) in map(_plain, others):
        raise SamePerson(otherwise)


def _plain(address: str) -> str:
    """The address as it is compared: without spaces around it, and whatever its case."""
    return address.strip().casefold()
