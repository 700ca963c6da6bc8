"""A merchant's contacts and licence are erased, and where it was never paid to (21.20)."""

import json

import pytest

from credit.models import PayoutDestination
from credit.operations import automatic, destinations
from merchants.models import Profile, ProfilePart, ProfileStep, User
from merchants.operations import erasures, profiles
from tests import books
from tests.amounts import usd
from tests.credit import withdrawing
from tests.factories import browser_of, operator
from tests.merchants import erasing
from tests.shops import Shop, instant
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-20 10:00")
WHY = "Asked by letter of 18 November."
PDF = profiles.Document("Weiwei.pdf", b"%PDF-1.7 a licence")


@pytest.fixture
def boss() -> User:
    """An administrator."""
    return operator("Administrator", email="boss@tael.example")


def shop_of_weiwei() -> Shop:
    """A shop with two licences and contacts, one after the other; one card was paid to, one never
    was.
    """
    shop = withdrawing.shop_with("500.00")
    merchant_id = shop.merchant.pk
    for number, name in (("L-77", "Lin Weiwei"), ("L-78", "Weiwei Lin")):
        said = {"licence_number": number, "contact_name": name, "contact_phone": "+66 2 555 01"}
        profiles.complete(
            merchant_id=merchant_id, fields=said, document=PDF, actor="m@r.example", now=NOW
        )
    profiles.confirm(
        merchant_id=merchant_id, part=ProfilePart.LICENCE, actor="c@tael.example", now=NOW
    )
    profiles.licence(merchant_id=merchant_id, actor="c@tael.example", reason="Why.", now=NOW)
    withdrawing.withdraw(shop, "100.00")
    unused = withdrawing.add(
        shop, kind=PayoutDestination.Kind.ALIPAY, number="linww@qq.com", bank="", holder="Weiwei L."
    )
    for one in PayoutDestination.objects.all():
        destinations.remove(
            merchant_id=merchant_id, destination_id=one.pk, actor="m@r.example", now=NOW
        )
    assert PayoutDestination.objects.get(pk=unused.pk).removed_at
    return shop


def test_nothing_is_left_of_them_and_reviews_and_payments_stay(boss: User) -> None:
    shop = shop_of_weiwei()
    key = shop.merchant.pk
    standing = list(ProfileStep.objects.order_by("pk").values_list("part", "standing"))
    _, content = erasures.data_of_contacts(merchant_id=key, reason=WHY, actor=boss, now=NOW)
    kept = json.loads(content)["kept"]
    assert kept["contacts and licence"][0]["contact_name"] == "Weiwei Lin"
    assert "Lin Weiwei" in json.dumps(kept["contacts and licences before"])
    assert {one["holder"] for one in kept["destinations"]} >= {"Weiwei L."}
    erased = erasures.erase_contacts(merchant_id=key, reason=WHY, actor=boss, now=NOW)
    assert erasing.found("Weiwei", "555 01", "L-77", "L-78") == []
    books.assert_clean()
    profile = Profile.objects.get()
    assert (profile.licence_standing, profile.contacts_standing) == ("", "")
    assert (bytes(profile.licence_document), profile.licence_number) == (b"", "")
    # How it stood at each instant is what reviews were made of.
    steps = list(ProfileStep.objects.order_by("pk").values_list("part", "standing"))
    assert steps == [*standing, ("LICENCE", ""), ("CONTACTS", "")]
    paid, unused = PayoutDestination.objects.order_by("pk")
    assert (unused.holder, unused.last_four, unused.masked) == (str(erased), "", "")
    assert (bytes(unused.number), str(unused)) == (b"", "Alipay account (number unreadable)")
    assert erasing.found("lin***@qq.com") == []
    assert (paid.last_four, bool(paid.number)) == ("0003", True)  # who was paid stays on record
    told = TrailEntry.objects.get(action="LICENCE_DOWNLOADED")
    assert told.after == {"document": str(erased)}
    with nothing_changes(), pytest.raises(erasures.NothingKept):
        erasures.erase_contacts(merchant_id=key, reason=WHY, actor=boss, now=NOW)


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_administrators_alone_do_it_on_the_merchants_page(boss: User) -> None:
    shop = shop_of_weiwei()
    page = f"/admin/merchants/merchant/{shop.merchant.pk}"
    officer, chief = browser_of(operator("Credit officer")), browser_of(boss)
    with nothing_changes():
        assert officer.post(f"{page}/decide/erase-contacts/", {"reason": WHY}).status_code == 403
        assert officer.post(f"{page}/download/contacts-data/", {"reason": WHY}).status_code == 403
    file = chief.post(f"{page}/download/contacts-data/", {"reason": WHY})
    assert json.loads(file.content)["about"] == "profile"
    done = chief.post(f"{page}/decide/erase-contacts/", {"reason": WHY}, follow=True)
    assert "The contacts and the licence are erased." in done.content.decode()
    assert not Profile.objects.get().contact_name


def test_of_a_card_that_was_added_again_what_was_paid_to_stays_on_the_trail(boss: User) -> None:
    shop = withdrawing.shop_with("500.00")
    key, first = shop.merchant.pk, shop.destination
    at = shop.at("2026-11-02 12:00")
    automatic.set_up(
        merchant_id=key, destination_id=first.pk, every="DAILY", from_amount=usd("10.00"),
        actor="m@r.example", now=at,
    )  # fmt: skip
    destinations.remove(merchant_id=key, destination_id=first.pk, actor="m@r.example", now=at)
    withdrawing.add(shop, "2026-11-02 12:30")
    second = PayoutDestination.objects.latest("pk")
    withdrawing.withdraw(shop, "100.00", "2026-11-04 10:00", destination_id=second.pk)
    erased = erasures.erase_contacts(merchant_id=key, reason=WHY, actor=boss, now=NOW)
    assert PayoutDestination.objects.get(pk=first.pk).holder == str(erased)
    of_second = TrailEntry.objects.get(action="DESTINATION_ADDED", subject=second.called)
    assert of_second.after["holder"] == "Mei Lin"
    requested = TrailEntry.objects.get(action="WITHDRAWAL_REQUESTED")
    assert requested.after["destination"] == "BANK_CARD ···· 0003"
    pseudonym = f"BANK_CARD {erased}"
    told = TrailEntry.objects.filter(action__in=["DESTINATION_ADDED", "DESTINATION_REMOVED"])
    assert list(told.exclude(pk=of_second.pk).values_list("subject", flat=True)) == [pseudonym] * 2
    (set_up,) = TrailEntry.objects.filter(action="AUTOMATIC_SET_UP")
    (ended,) = TrailEntry.objects.filter(action="AUTOMATIC_ENDED")
    assert set_up.after["destination"] == ended.before["destination"] == pseudonym


def test_the_town_of_an_account_that_was_never_paid_to_goes_from_the_trail_too(boss: User) -> None:
    shop = withdrawing.shop_with("500.00")
    account = withdrawing.add(
        shop, kind=PayoutDestination.Kind.BANK_ACCOUNT, number="DE89370400440532013000",
        country="DE", bank="Sparkasse", holder="Weiwei L.", town="Zwieselhofen",
    )  # fmt: skip
    destinations.remove(
        merchant_id=shop.merchant.pk, destination_id=account.pk, actor="m@r.example", now=NOW
    )
    assert erasing.found("Zwieselhofen") != []
    erasures.erase_contacts(merchant_id=shop.merchant.pk, reason=WHY, actor=boss, now=NOW)
    assert erasing.found("Zwieselhofen", "Weiwei L.") == []
