"""A mark on the way to the notices, until a person has seen them; and notices by topic."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from merchants.models import Membership
from notices import kinds
from notices.operations import notices
from tests import shops
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

NOTICES = "/m/rosewood/notices/"


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


def notify(shop: Shop, kind: str, cause: str, **details: str) -> None:
    """Write a notice of this kind, on 2 Nov 2026, 20:00 UTC."""
    declared = kinds.get(kind)
    assert declared is not None
    notices.write(
        merchant_id=shop.merchant.pk,
        kind=declared,
        cause=cause,
        at=shops.instant("2026-11-02 20:00"),
        **details,
    )


def is_marked(client: Client, page: str = "/m/rosewood/") -> bool:
    """Whether the page says that there are new notices."""
    return "Notices (new)" in text_of(client.get(page))


def test_a_notice_is_marked_on_every_page_until_its_list_was_opened(shop: Shop) -> None:
    client = browser_of(member(shop))
    assert not is_marked(client)
    notify(shop, "FREEZE_PLACED", "1", reason="OVERDUE")
    assert is_marked(client)
    assert is_marked(client, "/m/rosewood/billing/invoices/")
    assert not is_marked(client, NOTICES)
    assert not is_marked(client)
    notify(shop, "FREEZE_LIFTED", "1", reason="OVERDUE")
    assert is_marked(client)


@pytest.mark.full  # by opening it, above
def test_all_are_marked_as_read_without_opening_the_list(shop: Shop) -> None:
    owner, viewer = browser_of(member(shop)), browser_of(member(shop, "VIEWER"))
    assert "Mark all read" not in text_of(owner.get("/m/rosewood/"))
    notify(shop, "FREEZE_PLACED", "1", reason="OVERDUE")
    assert "Mark all read" in text_of(owner.get("/m/rosewood/"))
    assert owner.post(f"{NOTICES}read/")["Location"] == "/m/rosewood/"
    assert (is_marked(owner), is_marked(viewer)) == (False, True)
    assert "Mark all read" not in text_of(owner.get("/m/rosewood/"))


def test_the_list_says_which_are_new(shop: Shop) -> None:
    client = browser_of(member(shop))
    notify(shop, "FREEZE_PLACED", "1", reason="OVERDUE")
    assert "frozen new " in text_of(client.get(NOTICES))
    assert "frozen new " not in text_of(client.get(NOTICES))


def test_each_person_has_seen_what_that_person_has_opened(shop: Shop) -> None:
    notify(shop, "FREEZE_PLACED", "1", reason="OVERDUE")
    owner, viewer = browser_of(member(shop)), browser_of(member(shop, "VIEWER"))
    viewer.get(NOTICES)
    assert not is_marked(viewer)
    assert is_marked(owner)


def test_the_notices_of_another_merchant_mark_nothing(shop: Shop) -> None:
    other = shops.join("2026-10-01 09:00", "other-shop")
    notify(other, "FREEZE_PLACED", "1", reason="OVERDUE")
    assert not is_marked(browser_of(member(shop)))


def test_a_page_that_was_opened_earlier_unsees_nothing(shop: Shop) -> None:
    person = Membership.objects.get(user=member(shop))
    notices.mark_seen(membership_id=person.pk, notice_id=7)
    notices.mark_seen(membership_id=person.pk, notice_id=5)
    person.refresh_from_db()
    assert person.seen_notice == 7


def test_the_mark_costs_no_query(
    shop: Shop, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    address = "/m/rosewood/settings/team/"
    with django_assert_num_queries(5):
        client.get(address)
    notify(shop, "FREEZE_PLACED", "1", reason="OVERDUE")
    with django_assert_num_queries(5):
        client.get(address)


@pytest.mark.full  # each filter in test_every_filter.py
def test_notices_are_found_by_topic(shop: Shop) -> None:
    notify(shop, "FREEZE_PLACED", "1", reason="OVERDUE")
    notify(shop, "STATEMENT_CLOSED", "2026-10", month="2026-10")
    client = browser_of(member(shop))

    def told(topic: str) -> str:
        return text_of(client.get(NOTICES, {"topic": topic}))

    assert "statement of October 2026" in told("billing")
    assert "Your credit line is frozen" not in told("billing")
    assert "Your credit line is frozen" in told("credit")
    assert "Nothing matches. Ask for something else" in told("proceeds")
    assert "Your credit line is frozen" not in told("nonsense")


def test_answers_lead_to_what_was_asked(shop: Shop) -> None:
    answer = {"answer": "Fine", "currency": "USD", "status": "APPROVED"}
    notify(shop, "THRESHOLD_ANSWERED", "1", threshold="500", **answer)
    notify(shop, "CREDIT_ANSWERED", "1", amount="5", **answer)
    notify(shop, "UNAPPLIED", "1", balance="5", amount="5", currency="USD", status="RECEIVED")
    page = browser_of(member(shop)).get(NOTICES).content.decode()
    assert '<a href="/m/rosewood/billing/settings/threshold/requests/">' in page
    assert '<a href="/m/rosewood/billing/unapplied/">' in page
    assert '<a href="/m/rosewood/billing/credits/">' in page
