"""What bills are collected from: methods and cards, chosen by the merchant's people."""

import pytest

from billing.models import AccountChange, Card
from billing.operations import payment_methods
from billing.operations.payment_methods import CardInUse, UnknownCard
from tests import shops
from tests.billing.paying import (
    GOOD,
    MEI,
    REFUSED,
    SHORT,
    Told,
    add_card,
    attempts,
    billed,
    choose,
    invoice,
    manual,
    next_attempt,
)
from tests.threads import at_once
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def changes(shop: shops.Shop) -> list[tuple[str, str, str]]:
    """The changes of payment method on record: before, after, by whom."""
    found = AccountChange.objects.filter(account=shop.account, what="PAYMENT_METHOD")
    return list(found.order_by("pk").values_list("before", "after", "actor"))


def remove(shop: shops.Shop, card: Card, at: str = "2026-11-01 12:00") -> Card:
    return payment_methods.remove_card(
        merchant_id=shop.merchant.pk, card_id=card.pk, actor=MEI, now=shop.at(at)
    )


def test_a_change_is_written_down_with_who_made_it() -> None:
    shop = manual()
    card = add_card(shop, "2026-11-01 10:30", GOOD)
    assert (shop.account.payment_method, shop.account.card_id) == ("sandbox", card.pk)
    assert choose(shop, "2026-11-01 10:40", "manual") == "manual"
    assert shop.account.card_id is None
    assert changes(shop) == [
        ("manual", "sandbox Visa ···· 4242", MEI),
        ("sandbox Visa ···· 4242", "manual", MEI),
    ]


def test_choosing_what_is_chosen_changes_nothing_and_tries_nothing() -> None:
    shop = billed(card=REFUSED)
    shop.run_jobs("2026-11-01 11:00")
    card = Card.objects.get()
    with nothing_changes():
        assert choose(shop, "2026-11-01 12:00", "sandbox", card) == "sandbox"
    assert next_attempt(shop) is None


def test_a_bill_not_due_yet_is_collected_on_its_due_day() -> None:
    shop = manual(timezone="Asia/Bangkok")
    add_card(shop, "2026-11-03 10:00", GOOD)
    assert next_attempt(shop) == "2026-11-08 00:00"
    shop.run_jobs("2026-11-07 23:59:59")
    assert attempts(shop) == []
    shop.run_jobs("2026-11-08 00:00")
    assert attempts(shop) == ["2026-11-08 00:00 SUCCEEDED"]


def test_a_bill_that_failed_is_tried_at_once() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    add_card(shop, "2026-11-01 12:30", GOOD)
    assert next_attempt(shop) == "2026-11-01 12:30"
    shop.run_jobs("2026-11-01 13:00")
    assert attempts(shop)[1:] == ["2026-11-01 13:00 SUCCEEDED"]


def test_bills_that_are_paid_or_given_up_stay_as_they_are() -> None:
    shop = billed()
    shop.run_jobs("2026-11-01 11:00")
    before = invoice()
    add_card(shop, "2026-11-01 12:30", GOOD)
    assert invoice().__dict__.keys() == before.__dict__.keys()
    assert (invoice().status, invoice().next_attempt_at) == ("PAID", None)


def test_a_removed_card_is_chosen_no_more() -> None:
    shop = billed()
    first, second = (add_card(shop, "2026-11-01 11:00", number) for number in (GOOD, SHORT))
    assert remove(shop, first).removed_by == MEI
    with nothing_changes():
        assert choose(shop, "2026-11-01 13:00", "sandbox", first) == "unknown_card"
        with pytest.raises(UnknownCard):
            remove(shop, first)
        with pytest.raises(CardInUse):
            remove(shop, second)


def test_another_merchants_card_is_unknown() -> None:
    rosewood, willow = billed(), billed("willow")
    card = add_card(willow, "2026-11-01 11:00", GOOD)
    with nothing_changes():
        assert choose(rosewood, "2026-11-01 12:00", "sandbox", card) == "unknown_card"
        with pytest.raises(UnknownCard):
            remove(rosewood, card)


def test_a_card_is_of_its_own_method(provider: Told) -> None:
    shop = billed()
    card = add_card(shop, "2026-11-01 11:00", GOOD)
    with nothing_changes():
        assert choose(shop, "2026-11-01 12:00", "stripe", card) == "unknown_card"
        provider.needs_card = True
        assert choose(shop, "2026-11-01 12:00", "stripe") == "unknown_card"
        assert choose(shop, "2026-11-01 12:00", "cheque") == "invalid"


@pytest.mark.full  # four times at once, below
def test_a_card_named_again_by_its_provider_is_the_same_one(provider: Told) -> None:
    shop, other = billed(), billed("willow")
    said = {"provider": "stripe", "token": "pm_1"}
    card = add_card(shop, "2026-11-01 11:00", GOOD, **said)
    with nothing_changes():
        assert add_card(shop, "2026-11-01 12:00", GOOD, **said) == card
    add_card(shop, "2026-11-01 13:00", SHORT)
    assert add_card(shop, "2026-11-01 14:00", GOOD, **said) == card
    assert shop.account.card_id == card.pk
    with nothing_changes(), pytest.raises(UnknownCard):
        add_card(other, "2026-11-01 15:00", GOOD, **said)


@pytest.mark.django_db(transaction=True)
def test_a_provider_naming_a_card_four_times_at_once_adds_one(provider: Told) -> None:
    shop = billed()
    said = {"provider": "stripe", "token": "pm_1"}
    found = at_once(lambda _: add_card(shop, "2026-11-01 11:00", GOOD, **said).pk, threads=4)
    assert list(found.values()) == [4]
    assert len(changes(shop)) == 1


def test_without_permission_the_sandbox_cannot_be_chosen(settings: object) -> None:
    shop = manual()
    settings.TAEL_SANDBOX = False  # type: ignore[attr-defined]
    with nothing_changes():
        assert choose(shop, "2026-11-01 10:30", "sandbox") == "provider_not_ready"
