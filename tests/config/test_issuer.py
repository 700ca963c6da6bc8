"""Names and addresses are given in one variable of several lines."""

import pytest

from config import issuer


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ("", []),
        ("Tael Ltd", ["Tael Ltd"]),
        (r"Tael Ltd\n1 Harbour Road", ["Tael Ltd", "1 Harbour Road"]),
        ("Tael Ltd\n\n 1 Harbour Road \n", ["Tael Ltd", "1 Harbour Road"]),
    ],
)
def test_lines_end_in_either_way(
    monkeypatch: pytest.MonkeyPatch, given: str, lines: list[str]
) -> None:
    monkeypatch.setenv("TAEL_ISSUER", given)
    assert issuer.lines("TAEL_ISSUER") == lines
