"""Each role at each of the admin's addresses, found by asking the site for all that it has."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from backoffice.decision_pages import Deciding
from tests.backoffice import admin_roles as table
from tests.factories import UserFactory, browser_of, member, operator
from tests.kept import kept
from tests.routes import full_shop, routes
from tests.shops import Shop
from tests.undrawn import undrawn
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("full_shop")]

full_shop_kept = kept()(full_shop)

NO_ROW = 999_999_999  # permission comes before the question whether there is such a row
ROLES = {"C": "Credit officer", "B": "Billing officer", "A": "Auditor", "D": "Administrator"}


def registered() -> dict[str, Any]:
    """The admin's pages by the label of their model, such as "billing.invoice"."""
    return {model._meta.label_lower: page for model, page in admin.site._registry.items()}


def route(label: str, page: str, *args: object) -> str:
    """The address of a page of this model's in the admin."""
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def names(ones: Any) -> str:
    """The names of decisions, as one text."""
    return " ".join(one.name for one in ones)


def deciding(kind: str) -> dict[str, str]:
    """What the site has of `decisions`, `list_decisions` or `downloads`, by model."""
    pages = {label: page for label, page in registered().items() if isinstance(page, Deciding)}
    return {label: names(getattr(page, kind)) for label, page in pages.items()
            if getattr(page, kind)}  # fmt: skip


def test_the_table_has_every_model_and_every_decision() -> None:
    assert registered().keys() - table.SEEN.keys() == set()
    known = {model._meta.label_lower for model in apps.get_models()}
    assert table.SEEN.keys() - known == set()
    for kind, said in (
        ("decisions", table.DECIDED),
        ("list_decisions", table.DECIDED_IN_LISTS),
        ("downloads", table.DOWNLOADED),
    ):
        assert deciding(kind) == {label: named for label, (_who, named) in said.items()}
    several = {label: " ".join(page.several) for label, page in registered().items()
               if getattr(page, "several", ())}  # fmt: skip
    assert several == table.DECIDED_FOR_SEVERAL


def test_the_table_has_every_route_of_the_admin() -> None:
    models = {label.replace(".", "_") for label in registered()}
    of_models = {f"{model}_{page}" for model in models for page in table.OF_A_MODEL}
    asked = {one.name.removeprefix("admin:") for one in routes() if one.is_of_the_admin}
    beside = {name.removeprefix("admin:") for name in table.DESK}
    known = of_models | table.OF_THE_SITE.keys() | table.EXPORTED.keys() | beside
    assert asked - known == set()


@pytest.fixture
def staff() -> dict[str, Client]:
    """A browser for each role by its letter; S is an administrator, N has no role."""
    people = {letter: browser_of(operator(role)) for letter, role in ROLES.items()}
    people["S"] = browser_of(UserFactory.create(is_staff=True, is_superuser=True))
    return people | {"N": browser_of(operator())}  # with no role


def differences(
    people: dict[str, Client],
    who: str,
    address: str,
    *,
    method: str = "get",
    may: int,
    else_: int,
    only: str = "",
) -> Iterator[str]:
    """What people get from the address that is neither `may`, for who may, nor `else_`.

    `only` these are asked, if any are named.
    """
    for letter, client in people.items():
        if only and letter not in only:
            continue
        wanted = may if letter in who else else_
        with undrawn(is_so=letter not in who):  # the same refusal, hundreds of times
            got = getattr(Client, method)(client, address).status_code  # Browser would look first
        if got != wanted:
            yield f"{letter} {method} {address}: {got}, not {wanted}"


EVERYBODY = [False, pytest.param(True, marks=pytest.mark.full)]


def by_turns(who: str, turn: int) -> str:
    """One of those who may, and one of all others, each the next time somebody else."""
    others = "".join(letter for letter in (*ROLES, "S", "N") if letter not in who)
    return "".join(letters[turn % len(letters)] for letters in (who, others) if letters)


@pytest.mark.parametrize("whole", EVERYBODY)
def test_lists_and_rows_are_for_who_may_look_and_nothing_is_written(
    staff: dict[str, Client], whole: bool
) -> None:
    """In `make test` some ask, by turns, for each list and, of every second one, for one of its
    other pages: for each one who may not, and for every ninth one who may. What each may is in
    every list's permissions, which test_what_a_role_may_do_is_what_the_table_says compares for all
    of them.
    """
    wrong: list[str] = []
    for turn, (label, page) in enumerate(registered().items()):
        who = table.SEEN[label]
        only = "" if whole else by_turns(who, turn)
        if not whole and turn % 9:
            only = "".join(letter for letter in only if letter not in who)
        pages = _pages(label, page.model, who)
        if not whole:
            other = 1 + turn % (len(pages) - 1)
            pages = [pages[0], *pages[other : other + 1 - turn % 2]]
        for may_look, address, asked in pages:
            wrong += differences(staff, may_look, address, else_=403, only=only, **asked)
    assert wrong == []


def _pages(label: str, model: type[Model], who: str) -> list[tuple[str, str, dict[str, Any]]]:
    """A model's list and its other pages: who may look at each, and what they get."""
    pages: list[tuple[str, str, dict[str, Any]]] = [
        (who, route(label, "changelist"), {"may": 200}),
        # Who may look is told that a row is not there.
        (who, route(label, "change", NO_ROW), {"may": 302}),
        ("", route(label, "add"), {"may": 0}),
        ("", route(label, "delete", _first(model)), {"may": 0}),
    ]
    row = model._default_manager.first()
    if row is not None:
        pages += [
            (who, route(label, "history", row.pk), {"may": 200}),
            ("", route(label, "change", row.pk), {"may": 0, "method": "post"}),
        ]
    return pages


def _first(model: type[Model]) -> Any:
    """The key of the model's first row, or one that no row has."""
    row = model._default_manager.first()
    return row.pk if row else NO_ROW


@pytest.mark.parametrize("whole", EVERYBODY)
def test_decisions_and_downloads_are_for_who_may_take_them(
    staff: dict[str, Client], whole: bool
) -> None:
    """In `make test` some, by turns, ask for every second decision's page or send it: for each one
    who may not, and for every ninth one who may. Each is sent by one who may not in
    test_neither_administrators_nor_superusers_decide_about_money, too.
    """
    turns, decisions = count(), count()
    in_part: tuple[tuple[str, ...], ...] = (("get",), (), ("post",), ())

    def methods() -> tuple[str, ...]:
        return ("get", "post") if whole else in_part[next(decisions) % len(in_part)]

    def asked(who: str, method: str) -> dict[str, Any]:
        turn = next(turns)
        some = "" if whole else by_turns(who, turn)
        if not whole and turn % 9:
            some = "".join(letter for letter in some if letter not in who)
        return {"method": method, "else_": 403, "only": some}

    wrong: list[str] = []
    for page, said in (("decide", table.DECIDED), ("download", table.DOWNLOADED)):
        for label, (who, named) in said.items():
            for name in named.split():
                may, _ = table.OTHER_PERMISSIONS.get((label, name), (who, ""))
                address = route(label, page, NO_ROW, name)
                for method in methods():
                    wrong += differences(staff, may, address, may=404, **asked(may, method))
    for label, (who, named) in table.DECIDED_IN_LISTS.items():
        for name in named.split():
            address = route(label, "decide_list", name)
            for method in methods():  # sent empty, the form comes back
                wrong += differences(staff, who, address, may=200, **asked(who, method))
    for label, named in table.DECIDED_FOR_SEVERAL.items():
        for name in named.split():
            address, who = route(label, "decide_several", name), table.DECIDED[label][0]
            for method in methods():
                wrong += differences(staff, who, address, may=200, **asked(who, method))
    for name, label in table.EXPORTED.items():
        who = table.SEEN[label]
        wrong += differences(staff, who, reverse(f"admin:{name}"), may=200, **asked(who, "get"))
    assert wrong == []


@pytest.mark.parametrize("whole", EVERYBODY)
def test_pages_of_the_site_itself(staff: dict[str, Client], whole: bool) -> None:
    """In `make test` one who may asks for each page, and one who may not, by turns."""
    arguments: dict[str, tuple[Any, ...]] = {"view_on_site": (1, 1), "app_list": ("billing",)}
    wrong: list[str] = []
    for turn, (name, status) in enumerate(table.OF_THE_SITE.items()):
        address = reverse(f"admin:{name}", args=arguments.get(name, ()))
        who, may, else_ = (table.ALL, 200, 404) if status is None else ("CBADSN", status, 0)
        only = "" if whole else by_turns(who, turn)
        wrong += differences(staff, who, address, may=may, else_=else_, only=only)
    assert wrong == []


@pytest.mark.parametrize("whole", EVERYBODY)
def test_pages_beside_those_of_the_models(staff: dict[str, Client], whole: bool) -> None:
    """In `make test` one who may asks for each page, and one who may not, by turns."""
    wrong: list[str] = []
    for turn, (name, (arguments, who, status)) in enumerate(table.DESK.items()):
        address = reverse(name, args=arguments)
        only = "" if whole else by_turns(who, turn)
        wrong += differences(staff, who, address, may=status, else_=403, only=only)
    assert wrong == []


@pytest.mark.parametrize("whole", EVERYBODY)
def test_all_others_are_sent_to_sign_in(full_shop: Shop, whole: bool) -> None:
    """In `make test` an owner asks for a page, nobody for the next one, the owner sends the third,
    and nobody the fourth.
    """
    people = {"owner": browser_of(member(full_shop)), "nobody": Client()}
    wrong: list[str] = []
    addresses = [route(label, "changelist") for label in registered()]
    addresses += [reverse(name, args=arguments) for name, (arguments, *_) in table.DESK.items()]
    addresses += [
        route(label, page, NO_ROW, name)
        for page, said in (("decide", table.DECIDED), ("download", table.DOWNLOADED))
        for label, (_who, named) in said.items()
        for name in named.split()
    ]
    addresses += [
        route(label, "decide_list", name)
        for label, (_who, named) in table.DECIDED_IN_LISTS.items()
        for name in named.split()
    ]
    for turn, address in enumerate(addresses):
        for method in ("get", "post") if whole else (("get", "post")[turn // 2 % 2],):
            asking = people if whole else dict([list(people.items())[turn % 2]])
            wrong += differences(asking, "", address, method=method, may=0, else_=302)
    assert wrong == []
    # Who has signed in to a merchant's pages is told there that this is not for them.
    assert people["owner"].get("/admin/", follow=True).status_code == 403


def test_what_a_role_may_do_is_what_the_table_says() -> None:
    for letter, role in ROLES.items():
        group = Group.objects.get(name=role)
        found = group.permissions.values_list(
            "content_type__app_label", "content_type__model", "codename"
        )
        expected = {f"{label.replace('.', '.view_')}" for label in table.SEEN
                    if letter in table.SEEN[label]}  # fmt: skip
        decided = {label for label, (who, _) in table.DECIDED.items() if letter in who}
        decided -= {"merchants.merchant"}  # its decision takes the right to members
        decided |= {label for label, (who, _) in table.DECIDED_IN_LISTS.items() if letter in who}
        expected |= {label.replace(".", ".change_") for label in decided}
        others = table.OTHER_PERMISSIONS.values()
        expected |= {permission for who, permission in others if letter in who}
        assert {f"{app}.{code}" for app, _model, code in found} == expected
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES.values())


def test_an_operator_with_a_role_gets_no_button_for_what_others_decide(
    staff: dict[str, Client], full_shop: Shop
) -> None:
    line = full_shop.line
    shown = {
        letter: "/decide/limit/" in client.get(route("credit.creditline", "change", line.pk)).text
        for letter, client in staff.items()
        if letter != "N"
    }
    assert shown == {"C": True, "B": False, "A": False, "D": False, "S": False}


WISH = {"reason": "I would like to."}
# What administrators decide about: people, policies and jobs. All else moves money or limits.
NO_MONEY = {
    "jobs.jobfailure", "jobs.jobrun", "credit.creditpolicy", "merchants.erasure",
    "merchants.invitation", "billing.issuer", "billing.taxrate", "billing.feetaxclass",
    "billing.journallock",
    "billing.chartaccount",
    "merchants.membership",
    "merchants.merchant", "merchants.operatorpolicy", "merchants.proposal", "merchants.user",
    "gateway.apikey", "gateway.webhookdelivery", "gateway.webhookendpoint", "notices.notice",
    "notices.noticemail",
}  # fmt: skip


@pytest.mark.parametrize("letter", ["S", *full("D")])
def test_neither_administrators_nor_superusers_decide_about_money(
    staff: dict[str, Client], letter: str
) -> None:
    """Every decision and download that the site has is sent, about a row that is there."""
    with undrawn():
        let_through = {
            label
            for label, page in registered().items()
            if isinstance(page, Deciding)
            for address in _all_decisions(label, page)
            if Client.post(staff[letter], address, WISH).status_code != 403
        }
    assert let_through == NO_MONEY


def _all_decisions(label: str, page: Any) -> Iterator[str]:
    """The addresses of all decisions on this page, and of downloads that take more than a look."""
    row = _first(page.model)
    yield from (route(label, "decide", row, one.name) for one in page.decisions)
    yield from (route(label, "decide_list", one.name) for one in page.list_decisions)
    # What takes no more than to look is for whoever looks.
    yield from (
        route(label, "download", row, one.name)
        for one in page.downloads
        if not one.permission.split(".")[-1].startswith("view_")
    )
