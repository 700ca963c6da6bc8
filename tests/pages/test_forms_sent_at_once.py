"""A form that is sent several times at once makes one row, and is answered alike each time.

The forms that make rows or move money, each sent by three threads with one browser's cookies. Those
that decide about a row find it decided the second time (tests/trail/test_trail_of_decisions.py).
"""

from dataclasses import dataclass

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db.models import Model
from django.test import Client

from billing.models import BillingCredit, BillingQuestion, Card, ThresholdRequest
from credit.models import (
    Freeze,
    LimitRequest,
    PayoutDestination,
    PayoutSchedule,
    Withdrawal,
)
from merchants.models import Invitation
from tests.credit.pages import set_clock
from tests.credit.withdrawing import NOW, shop_with
from tests.factories import browser_of, member, operator, proved
from tests.factories.people import Browser
from tests.shops import Shop
from tests.threads import at_once
from tests.trailed import entries, newest
from tests.whole import some

KEY = {"request_key": "form-1"}
WHY = {"reason": "As agreed by telephone."}
TOLD = {"told": "Packed twice."}
CREDITED = {"fee": "credit-pick-pack", "amount": "1.50"}
INVITED = {"email": "new@shop.example", "role": "VIEWER"}


@dataclass(frozen=True)
class Form:
    address: str  # after the merchant's, or of the admin
    said: dict[str, str]
    rows: type[Model]  # that it makes one of
    action: str = ""  # on the trail, once; "" where none is written down
    role: str = ""  # of one of our own; "" for the merchant's owner


OF_MERCHANTS = [
    Form("credit/withdrawals/new/", {"amount": "100.00", "fee": "0"}, Withdrawal,
         "WITHDRAWAL_REQUESTED"),
    Form("credit/withdrawals/automatic/new/", {"every": "DAILY", "from_amount": "10.00"},
         PayoutSchedule, "AUTOMATIC_SET_UP"),
    Form("credit/destinations/new/",
         {"kind": "BANK_CARD", "holder": "Mei Lin", "bank": "ICBC", "number": "4000000000000119"},
         PayoutDestination, "DESTINATION_ADDED"),
    Form("credit/raise/ask/", {"limit": "200000", "message": "For spring."}, LimitRequest,
         "RAISE_REQUESTED"),
    Form("credit/raise/question/", {"message": "Why 100,000?"}, LimitRequest),
    Form("billing/questions/ask/", {"message": "Why two bills?"}, BillingQuestion),
    Form("billing/settings/threshold/", {"threshold": "5000", "message": "For spring."},
         ThresholdRequest, "THRESHOLD_REQUESTED"),
    Form("billing/settings/cards/", {"number": "4242424242424242"}, Card, "CARD_ADDED"),
    Form("billing/credits/new/", {"charge": "c-1", "message": "Packed twice.", **CREDITED},
         BillingCredit, "CREDIT_REQUESTED"),
    Form("settings/team/invite/", INVITED, Invitation, "MEMBER_INVITED"),
]  # fmt: skip
OF_OPERATORS = [
    Form("/admin/credit/creditline/{pk}/decide/freeze/", {"cause": "MANUAL", **WHY}, Freeze,
         "FREEZE_PLACED", "Credit officer"),
    Form("/admin/billing/charge/{charge}/decide/credit/", {**CREDITED, **WHY, **TOLD},
         BillingCredit,
         "CREDIT_GRANTED", "Billing officer"),
    Form("/admin/merchants/merchant/{pk}/decide/invite/", {**INVITED, **WHY}, Invitation,
         "MEMBER_INVITED", "Administrator"),
]  # fmt: skip


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Shop:
    """A shop that earned 300.00 and was charged 5.00 for picking, in a demonstration."""
    settings.TAEL_SANDBOX = True
    shop = shop_with("300.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "5.00", "c-1")
    set_clock(monkeypatch)(NOW)
    return shop


def same_browser(client: Client) -> Client:
    """Another client with the same cookies, as a second tab has."""
    tab = Browser()
    tab.cookies.update(client.cookies)
    return tab


def answered(client: Client, address: str, said: dict[str, str]) -> tuple[int, str]:
    """The status, and the page that the answer leads to."""
    answer = client.post(address, said)
    return answer.status_code, answer.get("Location", "").partition("?")[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "forms", some([OF_MERCHANTS, OF_OPERATORS], 2), ids=["merchants", "operators"]
)
def test_sent_three_times_at_once_a_form_makes_one_row(shop: Shop, forms: list[Form]) -> None:
    owner = proved(member(shop))
    for number, form in enumerate(forms):
        mail.outbox.clear()
        client = browser_of(operator(form.role)) if form.role else owner
        _send_three_times_and_once_more(client, shop, form, f"form-{number}")


def _send_three_times_and_once_more(client: Client, shop: Shop, form: Form, key: str) -> None:
    """Check that the form, sent three times at once and then again, writes one row, and each time
    leads to the same page.
    """
    named = {"pk": shop.merchant.pk, "charge": shop.account.charges.get(reference="c-1").pk}
    said = {"destination": str(shop.destination.pk), "request_key": key, **form.said}
    address = f"/m/rosewood/{form.address}" if not form.role else form.address.format(**named)
    rows, since = form.rows._default_manager, newest()
    before = rows.count()
    answers = at_once(lambda _: answered(same_browser(client), address, said), threads=3)
    # All three are sent on, to the same page.
    (((status, _page), times),) = answers.items()
    assert (status, times) == (302, 3), (address, answers)
    assert rows.count() == before + 1, address
    if form.action:
        assert [entry.action for entry in entries(since)].count(form.action) == 1
    assert len(mail.outbox) == (form.rows is Invitation)
    # And once more, later: the same answer, and nothing new.
    since = newest()
    assert answered(client, address, said) in answers
    assert rows.count() == before + 1
    assert entries(since) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "said", "other"),
    some([
        ("credit/raise/ask/", {"limit": "200000", "message": "Why"}, {"limit": "300000"}),
        ("credit/raise/question/", {"message": "Why 100,000?"}, {"message": "Why not more?"}),
        ("billing/settings/threshold/", {"threshold": "5000", "message": "Why"},
         {"threshold": "6000"}),
        ("billing/settings/cards/", {"number": "4242424242424242"},
         {"number": "4000000000000002"}),
        ("settings/team/invite/", {"email": "new@shop.example", "role": "VIEWER"},
         {"email": "other@shop.example"}),
    ], 5),
)  # fmt: skip
def test_a_form_sent_again_with_other_content_is_refused(
    shop: Shop, address: str, said: dict[str, str], other: dict[str, str]
) -> None:
    client = proved(member(shop))
    assert client.post(f"/m/rosewood/{address}", said | KEY).status_code == 302
    since = newest()
    answer = client.post(f"/m/rosewood/{address}", said | KEY | other)
    assert "This form was sent before, with other content." in answer.content.decode()
    assert list(entries(since)) == []
