"""The roles of our own people, which are the names of their groups.

Roles that move money are declared by the apps whose money it is, which register them when they
start. Which permissions a role has is written by config/migrations/0001_roles.py and nowhere else;
docs/operations.md has the table.
"""

AUDITOR = "Auditor"
ADMINISTRATOR = "Administrator"

MANAGES_PEOPLE = "merchants.change_user"  # what an administrator may and others may not
MANAGES_MEMBERS = "merchants.change_membership"

_of_money: list[str] = []


def register(role: str) -> None:
    """Let our people have this role, too. Raises ValueError for one that is taken."""
    if role in names():
        raise ValueError(f"the role {role} is taken")
    _of_money.append(role)


def of_money() -> frozenset[str]:
    """Roles that move money. Nobody has one of them and also decides who has which."""
    return frozenset(_of_money)


def names() -> list[str]:
    """All roles, those that move money first."""
    return [*_of_money, AUDITOR, ADMINISTRATOR]


def choices() -> list[tuple[str, str]]:
    """All roles, as a form asks for them."""
    return [(name, name) for name in names()]
