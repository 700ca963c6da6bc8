"""A credit that was given by mistake is taken back by a charge."""

import pytest
from django.db import DatabaseError, transaction

from billing.models import BillingCredit
from billing.operations import credits, credits_undone
from lib import audit
from lib.refusals import AlreadyDecided, Invalid
from notices.models import Notice
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.billing.crediting import LATER, NOW, open_shop
from tests.billing.pages import read
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

WHY, TOLD = "Another shop's parcel.", "That parcel was not yours."
OFFICER = "otto@tael.example"


def undo(shop: shops.Shop, credit: BillingCredit, at: str = LATER, **said: str) -> BillingCredit:
    """Take a credit back that was given."""
    texts = {"reason": WHY, "told": TOLD} | said
    return credits_undone.undo(credit_id=credit.pk, actor=OFFICER, now=shop.at(at), **texts)


def violated(shop: shops.Shop, at: str) -> list[str]:
    """The names of the checks of `audit` that found something."""
    findings = audit.run(audit.registered(), now=shop.at(at))
    return [found.check.name for found in findings if found.violations]


def test_a_charge_takes_the_credit_back_and_the_right_one_can_be_given() -> None:
    shop = open_shop()
    credit = deciding.grant(shop, NOW, "15.00", charge="P-1")
    assert shop.figures() == ("25.00", "25.00")
    with nothing_changes(), pytest.raises(credits.CreditTooLarge):
        deciding.grant(shop, NOW, "40.00", charge="P-1")
    undo(shop, credit)
    assert shop.figures() == ("40.00", "25.00")
    credit.refresh_from_db()
    assert (credit.status, credit.undone_by, credit.undone_reason) == ("UNDONE", OFFICER, TOLD)
    assert (credit.decided_by, credit.reason) == ("mali@tael.example", "agreed by telephone")
    charge = credit.taken_back
    assert charge is not None
    assert (charge.reference, charge.fee_id, charge.amount) == (
        f"tael:credit-undone:{credit.pk}", "credit-undone", usd("15.00")
    )  # fmt: skip
    assert (charge.request, charge.description) == ("FR-7", "P-1")
    told = TrailEntry.objects.get(action="CREDIT_UNDONE")
    assert (told.actor, told.reason) == (OFFICER, WHY)
    right = deciding.grant(shop, LATER, "40.00", charge="P-1")
    assert shop.figures() == ("0.00", "25.00")
    with nothing_changes(), pytest.raises(credits.CreditTooLarge):
        deciding.grant(shop, LATER, "0.01", charge="P-1")
    assert right.status == "APPROVED"
    assert violated(shop, LATER) == []


def test_a_closed_statement_stays_and_the_charge_is_in_none() -> None:
    shop = open_shop()
    credit = deciding.grant(shop, NOW, "15.00", charge="P-1")
    shop.run_jobs("2026-12-01 09:00")
    closed = shop.statement("2026-11")
    assert closed == (
        True,
        {
            "FULFILMENT": (1, "40.00"),
            "SHIPPING": (1, "25.00"),
            "FULFILMENT_CREDIT": (1, "-15.00"),
        },
    )
    undo(shop, credit, "2026-12-02 10:00")
    assert shop.statement("2026-11") == closed
    assert shop.statement("2026-12") is None
    assert shop.figures() == ("15.00", "0.00")
    shop.run_jobs("2026-12-31 09:00")
    assert shop.lines("2026-12-31", "SUBSCRIPTION")[0] == "credit-undone 2026-12-02 15.00"


def test_it_makes_a_threshold_bill_like_any_charge() -> None:
    shop = open_shop(billing_threshold="40.00")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 40.00"]
    credit = deciding.grant(shop, LATER, "40.00", charge="P-1")
    assert shop.figures() == ("-40.00", "25.00")
    shop.charge(LATER, "pick-pack", "39.00")
    undo(shop, credit)
    assert shop.figures() == ("39.00", "25.00")
    shop.charge(LATER, "pick-pack", "1.00")
    assert shop.invoices()[1:] == ["2026-11-10 THRESHOLD 40.00"]
    assert shop.lines("2026-11-10", "THRESHOLD")[1:] == [
        "credit-pick-pack 2026-11-10 -40.00",
        "credit-undone 2026-11-10 40.00",
        "pick-pack 2026-11-10 40.00",
    ]


@pytest.mark.full  # on an open one, above
def test_on_a_closed_account_a_final_bill_takes_it() -> None:
    shop = open_shop()
    deciding.close(shop, LATER)
    assert shop.invoices() == ["2026-11-10 FINAL 65.00"]
    credit = deciding.grant(shop, "2026-11-11 10:00", "40.00", charge="P-1")
    # It paid a part of the final bill.
    final = shop.account.invoices.get()
    assert (final.amount_paid, final.status) == (usd("40.00"), "OPEN")
    undo(shop, credit, "2026-11-12 10:00")
    assert shop.invoices() == ["2026-11-10 FINAL 65.00", "2026-11-12 FINAL 40.00"]
    assert shop.figures() == ("0.00", "0.00")
    assert violated(shop, "2026-11-12 10:00") == []


@pytest.mark.full  # on an open one, above
def test_what_is_left_of_a_credit_on_a_closed_account_is_less() -> None:
    shop = open_shop()
    deciding.close(shop, LATER)
    first = deciding.grant(shop, "2026-11-11 10:00", "40.00", charge="P-1")
    deciding.grant(shop, "2026-11-11 10:00", "60.00", fee="credit-account")
    assert shop.account.invoices.get().status == "PAID"
    assert shop.figures() == ("-35.00", "0.00")
    undo(shop, first, "2026-11-12 10:00")
    assert shop.figures() == ("0.00", "0.00")
    assert shop.invoices()[1:] == ["2026-11-12 FINAL 5.00"]
    assert violated(shop, "2026-11-12 10:00") == []


@pytest.mark.full  # what is given is, above
def test_what_is_not_given_is_not_taken_back() -> None:
    shop = open_shop()
    asked = deciding.ask(shop, LATER, "P-1", "15.00")
    with nothing_changes(), pytest.raises(AlreadyDecided, match="is REQUESTED"):
        undo(shop, asked)
    deciding.reject(shop, LATER, asked)
    with nothing_changes(), pytest.raises(AlreadyDecided, match="is REJECTED"):
        undo(shop, asked)
    given = deciding.grant(shop, LATER, "15.00", charge="P-1")
    for without in ("reason", "told"):
        with nothing_changes(), pytest.raises(Invalid):
            undo(shop, given, **{without: " "})
    undo(shop, given)
    with nothing_changes(), pytest.raises(AlreadyDecided, match="is UNDONE"):
        undo(shop, given)
    with nothing_changes(), pytest.raises(credits.UnknownCredit):
        credits_undone.undo(
            credit_id=given.pk + 1000, reason=WHY, told=TOLD, actor=OFFICER, now=shop.at(LATER)
        )


def test_the_database_keeps_it_as_it_was_decided() -> None:
    shop = open_shop()
    credit = undo(shop, deciding.grant(shop, LATER, "15.00", charge="P-1"))
    rows = BillingCredit.objects.filter(pk=credit.pk)
    for change in (
        {"status": "APPROVED"},
        {"taken_back": None},
        {"undone_reason": ""},
        {"amount": usd("14.00").amount},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)


@pytest.mark.django_db(transaction=True)
@every_order
def test_of_two_officers_at_once_one_takes_it_back() -> None:
    shop = open_shop()
    credit = deciding.grant(shop, LATER, "15.00", charge="P-1")

    def once(number: int) -> str:
        try:
            undo(shop, credit)
        except AlreadyDecided:
            return "refused"
        return "taken back"

    assert at_once(once, threads=2) == {"taken back": 1, "refused": 1}
    assert shop.figures() == ("40.00", "25.00")


def test_the_merchant_reads_that_it_was_taken_back_and_why() -> None:
    shop = open_shop()
    credit = undo(shop, deciding.grant(shop, LATER, "15.00", charge="P-1"))
    said = read(shop, f"credits/{credit.pk}/")
    assert "Taken back" in said
    assert f"Why it was taken back {TOLD}" in said
    assert "what it was for can be credited again" in said
    assert WHY not in said
    assert "Pick and pack credit P-1" in read(shop, "credits/?status=UNDONE")
    assert "Nothing matches. Ask for something else" in read(shop, "credits/?status=APPROVED")
    assert "Not credited or asked for yet 40.00 USD" in read(shop, "credits/new/?charge=P-1")
    notice = Notice.objects.get(kind="CREDIT_UNDONE")
    assert notice.details == {"answer": TOLD, "amount": "15.00", "currency": "USD"}
