"""A CSV that lacks a row, as the real web server sends it: never a file that looks whole."""

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from urllib.parse import urlencode

import pgtrigger
import pytest
from django.conf import settings
from django.db import connection

from billing.models import Charge
from billing.operations import charges
from tests import shops
from tests.factories import browser_of, member
from tests.ports import free_port, listens
from tests.processes import PATIENCE_SECONDS, until
from tests.shops import Shop
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

GUNICORN = "-m gunicorn config.wsgi --workers 1 --threads 2 --no-control-socket"
ROWS = 1000  # some 500 KB: much of it has left before the last row is counted
ADDRESSES = [
    "/m/rosewood/billing/statements/2026-10.csv",
    *full("/m/rosewood/billing/invoices/2026-000001.csv"),
]


@pytest.fixture
def shop() -> Shop:
    """A shop with a closed October of 1,000 charges on one bill of 20.00."""
    shop = shops.join("2026-10-01 09:00", billing_threshold="20.00")
    charges.record_many(
        [
            charges.NewCharge(
                merchant_id=shop.merchant.pk,
                reference=f"c-{number}",
                fee="pick-pack",
                currency="USD",
                amount=Decimal("0.02"),
                quantity=Decimal(1),
                at=shop.at("2026-10-10 10:00"),
                now=shop.at("2026-10-10 11:00"),
                description="x" * 400,
            )
            for number in range(ROWS)
        ]
    )
    shop.run_jobs("2026-11-01 00:00")
    assert shop.invoices() == ["2026-10-10 THRESHOLD 20.00"]
    return shop


@pytest.fixture
def port(shop: Shop) -> Iterator[int]:
    """The port on which gunicorn serves the tests' database, with threads as `manage.py up` starts
    it. It ends with the test.
    """
    free = free_port()
    server = subprocess.Popen(
        [sys.executable, *GUNICORN.split(), "--bind", f"127.0.0.1:{free}"],
        env=os.environ | {"DATABASE_URL": _database_url(), "SECRET_KEY": settings.SECRET_KEY},
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: listens(free))
        yield free
    finally:
        server.terminate()
        server.wait()


def _database_url() -> str:
    """The URL of the test's database, for another process."""
    database = connection.settings_dict
    options = urlencode({"host": database["HOST"]}) if database["HOST"].startswith("/") else ""
    host = "" if options else f"{database['HOST']}:{database['PORT']}"
    person = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
    return f"postgresql://{person}@{host}/{database['NAME']}?{options}"


def get(shop: Shop, port: int, address: str, version: int = 11) -> HTTPResponse:
    """The answer of a server on this port to a member who asks for the address, by HTTP 1.0 or
    1.1.
    """
    cookie = browser_of(member(shop)).cookies[settings.SESSION_COOKIE_NAME].value
    asked = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    asked._http_vsn, asked._http_vsn_str = version, f"HTTP/1.{version % 10}"  # type: ignore[attr-defined]
    asked.request("GET", address, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"})
    return asked.getresponse()


def lose_a_charge() -> None:
    """Delete a charge, which the database otherwise refuses."""
    with pgtrigger.ignore():
        Charge.objects.get(reference="c-500").delete()


@pytest.mark.full  # test_statement_csv breaks one off, without a server
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_whole_file_ends_and_one_that_lacks_a_row_does_not(
    shop: Shop, port: int, address: str
) -> None:
    for version in (11, 10):
        whole = get(shop, port, address, version)
        assert whole.status == 200
        assert whole.read().count(b"\n") == 1 + ROWS
    lose_a_charge()
    broken = get(shop, port, address)
    assert (broken.status, broken.headers["Transfer-Encoding"]) == (200, "chunked")
    with pytest.raises(IncompleteRead):
        broken.read()
    refused = get(shop, port, address, version=10)
    assert refused.status == 500
    assert b"x" * 100 not in refused.read()
