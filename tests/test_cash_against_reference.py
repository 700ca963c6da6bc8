"""Random histories of money end in the same books here and in the reference: prices, drafts, cards
that decline and keep silent, retries, transfers, unapplied money, reversals, withdrawals with fees
and approvals, automatic ones, UNMATCHED cash that is settled, and raises that wait. Some have what
operators do by hand, too: taxes and issuers, credits on charges and undone, waivers, charges and
bills by hand, payment plans, pauses, due days, transfers booked elsewhere, corrections of proceeds,
what banks send back, orders cancelled, refunded and written off, pay-outs of closed accounts,
limits, thresholds and credits that were asked for, profiles, fees that are added, transfers that
are heard of late, cards that are blocked, lines of banks' statements and what comes back of them;
and of all decisions whether they take two people, who may be away for more than a week.

tests/reference is a model of docs/rules.md that shares no code with us. All is told as it arrives,
and decided by the operations; jobs run when the history says so.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet, Sum

from billing.models import BillingAccount, CreditNote, Invoice, InvoiceTax, Reversal, UnappliedEntry
from billing.operations import accounts
from billing.queries import invoices
from credit.models import CreditLine, CreditPolicy, OrderPayment, ProceedsEntry, Withdrawal
from credit.queries import proceeds
from gateway.events import EventRun
from lib import events, money
from lib.refusals import Refused
from merchants.models import Merchant, OperatorDecision
from tests import (
    bank_decisions,
    books,
    by_hand_decisions,
    cash_decisions,
    event_files,
    lost_requests,
    merchant_decisions,
    random_by_hand,
    random_cash,
    random_events,
    shops,
    told_by_http,
    two_people,
)
from tests.decisions import DECISIONS
from tests.factories import OperatorPolicyFactory
from tests.random_by_hand import ByHand
from tests.reference import Model
from tests.reference.audit import audit
from tests.reference.two_people import Figures
from tests.reference.withdrawals import Payouts
from tests.test_against_reference import act, ours, theirs_of, told
from tests.test_against_reference import of_act as of_decision
from tests.whole import full

pytestmark = pytest.mark.django_db

History = tuple[int, int, int, int]
Kind = type[random_cash.Collected]
WAYS = ("applied", "told over HTTP", "replayed", "moved in")
Cash = random_cash.Collected
# Kind, history (seed, merchants, days, pace: tests/random_events.py), and which ways.
FIXED = [
    (Cash, (4, 1, 26, 4), WAYS[3:]),
    (ByHand, (117, 1, 22, 4), WAYS[:1]),
    (ByHand, (158, 1, 22, 4), WAYS[1:2]),
    (ByHand, (84, 1, 22, 4), WAYS[2:3]),
]
LONG = [
    (Cash, (7, 1, 26, 4), WAYS[1:2]),
    (Cash, (9, 1, 20, 4), WAYS[2:3]),
    (Cash, (2, 2, 90, 4), WAYS),
    (ByHand, (1, 2, 160, 4), WAYS[:1]),
    (ByHand, (13, 2, 160, 4), WAYS[2:]),
]
Doing = dict[str, Any]
Became = tuple[str, str | None]
ONE_HOUR = timedelta(hours=1)


@pytest.fixture
def sandbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lost_requests.install(monkeypatch, settings)


def put_policies_in_force() -> None:
    """What withdrawals cost, and from what sum on a day's take an approval."""
    for currency, (percent, fixed, free, above) in random_cash.PAYOUTS.items():
        base = CreditPolicy.objects.filter(currency=currency).latest("version")
        figures = {name: getattr(base, name) for name in CreditPolicy.figure_names()}
        figures |= {
            "withdrawal_fee_percent": Decimal(percent), "withdrawal_fee_fixed": Decimal(fixed),
            "free_withdrawals_a_month": free, "approval_above": Decimal(above),
        }  # fmt: skip
        base.next_version(base.version + 1, date(2017, 1, 1), figures).save()


def put_figures_in_force() -> None:
    """How far one operator goes alone, and the taxes of two countries."""
    for currency, figures in random_by_hand.FIGURES.items():
        OperatorPolicyFactory.create(currency=currency, **figures)
    by_hand_decisions.put_taxes_in_force()


def reference(kind: Kind = random_cash.Collected) -> Model:
    payouts = {
        currency: Payouts(Decimal(percent), Decimal(fixed), free, Decimal(above))
        for currency, (percent, fixed, free, above) in random_cash.PAYOUTS.items()
    }
    if kind is not ByHand:
        return Model(jobs=True, payouts=payouts)
    model = Model(jobs=True, payouts=payouts, figures={
        currency: Figures(**{name: Decimal(figure) for name, figure in figures.items()})
        for currency, figures in random_by_hand.FIGURES.items()
    })  # fmt: skip
    model.offices.countries |= {prefix: prefix for prefix in by_hand_decisions.ISSUERS}
    for country, tax_class, percent in by_hand_decisions.FIRST_RATES:
        model.introduce_rate(
            country,
            tax_class,
            Decimal(percent),
            by_hand_decisions.SINCE,
            by_hand_decisions.LONG_AGO,
        )
    return model


def theirs_of_doing(model: Model, doing: Doing) -> tuple[str, str | None]:
    at = datetime.fromisoformat(doing["at"])
    if doing["type"] == random_cash.JOBS:
        model.run_jobs(at)
        return "applied", None
    if doing["type"] == random_cash.PRICE:
        names = ("fee", "currency", "price", "from_on", "merchant")
        outcome = model.set_price(**{name: doing[name] for name in names}, at=at)
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.RATE:
        percent = doing["percent"] and Decimal(doing["percent"])
        outcome = model.introduce_rate(
            doing["country"], doing["class"], percent, doing["starts_on"], at
        )
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.BANK:
        outcome = model.at_bank(doing["what"], doing["to"], at)
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.FEE:
        outcome = model.add_fee(doing["fee"], doing["category"], doing["posting"])
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.CLASS:
        outcome = model.classify(doing["fee"], doing["class"], doing["starts_on"], at)
        return outcome.kind, outcome.code
    return theirs_of(model, doing)


def of_doings(doings: Sequence[Doing]) -> Iterator[tuple[str, str | None]]:
    run = EventRun()
    for doing in doings:
        at = datetime.fromisoformat(doing["at"])
        if "data" in doing:
            run.apply(events.from_object(doing), now=at)
            continue
        yield from map(told, run.finish())
        run = EventRun()
        yield of_doing(doing, at)
    yield from map(told, run.finish())


def of_doing(doing: Doing, at: datetime) -> tuple[str, str | None]:
    if not doing.get("second_is_away"):
        return of_decided(doing, at)
    with two_people.second_is_away():
        became = of_decided(doing, at)
    return ("applied", "proposed") if became == ("applied", "by two") else became


def of_decided(doing: Doing, at: datetime) -> tuple[str, str | None]:
    if doing["type"] == random_cash.JOBS:
        shops.run_jobs(at)
        return "applied", None
    if doing["type"] == random_events.ACT and doing["what"] in DECISIONS:
        return of_decision(doing, at)
    try:
        takes_two = done(doing, at)
    except Refused as refusal:
        return "rejected", refusal.code
    return "applied", "by two" if takes_two else None


def done(doing: Doing, at: datetime) -> bool | None:
    """Do it. Returns whether it took two people."""
    if doing["type"] in OF_ALL:
        return OF_ALL[doing["type"]](doing, at)
    merchant = Merchant.objects.get(reference=doing["merchant"])
    if doing["type"] != random_events.ACT:
        return act(doing["type"], merchant.pk, at)
    shops_come_to(merchant, at)
    acts = cash_decisions.ACTS | by_hand_decisions.ACTS | merchant_decisions.ACTS
    return acts[doing["what"]](merchant, doing["to"], at)


# What is about no merchant alone.
OF_ALL = {
    random_cash.PRICE: cash_decisions.set_price,
    random_by_hand.RATE: by_hand_decisions.introduce_rate,
    random_by_hand.CLASS: by_hand_decisions.classify,
    random_by_hand.FEE: merchant_decisions.add_fee,
    random_by_hand.BANK: bank_decisions.act,
}


def shops_come_to(merchant: Merchant, at: datetime) -> None:
    """What there is to decide about is that of the day that is open."""
    with transaction.atomic():
        accounts.lock_both(merchant.pk, now=at)


def our_money() -> dict[str, Any]:
    """Our books, with what money did, in the reference's terms."""
    found = ours()
    for merchant in Merchant.objects.all():
        found[merchant.reference] |= of_money(merchant)
    return found


def of_money(merchant: Merchant) -> dict[str, Any]:
    line = CreditLine.objects.get(pk=merchant.pk)
    account = BillingAccount.objects.get(pk=merchant.pk)
    cash = OrderPayment.objects.filter(line=line, status="UNMATCHED").order_by("reference")
    return {
        "collected": [
            of_collecting(one)
            for one in Invoice.objects.filter(account=account).order_by("pk")
        ],
        "method": [account.payment_method, account.has_disputed_card],
        "unapplied": [
            [one.kind, money.text(one.amount)]
            for one in UnappliedEntry.objects.filter(account=account).order_by("pk")
        ],
        "reversals": sorted(
            [
                money.text(one.amount),
                money.text(one.taken),
                one.status,
                one.came_back_at is not None,
            ]
            for one in Reversal.objects.filter(account=account)
        ),
        "withdrawals": [
            [money.text(one.amount), money.text(one.fee), one.status]
            for one in Withdrawal.objects.filter(line=line).order_by("pk")
        ],
        "settled": {one.reference: money.text(one.settled) for one in cash},
        "withdrawable": money.text(proceeds.withdrawable(line, today=line.open_on)),
        "entries": {
            kind: money.figure_text(figure, line.currency)
            for kind, figure in ProceedsEntry.objects.filter(line=line)
            .values_list("kind").annotate(Sum("amount")).order_by("kind")
        },
        "notes": [
            [prefix_of(note.invoice), money.text(note.total), money.text(note.tax)]
            for note in CreditNote.objects.filter(account=account).order_by("pk")
        ],
        "taxes of rests": of_taxes(InvoiceTax.objects.filter(rest__account=account), account),
        "threshold": money.text(account.threshold),
        "credits asked": merchant_decisions.asked(merchant),
        "proposals": merchant_decisions.proposed(merchant),
        "lines of banks": bank_decisions.of_merchant(merchant),
        "given": given(merchant),
    }  # fmt: skip


def prefix_of(invoice: Invoice) -> str:
    return str(invoice.issuer.issuer.prefix) if invoice.issuer else ""


def of_taxes(rows: QuerySet[InvoiceTax], account: BillingAccount) -> list[list[str]]:
    """The bill that is corrected is told by when it was made among the account's."""
    places = list(
        Invoice.objects.filter(account=account).order_by("pk").values_list("pk", flat=True)
    )
    return sorted(
        [
            str(places.index(row.corrects_id)) if row.corrects_id else "", row.category,
            f"{row.percent.normalize():f}", money.text(row.base), money.text(row.tax),
        ]
        for row in rows
    )  # fmt: skip


def given(merchant: Merchant) -> dict[str, str]:
    """What operators gave, by sort, currency and day."""
    sums = (
        OperatorDecision.objects.filter(merchant=merchant, what__in=("credits", "pay_outs"))
        .values_list("what", "currency", "day").annotate(Sum("figure")).order_by()
    )  # fmt: skip
    return {
        f"{what} {currency} {day}": f"{figure.normalize():f}"
        for what, currency, day, figure in sorted(sums)
    }


def of_collecting(invoice: Invoice) -> dict[str, Any]:
    plan = invoice.payment_plans.order_by("pk").last()
    collected_on = invoices.collected_on(invoice, list(invoices.attempts(invoice)))
    return {
        "kind": invoice.kind,
        "status": invoice.status,
        "due_on": str(invoice.due_on) if invoice.number else None,
        "failed_on": invoice.first_failed_on and str(invoice.first_failed_on),
        "collected_on": collected_on and str(collected_on),
        "paid": money.text(invoice.amount_paid),
        "issuer": prefix_of(invoice),
        "taxes": of_taxes(InvoiceTax.objects.filter(invoice=invoice), invoice.account),
        "plan": plan and plan.status,
        "attempts": [
            [one.provider, one.status, money.text(one.amount)]
            for one in invoice.payments.order_by("attempt")
        ],
    }


def in_one_order(found: dict[str, Any]) -> dict[str, Any]:
    """With bills in the order of their contents, as drafts are issued later than they are made, and
    with freezes of one day by their reasons, as some are placed at one instant.
    """
    for merchant in found.values():
        merchant["bills"].sort(key=lambda invoice: sorted(invoice.items()))
        merchant["freezes"].sort(key=lambda one: (one["placed"], one["reason"]))
    return found


def theirs(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = model.state()["merchants"]
    for merchant in found.values():
        sums = merchant["proceeds"].pop("sums")
        known = ("SALE", "REFUND", "OPENING")
        merchant["proceeds"] |= {kind: sums[kind] for kind in known if kind in sums}
    return in_one_order(found)


def unlike(expected: Any, found: Any) -> tuple[Any, Any]:
    """What is in one of both alone: of lists, and of dicts by their keys."""
    if isinstance(expected, dict):
        names = expected.keys() | found.keys()
        unlike_names = [name for name in names if expected.get(name) != found.get(name)]
        return tuple({n: one.get(n) for n in unlike_names} for one in (expected, found))  # type: ignore[return-value]
    if isinstance(expected, list):
        return [one for one in expected if one not in found], [
            one for one in found if one not in expected
        ]
    return expected, found


def go_through(
    history: History, ways: Sequence[str], settings: Any, folder: Path,
    kind: Kind = random_cash.Collected,
) -> int:  # fmt: skip
    """Take the history each of these ways, and compare what became of everything, and the books at
    the end. Returns how much there was.
    """
    seed, merchants, days, pace = history
    done = random_cash.doings(seed, merchants=merchants, days=days, pace=pace, kind=kind)
    for way in ways:
        everything_is_undone = transaction.atomic()
        everything_is_undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
        with everything_is_undone:
            cache.clear()  # there the sandbox keeps what it was asked, by numbers that come again
            put_policies_in_force()
            if kind is ByHand:
                put_figures_in_force()
            model, until = (
                reference(kind),
                datetime.fromisoformat(done[-1]["at"]) + timedelta(days=40),
            )
            if way == "replayed":
                found, expected = in_parts(done, model, folder)
            elif way == "moved in":
                done, found, expected = moved_in(done, model, folder)
            else:
                expected = [theirs_of_doing(model, doing) for doing in done]
                found = list(of_doings(done)) if way == "applied" else by_http(
                    done, settings, folder, random.Random(seed))  # fmt: skip
            differing = [row for row in zip(done, expected, found, strict=True) if row[1] != row[2]]
            assert differing == [], (history, way, differing[:3])
            model.run_jobs(until)
            shops.run_jobs(until)
            audit(model)
            assert unlike_books(theirs(model), in_one_order(our_money())) == [], (history, way)
            books.assert_clean()
            transaction.set_rollback(True)
    return len(done)


def by_http(
    doings: Sequence[Doing], settings: Any, folder: Path, chance: random.Random
) -> list[Became]:
    """What becomes of each where events are told over HTTP, one by one."""
    clock_file = folder / "clock"
    settings.TAEL_CLOCK = str(clock_file)
    caller = told_by_http.a_caller()
    found = [
        told_by_http.send_one(caller, doing, clock_file, chance)
        if "data" in doing
        else of_doing(doing, datetime.fromisoformat(doing["at"]))
        for doing in doings
    ]
    settings.TAEL_CLOCK = ""
    return found


def in_parts(
    doings: Sequence[Doing], model: Model, folder: Path
) -> tuple[list[Became], list[Became]]:
    """What becomes of each here and in the reference, where the events between two decisions are a
    file, and replayed. What becomes of its events is a sum of outcomes, and no more: of those the
    reference's stand for both.
    """
    found: list[Became] = []
    expected: list[Became] = []
    until = datetime.min.replace(tzinfo=UTC)
    for number, (is_event, part) in enumerate(groupby(doings, key=lambda doing: "data" in doing)):
        some = list(part) if is_event else [not_before(until, doing) for doing in part]
        if is_event:
            path = event_files.write(folder / f"{number}.jsonl", some)
            until = datetime.fromisoformat(some[-1]["at"]) + timedelta(microseconds=1)
            expected += replayed_by_reference(some, model, until)
            found += expected[len(found) :]
            event_files.replay(path, until=until.isoformat())
        else:
            expected += [theirs_of_doing(model, doing) for doing in some]
            found += [of_doing(doing, datetime.fromisoformat(doing["at"])) for doing in some]
    return found, expected


def moved_in(
    doings: Sequence[Doing], model: Model, folder: Path
) -> tuple[list[Doing], list[Became], list[Became]]:
    """What becomes of each where the events of the first half are those of a move-in, before
    anybody could decide anything.
    """
    half = len(doings) // 2
    before = [without_sandbox(doing) for doing in doings[:half] if "data" in doing]
    until = datetime.fromisoformat(before[-1]["at"]) + timedelta(microseconds=1)
    path = event_files.write(folder / "move-in.jsonl", before)
    model.move_in(True)
    expected = [theirs_of_doing(model, doing) for doing in before]
    model.advance(until)
    event_files.replay(path, until=until.isoformat(), beyond_now=False, sandbox=False)
    model.move_in(False)
    after = [not_before(until, doing) for doing in opened_only_if_closed(doings[half:])]
    found = [*expected, *of_doings(after)]
    expected += [theirs_of_doing(model, doing) for doing in after]
    return [*before, *after], found, expected


def opened_only_if_closed(doings: Sequence[Doing]) -> Iterator[Doing]:
    """All but what would open a merchant again that was closed before."""
    closed: set[str] = set()
    for doing in doings:
        if doing["type"] == random_events.CLOSE:
            closed.add(doing["merchant"])
        if doing["type"] != random_events.REOPEN or doing["merchant"] in closed:
            yield doing


def without_sandbox(event: Doing) -> Doing:
    """As nobody who moves in pays by that."""
    if event["data"].get("payment_method") != "sandbox":
        return event
    return event | {"data": event["data"] | {"payment_method": "manual"}}


def not_before(until: datetime, doing: Doing) -> Doing:
    """The same, at the end of the replay before it if it was at the instant of its last event: a
    replay ends after that instant, and what is due at an instant depends on which one it is.
    """
    return doing | {"at": max(datetime.fromisoformat(doing["at"]), until).isoformat()}


def replayed_by_reference(
    doings: Sequence[Doing], model: Model, until: datetime
) -> Iterator[Became]:
    """Bills are collected on the hour after the file's first event, and at its end."""
    tick = datetime.fromisoformat(doings[0]["at"])
    tick = tick.replace(minute=0, second=0, microsecond=0) + ONE_HOUR
    for doing in doings:
        at = datetime.fromisoformat(doing["at"])
        while tick <= at:
            model.collect(tick)
            tick += ONE_HOUR
        yield theirs_of_doing(model, doing)
    model.collect(until)


def unlike_books(expected: dict[str, Any], found: dict[str, Any]) -> list[Any]:
    """Merchant, part of the books, and what is in one of both alone."""
    assert expected.keys() == found.keys()
    return [
        (reference, part, *unlike(merchant[part], found[reference][part]))
        for reference, merchant in expected.items()
        for part in merchant
        if merchant[part] != found[reference][part]
    ]


@pytest.mark.parametrize(("kind", "history", "ways"), [*FIXED, *full(*LONG)])
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


def some_history(seed: int) -> History:
    """That of this seed, of some length and pace."""
    chance = random.Random(f"money {seed}")
    days, pace = chance.choice(((25, 1), (40, 2), (90, 3), (160, 4)))
    return seed, chance.randrange(1, 3), days, pace
