"""Random histories of money end in the same books here and in the reference: prices, drafts, cards
that decline and keep silent, retries, transfers, unapplied money, reversals, withdrawals with fees
and approvals, automatic ones, UNMATCHED cash that is settled, and raises that wait. Some have what
operators do by hand, too: taxes and issuers, credits on charges and undone, waivers, charges and
bills by hand, payment plans, pauses, due days, transfers booked elsewhere, corrections of proceeds,
what banks send back, orders cancelled, refunded and written off, pay-outs of closed accounts,
limits, thresholds and credits that were asked for, profiles, fees that are added, transfers that
are heard of late, cards that are blocked, lines of banks' statements and what comes back of them;
and of all decisions whether they take two people, who may be away for more than a week. Some of
those are of little amounts, around the least that a provider collects, and have events that arrive
late.

tests/reference is a model of docs/rules.md that shares no code with us. All is told as it arrives,
and decided by the operations; jobs run when the history says so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import (
    bank_decisions,
    by_hand_decisions,
    cash_decisions,
    lost_requests,
    merchant_decisions,
    random_cash,
    small_decisions,
)
from tests.cash_doings import Kind, reference, theirs_of_doing
from tests.cash_ways import WAYS, History, go_through, some_history
from tests.random_by_hand import ByHand
from tests.random_small import Small
from tests.reference.audit import audit
from tests.whole import full

pytestmark = pytest.mark.django_db

Cash = random_cash.Collected
# Kind, history (seed, merchants, days, pace: tests/random_events.py), and which ways.
FIXED = [
    (Cash, (4, 1, 26, 4), WAYS[3:]),
    (ByHand, (117, 1, 22, 4), WAYS[:1]),
]
MORE = [
    (ByHand, (158, 1, 22, 4), WAYS[1:2]),
    (ByHand, (84, 1, 22, 4), WAYS[2:3]),
    (Cash, (7, 1, 26, 4), WAYS[1:2]),
    (Cash, (9, 1, 30, 4), WAYS[2:3]),
    (Cash, (2, 2, 90, 4), WAYS),
    (ByHand, (1, 2, 160, 4), WAYS[:1]),
    (ByHand, (13, 2, 160, 4), WAYS[2:]),
    (Small, (3001, 1, 25, 1), WAYS[:1]),
    (Small, (3004, 2, 40, 2), WAYS[2:3]),
    (Small, (3003, 1, 90, 3), WAYS[3:]),
]


@pytest.fixture
def sandbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox loses some requests."""
    lost_requests.install(monkeypatch, settings)


@pytest.mark.parametrize(("kind", "history", "ways"), [*FIXED, *full(*MORE)])
@pytest.mark.usefixtures("sandbox")
def test_what_money_does_ends_in_the_books_of_the_reference(
    kind: Kind, history: History, ways: Sequence[str], settings: Any, tmp_path: Path
) -> None:
    assert go_through(history, ways, settings, tmp_path, kind) > 30


@pytest.mark.full
def test_the_histories_reach_what_money_can_do() -> None:
    """Or the comparisons compare less than they seem to."""
    reached: set[str] = set()
    for seed in range(1, 90):
        seed, merchants, days, pace = some_history(seed)
        model, done = reference(), random_cash.doings(
            seed, merchants=merchants, days=days, pace=pace)  # fmt: skip
        for doing in done:
            kind, code = theirs_of_doing(model, doing)
            what = doing.get("what", doing["type"])
            reached |= {f"{what} {kind}", f"{what} {code}"}
        model.run_jobs(datetime.fromisoformat(done[-1]["at"]) + timedelta(days=40))
        for merchant in model.state()["merchants"].values():
            for invoice in merchant["collected"]:
                reached.add(invoice["status"])
                reached.update(f"{provider} {how}" for provider, how, _ in invoice["attempts"])
            reached.update(kind for kind, _ in merchant["unapplied"])
            reached.update(f"reversal {how} {back}" for *_, how, back in merchant["reversals"])
            reached.update(f"withdrawal {how}" for *_, how in merchant["withdrawals"])
            reached.update(f"{one['outcome']} {one['grade']}" for one in merchant["reviews"])
            reached.update(merchant["proceeds"]["sums"])
    assert {f"{what} applied" for what in cash_decisions.ACTS} - reached == set()
    assert REACHED - reached == set()


@pytest.mark.full
def test_the_histories_reach_what_operators_do_by_hand() -> None:
    reached: set[str] = set()
    for seed in range(1, 130):
        seed, merchants, days, pace = some_history(seed)
        model, done = reference(ByHand), random_cash.doings(
            seed, merchants=merchants, days=days, pace=pace, kind=ByHand)  # fmt: skip
        for doing in done:
            kind, code = theirs_of_doing(model, doing)
            what = doing.get("what", doing["type"])
            reached |= {f"{what} {kind}", f"{what} {code}"}
        model.run_jobs(datetime.fromisoformat(done[-1]["at"]) + timedelta(days=40))
        audit(model)
        for merchant in model.state()["merchants"].values():
            for invoice in merchant["collected"]:
                reached.add(f"plan {invoice['plan']}")
                reached.update(f"tax {tax[1]} {bool(tax[0])}" for tax in invoice["taxes"])
            reached.update(["note"] if merchant["notes"] else [])
            reached.update(["tax of a rest"] if merchant["taxes of rests"] else [])
            reached.update(merchant["entries"])
            reached.update(kind for kind, _ in merchant["unapplied"])
            reached.update(f"proposals {how}" for how in merchant["proposals"])
            reached.update(f"line {how}" for _, how in merchant["lines of banks"])
    acts = {**by_hand_decisions.ACTS, **merchant_decisions.ACTS, **bank_decisions.ACTS}
    assert {f"{what} applied" for what in acts} - reached == set()
    assert BY_HAND_REACHED - reached == set()


@pytest.mark.full
def test_the_histories_reach_what_is_too_little_to_be_collected() -> None:
    reached: set[str] = set()
    for seed in range(1, 9):
        seed, merchants, days, pace = some_history(seed)
        model, done = reference(Small), random_cash.doings(
            seed, merchants=merchants, days=days, pace=pace, kind=Small)  # fmt: skip
        for doing in done:
            kind, code = theirs_of_doing(model, doing)
            what = doing.get("what", doing["type"])
            reached |= {f"{what} {kind}", f"{what} {code}"}
            reached.update([f"late {kind} {code}"] if "said" in doing else [])
        model.run_jobs(datetime.fromisoformat(done[-1]["at"]) + timedelta(days=40))
        audit(model)
        for owner in model.merchants.values():
            account = owner.account
            reached.update(item.fee for item in account.items)
            reached.update(
                f"{'too little' if one.left < account.minimum else 'enough'} {one.status}"
                for one in account.invoices
            )
            reached.update(
                f"{one.provider} {one.status}"
                for invoice in account.invoices
                for one in invoice.attempts
            )
    assert {f"{what} applied" for what in small_decisions.ACTS} - reached == set()
    assert SMALL_REACHED - reached == set()


SMALL_REACHED = {
    *(
        "pay now too_little",
        "waive invalid",
        "plan parts invalid",
        "enough OPEN",
        "too little PAID",
    ),
    *("card at stripe currency_not_taken", "card at stripe card_blocked"),
    *("credit-waived", "credit-tax", "stripe SUCCEEDED", "stripe FAILED", "unapplied SUCCEEDED"),
    *("late applied None", "late rejected invalid", "late duplicate None"),
    *("late declined insufficient_credit", "late rejected order_not_open"),
}
BY_HAND_REACHED = {
    *(f"{what} by two" for what in ("credit on", "charge", "waive", "correct", "move transfer")),
    *(f"{what} by two" for what in ("write off", "pay out", "send back withdrawal", "limit")),
    *(f"{what} by two" for what in ("threshold", "answer threshold", "price", "settle", "reopen")),
    *("credit on credit_too_large", "write off order_not_overdue", "waive more_than_is_left"),
    *(
        "hold already_paused",
        "hold under_a_plan",
        "plan parts payment_under_way",
        "go on not_paused",
    ),
    *("bill now draft_waits", "move transfer booked_there", "pay out reversal_undecided"),
    *("limit proposed", "correct proposed", "confirm changed_meanwhile", "end proposal applied"),
    *("answer credit by two", "ask credit credit_too_large", "card card_blocked"),
    *("value date already_decided", "fee conflict", "fee invalid", "proposals LAPSED"),
    *(
        "take line back not_returnable",
        "place line currency_mismatch",
        "line BOOKED",
        "line RETURN",
    ),
    *("plan KEPT", "plan BROKEN", "plan CANCELLED", "plan IN_FORCE", "note", "tax of a rest"),
    *("tax S True", "tax S False", "tax AE False", "tax O False", "tax E False"),
    *("CORRECTION", "SENT_BACK", "TAKEN_AGAIN", "MOVED"),
}


REACHED = {
    *("pay now card_disputed", "pay now payment_under_way", "pay now no_payment_method"),
    *("void invoice_has_payments", "transfer conflict", "transfer invoice_not_open"),
    *("give back more_than_is_unapplied", "give back withdrawals_stopped"),
    *("withdraw insufficient_proceeds", "withdraw withdrawals_stopped"),
    *("withdraw destination_not_usable", "raise raise_blocked", "price price_of_the_past"),
    *("settle more_than_is_left", "settle overpayment"),
    *("DRAFT", "OPEN", "PAID", "VOID", "UNCOLLECTIBLE", "sandbox UNKNOWN", "sandbox FAILED"),
    *("proceeds SUCCEEDED", "proceeds FAILED", "manual SUCCEEDED", "credit SUCCEEDED"),
    *("RECEIVED", "USED", "GIVEN_BACK", "reversal CHARGED True", "reversal CANCELLED True"),
    *("REVERSED", "reversal ACCEPTED True"),
    *("withdrawal PAID", "withdrawal FAILED", "withdrawal REJECTED", "withdrawal CANCELLED"),
    *("withdrawal UNKNOWN", "RAISED A", "REJECTED A", "VOID A"),
    *("WITHDRAWAL", "FEE", "RETURNED", "RELEASED", "BILL_PAYMENT"),
}
