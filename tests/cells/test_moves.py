"""A merchant's books go to another cell whole, while others go on, or not at all."""

import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import StringIO
from threading import Event, Lock
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from django.http import HttpResponse
from django.test import Client

from billing.models import BillingAccount, Charge, Invoice, Payment
from billing.providers.registry import Sandbox
from config import books
from config.cells import moves, owned, tables
from credit.models import Order, OrderPayment
from gateway.models import ReceivedEvent, WebhookEvent
from gateway.webhooks.operations import outbox
from jobs import tasks
from jobs.models import JobRun
from lib import audit, cells, clock, reconnecting
from merchants import installation
from merchants.models import Merchant, Move
from merchants.operations import moves as stops
from tests import forked, shops
from tests.books import assert_clean
from tests.cells.conftest import asked
from tests.credit.pages import set_clock
from tests.factories import member, signed_in
from tests.gateway.asking import AN_ORDER, Caller, said
from tests.routes import full_shop
from tests.shops import Shop
from tests.text import text_of
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = ("wait", "copy", "compare", "delete", "switch", "audit", "commit")


def move(shop: Shop, to: int) -> str:
    """What `manage.py cells move` says; a refusal is raised with what it said before."""
    output = StringIO()
    try:
        call_command("cells", "move", shop.reference, "--to", str(to), stdout=output, stderr=output)
    except CommandError as error:
        raise CommandError(f"{output.getvalue()}{error}") from error
    return output.getvalue()


def audit_is_clean() -> None:
    """Check that the audit of each cell finds nothing."""
    cells.in_each(assert_clean)


def where() -> dict[str, int]:
    """The number of each merchant's cell, by reference."""
    return dict(Merchant.objects.values_list("reference", "cell"))


def test_a_merchants_books_go_whole_to_another_cell_and_are_known_as_before(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cells.at(1):
        shop = full_shop()
        other = shops.join("2026-11-01 09:00", "other", plan_price="39.00")
    with cells.at(2):
        there = shops.join("2026-11-01 09:00", "there", plan_price="39.00")
    set_clock(monkeypatch)("2026-12-01 10:00")
    platform, own = Caller(), Caller(merchant=shop.merchant)
    order = {**AN_ORDER, "merchant": shop.reference, "order": "B-1"}
    placed = said(own.post("/orders", order))
    sent = {"id": "e-1", "type": "order.cancelled", "at": "2026-12-01T10:00:00Z",
            "merchant": shop.reference, "data": {"order": "B-1", "reason": "no"}}  # fmt: skip
    assert [one["outcome"] for one in platform.events(sent)] == ["applied"]
    with cells.at(1):
        outbox.number()
        key = shop.merchant.pk
        every, of_it = (
            [(one.check.name, one.checked, one.violations) for one in audit.run_for(key, rows)]
            for rows in ({}, owned.most_rows(1, key))
        )
        assert every == of_it
        assert sum(checked for _, checked, _ in of_it) > 100
    before = books.of_merchant(shop.reference, local_names=True)

    assert "rosewood is in cell 2: " in move(shop, 2)
    assert where() == {"rosewood": 2, "other": 1, "there": 2}
    assert books.of_merchant(shop.reference, local_names=True) == before
    with cells.at(1):
        for model in owned.models():
            if column := owned.whose(model):
                assert not model._default_manager.filter(**{column: shop.merchant.pk}).exists()
        assert not ReceivedEvent.objects.filter(merchant=shop.reference).exists()
    # Keys and numbers are as they were, and what is told again is known.
    assert said(own.post("/orders", order))["order"] == placed["order"]
    assert [one["outcome"] for one in platform.events(sent)] == ["duplicate"]
    assert said(own.get("/events/e-1"))["outcome"] == "duplicate"
    assert said(own.post("/orders", {**order, "order": "B-2"}))["status"] == "OPEN"
    assert "B-2" in text_of(signed_in(member(shop)).get("/m/rosewood/credit/orders/"))
    with cells.at(2):
        assert Order.objects.get(reference="B-1").pk < cells.KEYS
        assert Order.objects.get(reference="B-2").pk > 2 * cells.KEYS
        assert shop.charge("2026-12-02 15:00", "pick-pack", "210.00") == "applied"
        numbers = list(shop.account.invoices.order_by("pk").values_list("number", flat=True))
        assert [installation.outside(str(one)) for one in (numbers[0], numbers[-1])] == [
            "T-2026-000001", "T2-2026-000002"
        ]  # fmt: skip
        assert there.account.invoices.get().number == "2-2026-000001"
        outbox.number()
        told = WebhookEvent.objects.filter(merchant=shop.merchant).order_by("pk")
        sequence = list(told.values_list("sequence", flat=True))
        assert sequence == list(range(1, len(sequence) + 1))
    audit_is_clean()
    for merchant, to, why in ((shop, 1, "a higher one alone"), (other, 7, "there is no cell 7")):
        with pytest.raises(CommandError, match=f"Nothing was moved.*{why}"):
            move(merchant, to)
    assert Move.objects.get().is_done


def test_it_is_said_of_every_table_whether_it_goes_along() -> None:
    going = {model._meta.label for model in owned.models()}
    assert going | owned.OF_HOUSE == tables.OF_CELLS
    assert not going & owned.OF_HOUSE


@pytest.mark.parametrize("steps", [("wait",), *full((STEPS,))])
def test_whoever_moves_books_may_be_killed_at_each_step(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch, steps: tuple[str, ...]
) -> None:
    with cells.at(1):
        shop = shops.join("2026-11-01 09:00", "meadow", language="th")
        other = shops.join("2026-11-01 09:00", "other")
        stranger, apart = signed_in(member(other)), Caller(merchant=other.merchant)
        for one in (shop, other):
            assert one.place("2026-11-02 10:00", "A-1", "12.50") == "applied"
            assert one.charge("2026-11-02 15:00", "pick-pack", "15.50", "C-1") == "applied"
    set_clock(monkeypatch)("2026-11-03 01:00")
    before = books.of_merchant("meadow")
    browser, platform = signed_in(member(shop)), Caller()
    now = clock.now()

    def die(at: str, name: str) -> None:
        """Kill this process at the step."""
        if name == at:
            os.kill(os.getpid(), signal.SIGKILL)

    for step in steps:
        work = partial(moves.move, "meadow", 2, actor="ada", now=now, at_step=partial(die, step))
        assert forked.run(work) == -signal.SIGKILL
        assert where() == {"meadow": 1, "other": 1}
        assert asked("SELECT count(*) FROM cell_2.credit_order") == [(0,)]
        if step == "wait":
            look_at_the_stop(browser, platform, monkeypatch)
            look_as_a_stranger(stranger, apart)
        Move.objects.filter(ended_at=None).update(until=now)  # as its time is over
        assert books.of_merchant("meadow") == before
        assert browser.get("/m/meadow/").status_code == 200
    assert "meadow is in cell 2" in move(shop, 2)
    assert books.of_merchant("meadow") == before
    assert Counter(Move.objects.values_list("is_done", flat=True)) == {False: len(steps), True: 1}


@pytest.mark.full  # a move that ends at a step is above
def test_a_move_says_what_became_of_it_also_at_the_last_moment(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cells.at(1):
        shops.join("2026-11-01 09:00", "meadow")
    now, steps = clock.now(), list[str]()

    def orphan(name: str) -> None:
        steps.append(name)
        if name == "audit":
            asked("UPDATE cell_2.billing_billingaccount SET issuer_id = 999 RETURNING 1")

    def wrong(name: str) -> None:
        if name == "audit":
            asked("UPDATE cell_2.billing_billingaccount SET outstanding = 7 RETURNING 1")

    with pytest.raises(moves.NotMoved, match=r"audit: in cell 2.*outstanding.*expected"):
        moves.move("meadow", 2, actor="ada", now=now, at_step=wrong)
    # Foreign keys are looked at while the stop lasts, and not by the commit.
    with pytest.raises(moves.NotMoved, match=r"foreign key.*issuer_id.*999"):
        moves.move("meadow", 2, actor="ada", now=now, at_step=orphan)
    assert steps == ["turn", "stop", *STEPS[:-1]]
    assert where() == {"meadow": 1}

    here = type(connections["default"])
    commit = here.commit

    def commit_unheard(self: Any) -> None:
        monkeypatch.setattr(here, "commit", commit)
        commit(self)
        raise OperationalError("the connection was lost")

    def be_unheard(name: str) -> None:
        if name == "commit":
            monkeypatch.setattr(here, "commit", commit_unheard)

    def commit_refused(self: Any) -> None:
        monkeypatch.setattr(here, "commit", commit)
        self.rollback()
        with self.copy().cursor() as other:  # whose turn is next, as the stop is over
            other.execute("UPDATE merchants_move SET ended_at = now() WHERE ended_at IS NULL")
            other.db.close()
        raise OperationalError("the database was full")

    def be_refused(name: str) -> None:
        if name == "commit":
            monkeypatch.setattr(here, "commit", commit_refused)

    with pytest.raises(moves.NotMoved, match="the database was full"):
        moves.move("meadow", 2, actor="ada", now=now, at_step=be_refused)
    assert where() == {"meadow": 1}
    moved = moves.move("meadow", 2, actor="ada", now=now, at_step=be_unheard)
    assert moved.rows["billing_billingaccount"] == 1
    assert where() == {"meadow": 2}


def test_what_another_role_has_open_is_waited_for() -> None:
    role = f"mover_{connections['default'].settings_dict['NAME']}"
    with connections["default"].copy().cursor() as other, connections["default"].cursor() as own:
        other.execute("BEGIN")
        other.execute("SELECT pg_backend_pid()")
        (pid,) = other.fetchone()
        own.execute(f'CREATE ROLE "{role}"')
        try:
            own.execute(f'SET ROLE "{role}"')
            own.execute("SELECT backend_type FROM pg_stat_activity WHERE pid = %s", [pid])
            assert own.fetchone() == (None,)
            assert pid in {process for _, process in moves._open_ones()}
        finally:
            own.execute("RESET ROLE")
            own.execute(f'DROP ROLE "{role}"')
            other.execute("ROLLBACK")
        other.db.close()


def test_who_pays_as_books_begin_to_move_pays_once_and_reads_no_more_than_is_so(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt is on record, and its provider has taken the money, as the stop begins."""
    settings.TAEL_SANDBOX = True
    monkeypatch.setattr(reconnecting, "WAITS_SECONDS", ())  # it lasts
    with cells.at(1):
        shop = shops.join(
            "2026-11-01 09:00", "meadow", plan_price="39.00", payment_method="sandbox"
        )
        invoice = Invoice.objects.get()
    set_clock(monkeypatch)("2026-11-01 10:00")
    collect, collected = Sandbox.collect, list[str]()

    def stopped(self: Sandbox, payment: Payment, **more: Any) -> Any:
        answer = collect(self, payment, **more)
        collected.append(payment.idempotency_key)
        stops.begin(reference="meadow", to_cell=2, most_seconds=60)
        return answer

    monkeypatch.setattr(Sandbox, "collect", stopped)
    browser, page = signed_in(member(shop)), f"/m/meadow/billing/invoices/{invoice.number}/"
    answer = browser.post(f"{page}pay/", {"seen": "0"})
    assert answer.status_code == 503
    assert "Nothing is lost, and nothing is done twice" in text_of(answer)
    assert "Nothing was done" not in text_of(answer)
    with cells.at(1):
        assert Payment.objects.get().is_undecided
    stops.give_up(Move.objects.get().pk)
    asked("DELETE FROM jobs_lease RETURNING 1")  # as its time is over
    for seen in ("0", "1"):
        assert browser.post(f"{page}pay/", {"seen": seen}).status_code == 302
    with cells.at(1):
        assert Payment.objects.get().status == "SUCCEEDED"
        assert Invoice.objects.get().status == "PAID"
    assert len(collected) == 1


def look_at_the_stop(browser: Any, platform: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that, while `meadow` is moved, nothing is done for it, and everything for others."""
    page: HttpResponse = browser.get("/m/meadow/credit/orders/", headers={"Accept-Language": "th"})
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert "กำลังย้ายบัญชีของร้านนี้" in page.content.decode()
    order = {**AN_ORDER, "order": "B-1"}
    refused = platform.post("/orders", {**order, "merchant": "meadow"})
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert said(refused)["code"] == "merchant_moves"
    assert platform.post("/orders", {**order, "merchant": "other"}).status_code == 201
    sent = [
        {"id": f"e-{name}", "type": "order.cancelled", "at": "2026-11-03T01:00:00Z",
         "merchant": name, "data": {"order": "A-1", "reason": "no"}}
        for name in ("other", "meadow")
    ]  # fmt: skip
    assert platform.post("/events", {"events": sent}).status_code == 503
    with cells.at(1):
        assert Order.objects.get(reference="B-1").line.merchant.reference == "other"
        assert set(Order.objects.values_list("status", flat=True)) == {"OPEN"}
    handed_out: list[Any] = []
    monkeypatch.setattr(tasks.do_chunk, "apply_async", lambda said, queue: handed_out.append(said))
    tasks.run_job("billing-day-ends", cell=1)
    tasks.do_chunk(*handed_out[0])
    run = JobRun.objects.get()
    assert (run.rows_due, run.rows_done, run.rows_left) == (2, 1, 1)
    with cells.at(1):
        opened = dict(BillingAccount.objects.values_list("merchant__reference", "open_on"))
    assert {name: str(day) for name, day in opened.items()} == {
        "meadow": "2026-11-02", "other": "2026-11-03"
    }  # fmt: skip


def look_as_a_stranger(stranger: Client, apart: Caller) -> None:
    """Check that somebody who does not belong to `meadow` cannot tell, while it is moved, that
    there is such a merchant: by its pages, and by the API without a key that reaches it.
    """
    for page in ("", "credit/orders/", "credit/orders.csv", "no/such/page/"):
        answers = [stranger.get(f"/m/{name}/{page}") for name in ("meadow", "nobody")]
        assert [one.status_code for one in answers] == [404, 404], page
        assert text_of(answers[0]) == text_of(answers[1]), page
        nobody = [Client().get(f"/m/{name}/{page}") for name in ("meadow", "nobody")]
        assert nobody[0].status_code == nobody[1].status_code, page
        assert nobody[0].get("Location", "").replace("meadow", "nobody") == (
            nobody[1].get("Location", "")
        )
    paid = stranger.post("/m/meadow/billing/invoices/T-2026-000001/pay/")
    assert paid.status_code == 404
    unknown = Caller()
    unknown.text = f"tael_{'a' * 12}_{'b' * 43}"
    for path in ("credit-line", "orders/A-1", "invoices"):
        assert apart.get(f"/merchants/meadow/{path}").status_code == 404, path
        assert unknown.get(f"/merchants/meadow/{path}").status_code == 401, path
    order = {**AN_ORDER, "order": "B-2"}
    for name in ("meadow", "nobody"):
        assert unknown.post("/orders", {**order, "merchant": name}).status_code == 401, name


@pytest.mark.full  # who pays as they begin to move pays once, above
@pytest.mark.parametrize("least", [6, 20])
def test_what_was_acknowledged_while_books_were_moved_is_in_them_once(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    with cells.at(1):
        for name in ("meadow", "other"):
            shops.join("2026-11-01 09:00", name, credit_limit="900000.00",
                       billing_threshold="900000.00")  # fmt: skip
    set_clock(monkeypatch)("2026-11-02 12:00")
    caller = Caller(requests_per_minute=100_000)
    begun, over, lock = Event(), Event(), Lock()
    refused: Counter[str] = Counter()
    done: Counter[tuple[str, str]] = Counter()

    def until_taken(merchant: str, path: str, body: dict[str, Any]) -> None:
        """Until it is acknowledged."""
        while True:
            body |= {} if merchant in path else {"merchant": merchant}
            answer = one_more(caller).post(path, body)
            if answer.status_code < 300:
                break
            assert answer.status_code == 503, answer.content
            with lock:
                refused[merchant] += 1
        with lock:
            done[merchant, path.rpartition("/")[2]] += 1

    def trade(thread: int) -> None:
        """Trade on, and close the thread's connections."""
        try:
            trade_on(thread)
        finally:
            connections.close_all()

    def trade_on(thread: int) -> None:
        """Place and pay orders and charge fees at one of the merchants until it is over."""
        merchant = ("meadow", "other")[thread % 2]
        for number in range(10_000):
            if over.is_set() and number > least:
                break
            order = f"O-{thread}-{number}"
            price = {"amount": "2.00", "currency": "USD"}
            until_taken(merchant, "/orders", {**AN_ORDER, **price, "order": order})
            until_taken(merchant, f"/merchants/{merchant}/orders/{order}/payments",
                 {**price, "payment": f"P-{thread}-{number}"})  # fmt: skip
            until_taken(merchant, "/charges", {**price, "charge": f"C-{thread}-{number}",
                                        "fee": "pick-pack", "request": "FR-1"})  # fmt: skip
            if number == 3:
                begun.set()

    with ThreadPoolExecutor(4) as pool:
        trades = [pool.submit(trade, thread) for thread in range(4)]
        try:
            begun.wait(60)
            moved = moves.move("meadow", 2, actor="ada", now=clock.now())
        finally:
            over.set()
        for one in trades:
            one.result()
    assert where() == {"meadow": 2, "other": 1}
    assert moved.rows["credit_order"] > 0
    assert refused["meadow"] > 0
    assert refused["other"] == 0
    for number, name in ((1, "other"), (2, "meadow")):
        with cells.at(number):
            assert Order.objects.count() == done[name, "orders"] > 2 * least
            assert OrderPayment.objects.count() == done[name, "payments"]
            assert Charge.objects.filter(fee="pick-pack").count() == done[name, "charges"]
    audit_is_clean()


def one_more(caller: Caller) -> Caller:
    """Another caller with the same key, by a client of its own, as threads have."""
    one = object.__new__(Caller)
    one.key, one.text, one.client = caller.key, caller.text, type(caller.client)()
    return one
