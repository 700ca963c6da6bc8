"""What a bank answers as ISO 20022 has it: pain.002 about files and transfers, camt.054 about what
was booked and came back.
"""

from typing import Any

import pytest
from django.conf import LazySettings

from credit.models import PayoutAnswer, PayoutAnswerFile, Withdrawal
from credit.operations import payout_answers, payout_files
from credit.operations.payout_answers import UnreadableFile
from credit.payment_files import accounts
from credit.queries.payout_answers import to_take
from tests import books, shops
from tests.credit.test_payment_files import GERMAN, OURS, shop_in
from tests.credit.withdrawing import (
    NOW,
    OPERATOR,
    OTHER_OPERATOR,
    entries,
    fresh,
    status,
    withdraw,
)
from tests.factories import OperatorPolicyFactory
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

LATER = "2026-11-04 09:00"
REPORT = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
    "<GrpHdr><MsgId>REPORT-1</MsgId><CreDtTm>2026-11-04T08:00:00</CreDtTm></GrpHdr>"
    "<OrgnlGrpInfAndSts><OrgnlMsgId>{file}</OrgnlMsgId>"
    "<OrgnlMsgNmId>pain.001.001.03</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{parts}"
    "</CstmrPmtStsRpt></Document>"
)
NOTICE = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
    "<GrpHdr><MsgId>N-1</MsgId></GrpHdr><Ntfctn><Id>NOTICE-7</Id>"
    "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{}"
    "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
)


@pytest.fixture(autouse=True)
def ours(settings: LazySettings) -> None:
    """We have accounts from which withdrawals are paid."""
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(OURS)


@pytest.fixture
def shop() -> shops.Shop:
    """A shop in EUR with a destination in Germany."""
    return shop_in("EUR", **GERMAN)


def sent(shop: shops.Shop, *amounts: str) -> tuple[str, list[Withdrawal]]:
    """The name of a pain.001 with a withdrawal of each amount, and these."""
    ones = [withdraw(shop, amount) for amount in amounts]
    batch = payout_files.export(
        withdrawal_ids=[one.pk for one in ones], actor=OPERATOR, form="pain.001.001.03",
        now=shops.instant(NOW),
    )  # fmt: skip
    assert not batch.refused
    return batch.name, ones


def take(content: str) -> list[tuple[str, str, str]]:
    """Upload the message, and do what the job does; each row's reference, outcome and problem."""
    now = shops.instant(LATER)
    file = payout_answers.upload(content=content.encode(), actor=OTHER_OPERATOR, now=now)
    taken = [payout_answers.take(answer_id, now=now) for answer_id in to_take(now)]
    assert [one.row for one in taken] == list(range(1, file.row_count + 1))
    return [(one.reference, one.outcome, one.problem) for one in taken]


def report(file: str, *, group: str = "", parts: str = "", version: str = "03") -> str:
    """A pain.002 about the file of this name."""
    return REPORT.format(file=file, group=group, parts=parts, version=version)


def reason(code: str, words: str = "") -> str:
    """The XML of a reason, with its words."""
    more = f"<AddtlInf>{words}</AddtlInf>" if words else ""
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn>{more}</StsRsnInf>"


def transfer(one: Any, code: str, more: str = "", amount: str = "") -> str:
    """The XML of what became of one transfer, in a pain.002."""
    said = f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef>'
    return (
        f"<TxInfAndSts><StsId>S-1</StsId><OrgnlEndToEndId>{one}</OrgnlEndToEndId>"
        f"<TxSts>{code}</TxSts>{more}{said if amount else ''}</TxInfAndSts>"
    )


def part(file: str, *transfers: str, code: str = "") -> str:
    """The XML of what became of a part of the file, in a pain.002."""
    said = f"<PmtInfSts>{code}</PmtInfSts>" if code else ""
    return (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{file}-EUR</OrgnlPmtInfId>{said}{''.join(transfers)}"
        "</OrgnlPmtInfAndSts>"
    )


def entry(one: Any, amount: str, side: str = "DBIT", more: str = "", sts: str = "BOOK") -> str:
    """The XML of an entry of a camt.054 about one transfer."""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{sts}</Cd></Sts>'
        "<BookgDt><Dt>2026-11-04</Dt></BookgDt><AcctSvcrRef>BANK-9</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{one}</EndToEndId></Refs>{more}</TxDtls></NtryDtls></Ntry>"
    )


def back(code: str) -> str:
    """The XML that says why a transfer came back."""
    return f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn><AddtlInf>account closed</AddtlInf></RtrInf>"


def test_each_transfer_of_a_report_is_told_of_on_its_own(shop: shops.Shop) -> None:
    file, (paid, failed, waits, strange) = sent(shop, "100.00", "200.00", "300.00", "400.00")
    transfers = (
        transfer(paid, "ACSC", amount="100.00"),
        transfer(failed, "RJCT", reason("AC04", "Konto erloschen")),
        transfer(waits, "PDNG"),
        transfer(strange, "ACSC", amount="4.00"),
        transfer("W-none", "ACSC"),
        transfer(paid, "ACSC"),
        transfer(waits, "XXXX"),
    )
    content = report(file, group="<GrpSts>PART</GrpSts>", parts=part(file, *transfers))
    found = take(content)
    assert [outcome for _, outcome, _ in found] == [
        *("PAID", "FAILED", "NOTED", "REFUSED", "REFUSED", "KNOWN", "REFUSED", "NOTED"),
    ]
    problems = [problem for _, _, problem in found if problem]
    assert "says that 4.00 EUR was paid, and 400.00 EUR was to be paid" in problems[0]
    assert "no withdrawal 'W-none'" in problems[1]
    assert "nobody here knows 'XXXX'" in problems[2]
    assert [status(one) for one in (paid, failed, waits, strange)] == [
        *("PAID", "FAILED", "SENT", "UNKNOWN"),
    ]
    assert (fresh(paid).provider_reference, fresh(paid).ended_by) == ("S-1", OTHER_OPERATOR)
    assert fresh(failed).reason == "The account is closed."
    assert PayoutAnswer.objects.get(outcome="FAILED").reason == "AC04: Konto erloschen"
    # The same again says nothing new, in a later version, too.
    again = take(content.replace("pain.002.001.03", "pain.002.001.10"))
    assert {outcome for _, outcome, _ in again} == {"KNOWN", "NOTED", "REFUSED"}
    assert entries(shop).count("RETURNED 200.00") == 1
    books.assert_clean()


@pytest.mark.full  # one sum for a file, below
def test_what_is_said_of_a_whole_file_is_said_of_each_in_it_that_is_not_told_of(
    shop: shops.Shop,
) -> None:
    file, (first, second, third) = sent(shop, "1.00", "2.00", "3.00")
    assert take(report(file, group="<GrpSts>ACCP</GrpSts>")) == [(file, "NOTED", "")]
    # Of the part, one is told apart; the rest has what the part has.
    told = part(file, transfer(first, "ACSC"), code="RJCT")
    found = take(report(file, parts=told))
    assert [(reference, outcome) for reference, outcome, _ in found] == [
        *((first.reference, "PAID"), (second.reference, "FAILED"), (third.reference, "FAILED")),
    ]
    assert fresh(second).reason == "The bank did not pay it. Check the destination, or ask us."
    # Another file as a whole, and one that is none of ours.
    other, (fourth, fifth) = sent(shop, "4.00", "5.00")
    rejected = "<GrpSts>RJCT</GrpSts>" + reason("DU01", "duplicate file")
    assert {outcome for _, outcome, _ in take(report(other, group=rejected))} == {"FAILED"}
    assert (status(fourth), status(fifth)) == ("FAILED", "FAILED")
    ((_, outcome, problem),) = take(report("B-none", group=rejected))
    assert (outcome, problem) == ("REFUSED", "There is no withdrawal 'B-none' sent by hand.")
    # Then what it says contradicts what is so: it changes nothing.
    with nothing_changes(
        but=["credit_payoutanswer", "credit_payoutanswerfile", "trail_trailentry"]
    ):
        ((_, outcome, problem),) = take(report(other, parts=part(other, transfer(fourth, "ACSC"))))
    assert (outcome, "is FAILED by" in problem) == ("REFUSED", True)
    books.assert_clean()


def test_what_is_said_of_a_file_or_part_that_is_none_of_ours_is_named_beside_its_transfers(
    shop: shops.Shop,
) -> None:
    file, (known, other) = sent(shop, "1.00", "2.00")
    rejected = "<GrpSts>RJCT</GrpSts>" + reason("DU01", "duplicate file")
    strange = part("B-none", transfer("W-none", "ACSC"), code="RJCT")
    found = take(report("B-none", group=rejected, parts=strange))
    assert found == [
        (name, "REFUSED", f"There is no withdrawal {name!r} sent by hand.")
        for name in ("W-none", "B-none-EUR", "B-none")
    ]
    # A part of our file that is none of ours; what is told apart is taken all the same.
    found = take(report(file, parts=part("WAGES", transfer(known, "ACSC"), code="RJCT")))
    assert found == [
        (known.reference, "PAID", ""),
        ("WAGES-EUR", "REFUSED", "There is no withdrawal 'WAGES-EUR' sent by hand."),
    ]
    # Of a file of ours of which each transfer is told of, nothing is said beside them.
    both = part(file, transfer(known, "ACSC"), transfer(other, "ACSC"))
    found = take(report(file, group=rejected, parts=both))
    assert [(reference, outcome) for reference, outcome, _ in found] == [
        *((known.reference, "KNOWN"), (other.reference, "PAID")),
    ]


def test_a_transfer_that_was_rejected_over_another_amount_is_left_to_people(
    shop: shops.Shop,
) -> None:
    file, (one,) = sent(shop, "400.00")
    words = "says that 4.00 EUR failed, and 400.00 EUR was to be paid."
    rejected = transfer(one, "RJCT", reason("AC04"), amount="4.00")
    ((_, outcome, problem),) = take(report(file, parts=part(file, rejected)))
    assert (outcome, problem.endswith(words)) == ("REFUSED", True)
    assert (status(one), fresh(one).problem.endswith(words)) == ("UNKNOWN", True)
    assert entries(shop)[-1] == "WITHDRAWAL -400.00"
    whole = transfer(one, "RJCT", reason("AC04"), amount="400.00")
    assert take(report(file, parts=part(file, whole))) == [(one.reference, "FAILED", "")]
    with nothing_changes(
        but=["credit_payoutanswer", "credit_payoutanswerfile", "trail_trailentry"]
    ):
        ((_, outcome, problem),) = take(report(file, parts=part(file, rejected)))
    assert (outcome, problem.endswith(words)) == ("REFUSED", True)


@pytest.mark.full  # a report, above
def test_a_notice_of_entries_tells_what_was_booked_and_what_came_back(shop: shops.Shop) -> None:
    _, (paid, returned, waits, less) = sent(shop, "100.00", "200.00", "300.00", "50.00")
    found = take(
        NOTICE.format(
            entry(paid, "100.00")
            + entry(returned, "200.00")
            + entry(waits, "300.00", sts="PDNG")
            + entry(less, "49.00")
            + entry("NOTPROVIDED", "9.90")  # the bank's own fee
            + entry("INV-7", "80.00", side="CRDT")  # somebody pays a bill
        )
    )
    assert [outcome for _, outcome, _ in found] == [
        *("PAID", "PAID", "NOTED", "REFUSED", "REFUSED", "NOTED"),
    ]
    assert [status(one) for one in (paid, returned, waits, less)] == [
        *("PAID", "PAID", "SENT", "UNKNOWN"),
    ]
    assert fresh(paid).provider_reference == "BANK-9"
    came_back = NOTICE.format(
        entry(returned, "200.00", side="CRDT", more=back("AC04"))
        + entry(waits, "300.00", side="CRDT", more=back("AC01"))
        + entry(paid, "98.00", side="CRDT", more=back("AC04"))  # less a bank's charges
        + entry("W-none", "1.00", side="CRDT", more=back("AC04"))
    )
    found = take(came_back)
    assert [outcome for _, outcome, _ in found] == ["BACK", "FAILED", "REFUSED", "REFUSED"]
    assert "98.00 EUR came back, and 100.00 EUR were sent" in found[2][2]
    assert [status(one) for one in (paid, returned, waits)] == [
        *("PAID", "RETURNED_BY_BANK", "FAILED"),
    ]
    assert fresh(returned).returned_reason == "The account is closed."
    assert entries(shop)[-2:] == ["SENT_BACK 200.00", "RETURNED 300.00"]
    assert [outcome for _, outcome, _ in take(came_back)] == [
        *("KNOWN", "KNOWN", "REFUSED", "REFUSED"),
    ]
    books.assert_clean()


def ordered(amount: str, currency: str = "EUR") -> str:
    """The XML of what was ordered, beside what was booked."""
    said = f'<InstdAmt><Amt Ccy="{currency}">{amount}</Amt></InstdAmt>'
    return f"<AmtDtls>{said}</AmtDtls>"


def test_what_came_back_counts_as_it_was_booked_and_what_went_out_as_it_was_ordered(
    shop: shops.Shop,
) -> None:
    _, (charged, abroad, less, other) = sent(shop, "100.00", "200.00", "300.00", "400.00")
    # Charges on top of what was ordered; and another amount or currency than was ordered.
    found = take(
        NOTICE.format(
            entry(charged, "102.00", more=ordered("100.00"))
            + entry(abroad, "200.00")
            + entry(less, "300.00", more=ordered("298.00"))
            + entry(other, "400.00", more=ordered("400.00", "USD"))
        )
    )
    assert [outcome for _, outcome, _ in found] == ["PAID", "PAID", "REFUSED", "REFUSED"]
    assert "says that 298.00 EUR was paid" in found[2][2]
    assert "says that 400.00 USD was paid" in found[3][2]
    # It comes back less charges, and names what was ordered once.
    with nothing_changes(
        but=["credit_payoutanswer", "credit_payoutanswerfile", "trail_trailentry"]
    ):
        found = take(
            NOTICE.format(
                entry(charged, "98.00", side="CRDT", more=ordered("100.00") + back("AC04"))
                + entry(abroad, "185.20", side="CRDT", more=ordered("200.00", "USD") + back("AC04"))
            )
        )
    assert [outcome for _, outcome, _ in found] == ["REFUSED", "REFUSED"]
    assert "98.00 EUR came back, and 100.00 EUR were sent" in found[0][2]
    assert "185.20 EUR came back, and 200.00 EUR were sent" in found[1][2]
    # All of it comes back, whatever the bank says was ordered in another currency.
    whole = entry(abroad, "200.00", side="CRDT", more=ordered("216.00", "USD") + back("AC04"))
    assert take(NOTICE.format(whole)) == [(abroad.reference, "BACK", "")]
    assert entries(shop)[-1] == "SENT_BACK 200.00"
    books.assert_clean()


def test_a_return_that_the_bank_takes_back_is_told_to_people_and_books_nothing(
    shop: shops.Shop,
) -> None:
    _, (returned, paid, on_its_way) = sent(shop, "100.00", "200.00", "300.00")
    take(NOTICE.format(entry(returned, "100.00") + entry(paid, "200.00")))
    take(NOTICE.format(entry(returned, "100.00", side="CRDT", more=back("AC04"))))
    assert (status(returned), entries(shop)[-1]) == ("RETURNED_BY_BANK", "SENT_BACK 100.00")

    def taken_back(one: Any, amount: str, sts: str = "BOOK") -> str:
        """The XML of a debit that takes back what was credited."""
        return entry(one, amount, sts=sts).replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")

    # A sum without names that comes to what the file does; below, one that says why it comes.
    unnamed = one_sum("600.00").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")
    with nothing_changes(
        but=["credit_payoutanswer", "credit_payoutanswerfile", "trail_trailentry"]
    ):
        found = take(
            NOTICE.format(
                taken_back(returned, "100.00")
                + taken_back(paid, "200.00")
                + entry(on_its_way, "300.00", more=back("FOCR"))
                + taken_back(on_its_way, "300.00", sts="PDNG")
                + taken_back("INV-7", "80.00")
            )
        )
        found += take(unnamed)
    assert [outcome for _, outcome, _ in found] == [
        *("REFUSED", "REFUSED", "REFUSED", "NOTED", "REFUSED", "REFUSED"),
    ]
    assert found[0][2] == (
        "The bank has debited 100.00 EUR, taking back what it had credited, and names withdrawal"
        f" {returned}, which is RETURNED_BY_BANK. If a withdrawal came back by that credit, ask the"
        " bank what became of the money, and correct the merchant's proceeds if the merchant has it"
        " twice."
    )
    assert f"names withdrawal {on_its_way}, which is SENT" in found[2][2]
    for amount, place in (("80.00", 4), ("600.00", 5)):
        said = f"The bank has debited {amount} EUR, taking back what it had credited, and names no"
        assert found[place][2].startswith(f"{said} withdrawal that was sent by hand.")
    # What it pays then is told as ever.
    assert take(NOTICE.format(entry(on_its_way, "300.00"))) == [(on_its_way.reference, "PAID", "")]


def one_sum(amount: str, batch: str = "") -> str:
    """An entry of a notice that has a batch as one sum, and none of the payments in it."""
    said = f"<NtryDtls><Btch>{batch}</Btch></NtryDtls>" if batch else ""
    return NOTICE.format(
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>2026-11-04</Dt></BookgDt><AcctSvcrRef>BANK-9</AcctSvcrRef>{said}</Ntry>"
    )


def test_one_sum_for_a_whole_file_has_paid_all_that_is_in_it(shop: shops.Shop) -> None:
    file, ones = sent(shop, "100.00", "200.00")
    other, twos = sent(shop, "30.00", "20.00", "8.00")
    # By the name of the file or part, or as the only one that comes to it.
    named = one_sum("300.00", f"<PmtInfId>{file}-EUR</PmtInfId><NbOfTxs>2</NbOfTxs>")
    assert take(named) == [(one.reference, "PAID", "") for one in ones]
    assert [fresh(one).provider_reference for one in ones] == ["BANK-9", "BANK-9"]
    assert {outcome for _, outcome, _ in take(named)} == {"KNOWN"}
    # One was refused before: the bank books what is left.
    take(report(other, parts=part(other, transfer(twos[2], "RJCT", reason("AC04")))))
    assert take(one_sum("50.00")) == [(one.reference, "PAID", "") for one in twos[:2]]
    assert status(twos[2]) == "FAILED"
    books.assert_clean()


def test_one_sum_that_is_no_files_says_what_it_is_not(shop: shops.Shop) -> None:
    file, ones = sent(shop, "100.00", "200.00")
    others = sent(shop, "300.00")[1], sent(shop, "300.00")[1], sent(shop, "30.00")[1]
    tables = ["credit_payoutanswer", "credit_payoutanswerfile", "trail_trailentry"]
    with nothing_changes(but=tables):
        ((reference, outcome, problem),) = take(
            one_sum("299.00", f"<MsgId>{file}</MsgId><NbOfTxs>2</NbOfTxs>")
        )
        assert (reference, outcome) == (file, "REFUSED")
        assert "booked 299.00 EUR as one sum" in problem
        assert f"for {file}, whose withdrawals come to 300.00 EUR" in problem
        ((_, outcome, problem),) = take(one_sum("300.00"))
        assert (outcome, "it does not say which" in problem) == ("REFUSED", True)
        # The order of somebody else from our account, and another account of ours.
        ((_, outcome, problem),) = take(one_sum("30.00", "<PmtInfId>WAGES-11</PmtInfId>"))
        assert (outcome, "which is no file of ours" in problem) == ("REFUSED", True)
        other = one_sum("30.00").replace("DE89370400440532013000", "DE75512108001245126199")
        assert other != one_sum("30.00")
        assert [outcome for _, outcome, _ in take(other)] == ["REFUSED"]
        ((_, outcome, problem),) = take(one_sum("9.90"))
        assert (outcome, "no file of ours that waits" in problem) == ("REFUSED", True)
    assert {status(one) for one in (*ones, *others[0], *others[1], *others[2])} == {"SENT"}


def test_what_takes_two_people_to_send_back_waits_for_them() -> None:
    OperatorPolicyFactory.create(currency="EUR")  # 1,000.00 of pay-outs a day
    shop = shop_in("EUR", **GERMAN)
    _, (large,) = sent(shop, "4000.00")
    take(NOTICE.format(entry(large, "4000.00")))
    ((_, outcome, problem),) = take(
        NOTICE.format(entry(large, "4000.00", side="CRDT", more=back("AC04")))
    )
    assert (outcome, "this takes a second person" in problem) == ("REFUSED", True)
    assert status(large) == "PAID"


def test_a_message_that_is_no_answer_is_refused_whole(
    shop: shops.Shop, settings: LazySettings
) -> None:
    file, _ = sent(shop, "1.00")
    whole = report(file, group="<GrpSts>ACCP</GrpSts>")
    refused = {
        whole[:-20]: "cannot be read: the file is no whole XML",
        whole.replace("pain.002", "pain.008"): "neither pain.002 nor camt.054",
        whole.replace("ACCP", ""): "has no status of anything",
        whole.replace("OrgnlGrpInfAndSts", "Other"): "names no file that it is about",
        f'<!DOCTYPE x [<!ENTITY a "b">]>{whole}': "document type or entities",
    }
    with nothing_changes():
        for content, problem in refused.items():
            with pytest.raises(UnreadableFile, match=problem):
                take(content)
        settings.TAEL_PAYOUT_ACCOUNTS = {}
        with pytest.raises(UnreadableFile, match="The heading has to name"):
            take(whole)
    assert PayoutAnswerFile.objects.count() == 0
