"""What people read is worded alike: one spelling, one word for one thing, and each language's own
marks.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils.translation import gettext, override

from config import third_party_messages
from tests.factories import UserFactory, browser_of

LOCALE = Path(settings.BASE_DIR) / "config" / "locale"
GLOSSARY = Path(settings.BASE_DIR) / "docs" / "glossary.md"
PLACE = re.compile(r"%\(\w+\)[sd]|%d|\{\w+\}|<[^>]+>|https?:\S+")
HAN, THAI = "一-鿿", "ก-๛"
# Places of sentences that hold a day, a month or an instant.
DAYS = "day|plan_first|plan_last|at|first|last|last_day|due_on|asked|since|opens_at|month|instant"


def all_of(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """The forms of a text: one, or one for each number."""
    return [text] if isinstance(text, str) else list(text or ())


def texts(language: str) -> list[tuple[Message, str]]:
    """Each text of a catalogue, with what it translates."""
    with (LOCALE / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalog = read_po(file)
    found = [
        (message, text) for message in catalog if message.id for text in all_of(message.string)
    ]
    assert len(found) > (50 if language == "en" else 1_400)
    return found


def english() -> Iterator[str]:
    """What is read in English: our texts, and others' as we word them."""
    with override("en"):
        for message, _text in texts("th"):
            for said in all_of(message.id or ""):
                yield gettext(said) if said in third_party_messages.WORDS else said


def test_english_has_one_spelling_and_sentence_case() -> None:
    said = list(english())
    spelt = {word for text in said for word in re.findall(r"\b[Ee]-?[Mm]ail", PLACE.sub("", text))}
    assert spelt == {"e-mail", "E-mail"}
    assert [text for text in said if re.search(r"\b[Ll]og(ged)?[ -]?(in|out)\b", text)] == []
    american = r"\b(?:license|favor|color|canceled|fulfillment|recognize)"
    assert [text for text in said if re.search(american, text)] == []
    names = r"Stripe|Tael|Alipay|CSV|PDF|Thai|Chinese|English|Visa"
    titles = [
        text
        for text in said
        if re.fullmatch(r"[A-Z][a-z-]+( [A-Z][a-z-]+)+", re.sub(names, "x", text))
    ]
    assert titles == ["Store Name"]  # a column of bills that merchants' own tools look for


def test_chinese_has_its_own_marks_and_no_gaps_beside_dates() -> None:
    for message, text in texts("zh_Hans"):
        bare = PLACE.sub("%", text)
        halves = rf"[{HAN}%][,;:?!]|[,;:?!][{HAN}]|[{HAN}]\.(\s|$)|[{HAN}]\(|\)[{HAN}]"
        assert text == "是,否" or not re.search(halves, bare), text
        assert not re.search(rf"[{HAN}] %\(({DAYS})\)s|%\(({DAYS})\)s [{HAN}]", text), message.id


# What a thing is called, and what it is not called.
ONE_WORD = {
    "zh_Hans": {
        "店主": "所有者",
        "支付服务商": "支付机构",
        "付款方式": "支付方式",
        "概览": "总览",
        "未结清": "未结(?!清)",
        "保留": "保管",
        "平台团队": "我们团队|我们的团队",
        "邮箱": "电子邮件|Email",
        "登录": "登陆",
        "恢复码": "恢复代码|备用码",
    },
    "th": {
        "ใบแจ้งหนี้": "(?<!รอบ)บิล|ใบเรียกเก็บเงิน",
        "ข้อมูลร้านค้า": "โปรไฟล์",
        "บัญชีรับเงิน": "ปลายทาง",
        "โปรด": "กรุณา",
        "คำขอฟูลฟิลเมนต์": "คำขอบริการจัดการ",
        "ผู้ให้บริการชำระเงิน": "ผู้ให้บริการรับชำระ",
        "เข้าสู่ระบบ": "ลงชื่อเข้าใช้|ล็อกอิน",
        "หมายเลขอ้างอิง": "(?<!หมาย)เลขอ้างอิง",
    },
}


@pytest.mark.parametrize("language", ONE_WORD)
def test_one_thing_has_one_word(language: str) -> None:
    said = [text for _message, text in texts(language)]
    for word, other in ONE_WORD[language].items():
        assert any(word in text for text in said), word
        assert [text for text in said if re.search(other, text)] == []


def rows() -> Iterator[list[str]]:
    """The terms of the glossary: English, Chinese, Thai; those that a merchant reads."""
    for line in GLOSSARY.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 5 and cells[1] not in {"中文", "—"}:
            yield cells


@pytest.mark.parametrize(("language", "cell"), [("zh_Hans", 1), ("th", 2)])
def test_terms_of_the_glossary_are_those_of_the_pages(language: str, cell: int) -> None:
    said = texts(language)
    missing = [row[0] for row in rows() if not any(row[cell] in text for _message, text in said)]
    assert missing == []
    assert len(list(rows())) > 90


@pytest.mark.django_db
def test_pages_of_others_are_in_our_english() -> None:
    person = UserFactory.create(language="en")
    for path in (
        *("login", "password/reset", "password/reset/done", "password/reset/key/1-x", "signup"),
        *("inactive", "confirm-email/x", "2fa", "password/change", "reauthenticate", "logout"),
        *("sessions", "email"),
    ):
        client = Client() if path not in SIGNED_IN else browser_of(person)
        page = client.get(f"/accounts/{path}/", headers={"Accept-Language": "en"}).content.decode()
        main = page[page.index("<main") : page.index("</main>")]
        shown = " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", main, flags=re.DOTALL).split())
        shown = shown.replace(person.email, "")
        assert not re.search(r"\b[Ee]mail|\b[Ll]og(ged)? ?(in|out)\b", shown), (path, shown)
        assert not re.search(
            r"\b[A-Z]\w+ (In|Out|Up|Access|Authentication|Keys?|Codes|App)\b", shown
        )
        assert not re.search(r"\b(New|Change|Current|Reset|My|Set) Password\b", shown)


SIGNED_IN = {"2fa", "password/change", "reauthenticate", "logout", "sessions", "email"}
