"""Notices: what a merchant's people are told, once per cause, whatever writes it."""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from moneyed import Money
from pytest_django import Settings

from billing import payment_failures
from billing.models import Invoice
from billing.notices import STATEMENT_CLOSED
from credit.models import Order
from credit.operations import limits, orders
from merchants.models import Merchant
from notices import kinds, letters
from notices.models import Notice
from notices.operations import notices
from tests import shops
from tests.credit import reviewing
from tests.factories import CardFactory, member
from tests.shops import Shop

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"
MANY = f"""
{notices.INTO}
SELECT told.merchant_id, 'STATEMENT_CLOSED', told.month, jsonb_build_object('month', told.month),
       '2026-12-01 00:00+00'
FROM unnest(%(merchants)s::bigint[], %(months)s::text[]) AS told(merchant_id, month)
{notices.ONCE}
"""


def told(shop: Shop) -> list[tuple[str, str]]:
    return list(shop.merchant.notices.order_by("pk").values_list("kind", "cause"))


def sentences(shop: Shop) -> list[str]:
    """As people read them, but with plain spaces."""
    found = shop.merchant.notices.order_by("pk")
    return [letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ") for notice in found]


def write(shop: Shop, cause: str = "2026-11") -> bool:
    return notices.write(
        merchant_id=shop.merchant.pk,
        kind=STATEMENT_CLOSED,
        cause=cause,
        at=shop.at(NOW),
        month="2026-11",
    )


def test_a_cause_is_told_once_per_merchant() -> None:
    shop, other = shops.join("2026-11-01 10:00"), shops.join("2026-11-01 10:00", "other")
    news = [write(shop), write(shop), write(other), write(shop, "2026-12")]
    assert news == [True, False, True, True]
    assert told(shop) == [("STATEMENT_CLOSED", "2026-11"), ("STATEMENT_CLOSED", "2026-12")]


def test_a_notice_goes_with_the_transaction_that_it_tells_of() -> None:
    shop = shops.join("2026-11-01 10:00")
    with transaction.atomic():
        assert write(shop)
        transaction.set_rollback(True)
    assert told(shop) == []
    assert write(shop)


def test_many_merchants_are_told_in_one_statement_and_once() -> None:
    first, second = shops.join("2026-11-01 10:00"), shops.join("2026-11-01 10:00", "second")
    ids = [first.merchant.pk, second.merchant.pk, first.merchant.pk]
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"merchants": ids, "months": ["2026-11"] * 3})
        assert cursor.rowcount == 2
        cursor.execute(MANY, {"merchants": ids, "months": ["2026-11"] * 3})
        assert cursor.rowcount == 0
    assert told(first) == told(second) == [("STATEMENT_CLOSED", "2026-11")]


# --- what orders tell -------------------------------------------------------------------------


def test_a_declined_order_is_told_once_with_its_reason() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    shop.place(NOW, "A", "5000.01")
    shop.place(NOW, "A", "5000.01")
    assert told(shop) == [("ORDER_DECLINED", "A")]
    assert sentences(shop) == ["Order A over 5,000.01 USD was declined: the limit was not enough."]


@pytest.mark.parametrize(
    ("before", "amount", "kinds"),
    [
        ("10.00", "69.99", []),
        ("10.00", "70.00", ["LIMIT_80"]),
        ("79.99", "0.01", ["LIMIT_80"]),
        ("10.00", "89.99", ["LIMIT_80"]),
        ("10.00", "90.00", ["LIMIT_100"]),
    ],
)
def test_an_order_that_takes_the_line_to_80_or_100_percent(
    before: str, amount: str, kinds: list[str]
) -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place(NOW, "A", before)
    shop.place(NOW, "B", amount)
    assert told(shop) == [(kind, "2026-11-02") for kind in kinds]


def test_80_percent_is_told_when_it_is_crossed_upwards_and_once_a_local_day() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00", timezone="Asia/Bangkok")
    shop.place("2026-11-02 10:00", "A", "80.00")
    shop.place("2026-11-02 11:00", "B", "10.00")  # above already
    shop.pay("2026-11-02 12:00", "A", "80.00")
    shop.place("2026-11-02 13:00", "C", "70.00")  # crossed again, the same day
    assert told(shop) == [("LIMIT_80", "2026-11-02")]
    shop.pay("2026-11-02 14:00", "C", "70.00")
    shop.place("2026-11-03 00:30", "D", "75.00")
    assert told(shop) == [("LIMIT_80", "2026-11-02"), ("LIMIT_80", "2026-11-03")]
    assert sentences(shop) == [
        "Open orders hold 80.00 USD of your limit of 100.00 USD.",
        "Open orders hold 85.00 USD of your limit of 100.00 USD.",
    ]


def test_80_percent_is_told_again_only_after_less_than_70_were_used() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place("2026-11-02 10:00", "A", "80.00")
    shop.pay("2026-11-03 10:00", "A", "10.00")  # 70.00: not below
    shop.place("2026-11-03 11:00", "B", "15.00")
    assert told(shop) == [("LIMIT_80", "2026-11-02")]
    shop.pay("2026-11-04 10:00", "A", "15.01")  # 69.99
    shop.place("2026-11-05 10:00", "C", "10.01")
    assert told(shop) == [("LIMIT_80", "2026-11-02"), ("LIMIT_80", "2026-11-05")]


@pytest.mark.parametrize(
    ("used", "limit", "kinds"),
    [
        ("60.00", "75.01", []),
        ("60.00", "75.00", ["LIMIT_80"]),
        ("60.00", "60.00", ["LIMIT_100"]),
        ("60.00", "10.00", ["LIMIT_100"]),
        ("60.00", "110.00", []),
        ("85.00", "100.01", []),  # told by the order already, as any cut to where it is above
        ("0.01", "0.00", ["LIMIT_100"]),
    ],
)
def test_a_cut_of_the_limit_that_leaves_80_or_100_percent_used(
    used: str, limit: str, kinds: list[str]
) -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="101.00")
    shop.place(NOW, "A", used)
    before = len(told(shop))
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=Money(limit, "USD"),
        actor="olga@tael.example",
        reason="as agreed",
        now=shop.at("2026-11-02 12:00"),
    )
    assert [kind for kind, _ in told(shop)[before:]] == kinds


def test_a_review_that_cuts_the_limit_tells_that_it_fills_up() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="4000.00")
    shop.place(NOW, "A", "2400.00")
    reviewing.metrics(shop, NOW, "4.0", "0", "0", "0")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.limit() == ("3000.00", "2400.00", "600.00")
    assert [kind for kind, _ in told(shop)] == ["REVIEW", "LIMIT_80"]


def place(shop: Shop, reference: str, amount: str) -> Order:
    order, _ = orders.place(
        merchant_id=shop.merchant.pk,
        reference=reference,
        buyer="Somchai",
        amount=Money(amount, "USD"),
        now=shop.at(NOW),
    )
    return order


def test_an_order_that_crosses_nothing_costs_no_query_more() -> None:
    shop = shops.join("2026-11-02 09:00", credit_limit="100.00")
    with CaptureQueriesContext(connection) as of_one:
        place(shop, "A", "10.00")
    asked = [query["sql"].split()[0] for query in of_one]
    # Which merchant (the test asks that), then the lock on its line, then all that is written.
    assert asked == ["SELECT", "SAVEPOINT", "SELECT", "WITH", "RELEASE"]


def test_a_freeze_by_overdue_orders_is_told_and_so_is_its_end() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    shop.place(NOW, "A", "1000.00")
    shop.deliver(NOW, "A")  # due on 12 November
    shop.run_jobs("2026-11-13 00:00")
    shop.pay("2026-11-13 09:00", "A", "1000.00")
    assert [kind for kind, _ in told(shop)] == ["FREEZE_PLACED", "ORDER_OVERDUE", "FREEZE_LIFTED"]
    assert sentences(shop) == [
        "Your credit line was frozen because of overdue payments. New orders are declined; open"
        " orders go on.",
        "A payment for order A was due on 12 Nov 2026; 1,000.00 USD was due by then and is not paid"
        " yet.",
        "The freeze of your credit line because of overdue payments was lifted.",
    ]


# --- what bills tell --------------------------------------------------------------------------


def test_a_closed_statement_and_an_issued_bill_are_told_at_their_own_instant() -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok", billing_threshold="200.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-12-01 09:00")  # late
    shop.run_jobs("2026-12-01 09:00")
    number = Invoice.objects.get().number
    assert told(shop) == [
        ("BILL_ISSUED", number),
        ("PAYMENT_FAILED", number),  # it was to be paid within 7 days
        ("STATEMENT_CLOSED", "2026-11"),
    ]
    assert sentences(shop) == [
        f"Bill {number} over 210.00 USD was issued.",
        f"210.00 USD of bill {number} was due on 19 Nov 2026 and has not arrived. If the bill stays"
        " unpaid, your credit line is frozen on 17 Dec 2026 and takes no new orders.",
        "All charges of November 2026 are in, and the statement can be exported.",
    ]
    assert [notice.at for notice in shop.merchant.notices.order_by("pk")] == [
        shop.at("2026-11-13 00:00"),
        shop.at("2026-11-19 00:00"),
        shop.at("2026-12-01 00:00"),
    ]


def test_a_failed_payment_is_told_once_however_often_it_is_tried(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 10:00", currency="JPY", billing_threshold="20000")
    CardFactory.create(shop=shop, at=NOW, last_four="9995")
    shop.charge(NOW, "pick-pack", "21000")
    shop.run_jobs("2026-11-02 11:00")
    shop.run_jobs("2026-11-03 12:00")
    invoice = Invoice.objects.get()
    assert [payment.status for payment in invoice.payments.all()] == ["FAILED", "FAILED"]
    assert told(shop) == [("BILL_ISSUED", invoice.number), ("PAYMENT_FAILED", invoice.number)]
    assert sentences(shop)[1] == (
        f"We could not collect 21,000 JPY for bill {invoice.number}: the card did not have"
        " enough"
        " funds."
        " We try again on 3 Nov 2026. If the bill stays unpaid, your credit line is frozen on"
        " 30 Nov 2026 and takes no new orders."
    )


# --- words ------------------------------------------------------------------------------------

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
    "DESTINATION_ADDED": {**ALIPAY, "by": "owner@silk.example"},
    "DESTINATION_BLOCKED": {**ALIPAY, "reason": "It is a thief's."},
    "AUTOMATIC_SET_UP": {**ALIPAY, "by": "owner@silk.example"},
    "REQUEST_ANSWERED": {"status": "ANSWERED", "answer": "In May."},
    "STATEMENT_CLOSED": {"month": "2026-11"},
    "BILL_ISSUED": {"number": "2026-000001", "total": "225.0000", "currency": "USD",
                    "invoice_kind": "THRESHOLD"},
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
        "250.00 USD that was paid for bill 2026-000001 was taken back by the card's bank. The bill"
        " stays paid while we look into it; we tell you here what follows."
    ),
    "PAYMENT_REVERSED REFUNDED": (
        "250.00 USD that was paid for bill 2026-000001 went back to your card. Nothing is to be"
        " paid for it."
    ),
    "PAYMENT_REVERSED TAKEN": (
        "The card's bank took back 250.00 USD that came for bill 2026-000001 and that we kept for"
        " you. Nothing is to be paid for it."
    ),
    "PAYMENT_REVERSED CHARGED": (
        "250.00 USD that was paid for bill 2026-000001 was taken back by the card's bank, and is"
        " charged again. Your bank says so."
    ),
    "PAYMENT_REVERSED ACCEPTED": (
        "250.00 USD that was paid for bill 2026-000001 was taken back by the card's bank. Nothing"
        " is to be paid for it. Your bank says so."
    ),
    "PAYMENT_REVERSED CAME_BACK": (
        "250.00 USD that was paid for bill 2026-000001 and taken back by the card's bank came back"
        " to us. Bill 2026-000001 stays paid."
    ),
    "UNAPPLIED RECEIVED": (
        "We received 50.00 USD that no bill wanted. It pays your bills by itself: unpaid ones at"
        " once, and each later one as it is issued. We keep 61.00 USD for you."
    ),
    "UNAPPLIED USED": (
        "50.00 USD of the money that we keep for you went to bill 2026-000002; 61.00 USD is left."
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
