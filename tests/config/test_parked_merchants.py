"""A merchant whose days cannot be worked off: its pages say so, and those of others go on."""

import logging
from typing import Any

import pytest
from django.db import OperationalError
from django.urls import reverse

from config.monitoring import outages
from credit.models import CreditLine
from credit.operations import days
from lib import day_ends
from lib.refusals import Invalid
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

STANDS_STILL = "The books of this shop stand still at the moment"
MOMENT = "2026-11-03 10:00"


def stop(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    """Let no day of this shop's line be worked off."""
    work_off = days.work_off

    def fails(line_ids: Any, **given: Any) -> int:
        if shop.merchant.pk in line_ids:
            raise ValueError("a figure that cannot be")
        return work_off(line_ids, **given)

    monkeypatch.setattr(days, "pass_quiet_days", lambda line, now: False)
    monkeypatch.setattr(days, "work_off", fails)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose day-ends fail, at MOMENT."""
    shop = shops.join("2026-11-01 10:00")
    set_clock(monkeypatch)(MOMENT)
    stop(monkeypatch, shop)
    return shop


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", STANDS_STILL),
        ("zh-hans", "此店铺的账务暂停处理"),
        ("th", "ขณะนี้บัญชีของร้านนี้หยุดประมวลผลชั่วคราว"),
    ],
)
def test_its_people_read_that_its_books_stand_still(
    shop: Shop, language: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = browser_of(member(shop, language=language))
    browser.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        answer = browser.post(
            "/m/rosewood/credit/raise/question/", {"message": "Why?", "request_key": "form-1"}
        )
    assert answer.status_code == 503
    assert said in text_of(answer)
    assert "a figure that cannot be" not in text_of(answer)
    assert "ValueError: a figure that cannot be" in caplog.text  # with its trace


def test_an_operator_reads_where_the_error_is_and_nothing_is_decided(shop: Shop) -> None:
    browser = browser_of(operator("Credit officer"))
    address = reverse("admin:credit_creditline_decide", args=[shop.merchant.pk, "days"])
    answer = browser.post(address, {"payment_days": "20", "settlement_days": "7", "reason": "Odd."})
    assert answer.status_code == 503
    assert "This merchant's days cannot be worked off" in text_of(answer)
    assert "/admin/jobs/jobfailure/?waits=parked" in answer.content.decode()
    assert CreditLine.objects.get().payment_days == 10


def test_other_merchants_go_on(shop: Shop) -> None:
    other = shops.join("2026-11-01 10:00", "other", name="Other Shop")
    address = reverse("admin:credit_creditline_decide", args=[other.merchant.pk, "days"])
    said = {"payment_days": "20", "settlement_days": "7", "reason": "Odd."}
    assert browser_of(operator("Credit officer")).post(address, said).status_code == 302
    other.line.refresh_from_db()
    assert other.line.payment_days == 20


@pytest.mark.parametrize("error", [Invalid("amount", "is none"), OperationalError("is away")])
def test_a_refusal_and_an_outage_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as found, day_ends.of_merchant(1):
        raise error
    assert outages.of(found.value) is not outages.DAY_ENDS
