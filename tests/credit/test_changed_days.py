"""Payment and settlement days of a line can be changed, for what comes later (rule 19.8)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from credit.audit.lines import CHECKS
from credit.models import CreditLine, FormerDays
from credit.operations import terms
from gateway.operations import merchants
from lib import audit
from lib.refusals import Invalid
from notices import letters
from notices.models import Notice
from tests import shops, trailed
from tests.processes import until
from tests.threads import is_waited_for
from tests.trailed import Told
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

OFFICER = "olga@tael.example"


def change(shop: shops.Shop, at: str, payment: int, settlement: int, reason: str = "Ok.") -> None:
    """Change payment days and settlement days."""
    terms.change_days(
        merchant_id=shop.line.pk,
        payment_days=payment,
        settlement_days=settlement,
        actor=OFFICER,
        reason=reason,
        now=shop.at(at),
    )


def delivered(shop: shops.Shop, at: str, order: str) -> None:
    """Place, ship and deliver an order at this instant."""
    assert shop.place(at, order, "100.00") == "applied"
    assert shop.ship(at, order) == "applied"
    assert shop.deliver(at, order) == "applied"


def due(shop: shops.Shop) -> dict[str, str]:
    """The first due day of each delivered order."""
    found = shop.line.orders.exclude(first_due_on=None)
    return {one.reference: str(one.first_due_on) for one in found}


def matures(shop: shops.Shop) -> list[str]:
    """The days on which proceeds mature."""
    return [f"{one.matures_on}" for one in shop.line.proceeds_entries.order_by("pk")]


def violations(shop: shops.Shop) -> list[str]:
    """The names of the audit's checks that find something at the end of 2026."""
    findings = audit.run(CHECKS, now=shop.at("2026-12-31 00:00"))
    return [finding.check.name for finding in findings if finding.violations]


def test_what_comes_later_is_counted_by_the_new_days() -> None:
    shop = shops.join("2026-11-01 10:00")
    delivered(shop, "2026-11-02 10:00", "A-1")
    shop.pay("2026-11-02 11:00", "A-1", "40.00")
    change(shop, "2026-11-02 12:00", 30, 15)
    shop.pay("2026-11-02 13:00", "A-1", "60.00")
    delivered(shop, "2026-11-02 14:00", "A-2")
    change(shop, "2026-11-03 12:00", 5, 0)
    delivered(shop, "2026-11-03 14:00", "A-3")
    assert due(shop) == {"A-1": "2026-11-12", "A-2": "2026-12-02", "A-3": "2026-11-08"}
    assert matures(shop) == ["2026-11-09", "2026-11-17"]
    assert violations(shop) == []


def test_at_the_instant_of_a_delivery_the_change_counts_after_it() -> None:
    shop = shops.join("2026-11-01 10:00")
    delivered(shop, "2026-11-02 10:00", "A-1")
    change(shop, "2026-11-02 10:00", 30, 15)
    delivered(shop, "2026-11-02 10:00", "A-2")
    assert due(shop) == {"A-1": "2026-11-12", "A-2": "2026-12-02"}
    assert FormerDays.objects.get().until_at.isoformat() == "2026-11-02T10:00:00.000001+00:00"
    assert violations(shop) == []


def test_the_audit_finds_days_that_were_changed_past_it() -> None:
    shop = shops.join("2026-11-01 10:00")
    delivered(shop, "2026-11-02 10:00", "A-1")
    shop.pay("2026-11-02 11:00", "A-1", "40.00")
    CreditLine.objects.update(payment_days=30, settlement_days=15)
    assert violations(shop) == [
        "an order falls due as delivery and payments say",
        "sales are the payments that orders took, one each",
    ]


def test_the_merchant_is_told_by_whichever_door_it_came() -> None:
    shop = shops.join("2026-11-01 10:00")
    change(shop, "2026-11-02 12:00", 30, 15, "Suspected of nothing.")
    merchants.change(
        merchant_id=shop.merchant.pk, wanted={"payment_days": 5}, reason="As agreed.",
        actor="Key checkout", now=shop.at("2026-11-03 12:00"),
    )  # fmt: skip
    first, second = Notice.objects.filter(kind="DAYS_CHANGED").order_by("pk")
    assert "first due day: 30. " in letters.sentence(first)
    assert "withdrawn: 15. " in letters.sentence(first)
    assert letters.sentence(first).endswith("Our team has decided this. Ask us about it if anything"
                                            " is unclear.")  # fmt: skip
    assert (second.details["payment_days"], second.details["settlement_days"]) == ("5", "15")
    with nothing_changes():
        merchants.change(
            merchant_id=shop.merchant.pk, wanted={"payment_days": 5}, reason="As agreed.",
            actor="Key checkout", now=shop.at("2026-11-03 13:00"),
        )  # fmt: skip


def test_it_is_on_the_trail() -> None:
    shop = shops.join("2026-11-01 10:00")
    since = trailed.newest()
    change(shop, "2026-11-02 12:00", 30, 15, "A longer season.")
    (entry,) = trailed.entries(since)
    assert (entry.actor, entry.reason, entry.merchant) == (
        OFFICER,
        "A longer season.",
        shop.merchant,
    )
    before = {"payment_days": 10, "settlement_days": 7}
    after = {"payment_days": 30, "settlement_days": 15}
    assert trailed.told(since) == [Told("DAYS_CHANGED", "credit line", before, after)]


@pytest.mark.parametrize(
    ("payment", "settlement", "reason", "field"),
    [
        (-1, 7, "Ok.", "payment_days"),
        (367, 7, "Ok.", "payment_days"),
        (10, 8, "Ok.", "settlement_days"),
        (10, 7, "Ok.", "payment_days"),
        (30, 15, "", "reason"),
    ],
)
def test_days_that_cannot_be_are_refused(
    payment: int, settlement: int, reason: str, field: str
) -> None:
    shop = shops.join("2026-11-01 10:00")
    since = trailed.newest()
    with nothing_changes(), pytest.raises(Invalid, match=field):
        change(shop, "2026-11-02 12:00", payment, settlement, reason)
    assert not FormerDays.objects.exists()
    assert trailed.told(since) == []


@pytest.mark.parametrize(
    "sql", ["DELETE FROM credit_formerdays", "UPDATE credit_formerdays SET payment_days = 1"]
)
def test_former_days_stay_as_they_were(sql: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    change(shop, "2026-11-02 12:00", 30, 15)
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(sql)
    assert FormerDays.objects.get().payment_days == 10


@pytest.mark.django_db(transaction=True)
def test_the_days_that_a_system_does_not_send_stay_as_an_operator_sets_them_at_that_instant() -> (
    None
):
    shop = shops.join("2026-11-01 10:00", payment_days=10, settlement_days=7)
    now = shop.at("2026-11-04 10:00")

    def by_system() -> None:
        """Set the payment days alone, in a thread of its own."""
        try:
            merchants.change(
                merchant_id=shop.merchant.pk, wanted={"payment_days": 14}, reason="Longer.",
                actor="API key Checkout", now=now,
            )  # fmt: skip
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change(shop, "2026-11-04 10:00", 10, 0)
            asked = pool.submit(by_system)
            until(is_waited_for, 60)
        asked.result(60)
    assert (shop.line.payment_days, shop.line.settlement_days) == (14, 0)
