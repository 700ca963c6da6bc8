"""The registry of the kinds of notices.

Each book declares its own kinds (`credit.notices`, `billing.notices`) and registers them when it
starts, so that this package knows none of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django_stubs_ext import StrOrPromise

from notices.details import Show

LONGEST_CODE = 20


@dataclass(frozen=True, slots=True)
class Group:
    """A group of kinds, for choosing e-mails and for filtering notices."""

    code: str
    label: StrOrPromise


@dataclass(frozen=True, slots=True)
class Text:
    """The title and the sentence of a notice; both name details as `%(name)s`."""

    title: StrOrPromise
    sentence: StrOrPromise


@dataclass(frozen=True, slots=True)
class Link:
    """The page to which a notice links: the name of its view, what the button of an e-mail that
    leads there says, and for each of the view's arguments the name of the detail that has its
    value.
    """

    view: str
    opens: StrOrPromise
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of notice; rows and people's choices store its code."""

    code: str
    label: StrOrPromise
    group: Group
    # By the notice's detail `status`; "" is for notices without one, and for all other statuses.
    texts: Mapping[str, Text]
    link: Link | None = None
    shows: Mapping[str, Show] = field(default_factory=dict)  # details that are not shown as stored
    # Whether it follows from the platform's events or a day-end, and not from a person's action.
    is_automatic: bool = False
    # Whether owners get its e-mails whatever they chose, since a thief may be the cause.
    owners_always: bool = False
    owners_hint: StrOrPromise = ""  # what owners read of that, where others may choose

    def __str__(self) -> str:
        return self.code

    def text(self, status: str) -> Text | None:
        """The title and sentence of a notice whose detail `status` is this: the text for that
        status, or else the general one; None if neither was declared.
        """
        return self.texts.get(status) or self.texts.get("")


_registered: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Add these kinds; pages list kinds in the order in which they were registered.

    Raises ValueError for a code that is taken or longer than LONGEST_CODE; the kinds before it are
    added all the same.
    """
    for kind in kinds:
        if kind.code in _registered or len(kind.code) > LONGEST_CODE:
            raise ValueError(f"the code {kind.code} is taken or too long")
        _registered[kind.code] = kind


def get(code: str) -> Kind | None:
    """The kind with this code; None if no book has registered it (any more)."""
    return _registered.get(code)


def registered() -> Iterator[Kind]:
    """Yields all kinds, in the order in which they were registered."""
    yield from _registered.values()


def by_group() -> Mapping[Group, Sequence[Kind]]:
    """All kinds by their groups, both in the order in which they were registered."""
    groups: dict[Group, list[Kind]] = {}
    for kind in _registered.values():
        groups.setdefault(kind.group, []).append(kind)
    return groups


def choices() -> list[tuple[str, StrOrPromise]]:
    """The code and label of each kind, as the choices of a field or filter."""
    return [(kind.code, kind.label) for kind in _registered.values()]
