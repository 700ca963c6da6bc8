"""What a decision's page shows of what it changes: the page carries it along, and the decision is
refused if it is no longer so when it is taken (rule 22.3).

It is a precondition and no permission: who forges it gets no further than who opens the page.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from moneyed import Money

from lib import texts
from lib.formats import plain_money
from lib.refusals import ChangedMeanwhile

FIELD = "page_showed"  # of the form, hidden
NOTHING = "nothing"
LONGEST_VALUE = 200  # that a sentence repeats

Shown = Mapping[str, str]


class PageIsStale(ChangedMeanwhile):
    """What the decision's page showed is no longer so. Days that have ended by now are worked off,
    so that the next page shows what they changed.
    """

    keeps_changes = True


class PageIsUnreadable(ChangedMeanwhile):
    """The form does not say what its page showed, or says it so that nobody can read it."""


def as_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """The values that a page shows of a row, by their labels, as the texts that it shows."""
    return {label: in_words(value) for label, value in values.items()}


def in_words(value: Any) -> str:
    """A value of a row as a decision's page shows it: amounts with their currency, instants, which
    have to be in UTC, to the microsecond, lists with commas, "yes" or "no", and NOTHING for none.
    """
    match value:
        case None | "" | [] | ():
            return NOTHING
        case Money():
            return plain_money(value)
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S.%f} UTC"
        case date():
            return date_format(value)
        case list() | tuple():
            return ", ".join(in_words(one) for one in value)
    return str(value)


def written(showed: Shown) -> str:
    """What the page's hidden field carries: the texts that the page showed, by their labels, as
    JSON.
    """
    return json.dumps(dict(showed))


def read(carried: str | None) -> Shown | None:
    """What a page carried of what it showed: texts by their labels, from JSON; None for anything
    else.
    """
    try:
        found = json.loads(carried or "")
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
        return found
    return None


def check(showed: Shown | None, now: Shown) -> None:
    """Raise PageIsStale, which says what has changed, if a text in `now` is not the one that the
    page showed under that label; PageIsUnreadable if it is not known what it showed. A label that
    only the page has does not matter, and one that it lacks counts as NOTHING.
    """
    if showed is None:
        raise PageIsUnreadable(
            "This page no longer says what it showed when it was opened. Nothing is decided yet:"
            " look at it again."
        )
    changed = [
        f"{label}: it was {_told(showed.get(label, NOTHING))} when this page was opened, and is"
        f" {value} now."
        for label, value in now.items()
        if showed.get(label, NOTHING) != value
    ]
    if changed:
        raise PageIsStale(f"{' '.join(changed)} Nothing is decided yet: look at it again.")


def _told(value: str) -> str:
    """A text that a page says it showed, made fit for a sentence: shortened, and NOTHING if it has
    control characters.
    """
    return NOTHING if texts.has_control(value) else texts.shown(value, LONGEST_VALUE)
