"""What the bar above a list shows: the one way in which every list of a merchant is asked for days,
amounts, and whatever else its Filter declares (lib.lists, rule 23.17).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django import forms
from django.forms import BoundField
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise
from moneyed import Money

from lib import formats
from lib.lists import Filter
from merchants import queries
from merchants.models import Membership, SavedView

OF_AMOUNTS = ("least", "most")
LONGEST_MISTAKE = 40  # characters of a value that makes no sense


@dataclass(frozen=True)
class Pill:
    """One thing that a list can be asked for: a menu of links, fields to fill in, or both."""

    label: StrOrPromise
    text: str  # what is asked for now; "" if nothing is
    clear: str  # the address of the list without it
    links: Sequence[tuple[str, StrOrPromise, bool]] = ()  # address, text, whether it is asked for
    fields: Sequence[BoundField] = ()

    @property
    def has_mistakes(self) -> bool:
        """Whether any of its fields was filled in wrongly."""
        return any(field.errors for field in self.fields)

    @property
    def can_be_cleared(self) -> bool:
        """Whether the pill needs a link that clears it: something is asked for by it, and it has no
        menu of links, whose first one is such a link.
        """
        return bool(self.text and not self.links)


@dataclass(frozen=True)
class Mistake:
    """A value in the address that makes no sense, and why."""

    label: StrOrPromise
    value: str
    errors: Sequence[str]

    @property
    def text(self) -> str:
        """Label, value and reasons as one text."""
        what = f"{self.label} “{self.value}”" if self.value else self.label
        return formats.labelled(formats.together(*self.errors), what)


class Bar:
    """The bar of one list, as its page was asked for."""

    def __init__(self, asked: Filter, membership: Membership) -> None:
        self.filter, self.membership = asked, membership
        self.views: Sequence[SavedView] = (
            queries.saved_views(membership, asked.LIST) if asked.LIST else []
        )

    @property
    def is_needed(self) -> bool:
        """Whether the list has a bar: it has rows, something is asked of it, it shows only some
        days unless others are asked for (IS_OF_SOME_DAYS), or the person saved views of it.
        """
        asked = self.filter
        is_asked = asked.data or asked.IS_OF_SOME_DAYS
        return bool(is_asked or asked.figures.count or self.views)

    @property
    def can_save(self) -> bool:
        """Whether what is shown can be saved; an operator who looks at the pages saves nothing."""
        return bool(self.filter.LIST and self.membership.pk)

    @property
    def query(self) -> str:
        """What the list is asked for, as saved views keep it: the query string without its question
        mark.
        """
        return urlencode(self.filter.asked)

    @property
    def search(self) -> BoundField | None:
        """The form's search field, which is always open; None if the list has none."""
        return self.filter[self.filter.SEARCH] if self.filter.SEARCH else None

    @cached_property
    def kept(self) -> dict[str, str]:
        """What the list is asked for by parameters of which the bar's form has no field, by name,
        and the parameter that leads back to another list: the form carries them along in hidden
        fields.
        """
        filled = {self.filter.SEARCH, *OF_AMOUNTS, "since", "until"}
        filled |= {pill.fields[0].name for pill in self.pills if pill.fields}
        kept = {name: text for name, text in self.filter.asked.items() if name not in filled}
        return kept | self.filter.leads_back

    @cached_property
    def pills(self) -> list[Pill]:
        """Everything that the list can be asked for besides the search field: days first, then
        menus, amounts, and fields to type into.
        """
        asked = self.filter
        own = [name for name in asked.base_fields if name != asked.SEARCH]
        shown = [one for one in own if asked.fields[one].label]
        menus = [one for one in shown if isinstance(asked.fields[one], forms.ChoiceField)]
        typed = [one for one in shown if one not in menus]
        return [
            *([self._days()] if asked.DATES else []),
            *map(self._menu, menus),
            *([self._amounts()] if asked.AMOUNTS else []),
            *map(self._typed, typed),
        ]

    @cached_property
    def chips(self) -> list[Pill]:
        """A pill for each thing that the list is asked for, the search first, each with the address
        of the list without it. Those that only links from elsewhere ask for come last, without a
        label.
        """
        asked = self.filter
        named = [pill for pill in self.pills if pill.text]
        unnamed = [name for name in asked.base_fields if not asked.fields[name].label]
        search = [asked.SEARCH] if asked.SEARCH else []
        return [
            *(self._typed(name) for name in search if asked.said[name]),
            *named,
            *(self._typed(name) for name in unnamed if asked.said[name]),
        ]

    @cached_property
    def unlisted(self) -> list[Pill]:
        """The pills of `chips` that have no label: what the list is asked for, by links from
        elsewhere, in fields that the bar does not show.
        """
        return [chip for chip in self.chips if not chip.label]

    @property
    def mistakes(self) -> Iterator[Mistake]:
        """Yield what in the page's address makes no sense: wrong values and an unknown order, each
        cut to LONGEST_MISTAKE characters, and the first few unknown names (ListForm.unknown).
        """
        for name, errors in self.filter.errors.items():
            value = str(self.filter.data.get(name, ""))[:LONGEST_MISTAKE]
            label = self.filter.fields[name].label or name
            yield Mistake(label, value, [str(error) for error in errors])
        by = str(self.filter.data.get("by", ""))
        if by and by not in (*self.filter.sorts, *self.filter.SORTS):
            yield Mistake(
                _("Order of the list"), by[:LONGEST_MISTAKE], [_("The list has no such order.")]
            )
        for name in self.filter.unknown:
            yield Mistake(name, "", [_("The list cannot be asked for this.")])

    @property
    def sums(self) -> list[tuple[StrOrPromise, Sequence[Money], str]]:
        """What the rows on all pages of the list come to: the name of each sum, its
        amounts, one for each currency, and the address of the list narrowed to the rows of
        that sum. The address is "" if the sum is of all rows, and also if a field that
        narrowing would set is asked for already. The list is empty if there are more rows
        than are counted, and before the filter's `page` was called.
        """
        asked = self.filter
        pairs = zip(asked.SUMS.items(), asked.figures.sums, strict=False)
        return [(name, sums, asked.rows_of_sum(column)) for (column, name), sums in pairs]

    def _days(self) -> Pill:
        """The pill of the days: links for the spans that are offered, fields for a first and a last
        day, and what of it is asked for.
        """
        asked = self.filter
        none, chosen = {"since": "", "until": "", "days": ""}, asked.said["days"]
        choices = asked.DATES.choices if asked.DATES else []
        links = [
            (asked.link(**none | {"days": code}), label, code == chosen and not self._is_custom)
            for code, label in choices
        ]
        named = dict(choices)[chosen] if chosen else asked.span.text if self._is_custom else ""
        if {"since", "until"} & asked.errors.keys():
            named = " – ".join(filter(None, map(self._as_typed, ("since", "until"))))
        return Pill(
            asked.fields["days"].label or "",
            str(named),
            asked.link(**none),
            links,
            [asked["since"], asked["until"]],
        )

    @property
    def _is_custom(self) -> bool:
        """Whether a first or a last day is asked for, and not one of the spans that are offered."""
        return bool(self.filter.said["since"] or self.filter.said["until"])

    def _amounts(self) -> Pill:
        """The pill of the amounts: fields for the least and the most, and what of it is asked
        for.
        """
        least, most = (self._as_typed(name) for name in OF_AMOUNTS)
        text = f"{least} – {most}" if least and most else ""
        if not text and (least or most):
            said = _("from %(amount)s") if least else _("up to %(amount)s")
            text = said % {"amount": least or most}
        if text and self.filter.currency:
            text = f"{text}\N{NO-BREAK SPACE}{self.filter.currency}"
        label = self.filter.AMOUNTS.label if self.filter.AMOUNTS else ""
        clear = self.filter.link(least="", most="")
        return Pill(label, text, clear, fields=[self.filter[name] for name in OF_AMOUNTS])

    def _as_typed(self, name: str) -> str:
        """What is asked for in the field with this name, as text, "" if nothing is; or, cut to
        LONGEST_MISTAKE characters, what was typed there if it makes no sense.
        """
        if name in self.filter.errors:
            return str(self.filter.data.get(name, ""))[:LONGEST_MISTAKE]
        return str(self.filter.said[name])

    def _menu(self, name: str) -> Pill:
        """The pill of the filter's choice field with this name: a link for each choice."""
        asked, field = self.filter, self.filter.fields[name]
        chosen, choices = asked.said[name], list(field.choices)  # type: ignore[attr-defined]
        links = [
            (asked.link(**{name: str(code)}), label, code == chosen) for code, label in choices
        ]
        text = asked.text_of(name) if chosen else ""
        return Pill(field.label or "", text, asked.link(**{name: ""}), links)

    def _typed(self, name: str) -> Pill:
        """The pill of the filter's field with this name, which is typed into."""
        asked = self.filter
        text = asked.text_of(name) if asked.said[name] else ""
        return Pill(
            asked.fields[name].label or "",
            text,
            asked.link(**{name: ""}),
            fields=[asked[name]],
        )
