"""Our people block a destination, as when an account turned out to be a thief's."""

from typing import Any

import pytest

from credit.models import PayoutDestination, PayoutSchedule
from credit.operations import destinations_blocked, payout_files
from credit.operations.destinations import DestinationBlocked, DestinationNotUsable
from lib import audit
from lib.refusals import AlreadyDecided, Invalid
from notices.models import Notice
from tests import shops
from tests.credit.pages import read, set_clock
from tests.credit.withdrawing import (
    CARD,
    CARD_SHOWN,
    NOW,
    OPERATOR,
    add,
    entries,
    fees,
    shop_with,
    status,
)
from tests.credit.withdrawing import withdraw as ask
from tests.factories import PayoutScheduleFactory
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

LATER = "2026-11-04 09:00"
WHY, TOLD = "The police rang, file 77.", "The bank says that this account is not yours."


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 1,000.00 of proceeds, whose withdrawals cost 2.00."""
    fees(fixed="2.00")
    return shop_with("1000.00")


def block(shop: shops.Shop, **said: Any) -> PayoutDestination:
    """Block the shop's destination, in an operator's name."""
    content: dict[str, Any] = {"reason": WHY, "told": TOLD}
    content |= {"destination_id": said.get("destination_id") or shop.destination.pk}
    content |= {"actor": OPERATOR, "now": shop.at(LATER)}
    return destinations_blocked.block(**content | said)


def test_what_was_not_sent_comes_back_and_what_was_sent_goes_on(shop: shops.Shop) -> None:
    sent, waiting = ask(shop, "300.00"), ask(shop, "200.00")
    payout_files.export(withdrawal_ids=[sent.pk], actor=OPERATOR, now=shop.at(NOW))
    destination = block(shop)
    assert (status(sent), status(waiting)) == ("SENT", "REJECTED")
    assert shop.proceeds() == "698.00"
    assert entries(shop)[-1] == "RETURNED 202.00"
    assert (destination.removed_at, destination.blocked_at) == (shop.at(LATER), shop.at(LATER))
    waiting.refresh_from_db()
    assert waiting.reason == TOLD
    told = TrailEntry.objects.filter(actor=OPERATOR, reason=WHY).order_by("pk")
    assert [row.action for row in told] == ["DESTINATION_BLOCKED", "WITHDRAWAL_REJECTED"]
    with nothing_changes(), pytest.raises(AlreadyDecided):
        block(shop, destination_id=destination.pk)
    with nothing_changes(), pytest.raises(DestinationNotUsable):
        ask(shop, "1.00", at=LATER, destination_id=destination.pk)
    findings = audit.run(audit.registered(), now=shop.at("2026-11-05 00:00"))
    assert [found.check.name for found in findings if found.violations] == []


def test_its_number_cannot_be_added_again_and_another_can(shop: shops.Shop) -> None:
    destination = block(shop)
    with nothing_changes(), pytest.raises(DestinationBlocked):
        add(shop, at=LATER, number=CARD)
    with nothing_changes(), pytest.raises(DestinationBlocked):
        add(shop, at=LATER, number=CARD, holder="Another Name")
    other = add(shop, at=LATER, number="6212 2620 0000 0050 011")
    assert other.pk != destination.pk
    # Of another merchant it says nothing.
    assert add(shop_with("1.00", "elsewhere"), at=LATER, number=CARD).blocked_at is None


def test_one_that_was_removed_can_still_be_blocked(shop: shops.Shop) -> None:
    destination = shop.destination
    PayoutDestination.objects.filter(pk=destination.pk).update(
        removed_at=shop.at(NOW), removed_by="mei@rosewood.example"
    )
    blocked = block(shop, destination_id=destination.pk)
    assert (blocked.removed_by, blocked.blocked_by) == ("mei@rosewood.example", OPERATOR)
    with pytest.raises(DestinationBlocked):
        add(shop, at=LATER, number=CARD)


def test_automatic_withdrawals_to_it_end(shop: shops.Shop) -> None:
    PayoutScheduleFactory.create(shop=shop, at=NOW)
    block(shop)
    assert PayoutSchedule.objects.get().ended_at == shop.at(LATER)


def test_owners_read_why_and_nobody_reads_what_is_for_colleagues(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    block(shop)
    notice = Notice.objects.get(kind="DESTINATION_BLOCKED")
    assert notice.details == {**CARD_SHOWN, "reason": TOLD}
    set_clock(monkeypatch)(LATER)
    assert WHY not in read(shop, "destinations/")


@pytest.mark.parametrize("left_out", ["reason", "told"])
def test_it_takes_both_texts(shop: shops.Shop, left_out: str) -> None:
    with nothing_changes(), pytest.raises(Invalid):
        block(shop, **{left_out: " "})
