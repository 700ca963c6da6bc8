"""What banks' files say: camt.053 and MT940 as banks write them, and files that are not whole."""

from datetime import date
from decimal import Decimal

import pytest

from lib.bank_files import reading, references
from lib.bank_files.said import Balance, UnreadableFile, same_account
from tests.bank_files import DUTCH, GERMAN, IBAN, PLAIN, Paid, camt

REFERENCE = "RF18539007547034"
SHOP = Paid(
    "119.00", text="Rechnung November", reference=REFERENCE, name="Müller & Söhne",
    account="DE89370400440532013000", bank_reference="BANK-1", end_to_end_id="E2E-1",
)  # fmt: skip


@pytest.mark.parametrize(("version", "encoding"), [(2, "iso-8859-1"), (8, "utf-8-sig")])
def test_a_german_statement_says_who_paid_what_with_which_reference(version, encoding):
    fee = Paid("3.50", text="Kontoführung", is_credit=False)
    pending = Paid("9.00", pending=True)
    content = camt(
        *(SHOP, fee, pending), version=version, opening="-20.00", currency="EUR",
        encoding=encoding.removesuffix("-sig"),
    )  # fmt: skip
    (statement,) = reading.read(b"\xef\xbb\xbf" + content if "sig" in encoding else content)
    statement.check()
    assert (statement.kind, statement.id, statement.account, statement.currency) == (
        *("camt.053", "S-1", IBAN, "EUR"),
    )
    assert statement.opening == Balance(Decimal("-20.00"), date(2026, 11, 5))
    assert statement.closing == Balance(Decimal("95.50"), date(2026, 11, 5))
    entry, *others = statement.entries
    assert (entry.signed, entry.bank_reference, entry.code) == (
        *(Decimal("119.00"), "BANK-1", "PMNT-RCDT-ESCT"),
    )
    (payment,) = entry.transactions
    assert (payment.payer.name, payment.payer.account) == (
        *("Müller & Söhne", "DE89370400440532013000"),
    )
    assert (payment.creditor_references, payment.text) == ((REFERENCE,), "Rechnung November")
    assert payment.end_to_end_id == "E2E-1"
    assert [(one.signed, one.is_booked) for one in others] == [
        (Decimal("-3.50"), True),
        (Decimal("9.00"), False),
    ]
    assert others[0].transactions[0].end_to_end_id == ""  # NOTPROVIDED


@pytest.mark.parametrize("version", [2, 8])
def test_a_batch_is_its_payments_and_a_foreign_amount_is_told(version):
    abroad = Paid("92.31", text="from abroad", instructed="100.00 USD", bank_reference="B-2")
    batch = Paid(
        "211.31", parts=[Paid("119.00", reference=REFERENCE, bank_reference="B-1"), abroad]
    )
    (statement,) = reading.read(camt(batch, version=version, currency="EUR"))
    statement.check()
    (entry,) = statement.entries
    assert [(one.amount, one.instructed, one.bank_reference) for one in entry.transactions] == [
        (Decimal("119.00"), "", "B-1"),
        (Decimal("92.31"), "100.00 USD", "B-2"),
    ]
    # Payments that do not make up their entry are not believed: it is one sum, with their words.
    wrong = Paid("211.30", parts=batch.parts)
    ((entry,),) = (one.entries for one in reading.read(camt(wrong, currency="EUR")))
    assert [(one.amount, one.text) for one in entry.transactions] == [
        (Decimal("211.30"), "from abroad")
    ]


def test_a_dutch_statement_has_its_words_between_slashes():
    (statement,) = reading.read(DUTCH.replace("\n", "\r\n").encode())
    statement.check()
    assert (statement.account, statement.currency) == ("NL91ABNA0417164300", "EUR")
    assert statement.id == "ABN AMRO BANK NV 30901/1 2026-11-05"
    first, fee = statement.entries
    (payment,) = first.transactions
    assert (first.signed, first.bank_reference) == (Decimal("60.50"), "BANK-7")
    assert (payment.payer.name, payment.payer.account) == (
        *("JANSSEN WINKELS BV", "NL20INGB0001234567"),
    )
    assert payment.text == "Rekening RF18 5390 0754 7034 van november"
    assert REFERENCE in references.found_in(payment.text)
    assert payment.end_to_end_id == "E2E-77"
    # What is said of the statement is not said of its last entry.
    assert (fee.signed, fee.transactions[0].text) == (
        *(Decimal("-12.50"), "Kosten betalingsverkeer"),
    )


def test_a_german_mt940_is_of_before_utf_8_and_takes_a_credit_back():
    (statement,) = reading.read(GERMAN.encode("iso-8859-1"))
    statement.check()
    paid, back = statement.entries
    (payment,) = paid.transactions
    assert (payment.payer.name, payment.payer.account) == (
        *("Müller Bürobedarf GmbH", "DE89370400440532013000"),
    )
    assert (payment.end_to_end_id, REFERENCE in references.found_in(payment.text)) == ("RG-1", True)
    assert (back.signed, back.is_reversal, back.transactions[0].payee.name) == (
        *(Decimal("-20.00"), True, "Schulz"),
    )


def test_a_plain_mt940_says_it_in_words():
    (statement,) = reading.read(PLAIN.encode())
    statement.check()
    assert statement.opening == Balance(Decimal("-10.00"), date(2026, 11, 4))
    assert statement.closing == Balance(Decimal("1490.00"), date(2026, 11, 5))
    (entry,) = statement.entries
    assert (entry.signed, entry.bank_reference) == (Decimal("1500"), "BK0099")
    assert entry.transactions[0].text == (
        "INCOMING WIRE ORIG:ACME TRADING CO LTD REF DE-2026-000001 LESS FEES"
    )
    pages = PLAIN + PLAIN.replace(":28C:309", ":28C:310").replace(":60F:D261104USD10,00", ":60M:")
    with pytest.raises(UnreadableFile, match="statement 2 of the file: line :60M:"):
        reading.read(pages.encode())


def test_what_is_no_whole_statement_is_refused_and_says_where():
    whole = camt(SHOP)
    first = b'<Ntry>\n    <Amt Ccy="USD">'
    refused = {
        "the file is empty": b" \n",
        "the file is neither camt.053, camt.054 nor MT940": b"date;amount\n",
        "the file is no whole XML": whole[:-40],
        "has a document type or entities": whole.replace(
            b"<Document", b'<!DOCTYPE Document [<!ENTITY a "b">]><Document', 1
        ),
        "no message of ISO 20022": b"<html/>",
        "report within a day": whole.replace(b"camt.053", b"camt.052"),
        "is a pain.002.001.02": whole.replace(b"camt.053", b"pain.002"),
        "entry 1: “-119.00 USD” is no amount": whole.replace(first, first + b"-"),
        "entry 1: “119.00 ” is no amount": whole.replace(first, b"<Ntry><Amt>"),
        "entry 1: “2026-02-30” is no day": whole.replace(
            b"<BookgDt><Dt>2026-11-05", b"<BookgDt><Dt>2026-02-30"
        ),
        "amounts in EUR, USD": whole.replace(first, b'<Ntry><Amt Ccy="EUR">'),
        "larger than 10 MB": b" " * (10 * 1024 * 1024 + 1),
        "statement 1 of the file: it has no closing balance": DUTCH.partition(":62F:")[0].encode(),
        "line :61: at the start cannot be read$": DUTCH.replace(
            ":61:2611051105C60", ":61:261105X60"
        ).encode(),
        "line :61: behind entry 1 cannot be read$": DUTCH.replace("1105D12", "X12").encode(),
        "an amount or day behind entry 1 cannot be read$": DUTCH.replace("12,50", "1,2,5").encode(),
        "a line :61: has no kind": PLAIN.replace("1500,NTRFINV 000123", "1500,").replace(
            ":62F:", ":61:261105C1,\n:62F:"
        ).encode(),
    }  # fmt: skip
    for said, content in refused.items():
        with pytest.raises(UnreadableFile, match=said):
            reading.read(content)


def test_entries_that_do_not_lead_to_the_closing_balance_are_named():
    twice = camt(SHOP, Paid("5.00"), SHOP, opening="0.00", closing="124.00")
    (statement,) = reading.read(twice)
    with pytest.raises(UnreadableFile, match=r"119\.00 too much\. Look at entry 1: 119\.00 booked"):
        statement.check()
    (statement,) = reading.read(DUTCH.replace("D12,50", "D12,05").encode())
    with pytest.raises(UnreadableFile, match=r"its 2 entries come to 48\.45 EUR"):
        statement.check()


def test_a_statement_is_the_same_in_another_file():
    (first,) = reading.read(camt(SHOP))
    wide = b"\xfe\xff" + camt(SHOP).decode().replace("utf-8", "utf-16").encode("utf-16-be")
    assert reading.read(wide) == [first]
    (again,) = reading.read(camt(SHOP).replace(b"<MsgId>M-S-1", b"<MsgId>M-S-2"))
    (other,) = reading.read(camt(SHOP).replace(b"Rechnung", b"Invoice"))
    assert first.digest == again.digest != other.digest
    (longer,) = reading.read(camt(SHOP).replace(b">119.00<", b">119.000<"))
    assert longer.digest == first.digest
    # What is kept of statements that were taken: neither changes, whatever is read of them later.
    assert (first.digest[:10], first.former_digest[:10]) == ("a5b1df24bc", "5841426c77")


def test_of_statements_that_a_bank_does_not_count_there_are_several_of_a_day():
    noon = GERMAN.replace(":28C:00011/001", ":28C:0")
    evening = noon.replace("C261104EUR500,00", "C261105EUR599,00").replace(
        "EUR599,00\n-", "EUR698,00\n-"
    )
    (first,), (second,), (again,) = (
        reading.read(one.encode("cp1252")) for one in (noon, evening, noon)
    )
    assert first == again
    assert (first.id, second.id) == (
        *("STARTUMSE 0 2026-11-05 11c1c30f", "STARTUMSE 0 2026-11-05 56e8d9d9"),
    )
    assert first.former_id == second.former_id == "STARTUMSE 0 2026-11-05"
    (counted,) = reading.read(GERMAN.encode("cp1252"))
    assert (counted.id, counted.former_id) == ("STARTUMSE 00011/001 2026-11-05", "")
    for number in ("00000/001", "0/2"):
        (one,) = reading.read(noon.replace(":28C:0", f":28C:{number}").encode("cp1252"))
        assert one.former_id == f"STARTUMSE {number} 2026-11-05"


def test_references_are_found_in_whatever_surrounds_them():
    made = references.make("TDE2026000001")
    assert references.spaced(made) == "RF71 TDE2 0260 0000 1"
    for text in (
        *(made, f"Rechnung {made.lower()} danke", f"x{references.spaced(made)}Danke"),
        f"{made[:9]}\n{made[9:]}",
    ):
        assert made in references.found_in(text)
    assert references.found_in("RF00 TDE2 0260 0000 1, and no RF at all") == []


def test_an_account_is_known_however_a_bank_writes_it():
    for said in (IBAN, "DE02 1203 0000 0000 2020 51", f"{IBAN}EUR", "12030000/202051", IBAN[4:]):
        assert same_account(IBAN, said, "EUR")
    for said in ("12030000/202052", "DE02120300000000202052", "202051", ""):
        assert not same_account(IBAN, said, "EUR")
    assert same_account("012-3-45678-9", "0123456789", "THB")
    assert same_account("0123456789", "021000021/0123456789", "USD")
