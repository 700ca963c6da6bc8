"""Figures and dates as the reader's language writes them."""

from datetime import date, datetime
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale
from moneyed import Money

from lib.money import minor_digits

register = template.Library()

NONE = "–"
MINUS = "\N{MINUS SIGN}"  # as wide as a plus, so that columns of figures stay in line


def _locale() -> str:
    language = get_language() or "en"
    # Days before months, and 24 hours: the plain "en" is American.
    return "en_GB" if language == "en" else to_locale(language)


def _decimal(value: Decimal | int, pattern: str) -> str:
    return format_decimal(value, format=pattern, locale=_locale()).replace("-", MINUS)


def country(code: str) -> str:
    """The name of a country (ISO 3166) in the reader's language."""
    return str(Locale.parse(_locale()).territories.get(code, code))


# Plain text, for what is no page.


def figure(amount: Money) -> str:
    """An amount with exactly the currency's digits, without its code."""
    digits = minor_digits(amount.currency.code)
    return _decimal(amount.amount, "#,##0" + ("." + "0" * digits if digits else ""))


def whole(value: Decimal) -> str:
    """A figure of a chart's scale, without its decimals."""
    return _decimal(value, "#,##0")


# Patterns are written out, with months as they are within a date ("M"). Skeletons have them as they
# stand alone ("L"), and of those babel gives a process those of the language it was first asked in.


def day_and_month(value: date) -> str:
    pattern = "M月d日" if _locale().startswith("zh") else "d MMM"
    return format_date(value, pattern, locale=_locale())


def short_month(value: date) -> str:
    """The month's abbreviated name."""
    return format_date(value, "MMM", locale=_locale())


def day_text(value: date | None) -> str:
    return NONE if value is None else format_date(value, "medium", locale=_locale())


def instant_text(value: datetime) -> str:
    """An instant to the minute, in the time zone in force."""
    local = timezone.localtime(value)
    return f"{day_text(local)} {format_time(local, 'short', tzinfo=local.tzinfo, locale=_locale())}"


# For pages.


@register.filter
def as_money(value: Decimal, currency: str) -> Money:
    """A figure of a query, such as a sum, as an amount."""
    return Money(value, currency)


@register.filter
def money(amount: Money | None) -> str | SafeString:
    """An amount with exactly the currency's digits, and its code."""
    return NONE if amount is None else _money(figure(amount), amount)


def _money(text: str, amount: Money) -> SafeString:
    return format_html(
        '<span class="{}">{}\N{NO-BREAK SPACE}<span class="currency">{}</span></span>',
        "money" if amount else "money zero",
        text,
        amount.currency.code,
    )


@register.filter
def plain_money(amount: Money) -> str:
    """As `money`, but without markup, for attributes of HTML."""
    return f"{figure(amount)}\N{NO-BREAK SPACE}{amount.currency.code}"


@register.filter
def change(amount: Money) -> str | SafeString:
    """An amount by which something changed, with its sign; empty where nothing changed."""
    if not amount:
        return NONE
    sign = "+" if amount.amount > 0 else ""
    return _money(sign + figure(amount), amount)


@register.filter
def count(value: int) -> str:
    return _decimal(value, "#,##0")


@register.filter
def percent(value: Decimal | int) -> str:
    """A percentage, with the percent sign where the reader's language puts it."""
    return format_percent(value / Decimal(100), format="#,##0.##%", locale=_locale())


@register.filter
def quantity(value: Decimal) -> str:
    """A quantity with up to six decimals, without trailing zeros."""
    return _decimal(value, "#,##0.######")


@register.filter
def unit_price(value: Decimal | None, currency: str) -> str:
    """What one unit costs: the currency's digits, and up to six where the price has them."""
    if value is None:
        return NONE
    digits = minor_digits(currency)
    return _decimal(value, "#,##0." + "0" * digits + "#" * (6 - digits))


@register.filter
def decimals(value: Decimal) -> str:
    """A score or a mark, with two decimals at most."""
    return _decimal(value, "#,##0.##")


@register.filter
def day(value: date | None) -> str | SafeString:
    if value is None:
        return NONE
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), day_text(value))


@register.filter
def month(value: date) -> str:
    """A month by name and year."""
    pattern = "y年M月" if _locale().startswith("zh") else "MMMM y"
    return format_date(value, pattern, locale=_locale())


@register.filter
def instant(value: datetime | None) -> str | SafeString:
    """An instant to the minute, in the time zone of the page."""
    if value is None:
        return NONE
    machine_readable = value.isoformat(timespec="seconds")  # HTML knows no microseconds
    return format_html('<time datetime="{}">{}</time>', machine_readable, instant_text(value))
