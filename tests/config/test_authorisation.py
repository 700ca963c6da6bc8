"""Who gets what from which address: every route, for everybody, asked and sent to.

The table has to name every route of the URLconf, so that no page comes without a decision on who
may see it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.db import transaction
from django.test import Client

from merchants.models import User
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import UserFactory, member, signed_in
from tests.routes import Route, address, full_shop, routes
from tests.shops import Shop
from tests.undrawn import undrawn

WHO = ("owner", "finance", "viewer", "stranger", "operator", "nobody")


class Answers(NamedTuple):
    """The statuses that WHO get, in that order."""

    get: str
    post: str


# A merchant's pages. A page that only shows takes a POST for a GET; a form sent empty comes back.
SHOWS = Answers("200 200 200 404 404 302", "200 200 200 404 404 302")
EXPORTS = Answers("200 200 403 404 404 302", "200 200 403 404 404 302")
ASKS = Answers("302 302 403 404 404 302", "422 422 403 404 404 302")
FORM = Answers("200 200 403 404 404 302", "422 422 403 404 404 302")
DOES = Answers("302 302 403 404 404 302", "302 302 403 404 404 302")
POSTED = Answers("405 405 403 404 404 302", "302 302 403 404 404 302")
# What leads to money asks who has no second factor to set one up, even for a form sent empty.
OWNERS_PROVED = Answers("200 403 403 404 404 302", "302 403 403 404 404 302")
OWNERS_DO = Answers("302 403 403 404 404 302", "302 403 403 404 404 302")
OWNERS_POSTED = Answers("405 403 403 404 404 302", "302 403 403 404 404 302")
NOT_HERE = Answers("404 404 403 404 404 302", "404 404 403 404 404 302")  # nothing to show, or off

MERCHANT = {
    "overview": SHOWS,
    "search": SHOWS,
    "help": SHOWS,
    "credit:limit": SHOWS,
    "credit:limit_chart": SHOWS,
    "credit:limit_csv": EXPORTS,
    "credit:raise": SHOWS,
    "credit:ask_raise": ASKS,
    "credit:ask_question": ASKS,
    "credit:requests": SHOWS,
    "credit:reviews": SHOWS,
    "credit:review": SHOWS,
    "credit:check": SHOWS,
    "credit:pause_orders": DOES,
    "credit:caps": DOES,
    "credit:orders": SHOWS,
    "credit:orders_csv": EXPORTS,
    "credit:order": SHOWS,
    "calendar": SHOWS,
    "calendar_chart": SHOWS,
    "credit:coming": SHOWS,
    "credit:coming_csv": EXPORTS,
    "credit:buyers": SHOWS,
    "credit:buyers_csv": EXPORTS,
    "credit:buyer": SHOWS,
    "credit:sales": SHOWS,
    "credit:sales_csv": EXPORTS,
    "credit:sales_chart": SHOWS,
    "credit:sales_month": SHOWS,
    "credit:sales_month_csv": EXPORTS,
    "credit:after_sales": SHOWS,
    "credit:after_sales_chart": SHOWS,
    "credit:refunds_csv": EXPORTS,
    "credit:cancelled": SHOWS,
    "credit:cancelled_csv": EXPORTS,
    "credit:declined": SHOWS,
    "credit:declined_csv": EXPORTS,
    "credit:withdrawals_csv": EXPORTS,
    "credit:freezes": SHOWS,
    "billing:statements": SHOWS,
    "billing:statement": SHOWS,
    "billing:statement_csv": EXPORTS,
    "billing:statement_pdf": EXPORTS,
    "billing:invoices": SHOWS,
    "billing:invoice": SHOWS,
    "billing:invoice_csv": EXPORTS,
    "billing:invoice_pdf": EXPORTS,
    "billing:credit_note_pdf": NOT_HERE,
    "billing:cleared_file": NOT_HERE,
    "billing:cleared_note_file": NOT_HERE,
    "billing:credit_note_factur_x": NOT_HERE,
    "billing:credit_note_ubl": NOT_HERE,
    "billing:invoice_factur_x": NOT_HERE,
    "billing:invoice_ubl": NOT_HERE,
    "billing:invoice_line": SHOWS,
    "billing:requests": SHOWS,
    "billing:request": SHOWS,
    "billing:statements_csv": EXPORTS,
    "billing:days": SHOWS,
    "billing:day": SHOWS,
    "billing:outlook": SHOWS,
    "billing:charges": SHOWS,
    "billing:all_charges": SHOWS,
    "billing:all_charges_csv": EXPORTS,
    "billing:charges_chart": SHOWS,
    "billing:credit": SHOWS,
    "billing:credits": SHOWS,
    "billing:pricing": SHOWS,
    "billing:questions": SHOWS,
    "billing:accountant": SHOWS,
    "billing:year_zip": EXPORTS,
    "billing:requests_csv": EXPORTS,
    "billing:days_csv": EXPORTS,
    "billing:credits_csv": EXPORTS,
    "merchant:notices_csv": EXPORTS,
    # Without days it says what is wrong.
    "billing:charges_csv": Answers("422 422 403 404 404 302", "422 422 403 404 404 302"),
    "billing:build_year": POSTED,
    "billing:choose_years": POSTED,
    "billing:add_address": DOES,
    "billing:remove_address": POSTED,
    "billing:settings": SHOWS,
    "billing:details": Answers("200 200 200 404 404 302", "422 403 403 404 404 302"),
    "billing:threshold_requests": SHOWS,
    "billing:unapplied": SHOWS,
    "credit:automatic": SHOWS,
    "credit:destinations": SHOWS,
    "credit:proceeds": SHOWS,
    "credit:proceeds_day": SHOWS,
    "credit:proceeds_entries": SHOWS,
    "credit:withdrawal": SHOWS,
    "credit:withdrawals": SHOWS,
    "credit:withdrawal_sales": SHOWS,
    "credit:withdrawal_sales_csv": EXPORTS,
    "credit:withdrawal_sales_pdf": EXPORTS,
    "merchant:notices": SHOWS,
    "merchant:mark_read": Answers("405 405 405 404 404 302", "302 302 302 404 404 302"),
    "merchant:notifications": Answers("200 200 200 404 404 302", "302 302 302 404 404 302"),
    "merchant:profile": Answers("200 200 200 404 404 302", "200 403 403 404 404 302"),
    "merchant:team": SHOWS,
    # Sent empty, it names no list.
    "merchant:save_view": Answers("405 405 405 404 404 302", "404 404 404 404 404 302"),
    "merchant:remove_view": Answers("405 405 405 404 404 302", "404 404 404 404 404 302"),
    "billing:invoices_csv": EXPORTS,
    "credit:proceeds_csv": EXPORTS,
    "merchant:document": NOT_HERE,
    "billing:add_card": NOT_HERE,
    "billing:add_stripe_card": DOES,
    "billing:ask_threshold": ASKS,
    "billing:ask_question": ASKS,
    "billing:choose_method": DOES,
    "billing:finish_stripe_card": DOES,
    "billing:new_credit": FORM,
    "billing:dispute": FORM,
    "billing:pay": DOES,
    "billing:remove_card": DOES,
    "credit:add_destination": DOES,
    "credit:set_up_automatic": OWNERS_DO,
    "credit:stop_automatic": POSTED,
    "credit:cancel_withdrawal": POSTED,
    "credit:remove_destination": DOES,
    "credit:withdraw": DOES,
    "credit:withdrawal_figures": EXPORTS,
    "merchant:invite": OWNERS_PROVED,
    "merchant:member": OWNERS_PROVED,
    "merchant:remove": OWNERS_DO,
    "merchant:revoke": OWNERS_POSTED,
    "merchant:security": OWNERS_PROVED,
    "merchant:send_again": OWNERS_DO,
}


def personal(signed_in: str, nobody: str = "302 302") -> Answers:
    """The answers of a page about the person, which are the same for everybody who has signed in.

    Each is `get post`.
    """
    (get, post), (nobody_get, nobody_post) = signed_in.split(), nobody.split()
    return Answers(f"{f'{get} ' * 5}{nobody_get}", f"{f'{post} ' * 5}{nobody_post}")


AGAIN = personal("302 302")  # asks to sign in once more, or has nothing to do for anybody here

REST = {
    # Who has one merchant is sent to it, and an operator to the admin.
    "merchants:home": Answers("302 302 302 302 302 302", "302 302 302 302 302 302"),
    "my_help": personal("302 302"),  # of the first merchant, or the start without one
    "stripe_webhook": personal("405 503", "405 503"),  # it is not set up here
    "security_txt": personal("404 405", "404 405"),  # no contact is set here
    "set_language": AGAIN,
    "account_login": personal("302 302", "200 200"),
    "account_logout": personal("200 302"),
    "account_signup": personal("302 302", "200 200"),  # says that one has to be invited
    "account_inactive": personal("200 405", "200 405"),
    "account_reauthenticate": personal("200 200"),
    "account_change_password": personal("200 200"),
    "account_set_password": AGAIN,
    "account_email": personal("200 302"),
    "account_email_verification_sent": personal("200 405", "200 405"),
    "account_confirm_email": personal("200 404", "200 404"),
    "account_confirm_login_code": AGAIN,
    "account_reset_password": personal("200 200", "200 200"),
    "account_reset_password_done": personal("200 405", "200 405"),
    "account_reset_password_from_key": personal("200 200", "200 200"),
    "account_reset_password_from_key_done": personal("200 405", "200 405"),
    "mfa_index": personal("200 405"),
    "mfa_authenticate": AGAIN,
    "mfa_reauthenticate": AGAIN,
    "mfa_activate_totp": AGAIN,
    "mfa_deactivate_totp": personal("404 404"),
    "mfa_view_recovery_codes": personal("404 405"),
    "mfa_generate_recovery_codes": AGAIN,
    "mfa_download_recovery_codes": personal("404 404"),
    "mfa_list_webauthn": personal("200 405"),
    "mfa_add_webauthn": AGAIN,
    "mfa_edit_webauthn": AGAIN,
    "mfa_remove_webauthn": AGAIN,
    "mfa_login_webauthn": AGAIN,
    "mfa_reauthenticate_webauthn": AGAIN,
    "merchants:end_look": personal("405 404"),  # of an operator's own
    "merchants:invitation": personal("404 404", "404 404"),
    "confirm_address": personal("404 404", "404 404"),
    "stop_address": personal("404 404", "404 404"),
    "merchants:language": personal("405 302", "405 302"),
    "usersessions_list": personal("200 302"),
}

# The admin: operators only; all others are sent to sign in. What an operator gets from each of
# its pages is the matter of its own tests.
SENT_AWAY = "302 302 302 302 - 302"
ADMIN = Answers(SENT_AWAY, SENT_AWAY)
ADMIN_ELSE = {"admin:login": Answers("403 403 403 403 - 302", "403 403 403 403 - 302")}


# The API knows no sessions: whoever comes without a key is told so, or that the address does not
# take the method. What keys get is the matter of tests/gateway/test_api_access.py.
TELLS = personal("405 401", "405 401")
READS = personal("401 405", "401 405")
API = {
    "api:api-root": personal("404 404", "404 404"),
    "api:openapi-json": personal("200 200", "200 200"),
    "api:openapi-view": personal("200 200", "200 200"),
    **dict.fromkeys(("api:send", "api:place", "api:check", "api:ship", "api:deliver"), TELLS),
    **dict.fromkeys(("api:cancel", "api:pay", "api:refund", "api:record", "api:take_in"), TELLS),
}


def expected(route: Route) -> Answers | None:
    """The answers that the tables of this module foresee for the route; None if it stands in
    none.
    """
    if route.is_of_a_merchant:
        return MERCHANT.get(route.name)
    if route.is_of_the_admin:
        return ADMIN_ELSE.get(route.name, ADMIN)
    if route.is_of_the_api:
        return API.get(route.name, READS)
    return REST.get(route.name)


def test_every_route_is_in_the_table_and_nothing_else_is() -> None:
    all_routes = routes()
    assert [route.name for route in all_routes if expected(route) is None] == []
    names = {route.name for route in all_routes}
    assert (MERCHANT.keys() | REST.keys() | ADMIN_ELSE.keys() | API.keys()) - names == set()


# That owners and nobody are sent away from all of the admin is told in test_admin_roles too.
@pytest.mark.parametrize(
    ("of_the_admin", "whole"),
    [
        (False, False),
        pytest.param(False, True, marks=pytest.mark.full),
        pytest.param(True, True, marks=pytest.mark.full),
    ],
)
@pytest.mark.django_db
def test_everybody_gets_what_the_table_says(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    of_the_admin: bool,
    whole: bool,
) -> None:
    """In `make test` all ask for each page of a merchant who are refused it, and one who is not, by
    turns; one of them sends to it, and one who may, where that is not to ask for it once more.
    Every other page is drawn.
    """
    caplog.set_level("CRITICAL", "django.request")  # hundreds of refusals are what is wanted here
    set_clock(monkeypatch)("2026-12-01 10:00")
    shop = full_shop()
    people = _people(shop)
    differences = []
    for turn, route in enumerate(routes()):
        if route.is_of_the_admin != of_the_admin:
            continue
        asked = address(route, shop)
        for method, wanted in (expected(route) or ADMIN)._asdict().items():
            statuses = wanted if whole else _some_ask(route, method, turn)
            is_drawn = whole or turn % 2 == 0
            got = " ".join(_answers(people, route, asked, method, statuses.split(), is_drawn))
            if got != statuses:
                differences.append(f"{method} {route.name}: {got}, not {statuses}")
    assert differences == []


def _some_ask(route: Route, method: str, turn: int) -> str:
    """The statuses of those who ask in `make test`, "-" for all others."""
    answers = expected(route) or ADMIN
    wanted = getattr(answers, method).split()
    shown = [place for place, status in enumerate(wanted) if status == "200"]
    others = [place for place, status in enumerate(wanted) if status != "200"]
    asked = {group[turn % len(group)] for group in (shown, others) if group}
    if method == "post" and answers.post == answers.get:
        asked -= set(shown)
    if method == "get" and route.is_of_a_merchant:
        asked |= {place for place in others if wanted[place] in ("403", "404")}
        asked.add(WHO.index("nobody"))
    return " ".join(status if place in asked else "-" for place, status in enumerate(wanted))


def _people(shop: Shop) -> dict[str, Client]:
    """A client for each kind of person in WHO."""
    other = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    of_the_shop = [signed_in(member(shop, role)) for role in ("OWNER", "FINANCE", "VIEWER")]
    clients = [*of_the_shop, signed_in(member(other)), signed_in(operator), Client()]
    return dict(zip(WHO, clients, strict=True))


def _answers(
    people: dict[str, Client],
    route: Route,
    asked: str,
    method: str,
    wanted: list[str],
    is_drawn: bool,
) -> Iterator[str]:
    """The status for each of WHO, with `elsewhere` if who has to sign in is not sent to do so. What
    a request did is undone. The page is drawn if `is_drawn`.
    """
    for (who, client), status in zip(people.items(), wanted, strict=True):
        if status == "-":
            yield "-"
            continue
        if route.name == "account_logout" and who != "nobody":
            client = _another(client)  # this one stays signed in
        # The same few refusals, hundreds of times, are not drawn.
        with transaction.atomic(), undrawn(is_so=status != "200" or not is_drawn):
            response = getattr(client, method)(asked)
            transaction.set_rollback(True)  # the next one finds everything as it was
        leads_elsewhere = "/login/" not in response.headers.get("Location", "/login/")
        is_led_astray = who == "nobody" and route.is_of_a_merchant and leads_elsewhere
        yield f"{response.status_code}{' elsewhere' if is_led_astray else ''}"


def _another(client: Client) -> Client:
    """Another client in which the same person is signed in."""
    return signed_in(User.objects.get(pk=client.session["_auth_user_id"]))
