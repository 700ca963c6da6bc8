"""Each door enters the cell of the merchant that it is about, and no other."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from billing.models import BillingAccount, Statement
from config.cells import tables
from credit.models import Order
from gateway.models import ReceivedEvent
from jobs import requested, tasks, timetable
from jobs.chunks import Failures
from jobs.definitions import Job
from jobs.in_cells import InCells
from jobs.models import JobFailure, JobRun
from jobs.timetable import all_jobs
from lib import cells
from merchants.models import Membership, Merchant
from tests import shops
from tests.config.test_authorisation import MERCHANT, WHO
from tests.credit.pages import set_clock
from tests.factories import MembershipFactory, browser_of, member, operator, signed_in
from tests.gateway.asking import AN_ORDER, Caller, said
from tests.gateway.webhooks.hooks import endpoint
from tests.routes import address, full_shop, routes
from tests.shops import Shop
from tests.text import text_of
from tests.undrawn import undrawn
from tests.whole import full

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(two_cells: None) -> tuple[Shop, Shop]:
    """A shop in the first cell, and one in the second."""
    found = tuple(shops.join("2026-11-01 09:00", name) for name in ("meadow", "orchard"))
    where = dict(Merchant.objects.values_list("reference", "cell"))
    assert where == {"meadow": 1, "orchard": 2}
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("every", [18, *full(1)])
def test_every_page_of_a_merchant_is_made_in_its_cell_for_its_own_people_alone(
    two_cells: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, every: int
) -> None:
    """In `make test` every eighteenth page."""
    caplog.set_level("CRITICAL", "django.request")
    set_clock(monkeypatch)("2026-12-01 10:00")
    with cells.at(1):
        other = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    with cells.at(2):
        shop = full_shop()
        asked = {one.name: address(one, shop) for one in routes() if one.is_of_a_merchant}
    clients = {"owner": signed_in(member(shop)), "stranger": signed_in(member(other))}
    differences = []
    for turn, (name, path) in enumerate([*asked.items()][::every]):
        wanted = dict(zip(WHO, MERCHANT[name].get.split(), strict=True))
        for who in ("owner", "stranger")[: 1 + (turn % 4 == 0)]:
            got = _status(clients[who], path)
            if got != wanted[who]:
                differences.append(f"{name} for {who}: {got}, not {wanted[who]}")
    assert differences == []
    assert len(asked) > 100


def _status(client: Client, path: str) -> str:
    """The status of the answer, with all that it wrote undone."""
    with transaction.atomic(), undrawn():
        response: Any = client.get(path)
        if response.streaming:
            assert b"".join(response.streaming_content)
        transaction.set_rollback(True)
    return str(response.status_code)


def test_an_unknown_merchant_is_the_same_to_a_stranger_as_one_of_any_cell(
    two: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "django.request")
    set_clock(monkeypatch)("2026-11-02 12:00")
    with cells.at(1):
        stranger = member(shops.join("2026-11-01 09:00", "willow"))
    for who in (stranger, operator("Administrator")):
        browser = signed_in(who)
        for page in ("", "credit/orders/", "credit/orders.csv", "settings/team/", "no/such/page/"):
            answers = {}
            for reference in ("meadow", "orchard", "nobody"):
                answer = browser.get(f"/m/{reference}/{page}")
                answers[reference] = (answer.status_code, text_of(answer))
            assert answers["meadow"][0] == 404, page
            assert answers["meadow"] == answers["orchard"] == answers["nobody"], page
        for reference in ("meadow", "orchard", "nobody"):
            paid = browser.post(f"/m/{reference}/billing/invoices/T-1/pay/")
            assert paid.status_code == 404
    platform, own = Caller(), Caller(merchant=two[1].merchant)
    reads = ("orders", "orders/A-1", "credit-line", "proceeds", "withdrawals", "invoices",
             "charges", "charges/C-1", "statements", "prices")  # fmt: skip
    for path in reads:
        assert platform.get(f"/merchants/nobody/{path}").status_code == 404, path
        assert own.get(f"/merchants/nobody/{path}").status_code == 404, path
        assert own.get(f"/merchants/meadow/{path}").status_code == 404, path
    for caller, merchant in ((platform, "nobody"), (own, "nobody"), (own, "meadow")):
        for path in ("/orders", "/orders/check"):
            placed = caller.post(path, {**AN_ORDER, "merchant": merchant})
            assert placed.status_code == 404, (path, merchant)


def test_a_person_with_shops_in_two_cells_sees_each_as_it_is(
    two: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-02 12:00")
    one, other = two
    assert one.place("2026-11-02 10:00", "ONE-1", "12.50") == "applied"
    assert other.place("2026-11-02 10:00", "OTHER-1", "7.00") == "applied"
    person = member(one)
    MembershipFactory.create(user=person, merchant=other.merchant, role=Membership.Role.OWNER)
    browser = signed_in(person)
    home = text_of(browser.get("/"))
    assert "meadow" in home
    assert "orchard" in home
    for shop, own, foreign in ((one, "ONE-1", "OTHER-1"), (other, "OTHER-1", "ONE-1")):
        page = text_of(browser.get(f"/m/{shop.reference}/credit/orders/"))
        assert own in page
        assert foreign not in page
        file: Any = browser.get(f"/m/{shop.reference}/credit/orders.csv")
        lines = b"".join(file.streaming_content).decode()
        assert own in lines
        assert foreign not in lines
    assert cells.entered() == ""


def test_what_the_api_is_told_and_asked_is_in_the_merchants_cell(
    two: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-02 12:00")
    platform = Caller()
    for merchant in ("meadow", "orchard"):
        placed = platform.post("/orders", {**AN_ORDER, "merchant": merchant})
        assert placed.status_code == 201
        assert said(placed)["status"] == "OPEN"
    sent = [
        {"id": f"e-{place}", "type": "order.placed", "at": "2026-11-02T11:00:00Z",
         "merchant": merchant, "data": {"order": "B-1", "buyer": "Mei", "amount": "5.00",
                                        "currency": "USD", "instalments": 1}}
        for place, merchant in enumerate(("orchard", "nobody", "meadow"))
    ]  # fmt: skip
    assert [one["outcome"] for one in platform.events(*sent)] == ["applied", "rejected", "applied"]
    own = Caller(merchant=two[1].merchant)
    assert own.get("/merchants/meadow/orders").status_code == 404
    listed = said(own.get("/merchants/orchard/orders"))
    assert {row["reference"] for row in listed["rows"]} == {"A-1", "B-1"}
    assert said(platform.get("/events/e-0"))["outcome"] == "applied"
    assert own.get("/events/e-2").status_code == 404
    assert own.post("/orders", {**AN_ORDER, "merchant": "meadow"}).status_code == 404
    for number, merchants in ((1, {"meadow", "nobody"}), (2, {"orchard"})):
        with cells.at(number):
            assert Order.objects.count() == 2
            assert set(ReceivedEvent.objects.values_list("merchant", flat=True)) == merchants


def test_merchants_join_where_the_fewest_are_and_what_follows_goes_there(
    two: tuple[Shop, Shop],
) -> None:
    with cells.at(1):
        third = shops.join("2026-11-02 09:00", "third")
    fourth, fifth = (shops.join("2026-11-02 09:00", name) for name in ("fourth", "fifth"))
    where = dict(Merchant.objects.values_list("reference", "cell"))
    assert where == {"meadow": 1, "orchard": 2, "third": 1, "fourth": 2, "fifth": 1}
    for shop in (third, fourth, fifth):
        assert shop.place("2026-11-02 10:00", "A-1", "1.00") == "applied"
        assert shop.join("2026-11-02 09:00") == "duplicate"
    with pytest.raises(cells.InAnotherCell), cells.at(1):
        fourth.place("2026-11-02 10:00", "A-2", "1.00")
    with cells.at(2):
        assert Order.objects.count() == 1


def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tasks for the cells run as they are sent."""
    monkeypatch.setattr(tasks.run_job, "delay", lambda name, **more: tasks.run_job(name, **more))


def test_each_cell_has_a_run_of_a_job_and_each_chunk_is_of_one(
    two: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = shops.instant("2026-11-03 01:00")
    set_clock(monkeypatch)("2026-11-03 01:00")
    for shop in two:
        assert shop.charge("2026-11-02 15:00", "pick-pack", "15.50", "C-1") == "applied"
    handed_out: list[tuple[Any, ...]] = []
    at_once(monkeypatch)
    monkeypatch.setattr(
        tasks.do_chunk, "apply_async", lambda values, queue: handed_out.append(values)
    )
    tasks.run_job("billing-day-ends", tick=at.isoformat())
    tasks.run_job("billing-day-ends", tick=at.isoformat())
    runs = JobRun.objects.order_by("cell")
    assert [(run.cell, run.rows_due, run.chunks) for run in runs] == [(1, 1, 1), (2, 1, 1)]
    keys = dict(Merchant.objects.values_list("reference", "pk"))
    assert [(list(values[3]), values[5]) for values in handed_out] == [
        ([keys["meadow"]], 1), ([keys["orchard"]], 2)
    ]  # fmt: skip
    for values in handed_out:
        tasks.do_chunk(*values)
    assert {(run.rows_done, run.rows_failed, run.ended_at) for run in runs.all()} == {(1, 0, at)}
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            account = BillingAccount.objects.get()
            assert (account.merchant.reference, str(account.open_on)) == (name, "2026-11-03")


@pytest.mark.parametrize("where", [InCells.ITS_OWN, InCells.EACH])
def test_a_row_that_fails_in_a_cell_is_parked_and_tried_again_there(
    two: tuple[Shop, Shop], where: InCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is one of what is shared, which each cell does for itself."""
    at = shops.instant("2026-11-03 01:00")
    set_clock(monkeypatch)("2026-11-03 01:00")
    done: list[tuple[str, int]] = []
    own = {shop.merchant.cell: shop.merchant.pk for shop in two}

    def due(now: datetime) -> list[int]:
        """The rows that are due where it is asked."""
        return [7 if where is InCells.EACH else own[cells.number()]]

    def work(keys: list[int], now: datetime) -> Failures:
        """Note where the row is done; fail at it once, in the second cell."""
        done.append((cells.entered(), keys[0]))
        return {keys[0]: ValueError("broken")} if done[1:] == [("cell_2", keys[0])] else {}

    job = Job("sweep", due, work, timedelta(hours=1), where=where)
    monkeypatch.setattr(timetable, "_jobs", (job,))
    at_once(monkeypatch)
    do_chunk = tasks.do_chunk.run
    monkeypatch.setattr(tasks.do_chunk, "apply_async", lambda values, queue: do_chunk(*values))
    tasks.run_job("sweep")
    keys = {1: 7, 2: 7} if where is InCells.EACH else own
    assert done == [("cell_1", keys[1]), ("cell_2", keys[2])]
    failure = JobFailure.objects.get()
    assert failure.row_id == (2 * cells.KEYS + 7 if where is InCells.EACH else own[2])
    JobFailure.objects.update(merchant=own[2])
    requested.retry(failure_id=failure.pk, actor="ada@tael.example", reason="Now.", now=at)
    failure.refresh_from_db()
    assert failure.resolved_at == at
    assert done[2:] == [("cell_2", keys[2])]


def test_every_job_of_the_timetable_says_what_it_does_in_cells(two: tuple[Shop, Shop]) -> None:
    wrong = [
        job.name
        for job in all_jobs()
        if job.model is not None
        and tables.is_of_cells(job.model._meta.app_label, job.model.__name__)
        is not (job.where is InCells.ITS_OWN)
    ]
    assert wrong == []
    now = shops.instant("2026-12-01 01:00")
    for shop in two:
        assert shop.charge("2026-11-02 15:00", "pick-pack", "15.50", "C-1") == "applied"
    for job in all_jobs():
        job.run_here(now)
    for number in (1, 2):
        with cells.at(number):
            assert Statement.objects.filter(closed_at__isnull=False).count() == 1


@pytest.mark.parametrize("where", [InCells.ITS_OWN, InCells.EACH, InCells.ONCE])
def test_operators_retry_rows_of_every_cell_from_the_page_of_the_chosen_one(
    two: tuple[Shop, Shop], where: InCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What all cells share is done in none, and one that is shared and done in each, in its own."""
    set_clock(monkeypatch)("2026-11-03 01:00")
    done: list[tuple[str, int]] = []

    def work(keys: list[int], now: datetime) -> Failures:
        """Note where the row is done; what is done for all enters the second cell itself."""
        done.append((cells.entered(), keys[0]))
        if where is InCells.ONCE:
            with cells.at(2):
                assert Merchant.objects.count() == 2
        return {}

    job = Job("sweep", lambda now: [], work, timedelta(hours=1), where=where)
    monkeypatch.setattr(timetable, "_jobs", (job,))
    keys = [7, 8] if where is InCells.ONCE else [7, 2 * cells.KEYS + 8]
    failures = [
        JobFailure.objects.create(
            job="sweep",
            row_id=key,
            merchant=shop.merchant if where is InCells.ITS_OWN else None,
            error="ValueError: broken",
            failures=1,
            first_failed_at=shops.instant("2026-11-02 01:00"),
            last_failed_at=shops.instant("2026-11-02 01:00"),
        )
        for key, shop in zip(keys, two, strict=True)
    ]
    browser = browser_of(operator("Administrator"))
    page = reverse("admin:jobs_jobfailure_decide_several", args=["retry"])
    showed = {row.showed_in: row.showed for row in browser.get(page).context["rows"]}
    said = {"chosen": [str(one.pk) for one in failures], "reason": "Mended.", **showed}
    report = text_of(browser.post(page, said))
    assert "2 of 2: Retry." in report
    assert report.count("It is done.") == 2
    second = {InCells.ONCE: ("", 8), InCells.EACH: ("cell_2", 8)}
    own = ("cell_2", 2 * cells.KEYS + 8)
    first = ("" if where is InCells.ONCE else "cell_1", 7)
    assert done == [first, second.get(where, own)]
    where_recorded = [0, 0] if where is InCells.ONCE else [1, 2]
    runs = JobRun.objects.order_by("pk")
    assert [(run.cell, run.rows_done, run.error) for run in runs] == [
        (cell, 1, "") for cell in where_recorded
    ]


def test_a_parked_row_leads_to_its_page_also_where_each_cell_does_what_all_share(
    two: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-03 01:00")
    to = endpoint("https://hooks.shop.example/tael").endpoint
    at = shops.instant("2026-11-02 01:00")
    seen: dict[str, Any] = {"first_failed_at": at, "last_failed_at": at, "failures": 1}
    for key in (to.pk, 2 * cells.KEYS + to.pk):
        JobFailure.objects.create(job="deliver-webhooks", row_id=key, error="broken", **seen)
    JobFailure.objects.create(job="retention", row_id=2 * cells.KEYS + 1, error="broken", **seen)
    browser = browser_of(operator("Administrator"))
    page = browser.get(reverse("admin:jobs_jobfailure_changelist"))
    for cell in (1, 2):
        assert f"gateway_webhookendpoint {to.pk} in cell {cell}" in text_of(page)
    assert "1 in cell 2" in text_of(page)
    address = reverse("admin:gateway_webhookendpoint_change", args=[to.pk])
    assert page.text.count(f'href="{address}"') == 2
