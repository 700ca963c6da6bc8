"""Which notices somebody gets by e-mail: each person's own choice, for each merchant."""

import pytest
from django.test import Client

from merchants.models import Membership, User
from notices import kinds
from tests import shops
from tests.factories import MembershipFactory, browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

CHOICES = "/m/rosewood/settings/notifications/"


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


def muted(user: User, shop: Shop) -> list[str]:
    """The kinds of which the member wants no e-mails."""
    return Membership.objects.get(user=user, merchant=shop.merchant).muted


def everything() -> dict[str, list[str]]:
    """The codes of all kinds of notices, by group."""
    return {group.code: list(map(str, listed)) for group, listed in kinds.by_group().items()}


def test_every_kind_stands_in_one_group() -> None:
    listed = [kind for kinds in everything().values() for kind in kinds]
    assert sorted(listed) == sorted(kind.code for kind in kinds.registered())


@pytest.mark.parametrize("role", ["OWNER", "FINANCE", "VIEWER"])
def test_everybody_chooses_for_themselves(shop: Shop, role: str) -> None:
    user, other = member(shop, role), member(shop, role)
    wanted = everything() | {"orders": ["ORDER_OVERDUE"], "billing": ["PAYMENT_FAILED"]}
    wanted["proceeds"] = ["WITHDRAWAL_FAILED", "WITHDRAWAL_DONE"]
    wanted["messages"] = []
    response = browser_of(user).post(CHOICES, wanted, follow=True)
    assert "Your choice holds from the next notice on" in text_of(response)
    always = (
        *(
            "CARD_BLOCKED",
            "DOCUMENTS_TO",
            "DOCUMENTS_REFUSED",
            "DESTINATION_ADDED",
            "DESTINATION_BLOCKED",
            "AUTOMATIC_SET_UP",
        ),
        "MESSAGE",
    )
    assert [kind for kind in muted(user, shop) if kind not in always] == [
        "ACCOUNT_CLOSED",
        "ACCOUNT_REOPENED",
        "BILLING_ANSWERED",
        "BILL_ISSUED",
        "CHARGED",
        "CREDIT_ANSWERED",
        "CREDIT_UNDONE",
        "DUE_DAY",
        "ORDER_DECLINED",
        "ORDER_WRITTEN_OFF",
        "PAUSED",
        "PAYMENT_PLAN",
        "PAYMENT_REVERSED",
        "PLAN_PART_DUE",
        "PROCEEDS_CORRECTED",
        "STATEMENT_CLOSED",
        "THRESHOLD_ANSWERED",
        "TRANSFER_MOVED",
        "UNAPPLIED",
        "WAIVED",
        "WITHDRAWAL_CORRECTED",
        "WITHDRAWAL_SENT_BACK",
    ]
    assert muted(other, shop) == []


def test_boxes_show_what_was_chosen(shop: Shop) -> None:
    user = member(shop, "FINANCE")
    client = browser_of(user)
    client.post(CHOICES, everything() | {"orders": ["ORDER_OVERDUE"]})
    page = client.get(CHOICES).content.decode()
    assert 'value="ORDER_OVERDUE" id="id_orders_1" checked' in page
    assert 'value="ORDER_DECLINED" id="id_orders_0">' in page


def test_the_choice_is_for_one_merchant(shop: Shop) -> None:
    user = member(shop, "FINANCE")
    second = shops.join("2026-10-01 09:00", "second")
    MembershipFactory.create(user=user, merchant=second.merchant)
    browser_of(user).post(CHOICES, {})
    assert len(muted(user, shop)) == len(list(kinds.registered()))
    assert muted(user, second) == []


def test_owners_can_not_mute_new_destinations_and_automatic_withdrawals(shop: Shop) -> None:
    owner = member(shop)
    client = browser_of(owner)
    page = client.get(CHOICES).content.decode()
    client.post(CHOICES, {})
    for kind in ("DESTINATION_ADDED", "AUTOMATIC_SET_UP"):
        assert kind not in page
        assert kind not in muted(owner, shop)


def test_what_is_no_kind_changes_nothing(shop: Shop) -> None:
    user = member(shop, "FINANCE")
    response = browser_of(user).post(CHOICES, {"orders": ["WAR"]})
    assert response.status_code == 200
    assert muted(user, shop) == []


def test_strangers_find_and_change_nothing(shop: Shop) -> None:
    user = member(shop)
    other = browser_of(member(shops.join("2026-10-01 09:00", "other")))
    assert other.get(CHOICES).status_code == 404
    assert other.post(CHOICES, {}).status_code == 404
    assert Client().post(CHOICES)["Location"] == f"/accounts/login/?next={CHOICES}"
    assert muted(user, shop) == []
