"""Our people correct a merchant's proceeds, and take that back by a counter-entry."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from credit.models import ProceedsCorrection
from credit.operations import corrections
from credit.queries import proceeds
from lib import audit
from lib.form_keys import FormConflict
from lib.refusals import AlreadyDecided, CurrencyMismatch, Invalid, Refused
from merchants.models import OperatorDecision
from merchants.operations.two_people import TakesTwoPeople
from notices import letters
from notices.models import Notice
from tests import shops
from tests.amounts import usd
from tests.credit.pages import read
from tests.credit.withdrawing import (
    NOW,
    OPERATOR,
    OTHER_OPERATOR,
    entries,
    pay_out,
    shop_with,
    suspect,
    withdraw,
)
from tests.factories import OperatorPolicyFactory, browser_of, member
from tests.threads import at_once, every_order
from tests.two_people import by_two
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

WHY, TOLD = "Order A-7 was reported twice.", "A sale was counted twice."


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 1,000.00 of proceeds."""
    return shop_with("1000.00")


def correct(
    shop: shops.Shop, amount: str, key: str = "", by: str = OPERATOR, **said: Any
) -> ProceedsCorrection:
    """Correct the shop's proceeds by this amount."""
    texts = {"reason": WHY, "told": TOLD} | said
    return corrections.correct(
        merchant_id=shop.merchant.pk, amount=usd(amount), request_key=key, actor=by,
        now=shop.at(NOW), **texts,
    )  # fmt: skip


def take_back(correction: ProceedsCorrection, **said: Any) -> ProceedsCorrection:
    texts = {"reason": "It was no repeat.", "told": "It was right."} | said
    return corrections.take_back(
        correction_id=correction.pk, actor=OTHER_OPERATOR, now=shops.instant(NOW), **texts
    )


def available(shop: shops.Shop) -> str:
    """What can be withdrawn, as a figure."""
    found = proceeds.withdrawable(shop.line, today=date(2026, 11, 3))
    return f"{found.amount:.2f}"


def violated() -> list[str]:
    """The names of the checks of `audit` that found something."""
    findings = audit.run(audit.registered(), now=shops.instant("2026-11-07 00:00"))
    return [found.check.name for found in findings if found.violations]


def test_what_is_taken_leaves_and_comes_back_by_a_counter_entry(shop: shops.Shop) -> None:
    correction = correct(shop, "-30.00")
    assert (shop.proceeds(), available(shop)) == ("970.00", "970.00")
    counter = take_back(correction)
    assert (shop.proceeds(), available(shop)) == ("1000.00", "1000.00")
    assert (counter.amount, counter.undoes) == (usd(30), correction)
    assert entries(shop)[1:] == ["CORRECTION -30.00", "CORRECTION 30.00"]
    told = [
        (one.action, one.actor, one.reason, one.before, one.after)
        for one in TrailEntry.objects.filter(subject=f"correction {correction.pk}").order_by("pk")
    ]
    before, after = {"proceeds": "1000.00 USD"}, {"proceeds": "970.00 USD"}
    assert told == [
        ("PROCEEDS_CORRECTED", OPERATOR, WHY, before, after),
        ("CORRECTION_TAKEN_BACK", OTHER_OPERATOR, "It was no repeat.", after, before),
    ]
    assert violated() == []


def test_what_is_added_can_be_withdrawn_at_once_and_is_no_part_of_paid(shop: shops.Shop) -> None:
    correct(shop, "50.00")
    buckets = proceeds.buckets(shop.line.pk, today=date(2026, 11, 3))
    figures = (buckets.balance, buckets.maturing, buckets.available, buckets.earned)
    assert figures == (usd(1050), usd(0), usd(1050), usd(1050))
    withdraw(shop, "1050.00")
    assert shop.proceeds() == "0.00"
    # Reviews count sales less refunds.
    assert sum(
        entry.amount.amount
        for entry in shop.line.proceeds_entries.filter(kind__in=["SALE", "REFUND"])
    ) == Decimal(1000)
    assert violated() == []


@pytest.mark.full  # what is taken leaves, above
def test_more_than_there_is_leaves_them_below_nothing(shop: shops.Shop) -> None:
    correction = correct(shop, "50.00")
    pay_out(withdraw(shop, "1050.00"))
    take_back(correction)
    assert (shop.proceeds(), available(shop)) == ("-50.00", "0.00")
    with nothing_changes(), pytest.raises(Refused):
        withdraw(shop, "1.00")
    assert violated() == []


def test_what_still_matures_does_not(shop: shops.Shop) -> None:
    other = shop_with("100.00", "willow", settlement_days=7)
    corrections.correct(
        merchant_id=other.merchant.pk, amount=usd("-30.00"), reason=WHY, told=TOLD,
        request_key="", actor=OPERATOR, now=other.at(NOW),
    )  # fmt: skip
    buckets = proceeds.buckets(other.line.pk, today=date(2026, 11, 3))
    assert (buckets.balance, buckets.maturing, buckets.matured) == (usd(70), usd(100), usd(-30))
    assert available(other) == "0.00"


def test_a_counter_entry_comes_once_and_has_none(shop: shops.Shop) -> None:
    correction = correct(shop, "-30.00")
    counter = take_back(correction)
    with nothing_changes():
        with pytest.raises(AlreadyDecided, match="was taken back already"):
            take_back(correction)
        with pytest.raises(AlreadyDecided, match="is a counter-entry"):
            take_back(counter)
        with pytest.raises(corrections.UnknownCorrection):
            corrections.take_back(
                correction_id=counter.pk + 1000, reason=WHY, told=TOLD, actor=OPERATOR,
                now=shop.at(NOW),
            )  # fmt: skip


def test_a_form_that_is_sent_twice_corrects_once(shop: shops.Shop) -> None:
    first = correct(shop, "-30.00", "form-1")
    with nothing_changes():
        assert correct(shop, "-30.00", "form-1", OTHER_OPERATOR) == first
        with pytest.raises(FormConflict):
            correct(shop, "30.00", "form-1")
    correct(shop, "-30.00", "form-2")
    assert shop.proceeds() == "940.00"


def test_what_is_no_correction_is_refused(shop: shops.Shop) -> None:
    with nothing_changes():
        for amount in ("0", "1.005"):
            with pytest.raises(Invalid):
                correct(shop, amount)
        for without in ("reason", "told"):
            with pytest.raises(Invalid):
                correct(shop, "-30.00", **{without: " "})
        with pytest.raises(CurrencyMismatch):
            corrections.correct(
                merchant_id=shop.merchant.pk, amount=usd(1).__class__("1", "EUR"), reason=WHY,
                told=TOLD, request_key="", actor=OPERATOR, now=shop.at(NOW),
            )  # fmt: skip


def test_suspected_fraud_keeps_what_was_added_here(shop: shops.Shop) -> None:
    suspect(shop)
    correct(shop, "50.00")
    with nothing_changes(), pytest.raises(Refused):
        withdraw(shop, "1050.00")


def test_both_ways_take_two_above_the_sum_of_a_day(shop: shops.Shop) -> None:
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 3), pay_outs=Decimal(100))
    first = correct(shop, "-60.00")
    with nothing_changes():
        for amount in ("40.01", "-40.01"):
            with pytest.raises(TakesTwoPeople):
                correct(shop, amount)
        with pytest.raises(TakesTwoPeople):
            take_back(first)
    correct(shop, "40.00")
    said: dict[str, Any] = {"reason": WHY, "told": TOLD, "now": shop.at(NOW)}
    by_two(
        corrections.correct, merchant_id=shop.merchant.pk, amount=usd(500), request_key="form-9",
        **said,
    )  # fmt: skip
    by_two(corrections.take_back, correction_id=first.pk, **said)
    assert shop.proceeds() == "1540.00"
    decided = OperatorDecision.objects.order_by("pk")
    assert [(one.figure, one.proposal is not None) for one in decided] == [
        (Decimal(60), False), (Decimal(40), False), (Decimal(500), True), (Decimal(60), True)
    ]  # fmt: skip
    assert violated() == []


@pytest.mark.full  # of a withdrawal in test_withdrawals_races.py
@pytest.mark.django_db(transaction=True)
@every_order
def test_of_two_officers_at_once_one_takes_it_back(shop: shops.Shop) -> None:
    correction = correct(shop, "-30.00")

    def once(number: int) -> str:
        try:
            take_back(correction)
        except AlreadyDecided:
            return "refused"
        return "taken back"

    assert at_once(once, threads=2) == {"taken back": 1, "refused": 1}
    assert shop.proceeds() == "1000.00"


def test_the_database_keeps_them_as_they_are(shop: shops.Shop) -> None:
    correction = correct(shop, "-30.00")
    rows = ProceedsCorrection.objects.filter(pk=correction.pk)
    for change in ({"amount": Decimal(1)}, {"told": "else"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()
    with pytest.raises(DatabaseError, match="takes back exactly"), transaction.atomic():
        ProceedsCorrection.objects.create(
            line=shop.line, currency="USD", amount=usd(29), undoes=correction, reason=WHY,
            told=TOLD, actor=OPERATOR, at=shop.at(NOW),
        )  # fmt: skip


def test_the_merchant_reads_what_was_corrected_and_why(shop: shops.Shop) -> None:
    correct(shop, "-30.00")
    said = read(shop, "proceeds/entries/?kind=CORRECTION")
    assert f"Correction by our team {TOLD}" in said
    assert "-30.00 USD" in said.replace("\N{MINUS SIGN}", "-")
    assert WHY not in said
    assert OPERATOR not in said
    notice = Notice.objects.get(kind="PROCEEDS_CORRECTED")
    assert letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ") == (
        f"We corrected your proceeds: 30.00 USD was taken, and they stand at 970.00 USD. {TOLD}"
    )
    path = f"/m/{shop.reference}/credit/proceeds/entries.csv?kind=CORRECTION"
    answer = browser_of(member(shop)).get(path)
    file = b"".join(answer).decode()
    assert TOLD in file
    assert WHY not in file
