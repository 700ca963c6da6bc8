"""The roles of operators, which are the names of their groups.

Each book declares the roles that move its money, and registers them when it starts. The permissions
of a role are written by config/migrations/0001_roles.py and nowhere else; docs/operations.md has
the table.
"""

AUDITOR = "Auditor"
ADMINISTRATOR = "Administrator"

MANAGES_PEOPLE = "merchants.change_user"  # what an administrator may and others may not
MANAGES_MEMBERS = "merchants.change_membership"
WRITES_NOTES = "merchants.change_note"  # whoever decides anything

_of_money: list[str] = []


def register(role: str) -> None:
    """Add an operators' role, by its name, that moves money. Raises ValueError for a name that is
    taken.
    """
    if role in names():
        raise ValueError(f"the role {role} is taken")
    _of_money.append(role)


def of_money() -> frozenset[str]:
    """The roles that move money. Nobody who has one of them can be an administrator as well."""
    return frozenset(_of_money)


def names() -> list[str]:
    """The names of all roles, those that move money first."""
    return [*_of_money, AUDITOR, ADMINISTRATOR]


def choices() -> list[tuple[str, str]]:
    """All roles as the choices (value, label) of a form's field; both are the role's name."""
    return [(name, name) for name in names()]
