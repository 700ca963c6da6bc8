"""Lists that readers filter, search and sort, by the parameters of the page's address.

A list declares in a Filter what can be asked of it: its own fields, and by which columns it is
asked for days and amounts. Its page gets the filter in its context, where the tags of
pages.templatetags.lists make its bar and its headings of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from lib import figures, paging
from lib.figures import Figures
from lib.list_forms import ALL, ENDS, EXACT, ListForm

M = TypeVar("M", bound=Model)
Rows = TypeVar("Rows", bound=QuerySet[Any, Any])


class Filter(ListForm):
    """A list as its reader asks for it: the rows that it finds, a page of them, their number and
    sums. It finds nothing until what makes no sense is mended (rule 23.17). Days and amounts narrow
    whatever the list's own query finds.
    """

    # The columns of amounts that are summed, with what the sum is called; and that of the currency.
    SUMS: ClassVar[Mapping[str, StrOrPromise]] = {}
    # What has to be asked for so that the list has just the rows of a sum, for those sums of which
    # some rows are left out. Where one of it is asked for already, the sum leads nowhere.
    SUMMED: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    CURRENCY: ClassVar[str] = "currency"
    SEARCH: ClassVar[str] = ""  # the field that is always open to be filled in
    # Whether some days are shown unless others are asked for, so that there may be more than none.
    IS_OF_SOME_DAYS: ClassVar[bool] = False
    FINDS_PARTS: ClassVar[bool] = True  # of references; otherwise whole ones alone
    # The column that SEARCH looks through, if an index that begins with the merchant is in its
    # order: what was searched for is counted along it.
    COUNTED_BY: ClassVar[str] = ""

    _found: QuerySet[Any, Any] | None = None
    _page: paging.Page[Any] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.LIST:
            OF_PAGES[cls.LIST] = cls

    @property
    def hint(self) -> StrOrPromise:
        """A sentence of the list's own that is shown when nothing is found, or beside what is; ""
        by default.
        """
        return ""

    @property
    def nothing_found(self) -> StrOrPromise:
        """The sentence that tells readers of a list that found nothing what they can do: mend what
        makes no sense, the list's own `hint` if there is one, or ask for something else. "" if
        there is no hint and nothing was asked for.
        """
        if self.is_mistaken:
            return _("Nothing is shown while something above makes no sense. Mend or remove it.")
        if self.hint:
            return self.hint
        if self.SEARCH and self.said[self.SEARCH]:
            if self.FINDS_PARTS:
                return _(
                    "Nothing matches. Try a shorter part of the reference, or clear the filter."
                )
            return _("Nothing matches. Enter the whole reference, or clear the filter.")
        return (
            _("Nothing matches. Ask for something else, or clear the filter.")
            if self.is_asked
            else ""
        )

    @property
    def context(self) -> dict[str, Any]:
        """What a template needs to show how the list is filtered: the filter itself as `filter`,
        and what its form shows as chosen as `wanted`.
        """
        return {"filter": self, "wanted": self.wanted}

    def narrowed(self, found: Rows) -> Rows:
        """Those of `found` that lie within the days and amounts that are asked for; none while
        something makes no sense.
        """
        found = self.within_amounts(self.within_days(found))  # and what they are sorted by is there
        return found.none() if self.is_mistaken else found

    def within_days(self, found: Rows) -> Rows:
        """Those of `found` within the merchant's local days that are asked for, the first and the
        last included; all of them if none are asked for, or if the list has no DATES.
        """
        if self.DATES is not None and self.span:
            found = found.filter(self.DATES.within(self.span, found.model, self._days))
        return found

    def within_amounts(self, found: Rows) -> Rows:
        """Those of `found` within the amounts that are asked for, both ends included, of which
        either may be missing; all of them if both are, or if the list has no AMOUNTS.
        """
        if self.AMOUNTS is not None:
            least, most = (None if self.said[one] == "" else self.said[one] for one in ENDS)
            if least is not None or most is not None:
                found = found.filter(self.AMOUNTS.within(least, most))
        return found

    def page(self, found: "QuerySet[M]") -> paging.Page[M]:
        """Return the page of `found` that the address asks for: narrowed to the days and
        amounts asked for, and in the list's order. What the list's own fields ask for, the
        caller has asked `found` for already. Nothing is found while something in the
        address makes no sense. Afterwards `figures` and `shown_of` tell of the rows found
        on all pages; they are remembered, so they must not be read before.
        """
        self._found = self.narrowed(found)
        self._page = paging.page(self._found, by=self.by, params=self.data)
        return self._page

    def ordered(self, found: Rows) -> Rows:
        """All of `found` in the list's order, for a file of them. They are narrowed by days and
        amounts here; what the list's own fields ask for, the caller has asked for.
        """
        return paging.ordered(self.narrowed(found), self.by)

    def counted(self, found: "QuerySet[Any, Any]", most: int | None) -> Figures:
        """The number of the rows of `found`, counted up to `most` (None: all of them), and their
        sums (lib.figures.of). A list whose rows have no columns of what SUMS names adds it up in
        its own way.
        """
        by = self.COUNTED_BY if self.SEARCH and self.said[self.SEARCH] else ""
        return figures.of(found, list(self.SUMS), currency=self.CURRENCY, most=most, by=by)

    @cached_property
    def figures(self) -> Figures:
        """The number and the sums of what the list's page has found, on all its pages: from the
        page's rows if they are all, otherwise by a query that counts at most figures.MOST rows,
        unless all were asked for. Before `page` was called, it is a number of 0.
        """
        if self._found is None or self._page is None:
            return Figures(0)
        rows, columns = self._page.rows, list(self.SUMS)
        is_all = not self._page.before and not self._page.after
        if is_all and all(hasattr(row, column) for row in rows for column in columns):
            return figures.of_rows(rows, columns)
        most = None if self.data.get(EXACT) == ALL else figures.MOST
        return self.counted(self._found, most)

    @cached_property
    def shown_of(self) -> tuple[int, int, int] | None:
        """The numbers of the first and of the last row that are shown, and how many rows the list
        has; None if it has one page, or more rows than are counted, and before `page` was called.
        """
        page, found = self._page, self._found
        if page is None or found is None or not page.rows or not (page.before or page.after):
            return None
        count = self.figures.count
        if not self.figures.is_whole:
            return None
        first = page.rows[0]
        before = paging.number_before(found, first, by=self.by, most=count) if page.before else 0
        return before + 1, before + len(page.rows), count

    def rows_of_sum(self, column: str) -> str:
        """The address of this list narrowed to just the rows that go into the sum of this column
        (SUMMED); "" if the sum is of all rows, or if one of the fields that narrowing takes is set
        already.
        """
        wanted = self.SUMMED.get(column, {})
        return "" if not wanted or wanted.keys() & self.asked.keys() else self.link(**wanted)


OF_PAGES: dict[str, type[Filter]] = {}  # the lists of which people save views, by their LIST


def of_pages() -> Iterable[str]:
    """The routes of the lists' pages of which people can save views."""
    return OF_PAGES.keys()
