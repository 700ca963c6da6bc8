"""A bank answers about sixty thousand withdrawals in one file: whoever uploads it does not wait."""

import re
import sys
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client

from backoffice import decision_pages
from credit.jobs import BANK_ANSWERS as JOB
from credit.models import CreditLine, PayoutAnswer, PayoutAnswerFile, ProceedsEntry, Withdrawal
from credit.operations import payout_files
from tests import books
from tests.credit.deciding import DECIDED_AT, operator, text
from tests.credit.test_admin_bank_files import ANSWERS, answers
from tests.credit.withdrawing import NOW, OPERATOR, shop_with, withdraw
from tests.factories import browser_of
from tests.shops import instant

pytestmark = pytest.mark.django_db

LONGEST_REQUEST = 10  # seconds; a web server's statements may take no longer each

# As the first one of each line, which operations wrote: asked for, debited, and in a file.
MORE = """
    INSERT INTO credit_withdrawal (
        line_id, destination_id, reference, request_key, currency, amount, fee, status,
        needs_approval, provider, batch, requested_at, requested_by, approved_by, sent_at, sent_by,
        ended_by, provider_reference, reason, problem
    )
    SELECT line_id, destination_id, reference || '-' || number, request_key || '-' || number,
        currency, amount, fee, status, needs_approval, provider, batch, requested_at, requested_by,
        approved_by, sent_at, sent_by, ended_by, provider_reference, reason, problem
    FROM credit_withdrawal, generate_series(2, %s) AS number
"""
DEBITS = """
    INSERT INTO credit_proceedsentry
        (line_id, kind, currency, amount, withdrawal_id, bill_payment, at)
    SELECT line_id, 'WITHDRAWAL', currency, -amount, id, '', requested_at
    FROM credit_withdrawal
    WHERE id NOT IN (SELECT withdrawal_id FROM credit_proceedsentry WHERE withdrawal_id > 0)
"""
BALANCES = "UPDATE credit_creditline SET proceeds = proceeds - %s"


def sent_to_the_bank(lines: int, of_each: int) -> list[str]:
    """The references of so many withdrawals of 1.00 that are in files for the bank."""
    shops = [shop_with("9000.00", f"shop-{number}") for number in range(lines)]
    first = [withdraw(shop, "1.00").pk for shop in shops]
    payout_files.export(withdrawal_ids=first, actor=OPERATOR, now=instant(NOW))
    with connection.cursor() as cursor:
        cursor.execute(MORE, [of_each])
        cursor.execute(DEBITS)
        cursor.execute(BALANCES, [of_each - 1])
    return list(Withdrawal.objects.order_by("pk").values_list("reference", flat=True))


def answered(references: list[str]) -> tuple[Client, PayoutAnswerFile, float]:
    """Upload an answer of the bank's by which every tenth withdrawal failed and the others were
    paid. Returns the client, the file, and how many seconds that took.
    """
    browser = browser_of(operator("withdrawal"))
    rows = [
        f"{one},PAID,BANK-{number}," if number % 10 else f"{one},FAILED,,account closed"
        for number, one in enumerate(references)
    ]
    sent = answers(*rows)
    began = time.monotonic()
    shown = text(browser.post(ANSWERS, sent))
    took = time.monotonic() - began
    assert f"The file is here, with {len(references):,} rows." in shown
    return browser, PayoutAnswerFile.objects.get(), took


def take_in(browser: Client, file: PayoutAnswerFile) -> list[str]:
    """Work off the file's rows as the job does, chunk by chunk. Returns what its page says at each
    quarter and in the end.
    """
    due = JOB.find(DECIDED_AT)
    chunks = JOB.chunks(due)
    page = f"/admin/credit/payoutanswerfile/{file.pk}/change/"
    seen = []
    for number, chunk in enumerate(chunks):
        if number % max(1, len(chunks) // 4) == 0:
            seen.append(progress(browser.get(page)))
        assert JOB.work_off(chunk, DECIDED_AT) == {}
    return [*seen, progress(browser.get(page))]


def progress(page: Any) -> str:
    """How many of the file's rows are done, as the page says it."""
    found = re.search(r"([0-9,]+ of [0-9,]+) rows", text(page))
    assert found
    return found[1]


def check(lines: int, of_each: int) -> None:
    """Check that everything happened once, and the books add up."""
    total = lines * of_each
    failed, paid = total // 10, total - total // 10
    assert Withdrawal.objects.filter(status="PAID").count() == paid
    assert Withdrawal.objects.filter(status="FAILED").count() == failed
    assert PayoutAnswer.objects.filter(outcome="WAITING").count() == 0
    assert ProceedsEntry.objects.filter(kind="RETURNED").count() == failed
    sums = CreditLine.objects.aggregate(out=Sum("paid_out"), left=Sum("proceeds"))
    assert (sums["out"], sums["left"]) == (paid, lines * 9000 - paid)
    books.assert_clean()
    assert JOB.find(DECIDED_AT + timedelta(hours=1)) == []


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def test_a_few_are_taken_in_while_the_page_says_how_far_they_are() -> None:
    browser, file, took = answered(sent_to_the_bank(2, 20))
    assert took < LONGEST_REQUEST
    assert take_in(browser, file) == ["0 of 40", "40 of 40"]
    check(2, 20)


# With real transactions: within one, a line's two thousand versions are all kept, and looked
# through at each change of it.
@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_sixty_thousand_are_too(capsys: pytest.CaptureFixture[str]) -> None:
    browser, file, took = answered(sent_to_the_bank(30, 2000))
    assert took < LONGEST_REQUEST
    began = time.monotonic()
    seen = take_in(browser, file)
    said = f"uploaded in {took:.1f} s, taken in in {time.monotonic() - began:.0f} s: {seen}"
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert (seen[0], seen[-1]) == ("0 of 60,000", "60,000 of 60,000")
    assert len(seen) > 4
    check(30, 2000)
