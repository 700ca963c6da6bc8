"""Figures and dates as the reader's language writes them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern
from django import template
from django.db.models import Model
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale
from django_stubs_ext import StrOrPromise
from moneyed import Money

from lib import zones
from lib.money import minor_digits

register = template.Library()

_buddhist_era: ContextVar[bool] = ContextVar("buddhist_era", default=False)

NONE = "–"
BUDDHIST_ERA = 543  # years that it counts more
YEAR = re.compile("y+")
MINUS = "\N{MINUS SIGN}"  # as wide as a plus, so that columns of figures stay in line


def _locale() -> str:
    """The reader's locale for babel: the language in force, with British forms for English."""
    return _locale_of(get_language() or "en")


@cache
def _locale_of(language: str) -> str:
    """The locale for babel of the language with this code."""
    # Days before months, and 24 hours: the plain "en" is American.
    return "en_GB" if language == "en" else to_locale(language)


# A page writes hundreds of figures and dates. Babel would read their locale and pattern each time
# anew, so both are kept, and so is what they come to for a day or a time of the day.
_known = cache(Locale.parse)
_pattern: Callable[[str], NumberPattern] = cache(parse_pattern)


def _decimal(value: Decimal | int, pattern: str) -> str:
    """The number in the reader's language, by a pattern of babel: rounded to the pattern's digits,
    a half to the even one, and with MINUS for its sign.
    """
    text = format_decimal(value, format=_pattern(pattern), locale=_known(_locale()))
    return text.replace("-", MINUS)


@register.filter
def in_words(row: Model, field: str) -> str:
    """What the code in this field of the row is called, in the reader's language: what Django's
    `get_…_display` says, which looks up the names of all codes for it. A code that has no name is
    given back as it is.
    """
    code = getattr(row, field)
    return str(_names(type(row), field).get(code, code))


@cache
def _names(model: type[Model], field: str) -> Mapping[Any, StrOrPromise]:
    """The names of all codes that this field of the model can have, by code."""
    return dict(model._meta.get_field(field).flatchoices)  # type: ignore[union-attr]


@register.filter
def badge(label: StrOrPromise, status: str) -> SafeString:
    """HTML for a badge with this label, coloured by the status (static/css)."""
    return format_html('<span class="badge" data-status="{}">{}</span>', status, label)


@register.filter
def country(code: str) -> str:
    """The name of a country (an ISO 3166 code) in the reader's language, or the code itself if it
    is not known.
    """
    return str(_known(_locale()).territories.get(code, code))


# Plain text, for what is no page.


@register.filter
def figure(amount: Money) -> str:
    """An amount's figure with exactly the currency's digits, without the currency's code.

    All our languages write it as 1,234.50, with a comma for thousands and a dot: so this is what
    babel comes to, in a tenth of the time.
    """
    text = f"{amount.amount:,.{minor_digits(amount.currency.code)}f}"
    return text.replace("-", MINUS)


def whole(value: Decimal) -> str:
    """A figure for a chart's scale in the reader's language, with separators of thousands: rounded
    to a whole number.
    """
    return _decimal(value, "#,##0")


# Patterns are written out, with months as they are within a date ("M"). Skeletons have them as they
# stand alone ("L"), and of those babel gives a process those of the language it was first asked in.


@contextmanager
def years_of_buddhist_era(wanted: bool) -> Iterator[None]:
    """A context in which dates in Thai have the years of the Buddhist era if `wanted`: 2569 for
    2026. Other languages have theirs.
    """
    before = _buddhist_era.set(wanted)
    try:
        yield
    finally:
        _buddhist_era.reset(before)


def _date(value: date, pattern: str, locale: str) -> str:
    """The date by a pattern of babel, in which a `y` is the year, in the era that is wanted."""
    if locale == "th" and _buddhist_era.get():
        pattern = YEAR.sub(f"'{value.year + BUDDHIST_ERA}'", pattern)
    return _date_text(value.year, value.month, value.day, pattern, locale)


@lru_cache(maxsize=10_000)
def _date_text(year: int, month: int, day: int, pattern: str, locale: str) -> str:
    """The date as text by this pattern of babel."""
    return format_date(date(year, month, day), pattern, locale=_known(locale))


@cache
def _medium(locale: str) -> str:
    """The pattern by which babel writes dates of middle length in this locale, such as "d MMM
    y".
    """
    return str(_known(locale).date_formats["medium"].pattern)


@cache
def _time_text(hour: int, minute: int, locale: str) -> str:
    """The time of the day as text in this locale, to the minute and without a time zone, such as
    14:05.
    """
    return format_time(time(hour, minute), "short", locale=_known(locale))


def day_and_month(value: date) -> str:
    """The day and the abbreviated month of the date in the reader's language, without the year."""
    locale = _locale()
    return _date(value, "M月d日" if locale.startswith("zh") else "d MMM", locale)


def short_month(value: date) -> str:
    """The abbreviated name of the date's month, in the reader's language."""
    return _date(value, "MMM", _locale())


def day_text(value: date | None) -> str:
    """The date in the reader's language; a dash for None."""
    if value is None:
        return NONE
    locale = _locale()
    return _date(value, _medium(locale), locale)


def instant_text(value: datetime) -> str:
    """An instant to the minute in the reader's language, in the time zone in force."""
    local, locale = timezone.localtime(value), _locale()
    day = _date(local, _medium(locale), locale)
    return f"{day} {_time_text(local.hour, local.minute, locale)}"


def listed(parts: Iterable[object]) -> str:
    """The parts one after the other, with the language's own comma between things of a list."""
    return ("、" if _locale().startswith("zh") else ", ").join(map(str, parts))


@register.filter
def labelled(text: object, label: object) -> str:
    """The text after its label, with the language's own colon between them."""
    return f"{label}{colon()}{text}"


def colon() -> str:
    """What stands between a label and its text: Chinese has a wide colon and no space."""
    return "：" if _locale().startswith("zh") else ": "


def together(*sentences: str) -> str:
    """The sentences as one text; Chinese has no space between them."""
    return ("" if _locale().startswith("zh") else " ").join(sentences)


# For pages.


@register.filter
def as_money(value: Decimal, currency: str) -> Money:
    """A query's bare figure, such as a sum, as Money in the currency with this code, with the
    digits that it has.
    """
    return Money(value, currency)


@register.filter
def money(amount: Money | None) -> str | SafeString:
    """HTML for an amount with exactly the currency's digits, and its code; a dash for None."""
    return NONE if amount is None else _money(figure(amount), amount)


def _money(text: str, amount: Money) -> SafeString:
    """HTML for a figure (`text`) and the currency's code, with a class for styling that marks an
    amount of 0.

    Here and for dates nothing is escaped: digits, signs, names of months and ISO codes need none.
    """
    look, code = "money" if amount else "money zero", amount.currency.code
    return SafeString(
        f'<span class="{look}">{text}\N{NO-BREAK SPACE}<span class="currency">{code}</span></span>'
    )


@register.filter(is_safe=True)
def unbroken(text: object) -> str:
    """The text, in which no masked number (···· 4242) is torn apart where a line ends."""
    return str(text).replace("···· ", "····\N{NO-BREAK SPACE}")


@register.filter
def plain_money(amount: Money) -> str:
    """The amount with exactly the currency's digits, and its code, without markup, for attributes
    of HTML.
    """
    return f"{figure(amount)}\N{NO-BREAK SPACE}{amount.currency.code}"


@register.filter
def change(amount: Money) -> str | SafeString:
    """HTML for an amount by which something changed, with a plus or minus sign; a dash if it is 0
    or None.
    """
    if not amount:
        return NONE
    sign = "+" if amount.amount > 0 else ""
    return _money(sign + figure(amount), amount)


@register.filter
def less(amount: Money) -> str | SafeString:
    """HTML for an amount that is taken off another one: with a minus sign, or without one if it is
    below 0, or 0.
    """
    return money(-amount)


@register.filter
def count(value: int) -> str:
    """A whole number with the separators of thousands of the reader's language."""
    return _decimal(value, "#,##0")


@register.filter
def percent(value: Decimal | int, places: int = 2) -> str:
    """A number of percent, such as 12.5 for 12.5 %, in the reader's language: rounded to `places`
    decimals, without trailing zeros, and with the percent sign where that language puts it.
    """
    whole, pattern = value / Decimal(100), f"#,##0.{'#' * places}%"
    text = format_percent(whole, format=_pattern(pattern), locale=_known(_locale()))
    return text.replace("-", MINUS)


@register.filter
def quantity(value: Decimal) -> str:
    """A quantity in the reader's language, with separators of thousands: rounded to six decimals,
    and without trailing zeros.
    """
    return _decimal(value, "#,##0.######")


@register.filter
def unit_price(value: Decimal | None, currency: str) -> str:
    """The price of one unit in the reader's language, without its currency: with at least the
    decimals that the currency has, and up to six, to which it is rounded; a dash for None.
    """
    if value is None:
        return NONE
    digits = minor_digits(currency)
    return _decimal(value, "#,##0." + "0" * digits + "#" * (6 - digits))


@register.filter
def plain_unit_price(value: Decimal, currency: str) -> str:
    """The price of one unit in the reader's language, with its currency's code behind it: with at
    least the decimals that the currency has, and up to six, to which it is rounded.
    """
    return f"{unit_price(value, currency)}\N{NO-BREAK SPACE}{currency}"


@register.filter
def decimals(value: Decimal) -> str:
    """A score or a mark in the reader's language, rounded to two decimals and without trailing
    zeros.
    """
    return _decimal(value, "#,##0.##")


@register.filter
def day(value: date | None) -> str | SafeString:
    """HTML for a date; a dash for None."""
    if value is None:
        return NONE
    return SafeString(f'<time datetime="{value.isoformat()}">{day_text(value)}</time>')


@register.filter
def zone(name: str, on: date) -> str:
    """A time zone as people know it: its city in the reader's language, and how far its clocks are
    from UTC at noon of the day, such as "Bangkok, UTC+7". A zone that names no place, such as UTC,
    is its offset alone.
    """
    offset = datetime.combine(on, time(12), zones.zone(name)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "" if not offset else MINUS if offset < timedelta() else "+"
    shown = "UTC" + (f"{sign}{hours}" if sign else "") + (f":{minutes:02}" if minutes else "")
    if "/" not in name:  # UTC itself
        return shown
    known = _known(_locale()).time_zones.get(name, {})
    city = known.get("city") or name.rpartition("/")[2].replace("_", " ")
    return f"{city}（{shown}）" if _locale().startswith("zh") else f"{city}, {shown}"


@register.filter
def month(value: date) -> str:
    """The month of the date, by name and with its year."""
    locale = _locale()
    return _date(value, "y年M月" if locale.startswith("zh") else "MMMM y", locale)


@register.filter
def instant(value: datetime | None) -> str | SafeString:
    """HTML for an instant to the minute, in the time zone of the page; a dash for None."""
    if value is None:
        return NONE
    machine_readable = value.isoformat(timespec="seconds")  # HTML knows no microseconds
    return SafeString(f'<time datetime="{machine_readable}">{instant_text(value)}</time>')
