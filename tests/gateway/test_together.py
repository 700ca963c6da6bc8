"""What a replay does for many merchants at once, or lets wait, comes to the same as one by one:
known answers of providers (rule 20.13), day-ends (rule 20.14), merchants that join (rule 20.15).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model, UUIDField
from django.test.utils import CaptureQueriesContext

from billing.jobs import COLLECT_PAYMENTS
from billing.models import BillingAccount, Invoice, Payment
from credit.models import CreditLine
from gateway.replay import Replaying
from gateway.replayed_files import Line
from gateway.webhooks.models import WebhookEvent
from jobs.models import Lease
from tests import event_files
from tests.gateway.test_windows import Sent, one_by_one, shop, together
from tests.shops import Shop

pytestmark = pytest.mark.django_db
JOINED = "2026-11-01 10:00"


@pytest.fixture(autouse=True)
def _sandbox(settings: Any) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


def joining(*references: str) -> Sent:
    """The events by which these merchants join."""
    sent: Sent = []
    for reference in references:
        shop(reference, sent, payment_method="sandbox", plan_price="39.00").join(JOINED)
    return sent


@pytest.mark.full  # bills together, below
def test_merchants_that_join_together_have_the_books_and_bills_of_one_by_one() -> None:
    """With one among them that joined already, all of them go alone."""

    def way(apply: Callable[[Sent], list[str]], sent: Sent) -> tuple[list[str], dict[str, Any]]:
        """The outcomes of the events applied in this way, and the books."""
        statuses: list[str] = []
        found = event_files.undone(lambda: statuses.extend(apply(sent)))
        return statuses, found

    fresh = joining("rosewood", "orchid", "willow")
    statuses, found = way(together, fresh)
    assert statuses == ["applied"] * 3
    assert [number[:2] for number in found["bills"]] == [
        ("2026-000001", "rosewood"), ("2026-000002", "orchid"), ("2026-000003", "willow"),
    ]  # fmt: skip
    assert way(one_by_one, fresh) == (statuses, found)
    nowhere = joining("oak")[0]
    nowhere = nowhere._replace(data={**nowhere.data, "timezone": "Nowhere"})
    mixed = [*joining("rosewood", "orchid", "rosewood"), nowhere, *joining("willow")]
    statuses, found = way(together, mixed)
    assert statuses == ["applied", "applied", "duplicate", "rejected", "applied"]
    assert way(one_by_one, mixed) == (statuses, found)


def test_bills_whose_answer_is_known_are_collected_together_as_one_by_one() -> None:
    """Six shops pay by the sandbox, and a bill of one of them will freeze its line."""
    sent = joining("a", "b", "c", "d", "e", "f")
    assert set(one_by_one(sent)) == {"applied"}
    lines = CreditLine.objects.filter(merchant__reference="c")
    lines.update(unpaid_bill_days=[date(2026, 11, 29)])
    now = sent[0].at + timedelta(hours=1)
    rows: dict[str, Any] = {}
    statements: dict[str, int] = {}

    def collect(name: str, **changed: Any) -> None:
        """Run the job in this form, and note its statements and the rows."""
        with CaptureQueriesContext(connection) as asked:
            replace(COLLECT_PAYMENTS, **changed).run_here(now, at_once=True)
        statements[name] = len(asked)
        rows[name] = [every_row(one) for one in (Payment, Invoice, BillingAccount, CreditLine)]
        rows[name] += [every_row(WebhookEvent), Lease.objects.count()]

    each = event_files.undone(lambda: collect("one by one", without_asking=None))
    assert event_files.undone(lambda: collect("together")) == each
    assert rows["together"] == rows["one by one"]
    assert [row[1:] for row in each["payments"]] == [("SUCCEEDED", Decimal("39.00"))] * 6
    assert statements["together"] < statements["one by one"] / 3
    held = Invoice.objects.get(merchant_reference="d")
    Lease.objects.create(what=f"bill {held.pk}", owner="another", until=now + timedelta(days=3650))
    COLLECT_PAYMENTS.run_here(now, at_once=True)
    unpaid = Invoice.objects.exclude(status="PAID")
    assert [one.merchant_reference for one in unpaid] == ["d"]  # in another's hands


def every_row(model: type[Model]) -> list[Any]:
    """All columns of the model's rows but their own keys, and what is drawn by lot."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, UUIDField)]
    names = [field.attname for field in fields if field.name != "id"]
    return sorted(model._default_manager.values_list(*names), key=str)


@pytest.mark.full  # test_windows goes past others
def test_day_ends_at_which_nothing_happens_wait_and_come_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing happens at one shop between its first bill, on 1 November, and the month's end; at
    another something is charged each day.
    """
    sent: list[dict[str, Any]] = []

    def at(reference: str) -> Shop:
        return Shop(reference, sender=lambda event: sent.append(event) or "")  # type: ignore[func-returns-value]

    at("quiet").join(JOINED)
    at("busy").join(JOINED)
    for day in range(2, 30):
        at("busy").charge(f"2026-11-{day:02} 12:00", "storage", "1.00", f"c-{day}")
        at("busy").charge(f"2026-11-{day:02} 12:30", "pick-pack", "30.00", f"d-{day}")
    at("quiet").place("2026-12-02 10:00", "A", "10.00")
    path = event_files.write(tmp_path / "events.jsonl", sent)
    behind: set[date] = set()
    apply = Replaying._apply

    def noted(self: Replaying, window: Sequence[Line]) -> datetime | None:
        """Apply the group of lines, and note which day `quiet` has open then."""
        books = BillingAccount.objects.filter(merchant__reference="quiet")
        behind.update(books.values_list("open_on", flat=True))
        return apply(self, window)

    monkeypatch.setattr(Replaying, "_apply", noted)

    def replayed() -> None:
        behind.clear()
        event_files.replay(path, until="2026-12-10T00:00:00Z")

    waiting = event_files.undone(replayed)
    # It came along on the day on which its first bill is due to be paid, and as the month ended.
    assert len(behind) <= 4
    monkeypatch.setattr(Replaying, "stops_at_each_tick", True)
    assert event_files.undone(replayed) == waiting
    assert len(behind) >= 28
