"""The sidebar of the admin leads where the operator may go, and a page of its own to the rest."""

import re
from typing import Any

import pytest
from django.contrib import admin

from config.admin_menu import LISTS
from merchants import roles
from tests.factories import browser_of, operator

pytestmark = pytest.mark.django_db


def links(page: Any) -> set[str]:
    """The addresses of the admin's lists to which the page has links."""
    return set(re.findall(r'href="(/admin/[a-z]+/[a-z]+/)"', page.content.decode()))


def test_it_names_the_lists_that_a_role_may_view_and_marks_the_one_that_is_open() -> None:
    page = browser_of(operator("Billing officer")).get("/admin/billing/invoice/")
    shown = links(page)
    assert {"/admin/billing/invoice/", "/admin/merchants/merchant/"} <= shown
    assert not {"/admin/gateway/apikey/", "/admin/auth/group/"} & shown
    (here,) = re.findall(r'href="(\S+)" class="[^"]* active"', page.content.decode())
    assert here == "/admin/billing/invoice/"


def test_all_lists_has_those_that_the_sidebar_leaves_out() -> None:
    browser = browser_of(operator(*roles.names()))
    page = browser.get("/admin/lists/")
    assert page.status_code == 200
    every = {
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for model in admin.site._registry
    }
    assert links(page) == every
    assert "/admin/billing/planterm/" in every - links(browser.get("/admin/"))


def test_each_list_of_the_sidebar_is_there() -> None:
    named = {model for _, of_section in LISTS for *_, model in of_section}
    known = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    assert named <= known
