"""The pages of automatic withdrawals: owners set them up, finance may stop them."""

from typing import Any

import pytest
from django.conf import LazySettings

from credit.models import PayoutSchedule
from tests.amounts import usd
from tests.credit.pages import answers, read, set_clock
from tests.credit.test_automatic import JOB, set_up
from tests.credit.withdrawing import NOW, run, shop_with, suspect, withdraw
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

PAGE = "/m/rosewood/credit/withdrawals/automatic/"
NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Shop:
    """A shop with 300.00 to withdraw, in a demonstration, which asks for no second factor."""
    settings.TAEL_SANDBOX = True
    shop = shop_with("300.00")
    set_clock(monkeypatch)(NOW)
    return shop


def post(shop: Shop, role: str = "OWNER", **said: str) -> Any:
    """The page after somebody in this role has sent the form of automatic withdrawals."""
    content = {"every": "DAILY", "from_amount": "100", "destination": str(shop.destination.pk)}
    return browser_of(member(shop, role)).post(f"{PAGE}new/", content | said, follow=True)


def test_an_owner_sets_them_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    page = text_of(post(shop, every="WEEKLY", weekday="5"))
    assert "Automatic withdrawals are set up." in page
    assert "Every week, Friday" in page
    assert "From how much on 100.00 USD" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "Bank card ···· 0003, ICBC" in page
    assert "Next time 6 Nov 2026" in page
    assert "from 4 Nov 2026 10:00" in page
    rule = PayoutSchedule.objects.get()
    assert (rule.every, rule.weekday) == ("WEEKLY", 5)
    set_clock(monkeypatch)("2026-11-10 10:00")  # and no job ran on the 6th
    page = read(shop, "withdrawals/automatic/")
    assert "Next time within the hour due since 6 Nov 2026" in page
    form = browser_of(member(shop)).get(f"{PAGE}new/").context["form"]
    assert (form["every"].value(), form["weekday"].value()) == ("WEEKLY", 5)
    assert (form["from_amount"].value(), form["destination"].value()) == (
        "100.00",
        shop.destination.pk,
    )


@pytest.mark.parametrize(
    ("said", "why"),
    some(
        [
            ({"every": "WEEKLY"}, "Choose the day of the week."),
            ({"every": "HOURLY"}, "Select a valid choice."),
            ({"from_amount": "0"}, "Enter an amount above 0."),
            ({"from_amount": ""}, "This field is required."),
            ({"from_amount": "1.005"}, "at most 2 decimals"),
            ({"destination": "0"}, "Choose one of your destinations."),
        ],
        3,
    ),
)
def test_what_is_wrong_is_said(shop: Shop, said: dict[str, str], why: str) -> None:
    response = post(shop, **said)
    assert response.status_code == 422
    assert why in text_of(response)
    assert not PayoutSchedule.objects.exists()


def test_an_old_form_does_not_replace_what_a_colleague_has_set_up_or_stopped(shop: Shop) -> None:
    browser = browser_of(member(shop))

    def seen() -> str:
        """The schedule that the form is shown with."""
        return str(browser.get(f"{PAGE}new/").context["form"]["seen"].value())

    content = {"every": "DAILY", "from_amount": "100", "destination": str(shop.destination.pk)}
    assert seen() == "0"
    rule = set_up(shop, amount="250.00")
    with nothing_changes():
        answer = browser.post(f"{PAGE}new/", content | {"seen": "0"})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Automatic withdrawals were changed while you were filling this in." in page
    assert page.count("Saved now: ") == 1
    assert "Saved now: 250.00 USD" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert f'name="seen" value="{rule.pk}"' in answer.content.decode()
    # Sent again, it takes its place.
    assert seen() == str(rule.pk)
    assert browser.post(f"{PAGE}new/", content | {"seen": str(rule.pk)}).status_code == 302
    second = PayoutSchedule.objects.get(ended_at=None)
    assert (second.from_amount, rule.pk == second.pk) == (usd(100), False)
    # The same terms are set up already, however old the page.
    with nothing_changes():
        assert browser.post(f"{PAGE}new/", content | {"seen": "0"}).status_code == 302
    browser.post(f"{PAGE}stop/")
    with nothing_changes():
        answer = browser.post(f"{PAGE}new/", content | {"seen": str(second.pk)})
    assert "They were stopped: none are set up now." in text_of(answer)
    assert 'name="seen" value="0"' in answer.content.decode()


def test_what_came_of_each_day_is_shown(shop: Shop) -> None:
    set_up(shop, at="2026-11-02 09:00")
    run(JOB, "2026-11-03 09:30")
    page = read(shop, "withdrawals/automatic/").replace("\N{NO-BREAK SPACE}", " ")
    assert "3 Nov 2026 300.00 USD 300.00 USD, Requested" in page
    reference = shop.line.withdrawals.get().reference
    assert "Asked for automatically" in read(shop, f"withdrawals/{reference}/")
    suspect(shop)
    run(JOB, "2026-11-04 09:30")
    assert "Withdrawals are stopped" in read(shop, "withdrawals/automatic/")


@pytest.mark.full  # what came of each day, above
def test_what_is_too_little_is_said_and_when_it_is_looked_at(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(shop, at="2026-11-02 09:00", amount="400.00")
    page = read(shop, "withdrawals/automatic/")
    assert "Next time checked within the hour too little is available so far" in page
    assert "As things stand now too little is available: 300.00 USD of 400.00 USD" in page
    run(JOB, "2026-11-03 10:30")
    set_clock(monkeypatch)("2026-11-03 10:40")
    page = read(shop, "withdrawals/automatic/")
    assert "Next time 4 Nov 2026 As things stand now too little is available: 300.00 USD" in page
    assert "3 Nov 2026 300.00 USD Too little was available" in page
    withdraw(shop, "300.00", "2026-11-03 10:50")
    set_clock(monkeypatch)("2026-11-04 11:00")
    page = read(shop, "withdrawals/automatic/")
    assert "Next time checked within the hour too little is available so far" in page
    assert "As things stand now nothing is available" in page


def test_finance_may_stop_them(shop: Shop) -> None:
    set_up(shop)
    client = browser_of(member(shop, "FINANCE"))
    page = text_of(client.post(f"{PAGE}stop/", follow=True))
    assert "Automatic withdrawals are stopped." in page
    assert "There are none" in page
    assert PayoutSchedule.objects.get().has_ended
    client.post(f"{PAGE}stop/")


def test_nobody_stops_or_sets_up_anothers(shop: Shop) -> None:
    set_up(shop)
    viewer = browser_of(member(shop, "VIEWER"))
    assert viewer.post(f"{PAGE}stop/").status_code == 403
    assert post(shop, "FINANCE").status_code == 403
    other = browser_of(member(shop_with("5.00", "other-shop")))
    assert other.post(f"{PAGE}stop/").status_code == 404
    content = {"every": "DAILY", "from_amount": "5", "destination": str(shop.destination.pk)}
    theirs = "/m/other-shop/credit/withdrawals/automatic/new/"
    assert other.post(theirs, content).status_code == 422
    rule = PayoutSchedule.objects.get()
    assert (rule.line, rule.has_ended) == (shop.line, False)


@pytest.mark.full  # each page is asked in test_authorisation.py
def test_everybody_of_the_merchant_sees_them_and_nobody_else(shop: Shop) -> None:
    assert answers(shop, "withdrawals/automatic/") == {
        **{"OWNER": 200, "FINANCE": 200, "VIEWER": 200},
        **NOBODY_ELSE,
    }


@pytest.mark.full  # each form is sent in test_authorisation.py
def test_only_owners_see_the_form(shop: Shop) -> None:
    assert answers(shop, "withdrawals/automatic/new/") == {
        **{"OWNER": 200, "FINANCE": 403, "VIEWER": 403},
        **NOBODY_ELSE,
    }


def test_without_a_destination_the_way_to_one_is_shown(shop: Shop) -> None:
    client = browser_of(member(shop))
    client.post(f"/m/rosewood/credit/destinations/{shop.destination.pk}/remove/")
    assert "You have no destination yet." in text_of(client.get(f"{PAGE}new/"))
