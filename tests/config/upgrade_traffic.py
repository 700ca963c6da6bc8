"""Those who trade while a version takes the place of another, and what they waited for."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from threading import Event, Lock, Thread
from typing import Any

from tests.config.clusters import Cluster

SECONDS_BETWEEN = 0.05  # two looks at locks, and two requests of a client
# Who waits for a lock, since when, and what whoever is in the way does.
WAITING = """
SELECT waiting.application_name, extract(epoch FROM clock_timestamp() - lock.waitstart)::float,
       coalesce(lock.relation::regclass::text, lock.locktype), left(waiting.query, 300),
       (SELECT string_agg(other.application_name || ': ' || left(other.query, 300), ' | ')
        FROM pg_stat_activity other WHERE other.pid = ANY(pg_blocking_pids(lock.pid)))
FROM pg_locks lock JOIN pg_stat_activity waiting USING (pid)
WHERE NOT lock.granted AND lock.waitstart IS NOT NULL
"""


@dataclass(frozen=True)
class Answer:
    begun: float  # by the monotonic clock
    seconds: float
    what: str
    status: int  # 0 without an answer


@dataclass
class Traffic:
    """Clients of the API and a reader of pages, at whatever ports are in `ports` just then."""

    key: str
    session: str
    merchants: list[str]
    ports: list[int]
    answers: list[Answer] = field(default_factory=list)
    taken: dict[str, set[str]] = field(default_factory=dict)  # by kind, what was acknowledged

    def __post_init__(self) -> None:
        self._names, self._lock, self._end = count(1), Lock(), Event()

    @contextmanager
    def going_on(self, clients: int) -> Iterator[None]:
        """A context in which so many clients trade and one reads."""
        work = [Thread(target=self._trade, args=(Random(n),)) for n in range(clients)]
        work.append(Thread(target=self._read, args=(Random(clients),)))
        for one in work:
            one.start()
        try:
            yield
        finally:
            self._end.set()
            for one in work:
                one.join()

    def longest(self, since: float, until: float) -> Answer:
        """The answer that took longest, of those asked for between these instants."""
        return max(
            (one for one in self.answers if since <= one.begun <= until),
            key=lambda one: one.seconds,
        )

    def statuses(self) -> Counter[str]:
        """How often each kind of request was answered with each status."""
        return Counter(f"{one.what} {one.status}" for one in self.answers)

    def _trade(self, chance: Random) -> None:
        """Place and ship orders and charge fees, at random, until the end."""
        while not self._end.wait(SECONDS_BETWEEN):
            merchant, name = chance.choice(self.merchants), f"new-{next(self._names)}"
            money = {"currency": "USD", "amount": "1.50"}
            order = {"merchant": merchant, "order": name, "buyer": "b", **money}
            placed = self._tell("orders", merchant, name, "orders", order)
            if placed.get("status") == "OPEN":
                path = f"merchants/{merchant}/orders/{name}/shipment"
                self._tell("shipment", merchant, name, path, {})
            charge = {"merchant": merchant, "charge": name, "fee": "pick-pack", "quantity": 1}
            self._tell("charges", merchant, name, "charges", {**charge, "request": name, **money})
            self._ask("GET", "list", f"/api/v1/merchants/{merchant}/orders?limit=20")

    def _tell(
        self, kind: str, merchant: str, name: str, path: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Post this, and return the answer; an empty one if it was not taken. What was taken is
        noted by its kind, as merchant and name.
        """
        status, content = self._ask("POST", kind, f"/api/v1/{path}", json.dumps(body))
        if status not in (200, 201):
            return {}
        with self._lock:
            self.taken.setdefault(kind, set()).add(f"{merchant} {name}")
        said: dict[str, Any] = json.loads(content)
        return said

    def _read(self, chance: Random) -> None:
        """Read pages, until the end."""
        # Those without charts: the version before drew them by other versions of packages.
        pages = ("credit/orders/", "billing/invoices/", "billing/pricing/")
        while not self._end.wait(SECONDS_BETWEEN):
            self._ask("GET", "page", f"/m/many/{chance.choice(pages)}")

    def _ask(self, method: str, what: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Status and content of an answer of one of the servers, in turn; the status is 0 if none
        came. How long it took is kept.
        """
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        if what == "page":
            headers = {"Cookie": f"sessionid={self.session}"}
        begun, status, content = time.monotonic(), 0, b""
        port = self.ports[next(self._names) % len(self.ports)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            content = repr(error).encode()
        finally:
            connection.close()
        self.answers.append(Answer(begun, time.monotonic() - begun, what, status))
        return status, content


@dataclass(frozen=True)
class Wait:
    """How long somebody had waited for a lock when that was last seen."""

    who: str
    seconds: float
    on: str
    statement: str
    holders: str


class Watch:
    """Looks at who waits for locks, each SECONDS_BETWEEN."""

    def __init__(self, cluster: Cluster, migrating: str) -> None:
        """`migrating` is the application_name of who migrates."""
        self.cluster, self.migrating = cluster, migrating
        self.waits: list[Wait] = []
        self.looks = 0
        self.migration_has_waited = Event()
        self._end = Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """A context in which the database's locks are looked at."""
        work = Thread(target=self._look)
        work.start()
        try:
            yield
        finally:
            self._end.set()
            work.join()

    def longest(self, *, of_migration: bool) -> Wait:
        """The longest wait of the migration, or of all others."""
        nobody = Wait("nobody", 0.0, "", "", "")
        return max(
            (one for one in self.waits if (one.who == self.migrating) is of_migration),
            key=lambda one: one.seconds,
            default=nobody,
        )

    def _look(self) -> None:
        """Note who waits for which lock, until the end."""
        with self.cluster.connect() as asked:
            while not self._end.wait(SECONDS_BETWEEN):
                self.looks += 1
                for row in asked.execute(WAITING):
                    wait = Wait(*row)
                    self.waits.append(wait)
                    if wait.who == self.migrating:
                        self.migration_has_waited.set()
