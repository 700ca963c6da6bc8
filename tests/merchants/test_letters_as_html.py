"""Every e-mail comes as text and as HTML of the same words, which fits a phone."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils.html import strip_tags
from django.utils.translation import gettext, override

from lib.letters import Letter
from tests.factories import member
from tests.shops import join

pytestmark = pytest.mark.django_db

BODY = """Ann & Co. <b> writes from ann@shop.example.

https://tael.example/m/a/?x=1&y=2

See https://tael.example/b too.

--\x20
Stop these mails:
https://tael.example/stop"""


def html_of(letter: object) -> str:
    """The letter's HTML."""
    ((content, kind),) = letter.alternatives  # type: ignore[attr-defined]
    assert kind == "text/html"
    return str(content)


def test_the_html_says_what_the_text_says() -> None:
    with override("th"):
        letter = Letter(
            subject="A\n  bill", body=BODY, to=["a@b.example"], opens=gettext("Open the bill")
        )
    page = html_of(letter)
    assert letter.subject == "A bill"
    assert '<html lang="th">' in page
    assert "Ann &amp; Co. &lt;b&gt; writes from ann@shop.example." in page
    links = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', page)
    assert links == [
        ("https://tael.example/m/a/?x=1&amp;y=2", "เปิดใบแจ้งหนี้"),
        ("https://tael.example/b", "https://tael.example/b"),
        ("https://tael.example/stop", "https://tael.example/stop"),
    ]
    assert "width=device-width" in page
    unnamed = html_of(Letter(subject="A bill", body=BODY, to=["a@b.example"]))
    assert (
        re.findall(r"<a [^>]*>([^<]+)</a>", unnamed)[0] == "https://tael.example/m/a/?x=1&amp;y=2"
    )


def test_a_mail_about_signing_in_has_both_parts() -> None:
    member(join("2026-11-01 09:00"), email="mei@shop.example", language="zh-hans")
    Client().post("/accounts/password/reset/", {"email": "mei@shop.example"})
    (letter,) = mail.outbox
    (link,) = re.findall(r"https?://\S+/password/reset/key/\S+", str(letter.body))
    page = html_of(letter)
    assert re.search(rf'<a href="{link}"[^>]*>设置新密码</a>', page)
    assert "[Tael]" not in strip_tags(page.partition("<h1")[2])
