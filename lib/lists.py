"""Lists that readers filter, search and sort, by the parameters of the page's address.

A list declares in a Filter what can be asked of it. Its page gets the filter in its context, where
the tags of pages.templatetags.lists make chips, a search box and headings of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property
from django.utils.http import urlencode

from lib import paging
from lib.text_fields import LineField

LONGEST_TEXT = 100  # of what is searched for

M = TypeVar("M", bound=Model)
Q = TypeVar("Q", bound=QuerySet[Any, Any])


class Filter(forms.Form):
    """The filters, search and order of a list, read from the address of its page. Invalid values
    are ignored.

    The fields are what the list's query can be asked for, all of them optional.
    """

    # What a list may be sorted by, as order_by() has it, the first one unless something else is
    # asked for. Only what an index of the merchant's rows gives in this order, however many rows
    # there are; or anything, where people make the rows one by one and there will never be many.
    SORTS: ClassVar[Sequence[str]]
    ANCHOR: ClassVar[str] = ""  # the id of the list, on a page that has something else above it
    # A field that is searched by how it starts. The index finds such rows only in the order of that
    # field, so no other order is offered then.
    PREFIX: ClassVar[str] = ""

    def __init__(self, asked: Mapping[str, Any], *, sorts: Sequence[str] = ()) -> None:
        super().__init__(asked)
        self._sorts = sorts or self.SORTS

    @cached_property
    def rows(self) -> dict[str, Any]:
        """The value of each field by its name; "" if it was not asked for or is invalid."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in self.fields}

    @cached_property
    def sorts(self) -> Sequence[str]:
        """The orders that are offered: those of the list, or only the order of the PREFIX field,
        both ways, while it is searched for.
        """
        if self.rows.get(self.PREFIX):
            return (self.PREFIX, f"-{self.PREFIX}")
        return self._sorts

    @cached_property
    def by(self) -> str:
        """The order in which the rows are shown: the one asked for if it is among `sorts`,
        otherwise the first of them.
        """
        by = str(self.data.get("by", ""))
        return by if by in self.sorts else self.sorts[0]

    @property
    def wanted(self) -> dict[str, Any]:
        """The values that the form of the filter shows: those of `rows`, and the order under
        "by".
        """
        return self.rows | {"by": self.by}

    @property
    def is_asked(self) -> bool:
        """Whether any field of the filter is set, so that some rows may not be shown."""
        return any(self.rows.values())

    @property
    def context(self) -> dict[str, Any]:
        """What a page needs to show how its list is filtered."""
        return {"filter": self, "wanted": self.wanted}

    def page(self, found: "QuerySet[M]") -> paging.Page[M]:
        """The page of `found`, in the list's order, that the address asks for."""
        return paging.page(found, by=self.by, params=self.data)

    def ordered(self, found: Q) -> Q:
        """All of `found` in the list's order, for a file of them."""
        return paging.ordered(found, self.by)

    @property
    def asked(self) -> dict[str, str]:
        """The parameters that the address of this list needs; default values are left out."""
        asked = {name: str(value) for name, value in self.rows.items() if value}
        return asked if self.by == self.sorts[0] else asked | {"by": self.by}

    def link(self, **changes: str) -> str:
        """The address of this list with `changes` made to its parameters (an empty value removes
        one), starting from the first page.
        """
        asked = {name: value for name, value in (self.asked | changes).items() if value}
        if asked.get("by") == self.sorts[0]:
            del asked["by"]
        return f"?{urlencode(asked)}{self.anchor}"

    @property
    def anchor(self) -> str:
        """The fragment of the address that leads to the list; "" if ANCHOR is empty."""
        return f"#{self.ANCHOR}" if self.ANCHOR else ""

    @property
    def query(self) -> str:
        """The query string with which a download gives the same rows; "" if nothing was asked
        for.
        """
        return f"?{urlencode(self.asked)}" if self.asked else ""


def text(maximum: int = LONGEST_TEXT) -> LineField:
    """A field for text that the reader searches for, of at most `maximum` characters."""
    return LineField(max_length=maximum, required=False)


Choices = Sequence[tuple[str, Any]]


def choice(choices: Choices | Callable[[], Choices]) -> forms.ChoiceField:
    """An optional field for one of these choices. The first of them has to be the one for all rows,
    with the value "".
    """
    return forms.ChoiceField(choices=choices, required=False)
