"""A queryset of which the SQL is made once gives the rows of one that is made anew."""

import pytest
from django.db import connection
from django.db.models import QuerySet, Value
from django.test.utils import CaptureQueriesContext

from lib.compiled import Compiled
from merchants.models import Membership
from tests import shops
from tests.factories import member

pytestmark = pytest.mark.django_db


def memberships(user: int, reference: str) -> QuerySet[Membership]:
    """A query such as the ones that are compiled, of a person and a merchant."""
    return (
        Membership.objects.select_related("merchant")
        .annotate(seven=Value(7), name=Value("the name"))
        .filter(user=user, merchant__reference=reference)
    )


def test_each_asks_for_its_own_values_in_one_query_of_the_same_text() -> None:
    asked = Compiled(memberships, user=-1_000_001, reference="the reference")
    people = {name: member(shops.join("2026-11-01 09:00", name)) for name in ("lotus", "plain")}
    texts = set()
    for name, person in people.items():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = asked.first(user=person.pk, reference=name)
            assert found is not None
            assert (found.merchant.reference, found.seven, found.name) == (name, 7, "the name")  # type: ignore[attr-defined]
        (query,) = queries.captured_queries
        texts.add(query["sql"].replace(str(person.pk), "?").replace(name, "?"))
        expected = memberships(person.pk, name).get()
        assert {**vars(found), "_state": None} == {**vars(expected), "_state": None}
    assert len(texts) == 1
    assert asked.first(user=people["lotus"].pk, reference="plain") is None


def test_a_value_that_is_missing_or_stands_nowhere_is_refused() -> None:
    asked = Compiled(memberships, user=-1_000_001, reference="the reference")
    with pytest.raises(KeyError):
        asked.first(user=1)
    nowhere = Compiled(lambda user, reference: memberships(user, "lotus"), user=-1, reference="it")
    with pytest.raises(LookupError):
        nowhere.first(user=1, reference="lotus")


def test_what_is_made_otherwise_is_asked_otherwise_once_it_is_forgotten() -> None:
    person = member(shops.join("2026-11-01 09:00", "lotus"))
    roles = ["VIEWER"]
    asked = Compiled(lambda user: Membership.objects.filter(user=user, role=roles[0]), user=-1)
    assert asked.first(user=person.pk) is None
    roles[0] = "OWNER"
    assert asked.first(user=person.pk) is None
    asked.forget()
    found = asked.first(user=person.pk)
    assert found is not None
    assert found.role == "OWNER"
