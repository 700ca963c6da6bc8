"""A text is found anywhere in a name, whatever its capitals, and nowhere else (rule 23.20)."""

import pytest
from django.db import connection

from credit.models import Order
from lib import search
from tests import shops
from tests.kept import kept
from tests.shops import Shop

pytestmark = pytest.mark.django_db

NAMES = (
    "PO-00%1",
    "po-0012",
    "Po_0013",
    "X.PO-0014",
    "é-00É",
    "STRASSE-7",
    "straße-7",
    "171.57",
    "17157",
)
# Which of all characters become another one in capitals that a text is looked for as it is.
BECOME = """
SELECT n, upper(chr(n)) FROM generate_series(1, 1114111) n
WHERE n NOT BETWEEN 55296 AND 57343 AND upper(chr(n)) <> chr(n) AND upper(chr(n)) ~ %s
"""


@kept()
def shop() -> Shop:
    """A shop that has an order under each of the NAMES."""
    shop = shops.join("2026-10-01 09:00", credit_limit="9000.00")
    for name in NAMES:
        shop.place("2026-10-02 10:00", name, "10.00")
    return shop


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("po-00", ["PO-00%1", "X.PO-0014", "po-0012"]),
        ("PO-00", ["PO-00%1", "X.PO-0014", "po-0012"]),
        ("-00", ["PO-00%1", "X.PO-0014", "po-0012", "é-00É"]),
        ("00%", ["PO-00%1"]),
        ("o_001", ["Po_0013"]),
        ("po_00", ["Po_0013"]),
        ("É-00", ["é-00É"]),
        ("-00é", ["é-00É"]),
        ("SSE-7", ["STRASSE-7"]),
        ("ße-7", ["straße-7"]),
        ("171.57", ["171.57"]),
        ("17157", ["17157"]),
        ("x.p", ["X.PO-0014"]),
        ("po 00", ["PO-00%1", "X.PO-0014", "po-0012"]),  # hyphens for its blanks
        ("-0099", []),
    ],
)
def test_a_text_stands_anywhere_in_a_name_whatever_its_capitals(
    shop: Shop, text: str, found: list[str]
) -> None:
    own = Order.objects.of_merchant(shop.line.pk)
    names = own.filter(search.of_name(text, "reference")).values_list("reference", flat=True)
    assert sorted(names) == found
    anywhere = search.anywhere(own, text, "reference").values_list("reference", flat=True)
    assert sorted(anywhere) == found


def test_more_names_than_are_counted_are_found_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.figures.MOST", 2)
    own = Order.objects.of_merchant(shop.line.pk)
    for text, count in (("po-00", 3), ("-00", 4), ("-7", 2), ("171", 2)):
        assert search.anywhere(own, text, "reference").count() == count, text


@pytest.mark.full  # some characters, above
def test_no_character_becomes_one_without_capitals_that_it_is_not() -> None:
    """So that a name in capitals has such a character exactly where the name itself has it."""
    with connection.cursor() as cursor:
        cursor.execute(BECOME, [search.CASELESS.pattern])
        assert cursor.fetchall() == []
        cursor.execute("SELECT upper('a-ß7')")
        assert cursor.fetchone() == ("A-ß7",)
