"""Documents in Thai and Chinese, with and without fonts, and with what is no markup."""

from pathlib import Path

import pytest
import typst
from pytest_django import Settings

from billing import fonts, typesetting
from tests import lacking, shops
from tests.billing.documents import bill_of, billed, closed, statement_of
from tests.pdf_text import fonts_of, pages_of

pytestmark = pytest.mark.django_db

HOSTILE = '#read("/etc/passwd") *x* _y_ $z$ \\ @a <b> [c] // d = e'


@pytest.fixture
def no_fonts(settings: Settings, tmp_path: Path) -> None:
    """Only the font within typst, which has Latin letters."""
    settings.TAEL_FONT_PATHS = [str(tmp_path)]


@pytest.fixture
def fonts_of_asia() -> None:
    if not fonts.installed().can_show("ตลาด上海"):
        lacking.skip("needs the fonts that docs/operations.md names, such as fonts-noto-cjk")


@pytest.mark.usefixtures("fonts_of_asia")
def test_a_thai_bill_has_thai_dates_and_letters() -> None:
    # Of letters that stand alone: pypdf can't read those that typst joins, as readers can.
    document = bill_of(billed(name="ยอดดอย", language="th"))
    (page,) = pages_of(document)
    assert "ยอดดอย rosewood" in page
    assert "12 พ.ย. 2026" in page
    letters_of = ("Thai", "Loma", "Garuda")  # each a font that billing.fonts looks for
    assert any(family in name for name in fonts_of(document) for family in letters_of)
    assert "[?]" not in page


@pytest.mark.usefixtures("fonts_of_asia")
def test_a_chinese_statement_has_chinese_dates_and_letters() -> None:
    document = statement_of(closed(name="上海玫瑰服饰有限公司", language="zh-hans"))
    (page,) = pages_of(document)
    assert "上海玫瑰服饰有限公司 rosewood" in page
    assert "2026年10月3日 拣货打包" in page
    assert any("CJK" in name for name in fonts_of(document))


@pytest.mark.usefixtures("no_fonts")
def test_without_fonts_a_thai_bill_is_in_english_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (page,) = pages_of(bill_of(billed(name="ตลาดสด", language="th")))
    assert "The fonts on the server cannot show Thai: this document is in English." in page
    assert "The fonts on the server cannot show the merchant's name: this is its reference." in page
    assert "Billed to rosewood" in page
    assert "Issued 12 Nov 2026" in page
    assert [record.getMessage() for record in caplog.records if "fonts" in record.getMessage()] == [
        "Bill T-2026-000001: The fonts on the server cannot show Thai: this document is in English."
        " The fonts on the server cannot show the merchant's name: this is its reference."
    ]


@pytest.mark.usefixtures("no_fonts")
def test_without_fonts_words_of_charges_are_marked() -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-03 10:00", "pick-pack", "3.50", "单-1", description="两条连衣裙, €5")
    shop.run_jobs("2026-11-01 00:00")
    (page,) = pages_of(statement_of(shop))
    assert "Pick and pack [?], €5 [?]-1 Request FR-1" in page
    assert "[?] stands for characters that the fonts on the server cannot show." in page
    assert "in English" not in page


def test_a_bill_stays_in_the_language_it_was_issued_in() -> None:
    shop = billed()
    merchant = shop.merchant
    merchant.language, merchant.name = "zh-hans", "Rosewood Gowns"
    merchant.save()
    (page,) = pages_of(bill_of(shop))
    assert "Issued 12 Nov 2026" in page
    assert "Rosewood Dresses" in page


def test_typsts_own_font_has_the_letters_it_is_trusted_with() -> None:
    source = b'#set text(font: "Libertinus Serif", fallback: false)\n#sys.inputs.letters'
    letters = " ".join(map(chr, sorted(fonts.EMBEDDED)))

    def show(text: str) -> None:
        inputs = {"letters": text}
        typst.compile(source, ignore_system_fonts=True, sys_inputs=inputs, pdf_standards="a-2b")

    show(letters)
    with pytest.raises(typst.TypstError, match="could not be displayed"):
        show(letters + "ก")


def test_what_people_write_is_no_markup() -> None:
    shop = closed(name=HOSTILE)
    (page,) = pages_of(statement_of(shop))
    assert HOSTILE in page
    assert "root:" not in page


def test_signs_that_turn_the_text_around_are_left_out() -> None:
    (page,) = pages_of(bill_of(billed(name="Rose\u202ewood\u200b Dr\u2066esses")))
    assert "Rosewood Dresses rosewood" in page


def test_templates_reach_no_file_outside_their_folder_and_evaluate_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for template in typesetting.TEMPLATES.glob("*.typ"):
        source = template.read_text()
        assert "@preview" not in source
        assert "eval(" not in source
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(typesetting, "TEMPLATES", tmp_path / "folder")
    shop = billed()
    for path in ("/etc/hostname", "../secret.txt", "/../secret.txt", str(tmp_path / "secret.txt")):
        (tmp_path / "folder" / "bill.typ").write_text(f'#read("{path}")')
        with pytest.raises(typst.TypstError):
            bill_of(shop)
