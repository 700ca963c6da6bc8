"""The rows of an import are applied in the background, each once, and end in a result file."""

import csv
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError

from gateway.imports import operations, queries
from gateway.imports.audit import IMPORTS
from gateway.imports.faults import BadRows
from gateway.imports.jobs import TAKE_IN
from gateway.imports.models import Import, ImportedRow
from gateway.imports.operations import AlreadyImported, NotAtWork, NotStopped
from lib import audit, erasing
from lib.refusals import Invalid
from merchants.models import Invitation, Membership, Merchant
from merchants.operations import invitations, inviting
from tests import shops, trailed
from tests.factories import member, operator
from tests.gateway.imports.importing import (
    CHARGES,
    NOW,
    OFFICER,
    ORDERS,
    PAYMENTS,
    WHY,
    became,
    orders,
    status,
    take_in,
    upload,
)
from tests.gateway.imports.test_checking import MERCHANTS
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

BY = {"reason": "The limits come first.", "actor": OFFICER, "now": NOW}


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


@pytest.fixture
def in_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are taken in at once."""
    monkeypatch.setattr(operations, "AT_ONCE", 2)


def references(shop: Shop) -> list[str]:
    """The references of the shop's orders."""
    return list(shop.line.orders.order_by("pk").values_list("reference", flat=True))


def test_orders_are_placed_or_declined_in_the_order_in_which_they_happened(shop: Shop) -> None:
    file = upload(
        "ORDERS",
        f"{ORDERS},at",
        "rosewood,A-1,Mei,3000.00,USD,2026-11-09T10:00:00+00:00",
        "rosewood,A-2,Mei,3000.00,USD,2026-11-08T10:00:00+00:00",
        "rosewood,A-3,Mei,2000.00,USD,",
        "rosewood,A-4,Mei,1.00,EUR,",
    )
    assert (status(file), became(file)[0], references(shop)) == ("RUNNING", "2 waiting", [])
    take_in()
    assert references(shop) == ["A-2", "A-1", "A-3"]
    assert became(file) == [
        "2 declined insufficient_credit",
        "3 applied",
        "4 applied",
        "5 rejected currency_mismatch",
    ]
    assert (status(file), file.ended_at) == ("DONE", NOW)
    assert TAKE_IN.find(NOW + timedelta(hours=1)) == []


def test_its_result_is_a_file_with_each_row_and_what_became_of_it(shop: Shop) -> None:
    file = upload(
        "ORDERS",
        "merchant;order;buyer;amount;currency",
        "rosewood;A-1;=SUM(A1);10.0;USD",
        "",
        "rosewood;A-2;Mei;5000.00;USD",
        "rosewood;A-3;Mei;1.00;EUR",
    )
    heading = "line,merchant,order,buyer,amount,currency,outcome,code,refused_because,taken_in_at"
    assert b"".join(queries.result(file)).decode().splitlines()[:2] == [
        heading,
        "2,rosewood,A-1,'=SUM(A1),10.0,USD,waiting,,,",
    ]
    take_in()
    assert b"".join(queries.result(file)).decode().splitlines() == [
        heading,
        "2,rosewood,A-1,'=SUM(A1),10.0,USD,applied,,,2026-11-10T10:00:00Z",
        "4,rosewood,A-2,Mei,5000.00,USD,declined,insufficient_credit,The limit was not enough,"
        "2026-11-10T10:00:00Z",
        '5,rosewood,A-3,Mei,1.00,EUR,rejected,currency_mismatch,"currency: EUR given, this'
        " merchant's is USD\",2026-11-10T10:00:00Z",
    ]


def test_payments_and_charges_reach_the_books(shop: Shop) -> None:
    shop.place("2026-11-02 10:00", "A-1", "100.00")
    shop.deliver("2026-11-03 10:00", "A-1")
    paid = upload(
        "PAYMENTS",
        PAYMENTS,
        "rosewood,A-1,p-1,60.00,USD",
        "rosewood,A-1,p-2,60.00,USD",
        "rosewood,A-1,p-1,60.00,USD",
    )
    charged = upload("CHARGES", CHARGES, *(f"rosewood,c-{n},pick-pack,{n}.50,USD" for n in (1, 2)))
    take_in()
    assert became(paid) == ["2 applied", "3 rejected overpayment", "4 duplicate"]
    assert became(charged) == ["2 applied", "3 applied"]
    order = shop.line.orders.get()
    assert (str(order.outstanding.amount), str(order.paid.amount)) == ("40.00", "60.00")
    charges = shop.account.charges.filter(fee="pick-pack")
    assert sorted(str(one.amount.amount) for one in charges) == ["1.50", "2.50"]


def test_merchants_join_and_the_trail_says_who_brought_them_in() -> None:
    line = "{},Silk,THB,Asia/Bangkok,th,25000.00,7,5000.00,basic,390.00,30"
    since = trailed.newest()
    file = upload("MERCHANTS", MERCHANTS, line.format("silk"), line.format("wool"))
    take_in()
    assert became(file) == ["2 applied", "3 applied"]
    silk = Shop("silk", currency="THB", timezone="Asia/Bangkok")
    assert (str(silk.line.limit.amount), silk.account.plan) == ("25000.00", "basic")
    assert [(one.action, one.subject) for one in trailed.told(since)] == [
        ("IMPORT_UPLOADED", file.name),
        ("MERCHANT_ADDED", "silk"),
        ("MERCHANT_ADDED", "wool"),
    ]
    assert {(one.actor, one.reason) for one in trailed.entries(since)} == {(OFFICER, WHY)}
    again = upload("MERCHANTS", MERCHANTS, line.format("silk"), line.format("hemp"))
    since = trailed.newest()
    take_in()
    assert became(again) == ["2 duplicate", "3 applied"]
    assert [one.subject for one in trailed.told(since)] == ["hemp"]
    assert Merchant.objects.count() == 3


HEADED = f"{MERCHANTS},owner_email"
SILK = "silk,Silk,THB,Asia/Bangkok,th,25000.00,7,5000.00,basic,390.00,30,"


def owners() -> list[tuple[str, str]]:
    """Whom an invitation to become an owner has been made for, by merchant."""
    invited = Invitation.objects.filter(role=Membership.Role.OWNER).order_by("pk")
    return list(invited.values_list("merchant__reference", "email"))


@pytest.mark.full  # after a worker was killed they are, below, and those whom it reaches
def test_owners_whom_the_rows_name_are_invited_once_all_rows_are_taken_in(in_twos: None) -> None:
    wool, hemp, jute = (SILK.replace("silk", name) for name in ("wool", "hemp", "jute"))
    rows = (f"{SILK}mai@silk.example", wool, f"{hemp}An@Hemp.example", f"{jute}j@jute.example")
    file = upload("MERCHANTS", HEADED, *rows)
    assert operations.take_some(file.pk, now=NOW)
    assert (owners(), len(mail.outbox)) == ([], 0)
    take_in()
    assert owners() == [
        ("silk", "mai@silk.example"),
        ("hemp", "an@hemp.example"),
        ("jute", "j@jute.example"),
    ]
    assert [message.to for message in mail.outbox] == [[email] for _, email in owners()]
    assert (status(file), became(file)) == ("DONE", [f"{n} applied" for n in (2, 3, 4, 5)])
    again = upload("MERCHANTS", HEADED, *rows, again=True)
    take_in()
    assert (status(again), len(mail.outbox)) == ("DONE", 3)
    assert not any(one.violations for one in audit.run(IMPORTS, now=NOW))


def test_a_killed_worker_leaves_owners_to_the_next_and_a_lost_mail_to_the_merchants_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wool = SILK.replace("silk", "wool")
    file = upload("MERCHANTS", HEADED, f"{SILK}mai@silk.example", f"{wool}w@wool.example")
    operations.take_some(file.pk, now=NOW)
    assert operations.invite_owner(file.pk, now=NOW)  # and then the worker is killed
    assert (status(file), len(mail.outbox)) == ("RUNNING", 1)
    assert not any(one.violations for one in audit.run(IMPORTS, now=NOW))

    def broken(*_: Any) -> None:
        raise inviting.InvitationNotSent("the mail server is away")

    monkeypatch.setattr(inviting, "_send", broken)
    take_in()
    assert (status(file), len(mail.outbox)) == ("DONE", 1)
    assert not invitations.open_of(Merchant.objects.get(reference="wool").pk).exists()


def invite(merchant: str, email: str, at: datetime) -> None:
    """Have a system of ours invite the merchant's first owner."""
    found = Merchant.objects.get(reference=merchant)
    inviting.invite_first_owner(merchant_id=found.pk, email=email, actor="API key", now=at)


def invited(file: Import) -> list[str]:
    """What became of the owner of each row, in the order of the lines."""
    return list(file.rows.order_by("line").values_list("invitation", flat=True))


def test_merchants_whom_no_invitation_reaches_hold_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of = {name: SILK.replace("silk", name) for name in ("hemp", "felt", "wool", "lace", "jute")}
    upload("MERCHANTS", HEADED, of["hemp"], of["felt"])
    take_in()
    invite("hemp", "before@hemp.example", NOW)
    member(Shop("felt"), email="owner@felt.example")
    later = NOW + timedelta(hours=1)
    addresses = [f"{SILK}silk@shop.example", *(f"{of[name]}{name}@shop.example" for name in of)]
    twill = f"{SILK.replace('silk', 'twill')}twill@shop.example"
    tulle = f"{SILK.replace('silk', 'tulle')}tulle@shop.example"
    plain = SILK.replace("silk", "plain")
    file = upload("MERCHANTS", HEADED, *addresses, twill, tulle, plain, now=later)
    assert not operations.take_some(file.pk, now=later)
    operator("Auditor", email="silk@shop.example")  # who has become one since
    erasing.replace_named(
        ImportedRow, "twill@shop.example", erasing.as_address("erased-0123456789abcdef")
    )
    invite("tulle", "somebody@tulle.example", later)
    send = inviting._send

    def broken(invitation: Invitation, token: str) -> None:
        if invitation.email == "lace@shop.example":
            raise inviting.InvitationNotSent("the mail server is away")
        send(invitation, token)

    monkeypatch.setattr(inviting, "_send", broken)
    mail.outbox.clear()
    operations.visit(file.pk, now=later)
    assert (status(file), [message.to for message in mail.outbox]) == (
        "DONE",
        [["wool@shop.example"], ["jute@shop.example"]],
    )
    names = ("silk", *of, "twill", "tulle", "plain")
    assert list(zip(names, invited(file), strict=True)) == [
        ("silk", "operators_address"),
        ("hemp", "is_invited"),
        ("felt", "has_owner"),
        ("wool", "invited"),
        ("lace", "not_sent"),
        ("jute", "invited"),
        ("twill", "no_address"),
        ("tulle", "invited"),
        ("plain", ""),
    ]
    lines = b"".join(queries.result(file)).decode().splitlines()
    assert lines[0].endswith(",outcome,code,refused_because,taken_in_at,invitation")
    assert lines[1].endswith(",applied,,,2026-11-10T11:00:00Z,operators_address")
    assert lines[9].endswith(",applied,,,2026-11-10T11:00:00Z,")


def test_a_row_is_looked_at_once_in_a_visit_and_the_next_visit_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wool = SILK.replace("silk", "wool")
    file = upload("MERCHANTS", HEADED, f"{SILK}mai@silk.example", f"{wool}w@wool.example")
    asked: list[str] = []

    def away(*, email: str, **_: Any) -> None:
        asked.append(email)
        raise OperationalError("the database went away")

    monkeypatch.setattr(inviting, "invite_first_owner", away)
    with pytest.raises(OperationalError):
        operations.visit(file.pk, now=NOW)
    assert (status(file), asked, invited(file)) == ("RUNNING", ["mai@silk.example"], ["", ""])
    monkeypatch.undo()
    operations.visit(file.pk, now=NOW, seconds=0)
    assert (status(file), invited(file)) == ("RUNNING", ["invited", ""])
    operations.visit(file.pk, now=NOW)
    assert (status(file), invited(file)) == ("DONE", ["invited", "invited"])


def test_an_owner_without_an_address_is_a_fault_of_the_row() -> None:
    with nothing_changes(), pytest.raises(BadRows) as refused:
        upload("MERCHANTS", HEADED, f"{SILK}mai")
    assert refused.value.told() == ["Line 2, owner_email: must be an e-mail address."]


def test_one_that_is_stopped_leaves_the_rest_until_it_is_resumed(shop: Shop, in_twos: None) -> None:
    file = upload("ORDERS", *orders(1, 2, 3, 4, 5))
    since = trailed.newest()
    assert operations.take_some(file.pk, now=NOW)
    operations.stop(import_id=file.pk, **BY)  # type: ignore[arg-type]
    assert (status(file), references(shop), TAKE_IN.find(NOW)) == ("STOPPED", ["A-1", "A-2"], [])
    with nothing_changes():
        assert not operations.take_some(file.pk, now=NOW)  # a worker that was on its way
        with pytest.raises(NotAtWork):
            operations.stop(import_id=file.pk, **BY)  # type: ignore[arg-type]
    operations.resume(import_id=file.pk, **BY)  # type: ignore[arg-type]
    take_in()
    assert (status(file), len(references(shop))) == ("DONE", 5)
    assert became(file) == [f"{line} applied" for line in range(2, 7)]
    assert trailed.told(since) == [
        ("IMPORT_STOPPED", file.name, {"status": "RUNNING"},
         {"status": "STOPPED", "rows waiting": 3}),
        ("IMPORT_RESUMED", file.name, {"status": "STOPPED"},
         {"status": "RUNNING", "rows waiting": 3}),
    ]  # fmt: skip


def test_what_is_done_is_neither_stopped_nor_resumed(shop: Shop) -> None:
    file = upload("ORDERS", *orders(1))
    with nothing_changes(), pytest.raises(NotStopped):
        operations.resume(import_id=file.pk, **BY)  # type: ignore[arg-type]
    with nothing_changes(), pytest.raises(Invalid):
        operations.stop(import_id=file.pk, **BY | {"reason": " "})  # type: ignore[arg-type]
    take_in()
    with nothing_changes():
        for decide, refusal in ((operations.stop, NotAtWork), (operations.resume, NotStopped)):
            with pytest.raises(refusal):
                decide(import_id=file.pk, **BY)  # type: ignore[arg-type]


def test_a_visit_ends_when_its_time_is_up_and_the_next_one_goes_on(
    shop: Shop, in_twos: None
) -> None:
    file = upload("ORDERS", *orders(*range(5)))
    operations.visit(file.pk, now=NOW, seconds=0)
    assert (status(file), len(references(shop))) == ("RUNNING", 2)
    operations.visit(file.pk, now=NOW)
    assert (status(file), len(references(shop))) == ("DONE", 5)


def test_the_same_file_is_told_and_taken_again_only_when_it_is_meant(shop: Shop) -> None:
    first = upload("ORDERS", *orders(1), "rosewood,A-2,Mei,1.00,EUR")
    take_in()
    with nothing_changes(), pytest.raises(AlreadyImported) as refused:
        upload("ORDERS", *orders(1), "rosewood,A-2,Mei,1.00,EUR")
    assert str(refused.value) == (
        f"This file is here already: {first} was uploaded by {OFFICER} at 2026-11-10 10:00 UTC."
        " Say that it is meant to be taken in again."
    )
    second = upload("ORDERS", *orders(1), "rosewood,A-2,Mei,1.00,EUR", again=True)
    take_in()
    assert became(second) == ["2 duplicate", "3 rejected currency_mismatch"]
    assert references(shop) == ["A-1"]


@pytest.mark.parametrize("said", [{"reason": " "}, {"kind": "SHIPMENTS"}])
def test_without_a_reason_or_a_kind_nothing_is_kept(shop: Shop, said: dict[str, str]) -> None:
    with nothing_changes(), pytest.raises(Invalid):
        upload(said.pop("kind", "ORDERS"), *orders(1), **said)


def test_a_result_can_be_read_as_a_table(shop: Shop) -> None:
    file = upload("ORDERS", *orders(*range(250)))
    take_in()
    rows = list(csv.DictReader(b"".join(queries.result(file)).decode().splitlines()))
    assert [row["order"] for row in rows] == [f"A-{number}" for number in range(250)]
    assert {row["outcome"] for row in rows} == {"applied"}
    assert Import.objects.get().row_count == 250
