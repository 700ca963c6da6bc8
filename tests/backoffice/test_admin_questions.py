"""An admin list answers the filters that its page offers, and nothing else in its address."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Field, Model
from django.test import RequestFactory
from unfold.contrib.filters.admin import RangeDateFilter

from backoffice.list_pages import Bounded
from tests import shops
from tests.backoffice.shops_with_work import operator
from tests.factories import browser_of
from tests.factories import operator as in_role
from tests.text import text_of
from tests.whole import full, some

LISTS = list(admin.site._registry.values())
every_list = pytest.mark.parametrize("pages", LISTS, ids=lambda one: one.opts.label)
# All stand on one ground: what it refuses is asked of every fifth list in `make test`.
fifth_lists = pytest.mark.parametrize("pages", some(LISTS, 5), ids=lambda one: one.opts.label)
some_lists = pytest.mark.parametrize("pages", some(LISTS, 12), ids=lambda one: one.opts.label)


def offered(pages: Any) -> set[str]:
    """The parameters that the filters of a list put into addresses."""
    return {name for one in pages.list_filter for name in _of_filter(pages.model, one)}


def _of_filter(model: type[Model], one: Any) -> tuple[str, ...]:
    """The names of the parameters that a filter of a list takes from the address."""
    if isinstance(one, type):
        return (one.parameter_name,)  # type: ignore[attr-defined]
    if isinstance(one, tuple):
        name, kind = one
        if issubclass(kind, EmptyFieldListFilter):
            return (f"{name}__isempty",)
        assert issubclass(kind, RangeDateFilter)
        return (f"{name}_from", f"{name}_to")
    field = model._meta.get_field(one)
    if field.is_relation:
        return (f"{one}__id__exact", f"{one}__isnull")
    assert isinstance(field, Field)
    is_of_few = field.choices or field.get_internal_type() == "BooleanField"
    return (f"{one}__exact" if is_of_few else one, f"{one}__isnull")


def columns(model: type[Model], depth: int = 2) -> Iterator[tuple[str, Any]]:
    """Every column of the model, and of the models that lie up to `depth` relations away."""
    for field in model._meta.get_fields():
        if field.concrete and not field.many_to_many:
            yield field.name, field
        if depth and field.is_relation and isinstance(field.related_model, type):
            for path, column in columns(field.related_model, depth - 1):
                yield f"{field.name}__{path}", column


def answered(pages: Any, names: Iterator[str]) -> list[str]:
    """Which of these parameters the list does not refuse, before it asks the database anything."""
    request = RequestFactory().get("/")
    request.user = operator()
    asked = pages.get_changelist_instance(request)
    found = []
    for name in names:
        asked.filter_params = {name: ["1"]}
        try:
            asked.get_filters(request)
        except (DisallowedModelAdminLookup, IncorrectLookupParameters):
            continue
        found.append(name)
    return found


@every_list
def test_all_lists_stand_on_the_ground_that_refuses(pages: Any) -> None:
    assert isinstance(pages, Bounded)


@pytest.mark.django_db
@fifth_lists
def test_no_column_of_its_rows_or_of_those_they_lead_to_is_answered_but_its_filters(
    pages: Any,
) -> None:
    names = {path for path, _field in columns(pages.model)} | {"id", "pk", "nonsense"}
    of_its_own = {
        f"{path}__{lookup}"
        for path, field in columns(pages.model, 0)
        for lookup in field.get_lookups()
    }
    assert len(names) > 3
    assert set(answered(pages, iter(names | of_its_own))) - offered(pages) == set()


@pytest.mark.django_db
@every_list
@pytest.mark.full
def test_nor_is_any_lookup_of_these_columns(pages: Any) -> None:
    names = (
        f"{path}__{lookup}"
        for path, field in columns(pages.model)
        for lookup in field.get_lookups()
    )
    assert set(answered(pages, names)) - offered(pages) == set()


@pytest.mark.django_db
@fifth_lists
def test_what_its_filters_offer_is_answered(pages: Any) -> None:
    assert set(answered(pages, iter(offered(pages)))) == offered(pages)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        "mfa/authenticator/?data__secret__regex=^[A-P]",
        "mfa/authenticator/?data__secret__regex=^[a-p]",
        "mfa/authenticator/?data__icontains=JBSW",
        "merchants/user/?password__regex=^md5",
        "merchants/user/?password__regex=^nothing",
        "merchants/membership/?user__password__startswith=md5",
        "merchants/membership/?user__authenticator__data__isnull=False",
        "account/emailaddress/?user__password__gt=a",
        "merchants/invitation/?token_digest__startswith=a",
        "credit/payoutdestination/?number__gt=a",
        "auth/group/?user__password__contains=a",
    ],
)
def test_a_question_about_a_secret_is_refused_whatever_the_answer_would_be(asked: str) -> None:
    client = browser_of(in_role("Auditor", email="auditor@tael.example"))
    Authenticator.objects.update(data={"secret": "JBSWY3DPEHPK3PXP"})
    page = client.get(f"/admin/{asked}")
    assert page.status_code == 400
    assert "auditor" not in text_of(page)


@pytest.mark.django_db
def test_rows_are_neither_found_nor_named_by_another_column_than_their_key() -> None:
    shops.join("2026-11-01 10:00")
    root = browser_of(operator(email="root@tael.example"))
    for of_user in ("email", "password", "last_login"):
        assert root.get(f"/admin/merchants/user/?_popup=1&_to_field={of_user}").status_code == 400
        found = root.get(f"/admin/merchants/user/root@tael.example/change/?_to_field={of_user}")
        assert found.status_code == 400
    assert root.get("/admin/merchants/user/?_popup=1&_to_field=id").status_code == 200
    assert root.get("/admin/merchants/merchant/?_to_field=reference").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    "model", ["merchants&model_name=membership&field_name=user", "x&model_name=y"]
)
def test_nothing_is_completed_for_who_types(model: str) -> None:
    root = browser_of(operator())
    assert root.get(f"/admin/autocomplete/?app_label={model}&term=a").status_code == 403
    assert root.get("/admin/autocomplete/").status_code == 403


@pytest.mark.django_db
@some_lists
def test_nonsense_in_its_filters_is_no_fault_of_ours(pages: Any) -> None:
    root = browser_of(operator())
    address = f"/admin/{pages.opts.app_label}/{pages.opts.model_name}/"
    asked = [(name, NONSENSE[at % len(NONSENSE)]) for at, name in enumerate(sorted(offered(pages)))]
    for name, value in (*asked, ("q", "%00"), ("p", "9" * 20)):
        assert root.get(f"{address}?{name}={value}").status_code in (200, 302), (name, value)


@pytest.mark.full  # nonsense in its filters is none, above
@pytest.mark.django_db
@pytest.mark.parametrize("of", ["merchants/user", *full("credit/withdrawal", "trail/trailentry")])
def test_nonsense_in_its_address_is_none_either(of: str) -> None:
    root = browser_of(operator())
    for asked in QUESTIONS:
        status = root.get(f"/admin/{of}/?{asked}").status_code
        assert status == 400 if asked in REFUSED else status in (200, 302), asked


NONSENSE = ("(", "%00", "-1", "99999999999999999999", "%ed%a0%80", "9999-99-99", "")
REFUSED = (
    "id__regex=(",
    "pk=1",
    "id__in=1,x",
    "nonsense=1",
    "_to_field=nonsense",
    "date__year=x",
    "at__year=2026",
)
QUESTIONS = (
    *REFUSED,
    *(f"{name}={value}" for name in ("q", "p", "o", "all", "e") for value in NONSENSE),
    "_facets=1",
    "_facets=%00",
    "_popup=1",
    "_to_field=",
    "o=1.-2.99",
    "o=-",
    "q=rosewood+%00",
    "q=" + "x" * 3000,
)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["0", "-1", "2", "x", "99999999999999999999", "%00"])
def test_nonsense_in_the_search_for_pages_is_none_either(page: str) -> None:
    root = browser_of(operator())
    for more in ("", "&extended=1"):
        assert root.get(f"/admin/search/?s=user&page={page}{more}").status_code == 200
