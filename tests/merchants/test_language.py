"""The language: chosen once, and spoken to that person on every device and in every e-mail."""

import pytest
from django.test import Client

from merchants.models import User
from tests import shops
from tests.factories import UserFactory, browser_of, member
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db


def language(client: Client, path: str) -> str:
    """The language of the page, as it says."""
    return client.get(path).content.decode().partition('lang="')[2].partition('"')[0]


def choose(client: Client, code: str, then: str = "/") -> str:
    """Choose a language: where that leads."""
    return client.post("/language/", {"language": code, "next": then})["Location"]


@pytest.mark.parametrize("code", some(["zh-hans", "th", "en"], 3))
def test_it_is_the_same_on_another_device(code: str) -> None:
    user = member(shops.join("2026-10-01 09:00"))
    client = browser_of(user)
    assert choose(client, code, "/m/rosewood/notices/") == "/m/rosewood/notices/"
    assert User.objects.get().language == code
    assert language(client, "/m/rosewood/") == code
    assert language(browser_of(user), "/m/rosewood/") == code


def test_a_person_who_chose_none_is_spoken_to_as_the_browser_asks() -> None:
    user = member(shops.join("2026-10-01 09:00"))
    client = browser_of(user)
    page = client.get("/m/rosewood/", headers={"Accept-Language": "th"}).content.decode()
    assert '<html lang="th">' in page
    assert language(client, "/m/rosewood/") == "en"


def test_one_persons_choice_is_not_the_next_ones() -> None:
    shop = shops.join("2026-10-01 09:00")
    thai, other = browser_of(member(shop, language="th")), browser_of(member(shop))
    assert language(thai, "/m/rosewood/") == "th"
    assert language(other, "/m/rosewood/") == "en"
    assert language(Client(), "/accounts/login/") == "en"


def test_who_is_not_signed_in_chooses_for_the_browser() -> None:
    client = Client()
    choose(client, "th", "/accounts/login/")
    assert language(client, "/accounts/login/") == "th"
    assert language(Client(), "/accounts/login/") == "en"


def test_what_is_no_language_of_ours_changes_nothing() -> None:
    user = UserFactory.create(language="th")
    choose(browser_of(user), "tlh")
    assert User.objects.get().language == "th"


def test_it_leads_nowhere_else() -> None:
    assert choose(Client(), "th", "https://evil.example/") == "/"
    assert Client().get("/language/").status_code == 405


@pytest.mark.parametrize("spoken", ["en", "zh-hans", "th"])
def test_every_page_offers_the_languages_in_themselves(spoken: str) -> None:
    page = text_of(browser_of(UserFactory.create(language=spoken)).get("/"))
    assert "English 简体中文 ภาษาไทย" in page
