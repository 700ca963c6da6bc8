"""Forms that come back, and what is asked about before it is done."""

import re

import pytest
from django.test import Client

from tests import routes, shops
from tests.factories import browser_of, member
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "said", "field", "sentence"),
    [
        ("credit/raise/ask/", {"limit": "1"}, "limit", "Name a limit that is above"),
        (
            "billing/settings/threshold/",
            {"threshold": "1"},
            "threshold",
            "Name a threshold that is above",
        ),
        ("credit/raise/ask/", {"limit": "x"}, "limit", "Enter a number."),
    ],
)
def test_what_an_operation_refuses_stands_at_its_field_which_has_the_focus(
    path: str, said: dict[str, str], field: str, sentence: str
) -> None:
    shop = shops.join("2026-10-01 09:00", credit_limit="1000", billing_threshold="200")
    client = browser_of(member(shop))
    with nothing_changes():
        response = client.post(
            f"/m/rosewood/{path}", {"message": "Please.", "request_key": "k", **said}
        )
    page = response.content.decode()
    assert response.status_code == 422
    error = re.search(rf'id="(\w+_{field}_error)"[^>]*>\s*<li>{sentence}', page)
    assert error
    focused = re.findall(r"<[^>]* autofocus[^>]*>", page[page.index("<main") :])
    assert [re.findall(r'name="(\w+)"', one) for one in focused] == [[field]]
    assert f'value="{said[field]}"' in focused[0]
    assert f'aria-describedby="{error[1]}"' in focused[0]


def forms(client: Client, path: str, action: str) -> list[str]:
    """The forms of the page that lead to such an address."""
    page = client.get(f"/m/rosewood/{path}").content.decode()
    found: list[str] = re.findall(r"<form .*?</form>", page, flags=re.DOTALL)
    return [form for form in found if action in form]


def test_what_cannot_be_taken_back_is_asked_about_first(
    monkeypatch: pytest.MonkeyPatch, settings: pytest.MonkeyPatch
) -> None:
    shop = routes.full_shop()
    client = browser_of(member(shop))
    withdrawal = shop.line.withdrawals.get().reference
    colleague = shop.merchant.memberships.get(user__email="vera@rosewood.example")
    view = {"name": "Open ones", "query": "standing=OPEN", "page": "credit:orders"}
    client.post("/m/rosewood/views/save/", view)
    for path, action in (
        ("credit/destinations/", "/remove/"),
        (f"credit/withdrawals/{withdrawal}/", "/cancel/"),
        ("credit/withdrawals/automatic/", "/stop/"),
        ("settings/team/", "/revoke/"),
        (f"settings/team/{colleague.pk}/", "/remove/"),
        ("credit/orders/", "/views/"),
    ):
        found = forms(client, path, action)
        assert found, path
        for form in found:
            asked = form[form.index("<div popover") :]
            outside = form.replace(asked, "")
            buttons = re.findall(r"<button(?! type=\"button\")[^>]*>", outside)
            assert [one for one in buttons if action in one or "formaction" in one] == [], path
            assert "?</p>" in asked or "? " in asked, path
            assert re.search(r'<button class="danger"', asked), path
