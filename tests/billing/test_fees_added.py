"""A billing officer adds a fee: it needs no migration, and the platform may charge it at once."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from billing.models import Fee, InvoiceLine
from billing.operations import fees
from billing.operations.fees import FeeConflict
from lib.refusals import Invalid
from tests import shops
from tests.billing import deciding
from tests.billing.by_hand import OPERATOR, WHY, assert_audited
from tests.billing.pages import read
from tests.kept import kept
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

AT = "2026-11-10 12:00"
NAMES = {"en": "Gift wrapping", "zh-hans": "礼品包装", "th": "ห่อของขวัญ"}
MEANINGS = {
    "en": "Paper and a ribbon around a parcel.",
    "zh-hans": "为包裹加上包装纸和丝带。",
    "th": "ห่อกระดาษและผูกริบบิ้นรอบพัสดุ",
}


@kept()
def shop() -> shops.Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


def add(shop: shops.Shop, **said: Any) -> Fee:
    """Add a fee, in an operator's name."""
    content: dict[str, Any] = {
        "code": "gift-wrapping",
        "category": "FULFILMENT",
        "posting": "IMMEDIATE",
        "names": NAMES,
        "definitions": MEANINGS,
        "reason": WHY,
        "actor": OPERATOR,
        "now": shop.at(AT),
    }
    return fees.add(**content | said)


def test_the_platform_charges_it_at_once(shop: shops.Shop) -> None:
    assert shop.charge(AT, "gift-wrapping", "2.00") == "rejected invalid"
    add(shop)
    assert shop.charge(AT, "gift-wrapping", "2.00") == "applied"
    assert shop.statement("2026-11") == (False, {"FULFILMENT": (1, "2.00")})
    (entry,) = TrailEntry.objects.filter(action="FEE_ADDED")
    assert (entry.subject, entry.actor, entry.reason, entry.merchant) == (
        "gift-wrapping",
        OPERATOR,
        WHY,
        None,
    )
    assert entry.after == {
        "category": "FULFILMENT",
        "posting": "IMMEDIATE",
        "name": "Gift wrapping",
    }
    assert_audited(shop, AT)


def test_it_gets_a_price_like_any_other(shop: shops.Shop) -> None:
    add(shop)
    deciding.price("gift-wrapping", "1.50", "2026-11-10", at=f"{AT}Z".replace(" ", "T"))
    assert deciding.priced(shop, "2026-11-10 13:00", "gift-wrapping", 2, "G-1") == "applied"
    assert deciding.amount_of(shop, "G-1") == "3.00"


@pytest.mark.parametrize("language", ["en", "zh-hans", "th"])
def test_merchants_read_it_in_their_language(shop: shops.Shop, language: str) -> None:
    add(shop)
    with translation.override(language):
        fee = Fee.objects.get(pk="gift-wrapping")
        assert (fee.label, fee.meaning) == (NAMES[language], MEANINGS[language])


def test_it_is_on_pricing_and_a_bill_keeps_its_names(shop: shops.Shop) -> None:
    add(shop)
    said = read(shop, "pricing/")
    assert "Gift wrapping" in said
    assert MEANINGS["en"] in said
    shop.charge(AT, "gift-wrapping", "200.00")
    line = InvoiceLine.objects.get()
    assert line.fee_name == "Gift wrapping"
    with translation.override("th"):
        assert line.fee_label == "ห่อของขวัญ"
    assert "Gift wrapping" in read(shop, f"invoices/{line.invoice.number}/")


def test_the_same_again_is_the_one_there_is_and_another_one_conflicts(shop: shops.Shop) -> None:
    first = add(shop)
    with nothing_changes():
        assert add(shop) == first
        for other in ({"category": "SHIPPING"}, {"posting": "DAILY"}, {"names": MEANINGS}):
            with pytest.raises(FeeConflict):
                add(shop, **other)


@pytest.mark.parametrize(
    ("said", "why"),
    some(
        [
            *(
                ({"code": code}, Invalid)
                for code in ("", "Gift", "gift wrapping", "gift-", "g" * 41)
            ),
            *(({"code": code}, Invalid) for code in ("credit-gift", "manual-gift", "tael-gift")),
            *(
                ({"code": code}, FeeConflict)
                for code in ("plan", "payout", "payment-reversal", "pick-pack")
            ),
            *(
                ({"category": category}, Invalid)
                for category in ("SUBSCRIPTION", "ACCOUNT_CREDIT", "FULFILMENT_CREDIT", "GIFTS")
            ),
            ({"posting": "YEARLY"}, Invalid),
            ({"names": NAMES | {"th": " "}}, Invalid),
            ({"definitions": {"en": "Only English."}}, Invalid),
            ({"reason": " "}, Invalid),
        ],
        5,
    ),
)
def test_what_is_taels_own_or_not_whole_is_refused(
    shop: shops.Shop, said: dict[str, Any], why: type[Exception]
) -> None:
    with nothing_changes(), pytest.raises(why):
        add(shop, **said)


@pytest.mark.parametrize(
    "change",
    [{"category": "SHIPPING"}, {"posting": "DAILY"}, {"name": "Wrapping"}, {"names": {}}],
)
def test_nothing_of_a_fee_changes_later(shop: shops.Shop, change: dict[str, Any]) -> None:
    add(shop)
    for code in ("gift-wrapping", "pick-pack"):
        with pytest.raises(DatabaseError, match="fee_never_changes"), transaction.atomic():
            Fee.objects.filter(pk=code).update(**change)
    with pytest.raises(DatabaseError, match="added_fee_is_never_deleted"), transaction.atomic():
        Fee.objects.filter(pk="gift-wrapping").delete()
