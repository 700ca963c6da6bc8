"""Measures the server time of the admin's lists, reports and pages of several decisions at once,
over all merchants together.

Each list is opened as it is, sorted by its first and its last sortable column, asked for a
merchant's rows, and taken page 2 of. BENCH_MERCHANTS says of how many merchants, with 4,500 charges
and 900 orders each (110: half a million charges; 1110: five million).
"""

import logging
import os
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import NoReverseMatch, reverse

from backoffice.reports.report import REPORTS
from backoffice.several import DecidingSeveral
from bench import history
from bench.figures import Figure, measure
from bench.sized import Sized
from billing.models import Charge
from credit.models import Order
from merchants.models import User

ROUNDS = 2
SLOWEST = 2000.0  # milliseconds
MERCHANTS = Sized(usual=110, full=1110, tiny=1)
OPERATOR = "operator@history.example"


def run() -> Iterator[tuple[str, str] | Figure]:
    """Write the merchants' histories, and measure each page of the admin.

    Yields the lines of the report, each (label, result), and a figure.
    """
    logging.getLogger("django.request").setLevel(logging.ERROR)
    merchants = int(os.environ.get("BENCH_MERCHANTS") or MERCHANTS())
    started = time.perf_counter()
    history.write([f"ordinary-{number}" for number in range(merchants)], history.ORDINARY)
    seconds = time.perf_counter() - started
    volume = f"{Charge.objects.count():,} and {Order.objects.count():,} in {seconds:.0f}"
    yield "charges and orders written, seconds", volume
    measured = slow = 0
    clock = patch("lib.clock.now", lambda: history.NOW)
    with clock, override_settings(TAEL_SANDBOX=True):  # which asks nobody for a second factor
        client = _operator()
        for name, address in _addresses():
            milliseconds, queries, status = _measure(client, address)
            measured += 1
            is_fine = milliseconds <= SLOWEST and status < 400
            slow += not is_fine
            said = f"{milliseconds:8.1f} ms, {queries:3} queries"
            yield name, said + ("" if is_fine else f" (NOT REACHED, {status})")
    yield measure(
        f"pages of the admin that take two seconds, of {measured}",
        [slow],
        unit="pages",
        sent=f"GET, {merchants} merchants, {Charge.objects.count():,} charges",
        at_most=0,
    )


def _operator() -> Client:
    """A client in which an operator with all roles is signed in, which nobody has otherwise. The
    user is made if missing.
    """
    user, _ = User.objects.get_or_create(email=OPERATOR, defaults={"is_staff": True})
    user.groups.set(Group.objects.all())
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    return client


def _addresses() -> Iterator[tuple[str, str]]:
    """Yield (name, address) of each page that is measured: the home, a merchant, a search, every
    list of the admin, and every report with its picture and rows.
    """
    yield "home", reverse("admin:index")
    yield "a merchant", reverse("backoffice:merchant", args=["ordinary-7"])
    yield "find ordinary-7", reverse("backoffice:find") + "?q=ordinary-7"
    for model, pages in sorted(admin.site._registry.items(), key=lambda one: one[0]._meta.label):
        yield from _of_list(model, pages)
    for report in REPORTS:
        address = reverse("backoffice:report", args=[report.name])
        asked = "?currency=USD&start=2025-11-01&end=2026-11-22"
        yield f"report {report.name}", address
        yield f"report {report.name}, a year", address + asked
        yield f"picture {report.name}", reverse("backoffice:report_picture", args=[report.name])
        yield (
            f"rows of {report.name}, a year",
            (reverse("backoffice:report_rows", args=[report.name]) + asked),
        )


def _of_list(model: Any, pages: Any) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of a model's list: as it is, its second page, sorted by its first and
    last columns, searched if it can be, and its pages of several decisions. `pages` is the model's
    admin. Nothing if it has no list.
    """
    name = model._meta.label_lower
    route = name.replace(".", "_")
    try:
        address = reverse(f"admin:{route}_changelist")
    except NoReverseMatch:
        return
    yield name, address
    yield f"{name}, page 2", f"{address}?p=2"
    columns = len(pages.list_display)
    for place in dict.fromkeys((1, columns)):
        yield f"{name}, sorted by column {place}", f"{address}?o={place}"
    if pages.search_fields:
        yield f"{name}, of ordinary-7", f"{address}?q=ordinary-7"
    if isinstance(pages, DecidingSeveral):
        for one in pages.several:
            yield f"{name}, {one} several", reverse(f"admin:{route}_decide_several", args=[one])


def _measure(client: Client, address: str) -> tuple[float, int, int]:
    """(the shortest milliseconds of ROUNDS requests, the queries of one more, the HTTP status of
    that one).
    """
    best = min(_once(client, address) for _ in range(ROUNDS))
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
        status = response.status_code
    return best, len(queries), status


def _once(client: Client, address: str) -> float:
    """How many milliseconds a GET of the address takes."""
    started = time.perf_counter()
    client.get(address)
    return (time.perf_counter() - started) * 1000
