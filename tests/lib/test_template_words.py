"""A text that a template has is looked up once for each language, however often it is shown."""

from unittest.mock import patch

import pytest
from django.conf import settings
from django.template import Context, engines
from django.utils.translation import override, trans_real

LIST = """{% load i18n %}{% translate "Orders" as title %}{{ title }}:{% for row in rows %}
<td data-label="{% translate 'Status' %}">{% translate "Closed" context "nowhere" %}</td>\
{% endfor %}"""
SHOWN = {
    "en": "Orders:" + '\n<td data-label="Status">Closed</td>' * 2,
    "zh-hans": "订单:" + '\n<td data-label="状态">Closed</td>' * 2,
    "th": "คำสั่งซื้อ:" + '\n<td data-label="สถานะ">Closed</td>' * 2,
}


def test_each_reader_reads_their_language_and_a_hundred_rows_look_up_no_more_than_two() -> None:
    list_of = engines["django"].from_string(LIST).template  # type: ignore[attr-defined]
    looked_up = trans_real.gettext
    for language, shown in [*SHOWN.items(), *SHOWN.items()]:
        with override(language):
            assert list_of.render(Context({"rows": "ab"})) == shown
            with patch.object(trans_real, "gettext", wraps=looked_up) as asked:
                assert list_of.render(Context({"rows": range(100)})).count("<td") == 100
            assert not asked.called


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_what_is_no_text_of_the_template_is_looked_up_each_time(language: str) -> None:
    shown = engines["django"].from_string(
        '{% load i18n %}{% translate word %}, {% translate "orders"|capfirst %}'
    )
    with override(language):
        assert shown.render({"word": "100%"}) == "100%, Orders"
        translated = shown.render({"word": "Bills"}).partition(",")[0]
    assert translated == {"en": "Bills", "zh-hans": "账单", "th": "ใบแจ้งหนี้"}[language]
