"""Requests as nobody's browser sends them, drawn by a seed: every route, parameter and method."""

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from config import bounds
from merchants.models import User
from tests.factories import browser_of
from tests.routes import address, routes
from tests.shops import Shop

DEEP = "[" * 20_000 + "]" * 20_000
VALUES = (
    *("", "1", "0", "-1", "9" * 18, "9" * 19, "9" * 40, "1e999999", "-1e-9", "NaN", "Infinity"),
    *("0.001", "1,5", "²", "٣", "true", "(", "[", "\\", "'", '"', "%", "%s", "{}", "<b>", "\0"),
    *(
        "a\0b",
        "\ufeff=1",
        "\u202e",
        "\ud7ff",
        "😀" * 50,
        "x" * 300,
        "x" * 5000,
        DEEP,
        '{"a":' * 9999,
    ),
    *("2026-11-01", "0000-00-00", "9999-12-31", "0001-01-01", "2026-02-30", "2026-11", "9999-12"),
    *("0001-01-01T00:00:00+23:59~1", "9999-12-31T23:59:59-23:59~1", "1e400~1", "NaN~1", "~", "x~²"),
    *("2026-11-02T10:00:00Z~1", "-Infinity~9", "10000-01-01~1", "1" * 5000, "None", "null", "OPEN"),
    *(
        "rosewood",
        "A-1",
        "../../etc/passwd",
        "http://evil.example/",
        "//evil.example",
        "javascript:1",
    ),
)
NAMES = (
    *("after", "before", "by", "q", "p", "o", "e", "all", "month", "reference", "status", "days"),
    *(
        "code",
        "order",
        "charge",
        "request",
        "fee",
        "amount",
        "from",
        "to",
        "next",
        "language",
        "key",
    ),
    *(
        "_facets",
        "_popup",
        "_to_field",
        "app_label",
        "model_name",
        "field_name",
        "term",
        "s",
        "page",
    ),
    *("id__regex", "pk", "status__exact", "waits", "kind__exact", "at_from", "at_to", "credential"),
    *("_changelist_filters", "extended", "currency", "standing", "number", "format", "file"),
)
BODIES = (DEEP, "{", json.dumps({"type": DEEP}), "\xff\0", "a=%ff&b=%00")
FILES = ("f.pdf", "x" * 90, "\u202egnp.exe", "=1.csv", "%00", "'.png")
TYPES = (
    "application/json",
    "application/json; charset=hex",
    "application/x-www-form-urlencoded; charset=hex",
    "application/x-www-form-urlencoded; charset=utf-16",
    "text/plain; charset=undefined",
    "text/plain; charset=" + "x" * 500,
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "y" * 300,
    "nonsense",
    "",
)
HEADERS = {
    "HTTP_ACCEPT_LANGUAGE": ("th", "zh-hans", "xx-" * 500, "*;q=9e99", "\xff"),
    "HTTP_X_REQUEST_ID": ("x" * 9000, "\xff"),
    "HTTP_X_FORWARDED_FOR": ("1.2.3.4", "nonsense", "::1, " * 50),
    "HTTP_X_FORWARDED_PROTO": ("https", "nonsense"),
    "HTTP_REFERER": ("http://evil.example/", "\xff", "x"),
    "HTTP_COOKIE": ("sessionid=\xff; csrftoken=" + "x" * 4000, ";;;===", "messages=x; sessionid=1"),
    "HTTP_RANGE": ("bytes=0-1", "bytes=-"),
    "HTTP_IF_MODIFIED_SINCE": ("nonsense", "Sun, 99 Foo 9999 99:99:99 GMT"),
    "HTTP_HX_REQUEST": ("true",),
    "HTTP_HX_CURRENT_URL": ("http://[", "\xff"),
    "HTTP_HOST": ("evil.example", "localhost:99999", "[::1", "localhost:1"),
    "HTTP_TRANSFER_ENCODING": ("chunked",),
    "HTTP_STRIPE_SIGNATURE": ("t=1,v1=x", "t=x", "\xff"),
    "HTTP_ORIGIN": ("null", "http://["),
    "HTTP_IF_NONE_MATCH": ('"x"', "*"),
}


@dataclass
class Asker:
    """Asks a shop's people's pages for what makes no sense, and remembers what failed."""

    shop: Shop
    people: Sequence[User | None]
    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.addresses = [address(route, self.shop) for route in routes()]
        self.clients = [browser_of(user) if user else Client() for user in self.people]
        self.known: dict[str, list[str]] = {}
        for client in self.clients:
            client.raise_request_exception = False

    def ask(self, times: int) -> None:
        """Send so many random requests to random addresses, each address at least once if there are
        that many.
        """
        # Each address once at least, if there are as many requests.
        turns = [*self.random.sample(self.addresses, len(self.addresses))]
        for number in range(times):
            asked = turns[number] if number < len(turns) else self.random.choice(self.addresses)
            self._one(asked, self.random.choice(self.clients))

    def _one(self, asked: str, client: Client) -> None:
        """Send one random request to the address, with some parameters that it knows and odd
        values, and check that it is no failure of ours. What it did is undone.
        """
        names = self._names(asked, client)
        if self.random.random() < 0.2:
            asked = self._bent(asked)
        method = self.random.choice(("get", "get", "get", "post", "post", "head", "put", "delete"))
        query = {name: self._value() for name in self._some(names)}
        content: dict[str, Any] = {}
        if method in ("post", "put"):
            content = self._body(names)
        if not bounds.is_utf_8(content.get("content_type", "")):  # refused before Django sees it
            self.statuses[415] += 1
            return
        headers: dict[str, Any] = {}
        if self.random.random() < 0.25:
            header = self.random.choice(list(HEADERS))
            headers[header] = self.random.choice(HEADERS[header])
        address = f"{asked}?{urlencode(query, errors='replace')}"
        kept = deepcopy(client.cookies)
        with transaction.atomic():
            if "content_type" in content:  # as it is, in whatever encoding its header names
                response = client.generic(method.upper(), address, **content, **headers)
            else:
                response = getattr(client, method)(address, **content, **headers)
            transaction.set_rollback(True)  # the next one finds everything as it was
        client.cookies = kept
        self.statuses[response.status_code] += 1
        if response.status_code >= 500:
            said = f"{method} {address[:300]} {str(content)[:300]} {headers}"
            self.failed.append(
                f"{response.status_code} {said}: {getattr(response, 'exc_info', '')}"[:1500]
            )

    def _names(self, asked: str, client: Client) -> list[str]:
        """The names of the fields that the page at this address has, at most 60, read once."""
        if asked not in self.known:
            with transaction.atomic():
                page = client.get(asked)
                transaction.set_rollback(True)
            text = "" if page.streaming else page.content.decode(errors="replace")
            self.known[asked] = sorted(set(re.findall(r'name="([\w-]+)"', text)))[:60]
        return self.known[asked]

    def _some(self, names: list[str]) -> list[str]:
        """Up to three of these names, and some of names that any page may know."""
        own = self.random.sample(names, min(len(names), self.random.randrange(4)))
        return own + self.random.sample(NAMES, self.random.randrange(4))

    def _value(self) -> str:
        """A random value out of VALUES, mostly odd ones."""
        return self.random.choice(VALUES)

    def _bent(self, asked: str) -> str:
        """The address with one of its steps exchanged."""
        steps = asked.strip("/").split("/")
        at = self.random.randrange(len(steps))
        steps[at] = quote(self._value()[:500], safe="")
        return "/" + "/".join(steps) + "/"

    def _body(self, names: list[str]) -> dict[str, Any]:
        """What the test client sends as the body: mostly a form with some of these names, sometimes
        what cannot be read.
        """
        if self.random.random() < 0.3:
            raw = self.random.choice(
                (DEEP, "{", json.dumps({"type": DEEP}), "\xff\0", "a=%ff&b=%00")
            )
            return {"data": raw, "content_type": self.random.choice(TYPES)}
        sent: dict[str, Any] = {name: self._value() for name in self._some(names)}
        sent |= {name: self._value() for name in names if self.random.random() < 0.5}
        if self.random.random() < 0.2:
            name = self.random.choice([*names, "file", "licence_document"])
            sent[name] = SimpleUploadedFile(self.random.choice(FILES), self._value().encode())
        return {"data": sent} if self.random.random() < 0.9 else {
            "data": urlencode(sent, errors="replace"),
            "content_type": "application/x-www-form-urlencoded",
        }  # fmt: skip
