"""How a list is asked for in its address: filtered, searched, sorted, and as a file."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.template import Context, Template

from lib.list_forms import choice, text
from lib.lists import Filter


class Orders(Filter):
    SORTS = ("-placed_at", "placed_at", "due_on")

    status = choice([("", "All"), ("OPEN", "Open"), ("PAID", "Paid")])
    reference = text(10)


class Entries(Orders):
    ANCHOR = "entries"


def asked(**said: str) -> Filter:
    """A list that is asked for this."""
    return Orders(said)


def shown(template: str, filter: Filter | None) -> str:
    """What the template makes of the list, without blanks that matter to nobody."""
    context: dict[str, Any] = filter.context if filter else {}
    page = Template("{% load lists %}" + template).render(Context(context))
    return " ".join(page.split()).replace("> <", "><")


def test_what_is_not_asked_for_is_anything_and_the_first_order() -> None:
    assert asked().wanted == {"status": "", "reference": "", "by": "-placed_at"}
    assert not asked().is_asked
    assert asked().query == ""


@pytest.mark.parametrize(
    "nonsense",
    [
        {"by": "amount"},
        {"by": "-due_on"},
        {"by": "--placed_at"},
        {"page": "2"},
    ],
)
def test_what_makes_no_sense_is_as_good_as_nothing_asked(nonsense: dict[str, str]) -> None:
    filter = asked(**nonsense)
    assert filter.wanted == asked().wanted
    assert filter.query == ""


@pytest.mark.parametrize(
    "nonsense", [{"status": "LOST"}, {"reference": "x" * 11}, {"reference": "\x00"}]
)
def test_a_value_that_makes_no_sense_goes_with_the_file_and_with_no_link(
    nonsense: dict[str, str],
) -> None:
    filter = asked(**nonsense)
    assert filter.wanted == asked().wanted
    assert (filter.is_mistaken, filter.asked, filter.link()) == (True, {}, "?")
    assert filter.query == f"?{urlencode(nonsense)}"


def test_one_mistake_leaves_the_rest_as_it_was_asked_for() -> None:
    filter = asked(status="LOST", reference="A-", by="due_on")
    assert filter.wanted == {"status": "", "reference": "A-", "by": "due_on"}


def test_a_file_is_asked_for_with_the_same_words_but_not_with_the_page() -> None:
    filter = asked(status="OPEN", reference="a&b=1", by="due_on", after="2026~1", utm="x")
    assert filter.query == "?status=OPEN&reference=a%26b%3D1&by=due_on"


def test_a_link_changes_one_thing_and_keeps_the_others() -> None:
    filter = asked(status="OPEN", reference="A-", by="due_on", after="2026~1")
    assert filter.link(status="PAID") == "?status=PAID&reference=A-&by=due_on"
    assert filter.link(by="-placed_at") == "?status=OPEN&reference=A-"
    assert filter.link(status="", reference="", by="") == "?"


def test_whoever_has_all_rows_counted_is_still_led_back_to_the_list_before() -> None:
    found = asked(status="OPEN", back="orders?by=day")
    assert found.exactly == "?status=OPEN&back=orders%3Fby%3Dday&figures=all"


def test_a_list_further_down_the_page_is_led_to() -> None:
    assert Entries({}).link(by="placed_at") == "?by=placed_at#entries"
    assert Entries({"by": "placed_at"}).query == "?by=placed_at"


@pytest.mark.parametrize(
    ("by", "heading"),
    [
        ("", '<th scope="col" aria-sort="descending"><a href="?by=placed_at">Placed</a></th>'),
        ("placed_at", '<th scope="col" aria-sort="ascending"><a href="?">Placed</a></th>'),
        ("due_on", '<th scope="col"><a href="?">Placed</a></th>'),
    ],
)
def test_a_heading_sorts_and_says_how_it_is_sorted(by: str, heading: str) -> None:
    assert shown("{% heading 'placed_at' 'Placed' %}", asked(by=by)) == heading


def test_a_heading_that_sorts_one_way_only_leads_nowhere_once_it_did() -> None:
    page = shown("{% heading 'due_on' 'Due' 'right' %}", asked(by="due_on"))
    assert page == '<th scope="col" class="right" aria-sort="ascending">Due</th>'


def test_a_heading_by_which_nothing_is_sorted_is_a_heading() -> None:
    assert shown("{% heading 'amount' 'Amount' %}", asked()) == '<th scope="col">Amount</th>'
    assert shown("{% heading 'placed_at' 'Placed' %}", None) == '<th scope="col">Placed</th>'
