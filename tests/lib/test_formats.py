"""How amounts, days and instants are written in pages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_decimal
from django.conf import settings
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import override, to_locale
from moneyed import Money

from lib import formats


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("1234567.5000", "USD", "1,234,567.50 USD"),
        ("1234567.0000", "JPY", "1,234,567 JPY"),
        ("0.1230", "KWD", "0.123 KWD"),
        ("-5.0000", "THB", "−5.00 THB"),
        ("1000000000000.0000", "BRL", "1,000,000,000,000.00 BRL"),
        ("0.0000", "CNY", "0.00 CNY"),
    ],
)
def test_money_has_the_digits_of_its_currency(value: str, currency: str, shown: str) -> None:
    text = strip_tags(formats.money(Money(value, currency)))
    assert text.replace("\N{NO-BREAK SPACE}", " ") == shown


def test_money_that_is_not_there_is_a_dash() -> None:
    assert formats.money(None) == "–"


def test_quantities_have_no_needless_digits() -> None:
    assert formats.quantity(Decimal("1.000000")) == "1"
    assert formats.quantity(Decimal("1200.250000")) == "1,200.25"
    assert formats.quantity(Decimal("0.000001")) == "0.000001"


@pytest.mark.parametrize(
    ("language", "day", "month"),
    [
        ("en", "5 Jan 2027", "January 2027"),
        ("zh-hans", "2027年1月5日", "2027年1月"),
        ("th", "5 ม.ค. 2027", "มกราคม 2027"),
    ],
)
def test_days_and_months_are_written_in_the_readers_language(
    language: str, day: str, month: str
) -> None:
    with override(language):
        assert strip_tags(formats.day(date(2027, 1, 5))) == day
        assert formats.month(date(2027, 1, 1)) == month


def test_one_process_writes_months_in_every_language_in_turn() -> None:
    written = []
    for language in ("zh-hans", "th", "en", "th", "zh-hans"):
        with override(language):
            day = date(2026, 11, 5)
            written.append(
                (formats.day_and_month(day), formats.short_month(day), formats.month(day))
            )
    assert written == [
        ("11月5日", "11月", "2026年11月"),
        ("5 พ.ย.", "พ.ย.", "พฤศจิกายน 2026"),
        ("5 Nov", "Nov", "November 2026"),
        ("5 พ.ย.", "พ.ย.", "พฤศจิกายน 2026"),
        ("11月5日", "11月", "2026年11月"),
    ]


def test_instants_are_shown_in_the_time_zone_of_the_page() -> None:
    at = datetime(2027, 1, 4, 23, 5, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Bangkok")):
        assert strip_tags(formats.instant(at)) == "5 Jan 2027 06:05"


def test_a_time_zone_is_a_place_and_its_offset_on_the_day() -> None:
    winter, summer = date(2026, 1, 15), date(2026, 7, 15)
    assert formats.zone("Europe/London", winter) == "London, UTC"
    assert formats.zone("Europe/London", summer) == "London, UTC+1"
    assert formats.zone("America/Sao_Paulo", winter) == "Sao Paulo, UTC−3"
    assert formats.zone("Asia/Kathmandu", winter) == "Kathmandu, UTC+5:45"
    assert formats.zone("UTC", winter) == "UTC"
    with override("zh-hans"):
        assert formats.zone("Asia/Bangkok", winter) == "曼谷（UTC+7）"
    with override("th"):
        assert formats.zone("Asia/Shanghai", winter) == "เซี่ยงไฮ้, UTC+8"


def test_a_price_in_a_sentence_has_its_currency() -> None:
    assert formats.plain_unit_price(Decimal("64"), "USD") == "64.00\N{NO-BREAK SPACE}USD"


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize("value", ["0.0000", "-1234567.5000", "999.9900", "1000.0000"])
def test_amounts_are_written_as_babel_writes_them(language: str, value: str) -> None:
    """`figure` takes it that all our languages write 1,234.50."""
    with override(language):
        shown = formats.figure(Money(value, "USD"))
        expected = format_decimal(Decimal(value), "#,##0.00", locale=to_locale(language))
    assert shown == expected.replace("-", "−")
