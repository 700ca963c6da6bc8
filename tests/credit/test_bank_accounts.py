"""What bank accounts look like, country by country."""

import pytest

from credit import bank_accounts
from credit.bank_accounts import NotAnAccount


@pytest.mark.parametrize(
    ("country", "number", "routing", "kept"),
    [
        ("GB", "GB29 NWBK 6016 1331 9268 19", "", ("GB29NWBK60161331926819", "")),
        ("DE", "de89 3704 0044 0532 0130 00", "", ("DE89370400440532013000", "")),
        ("FR", "FR14 2004 1010 0505 0001 3M02 606", "", ("FR1420041010050500013M02606", "")),
        ("KW", "KW81CBKU0000000000001234560101", "", ("KW81CBKU0000000000001234560101", "")),
        ("NO", "NO93 8601 1117 947", "", ("NO9386011117947", "")),
        ("MT", "MT84MALT011000012345MTLCAST001S", "", ("MT84MALT011000012345MTLCAST001S", "")),
        ("US", "1234", "021000021", ("1234", "021000021")),
        ("US", "12345678901234567", "0110-00015", ("12345678901234567", "011000015")),
        ("CN", "6222 0212 0811 2345 678", "102100099996", ("6222021208112345678", "102100099996")),
        ("TH", "123-4-56789-0", "004", ("1234567890", "004")),
        ("TH", "020012345678", "030", ("020012345678", "030")),
        ("BR", "12345-x", "341 1234", ("12345X", "3411234")),
        ("BR", "123456789012-3", "001.0001", ("1234567890123", "0010001")),
        ("JP", "１２３４５６７", "0005 001", ("1234567", "0005001")),
        ("MX", "002010077777777771", "", ("002010077777777771", "")),
        ("IN", "123456789", "hdfc0000123", ("123456789", "HDFC0000123")),
        ("AU", "12345678", "062-000", ("12345678", "062000")),
        ("CA", "1234567", "000300012", ("1234567", "000300012")),
        ("HK", "123456789", "004", ("123456789", "004")),
        ("SG", "123456", "7171001", ("123456", "7171001")),
    ],
)
def test_an_account_is_kept_as_banks_write_it(
    country: str, number: str, routing: str, kept: tuple[str, str]
) -> None:
    assert bank_accounts.checked(country, number, routing) == kept


@pytest.mark.parametrize(
    ("country", "number", "routing", "field"),
    [
        ("GB", "GB28NWBK60161331926819", "", "number"),  # its check digits are wrong
        ("GB", "GB29NWBK6016133192681", "", "number"),  # too short
        ("GB", "GB29NWBK601613319268190", "", "number"),
        ("GB", "DE89370400440532013000", "", "number"),  # of another country
        ("GB", "GB29NWBK60161331926819", "021000021", "routing"),
        ("GB", "", "", "number"),
        ("DE", "DE8937040044053201300é", "", "number"),
        ("US", "123", "021000021", "number"),
        ("US", "123456789012345678", "021000021", "number"),
        ("US", "1234x", "021000021", "number"),
        ("US", "12345", "021000022", "routing"),
        ("US", "12345", "000000000", "routing"),
        ("US", "12345", "", "routing"),
        ("CN", "12345678", "102100099996", "number"),
        ("CN", "6222021208112345678", "10210009999", "routing"),
        ("TH", "123456789", "004", "number"),
        ("TH", "1234567890", "04", "routing"),
        ("BR", "12X45", "3411234", "number"),
        ("BR", "12345X", "341123", "routing"),
        ("JP", "123456", "0005001", "number"),
        ("MX", "002010077777777772", "", "number"),
        ("MX", "002010077777777771", "002", "routing"),
        ("IN", "123456789", "HDFC1000123", "routing"),
        ("ZZ", "1234567890", "", "country"),
        ("", "1234567890", "", "country"),
    ],
)
def test_what_can_be_no_account_is_refused_by_its_field(
    country: str, number: str, routing: str, field: str
) -> None:
    with pytest.raises(NotAnAccount) as refusal:
        bank_accounts.checked(country, number, routing)
    assert refusal.value.field == field
    assert not number or number not in str(refusal.value)
