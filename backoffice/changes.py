"""What was changed, or would be, as operators read it: each value before and after."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Values = Mapping[str, Any]


def sentences(before: Values, after: Values) -> list[str]:
    """A text for each value in `before` or `after`, in the order of the alphabet by their names,
    such as "limit: 100.00 USD → 200.00 USD"; a value that stays the same has no arrow: "limit:
    100.00 USD". One that is missing or empty is "-".
    """
    return [
        f"{_called(name)}: {was if was == becomes else f'{was} → {becomes}'}"
        for name, was, becomes in _changes(before, after)
    ]


def table(before: Values, after: Values) -> SafeString:
    """An HTML table with a row for each value in `before` or `after`, changed or not, in the order
    of the alphabet: its name, the value before and the value after, "-" for one that is missing or
    empty.
    """
    rows = format_html_join(
        "",
        '<tr><th scope="row" class="pr-6 text-left">{}</th><td class="pr-6">{}</td>'
        "<td>{}</td></tr>",
        ((_called(name), was, becomes) for name, was, becomes in _changes(before, after)),
    )
    return format_html(
        '<table><thead><tr><th class="pr-6"></th><th scope="col" class="pr-6 text-left">Before'
        '</th><th scope="col" class="text-left">After</th></tr></thead><tbody>{}</tbody>'
        "</table>",
        rows,
    )


def _changes(before: Values, after: Values) -> Iterator[tuple[str, str, str]]:
    """Yield, for each name in `before` or `after` in the order of the alphabet, the name,
    the value before and the value after, as texts. Values that are the same in both are
    yielded too. A value that is missing or empty is "-", and the members of a list have
    commas between them.
    """
    for name in sorted({*before, *after}):
        yield name, _shown(before.get(name)), _shown(after.get(name))


def _called(name: str) -> str:
    """The name of a value as people read it, such as "payment method"."""
    return name.replace("_", " ")


def _shown(value: Any) -> str:
    """Return the value as text, as lists of changes show it. The members of a list have
    commas between them. None, an empty text and an empty list become "-"; 0 and False are
    values, and are shown as such.
    """
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value in (None, "") else str(value)
