"""Documents in Thai and Chinese, with and without fonts, and with what is no markup."""

import re
from pathlib import Path

import pytest
import typst
from pytest_django import Settings

from config.local.datafolder import BASE_DIR
from lib import fonts, typesetting
from tests import lacking, shops
from tests.billing.documents import billed, closed, invoice_of, statement_of
from tests.made_fonts import make_font
from tests.pdf_text import fonts_of, pages_of

pytestmark = pytest.mark.django_db

HOSTILE = '#read("/etc/passwd") *x* _y_ $z$ \\ @a <b> [c] // d = e'


@pytest.fixture
def no_fonts(settings: Settings, tmp_path: Path) -> None:
    """Have only the font within typst be there, which has Latin letters."""
    settings.TAEL_FONT_PATHS = [str(tmp_path)]


@pytest.fixture
def fonts_of_asia() -> None:
    """Skips the test where no fonts for Thai and Chinese are installed."""
    if not fonts.installed().can_show("ตลาด上海"):
        lacking.skip(f"needs fonts: {fonts.WANTED}")


def brings(document: bytes, letter: str) -> bool:
    """Whether the document has glyphs of the installed font that shows the letter."""
    family = (fonts.installed().family_of(letter) or "").replace(" ", "").lower()
    return any(name.lower().startswith(family) for name in fonts_of(document))


@pytest.mark.usefixtures("fonts_of_asia")
def test_a_thai_bill_has_thai_dates_and_letters() -> None:
    # All letters stand alone: pypdf can't read those that typst joins, as readers can.
    document = invoice_of(billed(name="ยอดดอย", language="th"))
    (page,) = pages_of(document)
    assert "ยอดดอย rosewood" in page
    assert "12 พ.ย. 2026" in page
    assert brings(document, "ย")
    assert "[?]" not in page


@pytest.mark.full  # a Thai bill, above
@pytest.mark.usefixtures("fonts_of_asia")
def test_a_chinese_statement_has_chinese_dates_and_letters() -> None:
    document = statement_of(closed(name="上海玫瑰服饰有限公司", language="zh-hans"))
    (page,) = pages_of(document)
    assert "上海玫瑰服饰有限公司 rosewood" in page
    assert "2026年10月3日 拣货打包" in page
    assert brings(document, "拣")


@pytest.mark.usefixtures("no_fonts")
def test_without_fonts_a_thai_bill_is_in_english_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (page,) = pages_of(invoice_of(billed(name="ตลาดสด", language="th")))
    assert "The fonts on the server cannot show Thai: this document is in English." in page
    assert "The fonts on the server cannot show the merchant's name: this is its reference." in page
    assert "Billed to rosewood" in page
    assert "Issued 12 Nov 2026" in page
    (line,) = [record.getMessage() for record in caplog.records if "fonts" in record.getMessage()]
    assert line.startswith(
        "Bill T-2026-000001: The fonts on the server cannot show Thai: this document is in English."
        " The fonts on the server cannot show the merchant's name: this is its reference."
        " No font has U+0E01 U+0E02 U+0E04 "
    )
    assert line.endswith(f" …. Install {fonts.WANTED}.")


@pytest.mark.full  # it says so above
@pytest.mark.usefixtures("no_fonts")
def test_without_fonts_words_of_charges_are_marked() -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-03 10:00", "pick-pack", "3.50", "单-1", description="两条连衣裙, €5")
    shop.run_jobs("2026-11-01 00:00")
    (page,) = pages_of(statement_of(shop))
    assert "Pick and pack [?], €5 [U+5355]-1 Request FR-1" in page
    assert "Characters that the fonts on the server cannot show: [U+5355] [?]" in page
    assert "in English" not in page


@pytest.mark.usefixtures("no_fonts")
def test_a_letter_without_a_glyph_is_a_number_in_the_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (page,) = pages_of(invoice_of(billed(name="Rosewood 𠮷 Dresses")))
    assert "Billed to Rosewood [U+20BB7] Dresses rosewood" in page
    assert "Characters that the fonts on the server cannot show: [U+20BB7]" in page
    assert "this is its reference" not in page
    assert "in English" not in page
    assert [record.getMessage() for record in caplog.records if "U+" in record.getMessage()] == [
        "Bill T-2026-000001: Characters that the fonts on the server cannot show: [U+20BB7]"
        f" No font has U+20BB7. Install {fonts.WANTED}."
    ]


@pytest.mark.full  # a letter, above
@pytest.mark.usefixtures("no_fonts")
def test_an_accent_that_no_font_has_with_its_letter_is_a_number_beside_it() -> None:
    (page,) = pages_of(invoice_of(billed(name="Ro\N{COMBINING DOUBLE TILDE}sewood")))
    assert "Billed to Ro[U+0360]sewood rosewood" in page


@pytest.mark.full  # ours do, above
def test_any_font_that_has_the_letters_serves(settings: Settings, tmp_path: Path) -> None:
    make_font(tmp_path, "Corner Garden", map(chr, range(0x0E01, 0x0E5C)))
    settings.TAEL_FONT_PATHS = [str(tmp_path)]
    document = invoice_of(billed(name="ยอดดอย", language="th"))
    (page,) = pages_of(document)
    assert "CornerGarden-Regular" in fonts_of(document)
    assert "cannot show" not in page
    assert "Rosewood" not in page


def test_only_a_font_that_is_needed_is_looked_at(tmp_path: Path) -> None:
    make_font(tmp_path, "Corner Garden", "กข")
    found = fonts.FontSet([str(tmp_path)])
    assert "Corner Garden" in found.families_for(["a ก"])
    assert "Corner Garden" not in found.families_for(["a"])
    assert found.can_show("aก")
    assert not found.can_show("aค")


def test_an_accent_comes_from_its_letters_font(tmp_path: Path) -> None:
    # In typst the letter would vanish: it is looked for where the accent is.
    make_font(tmp_path, "One", "ก")
    make_font(tmp_path, "Two", "\N{THAI CHARACTER MAI EK}")
    apart = fonts.FontSet([str(tmp_path)])
    assert apart.can_show("ก")
    assert not apart.can_show("ก\N{THAI CHARACTER MAI EK}")
    make_font(tmp_path, "Three", "ก\N{THAI CHARACTER MAI EK}")
    assert fonts.FontSet([str(tmp_path)]).family_of("ก\N{THAI CHARACTER MAI EK}") == "Three"


def test_a_font_of_one_box_for_everything_does_not_count(tmp_path: Path) -> None:
    make_font(tmp_path, "Last Resort", "ก\ufdd0")
    assert not fonts.FontSet([str(tmp_path)]).can_show("ก")


def test_a_font_that_can_not_be_read_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_font(tmp_path, "Gone", "ก")
    found = fonts.FontSet([str(tmp_path)])
    path.unlink()
    assert not found.can_show("ก")
    assert f"The font {path} is not used, as it can't be read" in caplog.text


def test_the_fonts_that_documents_want_are_said_where_they_are_installed() -> None:
    assert fonts.WANTED in " ".join((BASE_DIR / "docs" / "operations.md").read_text().split())
    installed = re.findall(r"fonts-[a-z-]+", (BASE_DIR / ".ci" / "run").read_text())
    assert installed == ["fonts-noto-cjk", "fonts-thai-tlwg"]
    assert all(package in fonts.WANTED for package in installed)


def test_a_bill_stays_in_the_language_it_was_issued_in() -> None:
    shop = billed()
    merchant = shop.merchant
    merchant.language, merchant.name = "zh-hans", "Rosewood Gowns"
    merchant.save()
    (page,) = pages_of(invoice_of(shop))
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
    (page,) = pages_of(invoice_of(billed(name="Rose\u202ewood\u200b Dr\u2066esses")))
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
        (tmp_path / "folder" / "invoice.typ").write_text(f'#read("{path}")')
        with pytest.raises(typst.TypstError):
            invoice_of(shop)
