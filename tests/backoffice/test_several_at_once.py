"""Several rows of a list are decided at once as each would be alone."""

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from backoffice.decisions import Decision
from backoffice.several import DecidingSeveral
from credit.models import Withdrawal
from credit.operations import days
from jobs.models import JobFailure
from merchants.models import User
from tests import shops
from tests.backoffice import admin_roles
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-03 12:00"
WHY = {"reason": "The account is not theirs.", "told": "Please use an account of your own."}
OFFICER = "olga@tael.example"


def page(name: str, asked: str = "") -> str:
    """The address where this decision about several withdrawals is made."""
    return reverse("admin:credit_withdrawal_decide_several", args=[name]) + asked


def own_page(withdrawal: Withdrawal, name: str) -> str:
    """The address where this decision about one withdrawal is made."""
    return reverse("admin:credit_withdrawal_decide", args=[withdrawal.pk, name])


@pytest.fixture
def asked_for(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[Withdrawal]:
    """Three withdrawals of two shops that wait; they are sent by file."""
    settings.TAEL_PAYOUT_PROVIDER = "manual"
    first, second = withdrawing.shop_with("900.00"), withdrawing.shop_with("900.00", "elsewhere")
    found = [
        withdrawing.withdraw(first, "100.00"),
        withdrawing.withdraw(first, "50.00"),
        withdrawing.withdraw(second, "70.00"),
    ]
    set_clock(monkeypatch)(NOW)
    return found


@pytest.fixture
def officer() -> User:
    return operator("Credit officer", email=OFFICER)


def carried(client: Client, address: str) -> dict[str, str]:
    """What the page carries of what it shows of its rows."""
    rows = client.get(address).context["rows"]
    return {row.showed_in: row.showed for row in rows}


def books() -> Any:
    """What `manage.py books --all` says, by merchant."""
    out = StringIO()
    call_command("books", "--all", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def decided(client: Client, name: str, rows: list[Withdrawal], said: dict[str, str]) -> Any:
    """The answer to this decision about these rows, sent with these values."""
    chosen = {"chosen": [str(row.pk) for row in rows]}
    return client.post(page(name), {**carried(client, page(name)), **said, **chosen})


def test_together_they_leave_what_they_leave_one_by_one(
    asked_for: list[Withdrawal], officer: User
) -> None:
    client = browser_of(officer)
    before = books()
    with transaction.atomic():
        for withdrawal in asked_for:
            assert client.post(own_page(withdrawal, "reject"), WHY).status_code == 302
        one_by_one = books()
        assert LogEntry.objects.filter(user=officer).count() == 3
        transaction.set_rollback(True)
    assert books() == before != one_by_one
    answer = decided(client, "reject", asked_for, WHY)
    assert answer.context["report"].done.startswith("3 of 3: Reject.")
    assert answer.context["report"].refused == []
    assert {withdrawing.status(one) for one in asked_for} == {"REJECTED"}
    assert books() == one_by_one
    assert LogEntry.objects.filter(user=officer).count() == 3


def test_what_is_refused_keeps_no_other_waiting_and_says_why(
    asked_for: list[Withdrawal], officer: User
) -> None:
    client = browser_of(officer)
    showed = carried(client, page("reject"))
    withdrawing.cancel(asked_for[1])
    answer = client.post(
        page("reject"), {**showed, **WHY, "chosen": [str(one.pk) for one in asked_for]}
    )
    report = answer.context["report"]
    assert report.done.startswith("2 of 3: Reject.")
    (refused,) = report.refused
    assert refused.startswith(f"{asked_for[1]}: Status: it was Requested when this page was opened")
    assert [withdrawing.status(one) for one in asked_for] == ["REJECTED", "CANCELLED", "REJECTED"]


@pytest.mark.full  # what is refused, above
def test_a_row_of_which_the_page_says_nothing_is_not_decided(
    asked_for: list[Withdrawal], officer: User
) -> None:
    client = browser_of(officer)
    with nothing_changes():
        answer = client.post(
            page("reject"), {**WHY, "chosen": [str(asked_for[0].pk), "999999999", "x"]}
        )
    gone, unread = sorted(answer.context["report"].refused, key=len)
    assert gone == "Row 999999999 is gone."
    assert "no longer says what it showed" in unread


@pytest.mark.full  # what is refused keeps no other, above
def test_one_merchant_whose_days_stand_still_stops_no_other(
    asked_for: list[Withdrawal], officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_off = days.work_off

    def fails(line_ids: Any, **given: Any) -> int:
        if asked_for[2].line_id in line_ids:
            raise ValueError("a figure that cannot be")
        return work_off(line_ids, **given)

    monkeypatch.setattr(days, "pass_quiet_days", lambda line, now: False)
    monkeypatch.setattr(days, "work_off", fails)
    set_clock(monkeypatch)("2026-11-04 12:00")
    client = browser_of(officer)
    showed = carried(client, page("reject"))
    chosen = {"chosen": [str(one.pk) for one in asked_for]}
    report = client.post(page("reject"), {**showed, **WHY, **chosen}).context["report"]
    assert report.done.startswith("2 of 3")
    assert "days cannot be worked off" in report.refused[0]
    assert withdrawing.status(asked_for[2]) == "REQUESTED"


@pytest.mark.full  # a reason in test_admin_decisions.py
def test_it_asks_for_a_reason_and_for_rows(asked_for: list[Withdrawal], officer: User) -> None:
    client = browser_of(officer)
    with nothing_changes():
        answer = decided(client, "reject", asked_for, {**WHY, "reason": " "})
        assert answer.context["form"].errors["reason"]
        assert [row.is_chosen for row in answer.context["rows"]] == [True, True, True]
        nothing = decided(client, "reject", [], WHY)
        assert "Choose the rows first." in nothing.context["form"].non_field_errors()
        assert client.post(
            page("reject"), {**WHY, "chosen": [str(number) for number in range(101)]}
        ).status_code == 403  # fmt: skip


@pytest.mark.full  # together they leave the same, above
def test_it_offers_the_rows_that_the_list_shows_and_that_are_open(
    asked_for: list[Withdrawal], officer: User
) -> None:
    client = browser_of(officer)
    rows = client.get(page("reject", "?q=elsewhere")).context["rows"]
    assert [row.name for row in rows] == [str(asked_for[2])]
    assert client.get(page("approve")).context["rows"] == []  # none is large
    listed = client.get("/admin/credit/withdrawal/?q=elsewhere").content.decode()
    assert page("reject", "?q=elsewhere") in listed


def test_who_may_not_decide_one_decides_not_several(asked_for: list[Withdrawal]) -> None:
    shop = Shop("rosewood")
    for person, status in ((operator("Auditor"), 403), (operator("Billing officer"), 403),
                           (member(shop), 302)):  # fmt: skip
        client = browser_of(person)
        with nothing_changes():
            assert client.get(page("reject")).status_code == status
            chosen = {"chosen": [str(asked_for[0].pk)]}
            assert client.post(page("reject"), {**WHY, **chosen}).status_code == status
    assert browser_of(operator("Credit officer")).get(page("paid")).status_code == 404


def test_only_decisions_whose_forms_say_the_same_of_all_rows_are_offered() -> None:
    from django.contrib import admin

    found = 0
    for pages in admin.site._registry.values():
        if not isinstance(pages, DecidingSeveral):
            continue
        label = pages.opts.label_lower
        assert " ".join(pages.several) == admin_roles.DECIDED_FOR_SEVERAL[label]
        for decision in pages._for_several():
            assert isinstance(decision, Decision)
            assert set(decision.form().fields) <= {"reason", "told"}, decision
            found += 1
    assert found == sum(len(one.split()) for one in admin_roles.DECIDED_FOR_SEVERAL.values())


def test_parked_rows_are_tried_again_together(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shops.join("2026-11-01 10:00")
    set_clock(monkeypatch)(NOW)
    for job in ("billing-day-ends", "credit-day-ends"):
        JobFailure.objects.create(
            job=job, row_id=shop.merchant.pk, merchant=shop.merchant, error="broken",
            first_failed_at=shops.instant(NOW), last_failed_at=shops.instant(NOW),
        )  # fmt: skip
    client = browser_of(operator("Administrator"))
    address = reverse("admin:jobs_jobfailure_decide_several", args=["retry"])
    rows = client.get(f"{address}?waits=parked").context["rows"]
    said = {row.showed_in: row.showed for row in rows}
    said |= {"reason": "Mended.", "chosen": [str(row.key) for row in rows]}
    report = client.post(address, said).context["report"]
    assert (report.done.splitlines()[0], report.refused) == ("2 of 2: Retry.", [])
    assert not JobFailure.objects.filter(resolved_at__isnull=True).exists()
