"""Files as spreadsheets and systems write them are understood; what is no such file is refused."""

import json

import pytest

from gateway.imports import reading
from gateway.imports.faults import UnreadableFile
from gateway.imports.models import Import
from tests import shops
from tests.gateway.imports.importing import (
    ORDERS,
    became,
    faults,
    faults_of_bytes,
    orders,
    status,
    take_in,
    upload,
    upload_bytes,
)
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

HEADING = ORDERS.replace(",", ";")


@pytest.fixture(autouse=True)
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


def placed(shop: Shop) -> list[str]:
    """Reference, buyer and amount of the shop's orders."""
    return [
        f"{one.reference} {one.buyer} {one.amount.amount}"
        for one in shop.line.orders.order_by("pk")
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"{ORDERS}\nrosewood,A-1,Ünal,129.90,USD\nrosewood,A-2,Mei,5,USD\n".encode(),
        # Excel in German: a byte-order mark, semicolons, and the line ends of Windows.
        f"\ufeff{HEADING}\r\nrosewood;A-1;Ünal;129.90;USD\r\nrosewood;A-2;Mei;5;USD\r\n".encode(),
        # Excel's own first line, which names the delimiter.
        f"\ufeffsep=;\r\n{HEADING}\r\nrosewood;A-1;Ünal;129.90;USD\r\n"
        "rosewood;A-2;Mei;5;USD\r\n".encode(),
        f"{ORDERS}\rrosewood,A-1,Ünal,129.90,USD\rrosewood,A-2,Mei,5,USD".encode(),
        # Columns in another order, in capitals, empty ones beside them, an empty line, and quotes.
        b'Order\tMERCHANT\tamount\tcurrency\tbuyer\t\t\n\nA-1\trosewood\t"129.90"\tUSD\t\xc3\x9cnal'
        b"\t\t\nA-2\trosewood\t5\tUSD\tMei\n\t\t\t\t\t\t\n",
        b'{"merchant":"rosewood","order":"A-1","buyer":"\\u00dcnal","amount":"129.90",'
        b'"currency":"USD"}\r\n\n'
        b'{"order":"A-2","merchant":"rosewood","buyer":"Mei","amount":"5","currency":"USD"}\n',
    ],
    ids=["commas", "semicolons", "sep=;", "old line ends", "tabs", "JSON lines"],
)
def test_the_same_orders_however_they_are_written(shop: Shop, content: bytes) -> None:
    file = upload_bytes("ORDERS", content)
    take_in()
    assert placed(shop) == ["A-1 Ünal 129.90", "A-2 Mei 5.00"]
    assert (status(file), file.row_count) == ("DONE", 2)


def test_a_cell_that_is_quoted_keeps_its_delimiter_and_whole_numbers_are_numbers(
    shop: Shop,
) -> None:
    heading = f"{ORDERS},instalments,buyer_risk,at"
    upload(
        "ORDERS",
        heading,
        'rosewood,A-1,"Mei, at home",90.00,USD,3,,2026-11-09T10:00:00+07:00',
        "rosewood,A-2,Mei,10.00,USD,,1,",
    )
    take_in()
    first, second = shop.line.orders.order_by("reference")
    assert (first.buyer, first.instalments) == ("Mei, at home", 3)
    assert first.placed_said_at == shops.instant("2026-11-09 03:00")
    assert (second.instalments, second.buyer_risk) == (1, 1)
    assert second.placed_said_at == shops.instant("2026-11-10 10:00")


def test_a_fault_below_a_line_that_names_the_delimiter_has_the_line_of_the_file() -> None:
    said = faults("ORDERS", "sep=|", ORDERS.replace(",", "|"), "rosewood|A-1|Mei||USD")
    assert said == ["Line 3, amount: is missing."]


def test_lines_that_are_not_in_utf_8_are_named() -> None:
    content = f"{ORDERS}\nrosewood,A-1,".encode() + b"\xdcnal,1,USD\nrosewood,A-2,Mei,1,USD\n\xff\n"
    assert faults_of_bytes("ORDERS", content) == [
        "Line 2: is not in UTF-8, from byte 14 on.",
        "Line 4: is not in UTF-8, from byte 1 on.",
    ]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ["merchant,order,customer,amount,amount", "rosewood,A-1,Mei,1,1"],
            [
                "Line 1, customer: is no column; there are merchant, order, buyer, amount,"
                " currency, at, instalments, buyer_risk.",
                "Line 1, amount: is there twice.",
                "Line 1, buyer: is missing in the heading.",
                "Line 1, currency: is missing in the heading.",
            ],
        ),
        ([*orders(1), "rosewood,A-2,Mei,1,USD,more"],
         ["Line 3: has more cells than the heading."]),
        ([*orders(1), 'rosewood,"A-2,Mei,1,USD', "rosewood,A-3,Mei,1,USD"],
         ["Line 3: cannot be read as CSV (unexpected end of data)."]),
        ([*orders(1), f"rosewood,A-2,{'x' * 10_000},1,USD"],
         ["Line 3: is longer than 10,000 characters."]),
        (["{", "[1]", '{"a": 1, "a": 2}'], [
            "Line 1: is not JSON (Expecting property name enclosed in double quotes: line 1 column"
            " 2 (char 1)).",
            "Line 2: is no JSON object.",
            "Line 3: is not JSON (an object has the member 'a' twice).",
        ]),
    ],
    ids=["heading", "too many cells", "a quote without its end", "a long line", "no JSON"],
)  # fmt: skip
def test_what_cannot_be_read_is_named_by_its_line(lines: list[str], told: list[str]) -> None:
    assert faults("ORDERS", *lines) == told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xef\xbb\xbf\r\n", "The file is empty."),
        (f"{ORDERS}\n".encode(), "The file has a heading, and no rows."),
        ("merchant;order".encode("utf-16"), "The file is in UTF-16: save it as “CSV UTF-8”."),
        (b"x" * (5 * 1024 * 1024 + 1), "The file must not be larger than 5 MB."),
    ],
    ids=["empty", "a heading alone", "UTF-16", "too large"],
)
def test_what_is_no_file_of_rows_is_refused(content: bytes, sentence: str) -> None:
    with nothing_changes(), pytest.raises(UnreadableFile) as refused:
        upload_bytes("ORDERS", content)
    assert str(refused.value) == sentence


def test_a_file_with_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reading.MOST_ROWS == 50_000
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    with nothing_changes(), pytest.raises(UnreadableFile) as refused:
        upload("ORDERS", *orders(1, 2, 3, 4))
    assert str(refused.value) == "A file may have 3 rows at most; split it."
    assert upload("ORDERS", *orders(1, 2, 3)).row_count == 3


def test_members_of_json_are_those_of_the_columns(shop: Shop) -> None:
    row = {"merchant": "rosewood", "charge": "c-1", "fee": "pick-pack", "currency": "USD"}
    lines = [json.dumps(row | {"amount": "3.50", "quantity": 2.5}),
             json.dumps(row | {"charge": "c-2", "amount": "1.00", "quantity": "2.5", "at": None,
                               "description": "Two dresses"})]  # fmt: skip
    file = upload("CHARGES", *lines)
    assert file.columns == [
        *("merchant", "charge", "fee", "currency", "amount", "quantity", "at", "description"),
    ]
    take_in()
    assert became(file) == ["1 applied", "2 applied"]
    charged = shop.account.charges.filter(reference__startswith="c-").order_by("reference")
    assert [(one.reference, str(one.amount.amount), one.description) for one in charged] == [
        ("c-1", "3.50", ""),
        ("c-2", "1.00", "Two dresses"),
    ]
    assert Import.objects.get().file_name == "old.csv"
