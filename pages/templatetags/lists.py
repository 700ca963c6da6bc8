"""Template tags for the parts of a list that show how it is filtered and sorted (lib.lists)."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.urls import reverse
from django_stubs_ext import StrOrPromise

from lib.list_forms import BACK, LONGEST_TEXT, address_back
from lib.lists import Filter
from lib.spreadsheets import FORMAT
from pages.bars import Bar

register = template.Library()


@register.filter
def as_excel(query: str) -> str:
    """The query string of a download, with or without parameters before, extended so that a
    spreadsheet is sent instead of a CSV file. With none it begins with the question mark.
    """
    return f"{query}&format={FORMAT}" if query else f"?format={FORMAT}"


@register.simple_tag(takes_context=True)
def up(context: dict[str, Any], view: str, *names: str) -> str:
    """The address of the list `view`, filtered and paged as it was when its reader opened this page
    from it; the plain address of the list if this page was reached in another way. `names` are the
    arguments of the list's route.
    """
    asked = context["request"].GET.get(BACK, "")
    return f"{reverse(view, args=names)}{address_back(view, asked)}"


@register.inclusion_tag("includes/bar.html", takes_context=True)
def bar(context: dict[str, Any]) -> dict[str, Any]:
    """The bar of the page's list: what it can be asked for, what was asked, how much was found, and
    the person's own views of it.
    """
    request = context["request"]
    shown = Bar(context["filter"], request.membership)
    return {"bar": shown, "filter": context["filter"], "request": request}


@register.inclusion_tag("includes/chips.html", takes_context=True)
def chips(
    context: dict[str, Any],
    name: str,
    choices: Iterable[tuple[str, StrOrPromise]],
    label: str,
) -> dict[str, Any]:
    """The values of the template that shows the choices (value, text) of the filter's field `name`
    as links under a `label`: `links` are (address, text, whether it is the present choice).
    """
    asked: Filter = context["filter"]
    chosen = asked.rows[name]
    links = [(asked.link(**{name: value}), text, value == chosen) for value, text in choices]
    return {"label": label, "links": links}


@register.inclusion_tag("includes/search.html", takes_context=True)
def search(context: dict[str, Any], name: str, label: str) -> dict[str, Any]:
    """A search box for the filter's field `name`, on a page that is no list. What else is asked for
    is kept.
    """
    asked: Filter = context["filter"]
    return {
        "name": name,
        "label": label,
        "value": asked.rows[name],
        "longest": asked.fields[name].max_length or LONGEST_TEXT,  # type: ignore[attr-defined]
        "kept": {key: value for key, value in asked.asked.items() if key != name}
        | asked.leads_back,
        "anchor": asked.anchor,
    }


@register.inclusion_tag("includes/heading.html", takes_context=True)
def heading(context: dict[str, Any], field: str, label: str, align: str = "") -> dict[str, Any]:
    """The heading of a table's column. If the list can be sorted by `field`, it is a link that
    sorts by it or reverses the order.

    In a table without a filter it is plain text.
    """
    asked: Filter | None = context.get("filter")
    offered = [by for by in asked.sorts if by.lstrip("-") == field] if asked else []
    shown = asked.by if asked and asked.by in offered else ""
    other = next((by for by in offered if by != shown), "")
    order = "descending" if shown.startswith("-") else "ascending"
    return {
        "label": label,
        "align": align,
        "order": order if shown else "",
        "address": asked.link(by=other) if asked and other else "",
    }
