"""What takes two people: nobody decides about what they have asked for themselves.

Actors are known by their e-mail addresses. An operator's never changes
(merchants.sign_in.accounts), and operators belong to no merchant (operations.operators), so that
one person has one name.
"""

from lib.refusals import Refused


class SamePerson(Refused):
    """Another person than this one has to do it."""

    code = "same_person"


def check(actor: str, *others: str, otherwise: str) -> None:
    """Raises SamePerson, which says `otherwise`, if `actor` is one of the others.

    However the address is spelt.
    """
    if _plain(actor) in map(_plain, others):
        raise SamePerson(otherwise)


def _plain(address: str) -> str:
    return address.strip().casefold()
