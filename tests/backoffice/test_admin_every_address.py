"""Every address of the admin, of rows that are there, for every operator's role and all others.

tests/backoffice/test_admin_roles.py asks the same of rows that are not there, which is quick.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.backoffice import admin_roles as table
from tests.backoffice import shops_with_work
from tests.credit.pages import set_clock
from tests.factories import UserFactory, browser_of, member, operator
from tests.shops import Shop

pytestmark = [pytest.mark.django_db, pytest.mark.full]

NO_ROW = 999_999_999
OPERATORS = {"C": "Credit officer", "B": "Billing officer", "A": "Auditor", "D": "Administrator"}
MERCHANTS = ("OWNER", "FINANCE", "VIEWER")
OF_SIGNING_IN = {"merchants.signin", "usersessions.usersession", "sessions.session"}


class Asked(NamedTuple):
    address: str
    who: str  # letters of those who may; all other operators are refused
    methods: tuple[str, ...] = ("get", "post")


def addresses(shop: Shop) -> Iterator[Asked]:
    """All addresses of the admin that stand with a row of each kind, with who may see them and the
    methods to ask by.
    """
    for model, page in admin.site._registry.items():
        label = model._meta.label_lower
        row = model._default_manager.order_by("pk").first()
        key = row.pk if row else NO_ROW
        seen = table.SEEN[label]

        def of(name: str, *args: object, label: str = label) -> str:
            """The address of this page of the model's."""
            return reverse(f"admin:{label.replace('.', '_')}_{name}", args=args)

        yield Asked(of("changelist"), seen, ("get",))
        yield Asked(of("change", key), seen, ("get",))
        yield Asked(of("history", key), seen, ("get",))
        yield Asked(of("change", key), "", ("post",))
        yield Asked(of("add"), "")
        yield Asked(of("delete", key), "")
        for page_name, kind, said in (
            ("decide", "decisions", table.DECIDED),
            ("download", "downloads", table.DOWNLOADED),
        ):
            for one in getattr(page, kind, ()):
                yield Asked(of(page_name, key, one.name), said[label][0])
        for one in getattr(page, "list_decisions", ()):
            yield Asked(of("decide_list", one.name), table.DECIDED_IN_LISTS[label][0])
    for name, label in table.EXPORTED.items():
        yield Asked(reverse(f"admin:{name}"), table.SEEN[label], ("get",))
    yield Asked(reverse("backoffice:merchant", args=[shop.reference]), table.ALL, ("get",))


def all_rows() -> dict[str, list[Any]]:
    """The whole database, but for who signed in."""
    return {
        model._meta.label_lower: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.label_lower not in OF_SIGNING_IN
    }


def status(client: Client, asked: str, method: str) -> int:
    """The status of the answer, with all that it wrote undone."""
    undone = transaction.atomic()
    undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
    with undone:
        response = getattr(client, method)(asked)
        transaction.set_rollback(True)  # the next one finds everything as it was
    return int(response.status_code)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Shop:
    """A shop with rows of all kinds, seen at NOW, and no sandbox."""
    set_clock(monkeypatch)(shops_with_work.NOW)
    shop = shops_with_work.rosewood(settings)
    settings.TAEL_SANDBOX = True
    shops_with_work.stuck(shop)
    settings.TAEL_SANDBOX = False  # which would ask nobody for a second factor
    return shop


def test_each_role_sees_and_decides_what_the_table_says(shop: Shop) -> None:
    people = {letter: browser_of(operator(role)) for letter, role in OPERATORS.items()}
    people["S"] = browser_of(UserFactory.create(is_staff=True, is_superuser=True))
    people["N"] = browser_of(operator())
    wrong, count = [], 0
    for address, who, methods in addresses(shop):
        for method in methods:
            for letter, client in people.items():
                got, count = status(client, address, method), count + 1
                if (got != 403) != (letter in who) or got >= 500:
                    wrong.append(f"{letter} {method} {address}: {got}")
    assert wrong == []
    assert count > 3000


def test_all_others_are_sent_to_sign_in_and_change_nothing(shop: Shop) -> None:
    people = {role: browser_of(member(shop, role)) for role in MERCHANTS}
    people["NOBODY"] = Client()
    # An operator who has given the password and not the second factor.
    half = Client()
    half.force_login(operator("Administrator"))
    people["HALF"] = half
    before, wrong = all_rows(), []
    for address, _who, methods in addresses(shop):
        for method in methods:
            for name, client in people.items():
                response = getattr(client, method)(address)
                leads = response.headers.get("Location", "")
                if response.status_code != 302 or not leads.startswith(("/admin/login/", "/acc")):
                    wrong.append(f"{name} {method} {address}: {response.status_code} {leads}")
    assert wrong == []
    assert all_rows() == before


def test_who_is_refused_changes_nothing(shop: Shop) -> None:
    people = {letter: browser_of(operator(role)) for letter, role in OPERATORS.items()}
    before = all_rows()
    for address, who, methods in addresses(shop):
        for letter, client in people.items():
            if letter not in who and "post" in methods:
                assert client.post(address, {"reason": "I would like to."}).status_code == 403
    assert all_rows() == before
