"""Where two people are needed, one is refused however the request comes, by direct POST too."""

from typing import Any

import pytest
from django.test import Client

from credit.models import Withdrawal
from lib.second_person import SamePerson, check
from merchants.models import User
from tests import shops
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import browser_of, operator
from tests.text import text_of

pytestmark = pytest.mark.django_db

ROLE = "Credit officer"
EXPORT = "/admin/credit/withdrawal/decide/export/"
Officers = dict[str, Client]


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at 3 Nov 2026, 10:00 UTC."""
    set_clock(monkeypatch)("2026-11-03 10:00")


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 50,000.00 to withdraw; above 10,000 somebody has to approve."""
    return withdrawing.shop_with("50000.00")


@pytest.fixture
def officers() -> Officers:
    """The browsers of two credit officers, by name."""
    return {name: browser_of(operator(ROLE, email=f"{name}@tael.example"))
            for name in ("olga", "otto")}  # fmt: skip


def approve(client: Client, withdrawal: Withdrawal) -> Any:
    """The answer to the page that approves the withdrawal."""
    return client.post(f"/admin/credit/withdrawal/{withdrawal.pk}/decide/approve/")


def export(client: Client, withdrawal: Withdrawal) -> Any:
    """The answer to the page that writes a file for the bank with the withdrawal."""
    return client.post(EXPORT, {"withdrawals": [withdrawal.pk]})


def status(withdrawal: Withdrawal) -> tuple[str, str, str]:
    """The withdrawal's status, and who approved and sent it."""
    now = Withdrawal.objects.get(pk=withdrawal.pk)
    return str(now.status), now.approved_by, now.sent_by


def large(shop: shops.Shop, **said: Any) -> Withdrawal:
    """A withdrawal above what is sent without an approval."""
    withdrawal, _is_new = withdrawing.ask(shop, "10000.01", **said)
    assert withdrawal.needs_approval
    return withdrawal


def test_who_asked_for_a_large_withdrawal_does_not_approve_it(
    shop: shops.Shop, officers: Officers
) -> None:
    for asker in ("olga@tael.example", "Olga@Tael.Example"):
        withdrawal = large(shop, actor=asker)
        assert "was requested by olga@tael.example" in text_of(
            approve(officers["olga"], withdrawal)
        )
        assert status(withdrawal) == ("REQUESTED", "", "")
    assert approve(officers["otto"], withdrawal).status_code == 302
    assert status(withdrawal) == ("APPROVED", "otto@tael.example", "")


def test_who_approved_or_asked_for_it_does_not_send_it(
    shop: shops.Shop, officers: Officers
) -> None:
    withdrawal = large(shop, actor="otto@tael.example")
    approve(officers["olga"], withdrawal)
    for name in ("olga", "otto"):
        assert "has to be sent by another person" in text_of(export(officers[name], withdrawal))
        assert status(withdrawal) == ("APPROVED", "olga@tael.example", "")
    third = browser_of(operator(ROLE, email="mali@tael.example"))
    export(third, withdrawal)
    assert status(withdrawal) == ("SENT", "olga@tael.example", "mali@tael.example")


@pytest.mark.full  # who approved does not send, above
def test_an_operator_who_approved_cannot_take_another_name_to_send(
    shop: shops.Shop, officers: Officers
) -> None:
    withdrawal = large(shop)
    approve(officers["olga"], withdrawal)
    officers["olga"].post("/accounts/email/", {"action_add": "", "email": "o@tael.example"})
    assert User.objects.filter(email="olga@tael.example").exists()
    assert "has to be sent by another person" in text_of(export(officers["olga"], withdrawal))


@pytest.mark.full  # a large one takes two, above
def test_a_small_withdrawal_takes_one_person(shop: shops.Shop, officers: Officers) -> None:
    withdrawal, _is_new = withdrawing.ask(shop, "10000.00")
    export(officers["olga"], withdrawal)
    assert status(withdrawal) == ("SENT", "", "olga@tael.example")


@pytest.mark.parametrize(
    "spelling", ["olga@tael.example", " OLGA@tael.example", "Olga@Tael.Example"]
)
def test_an_address_is_the_same_however_it_is_spelt(spelling: str) -> None:
    with pytest.raises(SamePerson):
        check("olga@tael.example", "", spelling, otherwise="no")
    check("otto@tael.example", "", spelling, otherwise="no")
