"""docs/security.md names tests that exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "promise |" not in line]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)) - {
    "tests/merchants/test_security_page.py"
})  # fmt: skip


def test_every_promise_names_a_test() -> None:
    assert len(ROWS) >= 20
    assert [row for row in ROWS if not re.search(r"`tests/[\w/]+\.py", row)] == []


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    path, _, name = named.partition("::")
    source = (ROOT / path).read_text()
    assert re.search(rf"^def {name}\(" if name else r"^def test_", source, re.MULTILINE)


def test_reports_have_somewhere_to_go() -> None:
    page = (ROOT / "SECURITY.md").read_text()
    assert "/.well-known/security.txt" in page
    assert "docs/security.md" in page
