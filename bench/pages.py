"""Measures the server time of every page of a merchant, with 5,000 charges and with 500,000 of its
own, in full among 5,000,000.

Both merchants' rows lie in the same tables as those of a thousand others. Times are of the whole
middleware, without a network.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from bench import history
from bench.figures import Figure, less_is_better, measure
from bench.sized import TINY, Sized, size
from billing.models import Charge, InvoiceLine
from credit.models import CreditLine, Freeze, Order, Withdrawal
from merchants.models import Membership, Merchant, User

ROUNDS, WARM_UPS = Sized(usual=5, full=11, tiny=1), Sized(usual=1, full=3, tiny=0)
MOST_QUERIES = 12
WHO_ASKS = 4  # queries of each page: session, person, membership, account
MOST_OF_OVERVIEW = 8  # queries beyond these
MOST_GROWTH, FAST_ENOUGH = 1.5, 20.0  # times; milliseconds
# What is read row by row grows with a merchant up to a bound, and has a time of its own, by the
# beginning of its name: found rows are counted and summed up to 10,000. The exact figures come into
# a page that is there (rule 23.18). Which sales a withdrawal paid out follows from what matured on
# each day since.
COUNTED = 200.0  # milliseconds
BOUNDS = {
    **dict.fromkeys(("search?", "calendar", "credit:coming", "credit:proceeds_entries"), COUNTED),
    **dict.fromkeys(("credit:orders?", "billing:requests?", "credit:after_sales"), COUNTED),
    **dict.fromkeys(("credit:withdrawals?", "billing:invoices?"), COUNTED),
    **dict.fromkeys(("credit:sales", "credit:check", "credit:automatic"), COUNTED),
    **dict.fromkeys(("credit:buyers", "credit:declined", "billing:all_charges"), COUNTED),
    "billing:all_charges?figures": 2000.0,
    **dict.fromkeys(("credit:orders?figures", "billing:requests?figures"), 2000.0),
    "credit:withdrawal_sales": COUNTED,
}
# What looks for a text in names may take longer by what the least SQL that does so takes: a pass
# over them. By the beginning of the page's name: tables, the merchant's column and the name's.
NAMES: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "search?": (
        ("credit_order", "line_id", "reference"),
        ("credit_order", "line_id", "buyer"),
        ("billing_charge", "account_id", "reference"),
        ("billing_fulfilmentrequest", "account_id", "reference"),
    ),
    "credit:orders?": (("credit_order", "line_id", "reference"),),
    "billing:requests?": (("billing_fulfilmentrequest", "account_id", "reference"),),
    "billing:all_charges?": (("billing_charge", "account_id", "reference"),),
}
PASS = "SELECT count(*) FROM {} WHERE {} = %s AND {} ILIKE %s"
OTHERS = Sized(usual=0, full=1000, tiny=1)
OWNER = "owner@history.example"

# What a merchant fills in on its lists, and looks for: something old, something that is not there.
QUESTIONS = {
    "calendar": ("on=2026-12-31", "kind=PROCEEDS&span=ALL"),
    "credit:coming": ("what=OVERDUE", "what=UNDELIVERED", "by=-due_on"),
    "credit:buyers": (
        "name=buyer-1",
        "name=nobody",
        "by=-latest_at",
        "by=name",
        "standing=LATE",
        "standing=CLEAR&by=-orders",
        "least=100",
    ),
    "credit:buyer": ("amount=100&outcome=LATE",),
    "credit:sales_month": ("what=CANCELLED",),
    "credit:after_sales": ("days=365", "stage=DELIVERED", "buyer=buyer-7"),
    "credit:cancelled": ("days=365&none=1",),
    "credit:check": ("amount=100", "amount=8999000"),
    "credit:limit": tuple(f"kind={kind}" for kind in ("HOLD", "PAYMENT", "RELEASE", "LIMIT_SET")),
    "credit:orders": (
        "by=placed_at",
        "days=30",
        "since=2025-01-01&until=2025-01-31&standing=PAID",
        "least=900000",
        "figures=all",
        "by=due_on",
        "standing=OPEN",
        "standing=SOLD",
        "standing=OVERDUE",
        "standing=OVERDUE&by=due_on",
        "standing=WRITTEN_OFF",
        "standing=PAID&reference=A-00",
        "standing=OVERDUE&reference=A-0000",
        "standing=DECLINED&code=buyer_risk",
        "buyer=buyer-7",
        "buyer=buyer-7&standing=OPEN",
        "buyer=nobody",
        "reference=A-0000",
        "reference=A-0004",
        "reference=A-000400",
        "reference=nothing",
    ),
    "credit:declined": ("code=line_frozen", "code=buyer_risk"),
    "credit:proceeds_entries": tuple(
        f"kind={kind}" for kind in ("SALE", "REFUND", "RETURNED", "BILL_PAYMENT")
    ),
    "credit:withdrawals": ("standing=UNDER_WAY", "standing=PAID", "standing=RETURNED"),
    "credit:withdraw": ("amount=10&destination=%(destination)s",),
    "billing:invoices": (
        "status=VOID",
        "status=UNCOLLECTIBLE",
        "kind=FINAL",
        "kind=FINAL&status=OPEN",
        "number=%(number)s",
        "number=nothing",
    ),
    "billing:requests": (
        "days=30",
        "figures=all",
        "least=5",
        "by=-cost",
        "days=today&least=5",
        "days=today&by=-cost",
        "days=today&fee=storage",
        "days=today&billed=NOT_BILLED",
        "days=today&credited=yes",
        "reference=-5-1",
        "reference=FR-2411",
        "reference=FR-241101-5",
        "reference=nothing",
    ),
    "billing:all_charges": (
        "reference=C-",
        "reference=0050",
        "reference=nothing",
        "by=at",
        "by=reference",
        "days=today",
        "figures=all",
    ),
    "billing:credits": ("status=REQUESTED", "status=APPROVED"),
    "billing:new_credit": ("charge=%(charge)s", "charge=nothing"),
    "search": (
        "q=orders",
        "q=A-",
        "q=A-000123",
        "q=A-00012",
        "q=C-",
        "q=FR-2411",
        "q=W",
        "q=0050",
        "q=171.57",
        "q=nothing",
    ),
}


@dataclass(frozen=True)
class Shop:
    """A merchant, and values for the parameters of its pages' addresses."""

    merchant: Merchant
    named: Mapping[str, Any]

    @classmethod
    def of(cls, reference: str) -> "Shop":
        """The merchant with this reference, with rows of its own for the parameters of addresses.
        The user who reads the pages becomes its owner.
        """
        merchant = Merchant.objects.get(reference=reference)
        account = merchant.billing_account
        lines = InvoiceLine.objects.filter(invoice__account=account, invoice__status="PAID")
        line = lines.order_by("-charge_count", "-pk")[0]
        charge = Charge.objects.filter(account=account, request__gt="").earliest("pk")
        orders, sent = (
            Order.objects.filter(line=merchant.pk),
            Withdrawal.objects.filter(line=merchant.pk),
        )
        named: dict[str, Any] = {
            "merchant": merchant.reference,
            "month": history.NOW.date().replace(day=1),
            "year": history.NOW.year,
            "credit:review month": history.NOW.date().replace(day=1),
            "buyer": "buyer-7",
            "credit:order reference": orders.filter(status=Order.Status.PAID)
            .latest("pk")
            .reference,
            "credit:proceeds_day on": date(2026, 12, 7),  # of what is paid today
            "reference": sent.latest("pk").reference,
            "billing:request reference": charge.request,
            "billing:credit pk": account.credits.latest("pk").pk,
            "number": line.invoice.number,
            "pk": line.pk,
            "merchant:member pk": join_owner(merchant).pk,
            "charge": charge.reference,
            "destination": merchant.credit_line.destinations.earliest("pk").pk,
        }
        return cls(merchant, named)


def run() -> Iterator[tuple[str, str] | Figure]:
    """Write the histories of a small merchant, many ordinary ones and a large one, and measure each
    page of the small one and the large one.

    Yields the lines of the report, each (label, result), and figures.
    """
    logging.getLogger("django.request").setLevel(logging.ERROR)  # some addresses only take a POST
    few, many, large_one = history.SMALL, history.ORDINARY, history.LARGE
    if size() == TINY:
        few = many = large_one = history.TINY
    history.write(["small"], few)
    started = time.perf_counter()
    history.write([f"ordinary-{number}" for number in range(OTHERS())], many)
    history.write(["large"], large_one)
    yield "charges and orders written, seconds", _volume(time.perf_counter() - started)
    failed = 0
    pairs = []
    for small, large in _measure_pages(Shop.of("small"), Shop.of("large")):
        said, is_fine = _verdict(small, large)
        failed += not is_fine
        pairs.append((small, large))
        yield large.name, said
    yield from _figures(pairs, failed)


def _figures(pairs: Sequence[tuple["Page", "Page"]], failed: int) -> Iterator[Figure]:
    """The figures of all these pages together, each of the small merchant and the large one, of
    which `failed` miss a target of theirs.
    """
    pages = [page for _, page in pairs]
    volume = f"{Charge.objects.count():,} charges, {Order.objects.count():,} orders"
    sent = f"GET of {len(pages)} pages and questions, {ROUNDS()} times each"
    yield less_is_better(
        f"a merchant's pages among {volume}, the median page",
        [(large.milliseconds, small.milliseconds) for small, large in pairs],
        floor="a small merchant's, in turn",
        sent=sent,
        at_most=MOST_GROWTH,
        unit="ms",
    )
    yield measure("pages that miss a target", [failed], unit="pages", sent=sent, at_most=0)
    overview = max(page.queries for page in pages if page.name == "overview") - WHO_ASKS
    for what, queries, most in (
        (
            f"queries of the start page beyond the {WHO_ASKS} of who asks",
            overview,
            MOST_OF_OVERVIEW,
        ),
        ("queries of a page, the most", max(page.queries for page in pages), MOST_QUERIES),
    ):
        yield measure(what, [queries], unit="queries", sent=sent, at_most=most)


@dataclass(frozen=True)
class Page:
    """One page, and what was measured of it."""

    name: str  # its route, and what was asked
    milliseconds: float  # the best of ROUNDS: other programs of this machine only add to it
    queries: int
    names: float  # milliseconds of the pass over names that it needs; 0 where it needs none


def _measure_pages(*shops: Shop) -> Iterator[tuple[Page, ...]]:
    """Yield the time and queries of every page, of each of the merchants, opened by their owner at
    `history.NOW`: in turn, since a machine that others use slows down for all of them.

    Queries are counted while the line is frozen, since pages then make more.
    """
    clients = [Client(headers={"host": "127.0.0.1"}) for _ in shops]
    clock = patch("lib.clock.now", lambda: history.NOW)
    # A demonstration asks nobody for a second factor.
    with clock, override_settings(TAEL_SANDBOX=True):
        for client in clients:
            client.force_login(User.objects.get(email=OWNER))
        for of_each in zip(*map(addresses, shops), strict=True):
            asked = list(zip(shops, clients, of_each, strict=True))
            if not all(_is_page(client, address) for _, client, (_, address) in asked):
                continue
            best = _milliseconds([(client, address) for _, client, (_, address) in asked])
            yield tuple(
                Page(
                    name,
                    milliseconds,
                    _queries(shop.merchant, client, address),
                    _pass_over_names(shop.merchant, name),
                )
                for (shop, client, (name, address)), milliseconds in zip(asked, best, strict=True)
            )


def join_owner(merchant: Merchant) -> Membership:
    """Make the pages' reader an owner of the merchant unless they are a member, and return the
    membership. The user is made if missing.
    """
    user, _ = User.objects.get_or_create(email=OWNER)
    role = Membership.Role.OWNER
    return Membership.objects.get_or_create(user=user, merchant=merchant, role=role)[0]


def addresses(shop: Shop) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of each page of the merchant, by itself and with each of its
    QUESTIONS.
    """
    for name, parameters in _routes(get_resolver(), "", frozenset()):
        if "merchant" not in parameters or name.startswith(("admin:", "api:")):
            continue
        named = {one: shop.named.get(f"{name} {one}") or shop.named[one] for one in parameters}
        address = reverse(name, kwargs=named)
        yield name, address
        for question in QUESTIONS.get(name, ()):
            yield f"{name}?{question}", f"{address}?{question % shop.named}"


def _routes(
    resolver: URLResolver, space: str, parameters: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield (name with its namespace, names of the parameters in the address) of each named route
    below the resolver. `space` is the namespace so far, `parameters` those of the routes above.
    """
    for pattern in resolver.url_patterns:
        known = parameters | set(pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield space + pattern.name, known
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _routes(pattern, inner, known)


def _is_page(client: Client, asked: str) -> bool:
    """Whether a GET of the address gives a page. Addresses that take only a POST do not, nor do
    downloads, which take as long as their data.
    """
    response = client.get(asked)
    kind = response.headers.get("Content-Type", "")
    return response.status_code == 200 and kind.startswith(("text/html", "image/svg+xml"))


def _milliseconds(asked: Sequence[tuple[Client, str]]) -> list[float]:
    """The shortest milliseconds of ROUNDS requests of each of these addresses, in turn, after
    WARM_UPS others.
    """
    rounds = [[_once(*each) for each in asked] for _ in range(WARM_UPS() + ROUNDS())]
    return [min(of_one) for of_one in zip(*rounds[WARM_UPS() :], strict=True)]


def _once(client: Client, asked: str) -> float:
    """How many milliseconds a GET of the address takes."""
    started = time.perf_counter()
    client.get(asked)
    return (time.perf_counter() - started) * 1000


def _pass_over_names(merchant: Merchant, name: str) -> float:
    """The milliseconds of the least SQL that looks through the merchant's names for the text that
    the page of this name is asked for, in any case: the shortest of ROUNDS, right after the page's.
    """
    route, _, asked = name.partition("?")
    texts = dict(parse_qsl(asked))
    text = texts.get("q") or texts.get("reference")
    if text is None or f"{route}?" not in NAMES:
        return 0.0
    total = 0.0
    with connection.cursor() as cursor:
        for table, of_merchant, column in NAMES[f"{route}?"]:
            times = []
            for _ in range(WARM_UPS() + ROUNDS()):
                started = time.perf_counter()
                cursor.execute(PASS.format(table, of_merchant, column), (merchant.pk, f"%{text}%"))
                times.append((time.perf_counter() - started) * 1000)
            total += min(times)
    return total


def _queries(merchant: Merchant, client: Client, asked: str) -> int:
    """How many database queries one GET of the address makes with the merchant's line frozen."""
    with _frozen(merchant), CaptureQueriesContext(connection) as queries:
        client.get(asked)
    return len(queries)


@contextmanager
def _frozen(merchant: Merchant) -> Iterator[None]:
    """Freeze the merchant's line while the block runs; afterwards everything is rolled back."""
    with transaction.atomic():
        Freeze.objects.create(
            line_id=merchant.pk,
            reason=Freeze.Reason.SUSPECTED_FRAUD,
            placed_at=history.NOW,
            placed_by="officer@tael.example",
        )
        CreditLine.objects.filter(pk=merchant.pk).update(freezes_in_force=1)
        yield
        transaction.set_rollback(True)


def _verdict(small: Page, large: Page) -> tuple[str, bool]:
    """(the text of the report about one page, whether it meets the targets). It compares the page
    of the small merchant, and a pass over the names that the large one's page looks through, with
    that of the large one: the time must not grow much unless it is short anyway, and queries must
    be few.
    """
    growth = large.milliseconds / (small.milliseconds + large.names)
    queries = max(small.queries, large.queries)
    bounds = [bound for name, bound in BOUNDS.items() if large.name.startswith(name)]
    is_fast = growth <= MOST_GROWTH or large.milliseconds <= max(bounds, default=FAST_ENOUGH)
    is_fine = is_fast and queries <= MOST_QUERIES
    names = f" + {large.names:.1f} of names" if large.names else ""
    times = f"{small.milliseconds:6.1f}{names} {large.milliseconds:6.1f} ms, {growth:5.2f} times"
    return f"{times}, {queries:2} queries{'' if is_fine else ' (NOT REACHED)'}", is_fine


def _volume(seconds: float) -> str:
    """How many charges and orders there are, and the seconds that writing them took, as text."""
    return f"{Charge.objects.count():,} and {Order.objects.count():,} in {seconds:.0f}"
