"""All addresses of Tael as the URLconf has them, and a shop in which each of them shows something.

A new route needs a line in the table of tests/config/test_authorisation.py, and in ARGUMENTS what
stands in its address, unless its parameters are known already.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from billing.models import Charge, InvoiceLine
from credit.models import PayoutSchedule
from merchants.models import Membership
from tests.billing import by_hand, deciding
from tests.credit import reviewing, withdrawing
from tests.factories import InvitationFactory, PayoutScheduleFactory, member
from tests.kept import remembered
from tests.shops import Shop


@dataclass(frozen=True)
class Route:
    name: str  # with its namespaces
    parameters: frozenset[str]

    @property
    def is_of_a_merchant(self) -> bool:
        return "merchant" in self.parameters and not self.is_of_the_api

    @property
    def is_of_the_api(self) -> bool:
        return self.name.startswith("api:")

    @property
    def is_of_the_admin(self) -> bool:
        return self.name.startswith(("admin:", "backoffice:"))


def routes() -> list[Route]:
    """Every route that has a name, by that. Routes of the admin without a name lead to one that
    has, and are left out.
    """
    return sorted(set(_walk(get_resolver(), "", frozenset())), key=lambda route: route.name)


def _walk(resolver: URLResolver, space: str, parameters: frozenset[str]) -> Iterator[Route]:
    """Yields all named routes below the resolver, with the names of their parameters."""
    for pattern in resolver.url_patterns:
        # Not the pattern's converters: Django lets patterns of the same text share them.
        known = parameters | set(pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield Route(space + pattern.name, known)
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern, inner, known)


@remembered
def full_shop() -> Shop:
    """A shop that has all that a page could show: orders, one declined, one refunded in part,
    proceeds, a withdrawal, a bank account and automatic withdrawals to it, a review, closed October
    and November, bills, the first of them under a payment plan, a credit asked for, colleagues, one
    of them only invited.
    """
    shop = withdrawing.shop_with("1000.00", plan_price="39.00", credit_limit="5000.00")
    reviewing.metrics(shop, "2026-11-02 10:00", *reviewing.PERFECT)
    shop.place("2026-11-02 11:00", "A-1", "120.00", instalments=3)
    shop.ship("2026-11-02 12:00", "A-1")
    shop.deliver("2026-11-02 13:00", "A-1")
    shop.place("2026-11-02 14:00", "A-2", "9000.00")
    shop.pay("2026-11-02 14:30", "A-2", "1.00")  # which it cannot take
    shop.place("2026-11-02 14:40", "A-3", "20.00")
    shop.refund("2026-11-02 14:45", "A-3", "5.00")
    shop.charge("2026-11-02 15:00", "pick-pack", "15.50", "C-1", description="Two dresses")
    shop.charge("2026-11-02 15:00", "shipping-label", "7.25", "C-2")
    withdrawing.withdraw(shop, "150.00")
    shop.charge("2026-11-03 15:00", "pick-pack", "210.00", "C-3", request="FR-2")
    shop.run_jobs("2026-12-01 00:00")
    shop.charge("2026-12-01 09:00", "pick-pack", "4.00", "C-4", request="FR-3")
    deciding.ask(shop, "2026-12-01 09:30", "C-1", "5.00")
    parts = (("2026-12-10", "20.00"), ("2026-12-31", "19.00"))
    by_hand.plan(shop, "2026-12-01 09:32", parts, str(shop.account.invoices.earliest("pk")))
    account = {"kind": "BANK_ACCOUNT", "bank": "Chase", "country": "US", "routing": "021000021"}
    withdrawing.add(shop, "2026-12-01 09:35", "000123456789", **account)
    PayoutScheduleFactory.create(
        shop=shop,
        at="2026-12-01 09:40",
        every=PayoutSchedule.Every.WEEKLY,
        weekday=PayoutSchedule.Weekday.MONDAY,
        from_amount="100.00",
        actor="olive@rosewood.example",
    )
    member(shop, "VIEWER", email="vera@rosewood.example")
    InvitationFactory.create(
        shop=shop,
        at="2026-12-01 09:45",
        actor=member(shop, email="olive@rosewood.example"),
        email="fiona@rosewood.example",
        role=Membership.Role.FINANCE,
    )
    return shop


# What stands in an address: by route and parameter, or by parameter alone.
ARGUMENTS: dict[str, Callable[[Shop], Any]] = {
    "merchant": lambda shop: shop.reference,
    "month": lambda shop: date(2026, 11, 1),
    "number": lambda shop: shop.account.invoices.earliest("pk").number,
    "buyer": lambda shop: "Somchai",
    "credit:order reference": lambda shop: "A-1",
    "credit:review month": lambda shop: date(2026, 12, 1),
    "credit:proceeds_day on": lambda shop: date(2026, 11, 1),
    "credit:withdrawal reference": lambda shop: shop.line.withdrawals.get().reference,
    "credit:withdrawal_sales reference": lambda shop: shop.line.withdrawals.get().reference,
    "credit:withdrawal_sales_csv reference": lambda shop: shop.line.withdrawals.get().reference,
    "credit:withdrawal_sales_pdf reference": lambda shop: shop.line.withdrawals.get().reference,
    "credit:cancel_withdrawal reference": lambda shop: shop.line.withdrawals.get().reference,
    "credit:remove_destination pk": lambda shop: shop.destination.pk,
    "billing:request reference": lambda shop: "FR-1",
    "billing:day pk": lambda shop: shop.account.items.earliest("pk").pk,
    "billing:credit pk": lambda shop: shop.account.credits.get().pk,
    "billing:remove_card pk": lambda shop: 1,  # there is none
    "merchant:member pk": lambda shop: shop.merchant.memberships.earliest("pk").pk,
    "merchant:remove pk": lambda shop: shop.merchant.memberships.earliest("pk").pk,
    "merchant:send_again pk": lambda shop: shop.merchant.invitations.get().pk,
    "merchant:revoke pk": lambda shop: shop.merchant.invitations.get().pk,
    "backoffice:merchant reference": lambda shop: shop.reference,
    "backoffice:chart currency": lambda shop: shop.currency,
    "backoffice:chart name": lambda shop: "orders",
    "token": lambda shop: "no-such-token",
    "year": lambda shop: 2026,
    "billing:invoice_line pk": lambda shop: InvoiceLine.objects.filter(
        invoice=shop.account.invoices.earliest("pk")
    ).earliest("pk").pk,
    # Parameters of pages of allauth and the admin; no row has these values.
    "pk": lambda shop: 1,
    "key": lambda shop: "no-such-key",
    "kind": lambda shop: "no-such-kind",
    "uidb36": lambda shop: "1",
    "api:show event": lambda shop: "no-such-event",
    "order": lambda shop: "A-1",
    "charge": lambda shop: "no-such-charge",
    "id": lambda shop: 1,
    "content_type_id": lambda shop: 1,
    "object_id": lambda shop: 1,
    "app_label": lambda shop: "billing",
    "name": lambda shop: "no-such-decision",
}  # fmt: skip


def address(route: Route, shop: Shop) -> str:
    """The route's address with something of the shop in it."""
    named = {
        parameter: (ARGUMENTS.get(f"{route.name} {parameter}") or ARGUMENTS[parameter])(shop)
        for parameter in route.parameters
    }
    return reverse(route.name, kwargs=named)


# Pages of a person, or for everybody.
OTHER_PAGES = (
    "/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/email/",
    "/accounts/logout/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
)
PAGES_BEFORE_THE_SIGN_IN = ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/")
# A merchant's pages in a state that the bare address does not show.
MORE_PAGES = (
    "/m/rosewood/credit/check/?amount=9000",
    "/m/rosewood/credit/orders/?standing=OVERDUE",
    "/m/rosewood/credit/orders/?reference=nothing",
    "/m/rosewood/credit/declined/?days=7&code=line_frozen",
    "/m/rosewood/credit/limit/?order=A-1&by=at",
    "/m/rosewood/credit/withdrawals/?by=amount",
    "/m/rosewood/billing/invoices/?standing=PAST_DUE&by=-total",
    "/m/rosewood/billing/credits/?charge=nothing",
    "/m/rosewood/billing/days/?month=2026-11&fee=pick-pack",
    "/m/rosewood/billing/statements/2026-11/?reference=FR-2",
    "/m/rosewood/search/?q=A-",
    "/m/rosewood/search/?q=nothing",
)


def addresses(shop: Shop) -> list[str]:
    """The addresses of every route of a merchant, also of what is no page."""
    return [address(route, shop) for route in routes() if route.is_of_a_merchant]


def pages(shop: Shop, owner: Client, every: int = 1) -> list[str]:
    """The addresses of all pages that the shop's owner sees, found by asking for every route; or
    those that are found by asking for one of so many.
    """
    of_routes = addresses(shop)
    asked = [*of_routes, *MORE_PAGES, _disputing(shop), *OTHER_PAGES][::every]
    return [one for one in asked if one not in of_routes or _is_page(owner, one)]


def _disputing(shop: Shop) -> str:
    """The address of the page that disputes two charges at once."""
    chosen = Charge.objects.filter(account=shop.account, reference__in=("C-2", "C-3"))
    query = "&".join(f"charge={charge.pk}" for charge in chosen.order_by("pk"))
    return f"/m/{shop.reference}/billing/credits/several/?{query}"


def _is_page(client: Client, asked: str) -> bool:
    """Whether the answer is a page of HTML, with status 200."""
    response = client.get(asked)
    return response.status_code == 200 and response.headers["Content-Type"].startswith("text/html")
