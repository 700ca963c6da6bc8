"""Names in the letters that banks take."""

import pytest

from lib.bank_letters import NotWritable, as_written, latin


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Zoë Müller & Söhne", "Zoe Mueller + Soehne"),
        ("Łukasz Wójcik", "Lukasz Wojcik"),
        ("Ｍｅｉ　Ｌｉｎ", "Mei Lin"),
        ("O’Brien – Straße 5", "O'Brien - Strasse 5"),
        ("Παπαδόπουλος", "Papadopoylos"),
        ("Щерев", "Shterev"),
        ("A\u030ase", "Ase"),  # a letter and its accent apart
        ("Shop “№ 7” | Co_", "Shop No 7 Co-"),
        ("x" * 80, "x" * 70),
    ],
)
def test_a_name_is_written_in_letters_that_every_bank_takes(name: str, written: str) -> None:
    assert latin(name, 70) == written


def test_letters_that_nobody_agreed_on_are_named_and_none_is_left_out() -> None:
    for name, letters in (("林美 Lin", "林美"), ("สมชาย", "สมชาย"), ("★", "★")):
        with pytest.raises(NotWritable) as refusal:
            latin(name, 70)
        assert refusal.value.letters == letters
    assert as_written("  林美　有限公司", 4) == "林美 有"
