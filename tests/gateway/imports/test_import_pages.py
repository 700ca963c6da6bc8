"""Operators upload files in the admin, see how far they are, stop and resume them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backoffice import decision_pages
from gateway.imports import operations
from gateway.imports.models import Import
from tests import shops, trailed
from tests.factories import UserFactory, browser_of, member, operator
from tests.gateway.imports.importing import (
    CHARGES,
    NOW,
    OFFICER,
    PAYMENTS,
    WHY,
    orders,
    status,
    take_in,
    upload,
)
from tests.gateway.imports.test_checking import MERCHANTS
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

UPLOAD = reverse("admin:gateway_import_decide_list", args=["upload"])
ROWS = reverse("admin:gateway_importedrow_changelist")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at NOW."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: NOW))


@pytest.fixture(autouse=True)
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


@pytest.fixture
def officer() -> Client:
    """The browser of a credit officer."""
    return browser_of(operator("Credit officer", email=OFFICER))


def form(kind: str, *lines: str, **said: Any) -> dict[str, Any]:
    """The form that uploads a file of these lines."""
    content = "".join(f"{line}\n" for line in lines).encode()
    file = SimpleUploadedFile("old orders.csv", content)
    return {"kind": kind, "file": file, "reason": WHY} | said


def address(file: Import, page: str, *args: str) -> str:
    """The address of this admin page of the import."""
    return reverse(f"admin:gateway_import_{page}", args=[file.pk, *args])


def test_a_file_is_uploaded_and_its_page_says_how_far_it_is(
    officer: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert UPLOAD in officer.get(reverse("admin:gateway_import_changelist")).text
    explained = text_of(officer.get(UPLOAD))
    assert (
        "Orders: merchant, order, buyer, amount, currency; optional at, instalments, buyer_risk."
        in explained
    )
    since = trailed.newest()
    sent = form("ORDERS", *orders(1, 2), "rosewood,A-3,Mei,5000.00,USD")
    shown = text_of(officer.post(UPLOAD, sent))
    assert "The file is here: 3 rows are in order." in shown
    file = Import.objects.get()
    assert (file.file_name, file.uploaded_by, file.reason) == ("old orders.csv", OFFICER, WHY)
    assert trailed.told(since) == [
        ("IMPORT_UPLOADED", file.name, {},
         {"kind": "ORDERS", "file": "old orders.csv", "rows": 3}),
    ]  # fmt: skip
    page = text_of(officer.get(address(file, "change")))
    assert "At work 0 of 3 rows" in page
    assert "Waiting: 3" in page
    monkeypatch.setattr(operations, "AT_ONCE", 2)
    operations.take_some(file.pk, now=NOW)
    page = text_of(officer.get(address(file, "change")))
    assert "At work 2 of 3 rows" in page
    assert "Waiting: 1, Applied: 2" in page
    take_in()
    page = text_of(officer.get(address(file, "change")))
    assert "Done 3 of 3 rows" in page
    assert "refreshes by itself" not in page
    assert "Applied: 2, Declined: 1" in page
    of_file = officer.get(ROWS, {"q": file.name, "outcome__exact": "declined"})
    assert [row.line for row in of_file.context["cl"].result_list] == [4]
    assert "The limit was not enough" in text_of(of_file)


def test_the_page_says_which_owners_were_not_invited_and_why(officer: Client) -> None:
    silk = "{},Silk,THB,Asia/Bangkok,th,25000.00,7,5000.00,basic,390.00,30,{}"
    of = [silk.format(name, f"{name}@shop.example") for name in ("silk", "wool", "jute")]
    officer.post(UPLOAD, form("MERCHANTS", f"{MERCHANTS},owner_email", *of))
    operator("Auditor", email="wool@shop.example")
    take_in()
    file = Import.objects.get()
    page = text_of(officer.get(address(file, "change")))
    assert "Invited: 2 · None: the address is an operator's: 1" in page
    rows = officer.get(ROWS, {"q": file.name, "invitation__exact": "operators_address"})
    assert [row.merchant for row in rows.context["cl"].result_list] == ["wool"]
    assert "None: the address is an operator's" in text_of(rows)
    officer.post(UPLOAD, form("ORDERS", *orders(1)))
    other = Import.objects.get(kind="ORDERS")
    assert "owners' invitations" not in text_of(officer.get(address(other, "change"))).lower()


def test_bad_rows_are_listed_and_nothing_is_kept(officer: Client) -> None:
    sent = form("ORDERS", *orders(1), "rosewood,A-2,Mei,-1,USD", "nobody,A-3,Mei,1,USD")
    with nothing_changes():
        shown = text_of(officer.post(UPLOAD, sent))
        assert "Nothing of the file was taken in" in shown
        assert "What is wrong" in shown
        assert "Line 3, amount: must be more than 0." in shown
        assert "Line 4, merchant: there is no merchant nobody." in shown
        assert "The file is in UTF-16" in text_of(
            officer.post(
                UPLOAD, form("ORDERS") | {"file": SimpleUploadedFile("a.csv", b"\xff\xfea\0")}
            )
        )
        for missing in ("kind", "file", "reason"):
            assert officer.post(UPLOAD, form("ORDERS", *orders(1)) | {missing: ""}).context["form"]


def test_the_same_file_again_is_told_on_the_page(officer: Client) -> None:
    officer.post(UPLOAD, form("ORDERS", *orders(1)))
    with nothing_changes():
        shown = text_of(officer.post(UPLOAD, form("ORDERS", *orders(1))))
        assert f"This file is here already: {Import.objects.get()}" in shown
    officer.post(UPLOAD, form("ORDERS", *orders(1), again="on"))
    assert Import.objects.count() == 2


def test_the_result_is_downloaded_by_who_may_look(officer: Client, shop: Shop) -> None:
    officer.post(UPLOAD, form("ORDERS", *orders(1)))
    take_in()
    file = Import.objects.get()
    result = address(file, "result")
    assert result in officer.get(address(file, "change")).text
    answer: Any = officer.get(result)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{file.name}.csv"'
    assert b"".join(answer.streaming_content).decode("utf-8-sig").splitlines() == [
        "line,merchant,order,buyer,amount,currency,outcome,code,refused_because,taken_in_at",
        "2,rosewood,A-1,Somchai,10.00,USD,applied,,,2026-11-10T10:00:00Z",
    ]
    assert browser_of(operator("Auditor")).get(result).status_code == 200
    assert browser_of(operator()).get(result).status_code == 403
    assert browser_of(member(shop)).get(result).status_code == 302
    assert Client().get(result).status_code == 302
    assert officer.get(reverse("admin:gateway_import_result", args=[0])).status_code == 404


def test_an_officer_stops_and_resumes_it(officer: Client) -> None:
    officer.post(UPLOAD, form("ORDERS", *orders(1)))
    file = Import.objects.get()
    stop, resume = (address(file, "decide", name) for name in ("stop", "resume"))
    page = officer.get(address(file, "change")).text
    assert (stop in page, resume in page) == (True, False)
    with nothing_changes():
        assert officer.post(stop, {"reason": ""}).context["form"].errors
        assert "is at work" in text_of(officer.post(resume, {"reason": "Go on."}))
    assert officer.post(stop, {"reason": "Wait."}).status_code == 302
    page = officer.get(address(file, "change")).text
    assert (status(file), stop in page, resume in page) == ("STOPPED", False, True)
    assert officer.post(resume, {"reason": "Go on."}).status_code == 302
    assert status(file) == "RUNNING"


KINDS = {
    "MERCHANTS": [
        MERCHANTS,
        "silk,Silk,THB,Asia/Bangkok,th,25000.00,7,5000.00,basic,390.00,30",
    ],
    "ORDERS": orders(1),
    "CHARGES": [CHARGES, "rosewood,c-1,pick-pack,1.00,USD"],
    "PAYMENTS": [PAYMENTS, "rosewood,A-0,p-1,1.00,USD"],
}
THEIRS = {
    "Credit officer": {"MERCHANTS", "ORDERS", "PAYMENTS"},
    "Billing officer": {"CHARGES"},
    "Auditor": set(),
    "Administrator": set(),
}


@pytest.mark.parametrize("role", THEIRS)
def test_who_may_import_what(shop: Shop, role: str) -> None:
    shop.place("2026-11-02 10:00", "A-0", "10.00")
    browser = browser_of(operator(role))
    taken = set()
    for kind, lines in KINDS.items():
        said = form(kind, *lines)
        if kind in THEIRS[role]:
            assert "1 row is in order" in text_of(browser.post(UPLOAD, said))
            taken.add(Import.objects.latest("pk").kind)
            continue
        with nothing_changes():
            answer = browser.post(UPLOAD, said)
            assert answer.status_code == 403 or (
                "are not for your role to import" in text_of(answer)
            )
    assert taken == THEIRS[role]


def test_nor_do_they_stop_or_resume_what_is_not_theirs(officer: Client) -> None:
    charges = upload("CHARGES", *KINDS["CHARGES"])
    stopped = upload("CHARGES", CHARGES, "rosewood,c-2,pick-pack,1.00,USD")
    said = {"reason": "Wait.", "actor": "bo@tael.example", "now": NOW}
    operations.stop(import_id=stopped.pk, **said)  # type: ignore[arg-type]
    with nothing_changes():
        for file, name in ((charges, "stop"), (stopped, "resume")):
            answer = officer.post(address(file, "decide", name), {"reason": "Mine."})
            assert "charges are not for your role to import" in text_of(answer)
    biller = browser_of(operator("Billing officer"))
    biller.post(address(charges, "decide", "stop"), {"reason": "Wait."})
    assert status(charges) == "STOPPED"


Person = Callable[[Shop], Client]
OTHERS: dict[str, Person] = {
    "owner": lambda shop: browser_of(member(shop)),
    "stranger": lambda shop: browser_of(member(shops.join("2026-11-01 10:00", "silk"))),
    "superuser": lambda shop: browser_of(UserFactory.create(is_staff=True, is_superuser=True)),
    "nobody": lambda shop: Client(),
}


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_uploads_anything(shop: Shop, who: str) -> None:
    file = upload("ORDERS", *orders(1))
    browser = OTHERS[who](shop)
    with nothing_changes():
        for kind, lines in KINDS.items():
            assert browser.post(UPLOAD, form(kind, *lines)).status_code in (302, 403)
        answer = browser.post(address(file, "decide", "stop"), {"reason": "No."})
        assert answer.status_code in (302, 403)
