"""Operators write files for the bank in the admin, and upload its answers."""

from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from backoffice import decision_pages
from credit import tasks
from credit.models import PayoutAnswerFile, PayoutDestination, Withdrawal
from credit.queries import payout_answers
from tests.credit.deciding import DECIDED_AT, DECIDER, address, operator, text
from tests.credit.withdrawing import (
    OTHER_OPERATOR,
    approve,
    cancel,
    entries,
    fresh,
    pay_out,
    shop_with,
    status,
    withdraw,
)
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

EXPORT = "/admin/credit/withdrawal/decide/export/"
ANSWERS = "/admin/credit/withdrawal/decide/answers/"
TAKEN = {"reason": "For today's payout run."}
HEADING = "reference,status,bank_reference,reason\n"
CARD_DIGITS = "6212262000000050003"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


@pytest.fixture
def shop() -> Shop:
    """A shop with 50,000.00 of proceeds."""
    return shop_with("50000.00")


@pytest.fixture
def browser() -> Client:
    """The browser of an operator who may decide about withdrawals."""
    return browser_of(operator("withdrawal"))


def answers(*rows: str) -> dict[str, SimpleUploadedFile]:
    """The form's file of the bank's answers, with these rows."""
    content = HEADING + "".join(f"{row}\n" for row in rows)
    return {"file": SimpleUploadedFile("answers.csv", content.encode())}


def test_a_file_for_the_bank(shop: Shop, browser: Client) -> None:
    first, second = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    assert EXPORT in text(browser.get("/admin/credit/withdrawal/"))
    form = browser.get(EXPORT).context["form"]
    assert [key for key, _ in form.fields["withdrawals"].choices] == [first.pk, second.pk]
    shown = text(browser.post(EXPORT, {"withdrawals": [first.pk]}))
    assert "1 withdrawal is written" in shown
    assert (status(first), status(second)) == ("SENT", "REQUESTED")
    assert fresh(first).sent_by == DECIDER
    download = address(first, "download", "file")
    assert download in shown
    assert "whole numbers of accounts" in text(browser.get(download))
    assert "This field is required" in text(browser.post(download, {"reason": ""}))
    file = browser.post(download, TAKEN)
    entry = TrailEntry.objects.get(action="BANK_FILE_DOWNLOADED")
    assert (entry.actor, entry.reason) == (DECIDER, TAKEN["reason"])
    assert file.content.decode().splitlines()[1].startswith(f"{first.reference},100.00,USD,")
    assert file.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "no-store" in file.headers["Cache-Control"]
    assert browser.get(address(second, "download", "file")).status_code == 404


def test_what_cannot_be_sent_is_named_with_the_reason(shop: Shop, browser: Client) -> None:
    own, others = withdraw(shop, "20000.00"), withdraw(shop, "15000.00")
    gone = cancel(withdraw(shop, "1.00"))
    approve(own, by=DECIDER)
    approve(others, by=OTHER_OPERATOR)
    chosen = [own.pk, others.pk, gone.pk]
    shown = text(browser.post(EXPORT, {"withdrawals": chosen}))
    assert f"{own} has to be sent by another person than {DECIDER}" in shown
    assert f"{gone} is CANCELLED" in shown
    assert (status(own), status(others)) == ("APPROVED", "SENT")
    with nothing_changes():  # a page that is sent twice
        again = text(browser.post(EXPORT, {"withdrawals": chosen}))
        assert "0 withdrawals are written" in again
        assert "/download/" not in again


@pytest.mark.parametrize("chosen", some([[], ["x"], ["-1"], ["9" * 19], ["²"]], 3))
def test_nothing_sensible_chosen(shop: Shop, browser: Client, chosen: list[str]) -> None:
    withdraw(shop, "100.00")
    with nothing_changes():
        response = browser.post(EXPORT, {"withdrawals": chosen})
        assert response.context["form"].errors


def test_the_banks_answers(shop: Shop, browser: Client) -> None:
    paid, failed = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    browser.post(EXPORT, {"withdrawals": [paid.pk, failed.pk]})
    rows = (f"{paid},PAID,B-1,", f"{failed},FAILED,,account closed", "W-none,PAID,B-2,")
    shown = text(browser.post(ANSWERS, answers(*rows)))
    assert "The file is here, with 3 rows." in shown
    assert (status(paid), status(failed)) == ("SENT", "SENT")
    file = PayoutAnswerFile.objects.get()
    page = f"/admin/credit/payoutanswerfile/{file.pk}/change/"
    assert page in shown
    assert "0 of 3 rows" in text(browser.get(page))
    take_answers()
    assert (status(paid), status(failed)) == ("PAID", "FAILED")
    assert fresh(paid).ended_by == DECIDER
    shown = text(browser.get(page))
    assert "3 of 3 rows" in shown
    assert "Marked as paid: 1, Marked as failed: 1, Refused: 1" in shown
    of_file = browser.get("/admin/credit/payoutanswer/", {"q": file.name})
    assert [answer.row for answer in of_file.context["cl"].result_list] == [2, 3, 4]
    assert "There is no withdrawal" in text(of_file)
    refused = browser.get(
        "/admin/credit/payoutanswer/", {"q": file.name, "outcome__exact": "REFUSED"}
    )
    assert [answer.row for answer in refused.context["cl"].result_list] == [4]


@pytest.mark.full  # operations in test_withdrawals_by_hand.py
def test_the_same_file_of_answers_again_is_harmless(shop: Shop, browser: Client) -> None:
    paid = withdraw(shop, "100.00")
    browser.post(EXPORT, {"withdrawals": [paid.pk]})
    for _ in range(2):
        browser.post(ANSWERS, answers(f"{paid},PAID,B-1,"))
        take_answers()
    second = PayoutAnswerFile.objects.latest("pk")
    shown = text(browser.get(f"/admin/credit/payoutanswerfile/{second.pk}/change/"))
    assert "Known before: 1" in shown
    assert entries(shop)[1:] == ["WITHDRAWAL -100.00"]


def take_answers() -> None:
    """Take the rows of the bank's answers that wait, as the job does."""
    assert tasks.take_payout_answers(payout_answers.to_take(DECIDED_AT), DECIDED_AT) == {}


@pytest.mark.full  # operations in test_withdrawals_by_hand.py
def test_a_file_that_cannot_be_read_changes_nothing(shop: Shop, browser: Client) -> None:
    withdraw(shop, "100.00")
    with nothing_changes():
        assert browser.get(ANSWERS).status_code == 200
        assert browser.post(ANSWERS).context["form"].errors
        for content in (b"reference;status\n", b"\xff\xfe", b"\0"):
            sent = {"file": SimpleUploadedFile("answers.csv", content)}
            assert browser.post(ANSWERS, sent).context["form"].errors
        large = {"file": SimpleUploadedFile("answers.csv", b"x" * (5 * 1024 * 1024 + 1))}
        assert "larger than 5 MB" in text(browser.post(ANSWERS, large))


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_who_may_not_change_withdrawals_does_none_of_it(shop: Shop) -> None:
    row, sent = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    browser_of(operator("withdrawal")).post(EXPORT, {"withdrawals": [sent.pk]})
    looker = browser_of(operator("order", email="look@tael.example"))
    owner = browser_of(member(shop))
    with nothing_changes():
        for stranger in (looker, owner, Client()):
            assert stranger.post(EXPORT, {"withdrawals": [row.pk]}).status_code in (302, 403)
            response = stranger.post(ANSWERS, answers(f"{sent},PAID,B-1,"))
            assert response.status_code in (302, 403)
            assert stranger.get(address(sent, "download", "file")).status_code in (302, 403)
        assert looker.post(EXPORT, {"withdrawals": [row.pk]}).status_code == 403
    shown = text(looker.get("/admin/credit/withdrawal/"))
    assert EXPORT not in shown
    assert CARD_DIGITS not in shown


def test_the_file_again_leaves_out_what_has_ended(shop: Shop, browser: Client) -> None:
    row = pay_out(withdraw(shop, "100.00"))
    content = browser.post(address(row, "download", "file"), TAKEN).content.decode()
    assert content.splitlines() == [
        "reference,amount,currency,kind,holder,bank,country,routing,number"
    ]
    assert Withdrawal.objects.get().is_paid


def test_a_number_that_no_key_opens_is_named(shop: Shop, browser: Client) -> None:
    sent, waiting = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    browser.post(EXPORT, {"withdrawals": [sent.pk]})
    PayoutDestination.objects.update(number=b"of a key that is lost")
    with nothing_changes():
        response = browser.post(address(sent, "download", "file"), TAKEN)
        assert f"Withdrawal {sent}: " in text(response)
        assert f"Withdrawal {waiting}: " in text(
            browser.post(EXPORT, {"withdrawals": [waiting.pk]})
        )
