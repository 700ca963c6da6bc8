"""A bank says that it paid another amount than it was to pay: nobody takes that for paid."""

from typing import Any

import pytest
from django.conf import LazySettings
from moneyed import Money

from credit.models import PayoutAnswer, Withdrawal
from credit.operations import payout_answers, payout_files, payouts
from credit.providers import PROVIDERS, Answer
from tests import shops
from tests.credit.withdrawing import NOW, OPERATOR, shop_with, status, withdraw

pytestmark = pytest.mark.django_db


class Stating:
    """A provider that tells what it paid."""

    def __init__(self) -> None:
        self.amount: Money | None = Money("90.00", "USD")
        self.sent: list[str] = []

    def check_allowed(self) -> None:
        """Withdrawals may go to this bank wherever it is."""
        pass

    def send(self, withdrawal: Withdrawal) -> Answer:
        """Note the withdrawal, and say that `amount` was paid for it."""
        self.sent.append(withdrawal.reference)
        return Answer.paid("bank-1", self.amount)

    def find(self, reference: str) -> Answer | None:
        """Say that `amount` was paid, whatever is asked about."""
        return Answer.paid("bank-1", self.amount)


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Stating:
    """A bank that states an amount of its own, which withdrawals go to."""
    stating = Stating()
    monkeypatch.setitem(PROVIDERS, "stating", stating)
    settings.TAEL_PAYOUT_PROVIDER = "stating"
    return stating


def problem(withdrawal: Withdrawal) -> str:
    """What is wrong with the withdrawal, as it is on record."""
    return Withdrawal.objects.get(pk=withdrawal.pk).problem


def reconcile(withdrawal: Withdrawal, at: str) -> None:
    payouts.reconcile(withdrawal.pk, now=shops.instant(at))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Money("90.00", "USD"), "stating says that 90.00 USD was paid, and 100.00 USD was to be"),
        (Money("100.00", "THB"), "stating says that 100.00 THB was paid, and 100.00 USD was to be"),
    ],
    ids=["less", "another currency"],
)
def test_a_providers_answer_of_another_amount_leaves_it_undecided(
    bank: Stating, told: Money, words: str
) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "100.00")
    bank.amount = told
    payouts.send(withdrawal.pk, now=shops.instant(NOW))
    assert (status(withdrawal), problem(withdrawal)) == ("UNKNOWN", f"{words} paid.")
    bank.amount = None  # says no more than that it paid
    reconcile(withdrawal, "2026-11-03 10:20")
    assert (status(withdrawal), shop.proceeds()) == ("UNKNOWN", "200.00")
    bank.amount = Money("100.00", "USD")
    reconcile(withdrawal, "2026-11-03 10:30")
    assert (status(withdrawal), problem(withdrawal)) == ("PAID", "")
    assert bank.sent == [withdrawal.reference]


def test_a_providers_answer_that_another_amount_failed_leaves_it_undecided(
    bank: Stating, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "100.00")
    amount = Money("90.00", "USD")
    refused = Answer(Withdrawal.Status.FAILED, reason="closed", amount=amount)
    monkeypatch.setattr(bank, "send", lambda _: refused)
    payouts.send(withdrawal.pk, now=shops.instant(NOW))
    words = "stating says that 90.00 USD failed, and 100.00 USD was to be paid."
    assert (status(withdrawal), problem(withdrawal)) == ("UNKNOWN", words)
    assert shop.proceeds() == "200.00"


def answered(
    withdrawal: Withdrawal, amount: str, currency: str, bank_reference: str, reason: str = ""
) -> str:
    """The outcome of a file with this row, which is FAILED if it has a reason, and what is wrong
    with it.
    """
    status = "FAILED" if reason else "PAID"
    content = (
        "reference,status,bank_reference,reason,amount,currency\n"
        f"{withdrawal.reference},{status},{bank_reference},{reason},{amount},{currency}\n"
    )
    now: dict[str, Any] = {"now": shops.instant("2026-11-04 10:00")}
    file = payout_answers.upload(content=content.encode(), actor=OPERATOR, **now)
    answer = payout_answers.take(PayoutAnswer.objects.get(file=file).pk, **now)
    return f"{answer.outcome} {answer.problem}".strip().replace(file.name, "FILE")


def test_a_row_of_the_banks_answers_of_another_amount_is_refused(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TAEL_PAYOUT_PROVIDER = "manual"
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "100.00")
    payout_files.export(
        withdrawal_ids=[withdrawal.pk], actor="otto@tael.example", now=shops.instant(NOW)
    )
    words = "Row 2 of the bank's answers FILE says that {} was paid, and 100.00 USD was to be paid."
    assert answered(withdrawal, "90.00", "USD", "B-1") == f"REFUSED {words.format('90.00 USD')}"
    assert (status(withdrawal), shop.proceeds()) == ("UNKNOWN", "200.00")
    assert "says that 90.00 USD was paid, and 100.00 USD" in problem(withdrawal)
    assert f"Withdrawal {withdrawal}: Row 2 of the bank's answers" in caplog.text
    assert "90.00" not in caplog.text
    said = answered(withdrawal, "100.00", "THB", "B-1")
    assert said == f"REFUSED {words.format('100.00 THB')}"
    for odd in ("a lot", "NaN", "100,00x", "1e999999999999", "1e-99999999"):
        assert answered(withdrawal, f'"{odd}"', "USD", "B-1").startswith("REFUSED amount:")
    assert status(withdrawal) == "UNKNOWN"
    assert answered(withdrawal, "100.00", "usd", "B-1") == "PAID"
    assert (status(withdrawal), shop.proceeds()) == ("PAID", "200.00")
    assert answered(withdrawal, "90.00", "USD", "B-1") == f"REFUSED {words.format('90.00 USD')}"
    assert answered(withdrawal, "", "", "B-1") == "KNOWN"


def test_a_failed_row_of_the_banks_answers_of_another_amount_is_refused(
    settings: LazySettings,
) -> None:
    settings.TAEL_PAYOUT_PROVIDER = "manual"
    shop = shop_with("300.00")
    withdrawals = [withdraw(shop, amount) for amount in ("100.00", "50.00")]
    payout_files.export(
        withdrawal_ids=[one.pk for one in withdrawals], actor="otto@tael.example",
        now=shops.instant(NOW),
    )  # fmt: skip
    first, second = withdrawals
    words = "Row 2 of the bank's answers FILE says that {} failed, and 100.00 USD was to be paid."
    closed = "account closed"
    assert answered(first, "90.00", "USD", "", closed) == f"REFUSED {words.format('90.00 USD')}"
    assert (status(first), shop.proceeds()) == ("UNKNOWN", "150.00")
    assert "says that 90.00 USD failed, and 100.00 USD" in problem(first)
    assert answered(first, "a lot", "USD", "", closed).startswith("REFUSED amount:")
    assert answered(first, "100.00", "USD", "", closed) == "FAILED"
    assert (status(first), shop.proceeds()) == ("FAILED", "250.00")
    # So some banks say that nothing was paid.
    assert answered(second, "0.00", "USD", "", closed) == "FAILED"
    assert (status(second), shop.proceeds()) == ("FAILED", "300.00")
