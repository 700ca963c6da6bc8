"""Clients that send half of what they announced stop nobody, behind deploy/nginx.conf."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import pytest
from django.conf import settings

from tests.nginx import CONFIGURATION
from tests.nginx import nginx as nginx_before
from tests.ports import free_port
from tests.processes import new_data_folder, starting, until

HALF = (
    b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
)
CLIENTS = 200


@pytest.fixture(scope="module")
def gunicorn() -> Iterator[int]:
    """The web server as it is started anywhere: with two workers of two threads."""
    port = free_port()
    with new_data_folder() as folder, starting(folder) as start:
        start(
            *("-m", "gunicorn", "config.wsgi", "--workers", "2", "--no-control-socket"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "critical"),
            ALLOWED_HOSTS="localhost 127.0.0.1",
        )
        until(lambda: answers(port), 120)
        yield port


@pytest.fixture
def nginx(gunicorn: int) -> Iterator[int]:
    """The documented nginx, on ports of ours and without a certificate."""
    with nginx_before(answers, gunicorn) as (port, _log):
        yield port


def answers(port: int, seconds: float = 5) -> float | None:
    """How long /healthz takes; None if it does not answer."""
    begun = time.monotonic()
    with closing(HTTPConnection("127.0.0.1", port, timeout=seconds)) as asked:
        try:
            asked.request("GET", "/healthz", headers={"Host": "localhost"})
            return time.monotonic() - begun if asked.getresponse().status == 200 else None
        except OSError:
            return None


def half_send(stack: ExitStack, port: int, clients: int = CLIENTS) -> None:
    """Open so many connections to the port, each of which sends half a request, until the stack
    ends.
    """
    for _ in range(clients):
        client = stack.enter_context(closing(socket.create_connection(("127.0.0.1", port))))
        client.sendall(HALF)


def slowest(port: int, seconds: float, *, again: Callable[[], None]) -> float:
    """The longest that /healthz took, asked all the while; `again` sends what was dropped anew."""
    worst, until_when, next_time = 0.0, time.monotonic() + seconds, time.monotonic() + 8
    while time.monotonic() < until_when:
        took = answers(port)
        assert took is not None, "it did not answer within five seconds"
        worst = max(worst, took)
        if time.monotonic() > next_time:
            again()
            next_time = time.monotonic() + 8
        time.sleep(0.1)
    return worst


@pytest.mark.full  # what nginx is told is below
@pytest.mark.parametrize("seconds", [1, 60])
def test_behind_nginx_two_hundred_half_sent_bodies_slow_nobody_down(
    nginx: int, seconds: int
) -> None:
    with ExitStack() as stack:
        half_send(stack, nginx)
        worst = slowest(nginx, seconds, again=lambda: half_send(stack, nginx))
        print(f"slowest /healthz in {seconds} s: {worst:.3f} s")  # noqa: T201 (asked for with -s)
        assert worst < 1


@pytest.mark.full
def test_without_nginx_the_web_server_comes_back_by_itself(gunicorn: int) -> None:
    """Forty took all of its threads for good; now a silent client loses its thread in seconds."""
    with ExitStack() as stack:
        half_send(stack, gunicorn, 40)
        time.sleep(1)
        # Eight threads, forty clients, ten seconds each: five rounds.
        until(lambda: answers(gunicorn, seconds=2), 75)


@pytest.mark.full  # each bound in test_bounds.py
def test_what_is_too_large_is_refused_before_any_of_it_comes(gunicorn: int) -> None:
    for header, status in (
        (b"Content-Length: 6291457", b"413"),
        (b"Content-Length: 262144000", b"413"),
        (b"Transfer-Encoding: chunked", b"411"),
        (b"Content-Length: 5\r\nContent-Type: text/plain; charset=hex", b"415"),
    ):
        with closing(socket.create_connection(("127.0.0.1", gunicorn), timeout=20)) as client:
            client.sendall(b"POST /webhooks/stripe/ HTTP/1.1\r\nHost: localhost\r\n" + header)
            client.sendall(b"\r\n\r\n")
            assert client.recv(20).split()[1] == status, header


@pytest.mark.full  # nor without a server in test_bounds.py
def test_a_folder_or_path_that_a_header_names_is_not_believed(gunicorn: int) -> None:
    for header in ("SCRIPT_NAME", "PATH_INFO"):
        with closing(socket.create_connection(("127.0.0.1", gunicorn), timeout=20)) as client:
            client.sendall(b"GET /m/x/ HTTP/1.1\r\nHost: localhost\r\n")
            client.sendall(f"{header}: /m\r\nConnection: close\r\n\r\n".encode())
            said = client.makefile("rb").read().decode()
        assert "Location: /accounts/login/?next=/m/x/" in said or said.startswith("HTTP/1.1 400")


def test_the_documented_bounds_are_those_of_the_settings() -> None:
    text = CONFIGURATION.read_text()
    for wanted in ("client_max_body_size 6m", "client_body_timeout 10s", "limit_conn at_once 60"):
        assert wanted in text
    assert settings.LARGEST_REQUEST == 6 * 1024 * 1024
