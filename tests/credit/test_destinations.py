"""A merchant says where its proceeds may go."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, transaction

from credit.models import PayoutDestination
from credit.operations import destinations
from credit.operations.destinations import (
    DestinationConflict,
    DestinationNotUsable,
    UnknownDestination,
)
from credit.queries import destinations as queries
from lib import encrypted
from lib.refusals import Invalid
from notices import letters
from notices.models import Notice
from tests import shops
from tests.credit import withdrawing
from tests.credit.withdrawing import CARD_SHOWN, JOINED, MERCHANT, add
from tests.kept import kept
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


@kept()
def shop() -> shops.Shop:
    """A shop that has just joined."""
    return shops.join(JOINED, credit_limit="1000.00")


def remove(shop: shops.Shop, destination: PayoutDestination, at: str) -> PayoutDestination:
    """Remove the destination, in the merchant's name."""
    return destinations.remove(
        merchant_id=shop.line.pk, destination_id=destination.pk, actor=MERCHANT, now=shop.at(at)
    )


def usable(shop: shops.Shop, destination: PayoutDestination, at: str) -> PayoutDestination:
    """The destination, if money can be sent to it at this instant."""
    return destinations.usable(shop.line, destination.pk, now=shop.at(at))


def test_a_bank_card_is_kept_encrypted_and_shown_by_its_last_four(shop: shops.Shop) -> None:
    add(shop, number="6212 2620 0000 0050 003")
    destination = PayoutDestination.objects.get()
    assert (destination.kind, destination.holder, destination.bank) == (
        "BANK_CARD",
        "Mei Lin",
        "ICBC",
    )
    assert (destination.last_four, str(destination)) == ("0003", "Bank card ···· 0003")
    assert b"6212" not in bytes(destination.number)
    assert encrypted.read(destination, "number") == b"6212262000000050003"
    assert destination.added_by == MERCHANT


@pytest.mark.parametrize(
    ("given", "kept", "last_four", "shown"),
    [
        ("138 0013 8000", "13800138000", "8000", "138******00"),
        ("+86 138-0013-8000", "13800138000", "8000", "138******00"),
        ("8613800138000", "13800138000", "8000", "138******00"),
        ("１３８００１３８０００", "13800138000", "8000", "138******00"),
        ("+66 81 234 5678", "+66812345678", "5678", "+66******78"),
        ("Rosewood@QQ.com", "rosewood@qq.com", "wood", "ros***@qq.com"),
        ("mei@qq.com", "mei@qq.com", "i", "mei***@qq.com"),
    ],
)
def test_an_alipay_account_is_an_email_address_or_a_mobile_number(
    shop: shops.Shop, given: str, kept: str, last_four: str, shown: str
) -> None:
    """It is shown as Alipay shows it."""
    destination = add(shop, kind="ALIPAY", number=given, bank="")
    assert encrypted.read(destination, "number").decode() == kept
    assert (destination.last_four, str(destination)) == (last_four, f"Alipay account {shown}")


@pytest.mark.parametrize("number", ["4000 0000 0000 0002", "4000-0000-0000-0119", "501234567805"])
def test_a_card_number_has_12_to_19_digits(shop: shops.Shop, number: str) -> None:
    assert add(shop, number=number).last_four == number[-4:]


@pytest.mark.parametrize(
    ("said", "field"),
    some(
        [
            ({"number": "4000 0000 0000 0003"}, "number"),  # its check digit is wrong
            ({"number": "40000000001"}, "number"),  # 11 digits
            ({"number": "6212262000000000000011"}, "number"),
            ({"number": ""}, "number"),
            ({"number": "4000 0000 0000 000x"}, "number"),
            ({"number": "٤٠٠٠٠٠٠٠٠٠٠٠٠٠٠٢"}, "number"),
            ({"holder": "  "}, "holder"),
            ({"holder": "M" * 101}, "holder"),
            ({"holder": "Mei\x00Lin"}, "holder"),
            ({"bank": ""}, "bank"),
            ({"bank": "B" * 101}, "bank"),
            ({"kind": "PAYPAL", "bank": ""}, "kind"),
            ({"country": "US"}, "country"),  # only an account has one
            ({"routing": "021000021"}, "routing"),
            (
                {"kind": "BANK_ACCOUNT", "country": "GB", "number": "GB28NWBK60161331926819"},
                "number",
            ),
            ({"kind": "BANK_ACCOUNT", "country": "GB", "bank": ""}, "bank"),
            ({"kind": "BANK_ACCOUNT", "country": "", "number": "1234567890"}, "country"),
            ({"kind": "BANK_ACCOUNT", "country": "TH", "number": "1234567890"}, "routing"),
            ({"kind": "ALIPAY", "number": "13800138000"}, "bank"),  # Alipay is no bank's
            ({"kind": "ALIPAY", "bank": "", "number": "12800138000"}, "number"),
            ({"kind": "ALIPAY", "bank": "", "number": "+0012345678"}, "number"),
            ({"kind": "ALIPAY", "bank": "", "number": "mei@"}, "number"),
            ({"kind": "ALIPAY", "bank": "", "number": "=1+1@qq.com"}, "number"),
            ({"kind": "ALIPAY", "bank": "", "number": "-mei@qq.com"}, "number"),
            ({"kind": "ALIPAY", "bank": "", "number": f"{'m' * 64}@{'q' * 250}.com"}, "number"),
        ],
        6,
    ),
)
def test_what_can_be_no_destination_is_refused(
    shop: shops.Shop, said: dict[str, str], field: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refusal:
        add(shop, **said)
    assert refusal.value.field == field
    assert said.get("number", "x") not in str(refusal.value) or not said.get("number")


def test_the_owners_are_told(shop: shops.Shop) -> None:
    destination = add(shop, at="2026-11-01 10:30")
    notice = Notice.objects.get(kind="DESTINATION_ADDED")
    assert (notice.merchant, notice.cause) == (shop.merchant, str(destination.pk))
    assert notice.details == {**CARD_SHOWN, "by": MERCHANT}
    assert notice.at == shop.at("2026-11-01 10:30")


def test_it_is_usable_24_hours_later(shop: shops.Shop) -> None:
    destination = add(shop, at="2026-11-01 10:00")
    with pytest.raises(DestinationNotUsable, match=r"from 2026-11-02T10:00:00\+00:00"):
        usable(shop, destination, "2026-11-02 09:59:59")
    assert usable(shop, destination, "2026-11-02 10:00") == destination


def test_the_same_one_added_twice_is_one_and_usable_from_the_first_time(shop: shops.Shop) -> None:
    first = add(shop, at="2026-11-01 10:00", number="6212262000000050003")
    with nothing_changes(but=["credit_creditline"]):  # which is brought to that day
        again, is_new = destinations.add(
            merchant_id=shop.line.pk,
            kind=PayoutDestination.Kind.BANK_CARD,
            holder=" Mei  Lin ",
            number="6212 2620 0000 0050 003",
            bank="ICBC",
            actor="a colleague",
            now=shop.at("2026-11-05 10:00"),
        )
    assert (again, is_new) == (first, False)
    assert again.usable_from - again.added_at == timedelta(hours=24)


def test_the_same_number_of_another_holder_is_a_conflict(shop: shops.Shop) -> None:
    add(shop)
    with nothing_changes(), pytest.raises(DestinationConflict):
        add(shop, holder="Somebody Else")


def test_a_removed_one_is_not_usable_and_can_be_added_anew(shop: shops.Shop) -> None:
    destination = add(shop, at="2026-11-01 10:00")
    removed = remove(shop, destination, "2026-11-03 10:00")
    assert (removed.removed_at, removed.removed_by) == (shop.at("2026-11-03 10:00"), MERCHANT)
    with pytest.raises(DestinationNotUsable, match="was removed"):
        usable(shop, destination, "2026-11-03 10:00")
    # Removed twice is removed once; the line is brought to that day.
    with nothing_changes(but=["credit_creditline"]):
        remove(shop, destination, "2026-11-04 10:00")
    anew = add(shop, at="2026-11-05 10:00")
    assert anew != destination
    with pytest.raises(DestinationNotUsable, match="2026-11-06T10:00"):
        usable(shop, anew, "2026-11-05 12:00")


def listed(shop: shops.Shop) -> list[tuple[str, bool, int]]:
    """What the merchant sees: its name, whether it was removed, and what is under way to it."""
    found: Any = queries.with_withdrawals(shop.line)
    return [(str(one), one.is_removed, one.under_way) for one in found]


@pytest.mark.usefixtures("nothing_kept")
def test_removed_it_takes_nothing_new_and_is_gone_when_the_last_withdrawal_is_over(
    settings: LazySettings,
) -> None:
    settings.TAEL_SANDBOX = True
    shop = withdrawing.shop_with("50000.00")
    destination = shop.destination
    small, large = withdrawing.withdraw(shop, "100.00"), withdrawing.withdraw(shop, "20000.00")
    remove(shop, destination, "2026-11-03 11:00")
    with nothing_changes(), pytest.raises(DestinationNotUsable, match="was removed"):
        withdrawing.ask(shop, "1.00", at="2026-11-03 11:01", destination_id=destination.pk)
    assert listed(shop) == [("Bank card ···· 0003", True, 2)]
    withdrawing.send_all("2026-11-03 11:05")  # what was asked for before goes on
    assert withdrawing.status(small) == "PAID"
    assert listed(shop) == [("Bank card ···· 0003", True, 1)]
    withdrawing.cancel(large, "2026-11-03 12:00")
    assert listed(shop) == []


def test_an_account_in_a_country_that_has_ibans_is_its_iban(shop: shops.Shop) -> None:
    given = "gb29 nwbk 6016 1331 9268 19"
    account = add(shop, kind="BANK_ACCOUNT", number=given, bank="NatWest", country="GB")
    assert encrypted.read(account, "number") == b"GB29NWBK60161331926819"
    assert (account.country, account.routing, account.last_four) == ("GB", "", "6819")
    assert str(account) == "Bank account ···· 6819"


def test_elsewhere_an_account_is_its_number_at_a_bank(shop: shops.Shop) -> None:
    said = {"kind": "BANK_ACCOUNT", "bank": "KBank", "country": "TH", "routing": "004"}
    account = add(shop, number="123-4-56789-0", **said)
    assert encrypted.read(account, "number") == b"1234567890"
    assert (account.country, account.routing, account.last_four) == ("TH", "004", "7890")
    assert add(shop, number="1234567890", **said) == account
    # The same number at another bank is another account.
    other = add(shop, number="1234567890", **said | {"routing": "014", "bank": "SCB"})
    assert other != account


def test_of_a_short_number_not_all_is_shown(shop: shops.Shop) -> None:
    said = {"kind": "BANK_ACCOUNT", "bank": "Chase", "country": "US", "routing": "021000021"}
    assert add(shop, number="1234", **said).last_four == "34"


def test_another_merchants_destination_is_unknown(shop: shops.Shop) -> None:
    other = shops.join(JOINED, "elsewhere")
    destination = add(other)
    with nothing_changes():
        with pytest.raises(UnknownDestination):
            usable(shop, destination, "2026-11-05 10:00")
        with pytest.raises(UnknownDestination):
            remove(shop, destination, "2026-11-05 10:00")


def test_two_merchants_may_have_the_same_one(shop: shops.Shop) -> None:
    assert add(shop) != add(shops.join(JOINED, "elsewhere"))


def test_an_account_may_have_the_bic_of_its_bank(shop: shops.Shop) -> None:
    """It is known from then on; another one for the same number is another destination."""
    german = {"kind": "BANK_ACCOUNT", "country": "DE", "number": "DE02120300000000202051"}
    with_one = german | {"holder": "Mei Lin", "bank": "DKB", "bic": "byla de m1001"}
    added = add(shop, **with_one)
    assert added.bic == "BYLADEM1001"
    assert add(shop, **with_one | {"bic": ""}) == added
    for bic, refusal in (
        ("BYLADEM", Invalid),
        ("CHASUS33", Invalid),
        ("COBADEFF", DestinationConflict),
    ):
        with nothing_changes(), pytest.raises(refusal):
            add(shop, **with_one | {"bic": bic})
    with nothing_changes(), pytest.raises(Invalid):
        add(shop, number="mei@rosewood.example", kind="ALIPAY", bank="", bic="BYLADEM1001")


def test_what_was_left_empty_of_an_account_is_filled_in_once(shop: shops.Shop) -> None:
    german = {"kind": "BANK_ACCOUNT", "country": "DE", "number": "DE02120300000000202051"}
    said: dict[str, Any] = german | {"holder": "Mei Lin", "bank": "DKB"}
    added = add(shop, **said)
    with nothing_changes():
        assert add(shop, **said) == added
        for wrong in ({"town": "x" * 36}, {"bic": "CHASUS33"}, {"town": "Bad\x07"}):
            with pytest.raises(Invalid):
                add(shop, **said | wrong)
        with pytest.raises(DestinationConflict):
            add(shop, **said | {"holder": "Mei Ling", "bic": "BYLADEM1001"})
        with pytest.raises(Invalid, match="only a bank account"):
            add(shop, number="mei@rosewood.example", kind="ALIPAY", bank="", town="Berlin")
    later = "2026-11-05 10:00"
    assert add(shop, at=later, **said | {"bic": "BYLADEM1001"}) == added
    add(shop, at="2026-11-06 10:00", **said | {"town": "Berlin"})
    added.refresh_from_db()
    assert (added.bic, added.town, added.usable_from) == (
        *("BYLADEM1001", "Berlin", shop.at(JOINED) + timedelta(hours=24)),
    )
    assert PayoutDestination.objects.count() == 1
    told = Notice.objects.filter(kind="DESTINATION_ADDED", details__status="FILLED_IN")
    assert [letters.sentence(one) for one in told.order_by("pk")] == [
        f"{MERCHANT} added details of ···· 2051 that were missing, such as the BIC of the"
        " bank. If you don't know of this, remove it and tell us at once."
    ] * 2
    entry = TrailEntry.objects.filter(action="DESTINATION_FILLED_IN").earliest("pk")
    assert entry.after["bic"] == "BYLADEM1001"
    for wrong in ({"bic": "COBADEFF"}, {"town": "Bonn"}):
        with nothing_changes(), pytest.raises(DestinationConflict):
            add(shop, at="2026-11-07 10:00", **said | wrong)
    with pytest.raises(DatabaseError, match="filled_in_once"), transaction.atomic():
        PayoutDestination.objects.update(bic="")
