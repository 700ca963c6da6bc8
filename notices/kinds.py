"""The kinds of notices: what a merchant's people may be told of.

Each book declares its own kinds in one module (`credit.notices`, `billing.notices`) and registers
them when it starts: all that is known of a kind stands there, and nothing of it here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django_stubs_ext import StrOrPromise

from notices.details import Show

LONGEST_CODE = 20


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds that stand together where people choose their e-mails, and in the notices' filter."""

    code: str
    label: StrOrPromise


@dataclass(frozen=True, slots=True)
class Text:
    """What a notice says, on the page and in its e-mail; both name details as `%(name)s`."""

    title: StrOrPromise
    sentence: StrOrPromise


@dataclass(frozen=True, slots=True)
class Link:
    """The page of what a notice is about: {argument of the view: the detail that holds it}."""

    view: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of notice. Its code is what rows and people's choices are stored with."""

    code: str
    label: StrOrPromise
    group: Group
    # By the detail `status` where the outcome matters; "" is for every other status, and for none.
    texts: Mapping[str, Text]
    link: Link | None = None
    shows: Mapping[str, Show] = field(default_factory=dict)  # details that are not shown as stored
    # It follows from the platform's events and from days that end, and from no person's action.
    is_automatic: bool = False
    # Owners get its e-mails whatever they chose: what it tells of may be a thief's.
    owners_always: bool = False
    owners_hint: StrOrPromise = ""  # what owners read of that, where others may choose

    def __str__(self) -> str:
        return self.code

    def text(self, status: str) -> Text | None:
        """What a notice of this kind says at this status; None where nothing was declared."""
        return self.texts.get(status) or self.texts.get("")


_registered: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Let notices be of these kinds, too; pages list them in the order in which they came.

    Raises ValueError for a code that is taken or too long.
    """
    for kind in kinds:
        if kind.code in _registered or len(kind.code) > LONGEST_CODE:
            raise ValueError(f"the code {kind.code} is taken or too long")
        _registered[kind.code] = kind


def get(code: str) -> Kind | None:
    """The kind with this code; None if there is none, or none any more."""
    return _registered.get(code)


def registered() -> Iterator[Kind]:
    yield from _registered.values()


def by_group() -> Mapping[Group, Sequence[Kind]]:
    """All kinds, each once, by their groups."""
    groups: dict[Group, list[Kind]] = {}
    for kind in _registered.values():
        groups.setdefault(kind.group, []).append(kind)
    return groups


def choices() -> list[tuple[str, StrOrPromise]]:
    """Codes and labels, as the model's field and the admin's filter ask for them."""
    return [(kind.code, kind.label) for kind in _registered.values()]
