"""Every notice in words: each kind in each language, what was decided, and why."""

import re

import pytest
from django.utils import translation

from billing import payment_failures
from merchants.models import Merchant
from notices import kinds, letters
from notices.models import Notice
from tests import shops
from tests.factories import member

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"


ALIPAY = {"destination": "ALIPAY", "masked": "mei***@qq.com", "last_four": "ilin"}
DETAILS = {
    "LIMIT_80": {"used": "80.0000", "limit": "100.0000", "currency": "USD"},
    "LIMIT_100": {"used": "100", "limit": "100", "currency": "KWD"},
    "ORDER_DECLINED": {"order": "A", "amount": "1", "currency": "USD", "code": "line_frozen"},
    "FREEZE_PLACED": {"reason": "UNPAID_BILL"},
    "FREEZE_LIFTED": {"reason": "MANUAL"},
    "REVIEW": {"grade": "B", "status": "APPLIED", "limit_before": "1000", "limit_proposed": "1500",
               "limit_given": "1500", "currency": "USD", "reason": ""},
    "ORDER_OVERDUE": {"order": "A", "due": "9.5", "currency": "USD",
                      "due_on": "2026-11-12"},
    "ORDER_WRITTEN_OFF": {"order": "A", "amount": "1000", "limit": "4000", "currency": "USD",
                          "answer": "The buyer is bankrupt."},
    "MESSAGE": {"text": "We are closed on Monday."},
    "WITHDRAWAL_DONE": {"reference": "W-1", "amount": "5", "currency": "USD", **ALIPAY},
    "WITHDRAWAL_FAILED": {"reference": "W-1", "amount": "5", "currency": "USD",
                          **ALIPAY, "reason": ""},
    "WITHDRAWAL_SENT_BACK": {"reference": "W-1", "amount": "5", "currency": "USD",
                             **ALIPAY, "reason": ""},
    "WITHDRAWAL_CORRECTED": {"reference": "W-1", "amount": "5", "currency": "USD",
                             **ALIPAY},
    "PROCEEDS_CORRECTED": {"status": "TAKEN", "amount": "30", "proceeds": "970",
                           "currency": "USD", "answer": "A sale was counted twice."},
    "DESTINATION_ADDED": {**ALIPAY, "by": "owner@silk.example", "status": "FILLED_IN"},
    "DESTINATION_BLOCKED": {**ALIPAY, "reason": "It is a thief's."},
    "AUTOMATIC_SET_UP": {**ALIPAY, "by": "owner@silk.example"},
    "REQUEST_ANSWERED": {"status": "ANSWERED", "answer": "In May."},
    "STATEMENT_CLOSED": {"month": "2026-11"},
    "BILL_ISSUED": {"number": "2026-000001", "total": "225.0000", "currency": "USD",
                    "invoice_kind": "THRESHOLD", "status": "TO_PAY", "due_on": "2026-11-12"},
    "PAYMENT_FAILED": {"number": "2026-000001", "amount": "225", "currency": "USD",
                       "failure": ""},
    "DOCUMENTS_TO": {"email": "books@accountant.example", "by": "mei@shop.example"},
    "DOCUMENTS_REFUSED": {"email": "books@accountant.example"},
    "BILLING_ANSWERED": {"answer": "Bills come every 30 days."},
    "THRESHOLD_ANSWERED": {"status": "APPROVED", "answer": "Sales grew.", "threshold": "500",
                           "currency": "USD"},
    "CREDIT_ANSWERED": {"status": "REJECTED", "answer": "The parcel arrived.", "amount": "3.5",
                        "currency": "USD"},
    "CREDIT_UNDONE": {"answer": "It was another shop's parcel.", "amount": "3.5",
                      "currency": "USD"},
    "PAYMENT_REVERSED": {"status": "RECORDED", "number": "2026-000001", "amount": "250",
                         "currency": "USD", "answer": "Your bank says so."},
    "TRANSFER_MOVED": {"status": "OTHER_INVOICE", "reference": "BANK-1", "number": "2026-000001",
                       "amount": "50", "charged": "39", "currency": "USD",
                       "answer": "It named another bill."},
    "CARD_BLOCKED": {"card": "Visa ···· 4242", "reason": "It is a thief's."},
    "ACCOUNT_CLOSED": {"told": ""},
    "ACCOUNT_REOPENED": {"told": "Welcome back."},
    "CHARGED": {"amount": "12.5", "currency": "USD", "description": "Pallets", "reason": "Agreed.",
                "charge": "tael:by-hand:1"},
    "WAIVED": {"number": "2026-000001", "amount": "9", "left": "30", "currency": "USD",
               "reason": "Agreed."},
    "DUE_DAY": {"number": "2026-000001", "day": "2026-11-20", "reason": "Agreed."},
    "PAUSED": {"status": "PAUSED", "number": "2026-000001", "day": "2026-11-20",
               "reason": "Agreed."},
    "PAYMENT_PLAN": {"status": "IN_FORCE", "number": "2026-000001", "parts": "3", "amount": "39",
                     "currency": "USD", "day": "2026-11-20", "reason": "Agreed."},
    "PLAN_PART_DUE": {"number": "2026-000001", "amount": "13", "currency": "USD",
                      "day": "2026-11-20"},
    "DAYS_CHANGED": {"payment_days": "30", "settlement_days": "15", "told": ""},
    "UNAPPLIED": {"status": "RECEIVED", "amount": "50", "balance": "61", "currency": "USD",
                  "number": "2026-000002", "reference": "BACK-1"},
}  # fmt: skip


@pytest.mark.parametrize("kind", [kind.code for kind in kinds.registered()])
@pytest.mark.parametrize("language", ["en", "th", "zh-hans"])
def test_every_kind_has_words_in_every_language(kind: str, language: str) -> None:
    notice = Notice(kind=kind, details=DETAILS[kind])
    with translation.override(language):
        for text in (letters.title(notice), letters.sentence(notice)):
            assert text
            assert "%" not in text.replace("80%", "")
        assert letters.sentence(notice) != str(notice.get_kind_display())
        notice.merchant = Merchant(reference="rosewood")
        opened = letters.opens(notice)
        assert bool(re.search("[一-鿿]", opened)) == (language == "zh-hans")
        assert bool(re.search("[ก-๛]", opened)) == (language == "th")


def test_the_button_of_a_mail_says_what_it_opens() -> None:
    shop = shops.join("2026-11-01 09:00")
    for kind, said in {
        "BILL_ISSUED": ("/billing/invoices/2026-000001/", "Open the bill"),
        "ORDER_OVERDUE": ("/credit/orders/A/", "Open the order"),
        "REQUEST_ANSWERED": ("/credit/raise/requests/", "See the answer"),
        "MESSAGE": ("/notices/", "See the message"),
    }.items():
        notice = Notice(kind=kind, details=DETAILS[kind], merchant=shop.merchant)
        letter = letters.write(notice, member(shop, email=f"{kind.lower()}@shop.example"))
        ((page, _type),) = letter.alternatives
        button = re.search(
            r'<a href="[^"]*/m/rosewood([^"]*)"[^>]*font-weight[^>]*>([^<]*)<', str(page)
        )
        assert button
        assert button.groups() == said
    notice = Notice(kind="BILL_ISSUED", details={}, merchant=shop.merchant)
    assert letters.opens(notice) == "Open your overview"  # of another version's details


def test_a_withdrawal_that_failed_without_a_word_from_the_bank() -> None:
    notice = Notice(kind="WITHDRAWAL_FAILED", details=DETAILS["WITHDRAWAL_FAILED"])
    assert letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ") == (
        "Withdrawal W-1 of 5.00 USD to mei***@qq.com failed, and went back to your proceeds: no"
        " reason was given"
    )
    notice.details |= {"destination": "BANK_CARD", "masked": "", "last_four": "6789"}
    assert "USD to ···· 6789 failed" in letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ")
    notice.details |= {"destination": "ALIPAY"}  # of which no mask is known
    assert "USD to (number unreadable) failed" in letters.sentence(notice)


ANSWERS = {
    "THRESHOLD_ANSWERED APPROVED": "Your billing threshold is now 500.00 USD. Sales grew.",
    "THRESHOLD_ANSWERED REJECTED": "Your billing threshold stays at 500.00 USD. Sales grew.",
    "CREDIT_ANSWERED APPROVED": "You get a credit of 3.50 USD. The parcel arrived.",
    "CREDIT_ANSWERED REJECTED": (
        "You asked for a credit of 3.50 USD and it was not approved: The parcel arrived."
    ),
    "PAYMENT_REVERSED RECORDED": (
        "250.00 USD that was paid for bill T-2026-000001 was taken back by the card's bank. The"
        " bill stays paid while we look into it; we tell you here what follows."
    ),
    "PAYMENT_REVERSED REFUNDED": (
        "250.00 USD that was paid for bill T-2026-000001 went back to your card. Nothing is to be"
        " paid for it."
    ),
    "PAYMENT_REVERSED TAKEN": (
        "The card's bank took back 250.00 USD that came for bill T-2026-000001 and that we kept for"
        " you. Nothing is to be paid for it."
    ),
    "PAYMENT_REVERSED CHARGED": (
        "250.00 USD that was paid for bill T-2026-000001 was taken back by the card's bank, and is"
        " charged again. Your bank says so."
    ),
    "PAYMENT_REVERSED ACCEPTED": (
        "250.00 USD that was paid for bill T-2026-000001 was taken back by the card's bank. Nothing"
        " is to be paid for it. Your bank says so."
    ),
    "PAYMENT_REVERSED CAME_BACK": (
        "250.00 USD that was paid for bill T-2026-000001 and taken back by the card's bank came"
        " back to us. Bill T-2026-000001 stays paid."
    ),
    "UNAPPLIED RECEIVED": (
        "We received 50.00 USD that no bill wanted. It pays your bills by itself: unpaid ones at"
        " once, and each later one as it is issued. We keep 61.00 USD for you."
    ),
    "UNAPPLIED USED": (
        "50.00 USD of the money that we keep for you went to bill T-2026-000002; 61.00 USD is left."
    ),
    "UNAPPLIED GIVEN_BACK": (
        "We paid back 50.00 USD of the money that we keep for you, under the reference BACK-1;"
        " 61.00 USD is left."
    ),
    "UNAPPLIED REVERSED": (
        "Whoever paid 50.00 USD has taken it back, so we don't keep it for you any more; 61.00 USD"
        " is left."
    ),
}


@pytest.mark.parametrize("outcome", ANSWERS)
def test_an_answer_says_what_was_decided_and_why(outcome: str) -> None:
    kind, status = outcome.split()
    notice = Notice(kind=kind, details={**DETAILS[kind], "status": status})
    assert letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ") == ANSWERS[outcome]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("never_received", "our payment provider did not receive it"),
        ("new_code_of_theirs", "new_code_of_theirs"),  # a provider's, that we have no words for
        ("", "no reason was given"),
    ],
)
def test_why_a_payment_failed_is_told_in_words(code: str, words: str) -> None:
    assert payment_failures.in_words(code) == words
    details = {**DETAILS["PAYMENT_FAILED"], "failure": code}
    assert letters.sentence(Notice(kind="PAYMENT_FAILED", details=details)).endswith(f": {words}.")


def test_details_of_another_version_still_say_what_the_notice_is() -> None:
    assert letters.sentence(Notice(kind="BILL_ISSUED", details={})) == "A bill was issued"
    assert letters.title(Notice(kind="BILL_ISSUED", details={"total": "1"})) == "A bill was issued"


def test_amounts_are_written_with_their_own_digits_and_by_locale() -> None:
    notice = Notice(
        kind="BILL_ISSUED", details={"number": "1", "total": "12345.6780", "currency": "KWD"}
    )
    assert "12,345.678\N{NO-BREAK SPACE}KWD" in letters.sentence(notice)
