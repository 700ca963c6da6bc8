"""The overview page of a merchant, for an operator who has it on the telephone.

Each package registers a part of it: panels, and steps of what happened. Every list has only the
latest rows, by an index that starts with the merchant; what the operator may not look at is not
read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from backoffice import checklist, home
from backoffice.columns import MERCHANT
from backoffice.panels import Panel
from lib.registry import Registry

FEW = 6  # rows of a list
MANY = 25  # of what happened


class Area(Enum):
    """Where a panel is on the page."""

    TOP = "what is to be seen before all else"
    STANDING = "how the books stand"
    ROWS = "what the books have"


@dataclass(frozen=True)
class Placed:
    """A panel with its place on the page."""

    area: Area
    place: int  # in the area
    panel: Panel


@dataclass(frozen=True)
class Step:
    """Something that happened to the merchant: what, when, and by whom."""

    at: datetime
    what: str
    more: str = ""
    who: str = ""
    address: str = ""


@dataclass(frozen=True)
class Link:
    """A link or button with its title."""

    title: str
    address: str


@dataclass(frozen=True)
class Section:
    """What one package shows of the merchant: panels, steps of what happened, and links."""

    panels: Sequence[Placed] = ()
    steps: Sequence[Step] = ()
    links: Sequence[Link] = ()  # to more of what happened


@dataclass(frozen=True)
class Visit:
    """An operator's request for a merchant's page, at an instant."""

    request: HttpRequest
    merchant: Any
    now: datetime

    def may_see(self, model: type[Model]) -> bool:
        """Whether the operator may look at rows of this model, which must have pages in the admin:
        KeyError otherwise.
        """
        return bool(admin.site._registry[model].has_view_permission(self.request))

    def own(self, name: str, model: type[Model]) -> Any:
        """The merchant's single row in the relation `name`, such as its credit line. None if it has
        none, or if the operator may not look at it.
        """
        return getattr(self.merchant, name, None) if self.may_see(model) else None

    def decisions(self, row: Model) -> list[Link]:
        """A link for each decision about the row that is open and that the operator may take. The
        row's model must have admin pages with decisions: KeyError or AttributeError otherwise.
        """
        pages: Any = admin.site._registry[type(row)]
        return [Link(str(title), address) for title, address in pages.buttons(self.request, row)]


@dataclass(frozen=True)
class Part:
    """A package's part of the page: the function that reads it, and the related rows that it
    needs.
    """

    place: int  # of its steps among those of the same instant
    read: Callable[[Visit], Section]
    related: Sequence[str] = ()  # rows that are read with the merchant
    deferred: Sequence[str] = ()  # columns of them that are not


# Each package registers its own.
PARTS: Registry[Part] = Registry()


def merchants() -> "QuerySet[Any]":
    """All merchants, each read with the related rows that the parts of the page need."""
    found = apps.get_model(MERCHANT)._default_manager.all()
    related = [name for part in PARTS for name in part.related]
    deferred = [name for part in PARTS for name in part.deferred]
    with_parts: QuerySet[Any] = found.select_related(*related).defer(*deferred)
    return with_parts


def context(request: HttpRequest, merchant: Any, now: datetime) -> dict[str, Any]:
    """What the template of the merchant's page needs: the panels by their areas, the latest MANY
    steps of what happened, queues, checklist and links. `merchant` has to come from `merchants()`.
    """
    visit = Visit(request, merchant, now)
    waiting = home.read(home.visible(request), now, merchant.pk)
    sections = [part.read(visit) for part in PARTS]
    placed = sorted((one for each in sections for one in each.panels), key=attrgetter("place"))
    steps = [step for each in sections for step in each.steps]
    return {
        "title": merchant.name,
        "merchant": merchant,
        "now": now,
        "waiting": waiting,
        "checklist": checklist.of(visit),
        "top": [one.panel for one in placed if one.area is Area.TOP],
        "standing": [one.panel for one in placed if one.area is Area.STANDING],
        "rows": [one.panel for one in placed if one.area is Area.ROWS],
        "steps": sorted(steps, key=attrgetter("at"), reverse=True)[:MANY],
        "links": [link for each in sections for link in each.links],
    }
