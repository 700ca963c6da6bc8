"""Files for the bank as pain.001: what stands in them, what they refuse, and the same again."""

import json
import re
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from lxml import etree  # type: ignore[import-untyped]

from credit.models import PaymentFile, PayoutDestination, Withdrawal
from credit.operations import payout_files
from credit.operations.payment_files import NotAsItWas, PartlyEnded
from credit.operations.payout_files import Batch
from credit.payment_files import accounts, pain_001
from tests import shops
from tests.credit.deciding import address, operator, text
from tests.credit.test_admin_bank_files import EXPORT, TAKEN
from tests.credit.withdrawing import (
    NOW,
    OPERATOR,
    OTHER_OPERATOR,
    add,
    approve,
    shop_with,
    status,
    withdraw,
)
from tests.factories import browser_of
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

V03, V09 = "pain.001.001.03", "pain.001.001.09"
OURS = """[
    {"currency": "EUR", "name": "Tael Märkte GmbH", "country": "DE", "zone": "Europe/Berlin",
     "number": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX"},
    {"currency": "THB", "name": "Tael (Thailand) Co., Ltd.", "country": "TH",
     "number": "123-4-56789-0", "routing": "004", "zone": "Asia/Bangkok"}
]"""
GERMAN: dict[str, Any] = {
    **{"kind": "BANK_ACCOUNT", "country": "DE", "bank": "Commerzbank"},
    "number": "DE02 1203 0000 0000 2020 51",
}
THAI: dict[str, Any] = {
    **{"kind": "BANK_ACCOUNT", "country": "TH", "bank": "กสิกรไทย", "routing": "004"},
    **{"number": "020-0-12345-6", "holder": "สมชาย ใจดี"},
}
PLAIN: dict[str, Any] = {"kind": "BANK_ACCOUNT", "bank": "Mizuho"}
WHY = "The upload failed."


@pytest.fixture(autouse=True)
def ours(settings: LazySettings) -> None:
    """We have accounts from which withdrawals are paid."""
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(OURS)


def shop_in(currency: str, **account: Any) -> shops.Shop:
    """A shop with a withdrawable 5000.00 and an account, both as old as they need to be."""
    shop = shop_with("5000.00", f"shop-{currency.lower()}", currency=currency)
    if account:
        add(shop, at="2026-11-01 11:00", **account)
    return shop


def export(*chosen: Withdrawal, version: str = V03, by: str = OPERATOR) -> Batch:
    """Write a file for the bank with these withdrawals, which are sent by that."""
    return payout_files.export(
        withdrawal_ids=[one.pk for one in chosen], actor=by, form=version, now=shops.instant(NOW)
    )


def again(batch: Batch, *, as_sent: bool = False) -> str:
    """The file of before, written again."""
    return payout_files.export_again(
        batch=batch.name, actor=OPERATOR, reason=WHY, as_sent=as_sent, now=shops.instant(NOW)
    )


def checked(content: str, version: str) -> Any:
    """The file's root without namespaces, once the XSD of its version took it."""
    found = find_spec("sepaxml")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0]) / "schemas"
    root = etree.fromstring(content.encode())
    etree.XMLSchema(etree.parse(str(folder / f"{version}.xsd"))).assertValid(root)
    return etree.fromstring(re.sub(r' xmlns="[^"]+"', "", content).encode())


def said(root: Any, path: str) -> list[str]:
    """The texts of all elements at this path."""
    return [element.text for element in root.findall(path)]


def test_a_german_transfer_is_written_as_banks_of_the_euro_area_take_it() -> None:
    shop = shop_in("EUR", **GERMAN, holder="Zoë Müller & Söhne")
    first, second = withdraw(shop, "1250.00"), withdraw(shop, "7.50")
    batch = export(first, second)
    checked(batch.content, V03)
    head, order, rest = re.split(r"(?<=\n)(?= {6}<CdtTrfTxInf>)", batch.content)
    assert head.replace(batch.name, "NAME") == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03">\n'
        "  <CstmrCdtTrfInitn>\n    <GrpHdr>\n      <MsgId>NAME</MsgId>\n"
        "      <CreDtTm>2026-11-03T10:00:00Z</CreDtTm>\n      <NbOfTxs>2</NbOfTxs>\n"
        "      <CtrlSum>1257.50</CtrlSum>\n      <InitgPty>\n"
        "        <Nm>Tael Maerkte GmbH</Nm>\n      </InitgPty>\n    </GrpHdr>\n    <PmtInf>\n"
        "      <PmtInfId>NAME-EUR</PmtInfId>\n      <PmtMtd>TRF</PmtMtd>\n"
        "      <NbOfTxs>2</NbOfTxs>\n      <CtrlSum>1257.50</CtrlSum>\n"
        "      <ReqdExctnDt>2026-11-03</ReqdExctnDt>\n      <Dbtr>\n"
        "        <Nm>Tael Maerkte GmbH</Nm>\n      </Dbtr>\n      <DbtrAcct>\n        <Id>\n"
        "          <IBAN>DE89370400440532013000</IBAN>\n        </Id>\n        <Ccy>EUR</Ccy>\n"
        "      </DbtrAcct>\n      <DbtrAgt>\n        <FinInstnId>\n"
        "          <BIC>COBADEFFXXX</BIC>\n        </FinInstnId>\n      </DbtrAgt>\n"
    )
    assert "".join(order.split()).replace(first.reference, "REF") == (
        "<CdtTrfTxInf><PmtId><InstrId>REF</InstrId><EndToEndId>REF</EndToEndId></PmtId>"
        "<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>"
        '<Amt><InstdAmtCcy="EUR">1250.00</InstdAmt></Amt><ChrgBr>SLEV</ChrgBr>'
        "<Cdtr><Nm>ZoeMueller+Soehne</Nm></Cdtr>"
        "<CdtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></CdtrAcct>"
        "<RmtInf><Ustrd>REF</Ustrd></RmtInf></CdtTrfTxInf>"
    )
    assert f"<EndToEndId>{second.reference}</EndToEndId>" in rest
    assert (status(first), status(second), batch.refused) == ("SENT", "SENT", [])
    file = PaymentFile.objects.get()
    assert (file.name, file.version, file.made_by, file.count) == (batch.name, V03, OPERATOR, 2)


@pytest.mark.full  # one currency, above
def test_each_currency_is_a_part_of_its_own_account_and_day(settings: LazySettings) -> None:
    """At 17:30 UTC it is the next day in Bangkok, whose banks take names in their letters."""
    large = withdraw(shop_in("THB", **THAI), "4000.00")
    small = withdraw(shop_in("EUR", **GERMAN), "100.00")
    batch = payout_files.export(
        withdrawal_ids=[large.pk, small.pk], actor=OPERATOR, form=V09,
        now=shops.instant("2026-11-03 17:30"),
    )  # fmt: skip
    root = checked(batch.content, V09)
    assert said(root, ".//GrpHdr/CtrlSum") == ["4100.00"]
    assert said(root, ".//PmtInf/PmtInfId") == [f"{batch.name}-EUR", f"{batch.name}-THB"]
    assert said(root, ".//PmtInf/CtrlSum") == ["100.00", "4000.00"]
    assert said(root, ".//ReqdExctnDt/Dt") == ["2026-11-03", "2026-11-04"]
    assert said(root, ".//DbtrAgt//ClrSysId/Cd") == ["THCBC"]
    assert said(root, ".//CdtrAgt//MmbId") == ["004"]
    assert said(root, ".//CdtrAcct//Othr/Id") == ["0200123456"]
    assert said(root, ".//Cdtr/Nm") == ["Mei Lin", "สมชาย ใจดี"]
    assert said(root, ".//ChrgBr") == ["SLEV", "SHAR"]
    file, browser = PaymentFile.objects.get(), browser_of(operator())
    page = text_of(browser.get(f"/admin/credit/paymentfile/{file.pk}/change/"))
    assert "4,000.00 THB: 1 withdrawal from 1234567890 (Tael (Thailand) Co., Ltd.)" in page
    assert "to be paid on 04 November 2026" in page
    in_file = text_of(browser.get(f"/admin/credit/withdrawal/?q={file}"))
    assert (large.reference in in_file, small.reference in in_file) == (True, True)


@pytest.mark.parametrize(
    ("country", "routing", "number", "codes"),
    some(
        [
            ("US", "021000021", "1234567890", ["USABA", "021000021"]),
            ("CN", "102100099996", "6222021208112345678", ["CNAPS", "102100099996"]),
            ("BR", "3411234", "12345X", ["341", "1234"]),
            ("MX", "", "002010077777777771", []),
            ("GB", "", "GB29NWBK60161331926819", []),
        ],
        5,
    ),
)
def test_a_country_has_its_own_code_of_a_bank(
    settings: LazySettings, country: str, routing: str, number: str, codes: list[str]
) -> None:
    said_of_ours = f'[{{"currency": "USD", "name": "Tael", "country": "{country}", "number":'
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(
        f'{said_of_ours} "{number}", "routing": "{routing}"}}]'
    )
    account = {"kind": "BANK_ACCOUNT", "country": country, "routing": routing, "number": number}
    batch = export(withdraw(shop_in("USD", **account), "10.00"), version=V09)
    root = checked(batch.content, V09)
    bank = root.find(".//CdtrAgt")
    texts = [text.strip() for text in bank.itertext()] if bank is not None else []
    assert [text for text in texts if text] == codes
    assert number in said(root, ".//CdtrAcct/Id/IBAN") + said(root, ".//CdtrAcct/Id/Othr/Id")


def test_an_account_in_japan_says_its_type(settings: LazySettings) -> None:
    """A type that was not asked for when an account was added is missing, and is not guessed."""
    japanese = {"country": "JP", "routing": "0005001", "number": "1234567"}
    ours = {"currency": "USD", "name": "Tael KK", "account_type": "CURRENT", **japanese}
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(json.dumps([ours]))
    shop = shop_in("USD")
    added = [
        add(shop, at="2026-11-01 11:00", **PLAIN | japanese | {"number": number} | more)
        for number, more in (
            ("7654321", {"account_type": "ORDINARY"}),
            ("7654322", {"account_type": "CURRENT"}),
        )
    ]
    sent = [withdraw(shop, "10.00", destination_id=one.pk) for one in added]
    root = checked(export(*sent, version=V09).content, V09)
    assert said(root, ".//CdtrAcct/Tp/Cd") == ["SVGS", "CACC"]
    assert said(root, ".//DbtrAcct/Tp/Cd") == ["CACC"]
    assert said(root, ".//CdtrAgt//MmbId") == ["0005001", "0005001"]
    with connection.cursor() as cursor:  # one that was added before types were asked for
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE credit_payoutdestination SET account_type = ''")
    before = withdraw(shop, "10.00", destination_id=sent[0].destination_id)
    with nothing_changes():
        (refused,) = export(before).refused
    assert "an account in JP needs its type (ordinary or current)" in refused.problem
    del ours["account_type"]
    with pytest.raises(ImproperlyConfigured, match="account_type: has to be one of ORDINARY"):
        accounts.read(json.dumps([ours]))


def test_what_lacks_something_is_refused_by_name_and_stays_where_it_is() -> None:
    shop = shop_in("EUR")  # every shop has a card
    american = {"country": "US", "routing": "021000021", "kind": "BANK_ACCOUNT", "bank": "Chase"}
    added = {
        name: add(shop, at="2026-11-01 11:00", **account)
        for name, account in {
            "abroad": american | {"number": "1234567890"},
            "letters": GERMAN | {"holder": "林美"},
            "with its BIC": american | {"number": "987654321", "bic": "chasus33"},
        }.items()
    }
    sent = {
        name: withdraw(shop, "2.00", destination_id=one.pk)
        for name, one in {"card": shop.line.destinations.earliest("pk"), **added}.items()
    }
    lacking = {
        **{name: sent[name] for name in ("card", "abroad", "letters")},
        "pounds": withdraw(shop_in("GBP", **GERMAN), "1.00"),
    }
    with nothing_changes():
        batch = export(*lacking.values())
    assert (batch.content, batch.sent) == ("", [])
    problems = {refused.reference: refused.problem for refused in batch.refused}
    assert {name: problems[one.reference].partition(": ")[2] for name, one in lacking.items()} == {
        "card": "Bank card ···· 0003 is no bank account, and goes into a CSV only.",
        "pounds": "TAEL_PAYOUT_ACCOUNTS has no account in GBP.",
        "abroad": "a transfer from DE to US needs the bank's BIC.",
        "letters": "the holder's name has letters that this bank does not take: 林美.",
    }
    # With the BIC it goes; and a CSV takes them all.
    root = checked(export(sent["with its BIC"]).content, V03)
    assert said(root, ".//CdtrAgt//BIC") == ["CHASUS33"]
    assert said(root, ".//CdtrAgt//MmbId") == ["021000021"]
    assert len(export(*lacking.values(), version="CSV").sent) == 4


def test_the_same_people_decide_as_with_a_csv() -> None:
    shop = shop_with("50000.00", currency="USD")
    own = approve(withdraw(shop, "20000.00"), by=OPERATOR)
    (refused,) = export(own).refused
    assert f"has to be sent by another person than {OPERATOR}" in refused.problem
    assert status(own) == "APPROVED"


def test_a_file_is_given_again_byte_for_byte_or_not_at_all(settings: LazySettings) -> None:
    shop = shop_in("EUR", **GERMAN)
    first, second = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    batch = export(first, second)
    # Another account of ours from today on, and another holder's name for it.
    settings.TAEL_PAYOUT_ACCOUNTS = {}
    with nothing_changes(but=["trail_trailentry"]):
        assert again(batch) == again(batch, as_sent=True) == batch.content
    Withdrawal.objects.filter(pk=first.pk).update(
        status="PAID", ended_at=shops.instant(NOW), ended_by=OTHER_OPERATOR
    )
    with nothing_changes(), pytest.raises(PartlyEnded, match="1 of 2 withdrawals"):
        again(batch)
    assert again(batch, as_sent=True) == batch.content
    PayoutDestination.objects.filter(kind="BANK_ACCOUNT").update(holder="erased-0123456789abcdef")
    with nothing_changes(), pytest.raises(NotAsItWas, match="was erased since"):
        again(batch, as_sent=True)


def test_an_address_is_town_and_country_or_none(settings: LazySettings) -> None:
    """A country alone is none to banks any more. A town that they cannot write is left out."""
    in_cologne = OURS.replace('"zone": "Europe', '"town": "Köln", "zone": "Europe')
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(in_cologne)
    shop = shop_in("EUR")
    added = [
        add(shop, at="2026-11-01 11:00", **GERMAN | {"number": number, "town": town})
        for number, town in (
            ("DE02120300000000202051", ""),
            ("DE75512108001245126199", "São  Paulo"),
            ("DE12500105170648489890", "京都"),
        )
    ]
    for version in (V03, V09):
        sent = [withdraw(shop, "1.00", destination_id=one.pk) for one in added]
        root = checked(export(*sent, version=version).content, version)
        parts = [(one.tag, one.text) for one in root.iterfind(".//PstlAdr/*")]
        assert parts == [
            *(("TwnNm", "Koeln"), ("Ctry", "DE")),
            *(("TwnNm", "Sao Paulo"), ("Ctry", "DE")),
        ]
    with pytest.raises(ImproperlyConfigured, match=r"Account 1 .* town: no bank takes 京都"):
        accounts.read(in_cologne.replace("Köln", "京都"))


@pytest.mark.full  # an address, above
def test_what_is_filled_in_later_stands_in_files_from_a_day_later_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = shop_in("EUR", **GERMAN)
    first, second = withdraw(shop, "1.00"), withdraw(shop, "2.00")
    with monkeypatch.context() as before:  # a version of Tael that wrote countries alone
        before.setattr(pain_001, "TOWNS", pain_001.COUNTRIES)
        old = export(first)
    assert said(checked(old.content, V03), ".//Cdtr/PstlAdr/Ctry") == ["DE"]
    more = GERMAN | {"bic": "BYLADEM1001", "town": "Berlin"}
    add(shop, at="2026-11-03 10:30", **more)
    export_at = partial(payout_files.export, withdrawal_ids=[second.pk], actor=OPERATOR, form=V09)
    with nothing_changes(but=["credit_creditline"]):  # its day ends
        (refused,) = export_at(now=shops.instant("2026-11-04 10:29")).refused
    assert "something was filled in less than 24 hours ago" in refused.problem
    new = export_at(now=shops.instant("2026-11-04 10:30"))
    root = checked(new.content, V09)
    assert said(root, ".//CdtrAgt//BICFI") == ["BYLADEM1001"]
    assert said(root, ".//Cdtr/PstlAdr/TwnNm") == ["Berlin"]
    assert (again(old), again(new)) == (old.content, new.content)


@pytest.mark.full  # the same people decide, above
def test_the_page_offers_it_only_where_accounts_are_set(settings: LazySettings) -> None:
    row = withdraw(shop_in("EUR", **GERMAN), "100.00")
    browser = browser_of(operator("withdrawal"))
    assert "pain.001.001.09" in text(browser.get(EXPORT))
    chosen = {"withdrawals": [row.pk], "form": V09}
    with nothing_changes():
        assert browser.post(EXPORT, chosen | {"form": "pain.008"}).context["form"].errors
        assert Client().post(EXPORT, chosen).status_code == 302
    assert ".xml" in text(browser.post(EXPORT, chosen))
    file = browser.post(address(row, "download", "file"), TAKEN)
    name = PaymentFile.objects.get().name
    assert f'filename="{name}.xml"' in file.headers["Content-Disposition"]
    checked(file.content.decode(), V09)
    settings.TAEL_PAYOUT_ACCOUNTS = {}
    assert "pain.001" not in text(browser.get(EXPORT))


def test_accounts_that_cannot_be_right_are_named_by_their_place_and_not_their_number() -> None:
    assert accounts.read(" ") == {}
    german = '{"currency": "EUR", "name": "Tael", "country": "DE", "number": "DE%s"%s}'
    right, wrong = "89370400440532013000", "88370400440532013000"
    one = german % (right, "")
    for given, problem in (
        ("{", "is no JSON"),
        ("{}", "has to be a JSON list"),
        ("[[]]", "Account 1 .* has to be an object"),
        ('[{"currency": "EUR"}]', "Account 1 .* lacks name, country, number"),
        ("[" + german % (wrong, "") + "]", "Account 1 .* a digit is wrong"),
        ("[" + german % (right, ', "bic": "CHASUS33"') + "]", "bic: is not of a bank in DE"),
        ("[" + german % (right, ', "zone": "CET"') + "]", "zone: 'CET' is no place"),
        ("[" + one.replace("EUR", "Euro") + "]", "currency: 'Euro' is no code such as EUR"),
        (f"[{one}, {one}]", "Account 2 .* is the second in EUR"),
    ):
        with pytest.raises(ImproperlyConfigured, match=problem) as refusal:
            accounts.read(given)
        assert "0532013000" not in str(refusal.value)
